//! Money between Razorpay and the store. Verification, webhook, desk, cancellation and the
//! schedules call the same transitions, any number of times and in any order.

mod paying_back;
mod reconciling;

pub use paying_back::{pay_back, refund};
pub use reconciling::reconcile;

use crate::{
    entropy::Entropy,
    models::{Appointment, Instant, NewIds, Payment, RefundStatus},
    store::{HospitalStore, Settled, WebhookEvent},
    tenancy::Reach,
    web::{Error, Result},
};

/// How often a decision is made again because the appointment changed meanwhile.
pub const TRIES: usize = 8;

/// New ids for what a decision may bring about.
pub fn new_ids(entropy: Entropy, now: Instant) -> Result<NewIds> {
    Ok(NewIds { refund: entropy.id(now)?, refund_effect: entropy.id(now)?, mail: entropy.id(now)? })
}

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
        let capture = current.capture(payment, &new_ids(entropy, now)?, now);
        match store.settle(&capture, event, now).await? {
            Settled::Done(appointment) => {
                crate::count!(captures = 1_u8);
                return Ok(*appointment);
            }
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
        match store.note_event(next(&current).as_ref(), event).await? {
            Settled::Done(noted) => {
                count_refunds(&current, &noted);
                return Ok(());
            }
            Settled::Known | Settled::Repeated => return Ok(()),
            Settled::Stale => current = again(store, &current).await?,
        }
    }
    Err(too_often())
}

/// Counts the refunds that are through by a change that was written.
pub fn count_refunds(before: &Appointment, after: &Appointment) {
    let through = |appointment: &Appointment| {
        let refunds = appointment.refunds.iter();
        refunds.filter(|refund| refund.status == RefundStatus::Processed).count()
    };
    let more = through(after).saturating_sub(through(before));
    if let (1.., Ok(more)) = (more, u64::try_from(more)) {
        crate::count!(refunds_processed = more);
    }
}

/// The appointment as it is by now.
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
