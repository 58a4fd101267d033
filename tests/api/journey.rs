//! The main job, end to end.

use serde_json::json;
use tests::{
    actor::{ids, number, text},
    hospital::FEE,
    world::World,
};

#[tokio::test]
async fn a_patient_books_pays_sees_and_cancels() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let slots = doctor.sets_slots("2030-12-03", "10:00", "12:00", 15).await;
    assert_eq!(slots.len(), 8);
    assert_eq!(text(&slots[0], "/start"), "2030-12-03T10:00:00+05:30");

    let held = patient.books(&slots[2]).await;
    assert_eq!(text(&held, "/status"), "held");
    assert_eq!(text(&held, "/holdExpiresAt"), "2030-12-02T09:10:00+05:30");
    let verified = patient.pays(&held).await;
    assert_eq!(text(&verified, "/appointment/status"), "confirmed");
    assert_eq!(text(&verified, "/payment/status"), "captured");
    assert_eq!(number(&verified, "/payment/amount"), FEE);

    let id = text(&held, "/id");
    for who in [doctor, patient] {
        let upcoming = who.get("/appointments/upcoming").await.is(200);
        assert_eq!(ids(&upcoming), [id.clone()]);
        assert_eq!(text(&upcoming, "/items/0/status"), "confirmed");
        let today = who.get("/appointments/today").await.is(200);
        assert_eq!(today, json!({ "items": [], "nextCursor": null }));
    }
    for stranger in [&world.b.doctor, &world.b.patient] {
        let upcoming = stranger.get("/appointments/upcoming").await.is(200);
        assert_eq!(upcoming, json!({ "items": [], "nextCursor": null }));
    }

    let cancelled = patient.cancels(&held).await.is(200);
    assert_eq!(text(&cancelled, "/appointment/status"), "cancelled");
    assert_eq!(number(&cancelled, "/refund/amount"), FEE);
    assert_eq!(text(&cancelled, "/refund/currency"), "INR");
    let open = patient.get("/slots").await.is(200);
    assert_eq!(ids(&open), slots.iter().map(|slot| text(slot, "/id")).collect::<Vec<_>>());
    world.check().await;
}

#[tokio::test]
async fn the_webhook_alone_confirms_where_the_browser_never_returns() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-02", "15:00").await;
    let held = world.a.patient.books(&slot).await;
    let paid = world.a.patient.checks_out(&held).await;
    let payment = text(&paid, "/razorpay_payment_id");
    world.is_told("payment.captured", &payment).await.is(200);
    let seen = world.a.patient.sees(&held).await;
    assert_eq!(text(&seen, "/status"), "confirmed");
    assert_eq!(text(&seen, "/payment/paymentId"), payment);
    for who in [&world.a.doctor, &world.a.patient] {
        for list in ["/appointments/today", "/appointments/upcoming"] {
            assert_eq!(ids(&who.get(list).await.is(200)), [text(&held, "/id")], "{list}");
        }
    }
    world.check().await;
}

#[tokio::test]
async fn the_product_speaks_of_itself_to_anybody() {
    let world = World::new().await;
    let visitor = world.visitor();
    assert_eq!(text(&visitor.get("/health").await.is(200), "/status"), "ok");
    let document = visitor.get("/openapi.json").await.is(200);
    assert!(text(&document, "/openapi").starts_with("3."));
    let page = visitor.get("/docs").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));
    assert!(page.text.contains("openapi.json"), "it reads the document");
    assert!(!page.text.contains("http"), "it needs nothing from outside");
}

#[tokio::test]
async fn hospitals_are_the_platforms_to_make_and_their_own_to_name() {
    let world = World::new().await;
    let all = world.admin.get("/hospitals").await.is(200);
    let mut found = ids(&all);
    found.sort();
    let mut expected = vec![world.a.id.clone(), world.b.id.clone()];
    expected.sort();
    assert_eq!(found, expected);
    for (who, status, code) in [
        (&world.visitor(), 401, "UNAUTHENTICATED"),
        (&world.a.admin, 403, "FORBIDDEN"),
        (&world.a.doctor, 403, "FORBIDDEN"),
        (&world.a.patient, 403, "FORBIDDEN"),
    ] {
        who.get("/hospitals").await.refused(status, code);
        who.post("/hospitals", json!({})).await.refused(status, code);
    }
    let body = json!({
        "name": "Another", "code": world.a.code,
        "admin": { "name": "Anil", "email": "anil@else.example", "mobile": "9876500000" },
    });
    world.admin.post("/hospitals", body).await.refused(409, "DUPLICATE_CODE");
    assert_eq!(world.books().count("hospitals").await, 2);

    let changed =
        world.a.admin.patch("/hospital", json!({ "name": "Sunset Hospital" })).await.is(200);
    assert_eq!(text(&changed, "/name"), "Sunset Hospital");
    assert_eq!(text(&world.a.patient.get("/hospital").await.is(200), "/name"), "Sunset Hospital");
    assert_eq!(text(&world.b.patient.get("/hospital").await.is(200), "/name"), "Sunrise Hospital");
    for who in [&world.a.doctor, &world.a.patient] {
        who.patch("/hospital", json!({ "name": "Mine" })).await.refused(403, "FORBIDDEN");
    }
    world.admin.get("/hospital").await.refused(403, "FORBIDDEN");
}
