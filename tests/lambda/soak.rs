//! Use for a while: memory and connections stay where they are, functions that are killed at random
//! under load leave whole books, and nobody is told what is not so. `make soak` runs it.

#![expect(clippy::print_stdout, reason = "whoever soaks it reads a table")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use mongodb::{bson::doc, options::ClientOptions};
use rustix::process::Signal;
use serde_json::{Value, json};
use tests::{books::Books, routes, schema};
use tokio::{task::JoinSet, time::sleep};

use crate::{
    client::{Client, Hospital, Reply, text},
    process::{command, descendants, signal},
    stack::{Stack, folder},
};

/// What is used, and killed.
const FUNCTIONS: [&str; 7] =
    ["auth", "users", "slots", "appointments", "payments", "razorpay-webhook", "scheduled"];
/// A session's access token lives longer than people stay.
const SHIFT: Duration = Duration::from_secs(600);
const PATIENTS: usize = 6;
/// How long a slot is held: shorter than people stay, so that what nobody paid runs out.
const HOLD: &str = "20";
/// How soon all is settled after the last of them: a transaction whose function was killed is in the
/// way for a minute.
const SETTLED: Duration = Duration::from_secs(240);

/// Kilobytes in memory and open sockets of all processes of a function, and how many these are.
type Sample = BTreeMap<String, [u64; 3]>;

fn functions(stack: u32) -> Vec<(String, u32)> {
    let named = |pid: u32| {
        let line = command(pid);
        let binary = line.split_whitespace().next()?.rsplit('/').next()?.to_owned();
        FUNCTIONS.contains(&binary.as_str()).then_some((binary, pid))
    };
    descendants(stack).into_iter().filter_map(named).collect()
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
    for (name, pid) in functions(stack.pid()) {
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

/// Numbers by chance, the same for the same seed (Vigna's `SplitMix64`).
#[derive(Debug, Clone)]
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(end.max(1)).unwrap()).unwrap()
    }
}

/// What people were told, and what the bank has.
#[derive(Debug, Clone, Default)]
struct Told {
    rounds: usize,
    /// Answers that spoke of somebody's death, or of what it left.
    deaths: usize,
    booked: BTreeSet<String>,
    verified: BTreeSet<String>,
    cancelled: BTreeSet<String>,
    /// Appointments by the payment that was captured for them.
    captured: BTreeMap<String, String>,
}

/// Somebody who looks at every answer he gets.
#[derive(Debug, Clone)]
struct Person {
    client: Client,
    /// Functions are being killed.
    in_danger: bool,
    told: Arc<Mutex<Told>>,
}

impl Person {
    async fn get(&self, path: &str) -> Reply {
        self.looked_at("GET", path, self.client.get(path).await)
    }

    async fn post(&self, path: &str, body: Value) -> Reply {
        self.looked_at("POST", path, self.client.post(path, &body).await)
    }

    /// Every answer is one the API's document has. Who was served by somebody who dies is told so by
    /// the gateway; who meets what the dead left is to come again; and that only while they die.
    fn looked_at(&self, method: &str, path: &str, reply: Reply) -> Reply {
        let (status, body) = (reply.status, &reply.body);
        let of_gateway = status == 500 && *body == json!({ "message": "Internal Server Error" });
        if of_gateway || status >= 500 {
            let known =
                of_gateway || (status, &body["code"]) == (503, &json!("DEPENDENCY_UNAVAILABLE"));
            assert!(self.in_danger && known, "{method} {path}: {status} {body}");
            self.told.lock().unwrap().deaths += 1;
        }
        if !of_gateway {
            let (route, _) = routes::find(method, path).unwrap();
            let kind = reply.headers["content-type"].to_str().unwrap();
            let faults = schema::faults(route, status, kind, body);
            assert!(faults.is_empty(), "{method} {path}: {status} {faults:?} {body}");
        }
        reply
    }

    fn told(&self) -> Told {
        self.told.lock().unwrap().clone()
    }

    fn notes(&self, note: impl FnOnce(&mut Told)) {
        note(&mut self.told.lock().unwrap());
    }

    /// He pays; Razorpay tells of it twice, and he comes back to tell of it himself, or does not.
    async fn pays(&self, stack_razorpay: &str, appointment: &str, comes_back: bool) {
        let order =
            self.post("/payment/create-order", json!({ "appointmentId": appointment })).await;
        if !matches!(order.status, 200 | 201) {
            return;
        }
        let checkout = json!({
            "order_id": order.body["orderId"], "outcome": "captured",
            "webhook": { "delayMs": 0, "times": 2 },
        });
        let url = format!("{stack_razorpay}/simulate/checkout");
        let paid = self.client.http().post(url).json(&checkout).send().await.unwrap();
        let paid: Value = paid.json().await.unwrap();
        let payment = text(&paid, "/razorpay_payment_id");
        self.notes(|told| {
            told.captured.insert(payment, appointment.to_owned());
        });
        if comes_back {
            let verified = self.post("/payment/verify", paid).await;
            if verified.status == 200 && verified.body["appointment"]["status"] == "confirmed" {
                self.notes(|told| {
                    told.verified.insert(appointment.to_owned());
                });
            }
        }
    }

    async fn cancels(&self, appointment: &str) -> bool {
        let reply = self.post("/slots/cancel", json!({ "appointmentId": appointment })).await;
        if reply.status == 200 {
            self.notes(|told| {
                told.cancelled.insert(appointment.to_owned());
            });
        }
        reply.status < 500
    }

    /// He looks, books, pays mostly, sees what he has, and calls it off later, whatever others do
    /// and whoever dies.
    async fn lives(self, razorpay: String, slots: Vec<String>, mut chance: Chance, end: Instant) {
        let mut has: Vec<String> = Vec::new();
        while Instant::now() < end {
            self.get("/slots").await;
            let slot = &slots[chance.below(slots.len())];
            let booked = self.post("/slots/book", json!({ "slotId": slot })).await;
            if booked.status == 201 {
                let id = text(&booked.body, "/appointment/id");
                self.notes(|told| {
                    told.booked.insert(id.clone());
                });
                if chance.below(4) > 0 {
                    self.pays(&razorpay, &id, chance.below(2) == 0).await;
                }
                has.push(id);
            }
            self.get("/appointments/upcoming").await;
            // One at most stays, so that there is something to book for everybody.
            while has.len() > usize::from(chance.below(3) == 0) {
                if self.cancels(&has[0]).await {
                    has.remove(0);
                }
                if Instant::now() > end {
                    break;
                }
            }
            self.notes(|told| told.rounds += 1);
        }
    }
}

/// Kills functions at random instants until an end, some at once, some by asking; how many of each.
async fn kills(stack: u32, mut chance: Chance, end: Instant) -> [usize; 2] {
    let mut killed = [0, 0];
    while Instant::now() < end {
        sleep(Duration::from_millis(u64::try_from(50 + chance.below(700)).unwrap())).await;
        let all = functions(stack);
        let Some((_, pid)) = all.get(chance.below(all.len())) else { continue };
        let how = chance.below(2);
        signal(*pid, [Signal::KILL, Signal::TERM][how]);
        killed[how] += 1;
    }
    killed
}

/// A hospital opens and is used for so long, meanwhile something is looked at every second. At the
/// end all that people were told is so, and all money is somewhere.
async fn shift(
    stack: &Stack,
    length: Duration,
    (mut chance, in_danger): (Chance, bool),
    mut every_second: impl FnMut(),
) -> Told {
    let house = Hospital::open(stack).await;
    let slots = house.slots(&house.doctor().await).await;
    let told = Arc::new(Mutex::new(Told::default()));
    let person = |client: Client| Person { client, in_danger, told: Arc::clone(&told) };
    let (mut patients, mut people) = (Vec::new(), JoinSet::new());
    for _ in 0..PATIENTS {
        patients.push(person(house.patient().await));
    }
    let (end, razorpay) = (Instant::now() + length, stack.at("/razorpay/endpoint"));
    for patient in patients {
        let own = Chance(u64::try_from(chance.below(usize::MAX)).unwrap());
        people.spawn(patient.lives(razorpay.to_owned(), slots.clone(), own, end));
    }
    let killing = in_danger.then(|| tokio::spawn(kills(stack.pid(), chance, end)));
    while Instant::now() < end {
        sleep(Duration::from_secs(1)).await;
        every_second();
    }
    people.join_all().await;
    if let Some(killing) = killing {
        let [at_once, asked] = killing.await.unwrap();
        println!("{at_once} killed, {asked} asked to end");
        assert!(at_once > 0 && asked > 0, "nobody was killed");
    }
    settles(stack, &person(house.admin)).await
}

/// Razorpay is asked until all money is somewhere, while the schedules run as ever; then what people
/// were told must be so. What that was.
async fn settles(stack: &Stack, admin: &Person) -> Told {
    let books = books(stack).await;
    let (begun, mut asked) = (Instant::now(), 0);
    let end = begun + SETTLED;
    loop {
        admin.post("/payments/reconciliation", json!({})).await;
        asked += 1;
        let captured = admin.told().captured;
        let open = unsettled(stack, admin.client.http(), &books, &captured).await;
        if open.is_empty() {
            println!("settled in {} s, Razorpay asked {asked} times", begun.elapsed().as_secs());
            break;
        }
        assert!(Instant::now() < end, "{} payments are nowhere: {open:#?}", open.len());
        sleep(Duration::from_secs(1)).await;
    }
    let ledger = admin.get("/payments/ledger").await;
    let proofs = ledger.body["proofs"].as_array().unwrap();
    let told = admin.told();
    assert!(proofs.iter().all(|proof| proof["balanced"] == true), "{proofs:#?}");
    assert!(told.captured.is_empty() || !proofs.is_empty(), "no payment is in the ledger");
    for id in &told.booked {
        assert_eq!(books.find("appointments", doc! { "_id": id }).await.len(), 1, "{id} is lost");
    }
    for id in &told.cancelled {
        let now = books.appointment(id).await;
        assert_eq!(now.get_str("status").unwrap(), "cancelled", "{id} was cancelled");
    }
    for id in told.verified.difference(&told.cancelled) {
        let now = books.appointment(id).await.get_str("status").unwrap().to_owned();
        // Whoever heard nothing of his cancellation may have it all the same.
        let may = if admin.in_danger { &["confirmed", "cancelled"][..] } else { &["confirmed"] };
        assert!(may.contains(&now.as_str()), "{id} was confirmed and is {now}");
    }
    told
}

/// The captured payments that neither stand in one confirmed appointment nor went back.
async fn unsettled(
    stack: &Stack,
    http: &reqwest::Client,
    books: &Books,
    captured: &BTreeMap<String, String>,
) -> Vec<String> {
    let mut open = Vec::new();
    for (payment, appointment) in captured {
        let url = format!("{}/v1/payments/{payment}", stack.at("/razorpay/endpoint"));
        let key = (stack.at("/razorpay/keyId"), Some(stack.at("/razorpay/keySecret")));
        let there = http.get(url).basic_auth(key.0, key.1).send().await.unwrap();
        let there: Value = there.json().await.unwrap();
        assert_eq!(there["captured"], true, "{there}");
        let back = there["amount_refunded"] == there["amount"];
        let known = books.find("appointments", doc! { "payments.id": payment }).await;
        assert!(known.len() <= 1, "{payment} is in {} appointments", known.len());
        let status = known.first().and_then(|one| one.get_str("status").ok()).unwrap_or("unknown");
        let stands = status == "confirmed" && there["amount_refunded"] == 0;
        if !(stands || (back && status != "unknown")) {
            open.push(format!("{payment} of {appointment}, which is {status}: {there}"));
        }
    }
    open
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

async fn books(stack: &Stack) -> Books {
    let options = ClientOptions::parse(stack.at("/mongodb/uri")).await.unwrap();
    let client = mongodb::Client::with_options(options).unwrap();
    Books::new(client.database(stack.at("/mongodb/database")))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes as long as SOAK_SECONDS says: make soak"]
async fn memory_and_connections_stay_flat_and_whoever_is_killed_leaves_whole_books() {
    let seconds = std::env::var("SOAK_SECONDS").ok().and_then(|text| text.parse().ok());
    let whole = Duration::from_secs(seconds.unwrap_or(3600));
    let seed = std::env::var("SOAK_SEED").ok().and_then(|text| text.parse().ok());
    let seed =
        seed.unwrap_or_else(|| u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap());
    println!("SOAK_SEED={seed}");
    let mut chance = Chance(seed);
    let mut next = || Chance(u64::try_from(chance.below(usize::MAX)).unwrap());
    let folder = folder();
    let stack = Stack::start(folder.path(), &[("SEED", "0"), ("HOLD_SECONDS", HOLD)]);
    let mut samples = Vec::new();
    let tell = |what: &str, told: &Told| {
        println!(
            "{what}: {} rounds, {} booked, {} paid, {} cancelled, {} answers of the dying",
            told.rounds,
            told.booked.len(),
            told.captured.len(),
            told.cancelled.len(),
            told.deaths
        );
        assert!(!told.captured.is_empty() && !told.cancelled.is_empty(), "nothing was done");
    };
    let calm = Instant::now() + whole / 2;
    loop {
        let length = calm.saturating_duration_since(Instant::now()).min(SHIFT);
        // A hospital that has hardly opened shows nothing.
        if length < Duration::from_secs(10) {
            break;
        }
        let told = shift(&stack, length, (next(), false), || samples.push(sample(&stack))).await;
        tell("calm", &told);
    }
    let flat = is_flat(&samples);
    let told = shift(&stack, (whole / 2).min(SHIFT), (next(), true), || ()).await;
    tell("killing", &told);
    let books = books(&stack).await;
    books.check(jiff::Timestamp::now().as_millisecond()).await;
    assert!(flat, "memory or connections grew");
}
