//! What a visit costs: by doctor, by kind of visit, and less for a follow-up.

use super::{
    AccountId, Appointment, AppointmentId, AppointmentStatus, Day, Instant, Issue, Money, Parse,
    PatientId, Slot,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What kind of visit it is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum VisitType {
    /// The patient comes to the doctor; what is meant unless something else is said.
    #[default]
    Consultation,
    /// By telephone or video.
    Teleconsultation,
    /// The doctor comes to the patient.
    HomeVisit,
    /// Something is done that takes more than advice.
    Procedure,
}

impl VisitType {
    /// Every kind.
    pub const ALL: [Self; 4] =
        [Self::Consultation, Self::Teleconsultation, Self::HomeVisit, Self::Procedure];

    /// Whether it is what is meant unless something else is said.
    pub fn is_consultation(&self) -> bool {
        *self == Self::default()
    }

    /// As stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Consultation => "consultation",
            Self::Teleconsultation => "teleconsultation",
            Self::HomeVisit => "home_visit",
            Self::Procedure => "procedure",
        }
    }
}

impl Parse for VisitType {
    fn parse(text: &str) -> Result<Self, Issue> {
        let wanted = |kind: &Self| kind.as_str() == text;
        Self::ALL.into_iter().find(wanted).ok_or_else(|| {
            Issue::invalid("must be one of consultation, teleconsultation, home_visit, procedure")
        })
    }
}

/// What a kind of visit other than a consultation costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VisitFee {
    /// The kind.
    pub visit_type: VisitType,
    /// Its fee.
    pub fee: Money,
}

/// After a consultation, so many more with the same doctor within so many days cost less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FollowUpRule {
    /// What each of them costs; nothing, if they are free.
    pub fee: Money,
    /// Days after the consultation's, 1 to 365.
    #[schema(minimum = 1, maximum = 365)]
    pub within_days: u32,
    /// How many, 1 to 20.
    #[schema(minimum = 1, maximum = 20)]
    pub visits: u32,
}

impl FollowUpRule {
    /// The longest time a rule reaches back, in days.
    pub const MOST_DAYS: u32 = 365;
    /// The most visits a rule makes cheaper.
    pub const MOST_VISITS: u32 = 20;
}

/// What a doctor's visits cost beside the fee of a consultation. A slot keeps those it was
/// published with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FeeTerms {
    /// Kinds that have a fee of their own; those that are missing the doctor does not offer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    visit_fees: Vec<VisitFee>,
    /// What comes after a consultation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    follow_up: Option<FollowUpRule>,
}

impl FeeTerms {
    /// Terms beside a consultation's fee; the field that is wrong, and why. A follow-up costs less
    /// than what it follows, and each kind has one fee.
    pub fn new(
        fee: Money,
        mut visit_fees: Vec<VisitFee>,
        follow_up: Option<FollowUpRule>,
    ) -> Result<Self, (&'static str, Issue)> {
        let wrong = |field, message| Err((field, Issue::invalid(message)));
        visit_fees.sort_by_key(|one| one.visit_type);
        if visit_fees.iter().any(|one| one.visit_type == VisitType::Consultation) {
            return wrong("visitFees", "must not name consultation, whose fee is fee");
        }
        let pairs = || visit_fees.iter().zip(visit_fees.iter().skip(1));
        if pairs().any(|(one, next)| one.visit_type == next.visit_type) {
            return wrong("visitFees", "must not name a kind of visit twice");
        }
        if visit_fees.iter().any(|one| one.fee.currency() != fee.currency()) {
            return wrong("visitFees", "must all be in the hospital's currency");
        }
        match follow_up.map(|rule| rule.fee) {
            Some(less) if less.currency() != fee.currency() => {
                wrong("followUp.fee.currency", "must be the hospital's currency")
            }
            Some(less) if less.amount() >= fee.amount() => {
                wrong("followUp.fee", "must be less than a consultation's fee")
            }
            _ => Ok(Self { visit_fees, follow_up }),
        }
    }

    /// Whether there is nothing but the fee of a consultation.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Kinds that have a fee of their own.
    pub fn visit_fees(&self) -> &[VisitFee] {
        &self.visit_fees
    }

    /// What comes after a consultation.
    pub const fn follow_up(&self) -> Option<FollowUpRule> {
        self.follow_up
    }
}

/// Which of the visits after a consultation an appointment is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FollowUp {
    /// The consultation it follows.
    pub of: AppointmentId,
    /// From 1; no two that stand have the same.
    pub number: u32,
    /// The last day on which it costs less.
    pub until: Day,
}

/// An earlier appointment, with whatever doctor, as what comes after it needs it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EarlierVisit {
    /// Which.
    #[serde(rename = "_id")]
    pub id: AppointmentId,
    /// Whose.
    pub patient: PatientOf,
    /// With whom.
    pub doctor: DoctorOf,
    /// Where it stands, as stored.
    pub status: AppointmentStatus,
    /// When it begins.
    pub start: Instant,
    /// The hospital's day it is on.
    pub day: Day,
    /// Until when it is held for payment.
    #[serde(default)]
    pub hold_expires_at: Option<Instant>,
    /// What kind it is.
    #[serde(default)]
    pub visit_type: VisitType,
    /// Whether it is itself one that follows.
    #[serde(default)]
    pub follow_up: Option<FollowUp>,
}

/// Whose an appointment is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PatientOf {
    /// The patient.
    pub id: PatientId,
}

/// With whom an appointment is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DoctorOf {
    /// The doctor.
    pub id: AccountId,
}

impl EarlierVisit {
    /// Whether it is a consultation with this doctor that has begun, whoever is there already: no
    /// patient can call it off for his money any more, so what it makes cheaper is not got by booking and cancelling.
    fn is_followed(&self, doctor: &AccountId, now: Instant) -> bool {
        let begun = match self.status {
            AppointmentStatus::Completed => true,
            AppointmentStatus::CheckedIn | AppointmentStatus::Confirmed => self.start <= now,
            _ => false,
        };
        begun
            && self.doctor.id == *doctor
            && self.follow_up.is_none()
            && self.visit_type == VisitType::Consultation
    }

    /// The number it has of those after a consultation, whichever doctor it is with: a consultation
    /// may be moved when what follows it is booked.
    fn number_after(&self, consultation: &AppointmentId, now: Instant) -> Option<u32> {
        let follow_up =
            self.follow_up.as_ref().filter(|follow_up| follow_up.of == *consultation)?;
        uses_follow_up(self.status.at(self.hold_expires_at, now)).then_some(follow_up.number)
    }
}

/// Whether an appointment that costs less uses that up: cancelled, or not paid in time, it gives it
/// back.
const fn uses_follow_up(status: AppointmentStatus) -> bool {
    !matches!(status, AppointmentStatus::Cancelled | AppointmentStatus::Expired)
}

/// What a visit costs, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeQuote {
    /// What kind of visit.
    pub visit_type: VisitType,
    /// What it costs.
    pub fee: Money,
    /// What it would cost if it followed none.
    pub full_fee: Money,
    /// Which of the visits after a consultation it would be, if it costs less.
    pub follow_up: Option<FollowUp>,
    /// Of how many.
    pub of_visits: Option<u32>,
}

impl FeeQuote {
    /// What a visit of this kind with a doctor costs at a time, after those visits of the same
    /// patient. `None` if the doctor offers none of this kind.
    pub fn of(
        (doctor, fee, terms): (&AccountId, Money, &FeeTerms),
        (start, day): (Instant, Day),
        visit_type: VisitType,
        earlier: &[EarlierVisit],
        now: Instant,
    ) -> Option<Self> {
        let full_fee = full_fee(fee, terms, visit_type)?;
        let rule = terms.follow_up.filter(|_| visit_type == VisitType::Consultation);
        let found = rule.and_then(|rule| {
            let follow_up = next_follow_up((doctor, rule), (start, day), earlier, now)?;
            Some((rule, follow_up))
        });
        let quote = Self { visit_type, fee: full_fee, full_fee, follow_up: None, of_visits: None };
        Some(match found {
            Some((rule, follow_up)) => Self {
                fee: rule.fee,
                follow_up: Some(follow_up),
                of_visits: Some(rule.visits),
                ..quote
            },
            None => quote,
        })
    }

    /// The rule in words.
    pub fn why(&self) -> String {
        match (&self.follow_up, self.of_visits) {
            (Some(follow_up), Some(visits)) => format!(
                "follow-up {} of {visits} of an earlier consultation, until {}",
                follow_up.number,
                String::from(follow_up.until),
            ),
            _ => format!("the doctor's fee for a {}", self.visit_type.as_str().replace('_', " ")),
        }
    }
}

/// The first number that is free after the latest consultation that has one.
fn next_follow_up(
    (doctor, rule): (&AccountId, FollowUpRule),
    (start, day): (Instant, Day),
    earlier: &[EarlierVisit],
    now: Instant,
) -> Option<FollowUp> {
    let until = |visit: &EarlierVisit| visit.day.plus_days(i64::from(rule.within_days));
    let mut followed: Vec<&EarlierVisit> = earlier
        .iter()
        .filter(|visit| visit.is_followed(doctor, now))
        .filter(|visit| visit.start < start && day <= until(visit))
        .collect();
    followed.sort_by_key(|visit| std::cmp::Reverse(visit.start));
    followed.into_iter().find_map(|visit| {
        let taken: Vec<u32> =
            earlier.iter().filter_map(|one| one.number_after(&visit.id, now)).collect();
        let number = (1..=rule.visits).find(|number| !taken.contains(number))?;
        Some(FollowUp { of: visit.id.clone(), number, until: until(visit) })
    })
}

fn full_fee(fee: Money, terms: &FeeTerms, visit_type: VisitType) -> Option<Money> {
    if visit_type == VisitType::Consultation {
        return Some(fee);
    }
    terms.visit_fees.iter().find(|one| one.visit_type == visit_type).map(|one| one.fee)
}

impl Slot {
    /// What a visit in it costs.
    pub fn quote(
        &self,
        visit_type: VisitType,
        earlier: &[EarlierVisit],
        now: Instant,
    ) -> Option<FeeQuote> {
        let (of, when) = ((&self.doctor.id, self.fee, &self.terms), (self.start, self.day));
        FeeQuote::of(of, when, visit_type, earlier, now)
    }
}

impl Appointment {
    /// Which of the visits after a consultation it is, as long as it uses that up.
    pub fn follow_up_in_use(&self) -> Option<&FollowUp> {
        self.follow_up.as_ref().filter(|_| uses_follow_up(self.status))
    }

    /// What it would cost in a slot. One that costs less because it follows another goes on doing
    /// so with the same doctor until its last day. `None` if its kind is not offered there.
    pub fn fee_in(&self, slot: &Slot) -> Option<Money> {
        let full = full_fee(slot.fee, &slot.terms, self.visit_type)?;
        let follows = self.follow_up.as_ref().is_some_and(|follow_up| {
            slot.doctor.id == self.doctor.id && slot.day <= follow_up.until
        });
        let kept = follows && self.fee.amount() < full.amount();
        Some(if kept { self.fee } else { full })
    }
}

#[cfg(test)]
#[path = "fee_tests.rs"]
mod tests;
