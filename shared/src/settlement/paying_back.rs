//! What is owed goes back by the account it came to.

use super::{TRIES, again, count_refunds, too_often};
use crate::{
    models::{Appointment, EffectKind, Instant, Refund, RefundId, RefundStatus},
    outbound::{self, HospitalMerchants, Razorpay, RazorpayRefund},
    store::{Change, HospitalStore},
    web::{Error, Result},
};

/// What Razorpay made of a refund.
enum Answer {
    /// It has it, under this id.
    Has(String, RefundStatus),
    /// It will not make it.
    Refuses,
}

/// Pays back what an appointment owes, as far as Razorpay can be reached; what is left is in its
/// effects and is tried again by `scheduled`. The key made from the refund's id sees to it that
/// the same money never goes back twice. That Razorpay is at it is what we have noted already: it
/// takes no further write here, and the effect goes when Razorpay tells of the refund or
/// `scheduled` asks.
pub async fn pay_back(
    store: &HospitalStore,
    merchants: HospitalMerchants<'_>,
    appointment: Appointment,
    now: Instant,
) -> Result<Appointment> {
    let mut current = appointment;
    let due = current.effects.iter().filter(|effect| effect.due_at <= now);
    let refunds = due.filter_map(|effect| match &effect.kind {
        EffectKind::Refund { refund } => current.refund(refund).cloned(),
        _ => None,
    });
    for owed in refunds.collect::<Vec<_>>() {
        let answer = match ask(merchants, &current, &owed).await {
            Ok(Answer::Has(_, RefundStatus::Pending)) if owed.status == RefundStatus::Pending => {
                continue;
            }
            Ok(answer) => answer,
            Err(error) => {
                tracing::error!(?error, refund = %owed.id, "a refund is put off");
                return Ok(current);
            }
        };
        current = noted(store, current, &owed.id, &answer, now).await?;
    }
    Ok(current)
}

/// Pays one refund back and notes how it stands.
pub async fn refund(
    store: &HospitalStore,
    merchants: HospitalMerchants<'_>,
    appointment: &Appointment,
    id: &RefundId,
    now: Instant,
) -> Result<Appointment> {
    let owed =
        appointment.refund(id).ok_or_else(|| Error::internal("an effect names no refund"))?;
    let answer = ask(merchants, appointment, owed).await?;
    let next = noted(store, appointment.clone(), id, &answer, now).await?;
    match answer {
        Answer::Has(..) => Ok(next),
        Answer::Refuses => Err(Error::Unavailable {
            dependency: "Razorpay",
            cause: format!("the refund {id} is refused"),
        }),
    }
}

async fn ask(
    merchants: HospitalMerchants<'_>,
    appointment: &Appointment,
    owed: &Refund,
) -> Result<Answer> {
    let razorpay = merchants.with(appointment.account_of(&owed.payment_id))?;
    crate::count!(refunds_asked = 1_u8);
    match razorpay.refund(owed).await {
        Ok(made) => Ok(Answer::Has(made.id.clone(), made.status())),
        Err(outbound::Error::Refused { code, description, .. }) => {
            if let Some(found) = made_by_hand(&razorpay, appointment, owed).await? {
                return Ok(Answer::Has(found.id.clone(), found.status()));
            }
            crate::count!(refunds_refused = 1_u8);
            tracing::error!(%code, %description, refund = %owed.id, alarm = "refund-refused", "Razorpay refuses a refund");
            Ok(Answer::Refuses)
        }
        Err(error) => Err(error.into()),
    }
}

/// Razorpay mostly refuses because the money has gone back already: by hand, in its dashboard, or
/// by itself, as with a second payment of an order. Then that is the refund we owed.
async fn made_by_hand(
    razorpay: &Razorpay,
    appointment: &Appointment,
    owed: &Refund,
) -> Result<Option<RazorpayRefund>> {
    let there = razorpay.refunds_of(&owed.payment_id).await?;
    let fits = |found: &RazorpayRefund| {
        found.status() != RefundStatus::Failed
            && appointment.refund_at_razorpay(&found.id).is_none()
            && found.money() == Some(owed.amount)
    };
    Ok(there.into_iter().find(fits))
}

async fn noted(
    store: &HospitalStore,
    appointment: Appointment,
    id: &RefundId,
    answer: &Answer,
    now: Instant,
) -> Result<Appointment> {
    let mut current = appointment;
    for _ in 0..TRIES {
        let next = match answer {
            Answer::Has(razorpay_id, status) => {
                if *status == RefundStatus::Failed {
                    tracing::error!(alarm = "refund-failed", refund = %id, "Razorpay could not pay a refund back");
                }
                current.refund_moved(id, razorpay_id, *status, now)
            }
            Answer::Refuses => current.refund_refused(id),
        };
        let Some(next) = next else {
            return Ok(current);
        };
        if store.change_appointment(&next).await? == Change::Done {
            count_refunds(&current, &next);
            return Ok(next);
        }
        current = again(store, &current).await?;
    }
    Err(too_often())
}
