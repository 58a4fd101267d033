//! Every index, in one table. `migrate` makes them at deployment; a cold start never does.

use super::{
    Result,
    connection::{Database, bounded_by},
};
use mongodb::{
    IndexModel,
    bson::{Bson, Document, doc},
    options::IndexOptions,
};
use std::time::Duration;

/// One index. Those whose first key is not `hospitalId` say why.
#[derive(Debug, Clone, Copy)]
pub struct Index {
    /// Its collection.
    pub collection: &'static str,
    /// Its name; refusals are told by it.
    pub name: &'static str,
    /// Its keys in order; a leading `-` means descending.
    pub keys: &'static [&'static str],
    /// Whether it refuses a second document with the same keys.
    pub unique: bool,
    /// It holds only documents that have this field.
    pub only_with: Option<&'static str>,
    /// Documents go when this date field (its first key) is over.
    pub expires: bool,
    /// Why it does not begin with the hospital.
    pub global: Option<&'static str>,
}

const fn index(
    collection: &'static str,
    name: &'static str,
    keys: &'static [&'static str],
) -> Index {
    Index { collection, name, keys, unique: false, only_with: None, expires: false, global: None }
}

impl Index {
    const fn unique(self) -> Self {
        Self { unique: true, ..self }
    }

    const fn only_with(self, field: &'static str) -> Self {
        Self { only_with: Some(field), ..self }
    }

    const fn expires(self) -> Self {
        Self { expires: true, ..self }
    }

    const fn global(self, why: &'static str) -> Self {
        Self { global: Some(why), ..self }
    }
}

/// The keys of a list of slots of one hospital, or of one doctor or speciality in it.
macro_rules! slots_by {
    ($($of:literal)?) => {
        [
            "hospitalId", $($of,)? "start", "_id",
            "status", "holdExpiresAt", "fullUntil", "withdrawn", "opensAt", "closesAt",
            "leaves", "keptUntil", "day",
        ]
    };
}

/// The keys of a list of appointments of one hospital, or of somebody in it, and perhaps with a
/// doctor.
macro_rules! appointments_by {
    ($($of:literal)? $(; $with:literal)?) => {
        ["hospitalId", $($of,)? "start", "_id", "status", "holdExpiresAt" $(, $with)?]
    };
}

/// Every index there is.
pub const INDEXES: &[Index] = &[
    index("hospitals", "hospital_code", &["code"])
        .unique()
        .global("hospitals are the tenants themselves"),
    index("accounts", "account_email", &["hospitalId", "email"]).unique(),
    index("accounts", "account_order", &["hospitalId", "_id"]),
    index("accounts", "account_role", &["hospitalId", "role", "_id"]),
    index("accounts", "account_doctors", &["hospitalId", "doctor.speciality", "_id", "status"])
        .only_with("doctor.speciality"),
    index("accounts", "account_name", &["hospitalId", "nameKey"]),
    index("accounts", "account_log_in", &["email", "hospitalCode"])
        .global("a log-in knows the address before the hospital"),
    index("accounts", "account_locked", &["guard.tellAt"])
        .only_with("guard.tellAt")
        .global("owners are told of locks for all hospitals"),
    index("patients", "patient_identifier", &["hospitalId", "identifier"]).unique(),
    index("patients", "patient_account", &["hospitalId", "accountId"]),
    index("patients", "patient_order", &["hospitalId", "_id"]),
    index("patients", "patient_name", &["hospitalId", "nameKey"]),
    index("patients", "patient_identifier_key", &["hospitalId", "identifierKey"]),
    index("patients", "patient_mobile", &["hospitalId", "mobile"]),
    index("slots", "slot_minutes", &["hospitalId", "doctor.id", "minutes"]).unique(),
    // What lists ask for beside the order is in their indexes, so that no document is read in vain.
    index("slots", "slots_by_doctor", &slots_by!("doctor.id")),
    index("slots", "slots_by_hospital", &slots_by!()),
    index("slots", "slots_by_speciality", &slots_by!("doctor.speciality")),
    index("appointments", "appointment_busy", &["hospitalId", "patient.id", "busy"])
        .unique()
        .only_with("busy"),
    index("appointments", "appointment_follow_up", &["hospitalId", "followUpKey"])
        .unique()
        .only_with("followUpKey"),
    index("appointments", "appointments_of_doctor", &appointments_by!("doctor.id")),
    index(
        "appointments",
        "appointments_of_account",
        &appointments_by!("patient.accountId"; "doctor.id"),
    ),
    index("appointments", "appointments_of_patient", &appointments_by!("patient.id"; "doctor.id")),
    index("appointments", "appointments_of_hospital", &appointments_by!()),
    index("appointments", "appointment_order", &["order.id"])
        .unique()
        .only_with("order.id")
        .global("a webhook knows the order before the hospital"),
    index("appointments", "appointment_effects", &["nextEffectAt"])
        .only_with("nextEffectAt")
        .global("the outbox is delivered for all hospitals"),
    index("appointments", "appointment_holds", &["holdExpiresAt"])
        .only_with("holdExpiresAt")
        .global("run-out holds are swept for all hospitals"),
    index("appointments", "appointment_reconcile", &["reconcileAt"])
        .only_with("reconcileAt")
        .global("unpaid orders are asked for for all hospitals"),
    index("appointments", "appointment_leave", &["hospitalId", "leaves.id"]).only_with("leaves.id"),
    index("appointments", "appointment_leaves", &["hospitalId", "leaveIds"]).only_with("leaveIds"),
    // It holds what fell into leaves, and leads to what of it has no ids.
    index("appointments", "appointment_unnoted", &["leaveIds"])
        .only_with("leaves.id")
        .global("leaves of before are noted for all hospitals"),
    index("leaves", "leave_order", &["hospitalId", "_id"]),
    index("leaves", "leave_doctor", &["hospitalId", "doctorId", "_id"]),
    index("leaves", "leave_due", &["dueAt"])
        .only_with("dueAt")
        .global("patients are told of leaves for all hospitals"),
    index("calendars", "calendar_doctor", &["hospitalId", "doctorId"]).unique(),
    index("slots", "slot_kept", &["keptUntil"])
        .only_with("keptUntil")
        .global("what is kept for waiting lists is offered for all hospitals"),
    index("waitlist", "waitlist_order", &["hospitalId", "_id"]),
    index("waitlist", "waitlist_wish", &["hospitalId", "wish"]).unique().only_with("wish"),
    index("waitlist", "waitlist_account", &["hospitalId", "accountId", "_id"]),
    index("waitlist", "waitlist_patient", &["hospitalId", "patient.id", "_id"]),
    index("waitlist", "waitlist_doctor", &["hospitalId", "wanted.doctorId", "status", "_id"]),
    index("waitlist", "waitlist_speciality", &["hospitalId", "wanted.speciality", "status", "_id"]),
    index("waitlist", "waitlist_offer", &["offer.until"])
        .only_with("offer.until")
        .global("offers whose time is over are ended for all hospitals"),
    index("queues", "queue_day", &["hospitalId", "doctorId", "day"]).unique(),
    index("audit", "audit_order", &["hospitalId", "_id"]),
    index("audit", "audit_about", &["hospitalId", "about", "_id"]),
    index("audit", "audit_actor", &["hospitalId", "actor.account", "_id"]),
    index("audit", "audit_listed", &["hospitalId", "listed", "_id"]).only_with("listed"),
    index("audit", "audit_unsealed", &["waiting", "hospitalId", "_id"])
        .only_with("waiting")
        .global("what waits to be sealed is asked for for all hospitals"),
    index("auditBlocks", "audit_block", &["hospitalId", "number"]).unique(),
    index("notifications", "notification_due", &["dueAt"])
        .global("mails to people are sent for all hospitals"),
    index("receipts", "receipt_payment", &["hospitalId", "paymentId"]).unique(),
    index("receipts", "receipt_number", &["hospitalId", "year", "serial"]).unique(),
    index("appointments", "appointment_to_ask", &["hospitalId", "reconcileAt"])
        .only_with("reconcileAt"),
    index("appointments", "appointment_ledger", &["hospitalId", "ledger.at"]),
    index("ledgerClosings", "ledger_closing", &["hospitalId", "before"]).unique(),
    index("ledgerClosings", "ledger_closing_entries", &["hospitalId", "entries", "before"]),
    index("paymentAccounts", "payment_account", &["hospitalId", "merchant"]).unique(),
    index("reconciliations", "reconciliation_order", &["hospitalId", "_id"]),
    index("imports", "import_order", &["hospitalId", "_id"]),
    index("importChunks", "import_chunk", &["hospitalId", "importId", "number"]).unique(),
    index("importChunks", "import_chunk_expiry", &["expiresAt"])
        .expires()
        .global("rows of old reports go by their age"),
    index("webhookEvents", "webhook_event", &["eventId"])
        .unique()
        .global("an event is known before its hospital, and some belong to none"),
    index("idempotency", "idempotency_expiry", &["expiresAt"])
        .expires()
        .global("old answers go by their age"),
];

/// How long an index may be built, of the five minutes `migrate` has. MongoDB goes on with what was
/// begun: a second run finds the index there, or waits for it on.
pub(super) const BUILD: Duration = Duration::from_secs(230);

/// Makes the indexes that are not there; those that are, are left as they are.
pub(super) async fn apply(database: &Database) -> Result<usize> {
    let handle = database.handle().await?;
    for index in INDEXES {
        let collection = handle.collection::<Document>(index.collection);
        bounded_by(BUILD, collection.create_index(model(index))).await?;
    }
    Ok(INDEXES.len())
}

fn model(index: &Index) -> IndexModel {
    let keys = index.keys.iter().map(|key| match key.strip_prefix('-') {
        Some(key) => (key.to_owned(), Bson::Int32(-1)),
        None => ((*key).to_owned(), Bson::Int32(1)),
    });
    let mut options = IndexOptions::builder().name(index.name.to_owned()).build();
    options.unique = index.unique.then_some(true);
    options.partial_filter_expression =
        index.only_with.map(|field| doc! { field: { "$exists": true } });
    options.expire_after = index.expires.then_some(Duration::ZERO);
    IndexModel::builder().keys(keys.collect::<Document>()).options(options).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_index_begins_with_the_hospital_or_says_why() {
        for index in INDEXES {
            let first = index.keys.first().copied().unwrap_or_default();
            assert!(first == "hospitalId" || index.global.is_some(), "{}", index.name);
            assert!(first != "hospitalId" || index.global.is_none(), "{}", index.name);
        }
    }
}
