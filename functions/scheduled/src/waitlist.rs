//! The waiting lists: a slot that has opened, and is kept, is offered to the first whom it fits, or
//! let go; and an offer whose time is over goes to the next.

use crate::{BATCH, Scheduled, mails, trail::Act};
use shared::{
    models::{
        Hospital, Instant, Message, Notification, NotificationId, Offer, Patient, Slot, WaitEntry,
        can_be_offered,
    },
    store::{Change, HospitalStore, Offered, Queued},
    tenancy::Tenant,
    web::Result,
};
use std::collections::HashSet;

/// Offers what is kept, in a run that began at an instant. What cannot be, is no reason to leave out
/// the others: it opens by itself.
pub(crate) async fn offer(this: &Scheduled, begun: Instant) -> Result<usize> {
    let now = this.clock.now();
    let gate = this.store.gate();
    for (tenant, _, entry) in gate.lapsed_offers(now, BATCH).await? {
        if this.is_over(begun) {
            break;
        }
        if let Err(error) = pass(this, &tenant, &entry, now).await {
            let (dependency, cause) = error.told();
            tracing::error!(dependency, cause, entry = %entry.id, "an offer could not be ended");
        }
    }
    let mut mails = Vec::new();
    for (tenant, hospital, slot) in gate.kept_slots(BATCH).await? {
        if this.is_over(begun) {
            break;
        }
        match offer_one(this, (&tenant, &hospital), &slot, now).await {
            Ok(told) => mails.extend(told),
            Err(error) => {
                let (dependency, cause) = error.told();
                tracing::error!(dependency, cause, slot = %slot.id, "a slot could not be offered");
            }
        }
    }
    mails::send_new(this, &mails, begun).await?;
    Ok(mails.len())
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

/// Offers one slot to the first whom it fits, or each free seat of it to one; their mails. What is
/// offered to nobody opens.
async fn offer_one(
    this: &Scheduled,
    (tenant, hospital): (&Tenant, &Hospital),
    slot: &Slot,
    now: Instant,
) -> Result<Vec<NotificationId>> {
    let store = this.store.of(tenant);
    if !can_be_offered(slot, &Offer::of(hospital), now) {
        store.open_kept(slot).await?;
        return Ok(Vec::new());
    }
    let (mut after, mut asked) = (None, HashSet::new());
    let (mut mails, mut left) = (Vec::new(), slot.free_seats(now));
    while let Some(Queued { able, last }) = store.next_waiting(slot, after.as_ref(), BATCH).await? {
        after = Some(last);
        for entry in able {
            // Somebody may wait for it by several wishes.
            if !asked.insert(entry.patient.id.clone()) {
                continue;
            }
            let Some(patient) = who_may_come(&store, &entry, slot, now).await? else {
                continue;
            };
            let id = this.entropy.id(now)?;
            let Some(next) = entry.offers(slot, &patient.account_id, id, now) else {
                continue;
            };
            let others = slot.kept_until.filter(|_| left > 1);
            match offer_to(this, (&store, tenant), &next, (others, now)).await? {
                (Offered::Done, mail) => {
                    mails.push(mail);
                    left = left.saturating_sub(1);
                    if left == 0 {
                        return Ok(mails);
                    }
                }
                (Offered::Gone, _) => return Ok(mails),
                (Offered::Stale, _) => {}
            }
        }
    }
    store.open_kept(slot).await?;
    Ok(mails)
}

/// Who waits, if he can use a slot: he is not shut out, not somewhere else then, and did not give it
/// back himself.
async fn who_may_come(
    store: &HospitalStore,
    entry: &WaitEntry,
    slot: &Slot,
    now: Instant,
) -> Result<Option<Patient>> {
    let patient = store.patient(&entry.patient.id).await?;
    let Some(patient) = patient.filter(|one| !one.status.is_shut_out()) else {
        return Ok(None);
    };
    let in_vain = store.cannot_use(entry, slot, now).await?;
    Ok(Some(patient).filter(|_| !in_vain))
}

async fn offer_to(
    this: &Scheduled,
    (store, tenant): (&HospitalStore, &Tenant),
    next: &WaitEntry,
    (others, now): (Option<Instant>, Instant),
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
    let offered = store.offer_slot(next, &mail, (others, now)).await?;
    if offered != Offered::Done {
        this.came_to_nothing(&[act]).await?;
    }
    Ok((offered, id))
}
