//! The outbox: mails and refunds that an appointment asked for when it changed.

use crate::{BATCH, Scheduled, post::post, trail::Act};
use shared::{
    models::{
        Appointment, DoctorRef, Effect, EffectKind, Hospital, Instant, Receipt, Refund, RefundId,
    },
    outbound::{Addressee, Attachment, HospitalMerchants, Mail, time_for_people},
    print::Paper,
    settlement,
    store::{Due, HospitalStore, Sweep},
    tenancy::Reach,
    web::{Error, Result},
};

/// Delivers what is due. An effect that fails is put off, and the others go on.
pub(crate) async fn deliver(this: &Scheduled) -> Result<usize> {
    let now = this.clock.now();
    let due = this.store.gate().due(Sweep::Effects, now, BATCH).await?;
    let acts: Vec<Act> = due
        .iter()
        .flat_map(|due| due_effects(&due.appointment, now).map(|effect| act(due, &effect.kind)))
        .collect();
    this.begin(&acts).await?;
    let mut delivered = 0;
    for due in due {
        let store = this.store.of(&due.tenant);
        let hospital = store
            .hospital(&due.tenant)
            .await?
            .ok_or_else(|| Error::internal("a hospital is gone"))?;
        delivered += deliver_all(this, &store, &hospital, due).await?;
    }
    Ok(delivered)
}

fn due_effects(appointment: &Appointment, now: Instant) -> impl Iterator<Item = &Effect> {
    appointment.effects.iter().filter(move |effect| effect.due_at <= now)
}

fn act(due: &Due, kind: &EffectKind) -> Act {
    let act = match kind {
        EffectKind::Refund { .. } => "effects/refund",
        EffectKind::OweNoShow => "effects/no-show",
        EffectKind::MailConfirmed
        | EffectKind::MailMoved
        | EffectKind::MailCancelled
        | EffectKind::MailRefund { .. } => "effects/mail",
    };
    Act::on(due, act)
}

async fn deliver_all(
    this: &Scheduled,
    store: &HospitalStore,
    hospital: &Hospital,
    due: Due,
) -> Result<usize> {
    let now = this.clock.now();
    let merchants = this.merchants.of(&due.accounts);
    let mut appointment = due.appointment.clone();
    let (mut delivered, mut undone) = (0, Vec::new());
    for effect in due_effects(&due.appointment, now) {
        match carry_out(this, (store, merchants), hospital, &appointment, effect).await {
            Ok(next) => {
                delivered += 1;
                appointment = next;
            }
            Err(error) => {
                tracing::error!(?error, effect = %effect.id, "an effect is put off");
                appointment = put_off(store, appointment, effect, now).await?;
                undone.push(act(&due, &effect.kind));
            }
        }
    }
    this.came_to_nothing(&undone).await?;
    Ok(delivered)
}

/// Puts an effect off. A refund that was refused has been noted as such, which the appointment at
/// hand does not know: it is read again.
async fn put_off(
    store: &HospitalStore,
    appointment: Appointment,
    effect: &Effect,
    now: Instant,
) -> Result<Appointment> {
    let current = store.appointment(&appointment.id, &Reach::Hospital).await?;
    let next = current.unwrap_or(appointment).effect_failed(&effect.id, now);
    store.change_appointment(&next).await?;
    Ok(next)
}

/// Carries one effect out and notes that it is done. If the appointment changed meanwhile, the
/// note is lost and the effect comes again: a mail twice does no harm, and a refund has its key.
async fn carry_out(
    this: &Scheduled,
    (store, merchants): (&HospitalStore, HospitalMerchants<'_>),
    hospital: &Hospital,
    appointment: &Appointment,
    effect: &Effect,
) -> Result<Appointment> {
    if let EffectKind::Refund { refund } = &effect.kind {
        let now = this.clock.now();
        return settlement::refund(store, merchants, appointment, refund, now).await;
    }
    let now = this.clock.now();
    let next = if effect.kind == EffectKind::OweNoShow {
        let ids = settlement::new_ids(this.entropy, now)?;
        appointment.no_show_owed(&ids, now).unwrap_or_else(|| appointment.effect_done(&effect.id))
    } else {
        send(this, store, hospital, appointment, &effect.kind).await?;
        appointment.effect_done(&effect.id)
    };
    store.change_appointment(&next).await?;
    Ok(next)
}

async fn send(
    this: &Scheduled,
    store: &HospitalStore,
    hospital: &Hospital,
    appointment: &Appointment,
    kind: &EffectKind,
) -> Result<()> {
    let (number, attachment) = enclosed(this, store, hospital, appointment, kind).await?;
    // Somebody who was removed since gets no mail.
    let Some(patient) = store.patient(&appointment.patient.id).await? else {
        return Ok(());
    };
    let start: &str = &time_for_people(appointment.start, &hospital.time_zone);
    let (name, hospital) = (&appointment.patient.name, hospital.name.as_str());
    let DoctorRef { name: doctor, speciality, .. } = &appointment.doctor;
    let (fee, id) = (appointment.fee, &appointment.id);
    let mail = match kind {
        EffectKind::MailConfirmed => Mail::AppointmentConfirmed {
            patient: name,
            hospital,
            doctor,
            speciality,
            start,
            fee,
            receipt: number.as_deref(),
            appointment: id,
        },
        EffectKind::MailMoved => Mail::AppointmentMoved {
            patient: name,
            hospital,
            doctor,
            speciality,
            start,
            appointment: id,
        },
        EffectKind::MailCancelled => {
            let refund = appointment.cancellation_refund();
            Mail::AppointmentCancelled {
                patient: name,
                hospital,
                doctor,
                speciality,
                start,
                appointment: id,
                refund: refund.map(|refund| refund.amount),
                at_desk: refund.is_some_and(|refund| refund.at_desk),
            }
        }
        EffectKind::MailRefund { refund } => {
            let Refund { amount, at_desk, .. } = *refund_of(appointment, refund)?;
            Mail::PaymentReturned {
                patient: name,
                hospital,
                doctor,
                speciality,
                start,
                appointment: id,
                amount,
                at_desk,
            }
        }
        EffectKind::OweNoShow | EffectKind::Refund { .. } => return Ok(()),
    };
    let to = Addressee { email: &patient.email, account: &patient.account_id };
    post(this, to, &mail, attachment).await.map(|_| ())
}

/// The receipt's number and the receipt, where a mail encloses one. The number is given whether or
/// not anybody gets a mail about it.
async fn enclosed(
    this: &Scheduled,
    store: &HospitalStore,
    hospital: &Hospital,
    appointment: &Appointment,
    kind: &EffectKind,
) -> Result<(Option<String>, Option<Attachment>)> {
    if *kind != EffectKind::MailConfirmed {
        return Ok((None, None));
    }
    let receipt = receipt_of(this, store, hospital, appointment).await?;
    let number = receipt.as_ref().map(Receipt::number);
    let attachment = receipt.as_ref().map(|it| attached(it, appointment, hospital)).transpose()?;
    Ok((number, attachment))
}

fn refund_of<'a>(appointment: &'a Appointment, id: &RefundId) -> Result<&'a Refund> {
    appointment.refund(id).ok_or_else(|| Error::internal("an effect names no refund"))
}

/// The receipt for what the appointment stands on; given now if it has none yet.
async fn receipt_of(
    this: &Scheduled,
    store: &HospitalStore,
    hospital: &Hospital,
    appointment: &Appointment,
) -> Result<Option<Receipt>> {
    let now = this.clock.now();
    let from = (&hospital.code, &hospital.name, &hospital.time_zone);
    match Receipt::of(appointment, from, this.entropy.id(now)?, now) {
        Some(wanted) => Ok(Some(store.issue_receipt(&wanted).await?)),
        None => Ok(None),
    }
}

fn attached(
    receipt: &Receipt,
    appointment: &Appointment,
    hospital: &Hospital,
) -> Result<Attachment> {
    let paper = Paper::of(receipt, appointment, &hospital.time_zone);
    let content = paper.pdf().map_err(Error::internal)?;
    let name = format!("{}.pdf", receipt.file_name());
    Ok(Attachment { name, content_type: "application/pdf", content })
}
