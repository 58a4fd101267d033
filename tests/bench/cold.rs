//! A function's first answer: how long it takes, in what memory, of how many instructions, beside
//! a function that only says hello.

use crate::{
    child::{Process, released},
    live::{event, of_function, status},
    people::{BOOKED, People},
    runtime_api::RuntimeApi,
    stand_in::StandIn,
    table::{Bar, Figure, Table},
};
use mongodb::bson::doc;
use std::{
    collections::HashMap,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};
use tests::{
    call::Call,
    proxy::{self, DELAY, Proxy},
};
use tokio::runtime::Runtime;

/// How often each is started, by turns.
const RUNS: usize = 31;

/// A first request: to which function, and what it is to be answered.
struct First {
    function: &'static str,
    event: String,
    status: u64,
    environment: Vec<(String, String)>,
}

/// What a first answer cost.
#[derive(Debug, Clone, Copy)]
struct Spent {
    /// Until it asked for an event.
    poll: Duration,
    time: Duration,
    resident: f64,
}

/// What is measured: a function that says hello, and one of ours that refuses nobody's list and
/// gives a doctor one of his appointments, which is one find; or a list of thirty.
struct Starts {
    hello: First,
    nobody: First,
    somebody: First,
    list: First,
    /// The same list where there is no appointment.
    empty: First,
    /// One appointment, and the list, by a function that only finds them.
    bare: [First; 2],
    /// Gives the appointments of the doctor, whatever it is asked.
    database: StandIn,
    /// Gives none.
    _nothing: StandIn,
}

/// Measures.
pub(crate) fn measure(table: &mut Table) {
    let runtime = Runtime::new().expect("there are threads");
    let starts = Starts::new(&runtime);
    times(&runtime, &starts, table);
    match instructions(&runtime, &starts.hello, 1) {
        Some(of_hello) => all_instructions(&runtime, &starts, of_hello, table),
        None => println!("instructions are not counted: valgrind is not here"),
    }
    trips(&runtime, &starts, table);
    sizes(table);
}

impl Starts {
    fn new(runtime: &Runtime) -> Self {
        let people = runtime.block_on(People::new());
        let list = Call::get("/appointments/upcoming?limit=30");
        let documents = runtime.block_on(people.world.books().find("appointments", doc! {}));
        assert_eq!(documents.len(), BOOKED, "the doctor's appointments are there");
        let first = documents.first().and_then(|document| document.get_str("_id").ok());
        let one = Call::get(format!("/appointments/{}", first.expect("it has an id")));
        let database = StandIn::start(HashMap::from([("appointments".to_owned(), documents)]));
        let database = database.expect("there is a port");
        let nothing = StandIn::start(HashMap::new()).expect("there is a port");
        // Its session is in Redis after two requests: as of anybody who is at work.
        runtime.block_on(async {
            for _ in 0..2 {
                people.doctor.get("/appointments/upcoming").await.is(200);
            }
        });
        let mut environment: Vec<_> = people.world.settings().collect();
        environment.push(("MONGODB_URI".to_owned(), database.uri()));
        let seen_by_doctor =
            |call: Call| call.header("authorization", format!("Bearer {}", people.doctor.access));
        let of = |function: &'static str, event: &str, status| First {
            function,
            event: event.to_owned(),
            status,
            environment: environment.clone(),
        };
        let (function, by_nobody) = event(&list);
        let ((_, one), (_, list)) = (event(&seen_by_doctor(one)), event(&seen_by_doctor(list)));
        let mut empty = of(function, &list, 200);
        empty.environment.push(("MONGODB_URI".to_owned(), nothing.uri()));
        Self {
            hello: First { environment: Vec::new(), ..of("hello", &by_nobody, 200) },
            nobody: of(function, &by_nobody, 401),
            somebody: of(function, &one, 200),
            list: of(function, &list, 200),
            empty,
            bare: [of("find", &one, 200), of("find", &list, 200)],
            database,
            _nothing: nothing,
        }
    }
}

fn times(runtime: &Runtime, starts: &Starts, table: &mut Table) {
    let (mut hello, mut bare) = (Vec::new(), Vec::new());
    let (mut nobody, mut somebody) = (Vec::new(), Vec::new());
    let [bare_one, _] = &starts.bare;
    for _ in 0..RUNS {
        hello.push(once(runtime, &starts.hello));
        bare.push(once(runtime, bare_one));
        nobody.push(once(runtime, &starts.nobody));
        somebody.push(once(runtime, &starts.somebody));
    }
    let least = |spent: &[Spent], of: fn(&Spent) -> Duration| {
        spent.iter().map(of).min().unwrap_or_default().as_secs_f64() * 1000.0
    };
    let answer = |spent: &[Spent]| least(spent, |spent| spent.time);
    let most = |spent: &[Spent]| spent.iter().map(|spent| spent.resident).fold(0.0, f64::max);
    let of_hello = answer(&hello);
    let with_find = format!("; hello with one find {:.2} ms", answer(&bare));
    for (what, spent, most, beside) in [
        ("cold start over hello's, first answer without I/O", &nobody, 1.6, ""),
        ("the same, first answer with one find", &somebody, 2.5, with_find.as_str()),
    ] {
        let (took, poll) = (answer(spent), least(spent, |spent| spent.poll));
        let reference = format!(
            "{took:.2} ms over {of_hello:.2} ms, least of {RUNS}; ready after {poll:.2} ms{beside}"
        );
        let (what, bar) = (what.to_owned(), Bar::AtMost(most));
        table.add(Figure { what, measured: took / of_hello, unit: "×", bar, reference });
    }
    table.add(Figure {
        what: "resident after the first answer of the database".to_owned(),
        measured: most(&somebody),
        unit: "MiB",
        bar: Bar::AtMost(12.0),
        reference: format!("hello {:.1} MiB", most(&hello)),
    });
}

fn all_instructions(runtime: &Runtime, starts: &Starts, of_hello: f64, table: &mut Table) {
    let count =
        |first: &First, requests| instructions(runtime, first, requests).unwrap_or(f64::NAN);
    let (nobody, one) = (count(&starts.nobody, 1), count(&starts.somebody, 1));
    let [bare_one, bare_list] = &starts.bare;
    let warm = |first| (count(first, 11) - count(first, 1)) / 10.0;
    let (full, empty, bare) = (warm(&starts.list), warm(&starts.empty), warm(bare_list));
    let bare_one = format!("hello with one find {:.2} M", count(bare_one, 1));
    let of_none =
        format!("of ten more; a list of none {empty:.2} M, hello with a find {bare:.2} M");
    for (what, measured, most, reference) in [
        (
            "instructions to the first answer without I/O",
            nobody,
            1.3,
            format!("hello {of_hello:.2} M"),
        ),
        ("instructions to the first answer with one find", one, 1.8, bare_one),
        ("instructions of a warm list of 30", full, 0.9, of_none),
    ] {
        let (what, bar) = (what.to_owned(), Bar::AtMost(most));
        table.add(Figure { what, measured, unit: "M", bar, reference });
    }
}

/// Starts a function and asks it once.
fn once(runtime: &Runtime, first: &First) -> Spent {
    let api = RuntimeApi::start(runtime);
    api.give(&first.event);
    let environment = of_function(&api, first.function, &first.environment);
    let program = released(first.function);
    let start = Instant::now();
    let process = Process::start(&program, &[], &environment);
    let answered = api.answered();
    assert!(answered.ok, "{} answers: {}", first.function, answered.body);
    assert_eq!(status(&answered.body), first.status, "{}", answered.body);
    Spent { poll: api.polled() - start, time: answered.at - start, resident: process.resident() }
}

/// Millions of instructions from the start to the answer of so many requests, as callgrind counts
/// them; the same on every machine of a kind, whatever else runs there.
fn instructions(runtime: &Runtime, first: &First, requests: usize) -> Option<f64> {
    let api = RuntimeApi::start(runtime);
    let mut environment = of_function(&api, first.function, &first.environment);
    environment.push(("PATH".to_owned(), std::env::var("PATH").unwrap_or_default()));
    let log = std::env::temp_dir().join(format!("callgrind-{}", std::process::id()));
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(format!("--log-file={}", log.display()))
        .arg(released(first.function))
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdout(std::process::Stdio::null());
    let mut running = valgrind.spawn().ok()?;
    for _ in 0..requests {
        let answered = api.ask(&first.event);
        assert_eq!(status(&answered.body), first.status, "{}", answered.body);
    }
    // It sums up when it is asked to end.
    let ended = Command::new("kill").arg(running.id().to_string()).status();
    assert!(ended.is_ok_and(|status| status.success()), "it is there to be ended");
    running.wait().expect("it ends");
    Some(collected(&log))
}

fn collected(log: &Path) -> f64 {
    let text = std::fs::read_to_string(log).expect("valgrind leaves a log");
    std::fs::remove_file(log).expect("it is there");
    let count = text.lines().find_map(|line| line.split("Collected :").nth(1));
    let count: f64 = count.and_then(|count| count.trim().parse().ok()).unwrap_or(f64::NAN);
    count / 1e6
}

/// How a function gets to its first find.
fn trips(runtime: &Runtime, starts: &Starts, table: &mut Table) {
    let (first, proxy) = (&starts.somebody, runtime.block_on(Proxy::to(starts.database.address())));
    let uri = format!("mongodb://{}/?directConnection=true", proxy.address);
    let mut environment = first.environment.clone();
    environment.push(("MONGODB_URI".to_owned(), uri));
    let late = First { environment, event: first.event.clone(), ..*first };
    starts.database.take();
    proxy.connections();
    once(runtime, &late);
    let (told, connections) = (starts.database.take(), proxy.connections());
    let least = |by: Duration| {
        proxy.delay(by);
        (0..5).map(|_| once(runtime, &late).time).min().unwrap_or_default()
    };
    let (prompt, late) = (least(Duration::ZERO), least(DELAY));
    for (what, measured, bar, reference) in [
        (
            "serial round trips of a cold function's first find",
            proxy::trips(prompt, late),
            Bar::AtMost(5.0),
            "by the slope against a delay".to_owned(),
        ),
        // Creating an index would be one more.
        (
            "commands of a cold function's first find",
            told.all() as f64,
            Bar::AtMost(2.0),
            format!("greetings apart: {:?}", told.commands),
        ),
        (
            "connections of a cold function's first find",
            connections as f64,
            Bar::Told,
            "to MongoDB: one to watch it, one for each call at the same time".to_owned(),
        ),
    ] {
        table.add(Figure { what: what.to_owned(), measured, unit: "", bar, reference });
    }
}

/// How large the functions without S3 are.
fn sizes(table: &mut Table) {
    for function in [
        "auth",
        "users",
        "hospitals",
        "slots",
        "appointments",
        "payments",
        "razorpay-webhook",
        "scheduled",
    ] {
        let bytes = std::fs::read(released(function)).expect("it is built");
        let mut zip =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut zip, &bytes).expect("there is memory");
        let zipped = zip.finish().expect("there is memory");
        for (what, bytes, most) in [("stripped", bytes.len(), 9.0), ("zipped", zipped.len(), 4.5)] {
            table.add(Figure {
                what: format!("{function}, {what}"),
                measured: bytes as f64 / 1e6,
                unit: "MB",
                bar: Bar::AtMost(most),
                reference: String::new(),
            });
        }
    }
}
