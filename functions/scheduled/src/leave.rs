//! Doctors' leaves: each appointment of one is called off, or its patient is asked; and where a
//! leave was taken back, those who were asked are told that their appointments stand, and its time
//! is offered to those who wait. Each is one write by itself, so that whoever is killed has done what
//! he has done, and the next goes on.

use crate::{BATCH, Scheduled, trail::Act, waitlist};
use shared::{
    models::{Appointment, Instant, Leave, LeaveStatus, NewIds},
    settlement::{self, TRIES},
    store::{Change, HospitalStore, Place},
    tenancy::{Reach, Tenant},
    web::Result,
};

/// How many appointments one run settles of a leave; the rest waits for the next.
const MOST: usize = 1000;

/// Settles the leaves that are due. One that cannot be is no reason to leave out the others.
pub(crate) async fn settle(this: &Scheduled) -> Result<usize> {
    let due = this.store.gate().due_leaves(this.clock.now(), BATCH).await?;
    let (begun, mut settled, mut opened) = (this.clock.now(), 0, false);
    for (tenant, leave) in due {
        if this.is_over(begun) {
            break;
        }
        opened |= leave.status == LeaveStatus::TakenBack;
        let store = this.store.of(&tenant);
        let done = match leave.status {
            LeaveStatus::TakenBack => stand(this, &store, &tenant, &leave).await,
            LeaveStatus::Running | LeaveStatus::Done => {
                go(this, (&store, &tenant), &leave, begun).await
            }
        };
        match done {
            Ok(count) => settled += count,
            Err(error) => {
                let (dependency, cause) = error.told();
                tracing::error!(dependency, cause, leave = %leave.id, "a leave waits");
            }
        }
    }
    if opened {
        Box::pin(waitlist::offer(this, begun)).await?;
    }
    Ok(settled)
}

/// Calls off, or asks, one after the other.
async fn go(
    this: &Scheduled,
    (store, tenant): (&HospitalStore, &Tenant),
    leave: &Leave,
    begun: Instant,
) -> Result<usize> {
    let (now, mut settled, mut after, mut all) = (this.clock.now(), 0, None, true);
    while settled < MOST && !this.is_over(begun) {
        let found = store.unsettled(leave, after.as_ref(), BATCH, now).await?;
        let Some(last) = found.last() else {
            if all {
                store.end_leave(leave, now).await?;
            }
            return Ok(settled);
        };
        after = Some(Place { key: last.start.millis(), id: last.id.as_str().to_owned() });
        this.begin(&acts(tenant, leave, &found)).await?;
        for appointment in found {
            let done =
                decide(this, store, leave, appointment, |one, ids| one.on_leave(leave, ids, now));
            match done.await? {
                Change::Done => settled += 1,
                Change::Stale => all = false,
            }
        }
    }
    Ok(settled)
}

/// Tells those who were asked that their appointments stand.
async fn stand(
    this: &Scheduled,
    store: &HospitalStore,
    tenant: &Tenant,
    leave: &Leave,
) -> Result<usize> {
    let (now, mut settled) = (this.clock.now(), 0);
    let found = store.undecided(&leave.id, BATCH).await?;
    this.begin(&acts(tenant, leave, &found)).await?;
    let all = i64::try_from(found.len()).unwrap_or(i64::MAX) < BATCH;
    for appointment in found {
        let next = appointment.leave_taken_back(&leave.id, new_ids(this, now)?, now);
        if let Some(next) = next
            && store.change_appointment(&next).await? == Change::Done
        {
            settled += 1;
        }
    }
    if all && store.undecided(&leave.id, 1).await?.is_empty() {
        store.end_leave(leave, now).await?;
    }
    Ok(settled)
}

/// Writes what is decided of an appointment, anew if it changed meanwhile. Stale, if it changes too
/// often, or the leave was taken back.
async fn decide(
    this: &Scheduled,
    store: &HospitalStore,
    leave: &Leave,
    appointment: Appointment,
    next: impl Fn(&Appointment, NewIds) -> Option<Appointment>,
) -> Result<Change> {
    let mut current = appointment;
    for _ in 0..TRIES {
        let Some(next) = next(&current, new_ids(this, this.clock.now())?) else {
            return Ok(Change::Done);
        };
        if store.settle_leave(&leave.id, &next, this.clock.now()).await? == Change::Done {
            return Ok(Change::Done);
        }
        let Some(again) = store.appointment(&current.id, &Reach::Hospital).await? else {
            return Ok(Change::Done);
        };
        if again.version == current.version {
            return Ok(Change::Stale);
        }
        current = again;
    }
    Ok(Change::Stale)
}

fn new_ids(this: &Scheduled, now: Instant) -> Result<NewIds> {
    settlement::new_ids(this.entropy, now)
}

fn acts(tenant: &Tenant, leave: &Leave, found: &[Appointment]) -> Vec<Act> {
    let about = |one: &Appointment| {
        [leave.id.as_str(), one.id.as_str(), one.patient.id.as_str()].map(str::to_owned).to_vec()
    };
    let owner = || Some(tenant.hospital().clone());
    let act = |one: &Appointment| Act { owner: owner(), name: "leave", about: about(one) };
    found.iter().map(act).collect()
}
