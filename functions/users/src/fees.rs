//! What a doctor's visits cost: how it is read and set.

pub(crate) mod put;
pub(crate) mod read;

use serde::Serialize;
use shared::models::{Account, AccountId, DoctorProfile, FollowUpRule, Money, VisitFee};
use utoipa::ToSchema;

/// What a doctor's visits cost. Slots keep the fees they were published with.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FeesView {
    doctor_id: AccountId,
    /// Of a consultation.
    fee: Money,
    /// Of other kinds; those that are missing he does not offer.
    visit_fees: Vec<VisitFee>,
    /// What comes after a consultation, if that costs less.
    #[schema(required)]
    follow_up: Option<FollowUpRule>,
}

impl FeesView {
    /// A doctor's; nobody else has any.
    fn of(account: Account) -> Option<Self> {
        let DoctorProfile { fee, terms, .. } = account.doctor?;
        Some(Self {
            doctor_id: account.id,
            fee,
            visit_fees: terms.visit_fees().to_vec(),
            follow_up: terms.follow_up(),
        })
    }
}
