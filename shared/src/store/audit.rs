//! The audit trail: written beside what it tells of, sealed in blocks, read by those it concerns.

use super::{
    Error, HospitalStore, Page, PageRequest, Place, Result, Scope, Store,
    connection::bounded,
    scoped::{Find, PLATFORM, Stored, to_document},
};
use crate::{
    auth::AuditChain,
    models::{
        Account, AccountId, Appointment, AuditBlock, AuditEntry, AuditResult, HospitalId, Instant,
        Listed, Name, Role, Subject,
    },
};
use mongodb::{
    Collection,
    bson::{Bson, Document, doc},
};
use serde::Deserialize;
use std::collections::HashMap;

impl Stored for AuditEntry {
    const COLLECTION: &'static str = "audit";

    /// It waits to be sealed.
    fn extras(&self) -> Document {
        doc! { "waiting": true }
    }
}

impl Stored for AuditBlock {
    const COLLECTION: &'static str = "auditBlocks";
}

/// How many entries a block has at most.
const BLOCK: i64 = 500;

/// How many blocks one run adds to a chain; the rest waits for the next.
const BLOCKS: usize = 20;

/// Which entries are wanted.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// From this instant on.
    pub from: Option<Instant>,
    /// Before this instant.
    pub to: Option<Instant>,
    /// Only of this account.
    pub actor: Option<AccountId>,
    /// Only about this id.
    pub about: Option<Subject>,
    /// Only with this result.
    pub result: Option<AuditResult>,
}

/// Whose data an access log is about.
#[derive(Debug, Clone)]
pub struct AccessLogQuery {
    /// The account, its patients and their appointments.
    pub ids: Vec<String>,
    /// The doctors of the appointments.
    pub doctors: Vec<AccountId>,
    /// Whether lists count on which somebody of the account may have stood.
    pub lists: bool,
}

/// An entry of an access log, with the name of who acted.
#[derive(Debug, Clone, Deserialize)]
pub struct AccessLogItem {
    /// The entry.
    #[serde(flatten)]
    pub entry: AuditEntry,
    #[serde(default)]
    who: Vec<Named>,
}

#[derive(Debug, Clone, Deserialize)]
struct Named {
    name: Name,
}

impl AccessLogItem {
    /// The name of who acted, if there is such an account.
    pub fn name(&self) -> Option<&Name> {
        self.who.first().map(|who| &who.name)
    }
}

/// What one sealing came to.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// Whose chain; an opaque id.
    pub owner: String,
    /// The block at its end.
    pub block: AuditBlock,
}

/// What a run over all chains came to.
#[derive(Debug)]
pub struct SealedAll {
    /// The blocks.
    pub sealed: Vec<Sealed>,
    /// Why a chain could not be sealed, if one could not.
    pub failed: Option<Error>,
}

fn place(entry: &AuditEntry) -> Place {
    Place { key: 0, id: entry.id.as_str().to_owned() }
}

impl Store {
    /// Writes entries, each to its hospital's trail or to the platform's. Nothing can be read
    /// here, so no tenant is asked for.
    pub async fn record(&self, entries: &[(Option<HospitalId>, AuditEntry)]) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let document = |(hospital, entry): &(Option<HospitalId>, AuditEntry)| {
            to_document(entry, hospital.as_ref().map_or(PLATFORM, HospitalId::as_str))
        };
        let documents = entries.iter().map(document).collect::<Result<Vec<Document>>>()?;
        let trail: Collection<Document> = self.0.handle().await?.collection(AuditEntry::COLLECTION);
        bounded(trail.insert_many(documents)).await.map(|_| ())
    }

    /// Seals what waits, in every chain; one that cannot be is no reason to leave out the others.
    /// Two who seal at the same time make the same number, of which one is refused; a seal that was
    /// interrupted is ended by the next. Once the run's time is over no other block is begun: the
    /// rest waits for the next.
    pub async fn seal_audit(
        &self,
        chain: &AuditChain,
        now: Instant,
        is_over: impl Fn() -> bool,
    ) -> Result<SealedAll> {
        let trail: Collection<Document> = self.0.handle().await?.collection(AuditEntry::COLLECTION);
        let waiting = trail.distinct("hospitalId", doc! { "waiting": true });
        let owners = bounded(async { waiting.await }).await?;
        let (mut sealed, mut failed) = (Vec::new(), None);
        for owner in owners.iter().filter_map(Bson::as_str) {
            let scope = Scope::owned(self.0.clone(), owner.to_owned());
            for _ in 0..BLOCKS {
                if is_over() {
                    return Ok(SealedAll { sealed, failed });
                }
                match seal(&scope, chain, now).await {
                    Ok(Some(block)) => sealed.push(Sealed { owner: owner.to_owned(), block }),
                    Ok(None) => break,
                    Err(error) => {
                        failed = Some(error);
                        break;
                    }
                }
            }
        }
        Ok(SealedAll { sealed, failed })
    }
}

async fn seal(scope: &Scope, chain: &AuditChain, now: Instant) -> Result<Option<AuditBlock>> {
    let trail = scope.collection::<AuditEntry>().await?;
    let blocks = scope.collection::<AuditBlock>().await?;
    let last = Find { filter: doc! {}, sort: doc! { "number": -1 }, limit: 1 };
    let last = blocks.find(last).await?.into_iter().next();
    let done = async |block: &AuditBlock| {
        let ids: Vec<&str> = block.entries.iter().map(|(id, _)| id.as_str()).collect();
        let filter = doc! { "waiting": true, "_id": { "$in": ids } };
        trail.update_all(filter, doc! { "$unset": { "waiting": true } }, None).await
    };
    if let Some(last) = &last {
        done(last).await?;
    }
    let waiting = Find { filter: doc! { "waiting": true }, sort: doc! { "_id": 1 }, limit: BLOCK };
    let entries = trail.find(waiting).await?;
    if entries.is_empty() {
        return Ok(None);
    }
    let block = chain.seal(last.as_ref(), &entries, now);
    match blocks.insert(&block, None).await {
        Err(error) if error.is_duplicate_of("audit_block") => return Ok(None),
        result => result?,
    }
    done(&block).await?;
    Ok(Some(block))
}

impl HospitalStore {
    /// The entries that fit, the latest first.
    pub async fn audit(
        &self,
        filter: &AuditFilter,
        page: &PageRequest,
    ) -> Result<Page<AuditEntry>> {
        let mut query = Document::new();
        let mut at = Document::new();
        at.extend(filter.from.map(|from| ("$gte".to_owned(), from.millis().into())));
        at.extend(filter.to.map(|to| ("$lt".to_owned(), to.millis().into())));
        if !at.is_empty() {
            query.insert("at", at);
        }
        if let Some(actor) = &filter.actor {
            query.insert("actor.account", actor.as_str());
        }
        if let Some(about) = &filter.about {
            query.insert("about", about.as_str());
        }
        if let Some(result) = filter.result {
            query.insert("result", result.as_str());
        }
        if let Some(after) = &page.after {
            query.insert("_id", doc! { "$lt": &after.id });
        }
        let find = Find { filter: query, sort: doc! { "_id": -1 }, limit: page.limit + 1 };
        let items = self.scope.collection::<AuditEntry>().await?.find(find).await?;
        Ok(Page::cut(items, page, place))
    }

    /// Whose data an account's access log is about: the patients it acts for and what they have
    /// appointments for.
    pub async fn access_log_query(
        &self,
        account: &AccountId,
        lists: bool,
    ) -> Result<AccessLogQuery> {
        #[derive(Deserialize)]
        struct Seen {
            #[serde(rename = "_id")]
            id: String,
            doctor: AccountId,
        }
        let appointments = self.scope.collection::<Appointment>().await?;
        let stages = vec![
            doc! { "$match": { "patient.accountId": account.as_str() } },
            doc! { "$sort": { "start": -1 } },
            doc! { "$limit": 1000 },
            doc! { "$project": { "doctor": "$doctor.id" } },
        ];
        let (patients, seen) =
            tokio::join!(self.patients_of(account), appointments.aggregate::<Seen>(stages));
        let mut ids = vec![account.as_str().to_owned()];
        ids.extend(patients?.into_iter().map(|patient| patient.id.as_str().to_owned()));
        let mut doctors = Vec::new();
        for one in seen? {
            ids.push(one.id);
            if !doctors.contains(&one.doctor) {
                doctors.push(one.doctor);
            }
        }
        Ok(AccessLogQuery { ids, doctors, lists })
    }

    /// Who was at an account's data, the latest first.
    pub async fn access_log(
        &self,
        query: &AccessLogQuery,
        page: &PageRequest,
    ) -> Result<Page<AccessLogItem>> {
        let account = query.ids.first().map(String::as_str).unwrap_or_default();
        let mut any =
            vec![doc! { "about": { "$in": &query.ids } }, doc! { "actor.account": account }];
        if query.lists {
            let doctors: Vec<&str> = query.doctors.iter().map(AccountId::as_str).collect();
            let (hospital, patient) = (Role::Hospital.as_str(), Role::Patient.as_str());
            any.extend([
                doc! { "listed": listed(Listed::People), "actor.role": { "$ne": patient } },
                doc! { "listed": listed(Listed::Appointments), "actor.role": hospital },
                doc! { "listed": listed(Listed::Appointments), "actor.account": { "$in": doctors } },
            ]);
        }
        let mut wanted = doc! { "$or": any };
        if let Some(after) = &page.after {
            wanted.insert("_id", doc! { "$lt": &after.id });
        }
        let who = doc! {
            "from": Account::COLLECTION,
            "localField": "actor.account",
            "foreignField": "_id",
            "pipeline": [{ "$match": self.scope.own(doc! {}) }, { "$project": { "name": 1 } }],
            "as": "who",
        };
        let stages = vec![
            doc! { "$match": wanted },
            doc! { "$sort": { "_id": -1 } },
            doc! { "$limit": page.limit + 1 },
            doc! { "$lookup": who },
        ];
        let trail = self.scope.collection::<AuditEntry>().await?;
        let items = trail.aggregate::<AccessLogItem>(stages).await?;
        Ok(Page::cut(items, page, |item| place(&item.entry)))
    }

    /// Blocks of the chain in order, after this number.
    pub async fn audit_blocks(&self, after: i64, limit: i64) -> Result<Vec<AuditBlock>> {
        let filter = doc! { "number": { "$gt": after } };
        let find = Find { filter, sort: doc! { "number": 1 }, limit };
        self.scope.collection::<AuditBlock>().await?.find(find).await
    }

    /// The entries a block names, as they are now, by their ids.
    pub async fn audit_entries_of(
        &self,
        block: &AuditBlock,
    ) -> Result<HashMap<String, AuditEntry>> {
        let ids: Vec<&str> = block.entries.iter().map(|(id, _)| id.as_str()).collect();
        let find = Find { filter: doc! { "_id": { "$in": ids } }, sort: doc! {}, limit: BLOCK };
        let entries = self.scope.collection::<AuditEntry>().await?.find(find).await?;
        Ok(entries.into_iter().map(|entry| (entry.id.as_str().to_owned(), entry)).collect())
    }

    /// The entry that has waited longest to be sealed.
    pub async fn audit_waiting(&self) -> Result<Option<AuditEntry>> {
        let find = Find { filter: doc! { "waiting": true }, sort: doc! { "_id": 1 }, limit: 1 };
        let waiting = self.scope.collection::<AuditEntry>().await?.find(find).await?;
        Ok(waiting.into_iter().next())
    }
}

const fn listed(listed: Listed) -> &'static str {
    match listed {
        Listed::People => "people",
        Listed::Appointments => "appointments",
    }
}
