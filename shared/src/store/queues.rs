//! The queues of one hospital's doctors: a document for each doctor and day.

use super::{
    Change, Error, HospitalStore, Result,
    appointments::version_before,
    scoped::Stored,
    transaction::{Ended, Tx, transact},
};
use crate::models::{
    AccountId, Appointment, AppointmentStatus, Day, Instant, Patient, Queue, Token, TokenState,
    Waiting,
};
use mongodb::bson::{Document, doc, serialize_to_bson};

impl Stored for Queue {
    const COLLECTION: &'static str = "queues";
}

/// What a step of a visit came to.
#[derive(Debug)]
pub enum Visited {
    /// The appointment as it is now.
    Done(Box<Appointment>),
    /// It had changed meanwhile: decide again.
    Stale,
    /// The patient is somewhere else at that time by now.
    PatientBusy,
    /// The day has no more numbers.
    QueueFull,
}

/// What giving a number to somebody who walked in came to.
#[derive(Debug)]
pub enum WalkedIn {
    /// His number, which is new.
    Given(u32),
    /// The number he has already.
    Waits(u32),
    /// The day has no more numbers.
    QueueFull,
}

fn of_day(doctor: &AccountId, day: Day) -> Document {
    doc! { "doctorId": doctor.as_str(), "day": String::from(day) }
}

/// The numbers there are, those that fit in another state.
fn with_state(fit: Document, state: TokenState) -> Document {
    let moved = doc! { "$mergeObjects": ["$$token", { "state": state.as_str() }] };
    let each = doc! { "$cond": [fit, moved, "$$token"] };
    let tokens = doc! { "$ifNull": ["$tokens", []] };
    doc! { "$map": { "input": tokens, "as": "token", "in": each } }
}

/// Gives the next number after those there are. The number is the server's to count, so that no two
/// get the same.
fn give(token: &Token, before: Document) -> Result<Vec<Document>> {
    let add = |field: &str| doc! { "$add": [{ "$ifNull": [field, 0] }, 1] };
    // What a name says is no expression.
    let token = doc! { "$literal": serialize_to_bson(token)? };
    let numbered = doc! { "$mergeObjects": [token, { "number": "$last" }] };
    let tokens = doc! { "$concatArrays": [before, [numbered]] };
    Ok(vec![
        doc! { "$set": { "version": add("$version"), "last": add("$last") } },
        doc! { "$set": { "tokens": tokens } },
    ])
}

/// Where the number of an appointment stands once that is so.
const fn state_with(status: AppointmentStatus) -> TokenState {
    match status {
        AppointmentStatus::CheckedIn => TokenState::Waiting,
        AppointmentStatus::Completed => TokenState::Done,
        _ => TokenState::Left,
    }
}

impl HospitalStore {
    /// The queue of a doctor's day, if anybody has come.
    pub async fn queue(&self, doctor: &AccountId, day: Day) -> Result<Option<Queue>> {
        self.scope.collection::<Queue>().await?.find_one(of_day(doctor, day)).await
    }

    /// Writes a queue's next state, unless it changed since that was decided.
    pub async fn change_queue(&self, next: &Queue) -> Result<Change> {
        let mut filter = of_day(&next.doctor_id, next.day);
        filter.insert("version", next.version.saturating_sub(1));
        let queues = self.scope.collection::<Queue>().await?;
        let replaced = queues.replace(filter, next, None).await?;
        Ok(if replaced { Change::Done } else { Change::Stale })
    }

    /// Gives a number to somebody who has walked in; one who waits already keeps his. Who was
    /// called and walks in again has been seen.
    pub async fn walk_in(
        &self,
        (doctor, day): (&AccountId, Day),
        patient: &Patient,
    ) -> Result<WalkedIn> {
        let queues = self.scope.collection::<Queue>().await?;
        let waits =
            doc! { "patient.id": patient.id.as_str(), "state": TokenState::Waiting.as_str() };
        let mut filter = of_day(doctor, day);
        filter.insert("tokens", doc! { "$not": { "$elemMatch": waits } });
        filter.insert("last", doc! { "$not": { "$gte": Queue::MOST } });
        let token = Token {
            number: 0,
            patient: Waiting { id: patient.id.clone(), name: patient.name.clone() },
            appointment_id: None,
            minutes: Queue::WALK_IN_MINUTES,
            state: TokenState::Waiting,
            called_at: None,
        };
        let called = doc! { "$and": [
            { "$eq": ["$$token.patient.id", patient.id.as_str()] },
            { "$eq": ["$$token.state", TokenState::Called.as_str()] },
        ] };
        // The day's first two may come at once; then the second finds the queue at the next try.
        let given = give(&token, with_state(called, TokenState::Done))?;
        let walk_in = async |tx: &mut Tx| {
            let queue = queues.upsert(filter.clone(), given.clone(), tx).await?;
            Ok(Ended::Commit(queue.last))
        };
        for _ in 0..4 {
            match transact!(self.scope.database(), |tx| walk_in(&mut tx)) {
                Ok(number) => return Ok(WalkedIn::Given(number)),
                Err(error) if error.is_duplicate_of("queue_day") => {}
                Err(error) => return Err(error),
            }
            let queue = self.queue(doctor, day).await?;
            let tokens = queue.as_ref().map_or(&[][..], |queue| queue.tokens.as_slice());
            let waits = |token: &&Token| {
                token.state == TokenState::Waiting && token.patient.id == patient.id
            };
            if let Some(known) = tokens.iter().find(waits) {
                return Ok(WalkedIn::Waits(known.number));
            }
            if queue.is_some_and(|queue| queue.last >= Queue::MOST) {
                return Ok(WalkedIn::QueueFull);
            }
        }
        Err(Error::Unavailable("a queue changed too often".to_owned()))
    }

    /// Writes the next state of an appointment on its day, and what it means for its number, in one
    /// transaction: checking in gives one.
    pub async fn change_visit(&self, next: &Appointment, now: Instant) -> Result<Visited> {
        let busy = |error: &Error| error.is_duplicate_of("appointment_busy");
        let changed = match self.try_to_visit(next, now).await {
            Err(error) if busy(&error) => {
                // The hold that is in the way may have run out without anybody noticing.
                self.expire_holds_of(&next.patient.id, &next.id, now).await?;
                self.try_to_visit(next, now).await
            }
            // The day's first two may be checked in at once.
            Err(error) if error.is_duplicate_of("queue_day") => self.try_to_visit(next, now).await,
            result => result,
        };
        match changed {
            Err(error) if busy(&error) => Ok(Visited::PatientBusy),
            Err(error) if error.is_duplicate_of("queue_day") => Ok(Visited::QueueFull),
            result => result,
        }
    }

    async fn try_to_visit(&self, next: &Appointment, now: Instant) -> Result<Visited> {
        let comes = next.status == AppointmentStatus::CheckedIn && next.token.is_none();
        if !comes && next.token.is_none() {
            return Ok(match self.change_appointment(next).await? {
                Change::Done => Visited::Done(Box::new(next.clone())),
                Change::Stale => Visited::Stale,
            });
        }
        let queues = self.scope.collection::<Queue>().await?;
        let appointments = self.scope.collection::<Appointment>().await?;
        let seconds = next.end.seconds_since(next.start);
        let token = Token {
            number: 0,
            patient: Waiting { id: next.patient.id.clone(), name: next.patient.name.clone() },
            appointment_id: Some(next.id.clone()),
            minutes: u32::try_from(seconds / 60).unwrap_or_default(),
            state: TokenState::Waiting,
            called_at: None,
        };
        let mut filter = of_day(&next.doctor.id, next.day);
        filter.insert("last", doc! { "$not": { "$gte": Queue::MOST } });
        let given = give(&token, doc! { "$ifNull": ["$tokens", []] })?;
        let change = async |tx: &mut Tx| {
            let mut next = next.clone();
            if comes {
                let queue = queues.upsert(filter.clone(), given.clone(), tx).await?;
                next.token = Some(queue.last);
            } else {
                self.note_token(&next, tx).await?;
                if next.status == AppointmentStatus::Confirmed {
                    self.run_leaves_again(&next, now, tx).await?;
                }
            }
            if !appointments.replace(version_before(&next), &next, Some(tx)).await? {
                return Ok(Ended::Abort(Visited::Stale));
            }
            Ok(Ended::Commit(Visited::Done(Box::new(next))))
        };
        transact!(self.scope.database(), |tx| change(&mut tx))
    }

    /// Notes in the queue what became of an appointment that has a number. One it had there before
    /// it was moved away and back stays as it is.
    pub(super) async fn note_token(&self, next: &Appointment, tx: &mut Tx) -> Result<()> {
        let Some(number) = next.token else {
            return Ok(());
        };
        let queues = self.scope.collection::<Queue>().await?;
        let mut filter = of_day(&next.doctor.id, next.day);
        filter.insert("tokens.appointmentId", next.id.as_str());
        let own = doc! { "$and": [
            { "$eq": ["$$token.appointmentId", next.id.as_str()] },
            { "$eq": ["$$token.number", number] },
        ] };
        let tokens = with_state(own, state_with(next.status));
        let version = doc! { "$add": ["$version", 1] };
        let set = vec![doc! { "$set": { "tokens": tokens, "version": version } }];
        queues.update(filter, set, Some(tx)).await?;
        Ok(())
    }
}
