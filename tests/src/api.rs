//! The whole API in this process: every function over the real servers, a database of its own,
//! and a clock that stands still.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test world that breaks ends its test"
)]

use crate::{
    answer::Answer, books::Books, call::Call, fleet::Fleet, lambda, log, mailbox::Mailbox,
    razorpay::Simulator, routes, seeded, stack,
};
use axum::{Router, body::to_bytes};
use lambda_http::RequestExt as _;
use migrate::{Migrate, Migrated};
use mongodb::options::ClientOptions;
use scheduled::{Job, Scheduled};
use shared::{
    calls::patiently,
    clock::Clock,
    entropy::Entropy,
    models::Instant,
    web::{Environment, Function, app},
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

/// Monday, 2 December 2030, 09:00 in Kolkata. It lies ahead of the machine's clock, so that
/// nothing that goes by its age goes during a test.
pub const MORNING: &str = "2030-12-02T09:00:00+05:30";

/// How many times as long as on Lambda a call may take: all services are on this machine, and with
/// them all that is tested beside.
const PATIENCE: u32 = 10;

/// How long all functions of a world wait for others.
#[derive(Debug, Clone)]
pub struct Patience(Arc<AtomicU32>);

impl Patience {
    /// Runs what a function does.
    pub fn with<T>(&self, work: impl Future<Output = T>) -> impl Future<Output = T> {
        patiently(self.0.load(Ordering::Relaxed), Box::pin(work))
    }
}

/// The environment of the functions.
pub type Settings = BTreeMap<String, String>;

/// A handle on the API; clones are the same one.
#[derive(Debug, Clone)]
pub struct Api(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    ground: Arc<Ground>,
    settings: Settings,
    fleets: HashMap<&'static str, Fleet>,
}

/// What an API shares with its variants: time, database, mails.
#[derive(Debug)]
struct Ground {
    name: String,
    clock: Clock,
    books: Books,
    mailbox: Mailbox,
    razorpay: Simulator,
    clients: AtomicU32,
    requests: AtomicU32,
    patience: Patience,
}

fn random() -> String {
    data_encoding::HEXLOWER.encode(&Entropy.bytes::<16>().expect("there is chance"))
}

/// The instant of an RFC 3339 text.
pub fn instant(text: &str) -> Instant {
    let at: jiff::Timestamp = text.parse().unwrap_or_else(|_| panic!("{text} is no instant"));
    Instant::from(at)
}

impl Api {
    /// A new API; each function has at most `instances`.
    pub async fn start(instances: usize) -> Self {
        log::keep();
        let name = format!("w{}", random().get(..10).unwrap_or_default());
        // No server closes a connection just when it is used again.
        let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0);
        let http = http.build().expect("there is an HTTP client");
        let options = ClientOptions::parse(stack::of("/mongodb/uri"))
            .await
            .expect("MongoDB's address is one");
        let database =
            mongodb::Client::with_options(options).expect("there is a client").database(&name);
        let clock = Clock::standing_at(instant(MORNING));
        let ground = Ground {
            books: Books::new(database),
            mailbox: Mailbox::new(http.clone()),
            razorpay: Simulator::new(http, clock.clone()),
            clock,
            clients: AtomicU32::new(0),
            requests: AtomicU32::new(0),
            patience: Patience(Arc::new(AtomicU32::new(PATIENCE))),
            name: name.clone(),
        };
        let mut settings = settings(&name);
        for (name, value) in &settings {
            let ends = ["_SECRET", "_TOKEN", "_PASSWORD", "_ACCESS_KEY", "_URI"];
            if ends.iter().any(|end| name.ends_with(end)) {
                seeded::note_secret(value);
            }
        }
        let url = lambda::serve(&settings, &ground.clock, &ground.patience).await;
        settings.insert("AWS_ENDPOINT_URL_LAMBDA".to_owned(), url);
        let api = Self::over(Arc::new(ground), settings, instances);
        api.migrates().await;
        api
    }

    /// Runs the migration, as after each deployment.
    pub async fn migrates(&self) -> Migrated {
        let mut env = self.environment();
        let migrate = Migrate::configure(&mut env);
        let migrate = env.finish(migrate).expect("the settings are right");
        self.patience().with(migrate.run()).await.expect("the migration succeeds")
    }

    /// A deployment, or somebody by hand, invokes the migration.
    pub async fn deploys(&self, event: serde_json::Value) -> Result<serde_json::Value, String> {
        let mut env = self.environment();
        let migrate = Migrate::configure(&mut env);
        let migrate = Arc::new(env.finish(migrate).expect("the settings are right"));
        let done = self.patience().with(migrate::handle(migrate, event)).await;
        done.map_err(|error| error.to_string())
    }

    fn over(ground: Arc<Ground>, settings: Settings, instances: usize) -> Self {
        let mut fleets = HashMap::new();
        let mut add = |name, start: fn(&Settings, &Clock) -> Router| {
            let (settings, clock) = (settings.clone(), ground.clock.clone());
            fleets.insert(name, Fleet::new(instances, move || start(&settings, &clock)));
        };
        add("auth", start::<auth::Auth>);
        add("users", start::<users::Users>);
        add("hospitals", start::<hospitals::Hospitals>);
        add("slots", start::<slots::Slots>);
        add("appointments", start::<appointments::Appointments>);
        add("payments", start::<payments::Payments>);
        add("razorpay-webhook", start::<razorpay_webhook::RazorpayWebhook>);
        Self(Arc::new(Inner { ground, settings, fleets }))
    }

    /// The same world through functions with other settings: an address where nobody listens, a
    /// limit that is lower.
    #[must_use]
    pub fn with(&self, changes: &[(&str, &str)]) -> Self {
        let mut settings = self.0.settings.clone();
        for (name, value) in changes {
            settings.insert((*name).to_owned(), (*value).to_owned());
        }
        Self::over(self.0.ground.clone(), settings, 8)
    }

    /// From now on its functions wait for others as long as on Lambda, and no longer.
    pub fn hurries(&self) {
        self.0.ground.patience.0.store(1, Ordering::Relaxed);
    }

    /// How long they wait for others.
    pub fn patience(&self) -> &Patience {
        &self.0.ground.patience
    }

    pub(crate) fn environment(&self) -> Environment {
        Environment::of(self.0.settings.clone()).with_clock(self.clock().clone())
    }

    /// Sends a request through API Gateway to the function that owns its route.
    pub async fn call(&self, call: &Call) -> Answer {
        let Some((route, parameters)) = routes::find(call.method, call.path()) else {
            panic!("no function has {} {}", call.method, call.path());
        };
        call.note();
        let number = self.0.ground.requests.fetch_add(1, Ordering::Relaxed);
        let request_id = format!("{}-{number:06}=", self.name());
        let key = format!("{} {}", route.method, route.path);
        let event = call.event(&key, &parameters, &request_id).to_string();
        let mut request = lambda_http::request::from_str(&event).expect("an event is an event");
        if let Some(milliseconds) = call.milliseconds {
            let mut context = lambda_http::Context::default();
            let now = u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or_default();
            context.deadline = now + milliseconds;
            request = request.with_lambda_context(context);
        }
        let fleet = self.0.fleets.get(route.function).expect("a function has instances");
        let answer = self.patience().with(fleet.answer(request)).await;
        let (parts, body) = answer.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.expect("a body is whole");
        let answer = Answer::checked(&parts, &bytes, route, &request_id);
        seeded::note_body(&answer.body);
        answer
    }

    /// Runs a job as its schedule would.
    pub async fn run(&self, job: Job) -> usize {
        self.tries(job).await.expect("the job succeeds")
    }

    /// The same, where it may fail; how is in the log alone.
    pub async fn tries(&self, job: Job) -> Result<usize, shared::web::Error> {
        let mut env = self.environment();
        let scheduled = Scheduled::configure(&mut env);
        let scheduled = env.finish(scheduled).expect("the settings are right");
        self.patience().with(scheduled.run(&job)).await
    }

    /// This world's name, part of every address in it.
    pub fn name(&self) -> &str {
        &self.0.ground.name
    }

    /// An address no other client of this world has.
    pub fn fresh_ip(&self) -> String {
        let n = self.0.ground.clients.fetch_add(1, Ordering::Relaxed);
        format!("198.{}.{}.{}", 18 + n / 65536, n / 256 % 256, n % 256)
    }

    /// The clock everything goes by.
    pub fn clock(&self) -> &Clock {
        &self.0.ground.clock
    }

    /// Moves the clock to an instant.
    pub fn set(&self, at: &str) {
        self.clock().set(instant(at));
    }

    /// Lets time pass.
    pub fn pass(&self, seconds: i64) {
        self.clock().set(self.clock().now().plus_seconds(seconds));
    }

    /// The database, for what only it can say.
    pub fn books(&self) -> &Books {
        &self.0.ground.books
    }

    /// The mails.
    pub fn mail(&self) -> &Mailbox {
        &self.0.ground.mailbox
    }

    /// Razorpay.
    pub fn razorpay(&self) -> &Simulator {
        &self.0.ground.razorpay
    }

    /// All settings of the functions, as their environment has them.
    pub fn settings(&self) -> impl Iterator<Item = (String, String)> {
        self.0.settings.iter().map(|(name, value)| (name.clone(), value.clone()))
    }

    /// A setting of the functions.
    pub fn setting(&self, name: &str) -> &str {
        self.0.settings.get(name).map_or("", String::as_str)
    }
}

/// One instance of a function, as it starts.
fn start<F: Function>(settings: &Settings, clock: &Clock) -> Router {
    let mut env = Environment::of(settings.clone()).with_clock(clock.clone());
    let function = F::configure(&mut env);
    app(env.finish(function).expect("the settings are right"))
}

/// Secrets are each world's own, and with them everything kept in Redis.
fn settings(name: &str) -> Settings {
    let of = |pointer| stack::of(pointer).to_owned();
    [
        ("MONGODB_URI", of("/mongodb/uri")),
        ("MONGODB_DATABASE", name.to_owned()),
        ("UPSTASH_REDIS_REST_URL", of("/upstash/url")),
        ("UPSTASH_REDIS_REST_TOKEN", of("/upstash/token")),
        ("RAZORPAY_API_URL", of("/razorpay/endpoint")),
        ("RAZORPAY_KEY_ID", of("/razorpay/keyId")),
        ("RAZORPAY_KEY_SECRET", of("/razorpay/keySecret")),
        ("RAZORPAY_WEBHOOK_SECRET", of("/razorpay/webhookSecret")),
        ("IMPORT_BUCKET", of("/s3/bucket")),
        ("AWS_LAMBDA_FUNCTION_NAME", "patient-import".to_owned()),
        ("AWS_REGION", of("/s3/region")),
        ("AWS_ACCESS_KEY_ID", of("/s3/accessKeyId")),
        ("AWS_SECRET_ACCESS_KEY", of("/s3/secretAccessKey")),
        ("AWS_ENDPOINT_URL_S3", of("/s3/endpoint")),
        ("JWT_SECRET", random()),
        ("OTP_SECRET", random()),
        ("AUDIT_SECRET", random()),
        ("MAIL_FUNCTION", "scheduled".to_owned()),
        ("KEYS_SECRET", random()),
        ("MAIL_FROM", "MediConnect <no-reply@mediconnect.example>".to_owned()),
        ("APP_URL", "https://mediconnect.example".to_owned()),
        ("ADMIN_EMAIL", format!("admin@{name}.example")),
        ("ADMIN_PASSWORD", random()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
