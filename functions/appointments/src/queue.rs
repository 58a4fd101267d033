//! The day's queue of a doctor: what its operations have in common.

pub(crate) mod call_next;
pub(crate) mod read;
pub(crate) mod recall;
pub(crate) mod skip;
pub(crate) mod status;
pub(crate) mod walk_in;

use crate::Appointments;
use serde::Serialize;
use shared::{
    auth::Links,
    body,
    models::{
        AccountId, Appointment, AppointmentId, AppointmentStatus, Day, Instant, Queue,
        QueueRefusal, Token, TokenState, Waiting,
    },
    settlement::TRIES,
    store::Change,
    tenancy::{Grant, RunQueue, Tenant},
    web::{Code, Error, Json, Result, doctor_of},
};
use utoipa::ToSchema;

body! {
    /// Whose queue, and of which day.
    pub(crate) struct QueueRequest {
        /// The doctor; for the hospital's administrator only.
        doctor_id: Option<AccountId> = "doctorId",
        /// The hospital's day: today unless told, or yesterday, for a night's numbers are of the
        /// day on which their appointments begin.
        day: Option<Day> = "day",
    }
}

/// A patient's number, and where he sees how it goes on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ticket {
    /// From 1 each day.
    number: u32,
    /// The hospital's day whose number it is: the appointment's own, or of a walk-in today.
    day: Day,
    /// Good without a log-in: `GET /queue/status?link=…`.
    link: String,
}

/// What links to a place in a queue are sealed for.
pub(crate) const LINK: &str = "queue";

impl Ticket {
    pub(crate) fn of(
        links: &Links,
        tenant: &Tenant,
        (doctor, day): (&AccountId, Day),
        number: u32,
    ) -> Self {
        let about = format!("{doctor}/{}/{number}", String::from(day));
        Self { number, day, link: links.seal(LINK, tenant.membership(), &about) }
    }
}

/// The link to an appointment's number, while its patient is there.
pub(crate) fn link_of(
    links: &Links,
    tenant: &Tenant,
    appointment: &Appointment,
    now: Instant,
) -> Option<String> {
    let (doctor, day) = (&appointment.doctor.id, appointment.day);
    let there = appointment.status(now) == AppointmentStatus::CheckedIn
        && Queue::is_followed(day, tenant.zone().day(now));
    let number = appointment.token.filter(|_| there)?;
    Some(Ticket::of(links, tenant, (doctor, day), number).link)
}

/// Who is being seen.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Served {
    number: u32,
    patient: Waiting,
    /// Missing for one who walked in.
    #[serde(skip_serializing_if = "Option::is_none")]
    appointment_id: Option<AppointmentId>,
}

/// A number of the day, and whose it is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct QueueEntry {
    number: u32,
    state: TokenState,
    /// Whether its patient came without an appointment.
    walk_in: bool,
    patient: Waiting,
    /// Missing for one who walked in.
    #[serde(skip_serializing_if = "Option::is_none")]
    appointment_id: Option<AppointmentId>,
}

impl QueueEntry {
    fn of(token: Token) -> Self {
        Self {
            number: token.number,
            state: token.state,
            walk_in: token.appointment_id.is_none(),
            patient: token.patient,
            appointment_id: token.appointment_id,
        }
    }
}

/// A queue as those who run it see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QueueView {
    doctor_id: AccountId,
    day: Day,
    #[schema(required)]
    now_serving: Option<Served>,
    /// The numbers that wait, in order.
    waiting: Vec<u32>,
    /// The numbers that were not there when they were called.
    skipped: Vec<u32>,
    /// Every number of the day, in order; only where the queue is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<Vec<QueueEntry>>,
}

impl QueueView {
    fn of(queue: &Queue) -> Self {
        let skipped = queue.tokens.iter().filter(|token| token.state == TokenState::Skipped);
        Self {
            doctor_id: queue.doctor_id.clone(),
            day: queue.day,
            now_serving: queue.called().map(|token| Served {
                number: token.number,
                patient: token.patient.clone(),
                appointment_id: token.appointment_id.clone(),
            }),
            waiting: queue.waiting().map(|token| token.number).collect(),
            skipped: skipped.map(|token| token.number).collect(),
            entries: None,
        }
    }

    /// The same, with every number of the day.
    fn in_full(queue: Queue) -> Self {
        let view = Self::of(&queue);
        Self { entries: Some(queue.tokens.into_iter().map(QueueEntry::of).collect()), ..view }
    }
}

/// Changes a doctor's queue of a day: `decide` gives its next state.
pub(crate) async fn change(
    this: &Appointments,
    grant: &Grant<RunQueue>,
    (doctor, day): (Option<AccountId>, Option<Day>),
    decide: impl Fn(&Queue) -> Result<Queue, QueueRefusal>,
) -> Result<Json<QueueView>> {
    let (tenant, now) = (grant.own_tenant()?, this.core.clock.now());
    let doctor = doctor_of(grant, doctor)?;
    let day = Queue::day_run(day, tenant.zone().day(now));
    let day = day.map_err(|issue| Error::field("day", issue))?;
    let store = this.core.store.of(&tenant);
    for _ in 0..TRIES {
        let found = store.queue(&doctor, day).await?;
        let queue = found.ok_or_else(|| refused(QueueRefusal::NobodyWaits))?;
        let next = decide(&queue).map_err(refused)?;
        if store.change_queue(&next).await? == Change::Done {
            return Ok(Json(QueueView::of(&next)));
        }
    }
    Err(Error::conflict(Code::Conflict, "The queue is being changed by others; try again."))
}

fn refused(refusal: QueueRefusal) -> Error {
    match refusal {
        QueueRefusal::NobodyWaits => {
            Error::conflict(Code::NobodyWaits, "Nobody waits on that day.")
        }
        QueueRefusal::NobodyCalled => Error::conflict(Code::NobodyCalled, "Nobody is called."),
        QueueRefusal::NotSkipped => {
            Error::conflict(Code::NotSkipped, "Only a number that was skipped is called again.")
        }
    }
}

/// The day has no more numbers.
pub(crate) fn full() -> Error {
    Error::conflict(Code::QueueFull, "No more numbers are given today.")
}
