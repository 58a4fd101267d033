//! The hospital's terms: what a cancellation, and not coming, gives back.

use scheduled::Job;
use serde_json::{Value, json};
use tests::{
    actor::{number, text},
    world::World,
};

async fn quote(world: &World, appointment: &Value) -> Value {
    let path = format!("/appointments/{}/cancel-quote", text(appointment, "/id"));
    world.a.patient.get(path).await.is(200)
}

fn terms() -> Value {
    json!({
        "tiers": [
            { "beforeMinutes": 2880, "percent": 80 },
            { "beforeMinutes": 60, "percent": 30 },
        ],
        "noShowPercent": 10,
    })
}

#[tokio::test]
async fn terms_hold_for_what_is_booked_from_now_on() {
    let world = World::new().await;
    let slots = world.a.doctor.sets_slots("2030-12-02", "15:00", "16:00", 30).await;
    let before = world.a.patient.books_and_pays(&slots[0]).await;
    let default = json!({
        "tiers": [
            { "beforeMinutes": 1440, "percent": 100 },
            { "beforeMinutes": 120, "percent": 50 },
        ],
        "noShowPercent": 0,
    });
    assert_eq!(world.a.admin.get("/hospital").await.is(200)["cancellation"], default);
    let changed = world.a.admin.patch("/hospital", json!({ "cancellation": terms() })).await;
    let changed = changed.is(200);
    assert_eq!(
        (&changed["cancellation"], &changed["name"]),
        (&terms(), &json!("Sunrise Hospital"))
    );
    assert_eq!(world.b.admin.get("/hospital").await.is(200)["cancellation"], default);
    let after = world.a.patient.books_and_pays(&slots[1]).await;
    assert_eq!(quote(&world, &before).await["percent"], 50);
    assert_eq!(quote(&world, &after).await["percent"], 30);
    let cancelled = world.a.patient.cancels(&after).await.is(200);
    assert_eq!(number(&cancelled, "/refund/amount"), 15_000);
    world.check().await;
}

#[tokio::test]
async fn mistakes_in_terms_are_named() {
    let world = World::new().await;
    let tries = async |cancellation: Value| {
        let body = json!({ "cancellation": cancellation });
        world.a.admin.patch("/hospital", body).await.bad_fields()
    };
    let tier = |minutes: i64, percent: i64| json!({ "beforeMinutes": minutes, "percent": percent });
    for tiers in [
        json!([tier(60, 50), tier(60, 40)]),
        json!([tier(60, 50), tier(120, 40)]),
        json!(vec![tier(1, 1); 11]),
    ] {
        let fields = tries(json!({ "tiers": tiers })).await;
        assert_eq!(fields, [("cancellation.tiers".to_owned(), "INVALID".to_owned())]);
    }
    let fields = tries(json!({
        "tiers": [tier(60, 101), { "beforeMinutes": 1.5, "percent": 1 }, tier(-1, 0), { "percent": 1 }],
        "noShowPercent": 101,
        "more": 1,
    }))
    .await;
    let names: Vec<&str> = fields.iter().map(|(field, _)| field.as_str()).collect();
    let expected = [
        "cancellation.more",
        "cancellation.noShowPercent",
        "cancellation.tiers[0].percent",
        "cancellation.tiers[1].beforeMinutes",
        "cancellation.tiers[2].beforeMinutes",
        "cancellation.tiers[3].beforeMinutes",
    ];
    assert_eq!(names, expected);
    for who in [&world.a.doctor, &world.a.patient, &world.admin] {
        let body = json!({ "cancellation": terms() });
        who.patch("/hospital", body).await.refused(403, "FORBIDDEN");
    }
}

#[tokio::test]
async fn who_does_not_come_gets_back_what_the_terms_say() {
    let world = World::new().await;
    world.a.admin.patch("/hospital", json!({ "cancellation": terms() })).await.is(200);
    let slot = world.a.doctor.sets_slot("2030-12-02", "15:00").await;
    let appointment = world.a.patient.books_and_pays(&slot).await;
    let path = format!("/appointments/{}/no-show", text(&appointment, "/id"));
    world.a.doctor.act(&path).await.refused(409, "NOT_STARTED");
    world.set("2030-12-02T15:00:00+05:30");
    let doctor = world.a.doctor.refreshed().await;
    world.a.patient.refreshed().await.act(&path).await.refused(403, "FORBIDDEN");
    world.b.admin.refreshed().await.act(&path).await.refused(404, "NOT_FOUND");
    let noted = doctor.act(&path).await.is(200);
    assert_eq!(text(&noted, "/appointment/status"), "no_show");
    assert_eq!(noted["refund"], json!({ "amount": 5_000, "currency": "INR" }));
    assert_eq!(noted["refundAt"], "2030-12-03T00:00:00+05:30");
    assert_eq!(doctor.act(&path).await.is(200), noted);
    doctor.cancels(&appointment).await.refused(409, "NOT_CANCELLABLE");
    // It is owed when the day is over, and goes back with the run after that.
    let payment = text(&appointment, "/payment/paymentId");
    world.set("2030-12-02T23:59:59+05:30");
    world.run(Job::Effects).await;
    assert_eq!(
        world
            .books()
            .appointment(&text(&appointment, "/id"))
            .await
            .get_array("refunds")
            .unwrap()
            .len(),
        0
    );
    world.pass(1);
    for _ in 0..3 {
        world.run(Job::Effects).await;
        world.check().await;
    }
    let refunds = world.razorpay().refunds_of(&payment).await;
    assert_eq!(refunds.iter().map(|one| number(one, "/amount")).collect::<Vec<_>>(), [5_000]);
    assert_eq!(world.mail().count(&world.a.patient.email, "Your refund").await, 1);
}
