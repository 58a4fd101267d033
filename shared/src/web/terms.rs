//! A hospital's settings, as they come in a body.

use super::{
    FieldError,
    wire::{Fields, FromWire},
};
use crate::models::{
    BookingRules, CancellationPolicy, Day, DaysAhead, FollowUpRule, Holiday, Holidays, Issue,
    Money, Name, NoticeMinutes, RefundTier, VisitFee, VisitType,
};
use serde_json::Value;

/// A whole number up to a most.
struct UpTo<const MOST: u32>(u32);

impl<const MOST: u32> FromWire for UpTo<MOST> {
    fn from_wire(value: Value) -> Result<Self, Vec<FieldError>> {
        let number = u32::try_from(u64::from_wire(value)?).unwrap_or(u32::MAX);
        if number <= MOST {
            return Ok(Self(number));
        }
        Err(vec![FieldError::new("", Issue::invalid(format!("must be 0 to {MOST}")))])
    }
}

type Percent = UpTo<100>;
/// Up to a year.
type Minutes = UpTo<{ 366 * 24 * 60 }>;

impl Percent {
    fn get(&self) -> u8 {
        u8::try_from(self.0).unwrap_or(100)
    }
}

impl FromWire for RefundTier {
    fn from_wire(value: Value) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(value)?;
        let minutes = fields.take::<Minutes>("beforeMinutes");
        let percent = fields.take::<Percent>("percent");
        let (Some(minutes), Some(percent)) = fields.all((minutes, percent))? else {
            return Err(Vec::new());
        };
        Ok(Self { before_minutes: minutes.0, percent: percent.get() })
    }
}

impl FromWire for CancellationPolicy {
    fn from_wire(value: Value) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(value)?;
        let tiers = fields.take::<Vec<RefundTier>>("tiers");
        let no_show = fields.take::<Option<Percent>>("noShowPercent");
        let (Some(tiers), Some(no_show)) = fields.all((tiers, no_show))? else {
            return Err(Vec::new());
        };
        let no_show = no_show.map_or(0, |percent| percent.get());
        Self::new(tiers, no_show).map_err(|issue| vec![FieldError::new("tiers", issue)])
    }
}

impl FromWire for VisitFee {
    fn from_wire(value: Value) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(value)?;
        let visit_type = fields.take::<VisitType>("visitType");
        let fee = fields.take::<Money>("fee");
        let (Some(visit_type), Some(fee)) = fields.all((visit_type, fee))? else {
            return Err(Vec::new());
        };
        Ok(Self { visit_type, fee })
    }
}

impl FromWire for FollowUpRule {
    fn from_wire(value: Value) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(value)?;
        let fee = fields.take::<Money>("fee");
        let days = fields.take::<UpTo<{ Self::MOST_DAYS }>>("withinDays");
        let visits = fields.take::<UpTo<{ Self::MOST_VISITS }>>("visits");
        for (name, number) in
            [("withinDays", days.as_ref().map(|n| n.0)), ("visits", visits.as_ref().map(|n| n.0))]
        {
            if number == Some(0) {
                fields.fault(name, Issue::invalid("must be 1 at least"));
            }
        }
        let (Some(fee), Some(days), Some(visits)) = fields.all((fee, days, visits))? else {
            return Err(Vec::new());
        };
        Ok(Self { fee, within_days: days.0, visits: visits.0 })
    }
}

impl FromWire for Holiday {
    fn from_wire(value: Value) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(value)?;
        let (date, name) = (fields.take::<Day>("date"), fields.take::<Name>("name"));
        let (Some(date), Some(name)) = fields.all((date, name))? else {
            return Err(Vec::new());
        };
        Ok(Self { date, name })
    }
}

impl FromWire for Holidays {
    fn from_wire(value: Value) -> Result<Self, Vec<FieldError>> {
        let days = Vec::<Holiday>::from_wire(value)?;
        Self::new(days).map_err(|issue| vec![FieldError::new("", issue)])
    }
}

impl FromWire for BookingRules {
    fn from_wire(value: Value) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(value)?;
        let notice = fields.take::<NoticeMinutes>("minNoticeMinutes");
        let days = fields.take::<DaysAhead>("maxDaysAhead");
        let hold = fields.take::<Option<UpTo<{ Self::MOST_HOLD }>>>("holdMinutes");
        if matches!(hold, Some(Some(UpTo(0)))) {
            fields.fault("holdMinutes", Issue::invalid("must be 1 at least"));
        }
        let (Some(notice), Some(days), Some(hold)) = fields.all((notice, days, hold))? else {
            return Err(Vec::new());
        };
        let hold_minutes = hold.map(|minutes| minutes.0);
        Ok(Self { min_notice_minutes: notice.get(), max_days_ahead: days.get(), hold_minutes })
    }
}
