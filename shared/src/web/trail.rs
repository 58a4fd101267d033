//! The audit trail's side of a request. The entry is written beside the work and not after it: it
//! is on its way to the database while the handler is waiting for its own reads, so it costs no
//! wait of its own. A read whose entry could not be written shows nothing.

use super::{Client, Code, Core, Error, edge::InHospital, error::Carried};
use crate::{
    auth::Principal,
    models::{AuditActor, AuditEntry, AuditResult, HospitalId, Id, Instant, Kind, Listed, ids_in},
    store::Found,
    tenancy::{Permit, Shows, Tenant},
};
use axum::{
    body::{Body, to_bytes},
    extract::{FromRequestParts, MatchedPath, Request},
    response::{IntoResponse as _, Response},
};
use http::{Method, StatusCode, request::Parts};
use std::{
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// More than any body we take.
const LARGEST: usize = 6 * 1024 * 1024;
/// No body of ours that names ids is larger.
const WITH_IDS: usize = 256 * 1024;

/// What a request leaves in the trail. Extractors and handlers tell it who acts and on whom.
#[derive(Debug, Clone)]
pub struct Trail(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    method: Method,
    act: String,
    about: Vec<String>,
    from: String,
    request_id: Option<String>,
    at: Instant,
    told: Mutex<Told>,
    begun: Notify,
}

#[derive(Debug, Default)]
struct Told {
    owner: Option<HospitalId>,
    actor: AuditActor,
    listed: Option<Listed>,
    /// Refusals are recorded: somebody who is known, or who tried to log in.
    watched: bool,
    /// Whoever it is may do it, and it is recorded that he does.
    begun: bool,
    /// The answer is there.
    answered: bool,
    about: Vec<String>,
    made: Vec<(HospitalId, String)>,
}

impl<S: Send + Sync> FromRequestParts<S> for Trail {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let trail = parts.extensions.get::<Self>().cloned();
        Ok(trail.unwrap_or_else(|| Self::of(parts, "", Instant::from_millis(0))))
    }
}

impl Trail {
    fn of(parts: &Parts, body: &str, at: Instant) -> Self {
        let route = parts.extensions.get::<MatchedPath>().map_or("(none)", MatchedPath::as_str);
        let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
        Self(Arc::new(Inner {
            act: format!("{} {route}", parts.method),
            method: parts.method.clone(),
            about: ids_in(&format!("{path} {body}")),
            from: Client::of(&parts.extensions).address,
            request_id: super::client::request_id(&parts.extensions),
            at,
            told: Mutex::default(),
            begun: Notify::new(),
        }))
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A principal claims a permit; whether he has it is known.
    pub(super) fn claimed<P: Permit>(&self, principal: &Principal, allowed: bool) {
        let mut told = self.told();
        told.owner = principal.membership().map(|membership| membership.hospital.clone());
        told.actor = AuditActor {
            account: Some(principal.account().clone()),
            role: Some(principal.role()),
            session: Some(principal.session().clone()),
            service: None,
        };
        told.watched = true;
        let read = self.0.method == Method::GET;
        if read && !self.0.act.contains('{') {
            told.listed = P::SHOWS.listed();
        }
        told.begun = allowed && (!read || P::SHOWS != Shows::Nothing);
        drop(told);
        self.0.begun.notify_one();
    }

    /// Somebody tries to log in as this account, or as nobody we know: a refusal is recorded.
    pub fn tries(&self, who: Option<&Found>) {
        let mut told = self.told();
        told.watched = true;
        if let Some(who) = who {
            told.owner = who.hospital();
            told.actor.account = Some(who.account.id.clone());
            told.actor.role = Some(who.account.role);
        }
    }

    /// Somebody has proved to be this account.
    pub fn logs_in(&self, who: &Found) {
        self.tries(Some(who));
        self.begin();
    }

    /// A service outside acts in a hospital, on these.
    pub fn serves<K: Kind>(&self, service: &str, tenant: &Tenant, about: &Id<K>) {
        let mut told = self.told();
        told.owner = Some(tenant.hospital().clone());
        told.actor = AuditActor { service: Some(service.to_owned()), ..AuditActor::default() };
        told.about.push(about.as_str().to_owned());
        drop(told);
        self.begin();
    }

    /// The request has made something in a hospital.
    pub fn made<K: Kind>(&self, hospital: &HospitalId, id: &Id<K>) {
        self.told().made.push((hospital.clone(), id.as_str().to_owned()));
    }

    /// An answer that was kept is given again.
    pub(super) fn replays(&self, principal: &Principal) {
        self.claimed::<crate::tenancy::UseOwnAccount>(principal, true);
    }

    fn begin(&self) {
        self.told().begun = true;
        self.0.begun.notify_one();
    }

    fn entry(&self, core: &Core, result: AuditResult) -> Result<AuditEntry, Error> {
        let told = self.told();
        let about = self.0.about.iter().chain(&told.about).cloned().collect();
        Ok(AuditEntry {
            id: core.entropy.id(self.0.at)?,
            at: self.0.at,
            actor: told.actor.clone(),
            act: self.0.act.clone(),
            about,
            listed: told.listed,
            from: Some(self.0.from.clone()),
            request_id: self.0.request_id.clone(),
            result,
            code: None,
        })
    }

    /// Writes that the act is allowed and begun, as soon as that is known; nothing if the answer
    /// is there first. Whether it was written.
    async fn first(&self, core: &Core) -> Result<bool, Error> {
        self.0.begun.notified().await;
        let (begun, answered, owner) = {
            let told = self.told();
            (told.begun, told.answered, told.owner.clone())
        };
        if !begun || answered {
            return Ok(false);
        }
        let entry = self.entry(core, AuditResult::Allowed)?;
        core.store.record(&[(owner, entry)]).await?;
        Ok(true)
    }

    fn answered(&self) {
        self.told().answered = true;
        self.0.begun.notify_one();
    }

    /// What is still to be written once the answer is there.
    fn rest(
        &self,
        core: &Core,
        response: &Response,
        first: bool,
    ) -> Result<Vec<(Option<HospitalId>, AuditEntry)>, Error> {
        let status = response.status();
        let (begun, watched, owner, made) = {
            let told = self.told();
            (told.begun, told.watched, told.owner.clone(), told.made.clone())
        };
        let mut entries = Vec::new();
        if status.is_server_error() {
            if first {
                entries.push((owner, self.entry(core, AuditResult::Failed)?));
            }
        } else if status.is_client_error() {
            if (begun || watched) && status != StatusCode::TOO_MANY_REQUESTS {
                let code = response.extensions().get::<Carried>().and_then(Carried::code);
                let entry = self.entry(core, AuditResult::Refused)?;
                entries.push((
                    owner,
                    AuditEntry { code: code.map(|code| code.as_str().to_owned()), ..entry },
                ));
            }
        } else {
            if begun && !first {
                entries.push((owner, self.entry(core, AuditResult::Allowed)?));
            }
            for (hospital, id) in made {
                let entry = self.entry(core, AuditResult::Done)?;
                entries.push((Some(hospital), AuditEntry { about: vec![id], ..entry }));
            }
        }
        Ok(entries)
    }
}

/// Runs a request and writes what it leaves in the trail.
pub(super) async fn record(
    core: &Core,
    request: Request,
    run: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST).await else {
        let detail = "The body is too large.".to_owned();
        return Error::Malformed { code: Code::BodyTooLarge, detail }.into_response();
    };
    let named = body.get(..WITH_IDS.min(body.len())).unwrap_or_default();
    let named = std::str::from_utf8(named).unwrap_or_default();
    let trail = Trail::of(&parts, named, core.clock.now());
    parts.extensions.insert(trail.clone());
    let read = parts.method == Method::GET;
    let request = Request::from_parts(parts, Body::from(body));
    let answering = async {
        let response = run(request).await;
        trail.answered();
        response
    };
    let (response, first) = tokio::join!(answering, trail.first(core));
    let written = match first {
        Ok(first) => match trail.rest(core, &response, first) {
            Ok(entries) => core.store.record(&entries).await.map_err(Error::from),
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    let mut answer = match written {
        Ok(()) => response,
        // What was read is not shown; what was done is done, and its answer is true.
        Err(error) if read && response.status().is_success() => error.into_response(),
        Err(error) => {
            if response.status() != StatusCode::SERVICE_UNAVAILABLE {
                tracing::error!(?error, alarm = "audit-missing", act = %trail.0.act, "an act is not in the audit trail");
            }
            response
        }
    };
    if let Some(owner) = trail.told().owner.clone() {
        answer.extensions_mut().insert(InHospital(owner));
    }
    answer
}
