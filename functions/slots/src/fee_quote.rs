//! `GET /fees/quote`: what a visit would cost, and why.

use crate::{Slots, patient};
use axum::extract::State;
use serde::Serialize;
use shared::{
    models::{
        AccountId, AppointmentId, Day, EarlierVisit, FeeQuote, Instant, Issue, IssueCode, Money,
        Patient, PatientId, Role, SlotId, VisitType,
    },
    query,
    store::HospitalStore,
    tenancy::{Grant, QuoteFee, Tenant},
    web::{Error, Json, Query, Refusals, Result},
};
use utoipa::ToSchema;

query! {
    /// What visit.
    pub(crate) struct FeeQuery {
        /// In this slot.
        slot_id: Option<SlotId> = "slotId",
        /// Or with this doctor today, by his terms of this moment.
        doctor_id: Option<AccountId> = "doctorId",
        /// Whose; an account that acts for one patient need not say.
        patient_id: Option<PatientId> = "patientId",
        /// What kind; a consultation unless told.
        visit_type: Option<VisitType> = "visitType",
    }
}

/// What a visit costs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FeeQuoteView {
    /// What booking it now would cost.
    fee: Money,
    /// What it would cost if it followed no earlier visit.
    full_fee: Money,
    visit_type: VisitType,
    /// The rule in words.
    rule: String,
    /// Which follow-up it would be, if it costs less for that.
    #[schema(required)]
    follow_up: Option<FollowUpView>,
}

/// Which of the visits after a consultation one is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FollowUpView {
    /// The consultation it follows.
    of: AppointmentId,
    /// From 1.
    number: u32,
    /// Of how many.
    of_visits: u32,
    /// The last day on which it costs less.
    until: Day,
}

impl FeeQuoteView {
    fn of(quote: FeeQuote) -> Self {
        Self {
            rule: quote.why(),
            fee: quote.fee,
            full_fee: quote.full_fee,
            visit_type: quote.visit_type,
            follow_up: quote.follow_up.zip(quote.of_visits).map(|(follow_up, of_visits)| {
                FollowUpView {
                    of: follow_up.of,
                    number: follow_up.number,
                    of_visits,
                    until: follow_up.until,
                }
            }),
        }
    }
}

/// Exactly what booking would cost at this moment, and by which rule: the doctor's fee for that
/// kind of visit, or that of a follow-up where the patient has one left.
#[utoipa::path(
    get, path = "/fees/quote", tag = "slots", security(("bearer" = [])), params(FeeQuery),
    responses((status = 200, description = "The quote", body = FeeQuoteView), Refusals),
)]
pub(crate) async fn fee_quote(
    State(slots): State<Slots>,
    grant: Grant<QuoteFee>,
    Query(query): Query<FeeQuery>,
) -> Result<Json<FeeQuoteView>> {
    let (tenant, now) = (grant.own_tenant()?, slots.core.clock.now());
    let store = slots.core.store.of(&tenant);
    let patient = whose(&store, &grant, query.patient_id).await?;
    let kind = query.visit_type.unwrap_or_default();
    let quote = match (query.slot_id, query.doctor_id) {
        (Some(slot), None) => {
            let wanted = store.wanted_slot(&slot, &patient.account_id, now).await?;
            let wanted = wanted.ok_or(Error::NotFound)?;
            wanted.slot.quote(kind, &of_patient(wanted.earlier, &patient.id), now)
        }
        (None, Some(doctor)) => today(&store, &tenant, (&doctor, &patient), kind, now).await?,
        _ => {
            let issue = Issue::invalid("exactly one of slotId and doctorId must be given");
            return Err(Error::field("slotId", issue));
        }
    };
    quote.map(|quote| Json(FeeQuoteView::of(quote))).ok_or_else(not_offered)
}

/// A patient asks for one of his own; the hospital and its doctors name one.
async fn whose(
    store: &HospitalStore,
    grant: &Grant<QuoteFee>,
    named: Option<PatientId>,
) -> Result<Patient> {
    if grant.role() == Role::Patient {
        return patient::choose(store.patients_of(grant.account()).await?, named);
    }
    let required = || Error::field("patientId", Issue::new(IssueCode::Required, "is required"));
    store.patient(&named.ok_or_else(required)?).await?.ok_or(Error::NotFound)
}

async fn today(
    store: &HospitalStore,
    tenant: &Tenant,
    (doctor, patient): (&AccountId, &Patient),
    kind: VisitType,
    now: Instant,
) -> Result<Option<FeeQuote>> {
    let (account, earlier) =
        tokio::join!(store.account(doctor), store.earlier_visits(&patient.account_id, now));
    let profile = account?.and_then(|account| account.doctor).ok_or(Error::NotFound)?;
    let when = (now, tenant.zone().day(now));
    let earlier = of_patient(earlier?, &patient.id);
    let of = (doctor, profile.fee, &profile.terms);
    Ok(FeeQuote::of(of, when, kind, &earlier, now))
}

/// An account acts for a family; a visit follows only its own patient's.
pub(crate) fn of_patient(earlier: Vec<EarlierVisit>, patient: &PatientId) -> Vec<EarlierVisit> {
    earlier.into_iter().filter(|visit| visit.patient.id == *patient).collect()
}

/// The doctor has no fee for visits of that kind.
pub(crate) fn not_offered() -> Error {
    let issue =
        Issue::new(IssueCode::VisitTypeNotOffered, "is no kind of visit this doctor offers");
    Error::field("visitType", issue)
}
