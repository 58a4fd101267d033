//! A world at the present time, as the released functions see it, with a day full of appointments.

use crate::table::median;
use futures_util::TryStreamExt as _;
use mongodb::bson::{RawDocumentBuf, doc};
use serde_json::{Value, json};
use std::time::Instant;
use tests::{
    actor::{Actor, text},
    world::World,
};

/// The doctor's password.
pub(crate) const PASSWORD: &str = "correct horse battery";
/// How many appointments the doctor has.
pub(crate) const BOOKED: usize = 30;

/// A world, and those in it who act.
#[derive(Debug)]
pub(crate) struct People {
    pub(crate) world: World,
    /// Has a password and [`BOOKED`] appointments.
    pub(crate) doctor: Actor,
    pub(crate) patient: Actor,
}

impl People {
    pub(crate) async fn new() -> Self {
        let mut world = World::new().await;
        world.set(&jiff::Timestamp::now().to_string());
        world.a.admin = world.a.admin.comes_back().await;
        let mut body = world.a.doctor_body("bench");
        body.as_object_mut().map(|body| body.insert("password".to_owned(), json!(PASSWORD)));
        world.a.admin.post("/create/doctor", body).await.is(201);
        let doctor = world.visitor().activated(&world.a.address("bench"), &world.a.code).await;
        let patient = world.a.patient.comes_back().await;
        let this = Self { world, doctor, patient };
        for slot in this.slots(3, BOOKED).await {
            this.patient.books_and_pays(&slot).await;
        }
        this
    }

    /// An OTP this person has just been mailed.
    pub(crate) async fn otp_of(&self, who: &Actor) -> String {
        who.post("/otp-login", who.key()).await.is(202);
        self.world.mail().code(&who.email).await
    }

    /// So many open slots, some days from now.
    pub(crate) async fn slots(&self, days: i32, count: usize) -> Vec<Value> {
        let day = jiff::Zoned::now().date().saturating_add(jiff::Span::new().days(days));
        let mut slots = self.doctor.sets_slots(&day.to_string(), "08:00", "22:00", 15).await;
        assert!(slots.len() >= count, "a day has enough slots");
        slots.truncate(count);
        slots
    }

    /// Seconds that the doctor's list takes, each way alone: by one find, and by one request of
    /// Upstash that brings the same bytes.
    pub(crate) async fn list_by_each(&self) -> (f64, f64) {
        let client = mongodb::Client::with_uri_str(self.world.setting("MONGODB_URI")).await;
        let database = client.expect("an address").database(self.world.name());
        let own = doc! { "hospitalId": &self.world.a.id, "doctor.id": &self.doctor.account };
        let find = async || {
            let appointments = database.collection::<RawDocumentBuf>("appointments");
            let found = appointments.find(own.clone()).sort(doc! { "start": 1, "_id": 1 }).await;
            let found: Vec<RawDocumentBuf> =
                found.expect("a find").try_collect().await.expect("a find");
            found.iter().map(|document| document.as_bytes().len()).sum::<usize>()
        };
        let bytes = find().await;
        let (http, key) = (reqwest::Client::new(), format!("bench:{}", self.world.name()));
        let command = async |command: Value| {
            let sent = http
                .post(self.world.setting("UPSTASH_REDIS_REST_URL"))
                .bearer_auth(self.world.setting("UPSTASH_REDIS_REST_TOKEN"))
                .json(&command);
            sent.send().await.expect("Upstash is there").text().await.expect("it answers").len()
        };
        command(json!(["SET", key, "x".repeat(bytes), "EX", 60])).await;
        let (mut finds, mut gets) = (Vec::new(), Vec::new());
        for _ in 0..101 {
            let start = Instant::now();
            find().await;
            finds.push(start.elapsed().as_secs_f64());
            let start = Instant::now();
            command(json!(["GET", key])).await;
            gets.push(start.elapsed().as_secs_f64());
        }
        (median(finds), median(gets))
    }

    /// The body of the doctor's log-in.
    pub(crate) fn log_in(&self) -> Value {
        self.doctor.key_and(&json!({ "password": PASSWORD }))
    }
}

/// What names an appointment in a body.
pub(crate) fn named(appointment: &Value) -> Value {
    json!({ "appointmentId": text(appointment, "/id") })
}
