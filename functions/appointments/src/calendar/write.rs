//! Appointments as RFC 5545 has them.

use ics::{
    Event, ICalendar,
    components::{Component, Property},
    escape_text,
    parameters::TzIDParam,
    properties::{
        CalScale, Class, Created, Description, DtStart, LastModified, Location, Name,
        RefreshInterval, Sequence, Status, Summary, Transp, TzID, TzName, TzOffsetFrom, TzOffsetTo,
    },
};
use jiff::tz::Offset;
use shared::models::{AppointmentStatus, CalendarEntry, DoctorRef, Hospital, Instant, Role, Zone};

/// How a time by local clocks is written (§3.3.5).
const LOCAL: &str = "%Y%m%dT%H%M%S";

/// The calendar of somebody in a role.
pub(super) fn calendar(
    hospital: &Hospital,
    role: Role,
    entries: &[CalendarEntry],
    now: Instant,
) -> String {
    let zone = &hospital.time_zone;
    let mut calendar = ICalendar::new("2.0", "-//MediConnect//Appointments//EN");
    calendar.push(CalScale::new("GREGORIAN"));
    calendar.push(Name::new(escape_text(hospital.name.as_str())));
    // How often a program looks again (RFC 7986 §5.7).
    calendar.push(RefreshInterval::new("PT15M"));
    // A calendar has one component at least (RFC 5545 §3.6).
    let first = entries.first().map_or(now, |entry| entry.start);
    let last = entries.iter().map(|entry| entry.end).max().unwrap_or(now);
    calendar.add_component(time_zone(zone, first, last));
    for entry in entries {
        calendar.add_event(event(entry, hospital, role, now));
    }
    calendar.to_string()
}

fn event<'a>(entry: &CalendarEntry, hospital: &Hospital, role: Role, now: Instant) -> Event<'a> {
    let changed = utc(entry.changed_at());
    let mut event = Event::new(format!("{}@mediconnect", entry.id), changed.clone());
    event.push(when("DTSTART", entry.start, &hospital.time_zone));
    event.push(when("DTEND", entry.end, &hospital.time_zone));
    let status = entry.status(now);
    event.push(Sequence::new(entry.version.saturating_sub(1).to_string()));
    event.push(Created::new(utc(entry.created_at)));
    event.push(LastModified::new(changed));
    event.push(Status::new(in_calendar(status)));
    event.push(Transp::new(if status.is_live() { "OPAQUE" } else { "TRANSPARENT" }));
    event.push(Class::new("PRIVATE"));
    event.push(Location::new(escape_text(hospital.name.as_str().to_owned())));
    let (summary, description) = words(entry, role, status);
    event.push(Summary::new(escape_text(summary)));
    event.push(Description::new(escape_text(description)));
    event
}

/// A time by the hospital's clocks. One that clocks show twice means the first (§3.3.5); the second
/// is told in UTC.
fn when<'a>(name: &'static str, at: Instant, zone: &Zone) -> Property<'a> {
    let local = at.timestamp().to_zoned(zone.rules().clone()).datetime();
    let first = zone.rules().to_ambiguous_timestamp(local).earlier();
    if first.ok().map(Instant::from) != Some(at) {
        return Property::new(name, utc(at));
    }
    let mut property = Property::new(name, local.strftime(LOCAL).to_string());
    property.add(TzIDParam::new(zone.name().to_owned()));
    property
}

/// What it is called. A doctor's calendar names no patient.
fn words(entry: &CalendarEntry, role: Role, status: AppointmentStatus) -> (String, String) {
    let DoctorRef { name, speciality, .. } = &entry.doctor;
    let status = status.as_str().replace('_', " ");
    if role == Role::Doctor {
        let patient = format!("Patient {}", entry.patient.identifier.as_str());
        return (patient, format!("Appointment {}, {status}", entry.id));
    }
    let summary = format!("{}, {}", name.as_str(), speciality.as_str());
    let patient = entry.patient.name.as_str();
    (summary, format!("For {patient}. Appointment {}, {status}", entry.id))
}

/// RFC 5545 §3.8.1.11.
const fn in_calendar(status: AppointmentStatus) -> &'static str {
    match status {
        AppointmentStatus::Held => "TENTATIVE",
        AppointmentStatus::Confirmed
        | AppointmentStatus::CheckedIn
        | AppointmentStatus::Completed
        | AppointmentStatus::NoShow => "CONFIRMED",
        AppointmentStatus::Cancelled | AppointmentStatus::Expired => "CANCELLED",
    }
}

fn utc(at: Instant) -> String {
    at.timestamp().strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// The rules of the hospital's clocks from one instant to another (RFC 5545 §3.6.5): what held at
/// the first, and each change until the second.
fn time_zone<'a>(zone: &Zone, from: Instant, to: Instant) -> Component<'a> {
    let mut time_zone = Component::new("VTIMEZONE");
    time_zone.add_property(TzID::new(zone.name().to_owned()));
    for change in zone.changes(from, to) {
        let kind = if change.daylight { "DAYLIGHT" } else { "STANDARD" };
        let mut observance = Component::new(kind);
        observance.add_property(DtStart::new(change.begins.strftime(LOCAL).to_string()));
        observance.add_property(TzOffsetFrom::new(shown(change.before)));
        observance.add_property(TzOffsetTo::new(shown(change.after)));
        observance.add_property(TzName::new(escape_text(change.name)));
        time_zone.add_component(observance);
    }
    time_zone
}

/// `+0530` (RFC 5545 §3.3.14).
fn shown(offset: Offset) -> String {
    let seconds = offset.seconds();
    let (sign, seconds) = (if seconds < 0 { '-' } else { '+' }, seconds.unsigned_abs());
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let rest = if rest == 0 { String::new() } else { format!("{rest:02}") };
    format!("{sign}{hours:02}{minutes:02}{rest}")
}
