//! One's appointments as a calendar that others' programs read by a secret link.

use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarProperty as Property,
    ICalendarValue,
};
use serde_json::json;
use tests::{
    actor::{Actor, items, text},
    world::World,
};

/// A new link, and where it leads.
async fn link(who: &Actor) -> String {
    text(&who.act("/me/calendar").await.is(201), "/path")
}

/// What is there for a program that has the link and nothing else.
async fn read(world: &World, path: &str) -> String {
    let answer = world.visitor().get(path).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("content-type"), Some("text/calendar; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.text
}

/// The events of a calendar, by another library than the one that wrote it.
fn events(calendar: &str) -> Vec<ICalendarComponent> {
    let parsed = ICalendar::parse(calendar).unwrap();
    let event = |one: &ICalendarComponent| one.component_type == ICalendarComponentType::VEvent;
    parsed.components.into_iter().filter(event).collect()
}

fn words(event: &ICalendarComponent, name: &Property) -> String {
    let entry = event.property(name).unwrap_or_else(|| panic!("no {name:?}: {event:?}"));
    entry.values.first().and_then(|value| value.as_text()).unwrap_or_default().to_owned()
}

fn sequence(event: &ICalendarComponent) -> i64 {
    let entry = event.property(&Property::Sequence).unwrap();
    entry.values.first().and_then(ICalendarValue::as_integer).unwrap()
}

#[tokio::test]
async fn a_patients_calendar_follows_what_becomes_of_an_appointment() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let path = link(patient).await;
    let empty = read(&world, &path).await;
    assert_eq!(events(&empty), []);
    // A calendar has one component at least; and a method would ask for an organizer of each event.
    assert!(empty.contains("BEGIN:VTIMEZONE\r\n") && !empty.contains("METHOD"), "{empty}");
    let slots = doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
    let held = patient.books(&slots[0]).await;
    let calendar = read(&world, &path).await;
    assert!(calendar.contains("DTSTART;TZID=Asia/Kolkata:20301205T100000\r\n"), "{calendar}");
    assert!(calendar.contains("DTEND;TZID=Asia/Kolkata:20301205T103000\r\n"), "{calendar}");
    assert!(calendar.contains("BEGIN:VTIMEZONE\r\nTZID:Asia/Kolkata\r\n"), "{calendar}");
    assert!(calendar.contains("TZOFFSETTO:+0530\r\n"), "{calendar}");
    assert!(calendar.contains("STATUS:TENTATIVE\r\n"), "{calendar}");
    let first = events(&calendar).remove(0);
    assert_eq!(words(&first, &Property::Uid), format!("{}@mediconnect", text(&held, "/id")));
    assert_eq!(words(&first, &Property::Summary), "Meera Nair, Cardiology");
    patient.pays(&held).await;
    let paid = read(&world, &path).await;
    assert!(paid.contains("STATUS:CONFIRMED\r\n"), "{paid}");
    world.pass(60);
    let target = format!("/appointments/{}/reschedule", text(&held, "/id"));
    patient.post(target, json!({ "slotId": slots[1]["id"] })).await.is(200);
    let moved = read(&world, &path).await;
    assert!(moved.contains("DTSTART;TZID=Asia/Kolkata:20301205T103000\r\n"), "{moved}");
    assert!(moved.contains("LAST-MODIFIED:20301202T033100Z\r\n"), "{moved}");
    patient.cancels(&held).await.is(200);
    let cancelled = read(&world, &path).await;
    assert!(cancelled.contains("STATUS:CANCELLED\r\n"), "{cancelled}");
    let steps = [&calendar, &paid, &moved, &cancelled].map(|one| sequence(&events(one)[0]));
    assert!(steps.windows(2).all(|pair| pair[0] < pair[1]), "each is later: {steps:?}");
}

#[tokio::test]
async fn a_doctors_calendar_names_no_patient() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let slot = doctor.sets_slot("2030-12-05", "10:00").await;
    let appointment = patient.books_and_pays(&slot).await;
    let calendar = read(&world, &link(doctor).await).await;
    let summary = format!("Patient {}", text(&appointment, "/patient/identifier"));
    assert_eq!(words(&events(&calendar)[0], &Property::Summary), summary);
    assert!(!calendar.contains(&text(&appointment, "/patient/name")), "{calendar}");
    // After a week there is room for what is to come; a patient keeps what he had.
    let (of_doctor, of_patient) = (link(doctor).await, link(patient).await);
    world.set("2030-12-12T11:00:00+05:30");
    assert_eq!(events(&read(&world, &of_doctor).await), []);
    assert_eq!(events(&read(&world, &of_patient).await).len(), 1);
    world.set("2030-12-02T09:01:00+05:30");
    // Nor are there others' appointments.
    let colleague = world.a.new_doctor("vikram", "Vikram Shah").await;
    let other = world.a.new_patient("other").await;
    for who in [&colleague, &other, &world.b.doctor, &world.b.patient] {
        assert_eq!(events(&read(&world, &link(who).await).await), []);
    }
}

#[tokio::test]
async fn a_link_ends_when_it_is_renewed_or_ended_and_with_the_account() {
    let world = World::new().await;
    let patient = &world.a.patient;
    let gone = async |path: &str| {
        world.visitor().get(path).await.refused(404, "NOT_FOUND");
    };
    let first = link(patient).await;
    let second = link(patient).await;
    gone(&first).await;
    read(&world, &second).await;
    // Who has the link leaves a trace.
    let about = format!("/audit?about={}", patient.account);
    let entries = items(&world.a.admin.get(about).await.is(200));
    let entry = entries.iter().find(|entry| entry["act"] == "GET /calendar.ics").unwrap();
    assert_eq!(entry["actor"]["service"], "link");
    patient.delete("/me/calendar").await.is(204);
    gone(&second).await;
    patient.delete("/me/calendar").await.is(204);
    let third = link(patient).await;
    world.a.admin.act(format!("/users/{}/block", patient.account)).await.is(200);
    gone(&third).await;
    // One that is not ours, or for something else, opens nothing.
    let mut forged = third.clone();
    let last = forged.pop().unwrap_or_default();
    forged.push(if last == 'A' { 'B' } else { 'A' });
    gone(&forged).await;
    gone("/calendar.ics?link=AAAA").await;
    world.visitor().get("/calendar.ics").await.refused(422, "VALIDATION_FAILED");
    world.visitor().get("/calendar.ics?link=%3Cx%3E").await.refused(422, "VALIDATION_FAILED");
    world
        .visitor()
        .get(third.replace("calendar.ics", "queue/status"))
        .await
        .refused(404, "NOT_FOUND");
    for who in [&world.admin, &world.a.admin] {
        who.act("/me/calendar").await.refused(403, "FORBIDDEN");
    }
}

#[tokio::test]
async fn clocks_that_change_are_told_with_their_rules() {
    let world = World::new().await;
    let berlin = world.hospital_in("Europe/Berlin").await;
    let path = link(&berlin.patient).await;
    // Two o'clock comes twice that night; the first is daylight saving time.
    let body = json!({ "date": "2031-10-26", "from": "01:30", "to": "03:30", "slotMinutes": 30 });
    let slots = berlin.doctor.post("/slots/set", body).await.is(201)["slots"].clone();
    let offsets: Vec<&str> =
        slots.as_array().unwrap().iter().map(|slot| slot["start"].as_str().unwrap()).collect();
    assert_eq!(offsets.len(), 6, "the night is an hour longer: {offsets:?}");
    for slot in slots.as_array().unwrap() {
        berlin.patient.books(slot).await;
    }
    let calendar = read(&world, &path).await;
    for part in [
        "BEGIN:DAYLIGHT\r\nDTSTART:20310330T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200",
        "BEGIN:STANDARD\r\nDTSTART:20311026T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100",
        "DTSTART;TZID=Europe/Berlin:20311026T013000",
        "DTSTART;TZID=Europe/Berlin:20311026T020000",
        "DTSTART;TZID=Europe/Berlin:20311026T023000",
        // The second two o'clock.
        "DTSTART:20311026T010000Z",
        "DTSTART:20311026T013000Z",
        "DTSTART;TZID=Europe/Berlin:20311026T030000",
    ] {
        assert!(calendar.contains(part), "{part}: {calendar}");
    }
    assert_eq!(events(&calendar).len(), 6);
}

#[tokio::test]
async fn names_with_commas_breaks_and_other_scripts_come_through_whole() {
    let world = World::new().await;
    let name =
        "आशा \u{200d}Rao; née Iyer, the elder, of the very long house behind the temple tank";
    let patient = &world.a.patient;
    world
        .a
        .admin
        .patch(format!("/patients/{}", patient.patient), json!({ "name": name }))
        .await
        .is(200);
    let slot = world.a.doctor.sets_slot("2030-12-05", "10:00").await;
    let booked = patient.books(&slot).await;
    let calendar = read(&world, &link(patient).await).await;
    let description = words(&events(&calendar)[0], &Property::Description);
    let shown = text(&booked, "/patient/name");
    assert!(description.starts_with(&format!("For {shown}. ")), "{description}");
    for line in calendar.split("\r\n") {
        assert!(line.len() <= 76, "folded: {line}");
        assert!(!line.contains(['\r', '\n']), "{line}");
    }
}
