//! `GET /calendar.ics`: one's appointments, for calendar programs.

use super::{LINK, Opened, write};
use crate::Appointments;
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, header};
use shared::{
    models::{Account, AccountStatus, Role},
    query,
    store::HospitalStore,
    tenancy::{Reach, Tenant},
    web::{Error, LinkText, Query, Refusals, Result, Trail},
};

query! {
    /// Whose calendar.
    pub(crate) struct CalendarQuery {
        /// The secret.
        link: LinkText = "link",
    }
}

/// How far back a patient's calendar goes, in seconds: 90 days.
const PATIENTS_PAST: i64 = 90 * 86_400;
/// How far back a doctor's goes: a week. He has so many appointments that more of the past would
/// leave no room for what is to come.
const DOCTORS_PAST: i64 = 7 * 86_400;

/// A person's appointments as a calendar (RFC 5545): those to come and of the last 90 days, a
/// doctor's of the last week; by start, a thousand at most. It needs no log-in: the link is the key.
/// A patient's names the doctor; a doctor's gives the hospital's number of the patient and no name,
/// for it is kept by whoever subscribes.
#[utoipa::path(
    get, path = "/calendar.ics", tag = "appointments", params(CalendarQuery),
    responses(
        (status = 200, description = "The calendar", body = String, content_type = "text/calendar"),
        Refusals,
    ),
)]
pub(crate) async fn feed(
    State(this): State<Appointments>,
    trail: Trail,
    Query(query): Query<CalendarQuery>,
) -> Result<Response> {
    let link = this.links.open(LINK, &query.link.0).ok_or(Error::NotFound)?;
    let opened = Opened::read(link.about()).ok_or(Error::NotFound)?;
    let (tenant, now) = (Tenant::of_link(&link), this.core.clock.now());
    let store: HospitalStore = this.core.store.of(&tenant);
    let (reach, past) = match opened.role {
        Role::Doctor => (Reach::Doctor(opened.account.clone()), DOCTORS_PAST),
        _ => (Reach::Account(opened.account.clone()), PATIENTS_PAST),
    };
    let (account, hospital, entries) = tokio::join!(
        store.account(&opened.account),
        store.hospital(&tenant),
        store.calendar(&reach, now.plus_seconds(-past)),
    );
    if !account?.is_some_and(|account| opened.is_good(&account)) {
        return Err(Error::NotFound);
    }
    trail.serves("link", &tenant, &opened.account);
    let hospital = hospital?.ok_or(Error::NotFound)?;
    let calendar = write::calendar(&hospital, opened.role, &entries?, now);
    let mut response = calendar.into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/calendar; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

impl Opened {
    /// Whether it is the link the account has, and the account one that may read on. That the link
    /// is ours was proved by its seal, so a plain comparison gives nothing away.
    fn is_good(&self, account: &Account) -> bool {
        account.status == AccountStatus::Active
            && account.role == self.role
            && account.calendar.as_deref() == Some(&*self.secret)
    }
}
