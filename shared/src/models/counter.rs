//! Payments at the hospital's desk, and the payment links it hands out.

use super::{
    AccountId, Appointment, AppointmentRefusal, AppointmentStatus, AskedLink, DeskPaymentId,
    DeskReference, Instant, Issue, Money, PaidBy, Parse, Payment, PaymentId, PaymentLink,
    PaymentStatus, RefundId,
};

/// How somebody pays at the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeskMethod(PaidBy);

impl Parse for DeskMethod {
    fn parse(text: &str) -> Result<Self, Issue> {
        match text {
            "cash" => Ok(Self(PaidBy::Cash)),
            "card" => Ok(Self(PaidBy::Card)),
            "upi" => Ok(Self(PaidBy::Upi)),
            _ => Err(Issue::invalid("must be one of cash, card, upi")),
        }
    }
}

impl utoipa::PartialSchema for DeskMethod {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::schema::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("How somebody pays at the desk."))
            .enum_values(Some(["cash", "card", "upi"]))
            .into()
    }
}

impl utoipa::ToSchema for DeskMethod {}

/// Money over the desk.
#[derive(Debug, Clone)]
pub struct DeskPayment {
    /// The id it gets.
    pub id: DeskPaymentId,
    /// How.
    pub method: DeskMethod,
    /// The number on the slip, if there is one.
    pub reference: Option<DeskReference>,
    /// Who takes it.
    pub taken_by: AccountId,
}

impl Appointment {
    /// For how long a payment link is good at least: Razorpay takes no shorter one
    /// (api/payments/payment-links: `expire_by`, fifteen minutes), and a minute for the way.
    pub const LINK_SECONDS: i64 = 16 * 60;

    /// The payment that somebody at the desk takes for it. It is captured from the beginning and
    /// goes through the same transition as Razorpay's. A run-out hold is no obstacle: if the slot
    /// is free, it is had.
    pub fn paid_at_desk(
        &self,
        desk: DeskPayment,
        now: Instant,
    ) -> Result<Payment, AppointmentRefusal> {
        match self.payable(now) {
            Err(AppointmentRefusal::HoldExpired) if now < self.start => {}
            result => drop(result?),
        }
        Ok(Payment {
            id: PaymentId::at_desk(&desk.id),
            amount: self.fee,
            status: PaymentStatus::Captured,
            via: desk.method.0,
            reference: desk.reference,
            taken_by: Some(desk.taken_by),
            created_at: now,
            captured_at: Some(now),
        })
    }

    /// Its state while Razorpay is asked for a link: the slot is held as long as the link will be
    /// good, and Razorpay is asked about it in case no more is heard.
    pub fn asking_for_link(&self, asked: AskedLink) -> Self {
        let mut next = self.next();
        next.hold_expires_at = next.hold_expires_at.max(Some(asked.expires_at));
        next.ask_later(asked.created_at);
        next.link_asked = Some(asked);
        next
    }

    /// Its state once Razorpay has refused to make the link: the slot is held as it was `before`.
    pub fn without_link(&self, before: &Self) -> Self {
        let mut next = self.next();
        next.hold_expires_at = before.hold_expires_at;
        next.link_asked = None;
        next
    }

    /// Its state with this link; the first link stays. The slot is held as long as the link is
    /// good.
    pub fn with_link(&self, link: PaymentLink) -> Self {
        let mut next = self.with_late_link(link);
        if next.status == AppointmentStatus::Held {
            let until = next.link.as_ref().map(|link| link.expires_at);
            next.hold_expires_at = next.hold_expires_at.max(until);
        }
        next
    }

    /// Its state with a link that came too late for the slot to be held: what is paid by it is the
    /// appointment's all the same, and goes back.
    pub fn with_late_link(&self, link: PaymentLink) -> Self {
        let mut next = self.next();
        next.link_asked = None;
        let asked_at = next.link.get_or_insert(link).created_at;
        next.ask_later(asked_at);
        next
    }

    /// What is still to be handed back at the desk.
    pub fn owed_at_desk(&self) -> Vec<(RefundId, Money)> {
        let open = self.refunds.iter().filter(|refund| refund.at_desk);
        let open = open.filter(|refund| refund.status != super::RefundStatus::Processed);
        open.map(|refund| (refund.id.clone(), refund.amount)).collect()
    }
}
