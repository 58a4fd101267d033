//! `POST /slots/set`: a doctor's hours become slots.

use crate::Slots;
use axum::extract::State;
use serde::Serialize;
use shared::{
    body,
    models::{
        Account, AccountId, BufferMinutes, Capacity, Day, DaysAhead, DoctorRef, FeeTerms, Hours,
        Issue, IssueCode, Money, Narrowing, NoticeMinutes, Offer, Planned, Schedule,
        ScheduleRefusal, Slot, SlotId, SlotMinutes, SlotStatus, TimeOfDay, WeekDay, WeeklyWindow,
        Window,
    },
    store::{HospitalStore, Published},
    tenancy::{Grant, PublishSlots, Tenant},
    web::{Body, Code, Created, Error, FieldError, Refusals, Result, SlotView, doctor_of},
};
use utoipa::ToSchema;

body! {
    /// A time between, in which there are no slots.
    pub(crate) struct BreakWish {
        /// From when.
        from: TimeOfDay = "from",
        /// To when.
        to: TimeOfDay = "to",
    }
}

body! {
    /// Hours on one day of the week.
    pub(crate) struct WeeklyWish {
        /// Which one.
        day: WeekDay = "day",
        /// From when.
        from: TimeOfDay = "from",
        /// To when.
        to: TimeOfDay = "to",
        /// Whether `to` is on the next day.
        overnight: Option<bool> = "overnight",
        /// Times between, in which there are no slots; of an overnight window, those before `from`
        /// are on the next day.
        breaks: Option<Vec<BreakWish>> = "breaks",
    }
}

body! {
    /// Hours on one day: `date`, `from`, `to`; or of every week: `startDate`, `endDate`, `weekly`.
    pub(crate) struct SlotWish {
        /// The doctor; for the hospital's administrator only.
        doctor_id: Option<AccountId> = "doctorId",
        /// The day.
        date: Option<Day> = "date",
        /// From when.
        from: Option<TimeOfDay> = "from",
        /// To when.
        to: Option<TimeOfDay> = "to",
        /// Whether `to` is on the next day.
        overnight: Option<bool> = "overnight",
        /// The first day.
        start_date: Option<Day> = "startDate",
        /// The last day.
        end_date: Option<Day> = "endDate",
        /// The hours of the week.
        weekly: Option<Vec<WeeklyWish>> = "weekly",
        /// How long a slot is, 5 to 480 minutes.
        slot_minutes: SlotMinutes = "slotMinutes",
        /// What is kept free after each slot, 0 to 240 minutes.
        buffer_minutes: Option<BufferMinutes> = "bufferMinutes",
        /// How long before its start a slot is booked at the latest, where the hospital asks for
        /// less.
        min_notice_minutes: Option<NoticeMinutes> = "minNoticeMinutes",
        /// How many days ahead a slot may be booked, where the hospital allows more; 0 is today.
        max_days_ahead: Option<DaysAhead> = "maxDaysAhead",
        /// How many may come to each slot, 1 to 100; 1 unless told.
        capacity: Option<Capacity> = "capacity",
        /// Whether this takes the place of what was published for these days before: open slots of
        /// their hours that are not among these go. A night's are of the day on which it begins.
        replace: Option<bool> = "replace",
    }
}

/// What was published.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SlotsSet {
    /// How many are new.
    created: usize,
    /// How many were there.
    unchanged: usize,
    /// How many open ones went, because they were replaced.
    removed: usize,
    /// Replaced, but held or booked: they stay, and nothing was published over them.
    staying: Vec<SlotView>,
    /// Days for which nothing was published: the hospital is closed.
    holidays: Vec<Day>,
    /// All of them, by start.
    slots: Vec<SlotView>,
}

/// Publishes slots: all of them, or none if one overlaps another of the doctor's. Publishing the
/// same again changes nothing. With `replace` they take the place of what was published for these
/// days before, as far as that is open; what stays is not sold again once it is given back. Nothing
/// is published for the hospital's holidays. What somebody on the waiting list can be offered is kept
/// for him at once. One request is for 1000 slots at most; a rule that makes more is published in
/// parts, each for other days.
#[utoipa::path(
    post, path = "/slots/set", tag = "slots", security(("bearer" = [])), request_body = SlotWish,
    responses((status = 201, description = "Published", body = SlotsSet), Refusals),
)]
pub(crate) async fn set(
    State(slots): State<Slots>,
    grant: Grant<PublishSlots>,
    Body(wish): Body<SlotWish>,
) -> Result<Created<SlotsSet>> {
    let (tenant, now) = (grant.own_tenant()?, slots.core.clock.now());
    let store = slots.core.store.of(&tenant);
    let doctor_id = doctor_of(&grant, wish.doctor_id.clone())?;
    let replace = wish.replace.unwrap_or_default();
    let capacity = wish.capacity.unwrap_or_default();
    let narrowing = Narrowing {
        min_notice_minutes: wish.min_notice_minutes.map(NoticeMinutes::get),
        max_days_ahead: wish.max_days_ahead.map(DaysAhead::get),
    };
    let schedule = wish.schedule().map_err(Error::Invalid)?;
    let mut planned = schedule
        .plan(tenant.zone(), (replace, now))
        .map_err(|refusal| schedule_refused(&schedule, refusal))?;
    let replaced = replace.then(|| schedule.replaced(tenant.zone()));
    let (doctor, hospital) =
        tokio::join!(bookable_doctor(&store, &doctor_id), store.hospital(&tenant));
    let (doctor, hospital) = (doctor?, hospital?.ok_or(Error::NotFound)?);
    let holidays = hospital.holidays.clear(&mut planned, tenant.zone());
    let make = |planned: Planned| {
        let slot = doctor.open_slot(slots.core.entropy.id(now)?, planned, narrowing, &tenant);
        Ok(Slot { capacity, ..slot })
    };
    let shown = |slots: &[Slot]| -> Vec<SlotView> {
        slots.iter().map(|slot| SlotView::of(slot, &tenant, now)).collect()
    };
    let with = (replaced, &Offer::of(&hospital), now);
    match store.publish_slots(&doctor_id, &planned, with, make).await? {
        Published::Done { created, unchanged, removed, staying } => {
            if created.iter().any(|slot| slot.kept_until.is_some()) {
                slots.jobs.start(&slots.core, "waitlist").await;
            }
            Ok(Created(SlotsSet {
                created: created.len(),
                unchanged: unchanged.len(),
                removed,
                staying: shown(&staying),
                holidays,
                slots: shown(&by_start(created, unchanged)),
            }))
        }
        Published::Clash(clashes) => {
            let clashes = shown(&clashes);
            let detail = "These slots of the doctor are in the way; nothing was published.";
            Err(Error::conflict_with(Code::SlotOverlap, detail, "clashes", clashes))
        }
    }
}

fn by_start(created: Vec<Slot>, unchanged: Vec<Slot>) -> Vec<Slot> {
    let mut all = created;
    all.extend(unchanged);
    all.sort_by_key(|slot| slot.start);
    all
}

/// What every slot of a doctor has in common.
struct Bookable {
    doctor: DoctorRef,
    fee: Money,
    terms: FeeTerms,
}

impl Bookable {
    fn open_slot(
        &self,
        id: SlotId,
        Planned { span, of }: Planned,
        narrowing: Narrowing,
        tenant: &Tenant,
    ) -> Slot {
        let day = tenant.zone().day(span.start);
        let (opens_at, closes_at) = narrowing.of((day, span.start), tenant.zone());
        Slot {
            id,
            doctor: self.doctor.clone(),
            start: span.start,
            end: span.end,
            day,
            night_of: (of != day).then_some(of),
            fee: self.fee,
            terms: self.terms.clone(),
            status: SlotStatus::Open,
            hold_expires_at: None,
            appointment_id: None,
            withdrawn: false,
            leaves: Vec::new(),
            wanted: false,
            kept_until: None,
            opens_at,
            closes_at,
            capacity: Capacity::default(),
            seats: Vec::new(),
        }
    }
}

async fn bookable_doctor(store: &HospitalStore, id: &AccountId) -> Result<Bookable> {
    let account = store.account(id).await?.ok_or(Error::NotFound)?;
    let Account { id, name, status, doctor: Some(profile), .. } = account else {
        return Err(Error::NotFound);
    };
    if status.is_shut_out() {
        return Err(Error::conflict(
            Code::DoctorNotActive,
            "The doctor's account is blocked or closed.",
        ));
    }
    Ok(Bookable {
        doctor: DoctorRef { id, name, speciality: profile.speciality },
        fee: profile.fee,
        terms: profile.terms,
    })
}

impl SlotWish {
    /// The schedule that is wished for: either form, and not a mixture.
    fn schedule(self) -> std::result::Result<Schedule, Vec<FieldError>> {
        let (slot, buffer) = (self.slot_minutes, self.buffer_minutes.unwrap_or_default());
        let single = [self.from.is_some(), self.to.is_some(), self.overnight.is_some()];
        let once = self.date.is_some() || single.contains(&true);
        let weekly = self.start_date.is_some() || self.end_date.is_some() || self.weekly.is_some();
        let mut wants = Wants::default();
        let hours = match (once, weekly) {
            (true, true) => {
                wants.fault("weekly", "must not be given together with date, from and to");
                None
            }
            (_, true) => {
                let start = wants.need("startDate", self.start_date);
                let end = wants.need("endDate", self.end_date);
                let weekly = wants.need("weekly", self.weekly).map(|days| wants.weekly(days));
                start.zip(end).zip(weekly).map(|((start, end), weekly)| Hours::Weekly {
                    start,
                    end,
                    weekly,
                })
            }
            (_, false) => {
                let date = wants.need("date", self.date);
                let from = wants.need("from", self.from);
                let to = wants.need("to", self.to);
                let overnight = self.overnight.unwrap_or_default();
                let times = from.zip(to);
                let window = times.and_then(|times| wants.window("to", times, overnight));
                date.zip(window).map(|(date, window)| Hours::Single { date, window })
            }
        };
        match hours {
            Some(hours) if wants.faults.is_empty() => Ok(Schedule { hours, slot, buffer }),
            _ => Err(wants.faults),
        }
    }
}

/// Collects what is wanting.
#[derive(Default)]
struct Wants {
    faults: Vec<FieldError>,
}

impl Wants {
    fn fault(&mut self, field: impl Into<String>, message: &'static str) {
        self.faults.push(FieldError::new(field, Issue::invalid(message)));
    }

    fn need<T>(&mut self, field: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.faults
                .push(FieldError::new(field, Issue::new(IssueCode::Required, "is required")));
        }
        value
    }

    fn window(
        &mut self,
        field: impl Into<String>,
        (from, to): (TimeOfDay, TimeOfDay),
        overnight: bool,
    ) -> Option<Window> {
        let new = if overnight { Window::overnight } else { Window::new };
        new(from, to).map_err(|issue| self.faults.push(FieldError::new(field, issue))).ok()
    }

    fn weekly(&mut self, days: Vec<WeeklyWish>) -> Vec<WeeklyWindow> {
        if days.is_empty() || days.len() > 50 {
            self.fault("weekly", "must have 1 to 50 entries");
        }
        let mut weekly = Vec::new();
        for (index, wish) in days.into_iter().enumerate() {
            let at = format!("weekly[{index}]");
            let overnight = wish.overnight.unwrap_or_default();
            let window = self.window(format!("{at}.to"), (wish.from, wish.to), overnight);
            let mut breaks = Vec::new();
            for (number, wished) in wish.breaks.unwrap_or_default().into_iter().enumerate() {
                let pause = match window {
                    Some(window) => window.pause(wished.from, wished.to),
                    None => continue,
                };
                match pause {
                    Ok(pause) => breaks.push(pause),
                    Err(issue) => {
                        let field = format!("{at}.breaks[{number}].to");
                        self.faults.push(FieldError::new(field, issue));
                    }
                }
            }
            weekly.extend(window.map(|window| WeeklyWindow { day: wish.day, window, breaks }));
        }
        weekly
    }
}

fn schedule_refused(schedule: &Schedule, refusal: ScheduleRefusal) -> Error {
    let (first, last) = match schedule.hours {
        Hours::Single { .. } => ("date", "to"),
        Hours::Weekly { .. } => ("startDate", "endDate"),
    };
    let (field, message) = match refusal {
        ScheduleRefusal::InPast => (first, "must not be before today"),
        ScheduleRefusal::Begun => (last, "must leave a slot that has not begun"),
        ScheduleRefusal::TooFar => (
            if last == "to" { first } else { last },
            "must be within a year, and not before the first day",
        ),
        ScheduleRefusal::Empty => (last, "leaves no room for a slot"),
        ScheduleRefusal::TooMany => (last, "asks for more than 1000 slots at once"),
        ScheduleRefusal::Overlapping => ("weekly", "has windows that overlap"),
    };
    Error::field(field, Issue::invalid(message))
}
