//! The waiting lists: a slot that was given back, and is kept, is offered to the first whom it
//! fits, or opened; and an offer whose time is over goes to the next.

use crate::{BATCH, Scheduled, mails, trail::Act};
use shared::{
    models::{
        AccountStatus, Hospital, Instant, Message, Notification, NotificationId, Offer, Patient,
        Slot, WaitEntry,
    },
    store::{Change, HospitalStore, Offered},
    tenancy::Tenant,
    web::Result,
};

/// Offers what is kept. What cannot be, is no reason to leave out the others: it opens by itself.
pub(crate) async fn offer(this: &Scheduled) -> Result<usize> {
    let now = this.clock.now();
    let gate = this.store.gate();
    for (tenant, _, entry) in gate.lapsed_offers(now, BATCH).await? {
        if let Err(error) = pass(this, &tenant, &entry, now).await {
            tracing::error!(?error, entry = %entry.id, "an offer could not be ended");
        }
    }
    let (mut offered, mut mails) = (0, Vec::new());
    for (tenant, hospital, slot) in gate.kept_slots(BATCH).await? {
        match offer_one(this, (&tenant, &hospital), &slot, now).await {
            Ok(Some(mail)) => {
                offered += 1;
                mails.push(mail);
            }
            Ok(None) => {}
            Err(error) => tracing::error!(?error, slot = %slot.id, "a slot could not be offered"),
        }
    }
    mails::send_new(this, &mails).await?;
    Ok(offered)
}

/// Ends an offer whose time is over. Who took it at the last moment has changed the entry.
async fn pass(
    this: &Scheduled,
    tenant: &Tenant,
    entry: &WaitEntry,
    now: Instant,
) -> Result<Change> {
    match entry.passes(now) {
        Some(next) => Ok(this.store.of(tenant).leave_offer(entry, &next, now).await?),
        None => Ok(Change::Stale),
    }
}

/// Offers one slot to the first whom it fits; his mail. Otherwise it opens.
async fn offer_one(
    this: &Scheduled,
    (tenant, hospital): (&Tenant, &Hospital),
    slot: &Slot,
    now: Instant,
) -> Result<Option<NotificationId>> {
    let store = this.store.of(tenant);
    let rules = Offer {
        rules: hospital.booking,
        holidays: hospital.holidays.clone(),
        zone: tenant.zone().clone(),
    };
    if slot.is_shut() || rules.check(slot, true, now).is_err() {
        store.open_kept(slot).await?;
        return Ok(None);
    }
    let mut after = None;
    loop {
        let found = store.next_waiting(slot, after.as_ref(), BATCH).await?;
        let Some(last) = found.last() else {
            store.open_kept(slot).await?;
            return Ok(None);
        };
        after = Some(last.id.clone());
        for entry in found {
            let Some(next) = entry.offers(slot, this.entropy.id(now)?, now) else {
                continue;
            };
            if !may_come(&store, &entry, slot, now).await? {
                continue;
            }
            match offer_to(this, (&store, tenant), &next, now).await? {
                (Offered::Done, mail) => return Ok(Some(mail)),
                (Offered::Gone, _) => return Ok(None),
                (Offered::Stale, _) => {}
            }
        }
    }
}

/// Whether somebody on the list can use a slot: he is not shut out, and not somewhere else then.
async fn may_come(
    store: &HospitalStore,
    entry: &WaitEntry,
    slot: &Slot,
    now: Instant,
) -> Result<bool> {
    let patient = store.patient(&entry.patient.id).await?;
    let shut_out =
        |one: &Patient| matches!(one.status, AccountStatus::Blocked | AccountStatus::Deactivated);
    if patient.as_ref().is_none_or(shut_out) {
        return Ok(false);
    }
    Ok(!store.is_busy(&entry.patient.id, slot, now).await?)
}

async fn offer_to(
    this: &Scheduled,
    (store, tenant): (&HospitalStore, &Tenant),
    next: &WaitEntry,
    now: Instant,
) -> Result<(Offered, NotificationId)> {
    let id: NotificationId = this.entropy.id(now)?;
    let Some(offer) = next.offer.clone() else {
        return Ok((Offered::Stale, id));
    };
    let about = [next.id.as_str(), next.patient.id.as_str(), offer.slot_id.as_str()];
    let owner = Some(tenant.hospital().clone());
    let act = Act { owner, name: "waitlist", about: about.map(str::to_owned).to_vec() };
    this.begin(std::slice::from_ref(&act)).await?;
    let until = offer.until;
    let message = Message::SlotOffered {
        entry: next.id.clone(),
        patient: next.patient.name.clone(),
        offer: Box::new(offer),
    };
    let mail = Notification::until(id.clone(), &next.account_id, message, now, until);
    let offered = store.offer_slot(next, &mail, now).await?;
    if offered != Offered::Done {
        this.came_to_nothing(&[act]).await?;
    }
    Ok((offered, id))
}
