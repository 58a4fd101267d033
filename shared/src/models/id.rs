//! Identifiers with a type: a slot's id cannot be given where an appointment's is wanted.

use super::{Instant, Issue, IssueCode, Parse, issue::parsed};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{borrow::Cow, fmt, marker::PhantomData};

/// What an [`Id`] identifies.
pub trait Kind: 'static {
    /// The first letters of such an id, before the underscore.
    const PREFIX: &'static str;
    /// What such an id is called in the API's document.
    const NAME: &'static str;
    /// What it identifies, in a sentence.
    const MEANING: &'static str;
}

/// Whether these are a ULID's 26 letters, in lower case: Crockford's base 32, of which the first
/// holds three bits (<https://github.com/ulid/spec>).
fn is_ulid(letters: &[u8]) -> bool {
    let in_base =
        |letter: &u8| IN_BASE.checked_shr(u32::from(*letter)).is_some_and(|bits| bits & 1 == 1);
    letters.len() == ulid::ULID_LEN
        && letters.first().is_some_and(|first| *first <= b'7')
        && letters.iter().fold(true, |all, letter| all & in_base(letter))
}

/// A bit for each letter of Crockford's base 32 in lower case: a list holds hundreds of ids.
const IN_BASE: u128 = {
    let mut known = 0;
    let mut rest: &[u8] = b"0123456789abcdefghjkmnpqrstvwxyz";
    while let [letter, others @ ..] = rest {
        known |= 1 << *letter;
        rest = others;
    }
    known
};

/// An opaque identifier: a prefix that names its kind, and a ULID in lower case.
pub struct Id<K> {
    text: String,
    kind: PhantomData<fn() -> K>,
}

impl<K: Kind> Id<K> {
    /// Puts an id together from its time and 80 of the random bits.
    pub fn from_parts(at: Instant, random: u128) -> Self {
        let millis = u64::try_from(at.millis()).unwrap_or_default();
        Self::from_ulid(ulid::Ulid::from_parts(millis, random))
    }

    /// The id that always belongs to these 128 bits, for records named by what they are about.
    pub fn derived(bits: u128) -> Self {
        Self::from_ulid(ulid::Ulid(bits))
    }

    /// The id of something of another kind that goes with it, one to one.
    pub fn alongside<L: Kind>(&self) -> Id<L> {
        let ulid = self.text.rsplit('_').next().unwrap_or_default();
        Id { text: format!("{}_{ulid}", L::PREFIX), kind: PhantomData }
    }

    fn from_ulid(ulid: ulid::Ulid) -> Self {
        let mut letters = [0; ulid::ULID_LEN];
        let letters = ulid.array_to_str(&mut letters);
        letters.make_ascii_lowercase();
        let mut text = String::with_capacity(K::PREFIX.len() + 1 + letters.len());
        text.push_str(K::PREFIX);
        text.push('_');
        text.push_str(letters);
        Self { text, kind: PhantomData }
    }

    /// As it goes over the wire.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl<K: Kind> Parse for Id<K> {
    fn parse(text: &str) -> Result<Self, Issue> {
        let known = || {
            Issue::new(IssueCode::UnknownId, format!("is not an id of the form {}_…", K::PREFIX))
        };
        let ulid = text
            .strip_prefix(K::PREFIX)
            .and_then(|rest| rest.strip_prefix('_'))
            .filter(|ulid| is_ulid(ulid.as_bytes()));
        ulid.ok_or_else(known)?;
        Ok(Self { text: text.to_owned(), kind: PhantomData })
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), kind: PhantomData }
    }
}

impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<K> Eq for Id<K> {}

impl<K> std::hash::Hash for Id<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl<K> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<K> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<K> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer)
    }
}

impl<K: Kind> utoipa::PartialSchema for Id<K> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::schema::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some(K::MEANING))
            .pattern(Some(format!("^{}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$", K::PREFIX)))
            .examples([format!("{}_01ke9x3n5p7q9r1s3t5v7w9x1y", K::PREFIX)])
            .into()
    }
}

impl<K: Kind> utoipa::ToSchema for Id<K> {
    fn name() -> Cow<'static, str> {
        K::NAME.into()
    }
}

macro_rules! kinds {
    ($(#[doc = $meaning:literal] $kind:ident $id:ident $prefix:literal;)*) => {
        /// What ids identify, as types.
        pub mod kinds {$(
            #[doc = concat!("The kind of [`", stringify!($id), "`](super::", stringify!($id), ").")]
            #[derive(Debug)]
            pub enum $kind {}
            impl super::Kind for $kind {
                const PREFIX: &'static str = $prefix;
                const NAME: &'static str = stringify!($id);
                const MEANING: &'static str = $meaning.trim_ascii();
            }
        )*}
        $(
            #[doc = $meaning]
            pub type $id = Id<kinds::$kind>;
        )*
    };
}

kinds! {
    /// A hospital.
    Hospital HospitalId "hos";
    /// Somebody who logs in.
    Account AccountId "acc";
    /// A person who is treated.
    Patient PatientId "pat";
    /// A stretch of a doctor's time that can be booked.
    Slot SlotId "slt";
    /// A patient's booking of a slot.
    Appointment AppointmentId "apt";
    /// One log-in, with the refresh tokens that follow from it.
    Session SessionId "ses";
    /// A refund we owe; also its idempotency key at Razorpay.
    Refund RefundId "rfd";
    /// A receipt for a payment.
    Receipt ReceiptId "rct";
    /// One file of patients.
    Import ImportId "imp";
    /// A payment made at a hospital's desk.
    DeskPayment DeskPaymentId "dsk";
    /// A hospital's own account at Razorpay.
    PaymentAccount PaymentAccountId "pac";
    /// A run of the reconciliation.
    Reconciliation ReconciliationId "rcn";
    /// A stretch of time in which a doctor is away.
    Leave LeaveId "lve";
    /// Somebody on the waiting list.
    Wait WaitId "wtl";
    /// Something that must happen outside: a mail, a refund.
    Effect EffectId "eff";
    /// A line of the audit trail.
    Audit AuditId "aud";
    /// A mail to the owner of an account.
    Notification NotificationId "ntf";
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_id_survives_its_text_and_no_other_kinds() {
        let id: SlotId = Id::from_parts(Instant::from_millis(1_700_000_000_000), 7);
        assert_eq!(SlotId::parse(id.as_str()), Ok(id.clone()));
        assert!(AppointmentId::parse(id.as_str()).is_err());
        assert!(SlotId::parse(&id.as_str().to_uppercase()).is_err());
        for bad in ["", "slt_", "slt_$ne", "slt_zzzzzzzzzzzzzzzzzzzzzzzzzzz", "slt_éééééééééééééé"]
        {
            assert!(SlotId::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn letters_are_a_ulids_where_the_crate_reads_them(letters in "[0-9a-z]{24,27}") {
            let fits = letters.as_bytes().first().is_some_and(|first| *first <= b'7');
            let read = ulid::Ulid::from_string(&letters).is_ok();
            prop_assert_eq!(is_ulid(letters.as_bytes()), fits && read);
        }
    }

    #[test]
    fn the_document_knows_an_id_by_its_kind() {
        let schema = serde_json::to_value(<SlotId as utoipa::PartialSchema>::schema()).unwrap();
        assert!(SlotId::parse(schema["examples"][0].as_str().unwrap()).is_ok());
        assert_eq!(<SlotId as utoipa::ToSchema>::name(), "SlotId");
    }

    #[test]
    fn later_ids_sort_later() {
        let early: SlotId = Id::from_parts(Instant::from_millis(1_000), u128::MAX);
        let late: SlotId = Id::from_parts(Instant::from_millis(1_001), 0);
        assert!(early.as_str() < late.as_str());
    }
}
