//! The outbox: mails and refunds that an appointment asked for when it changed.

use crate::{BATCH, Scheduled, post::post, trail::Act};
use shared::{
    models::{
        Appointment, DoctorRef, Effect, EffectKind, Hospital, Instant, LEAVE_LINK, LeaveId,
        Patient, Receipt, Refund, RefundCause, RefundId, Slot,
    },
    outbound::{Addressee, Attachment, HospitalMerchants, Mail, time_for_people},
    print::Paper,
    settlement,
    store::{Change, Due, HospitalStore, Sweep},
    tenancy::{Reach, Tenant},
    web::{Error, Result},
};

/// The try at which somebody is called for a refund that Razorpay does not make, two hours after the
/// first.
const CALLING: u32 = 8;

/// Delivers what is due. An effect that fails is put off, and the others go on.
pub(crate) async fn deliver(this: &Scheduled) -> Result<usize> {
    let now = this.clock.now();
    let due = this.store.gate().due(Sweep::Effects, now, BATCH).await?;
    let acts: Vec<Act> = due
        .iter()
        .flat_map(|due| due_effects(&due.appointment, now).map(|effect| act(due, &effect.kind)))
        .collect();
    this.begin(&acts).await?;
    let (mut delivered, mut left) = (0, Vec::new());
    for due in due {
        if this.is_over(now) {
            left.extend(due_effects(&due.appointment, now).map(|effect| act(&due, &effect.kind)));
            continue;
        }
        let store = this.store.of(&due.tenant);
        let hospital = store
            .hospital(&due.tenant)
            .await?
            .ok_or_else(|| Error::internal("a hospital is gone"))?;
        delivered += Box::pin(deliver_all(this, &store, &hospital, due)).await?;
    }
    this.came_to_nothing(&left).await?;
    Ok(delivered)
}

fn due_effects(appointment: &Appointment, now: Instant) -> impl Iterator<Item = &Effect> {
    appointment.effects.iter().filter(move |effect| effect.due_at <= now)
}

fn act(due: &Due, kind: &EffectKind) -> Act {
    let act = match kind {
        EffectKind::Refund { .. } => "effects/refund",
        EffectKind::OweNoShow => "effects/no-show",
        EffectKind::EndLeave { .. } => "effects/leave",
        EffectKind::MailConfirmed
        | EffectKind::MailMoved
        | EffectKind::MailCancelled
        | EffectKind::MailLeave { .. }
        | EffectKind::MailStands
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
        let place = (hospital, &due.tenant);
        match carry_out(this, (store, merchants), place, &appointment, effect).await {
            Ok(next) => {
                delivered += 1;
                appointment = next;
            }
            Err(error) => {
                put_off_told(&appointment, effect, &error);
                appointment = put_off(store, appointment, effect, now).await?;
                undone.push(act(&due, &effect.kind));
            }
        }
    }
    this.came_to_nothing(&undone).await?;
    Ok(delivered)
}

/// Says in the log what is put off and why, and calls somebody for money that does not go back.
fn put_off_told(appointment: &Appointment, effect: &Effect, error: &Error) {
    let ((dependency, cause), appointment) = (error.told(), &appointment.id);
    let money = matches!(effect.kind, EffectKind::Refund { .. });
    if money && effect.attempts.saturating_add(1) == CALLING {
        tracing::error!(dependency, cause, %appointment, alarm = "refund-waits", "a refund waits");
    } else {
        tracing::error!(dependency, cause, %appointment, effect = %effect.id, "an effect is put off");
    }
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
    place: (&Hospital, &Tenant),
    appointment: &Appointment,
    effect: &Effect,
) -> Result<Appointment> {
    if let EffectKind::Refund { refund } = &effect.kind {
        let now = this.clock.now();
        return settlement::refund(store, merchants, appointment, refund, now).await;
    }
    let now = this.clock.now();
    if let EffectKind::EndLeave { leave } = &effect.kind {
        let ids = settlement::new_ids(this.entropy, now)?;
        if let Some(next) = appointment.leave_lapsed(leave, ids, now) {
            // A leave that was just taken back ends nothing.
            let change = store.settle_leave(leave, &next, now).await?;
            return Ok(if change == Change::Done { next } else { appointment.clone() });
        }
        let next = appointment.leave_over(leave);
        store.change_appointment(&next).await?;
        return Ok(next);
    }
    let next = if effect.kind == EffectKind::OweNoShow {
        let ids = settlement::new_ids(this.entropy, now)?;
        appointment.no_show_owed(&ids, now).unwrap_or_else(|| appointment.effect_done(&effect.id))
    } else {
        let patient = store.patient(&appointment.patient.id).await?;
        let done = appointment.effect_done(&effect.id);
        // Somebody who was removed since gets no mail.
        match patient {
            Some(patient) => {
                send(this, store, place, (appointment, &patient), &effect.kind).await?;
                done.of_account(&patient)
            }
            None => done,
        }
    };
    store.change_appointment(&next).await?;
    Ok(next)
}

async fn send(
    this: &Scheduled,
    store: &HospitalStore,
    (hospital, tenant): (&Hospital, &Tenant),
    (appointment, patient): (&Appointment, &Patient),
    kind: &EffectKind,
) -> Result<()> {
    if let EffectKind::MailLeave { leave } = kind {
        let about = (appointment, patient);
        return tell_of_leave(this, store, (hospital, tenant), about, leave).await;
    }
    let (number, attachment) = enclosed(this, store, hospital, appointment, kind).await?;
    // Whoever was told that it is off hears no more of what was before.
    if appointment.is_past(kind) {
        return Ok(());
    }
    let start = time_for_people(appointment.start, &hospital.time_zone);
    let told = (hospital.name.as_str(), start.as_str(), number.as_deref());
    match mail_of(appointment, kind, told)? {
        Some(mail) => tell(this, patient, &mail, attachment).await,
        None => Ok(()),
    }
}

/// The mail that says it, if one does.
#[expect(clippy::too_many_lines, reason = "a mail after the other, and what each says")]
fn mail_of<'a>(
    appointment: &'a Appointment,
    kind: &EffectKind,
    (hospital, start, receipt): (&'a str, &'a str, Option<&'a str>),
) -> Result<Option<Mail<'a>>> {
    let DoctorRef { name: doctor, speciality, .. } = &appointment.doctor;
    let (name, fee, id) = (&appointment.patient.name, appointment.fee, &appointment.id);
    Ok(Some(match kind {
        EffectKind::MailConfirmed => Mail::AppointmentConfirmed {
            patient: name,
            hospital,
            doctor,
            speciality,
            start,
            fee,
            receipt,
            appointment: id,
        },
        EffectKind::MailMoved => Mail::AppointmentMoved {
            patient: name,
            hospital,
            doctor,
            speciality,
            start,
            appointment: id,
            refund: appointment.moved_refund().map(|refund| (refund.amount, refund.at_desk)),
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
                away: appointment.is_off_for_leave(),
            }
        }
        EffectKind::MailRefund { refund } => {
            let Refund { amount, at_desk, cause, .. } = *refund_of(appointment, refund)?;
            Mail::PaymentReturned {
                patient: name,
                hospital,
                doctor,
                speciality,
                start,
                appointment: id,
                amount,
                at_desk,
                missed: cause == RefundCause::NoShow,
            }
        }
        EffectKind::MailStands => Mail::AppointmentStands {
            patient: name,
            hospital,
            doctor,
            speciality,
            start,
            appointment: id,
        },
        EffectKind::OweNoShow
        | EffectKind::Refund { .. }
        | EffectKind::MailLeave { .. }
        | EffectKind::EndLeave { .. } => return Ok(None),
    }))
}

/// Asks a patient whose doctor is away, with what is free at this moment.
async fn tell_of_leave(
    this: &Scheduled,
    store: &HospitalStore,
    (hospital, tenant): (&Hospital, &Tenant),
    (appointment, patient): (&Appointment, &Patient),
    leave: &LeaveId,
) -> Result<()> {
    let now = this.clock.now();
    let until = appointment.leave_offer(leave, now).ok().and_then(|mark| mark.deadline);
    let slot = store.slot(&appointment.slot_id).await?;
    let (Some(until), Some(slot)) = (until, slot) else {
        return Ok(());
    };
    let window = hospital.booking.window(&hospital.time_zone, now);
    let wanted = (&slot, appointment.visit_type);
    let instead = store.instead_of(wanted, window, now).await?;
    let words = |at| time_for_people(at, &hospital.time_zone);
    let shown = |slot: &Slot| format!("{}, {}", words(slot.start), slot.doctor.name.as_str());
    let free: Vec<String> = instead.first().map(shown).collect();
    let about = format!("{}/{leave}", appointment.id);
    let link = this.links.seal(LEAVE_LINK, tenant.membership(), &about);
    let mail = Mail::DoctorAway {
        patient: &appointment.patient.name,
        hospital: hospital.name.as_str(),
        doctor: &appointment.doctor.name,
        speciality: &appointment.doctor.speciality,
        start: &words(appointment.start),
        appointment: &appointment.id,
        until: &words(until),
        free: &free,
        link: &link,
    };
    tell(this, patient, &mail, None).await
}

async fn tell(
    this: &Scheduled,
    patient: &Patient,
    mail: &Mail<'_>,
    attachment: Option<Attachment>,
) -> Result<()> {
    let to = Addressee { email: &patient.email, account: &patient.account_id };
    post(this, to, mail, attachment).await.map(|_| ())
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
