//! What comparing our books with Razorpay's brings to light.

use super::{Appointment, AppointmentId, Instant, PaymentId, ReconciliationId, RefundId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What differed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// A payment was captured, and nobody had told us. It was settled.
    MissedPayment,
    /// A refund had gone on, and nobody had told us. It was noted.
    MissedRefund,
    /// Somebody had begun a refund in Razorpay's dashboard. It was noted.
    OutsideRefund,
    /// Razorpay has a refund that does not fit what we have. People must look at it.
    UnknownRefund,
    /// Razorpay does not have a refund it had promised us. People must look at it.
    LostRefund,
    /// The ledger does not say what the payments and refunds say. People must look at it.
    Ledger,
}

impl DifferenceKind {
    /// Whether the comparison also put it right.
    pub const fn is_healed(self) -> bool {
        matches!(self, Self::MissedPayment | Self::MissedRefund | Self::OutsideRefund)
    }
}

/// Something that differed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// What.
    pub kind: DifferenceKind,
    /// Of which appointment.
    pub appointment_id: AppointmentId,
    /// Of which payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<PaymentId>,
    /// Of which of our refunds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_id: Option<RefundId>,
    /// Razorpay's id of the refund.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub razorpay_refund_id: Option<String>,
}

/// A run of the reconciliation over one hospital.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reconciliation {
    /// Its id.
    #[serde(rename = "_id")]
    pub id: ReconciliationId,
    /// Whether somebody asked for it; else it was the clock.
    pub on_demand: bool,
    /// When.
    pub at: Instant,
    /// About how many appointments Razorpay was asked.
    pub asked: i64,
    /// Of these, those about which it gave no answer; they are asked about again.
    pub unanswered: i64,
    /// What differed.
    pub differences: Vec<Difference>,
}

impl Appointment {
    /// A difference of this kind.
    pub fn difference(&self, kind: DifferenceKind) -> Difference {
        Difference {
            kind,
            appointment_id: self.id.clone(),
            payment_id: None,
            refund_id: None,
            razorpay_refund_id: None,
        }
    }
}

impl Reconciliation {
    /// A run in which nobody was asked yet.
    pub const fn begun(id: ReconciliationId, on_demand: bool, at: Instant) -> Self {
        Self { id, on_demand, at, asked: 0, unanswered: 0, differences: Vec::new() }
    }

    /// Adds what asking about one appointment came to, and whether all was answered.
    pub fn add(&mut self, found: Vec<Difference>, answered: bool) {
        self.asked += 1;
        self.unanswered += i64::from(!answered);
        self.differences.extend(found);
    }
}
