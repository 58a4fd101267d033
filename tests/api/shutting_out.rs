//! Blocking, unblocking and removing people.

use crate::passwords::{PASSWORD, logs_in, with_password};
use serde_json::{Value, json};
use tests::{
    actor::{Actor, ids, text},
    answer::Answer,
    wire::Wire,
    world::World,
};

async fn blocks(world: &World, who: &Actor) {
    let blocked = world.a.admin.act(format!("/users/{}/block", who.account)).await.is(200);
    assert_eq!(text(&blocked, "/status"), "blocked");
}

#[tokio::test]
async fn a_block_ends_access_with_the_next_request() {
    let world = World::new().await;
    let patient = with_password(&world).await;
    assert!(patient.is_in().await, "so that the session is remembered as live");
    blocks(&world, &patient).await;
    assert!(!patient.is_in().await);
    let body = json!({ "refreshToken": patient.refresh });
    patient.post("/token/refresh", body).await.refused(401, "UNAUTHENTICATED");
    logs_in(&patient, PASSWORD).await.refused(401, "INVALID_CREDENTIALS");
    let before = world.mail().to(&patient.email).await.len();
    patient.post("/otp-login", patient.key()).await.is(202);
    patient.post("/password/forgot", patient.key()).await.is(202);
    assert_eq!(
        world.mail().to(&patient.email).await.len(),
        before,
        "no OTP for somebody who is blocked"
    );
    // A second block is the same block.
    blocks(&world, &patient).await;
    let seen = world.a.admin.get(format!("/patients/{}", world.a.patient.patient)).await.is(200);
    assert_eq!(text(&seen, "/status"), "blocked");
}

#[tokio::test]
async fn an_unblocked_person_logs_in_again() {
    let world = World::new().await;
    let patient = with_password(&world).await;
    blocks(&world, &patient).await;
    let path = format!("/users/{}/unblock", patient.account);
    for _ in 0..2 {
        assert_eq!(text(&world.a.admin.act(&*path).await.is(200), "/status"), "active");
    }
    assert!(!patient.is_in().await, "the old session stays ended");
    logs_in(&patient, PASSWORD).await.is(200);
    let seen = world.a.admin.get(format!("/patients/{}", world.a.patient.patient)).await.is(200);
    assert_eq!(text(&seen, "/status"), "active");
}

#[tokio::test]
async fn somebody_who_never_proved_his_address_is_pending_again() {
    let world = World::new().await;
    let made = world.a.admin.post("/create/doctor", world.a.doctor_body("new")).await.is(201);
    let id = text(&made, "/id");
    let otp = world.mail().code(&world.a.address("new")).await;
    world.a.admin.act(format!("/users/{id}/block")).await.is(200);
    // The OTP that was out is worth nothing while he is blocked.
    let body = json!({ "email": world.a.address("new"), "hospital": world.a.code, "otp": otp });
    world.visitor().post("/otp-login/verify", body.clone()).await.refused(401, "INVALID_OTP");
    let back = world.a.admin.act(format!("/users/{id}/unblock")).await.is(200);
    assert_eq!(text(&back, "/status"), "pending");
}

#[tokio::test]
async fn nobody_shuts_himself_out_and_only_the_hospital_others() {
    let world = World::new().await;
    let admin = &world.a.admin;
    admin.act(format!("/users/{}/block", admin.account)).await.refused(409, "OWN_ACCOUNT");
    admin.delete(format!("/users/{}", admin.account)).await.refused(409, "OWN_ACCOUNT");
    for who in [&world.a.doctor, &world.a.patient, &world.admin] {
        for target in [&world.a.patient, &world.a.doctor] {
            who.act(format!("/users/{}/block", target.account)).await.refused(403, "FORBIDDEN");
            who.act(format!("/users/{}/unblock", target.account)).await.refused(403, "FORBIDDEN");
            who.delete(format!("/users/{}", target.account)).await.refused(403, "FORBIDDEN");
        }
    }
}

#[tokio::test]
async fn somebody_without_appointments_is_gone_without_a_trace() {
    let world = World::new().await;
    let patient = world.a.new_patient("leaver").await;
    let path = format!("/users/{}", patient.account);
    world.a.admin.delete(&*path).await.is(204);
    assert!(!patient.is_in().await);
    world.a.admin.get(&*path).await.refused(404, "NOT_FOUND");
    world.a.admin.get(format!("/patients/{}", patient.patient)).await.refused(404, "NOT_FOUND");
    world.a.admin.delete(&*path).await.refused(404, "NOT_FOUND");
    // Address and number are free again.
    world.a.new_patient("leaver").await;
}

#[tokio::test]
async fn a_doctor_who_leaves_takes_his_slots_along() {
    let world = World::new().await;
    let doctor = world.a.new_doctor("leaver", "Vikram Shah").await;
    let slot = doctor.sets_slot("2030-12-03", "10:00").await;
    world.a.admin.delete(format!("/users/{}", doctor.account)).await.is(204);
    assert_eq!(ids(&world.a.patient.get("/slots").await.is(200)), Vec::<String>::new());
    world.a.patient.tries_to_book(&slot).await.refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn somebody_with_appointments_is_kept_for_them() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let slot = doctor.sets_slot("2030-12-03", "10:00").await;
    let appointment = patient.books_and_pays(&slot).await;
    world.a.admin.delete(format!("/users/{}", patient.account)).await.is(204);
    assert!(!patient.is_in().await);
    let seen = world.a.admin.get(format!("/users/{}", patient.account)).await.is(200);
    assert_eq!(text(&seen, "/status"), "deactivated");
    let kept = doctor.sees(&appointment).await;
    assert_eq!(text(&kept, "/patient/name"), "Asha Rao");
    // A closed account is not opened by a block and its lifting.
    world
        .a
        .admin
        .act(format!("/users/{}/block", patient.account))
        .await
        .refused(409, "ACCOUNT_CLOSED");
    world.check().await;
}

#[tokio::test]
async fn a_blocked_doctor_is_not_offered_and_publishes_nothing() {
    let world = World::new().await;
    let doctor = &world.a.doctor;
    doctor.sets_slot("2030-12-03", "10:00").await;
    blocks(&world, doctor).await;
    let list = world.a.patient.get("/doctors").await.is(200);
    assert_eq!(ids(&list), Vec::<String>::new());
    let body = json!({
        "doctorId": doctor.account, "date": "2030-12-04", "from": "10:00", "to": "11:00", "slotMinutes": 30,
    });
    world.a.admin.post("/slots/set", body).await.refused(409, "DOCTOR_NOT_ACTIVE");
}

#[tokio::test]
async fn nobody_books_a_doctor_who_is_shut_out() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let slot = doctor.sets_slot("2030-12-03", "10:00").await;
    let other = doctor.sets_slot("2030-12-03", "11:00").await;
    let held = patient.books(&slot).await;
    blocks(&world, doctor).await;
    patient.tries_to_book(&other).await.refused(409, "SLOT_TAKEN");
    // What becomes free meanwhile is not to be had either.
    let id = json!({ "appointmentId": held["id"] });
    world.a.admin.post("/slots/cancel", id).await.is(200);
    patient.tries_to_book(&slot).await.refused(409, "SLOT_TAKEN");
    assert_eq!(ids(&patient.get("/slots").await.is(200)), Vec::<String>::new());
    let all = world.a.admin.get("/slots").await.is(200);
    let statuses: Vec<&Value> =
        all["items"].as_array().unwrap().iter().map(|item| &item["status"]).collect();
    assert_eq!(statuses, ["blocked", "blocked"]);
    let unblock = format!("/users/{}/unblock", doctor.account);
    world.a.admin.act(unblock).await.is(200);
    patient.tries_to_book(&slot).await.is(201);
    world.check().await;
}

/// Whether a doctor who was removed is kept, for the appointment that was booked with him at the
/// same moment. Else he is gone, and so is all that was his.
async fn is_kept(world: &World, doctor: &Actor, booked: Answer) -> bool {
    let (admin, patient) = (&world.a.admin, &world.a.patient);
    assert!(!doctor.is_in().await);
    let account = admin.get(format!("/users/{}", doctor.account)).await;
    let theirs = admin.get(format!("/appointments?doctorId={}", doctor.account)).await.is(200);
    assert_eq!(ids(&patient.get("/slots").await.is(200)), Vec::<String>::new());
    if booked.status == 201 {
        let appointment = &booked.body["appointment"];
        assert_eq!(account.is(200)["status"], "deactivated");
        assert_eq!(ids(&theirs), [text(appointment, "/id")]);
        assert_eq!(patient.status_of(appointment).await, "held");
        return true;
    }
    booked.refused(404, "NOT_FOUND");
    account.refused(404, "NOT_FOUND");
    assert_eq!(ids(&theirs), Vec::<String>::new());
    false
}

#[tokio::test]
async fn a_doctor_who_is_removed_while_he_is_booked_is_kept_or_was_never_booked() {
    let world = World::new().await;
    let (admin, patient) = (&world.a.admin, &world.a.patient);
    // Each of the two begins some steps before the other.
    let steps = [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (0, 5), (0, 6), (1, 0), (2, 0), (3, 0)];
    for (round, (first, second)) in steps.into_iter().enumerate() {
        let doctor = world.a.new_doctor(&format!("d{round}"), "Vikram Shah").await;
        let day = format!("2030-12-{:02}", 5 + round);
        let slots = doctor.sets_slots(&day, "10:00", "11:00", 30).await;
        let removing = async {
            admin.dawdles(first).await;
            admin.delete(format!("/users/{}", doctor.account)).await
        };
        let booking = async {
            patient.dawdles(second).await;
            patient.tries_to_book(&slots[0]).await
        };
        let (removed, booked) = tokio::join!(removing, booking);
        removed.is(204);
        is_kept(&world, &doctor, booked).await;
    }
    world.check().await;
}

#[tokio::test]
async fn a_booking_and_the_removal_of_its_doctor_meet_whichever_is_under_way() {
    let world = World::new().await;
    let (admin, patient) = (&world.a.admin, &world.a.patient);
    let (one, two) = tokio::join!(
        world.a.new_doctor("one", "Vikram Shah"),
        world.a.new_doctor("two", "Vikram Shah"),
    );
    // The slot is read, and gone before it is taken.
    let slot = one.sets_slot("2030-12-05", "10:00").await;
    let held = Wire::holding(&[("findAndModify", "slots")]).await;
    let late = patient.at(&world.with(&[("MONGODB_URI", &held.uri)]));
    let (booked, removed) = tokio::join!(
        late.tries_to_book(&slot),
        held.meanwhile(admin.delete(format!("/users/{}", one.account))),
    );
    removed.is(204);
    assert!(!is_kept(&world, &one, booked).await);
    // He has no appointments, and has one before his slots go.
    let slot = two.sets_slot("2030-12-05", "10:00").await;
    let held = Wire::holding(&[("delete", "slots")]).await;
    let late = admin.at(&world.with(&[("MONGODB_URI", &held.uri)]));
    let (removed, booked) = tokio::join!(
        late.delete(format!("/users/{}", two.account)),
        held.meanwhile(patient.tries_to_book(&slot)),
    );
    removed.is(204);
    assert!(is_kept(&world, &two, booked).await);
    world.check().await;
}
