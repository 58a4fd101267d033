//! Captured money and the slot it pays for, in one transaction.

use super::{
    HospitalStore, Result,
    appointments::version_before,
    scoped::Stored,
    seats,
    slots::{has_hours, not_shut, open_at},
    transaction::{Ended, Tx, transact},
};
use crate::models::{Appointment, Capture, Instant, Money, OrderId, PaymentId, Slot, SlotStatus};
use mongodb::bson::{Bson, doc};
use serde::{Deserialize, Serialize};

/// What settling came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// The appointment as it is now.
    Done(Box<Appointment>),
    /// We knew of the payment already.
    Known,
    /// The appointment had changed meanwhile: decide again.
    Stale,
    /// The event was handled before.
    Repeated,
}

/// An event from Razorpay that was handled, kept so that its repetition changes nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookEvent {
    /// Razorpay's id of the event, or the hash of its body.
    pub event_id: String,
    /// What it tells of: `payment.captured` and so on.
    pub event: String,
    /// Of which payment. What we keep of money that belongs to nothing of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<PaymentId>,
    /// Of which order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// About how much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// When it came.
    pub received_at: Instant,
}

impl Stored for WebhookEvent {
    const COLLECTION: &'static str = "webhookEvents";
}

impl HospitalStore {
    /// Writes what a captured payment comes to. Where it confirms, the slot is taken in the same
    /// transaction, be it still held for this appointment or open again; if somebody else has it,
    /// the money goes back. With a webhook's event, that is kept in the same transaction.
    pub async fn settle(
        &self,
        capture: &Capture,
        event: Option<&WebhookEvent>,
        now: Instant,
    ) -> Result<Settled> {
        let events = self.scope.collection::<WebhookEvent>().await?;
        let appointments = self.scope.collection::<Appointment>().await?;
        let settle = async |tx: &mut Tx| {
            if let Some(event) = event {
                events.insert(event, Some(tx)).await?;
            }
            let next = match capture {
                Capture::Known => return Ok(Ended::Commit(Settled::Known)),
                Capture::Refund(next) => next,
                Capture::Confirm { confirmed, lost } => {
                    if self.take_slot(confirmed, now, tx).await? { confirmed } else { lost }
                }
            };
            if !appointments.replace(version_before(next), next, Some(tx)).await? {
                return Ok(Ended::Abort(Settled::Stale));
            }
            Ok(Ended::Commit(Settled::Done(next.clone())))
        };
        if event.is_none() && *capture == Capture::Known {
            return Ok(Settled::Known);
        }
        let is_elsewhere = |settled: &Result<Settled>| {
            settled.as_ref().is_err_and(|error| {
                error.is_duplicate_of("appointment_busy")
                    || error.is_duplicate_of("appointment_follow_up")
            })
        };
        let mut settled = transact!(self.scope.database(), |tx| settle(&mut tx));
        if is_elsewhere(&settled) {
            // The hold that is in the way may have run out without anybody noticing.
            if let Capture::Confirm { confirmed, .. } = capture {
                Box::pin(self.expire_holds_of(&confirmed.patient.id, &confirmed.id, now)).await?;
            }
            // The local database says so too where another writes this very appointment, which then
            // is stale.
            settled = transact!(self.scope.database(), |tx| settle(&mut tx));
        }
        match capture {
            // The slot is free, but the patient is elsewhere at that time by now, or another visit
            // is the follow-up this was to be.
            Capture::Confirm { lost, .. } if is_elsewhere(&settled) => {
                let back = Capture::Refund(lost.clone());
                Box::pin(self.settle(&back, event, now)).await
            }
            _ => repeated(settled),
        }
    }

    /// Writes an appointment's next state, if there is one, with the webhook's event that brought
    /// it.
    pub async fn note_event(
        &self,
        next: Option<&Appointment>,
        event: &WebhookEvent,
    ) -> Result<Settled> {
        let events = self.scope.collection::<WebhookEvent>().await?;
        let Some(next) = next else {
            return repeated(events.insert(event, None).await.map(|()| Settled::Known));
        };
        let appointments = self.scope.collection::<Appointment>().await?;
        let note = async |tx: &mut Tx| {
            events.insert(event, Some(tx)).await?;
            if !appointments.replace(version_before(next), next, Some(tx)).await? {
                return Ok(Ended::Abort(Settled::Stale));
            }
            Ok(Ended::Commit(Settled::Done(Box::new(next.clone()))))
        };
        let noted = transact!(self.scope.database(), |tx| note(&mut tx));
        repeated(noted)
    }

    async fn take_slot(
        &self,
        appointment: &Appointment,
        now: Instant,
        tx: &mut Tx,
    ) -> Result<bool> {
        // What a leave or a block shuts, and what is of hours that are no more, is its own only while
        // its hold lasts.
        let lasts = seats::kept_by(&appointment.id, now);
        let mut ran_out = not_shut(seats::held_by(&appointment.id));
        ran_out.insert("closesAt", has_hours());
        let filter = doc! {
            "_id": appointment.slot_id.as_str(),
            "$or": [lasts, ran_out, open_at(now)],
        };
        let status = SlotStatus::Booked.as_str().into();
        let take = seats::take(&appointment.id, status, Bson::Null, now);
        let slots = self.scope.collection::<Slot>().await?;
        Ok(slots.claim(filter, take, tx).await?.is_some())
    }
}

fn repeated(settled: Result<Settled>) -> Result<Settled> {
    match settled {
        Err(error) if error.is_duplicate_of("webhook_event") => Ok(Settled::Repeated),
        other => other,
    }
}
