//! Each server we need is down, answers too late, or breaks off in the middle of an answer, and is
//! then well again: what cannot be done says so in time, what does not need it goes on, nothing is
//! half done, and all of it heals.

use crate::importing::{file, rows};
use futures_util::future::join_all;
use mongodb::bson::doc;
use scheduled::Job;
use serde_json::{Value, json};
use std::{pin::Pin, process::Stdio, time::Duration};
use tests::{
    actor::{Actor, number, text},
    answer::Answer,
    api::Api,
    hospital::FEE,
    imports::{Imports, NO_HURRY, event},
    lambda::STRETCH_ROWS,
    razorpay::delivery,
    stack,
    switch::{State, Switch, port},
    wire::Wire,
    world::World,
};
use tokio::{process::Command, task::JoinSet, time::timeout};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Server {
    MongoDb,
    Redis,
    Razorpay,
    Ses,
    S3,
}

const FAULTS: [State; 3] = [State::Down, State::Slow, State::Cut];

impl Server {
    /// Where the local one is, and the setting that leads there.
    fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::MongoDb => ("MONGODB_URI", stack::of("/mongodb/uri")),
            Self::Redis => ("UPSTASH_REDIS_REST_URL", stack::of("/upstash/url")),
            Self::Razorpay => ("RAZORPAY_API_URL", stack::of("/razorpay/endpoint")),
            Self::Ses => ("AWS_ENDPOINT_URL_SESV2", stack::of("/mail/ui")),
            Self::S3 => ("AWS_ENDPOINT_URL_S3", stack::of("/s3/endpoint")),
        }
    }

    /// What is answered 503 while it is away.
    fn closes(self) -> &'static [&'static str] {
        match self {
            Self::MongoDb => {
                &["log-in", "code", "read", "book", "order", "verify", "webhook", "cancel"]
            }
            Self::Redis => &["log-in", "code"],
            Self::Razorpay => &["order", "verify"],
            Self::Ses | Self::S3 => &[],
        }
    }

    /// Whether an import cannot go on without it.
    const fn stops_imports(self) -> bool {
        matches!(self, Self::MongoDb | Self::S3)
    }
}

/// A request that is under way.
type Way<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// What is under way in a world when the fault comes.
struct Walk {
    world: World,
    server: Server,
    fault: State,
    api: Api,
    switch: Switch,
    patient: Actor,
    free: Value,
    held: Value,
    /// Paid, as the browser knows.
    verified: Value,
    /// Paid, as the webhook will tell.
    told: Value,
    /// Paid, and nobody tells.
    silent: String,
    /// Confirmed, to be called off; its payment.
    standing: (Value, String),
    imports: Imports,
    file: Value,
}

impl Walk {
    async fn begin(server: Server, fault: State, switch: Switch) -> Self {
        let world = World::new().await;
        world.hurries();
        let api = through(&world, server, &switch);
        let patient = world.a.patient.at(&api);
        let slots = world.a.doctor.at(&api).sets_slots("2030-12-05", "09:00", "12:00", 30).await;
        let standing = patient.books_and_pays(&slots[0]).await;
        world.run(Job::Effects).await;
        let paid = text(&standing, "/payment/paymentId");
        let held = patient.books(&slots[1]).await;
        let verified = patient.checks_out(&patient.books(&slots[2]).await).await;
        let told = patient.checks_out(&patient.books(&slots[3]).await).await;
        let silent = patient.books(&slots[4]).await;
        patient.checks_out(&silent).await;
        let (imports, file) = import_under_way(&world, &api).await;
        Self {
            silent: text(&silent, "/id"),
            standing: (standing, paid),
            free: slots[5].clone(),
            told: world
                .razorpay()
                .event("payment.captured", &text(&told, "/razorpay_payment_id"))
                .await,
            world,
            server,
            fault,
            api,
            switch,
            patient,
            held,
            verified,
            imports,
            file,
        }
    }

    async fn log_in(&self) -> Answer {
        let (email, password) =
            (self.world.setting("ADMIN_EMAIL"), self.world.setting("ADMIN_PASSWORD"));
        let visitor = Actor::visitor(&self.api);
        visitor.post("/login", json!({ "email": email, "password": password })).await
    }

    async fn code(&self) -> Answer {
        self.patient.with_token("").post("/otp-login", self.patient.key()).await
    }

    async fn book(&self) -> Answer {
        let body = json!({ "slotId": self.free["id"] });
        self.patient.post_once("the-only-one", "/slots/book", &body).await
    }

    async fn order(&self) -> Answer {
        let body = json!({ "appointmentId": self.held["id"] });
        self.patient.post("/payment/create-order", body).await
    }

    async fn verify(&self) -> Answer {
        self.patient.post("/payment/verify", self.verified.clone()).await
    }

    async fn webhook(&self) -> Answer {
        self.api.call(&delivery(&self.told, "told")).await
    }

    /// The main ways, all at once, each within the time its function has on Lambda.
    async fn ways(&self) -> Vec<(&'static str, Answer)> {
        let of = |seconds, name, way| async move {
            let answer = timeout(Duration::from_secs(seconds), way).await;
            let late = |_| panic!("{name} hangs: {:?} {:?}", self.server, self.fault);
            (name, answer.unwrap_or_else(late))
        };
        let ways: [(u64, &str, Way<'_>); 8] = [
            (15, "log-in", Box::pin(self.log_in())),
            (15, "code", Box::pin(self.code())),
            (15, "read", Box::pin(self.patient.get("/appointments"))),
            (15, "book", Box::pin(self.book())),
            (29, "order", Box::pin(self.order())),
            (29, "verify", Box::pin(self.verify())),
            (15, "webhook", Box::pin(self.webhook())),
            (15, "cancel", Box::pin(self.patient.cancels(&self.standing.0))),
        ];
        join_all(ways.map(|(seconds, name, way)| of(seconds, name, way))).await
    }

    /// While it lasts.
    async fn is_met(&self) {
        self.switch.turn(self.fault).await;
        for (name, answer) in self.ways().await {
            if self.server.closes().contains(&name) {
                answer.refused(503, "DEPENDENCY_UNAVAILABLE");
            } else {
                answer.is_one_of(&[200, 201, 202]);
            }
        }
        let away = self.server == Server::MongoDb;
        for job in [Job::Effects, Job::Reconcile, due()] {
            let ran = timeout(Duration::from_secs(120), self.api.tries(job)).await;
            assert_eq!(ran.unwrap().is_err(), away, "{:?} {:?}", self.server, self.fault);
        }
        self.waits().await;
        let told = self.imports.told(&self.file, NO_HURRY).await;
        assert_eq!(told.is_err(), self.server.stops_imports(), "{told:?}");
        self.world.check().await;
    }

    /// What a server that is down could not be given is still to be given.
    async fn waits(&self) {
        let down = |server| self.server == server && self.fault == State::Down;
        let refunds = self.world.razorpay().refunds_of(&self.standing.1).await;
        let mails = self.world.mail().count(&self.patient.email, "was cancelled").await;
        assert!(refunds.is_empty() || !down(Server::Razorpay), "{refunds:?}");
        assert!(mails == 0 || !down(Server::Ses), "{mails}");
    }

    /// It is over: whoever was turned away asks again.
    async fn is_over(&self) {
        self.switch.turn(State::Well).await;
        // As long a key is another's whose request was not heard of again.
        self.world.pass(30);
        assert!(self.patient.is_in().await, "nobody is logged out");
        for (name, answer) in self.ways().await {
            let body = answer.is_one_of(&[200, 201, 202]);
            if name == "book" {
                assert_eq!(text(&self.book().await.is(201), "/appointment/id"), booked(&body));
            }
        }
        let orders = self.world.razorpay().orders_with(&text(&self.held, "/id")).await;
        assert_eq!(orders.len(), 1, "one order");
        self.patient.pays(&self.held).await;
        self.world.check().await;
    }

    /// What the clock does then.
    async fn heals(&self) {
        let _told = self.imports.told(&self.file, NO_HURRY).await;
        let mut patient = self.patient.clone();
        for _ in 0..3 {
            self.world.pass(15 * 60);
            patient = patient.refreshed().await;
            for job in [Job::Reconcile, Job::Holds, Job::Effects, due()] {
                self.api.run(job).await;
            }
        }
        let seen = patient.get(format!("/appointments/{}", self.silent)).await.is(200);
        assert_eq!(seen["status"], "confirmed", "what nobody told is found");
        patient.comes_back().await;
        self.world.check().await;
    }

    /// Nothing is lost, and nothing was done twice.
    async fn is_whole(&self) {
        let appointments = self.world.books().find("appointments", doc! {}).await;
        let with = |status: &str| {
            appointments.iter().filter(|one| one.get_str("status").ok() == Some(status)).count()
        };
        assert_eq!((with("confirmed"), with("cancelled"), with("expired")), (4, 1, 1));
        let refunds = self.world.razorpay().refunds_of(&self.standing.1).await;
        let back: Vec<i64> = refunds.iter().map(|refund| number(refund, "/amount")).collect();
        assert_eq!(back, [FEE], "the money went back once");
        self.mails_came().await;
        let imports = self.world.books().find("imports", doc! {}).await;
        assert_eq!(imports.len(), 1);
        let admin = self.world.a.admin.refreshed().await;
        let list = admin.get("/patients/import").await.is(200);
        assert_eq!(list["items"][0]["status"], "done");
        assert_eq!(list["items"][0]["rows"], rows(8, 0, 0, 0), "each row counts once");
    }

    /// One mail of each kind for each appointment. Of a mail whose receipt was lost SES is asked
    /// once more: that one may come twice, and none is missing.
    async fn mails_came(&self) {
        let unsure = self.server == Server::Ses && self.fault != State::Down;
        for (subject, wanted) in [("is confirmed", 5), ("was cancelled", 1)] {
            let mails = self.world.mail().count(&self.patient.email, subject).await;
            let fits = if unsure { mails >= wanted } else { mails == wanted };
            assert!(fits, "{subject}: {mails} mails, {:?} {:?}", self.server, self.fault);
        }
    }
}

fn due() -> Job {
    Job::Mails { mails: Vec::new() }
}

fn booked(answer: &Value) -> String {
    text(answer, "/appointment/id")
}

/// The same world, by way of the switch. The AWS SDK's servers are the process's own.
fn through(world: &World, server: Server, switch: &Switch) -> Api {
    let address = switch.address;
    match server {
        Server::MongoDb => {
            let uri = format!("mongodb://{address}/?directConnection=true");
            world.with(&[("MONGODB_URI", &uri)])
        }
        Server::Redis | Server::Razorpay => {
            world.with(&[(server.place().0, &format!("http://{address}"))])
        }
        Server::Ses | Server::S3 => world.with(&[]),
    }
}

/// An import whose first rows are written, and the event that lets it go on.
async fn import_under_way(world: &World, api: &Api) -> (Imports, Value) {
    let alone = api.with(&[("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9")]);
    let mut imports = Imports::of(&alone);
    imports.function.stretch_rows = STRETCH_ROWS;
    let key = format!("imports/{}/list.csv", world.a.code);
    let now = world.clock().now();
    let told = event(&key, &imports.bucket.put(&key, &file(0, 8)).await, now);
    imports.told(&told, now).await.unwrap_err();
    (imports, told)
}

async fn walk(server: Server, fault: State, switch: Switch) {
    let walk = Box::pin(Walk::begin(server, fault, switch)).await;
    walk.is_met().await;
    walk.is_over().await;
    walk.heals().await;
    walk.is_whole().await;
}

async fn all_end(mut walks: JoinSet<()>) {
    let mut failed = 0;
    while let Some(ended) = walks.join_next().await {
        // What failed has said so; the others are still heard.
        failed += usize::from(ended.is_err());
    }
    assert_eq!(failed, 0);
}

/// Each fault in a world of its own, all at the same time.
async fn each_fault_of(server: Server) {
    let mut walks = JoinSet::new();
    for fault in FAULTS {
        walks.spawn(async move {
            let switch = Switch::to(server.place().1).await;
            Box::pin(walk(server, fault, switch)).await;
        });
    }
    all_end(walks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mongodb_is_away() {
    each_fault_of(Server::MongoDb).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_away() {
    each_fault_of(Server::Redis).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn razorpay_is_away() {
    each_fault_of(Server::Razorpay).await;
}

/// The AWS SDK reads its endpoints from the process's environment, so these run in processes of
/// their own, which find there what they are to do.
async fn each_fault_alone(server: Server) {
    let (name, _) = server.place();
    let mut walks = JoinSet::new();
    for fault in FAULTS {
        walks.spawn(async move {
            let (_kept, address) = port();
            let mut alone = Command::new(std::env::current_exe().unwrap());
            alone.args(["--exact", "faults::in_a_process_of_its_own", "--ignored", "--nocapture"]);
            alone.env(name, format!("http://{address}"));
            alone.env("FAULT", format!("{server:?} {fault:?}"));
            let ended = alone.stdin(Stdio::null()).output().await.unwrap();
            let (said, cause) =
                (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
            assert!(ended.status.success() && said.contains("1 passed"), "{said}{cause}");
        });
    }
    all_end(walks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ses_is_away() {
    each_fault_alone(Server::Ses).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_is_away() {
    each_fault_alone(Server::S3).await;
}

/// What a function has begun and could not end, the database ends after a while.
async fn books_at_last(who: &Actor, body: &Value) -> Value {
    for _ in 0..300 {
        let answer = who.post_once("once", "/slots/book", body).await;
        if answer.status != 503 {
            return answer.is(201);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the slot stays locked");
}

/// A booking whose database answers so many commands more and then none. It is answered within
/// the time its function has, and whoever asks again with his key gets the slot, once.
async fn booked_over_silence(commands: usize, status: u16) {
    let world = World::with_instances(2).await;
    let slot = world.a.doctor.sets_slot("2030-12-05", "10:00").await;
    let wire = Wire::new().await;
    let frail = world.a.patient.at(&world.with(&[("MONGODB_URI", &wire.uri)]));
    // The driver's first steps are not the booking's.
    frail.get("/slots").await.is(200);
    wire.dies_after(commands, true);
    world.hurries();
    let body = json!({ "slotId": slot["id"] });
    let answer = frail.post_once("once", "/slots/book", &body);
    let answer = timeout(Duration::from_secs(15), answer).await;
    let answer = answer.unwrap_or_else(|_| panic!("it hangs after {commands} commands"));
    assert_eq!(answer.status, status, "after {commands} commands: {}", answer.text);
    world.pass(30);
    let whole = books_at_last(&world.a.patient, &body).await;
    let again = world.a.patient.post_once("once", "/slots/book", &body).await.is(201);
    assert_eq!(again, whole);
    assert_eq!(world.books().count("appointments").await, 1);
    world.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_falls_silent_at_any_step_of_a_booking_is_answered_for_in_time() {
    let mut silences = JoinSet::new();
    // The last of its eight commands keeps the answer, which is given without.
    for (commands, status) in (0..7).map(|n| (n, 503)).chain([(7, 201)]) {
        silences.spawn(async move { Box::pin(booked_over_silence(commands, status)).await });
    }
    all_end(silences).await;
}

#[tokio::test]
#[ignore = "run by the tests above, with a server's address changed"]
async fn in_a_process_of_its_own() {
    let wish = std::env::var("FAULT").unwrap();
    let wished = |server: &Server, fault: &State| wish == format!("{server:?} {fault:?}");
    for server in [Server::Ses, Server::S3] {
        if let Some(fault) = FAULTS.into_iter().find(|fault| wished(&server, fault)) {
            let (name, place) = server.place();
            let address = std::env::var(name).unwrap();
            let address = address.trim_start_matches("http://").parse().unwrap();
            let switch = Switch::at(address, place).await;
            return Box::pin(walk(server, fault, switch)).await;
        }
    }
    panic!("no such fault: {wish}");
}
