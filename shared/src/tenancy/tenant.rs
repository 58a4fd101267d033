//! The proof of a hospital.

use crate::{
    auth::{Membership, OpenedLink},
    models::{AccountId, Currency, HospitalId, Zone},
};

/// A hospital somebody may act in: the only key to a store. It comes from a grant, from a link we
/// sealed, or from one of the look-ups in `store::gate` that find a hospital before anybody is
/// known.
///
/// ```compile_fail
/// fn forge(id: shared::models::HospitalId) -> shared::tenancy::Tenant {
///     serde_json::from_value(serde_json::json!({ "hospital": id })).unwrap()
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant(Membership);

impl Tenant {
    /// Only a grant and the gate vouch for a hospital.
    pub(crate) const fn vouched(membership: Membership) -> Self {
        Self(membership)
    }

    /// The hospital of a link we sealed.
    pub fn of_link(link: &OpenedLink) -> Self {
        Self(link.membership().clone())
    }

    /// The hospital.
    pub const fn hospital(&self) -> &HospitalId {
        &self.0.hospital
    }

    /// Its clocks.
    pub const fn zone(&self) -> &Zone {
        &self.0.zone
    }

    /// What its fees are in.
    pub const fn currency(&self) -> Currency {
        self.0.currency
    }

    /// As a token carries it.
    pub const fn membership(&self) -> &Membership {
        &self.0
    }
}

/// Whose data may be seen: a required argument of every read of personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// All of the hospital's.
    Hospital,
    /// What concerns this doctor.
    Doctor(AccountId),
    /// What concerns the patients of this account.
    Account(AccountId),
}
