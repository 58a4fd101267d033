use super::*;
use crate::models::{Currency, Money, Published, examples, publish};
use proptest::prelude::*;

fn time(text: &str) -> TimeOfDay {
    TimeOfDay::parse(text).unwrap()
}

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn schedule(hours: Hours, slot: u64, buffer: u64) -> Schedule {
    let slot = SlotMinutes::new(slot).unwrap();
    Schedule { hours, slot, buffer: BufferMinutes::new(buffer).unwrap() }
}

const NOW: Instant = Instant::from_seconds(1_796_000_000); // 2026-11-30

#[test]
fn two_hours_are_eight_quarters() {
    let window = Window::new(time("10:00"), time("12:00")).unwrap();
    let zone = Zone::default();
    let hours = Hours::Single { date: day("2026-12-01"), window };
    let planned = schedule(hours.clone(), 15, 0).plan(&zone, (false, NOW)).unwrap();
    assert_eq!(planned.len(), 8);
    assert_eq!(zone.show(planned[0].span.start), "2026-12-01T10:00:00+05:30");
    assert_eq!(zone.show(planned[7].span.end), "2026-12-01T12:00:00+05:30");
    assert_eq!(schedule(hours, 25, 10).plan(&zone, (false, NOW)).unwrap().len(), 3);
}

#[test]
fn breaks_are_kept_free() {
    let window = Window::new(time("11:00"), time("14:00")).unwrap();
    let lunch = window.pause(time("12:00"), time("13:00")).unwrap();
    let weekly =
        vec![WeeklyWindow { day: WeekDay::parse("tue").unwrap(), window, breaks: vec![lunch] }];
    let hours = Hours::Weekly { start: day("2026-12-01"), end: day("2026-12-14"), weekly };
    let zone = Zone::default();
    let planned = schedule(hours, 40, 0).plan(&zone, (false, NOW)).unwrap();
    let shown: Vec<String> = planned.iter().map(|one| zone.show(one.span.start)).collect();
    assert_eq!(
        shown,
        [
            "2026-12-01T11:00:00+05:30",
            "2026-12-01T13:00:00+05:30",
            "2026-12-08T11:00:00+05:30",
            "2026-12-08T13:00:00+05:30",
        ]
    );
}

fn shown(hours: Hours, slot: u64, zone: &str, now: Instant) -> Vec<String> {
    let zone = Zone::parse(zone).unwrap();
    let planned = schedule(hours, slot, 0).plan(&zone, (false, now)).unwrap();
    planned.iter().map(|one| zone.show(one.span.start)).collect()
}

#[test]
fn of_a_break_that_clocks_skip_the_rest_is_kept_free() {
    let window = Window::overnight(time("22:00"), time("06:00")).unwrap();
    let now = Instant::parse_rfc3339("2031-03-01T00:00:00Z").unwrap();
    // Clocks in Berlin go from 02:00 to 03:00 on Sunday, 30 March 2031.
    let night = |from: &str, to: &str, minutes: u64| {
        let breaks = vec![window.pause(time(from), time(to)).unwrap()];
        let day_of = WeekDay::parse("sat").unwrap();
        let weekly = vec![WeeklyWindow { day: day_of, window, breaks }];
        let hours = Hours::Weekly { start: day("2031-03-29"), end: day("2031-03-29"), weekly };
        shown(hours, minutes, "Europe/Berlin", now)
    };
    let half = night("02:30", "03:30", 30);
    assert_eq!(half.len(), 13);
    assert_eq!(half[7..9], ["2031-03-30T01:30:00+01:00", "2031-03-30T03:30:00+02:00"]);
    let all = night("02:00", "03:00", 60);
    assert_eq!(all.len(), 7);
    assert_eq!(all[3..5], ["2031-03-30T01:00:00+01:00", "2031-03-30T03:00:00+02:00"]);
    let end = night("01:30", "02:30", 30);
    assert_eq!(end.len(), 13);
    assert_eq!(end[6..8], ["2031-03-30T01:00:00+01:00", "2031-03-30T03:00:00+02:00"]);
}

#[test]
fn nights_go_over_midnight_and_changes_of_the_clocks() {
    let window = Window::overnight(time("22:00"), time("06:00")).unwrap();
    assert!(Window::overnight(time("06:00"), time("22:00")).is_err());
    let night = |date: &str| Hours::Single { date: day(date), window };
    let now = Instant::parse_rfc3339("2026-03-01T00:00:00Z").unwrap();
    // Clocks in New York go from 02:00 to 03:00 on 8 March, and back on 1 November.
    let spring = shown(night("2026-03-07"), 120, "America/New_York", now);
    assert_eq!(
        spring,
        ["2026-03-07T22:00:00-05:00", "2026-03-08T00:00:00-05:00", "2026-03-08T03:00:00-04:00"]
    );
    let autumn = shown(night("2026-10-31"), 120, "America/New_York", now);
    assert_eq!(
        autumn,
        [
            "2026-10-31T22:00:00-04:00",
            "2026-11-01T00:00:00-04:00",
            "2026-11-01T01:00:00-05:00",
            "2026-11-01T03:00:00-05:00",
        ]
    );
    // On Lord Howe Island they go by half an hour.
    let spring = shown(night("2026-10-03"), 60, "Australia/Lord_Howe", now);
    assert_eq!(spring.len(), 7);
    assert_eq!(spring[4], "2026-10-04T02:30:00+11:00");
    let autumn = shown(night("2026-04-04"), 60, "Australia/Lord_Howe", now);
    assert_eq!(autumn.len(), 8);
    assert_eq!(autumn[4..6], ["2026-04-05T01:30:00+10:30", "2026-04-05T02:30:00+10:30"]);
    assert_eq!(shown(night("2026-10-03"), 60, "Asia/Kolkata", now).len(), 8);
}

#[test]
fn breaks_of_a_night_are_on_either_side_of_midnight_or_over_it() {
    let window = Window::overnight(time("22:00"), time("04:00")).unwrap();
    let breaks = [("23:30", "00:30"), ("02:00", "03:00")];
    let breaks = breaks.map(|(from, to)| window.pause(time(from), time(to)).unwrap());
    let weekly =
        vec![WeeklyWindow { day: WeekDay::parse("wed").unwrap(), window, breaks: breaks.to_vec() }];
    let hours = Hours::Weekly { start: day("2026-12-01"), end: day("2026-12-07"), weekly };
    let spans = shown(hours, 30, "Asia/Kolkata", NOW);
    let times: Vec<&str> = spans.iter().map(|text| &text[8..16]).collect();
    let expected = [
        "02T22:00", "02T22:30", "02T23:00", "03T00:30", "03T01:00", "03T01:30", "03T03:00",
        "03T03:30",
    ];
    assert_eq!(times, expected);
}

/// A doctor's slots once a schedule is published, in the place of what was before if so.
fn published(there: &[Slot], schedule: &Schedule, replace: bool) -> (Published, Vec<Slot>) {
    let zone = Zone::default();
    let (planned, replaced) =
        (schedule.plan(&zone, (replace, NOW)).unwrap(), schedule.replaced(&zone));
    let replaced = replace.then_some(replaced);
    let done = publish(&planned, there.to_vec(), (replaced, NOW), |_| true);
    let mut after: Vec<Slot> =
        there.iter().filter(|one| !done.removed.contains(one)).cloned().collect();
    after.extend(done.missing.iter().map(|one| slot(*one, &zone)));
    (done, after)
}

fn slot(planned: Planned, zone: &Zone) -> Slot {
    let Planned { span, of } = planned;
    let day = zone.day(span.start);
    Slot {
        id: crate::models::Id::from_parts(span.start, 1),
        end: span.end,
        day,
        night_of: (of != day).then_some(of),
        ..examples::slot(span.start, Money::zero(Currency::INR))
    }
}

#[test]
fn a_night_is_replaced_as_a_whole_and_only_by_its_own_day() {
    let night = |date: &str, from: &str, to: &str, minutes: u64| {
        let window = Window::overnight(time(from), time(to)).unwrap();
        schedule(Hours::Single { date: day(date), window }, minutes, 0)
    };
    let morning = |date: &str, from: &str, to: &str, minutes: u64| {
        let window = Window::new(time(from), time(to)).unwrap();
        schedule(Hours::Single { date: day(date), window }, minutes, 0)
    };
    let whole = night("2026-12-01", "22:00", "06:00", 30);
    let (_, there) = published(&[], &whole, true);
    assert_eq!(there.len(), 16);
    // The same again changes nothing.
    let (again, same) = published(&there, &whole, true);
    assert_eq!((again.unchanged.len(), again.removed.len(), same.len()), (16, 0, 16));
    // Other slots of the same night.
    let (other, after) = published(&there, &night("2026-12-01", "22:00", "06:00", 20), true);
    assert_eq!((other.clashes, other.removed.len(), after.len()), (vec![], 16, 24));
    // A shorter evening: nothing is left after midnight.
    let (_, after) = published(&there, &morning("2026-12-01", "22:00", "23:00", 30), true);
    assert_eq!(after.len(), 2);
    // The next day's hours leave the night alone, unless they reach into it.
    let next = morning("2026-12-02", "09:00", "12:00", 30);
    let (done, after) = published(&there, &next, true);
    assert_eq!((done.removed.len(), done.staying.len(), after.len()), (0, 0, 22));
    let (done, _) = published(&there, &morning("2026-12-02", "05:30", "08:30", 30), true);
    assert_eq!((done.clashes.len(), done.unchanged.len()), (0, 1));
    let (done, _) = published(&there, &morning("2026-12-02", "05:00", "08:00", 45), true);
    assert_eq!(done.clashes.len(), 2);
    // Its own hours are replaced.
    let (_, after) = published(&after, &morning("2026-12-02", "07:00", "08:00", 30), true);
    assert_eq!(after.len(), 18);
    // One that was stored without a day of its own is of the day it begins on.
    let stored: Vec<Slot> =
        there.iter().map(|one| Slot { night_of: None, ..one.clone() }).collect();
    let (done, _) = published(&stored, &next, true);
    assert_eq!(done.removed.len(), 12);
}

#[test]
fn a_break_that_ends_before_it_begins_is_a_mistake_at_night_too() {
    let night = Window::overnight(time("21:00"), time("03:00")).unwrap();
    for (from, to) in [("02:00", "01:30"), ("00:00", "00:00"), ("22:00", "22:00")] {
        assert!(night.pause(time(from), time(to)).is_err(), "{from} to {to}");
    }
    for (from, to) in [("22:00", "23:00"), ("23:30", "00:30"), ("01:00", "01:30")] {
        assert!(night.pause(time(from), time(to)).is_ok(), "{from} to {to}");
    }
}

/// On 28 March 2027 clocks in Berlin go from 02:00 to 03:00.
#[test]
fn hours_that_end_where_clocks_skip_do_not_go_on_after_it() {
    let zone = Zone::parse("Europe/Berlin").unwrap();
    let starts = |from: &str, to: &str| {
        let window = Window::new(time(from), time(to)).unwrap();
        let hours = Hours::Single { date: day("2027-03-28"), window };
        let planned = schedule(hours, 30, 0).plan(&zone, (false, NOW));
        planned.map(|all| all.iter().map(|one| zone.show(one.span.start)).collect::<Vec<_>>())
    };
    let early = starts("01:00", "02:30").unwrap();
    assert_eq!(early, ["2027-03-28T01:00:00+01:00", "2027-03-28T01:30:00+01:00"]);
    assert_eq!(starts("02:00", "02:30"), Err(ScheduleRefusal::Empty));
    assert_eq!(starts("02:30", "04:00").unwrap()[0], "2027-03-28T03:00:00+02:00");
    let window = |from: &str, to: &str| WeeklyWindow {
        day: WeekDay::parse("sun").unwrap(),
        window: Window::new(time(from), time(to)).unwrap(),
        breaks: vec![],
    };
    let (start, end) = (day("2027-03-22"), day("2027-03-28"));
    let weekly = vec![window("00:00", "02:30"), window("03:00", "06:00")];
    let both =
        schedule(Hours::Weekly { start, end, weekly }, 30, 0).plan(&zone, (false, NOW)).unwrap();
    assert_eq!(both.len(), 10, "they overlap on no clock");
}

#[test]
fn what_has_begun_is_not_published_and_what_is_left_of_last_night_can_be() {
    let zone = Zone::default();
    let plan = |hours: Hours, at: &str| {
        let now = Instant::parse_rfc3339(at).unwrap();
        schedule(hours, 60, 0).plan(&zone, (false, now)).map(|planned| planned.len())
    };
    let morning = |date: &str| Hours::Single {
        date: day(date),
        window: Window::new(time("09:00"), time("12:00")).unwrap(),
    };
    let noon = "2026-12-02T12:00:00+05:30";
    assert_eq!(plan(morning("2026-12-02"), noon), Err(ScheduleRefusal::Begun));
    assert_eq!(plan(morning("2026-12-02"), "2026-12-02T10:00:00+05:30"), Ok(2));
    assert_eq!(plan(morning("2026-12-01"), noon), Err(ScheduleRefusal::InPast));
    let night = |date: &str| Hours::Single {
        date: day(date),
        window: Window::overnight(time("22:00"), time("06:00")).unwrap(),
    };
    let after_midnight = "2026-12-02T00:30:00+05:30";
    assert_eq!(plan(night("2026-12-01"), after_midnight), Ok(5));
    assert_eq!(plan(night("2026-12-01"), noon), Err(ScheduleRefusal::InPast));
    assert_eq!(plan(night("2026-11-30"), after_midnight), Err(ScheduleRefusal::InPast));
    // In the place of what was, it leaves nothing.
    let now = Instant::parse_rfc3339(after_midnight).unwrap();
    for hours in [
        night("2026-12-01"),
        Hours::Single {
            date: day("2026-12-01"),
            window: Window::new(time("22:00"), time("24:00")).unwrap(),
        },
    ] {
        let left = schedule(hours, 60, 0).plan(&zone, (true, now)).unwrap();
        assert!(left.iter().all(|one| now <= one.span.start && one.of == day("2026-12-01")));
    }
    // A week that began yesterday has nothing of yesterday left.
    let hours = WeeklyWindow {
        day: WeekDay::parse("wed").unwrap(),
        window: Window::new(time("09:00"), time("12:00")).unwrap(),
        breaks: vec![],
    };
    let (start, end) = (day("2026-12-01"), day("2026-12-07"));
    let week = Hours::Weekly { start, end, weekly: vec![hours] };
    assert_eq!(plan(week, after_midnight), Err(ScheduleRefusal::InPast));
}

proptest! {
    #[test]
    fn slots_stay_inside_and_apart(
        from in 0..1440_u16, length in 1..1440_u16, slot in 5..=480_u64, buffer in 0..=240_u64,
        zone in prop::sample::select(vec!["Asia/Kolkata", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
        shift in 0..300_i64,
    ) {
        let to = (from + length).min(1440);
        prop_assume!(from < to);
        let zone = Zone::parse(zone).unwrap();
        let date = zone.day(NOW.plus_seconds(shift * 86_400));
        let window = Window::new(
            TimeOfDay::from_minutes(from).unwrap(), TimeOfDay::from_minutes(to).unwrap(),
        ).unwrap();
        let bounds = window.on(date, &zone);
        if let Ok(planned) = schedule(Hours::Single { date, window }, slot, buffer).plan(&zone, (false, NOW)) {
            let buffer = i64::try_from(buffer).unwrap();
            prop_assert!(planned.iter().all(|one| one.of == date));
            let spans: Vec<Span> = planned.iter().map(|one| one.span).collect();
            prop_assert!(spans.iter().all(|s| s.start >= bounds.start && s.end <= bounds.end));
            prop_assert!(spans.windows(2).all(|p| p[1].start >= p[0].end.plus_seconds(buffer * 60)));
        }
    }
}
