//! The audit trail: who did what, on whom, from where, when, and what came of it (ASVS 16.3.1,
//! 16.3.2).

use super::{AccountId, AuditId, Instant, Issue, IssueCode, Parse, Role, SessionId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One line of the trail. It is never changed, and holds ids instead of names: whose they are is
/// asked when it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// Its id; later ones sort later.
    #[serde(rename = "_id")]
    pub id: AuditId,
    /// When.
    pub at: Instant,
    /// Who.
    pub actor: AuditActor,
    /// What: the operation as it is called, `GET /patients/{id}`, or the job, `effects/refund`.
    pub act: String,
    /// On whom: the ids named in the request, and those of what it made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
    /// For lists, whose entries cannot name everybody on them: what was listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed: Option<Listed>,
    /// From which address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Under which id the request stands in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What came of it.
    pub result: AuditResult,
    /// Why it was refused: the problem's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl AuditEntry {
    /// What a part of the product does by itself, on these ids: nobody asked for it now.
    pub fn of_service(
        id: AuditId,
        at: Instant,
        (service, act): (&str, &str),
        about: Vec<String>,
        result: AuditResult,
    ) -> Self {
        let actor = AuditActor { service: Some(service.to_owned()), ..AuditActor::default() };
        Self {
            id,
            at,
            actor,
            act: act.to_owned(),
            about,
            listed: None,
            from: None,
            request_id: None,
            result,
            code: None,
        }
    }
}

/// Who acts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditActor {
    /// The account, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// In which role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// In which session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// Nobody, but a part of the product or Razorpay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

/// What a list showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Listed {
    /// People of the hospital.
    People,
    /// Appointments.
    Appointments,
}

/// What came of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AuditResult {
    /// Whoever did it may, and it was begun. Where it came to nothing, another entry with the same
    /// request id says so; a job's, with the same act on the same ids.
    Allowed,
    /// It was done; the entry names what it made.
    Done,
    /// It was refused.
    Refused,
    /// Something we need was down, or we made a mistake.
    Failed,
}

impl AuditResult {
    /// As stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

impl Parse for AuditResult {
    fn parse(text: &str) -> Result<Self, Issue> {
        [Self::Allowed, Self::Done, Self::Refused, Self::Failed]
            .into_iter()
            .find(|result| result.as_str() == text)
            .ok_or_else(|| Issue::invalid("must be one of allowed, done, refused, failed"))
    }
}

/// Entries sealed together: the chain goes from block to block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditBlock {
    /// Its place in the hospital's chain, from 1, without gaps.
    pub number: i64,
    /// The hash of the block before; empty for the first.
    pub before: String,
    /// The entries' ids and marks, in order.
    pub entries: Vec<(String, String)>,
    /// The hash of all that.
    pub hash: String,
    /// When.
    pub sealed_at: Instant,
}

/// What is wrong with the chain somewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditFault {
    /// In which block.
    pub block: i64,
    /// Which entry, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry_id: Option<String>,
    /// What.
    pub fault: AuditFaultKind,
}

/// What can be wrong with the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AuditFaultKind {
    /// An entry is not as it was sealed.
    Changed,
    /// An entry is gone.
    Missing,
    /// The block is not as it was sealed, or does not follow the one before: it was changed, or
    /// blocks between are gone.
    Broken,
}

/// An id of any kind, as the trail names things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject(String);

impl Subject {
    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Parse for Subject {
    fn parse(text: &str) -> Result<Self, Issue> {
        match ids_in(text).as_slice() {
            [id] if id == text => Ok(Self(text.to_owned())),
            _ => Err(Issue::new(IssueCode::UnknownId, "is not an id of the form pat_…")),
        }
    }
}

impl utoipa::PartialSchema for Subject {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::schema::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("An id of any kind, as the trail names things."))
            .pattern(Some(format!("^({})_[0-9a-z]{{26}}$", KINDS.join("|"))))
            .examples(["pat_01ke9x3n5p7q9r1s3t5v7w9x1y"])
            .into()
    }
}

impl ToSchema for Subject {}

/// The most ids one entry names.
pub const MOST_ABOUT: usize = 16;

/// The ids that stand in a text, each once: words that are a kind of id and a ULID
/// (`pat_01m82mphg2rp7ewk42awm6qbw9`).
pub fn ids_in(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        let named = word.split_once('_').is_some_and(|(kind, ulid)| {
            KINDS.contains(&kind)
                && ulid.len() == ulid::ULID_LEN
                && ulid.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
        });
        if named && found.len() < MOST_ABOUT && !found.iter().any(|known| known == word) {
            found.push(word.to_owned());
        }
    }
    found
}

/// The kinds of things that acts are about.
const KINDS: [&str; 7] = ["hos", "acc", "pat", "slt", "apt", "ses", "imp"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{Id, PatientId, SlotId};
    use proptest::prelude::*;

    #[test]
    fn ids_are_found_wherever_they_stand() {
        let (patient, slot): (PatientId, SlotId) = (Id::derived(1), Id::derived(2));
        let text = format!(
            "/patients/{patient}?x={slot}&y={slot}{{\"a\":\"pat_short\",\"b\":\"xyz_{}\"}}",
            "0".repeat(26)
        );
        assert_eq!(ids_in(&text), [patient.as_str(), slot.as_str()]);
    }

    proptest! {
        #[test]
        fn no_text_names_more_than_there_is_room_for(words in prop::collection::vec("(pat|apt)_[0-9a-z]{26}", 0..40)) {
            let found = ids_in(&words.join(","));
            prop_assert!(found.len() <= MOST_ABOUT);
            prop_assert!(found.iter().all(|id| words.contains(id)));
        }
    }
}
