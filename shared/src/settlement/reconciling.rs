//! Our books beside Razorpay's: what nobody told us of is made good, and whatever differed is
//! reported.

use super::{TRIES, again, capture, count_refunds, pay_back, too_often};
use crate::{
    entropy::Entropy,
    models::{
        Appointment, Difference, DifferenceKind, Instant, PaidBy, Payment, PaymentStatus,
        RefundStatus,
    },
    outbound::{HospitalMerchants, MadeLink, RazorpayPayment, RazorpayRefund},
    store::{Change, HospitalStore},
    web::Result,
};

/// One comparison.
struct Comparison<'a> {
    store: &'a HospitalStore,
    merchants: HospitalMerchants<'a>,
    with: (Entropy, Instant),
    found: Vec<Difference>,
}

/// What asking about an appointment came to.
#[derive(Debug)]
pub struct Reconciled {
    /// What differed, though not all could be asked.
    pub found: Vec<Difference>,
    /// Whether all was asked.
    pub outcome: Result<()>,
}

/// Asks Razorpay about an appointment's payments and refunds and settles what we had not heard
/// of, by the same transitions as a webhook's word. One that cannot be asked about is put off, so
/// that it is not in the way of the others.
pub async fn reconcile(
    store: &HospitalStore,
    merchants: HospitalMerchants<'_>,
    appointment: Appointment,
    with: (Entropy, Instant),
) -> Reconciled {
    let mut comparison = Comparison { store, merchants, with, found: Vec::new() };
    let unanswered = appointment.unanswered(with.1);
    let (outcome, next) = match comparison.all(appointment).await {
        Ok(current) => (Ok(()), current.reconciled(with.1)),
        Err(error) => (Err(error), unanswered),
    };
    for difference in &comparison.found {
        tracing::error!(
            alarm = "reconciliation-difference",
            kind = ?difference.kind,
            appointment = %difference.appointment_id,
            "our books and Razorpay's differed"
        );
    }
    // Whoever changes it meanwhile has it asked about again, or has heard.
    let noted = store.change_appointment(&next).await.map(|_| ()).map_err(Into::into);
    Reconciled { found: comparison.found, outcome: outcome.and(noted) }
}

impl Comparison<'_> {
    async fn all(&mut self, appointment: Appointment) -> Result<Appointment> {
        let mut current = appointment;
        for (via, told) in self.told(&current).await? {
            current = self.payment(current, via, &told).await?;
        }
        current = pay_back(self.store, self.merchants, current, self.with.1).await?;
        current = self.refunds(current).await?;
        if current.balances() != current.balances_of_state() {
            self.found.push(current.difference(DifferenceKind::Ledger));
        }
        Ok(current)
    }

    /// The payments Razorpay has of an appointment's order and of its link.
    async fn told(&self, appointment: &Appointment) -> Result<Vec<(PaidBy, RazorpayPayment)>> {
        let mut all = Vec::new();
        if let Some(order) = &appointment.order {
            let payments =
                self.merchants.with(order.account.as_ref())?.payments_of(&order.id).await?;
            all.extend(payments.into_iter().map(|told| (PaidBy::Checkout, told)));
        }
        if let Some(link) = &appointment.link {
            let razorpay = self.merchants.with(link.account.as_ref())?;
            for id in razorpay.payments_of_link(&link.id).await? {
                all.push((PaidBy::Link, razorpay.payment(&id).await?));
            }
        } else if let Some(asked) = &appointment.link_asked {
            let razorpay = self.merchants.with(asked.account.as_ref())?;
            let made = razorpay.link_of(appointment.id.as_str()).await?;
            for id in made.map(MadeLink::paid_by).unwrap_or_default() {
                all.push((PaidBy::Link, razorpay.payment(&id).await?));
            }
        }
        Ok(all)
    }

    async fn payment(
        &mut self,
        appointment: Appointment,
        via: PaidBy,
        told: &RazorpayPayment,
    ) -> Result<Appointment> {
        let (entropy, now) = self.with;
        let account = appointment.account_by(via);
        let wanted = appointment.paid().is_none();
        // The bank's word has come, and is why Razorpay is asked: what is captured by that, or was in
        // the meantime, is no surprise.
        let latest = now.plus_seconds(-Appointment::RECONCILE_AFTER_SECONDS);
        let heard = appointment.payments.iter().any(|payment| {
            payment.id == told.id
                && payment.status == PaymentStatus::Authorized
                && (told.status() == Some(PaymentStatus::Authorized) || latest < payment.created_at)
        });
        // A second one is not captured: Razorpay lets go of it by itself.
        let told = match told.status() {
            Some(PaymentStatus::Authorized) if wanted => {
                self.merchants.with(account)?.captured(&told.id, appointment.fee).await?
            }
            _ => told.clone(),
        };
        let Some(payment) = told.as_told(via, now) else {
            return Ok(appointment);
        };
        if payment.status < PaymentStatus::Captured || appointment.knows(&payment) {
            return Ok(appointment);
        }
        if !heard {
            let difference = appointment.difference(DifferenceKind::MissedPayment);
            self.found.push(Difference { payment_id: Some(payment.id.clone()), ..difference });
        }
        capture(self.store, appointment, &payment, None, (entropy, now)).await
    }

    async fn refunds(&mut self, appointment: Appointment) -> Result<Appointment> {
        let mut current = appointment;
        let at_razorpay =
            |paid: &&Payment| paid.status >= PaymentStatus::Captured && !paid.via.is_desk();
        let payments: Vec<Payment> = current.payments.iter().filter(at_razorpay).cloned().collect();
        for paid in payments {
            let account = current.account_of(&paid.id).cloned();
            let there = self.merchants.with(account.as_ref())?.refunds_of(&paid.id).await?;
            for refund in &there {
                current = self.refund(current, refund).await?;
            }
            let lost = current.refunds.iter().filter(|refund| {
                let known = refund.razorpay_id.as_deref();
                refund.payment_id == paid.id
                    && known.is_some_and(|known| there.iter().all(|refund| refund.id != known))
            });
            let difference = current.difference(DifferenceKind::LostRefund);
            let lost = lost.map(|refund| Difference {
                payment_id: Some(paid.id.clone()),
                refund_id: Some(refund.id.clone()),
                razorpay_refund_id: refund.razorpay_id.clone(),
                ..difference.clone()
            });
            self.found.extend(lost);
        }
        Ok(current)
    }

    async fn refund(
        &mut self,
        appointment: Appointment,
        told: &RazorpayRefund,
    ) -> Result<Appointment> {
        let (entropy, now) = self.with;
        let (mut current, new) = (appointment, entropy.id(now)?);
        for _ in 0..TRIES {
            let ours = current.refund_told(told.ours(), &told.id);
            let (kind, next) = match &ours {
                Some(id) => {
                    let next = current.refund_moved(id, &told.id, told.status(), now);
                    (DifferenceKind::MissedRefund, next)
                }
                None => {
                    let outside = told.from_outside(new.clone(), now);
                    let next = outside.and_then(|refund| current.refunded_outside(refund, now));
                    (DifferenceKind::OutsideRefund, next)
                }
            };
            let Some(next) = next else {
                let unknown = ours.is_none() && told.status() != RefundStatus::Failed;
                if unknown {
                    self.differs(&current, DifferenceKind::UnknownRefund, told);
                }
                return Ok(current);
            };
            if self.store.change_appointment(&next).await? == Change::Done {
                count_refunds(&current, &next);
                // That Razorpay is at what we asked for is no difference.
                if ours.is_none() || told.status() != RefundStatus::Pending {
                    self.differs(&next, kind, told);
                }
                return Ok(next);
            }
            current = again(self.store, &current).await?;
        }
        Err(too_often())
    }

    fn differs(&mut self, appointment: &Appointment, kind: DifferenceKind, told: &RazorpayRefund) {
        let refund = appointment.refund_at_razorpay(&told.id);
        self.found.push(Difference {
            payment_id: told.payment_id.clone(),
            refund_id: refund.map(|refund| refund.id.clone()),
            razorpay_refund_id: Some(told.id.clone()),
            ..appointment.difference(kind)
        });
    }
}
