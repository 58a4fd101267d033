//! Mails to the owners of accounts.

use crate::{BATCH, Scheduled, post::post, trail::Act};
use shared::{
    models::{
        Account, Hospital, Instant, Message, Notification, NotificationId, OtpPurpose,
        WAITLIST_LINK, Zone,
    },
    outbound::{Addressee, Mail, time_for_people},
    store::Addressed,
    tenancy::Tenant,
    web::{Error, Result},
};

/// Sends what is due, the longest due first; owners whose passwords were locked are told too.
pub(crate) async fn send_due(this: &Scheduled) -> Result<usize> {
    let now = this.clock.now();
    if let Err(error) = this.store.gate().tell_of_locks(now, || this.entropy.id(now)).await {
        let error = Error::from(error);
        let (dependency, cause) = error.told();
        tracing::error!(dependency, cause, "owners of locked passwords are told later");
    }
    let mut sent = 0;
    for _ in 0..BATCH {
        if this.is_over(now) {
            break;
        }
        let due = this.store.gate().take_due_notification(this.clock.now()).await?;
        let Some(addressed) = due else {
            break;
        };
        sent += send(this, &addressed).await?;
    }
    Ok(sent)
}

/// Sends these, which were just written in a run that began at an instant, unless somebody is at it.
/// What is left is due.
pub(crate) async fn send_new(
    this: &Scheduled,
    mails: &[NotificationId],
    begun: Instant,
) -> Result<usize> {
    let mut sent = 0;
    for id in mails {
        if this.is_over(begun) {
            break;
        }
        let taken = this.store.gate().take_new_notification(id, this.clock.now()).await?;
        if let Some(addressed) = taken {
            sent += send(this, &addressed).await?;
        }
    }
    Ok(sent)
}

/// Sends a mail that was taken. One that cannot go now is put off, and the others go on.
async fn send(this: &Scheduled, addressed: &Addressed) -> Result<usize> {
    let (gate, mail) = (this.store.gate(), &addressed.notification);
    match send_one(this, addressed).await {
        Ok(done) => {
            gate.drop_notification(&mail.id).await?;
            Ok(usize::from(done))
        }
        Err(error) => {
            let (dependency, cause) = error.told();
            tracing::error!(dependency, cause, mail = %mail.id, "a mail is put off");
            gate.postpone_notification(mail, this.clock.now()).await?;
            Ok(0)
        }
    }
}

/// Sends one mail; whether there was anybody to send it to.
async fn send_one(this: &Scheduled, addressed: &Addressed) -> Result<bool> {
    let Addressed { notification, account: Some(account), hospital } = addressed else {
        return Ok(false);
    };
    if !notification.is_of_use(this.clock.now()) {
        tracing::warn!(mail = %notification.id, "a mail came too late to be sent");
        return Ok(false);
    }
    let owner = hospital.as_ref().map(|(tenant, _)| tenant.hospital().clone());
    let act = Act { owner, name: "mails", about: vec![account.id.as_str().to_owned()] };
    this.begin(std::slice::from_ref(&act)).await?;
    let place = match hospital {
        Some((tenant, hospital)) => (hospital.name.as_str(), tenant.zone().clone()),
        None => ("MediConnect", Zone::default()),
    };
    let of = hospital.as_ref();
    let sent = deliver(this, notification, account, (&place, of)).await;
    if !matches!(sent, Ok(true)) {
        this.came_to_nothing(&[act]).await?;
    }
    sent
}

async fn deliver(
    this: &Scheduled,
    notification: &Notification,
    account: &Account,
    ((hospital, zone), of): (&(&str, Zone), Option<&(Tenant, Hospital)>),
) -> Result<bool> {
    let to = Addressee { email: &account.email, account: &account.id };
    let (name, hospital, minutes) = (&account.name, *hospital, 10);
    match &notification.message {
        Message::Otp { purpose, nonce } => {
            let Some(code) = this.otps.code(*purpose, &account.id, nonce) else {
                return Ok(false);
            };
            let otp = code.expose();
            let mail = match purpose {
                OtpPurpose::LogIn => Mail::LogInOtp { name, hospital, otp, minutes },
                OtpPurpose::Reset => Mail::ResetOtp { name, hospital, otp, minutes },
            };
            post(this, to, &mail, None).await
        }
        Message::FamilyMember { member } => {
            post(this, to, &Mail::FamilyMember { name, hospital, member }, None).await
        }
        Message::Imported { file, rows, trial, failed } => {
            let (file, trial, failed) = (file.as_str(), *trial, *failed);
            let mail = Mail::ImportEnded { name, hospital, file, rows, trial, failed };
            post(this, to, &mail, None).await
        }
        Message::SlotOffered { entry, patient, offer } => {
            let Some((tenant, _)) = of else {
                return Ok(false);
            };
            let about = format!("{entry}/{}", offer.appointment_id);
            let link = this.links.seal(WAITLIST_LINK, tenant.membership(), &about);
            let mail = Mail::SlotFree {
                patient,
                hospital,
                doctor: &offer.doctor.name,
                speciality: &offer.doctor.speciality,
                start: &time_for_people(offer.start, zone),
                fee: offer.fee,
                until: &time_for_people(offer.until, zone),
                link: &link,
            };
            post(this, to, &mail, None).await
        }
        Message::Locked { until } => {
            let until = time_for_people(*until, zone);
            let mail = Mail::PasswordLocked { name, hospital, until: &until };
            post(this, to, &mail, None).await
        }
    }
}
