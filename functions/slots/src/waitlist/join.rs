//! `POST /waitlist`: a patient waits for a slot to become free.

use crate::{Slots, patient::choose, waitlist::WaitView};
use axum::extract::State;
use shared::{
    body,
    models::{
        AccountId, Day, Instant, Issue, IssueCode, PatientId, Span, Speciality, WaitEntry,
        WaitStatus, Waiting, Wanted,
    },
    tenancy::{Grant, JoinWaitlist, Tenant},
    web::{Body, Code, Created, Error, FieldError, Refusals, Result},
};

body! {
    /// What for, and when: a doctor, or a speciality.
    pub(crate) struct WaitWish {
        /// The doctor.
        doctor_id: Option<AccountId> = "doctorId",
        /// Or any doctor of this speciality.
        speciality: Option<Speciality> = "speciality",
        /// From this day on.
        from: Day = "from",
        /// Up to this day, it included; at most 92 days.
        to: Day = "to",
        /// For whom; needed only when the account acts for several patients.
        patient_id: Option<PatientId> = "patientId",
    }
}

/// Waits for a slot. When one becomes free it is kept for the first whom it fits, who is told by
/// mail and has a quarter of an hour to take it with one click; then it goes to the next. The same
/// wish twice is the same entry.
#[utoipa::path(
    post, path = "/waitlist", tag = "waitlist", security(("bearer" = [])), request_body = WaitWish,
    responses((status = 201, description = "On the list", body = WaitView), Refusals),
)]
pub(crate) async fn join(
    State(slots): State<Slots>,
    grant: Grant<JoinWaitlist>,
    Body(wish): Body<WaitWish>,
) -> Result<Created<WaitView>> {
    let (tenant, now) = (grant.own_tenant()?, slots.core.clock.now());
    let store = slots.core.store.of(&tenant);
    let wanted = wanted(wish.doctor_id, wish.speciality)?;
    let during = during((wish.from, wish.to), &tenant, now)?;
    let (patients, known) =
        tokio::join!(store.patients_of(grant.account()), store.wishes_of(grant.account(), now));
    let patient = choose(patients?, wish.patient_id)?;
    if let Wanted::DoctorId(doctor) = &wanted {
        let account = store.account(doctor).await?.ok_or(Error::NotFound)?;
        account.doctor.ok_or(Error::NotFound)?;
    }
    let entry = WaitEntry {
        id: slots.core.entropy.id(now)?,
        version: 1,
        patient: Waiting { id: patient.id, name: patient.name },
        account_id: patient.account_id,
        wanted,
        from: wish.from,
        to: wish.to,
        during: during.into(),
        status: WaitStatus::Waiting,
        offer: None,
        passed: Vec::new(),
        appointment_id: None,
        created_at: now,
    };
    let most = usize::try_from(WaitEntry::MOST).unwrap_or_default();
    if known? >= most && store.same_wish(&entry).await?.is_none() {
        let detail = "You wait for twenty slots already; leave one of these lists first.";
        return Err(Error::conflict(Code::WaitlistFull, detail));
    }
    let joined = store.join_waitlist(&entry, now).await?;
    Ok(Created(WaitView::of(joined, &tenant, now)))
}

fn wanted(doctor: Option<AccountId>, speciality: Option<Speciality>) -> Result<Wanted> {
    match (doctor, speciality) {
        (Some(doctor), None) => Ok(Wanted::DoctorId(doctor)),
        (None, Some(speciality)) => Ok(Wanted::Speciality(speciality)),
        (None, None) => {
            let issue = Issue::new(IssueCode::Required, "is required, or speciality");
            Err(Error::field("doctorId", issue))
        }
        (Some(_), Some(_)) => {
            let issue = Issue::invalid("must not be given together with doctorId");
            Err(Error::field("speciality", issue))
        }
    }
}

/// The days as time.
fn during((from, to): (Day, Day), tenant: &Tenant, now: Instant) -> Result<Span> {
    let refused = |message: &'static str| {
        Error::Invalid(vec![FieldError::new("to", Issue::invalid(message))])
    };
    let (start, end) = (tenant.zone().bounds(from).0, tenant.zone().bounds(to).1);
    if to < from {
        return Err(refused("must not be before from"));
    }
    if end <= now {
        return Err(refused("must not be in the past"));
    }
    if to.days_since(from) >= WaitEntry::MOST_DAYS {
        return Err(refused("must be less than 92 days after from"));
    }
    Ok(Span { start, end })
}
