//! Money between Razorpay and the store. Verification, webhook, cancellation and the schedules
//! call the same transitions, any number of times and in any order.

use crate::{
    entropy::Entropy,
    models::{Appointment, EffectKind, Instant, NewIds, Payment, RefundId, RefundStatus},
    outbound::{self, Razorpay},
    store::{Change, HospitalStore, Settled, WebhookEvent},
    tenancy::Reach,
    web::{Error, Result},
};

/// How often a decision is made again because the appointment changed meanwhile.
const TRIES: usize = 8;

/// Tells an appointment of a captured payment: it is confirmed, or the money is owed back. With
/// `event`, a webhook's event is noted in the same transaction.
pub async fn capture(
    store: &HospitalStore,
    appointment: Appointment,
    payment: &Payment,
    event: Option<&WebhookEvent>,
    (entropy, now): (Entropy, Instant),
) -> Result<Appointment> {
    let mut current = appointment;
    for _ in 0..TRIES {
        let ids = NewIds {
            refund: entropy.id(now)?,
            refund_effect: entropy.id(now)?,
            mail: entropy.id(now)?,
        };
        let capture = current.capture(payment, &ids, now);
        match store.settle(&capture, event, now).await? {
            Settled::Done(appointment) => return Ok(*appointment),
            Settled::Known | Settled::Repeated => return Ok(current),
            Settled::Stale => current = again(store, &current).await?,
        }
    }
    Err(too_often())
}

/// Notes what a webhook's event tells, where that is not a captured payment. `next` gives the
/// appointment's next state, or nothing where the event is no news.
pub async fn note(
    store: &HospitalStore,
    appointment: Appointment,
    event: &WebhookEvent,
    next: impl Fn(&Appointment) -> Option<Appointment>,
) -> Result<()> {
    let mut current = appointment;
    for _ in 0..TRIES {
        if store.note_event(next(&current).as_ref(), event).await? != Settled::Stale {
            return Ok(());
        }
        current = again(store, &current).await?;
    }
    Err(too_often())
}

/// Pays back what an appointment owes, as far as Razorpay can be reached; what is left is in its
/// effects and is tried again by `scheduled`. The refund's own id is the idempotency key, so the
/// same money never goes back twice.
pub async fn pay_back(
    store: &HospitalStore,
    razorpay: &Razorpay,
    appointment: Appointment,
) -> Result<Appointment> {
    let mut current = appointment;
    let owed: Vec<RefundId> = current
        .effects
        .iter()
        .filter_map(|effect| match &effect.kind {
            EffectKind::Refund { refund } => Some(refund.clone()),
            _ => None,
        })
        .collect();
    for id in owed {
        match refund(store, razorpay, &current, &id).await {
            Ok(next) => current = next,
            Err(error) => {
                tracing::error!(?error, refund = %id, "a refund is put off");
                return Ok(current);
            }
        }
    }
    Ok(current)
}

/// Pays one refund back and notes how it stands.
pub async fn refund(
    store: &HospitalStore,
    razorpay: &Razorpay,
    appointment: &Appointment,
    id: &RefundId,
) -> Result<Appointment> {
    let owed =
        appointment.refund(id).ok_or_else(|| Error::internal("an effect names no refund"))?;
    let made = match razorpay.refund(&owed.payment_id, owed.amount, id.as_str()).await {
        Ok(made) => (made.id.clone(), made.status()),
        Err(outbound::Error::Refused { code, description, .. }) => {
            tracing::error!(%code, %description, refund = %id, alarm = "refund-refused", "Razorpay refuses a refund");
            (String::new(), RefundStatus::Failed)
        }
        Err(error) => return Err(error.into()),
    };
    let mut current = appointment.clone();
    for _ in 0..TRIES {
        let Some(next) = current.refund_moved(id, &made.0, made.1) else {
            return Ok(current);
        };
        if store.change_appointment(&next).await? == Change::Done {
            return Ok(next);
        }
        current = again(store, &current).await?;
    }
    Err(too_often())
}

async fn again(store: &HospitalStore, appointment: &Appointment) -> Result<Appointment> {
    let found = store.appointment(&appointment.id, &Reach::Hospital).await?;
    found.ok_or_else(|| Error::internal("an appointment is gone"))
}

fn too_often() -> Error {
    Error::Unavailable {
        dependency: "MongoDB",
        cause: "an appointment changed too often".to_owned(),
    }
}
