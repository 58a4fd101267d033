//! A hospital's settings, as they come in a body.

use super::{
    FieldError,
    wire::{Fields, FromWire},
};
use crate::models::{
    BookingRules, CancellationPolicy, Day, DaysAhead, Holiday, Holidays, Issue, Name,
    NoticeMinutes, RefundTier,
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
