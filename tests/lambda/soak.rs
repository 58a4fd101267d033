//! Hours of use: memory and connections stay where they are, and functions that are killed at
//! random under load leave books that are whole. `make soak` runs it.

#![expect(clippy::print_stdout, reason = "whoever soaks it reads a table")]

use std::{
    collections::BTreeMap,
    fs,
    time::{Duration, Instant},
};

use mongodb::options::ClientOptions;
use rustix::process::Signal;
use serde_json::json;
use tests::books::Books;
use tokio::{task::JoinSet, time::sleep};

use crate::{
    client::{Client, Hospital, text},
    process::{command, descendants, signal},
    stack::{Stack, folder},
};

/// What answers requests.
const FUNCTIONS: [&str; 4] = ["auth", "users", "slots", "appointments"];
/// A session's access token lives longer than people stay.
const SHIFT: Duration = Duration::from_secs(600);
const PATIENTS: usize = 6;

/// Kilobytes in memory and open sockets of all processes of a function, and how many these are.
type Sample = BTreeMap<String, [u64; 3]>;

fn functions(stack: &Stack) -> Vec<(String, u32)> {
    let named = |pid: u32| {
        let line = command(pid);
        let binary = line.split_whitespace().next()?.rsplit('/').next()?.to_owned();
        FUNCTIONS.contains(&binary.as_str()).then_some((binary, pid))
    };
    descendants(stack.pid()).into_iter().filter_map(named).collect()
}

/// Nothing of a process that has just ended.
fn measured(pid: u32) -> Option<[u64; 3]> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let memory = line.split_whitespace().nth(1)?.parse().ok()?;
    let open = fs::read_dir(format!("/proc/{pid}/fd")).ok()?.flatten();
    let links = open.filter_map(|entry| fs::read_link(entry.path()).ok());
    let sockets = links.filter(|link| link.to_string_lossy().starts_with("socket:")).count();
    Some([memory, u64::try_from(sockets).unwrap(), 1])
}

fn sample(stack: &Stack) -> Sample {
    let mut all = Sample::new();
    for (name, pid) in functions(stack) {
        let sum = all.entry(name).or_default();
        let measured = measured(pid).unwrap_or_default();
        *sum = [sum[0] + measured[0], sum[1] + measured[1], sum[2] + measured[2]];
    }
    all
}

/// The mean of a process of a function over some samples.
fn mean(samples: &[Sample], function: &str, what: usize) -> u64 {
    let of = samples.iter().filter_map(|sample| sample.get(function));
    let (sum, processes) = of.fold((0, 0), |(sum, n), it| (sum + it[what], n + it[2]));
    sum / processes.max(1)
}

/// A patient looks, books, sees what he has, and calls it off; whatever others do, and whoever dies.
async fn lives(patient: Client, slots: Vec<String>, first: usize, end: Instant) -> usize {
    let mut done = 0;
    while Instant::now() < end {
        let slot = &slots[(first + done) % slots.len()];
        patient.get("/slots").await;
        let booked = patient.post("/slots/book", &json!({ "slotId": slot })).await;
        patient.get("/appointments/upcoming").await;
        if booked.status == 201 && done % 3 > 0 {
            let id = text(&booked.body, "/appointment/id");
            patient.post("/slots/cancel", &json!({ "appointmentId": id })).await;
        }
        done += 1;
    }
    done
}

/// A hospital opens and is used for so long, while something is done every second; how much was.
async fn shift(stack: &Stack, length: Duration, mut every_second: impl FnMut()) -> usize {
    let house = Hospital::open(stack).await;
    let slots = house.slots(&house.doctor().await).await;
    let (mut patients, mut people) = (Vec::new(), JoinSet::new());
    for _ in 0..PATIENTS {
        patients.push(house.patient().await);
    }
    let end = Instant::now() + length;
    for (n, patient) in patients.into_iter().enumerate() {
        people.spawn(lives(patient, slots.clone(), n, end));
    }
    while Instant::now() < end {
        sleep(Duration::from_secs(1)).await;
        every_second();
    }
    people.join_all().await.into_iter().sum()
}

/// A table, and whether all of it is flat: late no more than a quarter and a little over early.
fn is_flat(samples: &[Sample]) -> bool {
    let part = samples.len() / 4;
    let (early, late) = (&samples[part..2 * part], &samples[samples.len() - part..]);
    println!("function      what        early     late");
    let mut flat = true;
    for function in FUNCTIONS {
        for (what, name, little) in [(0, "KB", 8 << 10), (1, "sockets", 2)] {
            let (early, late) = (mean(early, function, what), mean(late, function, what));
            println!("{function:13} {name:9} {early:8} {late:8}");
            flat &= late <= early + early / 4 + little;
        }
    }
    flat
}

async fn check(stack: &Stack) {
    let options = ClientOptions::parse(stack.at("/mongodb/uri")).await.unwrap();
    let client = mongodb::Client::with_options(options).unwrap();
    let books = Books::new(client.database(stack.at("/mongodb/database")));
    assert!(books.count("appointments").await > 0);
    books.check(jiff::Timestamp::now().as_millisecond()).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes as long as SOAK_SECONDS says: make soak"]
async fn memory_and_connections_stay_flat_and_whoever_is_killed_leaves_whole_books() {
    let seconds = std::env::var("SOAK_SECONDS").ok().and_then(|text| text.parse().ok());
    let whole = Duration::from_secs(seconds.unwrap_or(3600));
    let folder = folder();
    let stack = Stack::start(folder.path(), &[("SEED", "0")]);
    let (mut samples, mut done) = (Vec::new(), 0);
    let calm = Instant::now() + whole * 3 / 4;
    while let Some(left) = calm.checked_duration_since(Instant::now()) {
        done += shift(&stack, left.min(SHIFT), || samples.push(sample(&stack))).await;
    }
    let flat = is_flat(&samples);
    let mut kills = 0_usize;
    done += shift(&stack, (whole / 4).min(SHIFT), || {
        let all = functions(&stack);
        // Knuth's multiplier, so that no function's turn is regular.
        let which = kills.wrapping_mul(2_654_435_761) % all.len().max(1);
        let how = if kills.is_multiple_of(2) { Signal::KILL } else { Signal::TERM };
        all.get(which).inspect(|(_, pid)| signal(*pid, how));
        kills += 1;
    })
    .await;
    println!("{done} rounds, {kills} killed");
    assert!(kills > 0, "nobody was killed");
    check(&stack).await;
    assert!(flat, "memory or connections grew");
}
