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
                let (dependency, cause) = error.told();
                tracing::error!(dependency, cause, refund = %owed.id, "a refund is put off");
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
/// by itself, as with a second payment of an order. Then that is the refund we owed. One that bears
/// the id of another refund of ours is that one, though we have not noted it yet.
async fn made_by_hand(
    razorpay: &Razorpay,
    appointment: &Appointment,
    owed: &Refund,
) -> Result<Option<RazorpayRefund>> {
    let there = razorpay.refunds_of(&owed.payment_id).await?;
    Ok(there.into_iter().find(|found| is_the_owed(found, appointment, owed)))
}

fn is_the_owed(found: &RazorpayRefund, appointment: &Appointment, owed: &Refund) -> bool {
    found.status() != RefundStatus::Failed
        && appointment.refund_at_razorpay(&found.id).is_none()
        && found.money() == Some(owed.amount)
        && found.ours().is_none_or(|id| id == owed.id)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{
        Currency, Id, Money, RefundCause,
        examples::{booking, patient, slot},
    };
    use serde_json::json;

    #[test]
    fn a_refund_of_another_of_ours_is_not_taken_for_one_made_by_hand() {
        let now = Instant::from_millis(1_800_000_000_000);
        let slot = slot(now.plus_seconds(86_400), Money::zero(Currency::INR));
        let appointment = Appointment::book(&slot, &patient(), booking(&slot), now).unwrap();
        let (one, other): (RefundId, RefundId) = (Id::derived(1), Id::derived(2));
        let told = |notes: serde_json::Value| -> RazorpayRefund {
            let refund = json!({
                "id": "rfnd_A1", "status": "pending", "amount": 25_000, "currency": "INR",
                "payment_id": "pay_A1", "notes": notes,
            });
            serde_json::from_value(refund).unwrap()
        };
        let owed = |id: &RefundId| -> Refund {
            let mut by_hand = told(json!([])).from_outside(id.clone(), now).unwrap();
            (by_hand.razorpay_id, by_hand.cause) = (None, RefundCause::Cancelled);
            by_hand
        };
        let is_it = |notes, owed_id| is_the_owed(&told(notes), &appointment, &owed(owed_id));
        assert!(is_it(json!([]), &one) && is_it(json!([]), &other));
        assert!(is_it(json!({ "refund": one }), &one));
        assert!(!is_it(json!({ "refund": one }), &other));
    }
}
