//! What the busiest requests cost a function that is warm: how often it waits for MongoDB and what
//! it tells it, how often it asks Upstash and Razorpay, what connections it opens, and what a log-in
//! computes.

use crate::{
    child::{Process, released},
    live::{Live, event},
    people::{People, named},
    sizes::spread,
    table::{Bar, Figure, Table, median},
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tests::{
    actor::{Actor, text},
    call::Call,
    proxy::{self, DELAY, Proxy},
    razorpay::delivery,
    stack,
    wire::Wire,
};
use tokio::runtime::Runtime;

/// How often each request is timed, with and without the delay.
const TIMES: usize = 4;
/// How often a request's CPU is read.
const CPU_TIMES: usize = 5;
/// As many as there are requests for an OTP, and by one.
const NEWCOMERS: usize = 2 * (2 + 2 * TIMES + CPU_TIMES);
/// How many log-ins are compared with as many hashes.
const LOG_INS: usize = 30;

/// The functions, with a way to each server that can be made longer.
struct Bench<'a> {
    runtime: &'a Runtime,
    people: People,
    mongodb: Proxy,
    /// Behind the way to `MongoDB`: counts what arrives there.
    wire: Wire,
    upstash: Proxy,
    razorpay: Proxy,
    live: Live<'a>,
    open: Vec<Value>,
    /// People who have not logged in by an OTP yet.
    newcomers: Vec<Actor>,
    clients: u8,
}

/// How often a request asked each server.
struct Trips {
    /// One after the other.
    mongodb: f64,
    /// What it told `MongoDB`, and how often it wrote to the audit trail beside it.
    commands: Vec<String>,
    entries: usize,
    upstash: u64,
    razorpay: u64,
    /// What connections were opened for it, to whichever of them.
    connections: u64,
}

/// Measures.
pub(crate) fn measure(table: &mut Table) {
    let runtime = Runtime::new().expect("there are threads");
    let mut bench = Bench::new(&runtime);
    for (what, (most_mongodb, most_upstash, most_razorpay), why, request) in
        REQUESTS.iter().copied()
    {
        let trips = bench.trips(request);
        let mut add = |of: &str, measured, bar, reference: &str| {
            let what = format!("{what}: {of}");
            table.add(Figure { what, measured, unit: "", bar, reference: reference.to_owned() });
        };
        let told = trips.told();
        add("serial round trips to MongoDB", trips.mongodb, Bar::AtMost(most_mongodb), why);
        add("commands to MongoDB", told.len() as f64, Bar::Told, &told.join(", "));
        add("requests to Upstash", trips.upstash as f64, Bar::AtMost(most_upstash), "");
        add("requests to Razorpay", trips.razorpay as f64, Bar::AtMost(most_razorpay), "");
        add("new connections", trips.connections as f64, Bar::AtMost(0.0), "what is there is kept");
        let cpu = bench.cpu(request);
        table.add(Figure {
            what: format!("{what}: CPU"),
            measured: cpu,
            unit: "ms",
            bar: Bar::Told,
            reference: spread(cpu),
        });
    }
    // The confirmations of all of it, each with its receipt.
    bench.live.event("scheduled", &json!({ "job": "effects" }).to_string());
    for (function, most) in bench.live.peaks() {
        table.add(Figure {
            what: format!("most memory of {function}"),
            measured: most,
            unit: "MiB",
            // A password takes 19, once; what grows with each would be far above.
            bar: Bar::AtMost(40.0),
            reference: "after the requests above".to_owned(),
        });
    }
    let (find, get) = runtime.block_on(bench.people.list_by_each());
    table.add(Figure {
        what: "a list of 30 by a find over the same by Upstash".to_owned(),
        measured: find / get,
        unit: "×",
        bar: Bar::Told,
        reference: format!("{:.2} ms over {:.2} ms, medians", find * 1000.0, get * 1000.0),
    });
    let (ours, bare) = bench.log_ins();
    table.add(Figure {
        what: "CPU of a log-in over bare argon2id".to_owned(),
        measured: ours / bare,
        unit: "×",
        bar: Bar::AtMost(1.10),
        reference: format!("{:.1} ms over {:.1} ms", ours * 1000.0, bare * 1000.0),
    });
}

impl Trips {
    /// All that was told `MongoDB`, by name.
    fn told(&self) -> Vec<&str> {
        let entries = std::iter::repeat_n("insert (trail)", self.entries);
        self.commands.iter().map(String::as_str).chain(entries).collect()
    }
}

/// A request that can be made again and again: it gets ready what it needs.
type Request = fn(&mut Bench<'_>) -> Call;

/// One of them, as the table has it.
type Asked = (&'static str, (f64, f64, f64), &'static str, Request);

/// What is asked; how often at most of `MongoDB` one after the other, Upstash and Razorpay; and
/// what for.
const REQUESTS: &[Asked] = &[
    ("list of 30 appointments", (1.0, 1.0, 0.0), "the list; beside it the trail", |bench| {
        let list = Call::get("/appointments/upcoming?limit=30");
        authorized(list, &bench.people.doctor)
    }),
    ("log-in", (2.0, 1.0, 0.0), "the account; its session, and beside it the hospital", |bench| {
        Call::post("/login", &bench.people.log_in()).from(&bench.client())
    }),
    ("OTP, asked for", (2.0, 1.0, 0.0), "the account; its mail in the outbox", |bench| {
        let somebody = bench.newcomers.pop().expect("there are enough");
        Call::post("/otp-login", &somebody.key()).from(&bench.client())
    }),
    (
        "OTP, proved",
        (2.0, 1.0, 0.0),
        "the account; its session, and beside it the hospital",
        |bench| {
            let somebody = bench.newcomers.pop().expect("there are enough");
            let otp = bench.runtime.block_on(bench.people.otp_of(&somebody));
            let proof = somebody.key_and(&json!({ "otp": otp }));
            Call::post("/otp-login/verify", &proof).from(&bench.client())
        },
    ),
    (
        "book",
        (4.0, 1.0, 0.0),
        "slot and patient; then in one transaction the slot, the appointment, the commit",
        |bench| {
            let slot = bench.open.pop().expect("there are enough");
            let book = Call::post("/slots/book", &json!({ "slotId": text(&slot, "/id") }));
            authorized(book, &bench.people.patient)
        },
    ),
    (
        "create-order",
        (3.0, 1.0, 1.0),
        "appointment and hospital; the order, once Razorpay has made it",
        |bench| {
            let appointment = bench.booked();
            let order = Call::post("/payment/create-order", &named(&appointment));
            authorized(order, &bench.people.patient)
        },
    ),
    (
        "webhook",
        (5.0, 0.0, 0.0),
        "the appointment; then in one transaction the event, slot, appointment, the commit",
        |bench| {
            let appointment = bench.booked();
            let event = bench.runtime.block_on(async {
                let callback = bench.people.patient.checks_out(&appointment).await;
                let payment = text(&callback, "/razorpay_payment_id");
                bench.people.world.razorpay().event("payment.captured", &payment).await
            });
            delivery(&event, &format!("bench-{}", text(&appointment, "/id")))
        },
    ),
    (
        "cancel",
        (4.0, 1.0, 1.0),
        "the appointment; then in one transaction itself, its slot, the commit",
        |bench| {
            let appointment = bench.booked();
            let paid = bench.people.patient.pays(&appointment);
            bench.runtime.block_on(paid);
            let cancel = Call::post("/slots/cancel", &named(&appointment));
            authorized(cancel, &bench.people.patient)
        },
    ),
    (
        "receipt as PDF, the first time",
        (3.0, 1.0, 0.0),
        "the appointment and the hospital; whether it has one and the last number; the receipt",
        |bench| {
            let appointment = bench.booked();
            let paid = bench.people.patient.pays(&appointment);
            bench.runtime.block_on(paid);
            let path = format!("/payments/receipts/{}", text(&appointment, "/id"));
            let receipt = Call::get(path).header("accept", "application/pdf".to_owned());
            authorized(receipt, &bench.people.patient)
        },
    ),
];

fn authorized(call: Call, who: &Actor) -> Call {
    call.header("authorization", format!("Bearer {}", who.access))
}

impl<'a> Bench<'a> {
    fn new(runtime: &'a Runtime) -> Self {
        let people = runtime.block_on(People::new());
        let way = |server: &str| runtime.block_on(Proxy::to(server));
        let wire = runtime.block_on(Wire::new());
        let mongodb = way(&wire.uri);
        let (upstash, razorpay) =
            (way(stack::of("/upstash/url")), way(stack::of("/razorpay/endpoint")));
        let others = [
            ("MONGODB_URI", format!("mongodb://{}/?directConnection=true", mongodb.address)),
            ("UPSTASH_REDIS_REST_URL", format!("http://{}", upstash.address)),
            ("RAZORPAY_API_URL", format!("http://{}", razorpay.address)),
        ];
        let others = others.each_ref().map(|(name, value)| (*name, value.as_str()));
        let live = Live::of(runtime, &people.world, &others);
        let mut open = runtime.block_on(people.slots(4, 50));
        for days in 5..7 {
            open.extend(runtime.block_on(people.slots(days, 50)));
        }
        let newcomers = runtime.block_on(people.world.a.new_patients(NEWCOMERS));
        let clients = 0;
        Bench { runtime, people, mongodb, wire, upstash, razorpay, live, open, newcomers, clients }
    }

    /// A client's address that nobody had before.
    fn client(&mut self) -> String {
        self.clients += 1;
        format!("203.0.113.{}", self.clients)
    }

    fn booked(&mut self) -> Value {
        let slot = self.open.pop().expect("there are enough");
        self.runtime.block_on(self.people.patient.books(&slot))
    }

    /// How often a request waits for each server: the least time with a delay on the way to
    /// `MongoDB` over the least without, in delays.
    fn trips(&mut self, request: Request) -> Trips {
        // Connections and sessions' marks are there afterwards.
        for _ in 0..2 {
            self.timed(request);
        }
        let mut least = |by: Duration| {
            self.mongodb.delay(by);
            let times = (0..TIMES).map(|_| self.timed(request)).min();
            self.mongodb.delay(Duration::ZERO);
            times.unwrap_or_default()
        };
        let (prompt, late) = (least(Duration::ZERO), least(DELAY));
        // What the last of them did.
        Trips {
            mongodb: proxy::trips(prompt, late),
            commands: self.wire.commands(),
            entries: self.wire.entries(),
            upstash: self.upstash.requests(),
            razorpay: self.razorpay.requests(),
            connections: self.connections(),
        }
    }

    /// Milliseconds of CPU of a request, the middle of some.
    fn cpu(&mut self, request: Request) -> f64 {
        let spent = (0..CPU_TIMES).map(|_| {
            let call = request(self);
            let (function, _) = event(&call);
            let before = self.live.process(function).on_cpu();
            let status = self.live.call(&call);
            assert!(status < 300, "{} {}: {status}", call.method, call.target);
            self.live.process(function).on_cpu() - before
        });
        median(spent.collect())
    }

    fn timed(&mut self, request: Request) -> Duration {
        let call = request(self);
        self.upstash.requests();
        self.razorpay.requests();
        self.wire.commands();
        self.wire.entries();
        self.connections();
        let start = Instant::now();
        let status = self.live.call(&call);
        let took = start.elapsed();
        assert!(status < 300, "{} {}: {status}", call.method, call.target);
        took
    }

    /// What connections were opened since the last time this was asked.
    fn connections(&self) -> u64 {
        let ways = [&self.mongodb, &self.upstash, &self.razorpay];
        ways.map(Proxy::connections).iter().sum()
    }

    /// Seconds of CPU of a log-in, and of a hash alone.
    fn log_ins(&mut self) -> (f64, f64) {
        let log_in = |bench: &mut Self| {
            let call = Call::post("/login", &bench.people.log_in()).from(&bench.client());
            assert_eq!(bench.live.call(&call), 200, "the doctor logs in");
        };
        log_in(self);
        let before = self.live.process("auth").cost().cpu;
        for _ in 0..LOG_INS {
            log_in(self);
        }
        let ours = self.live.process("auth").cost().cpu - before;
        let times = LOG_INS.to_string();
        let mut bare = Process::start(&released("hash"), &[&times], &[]);
        bare.runs();
        let each = LOG_INS as f64;
        (ours / each, bare.cost().cpu / each)
    }
}
