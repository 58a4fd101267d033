//! What the first call over TLS costs a function: a client, its roots, a handshake. All but SES are
//! called by one client of ours; SES by its SDK's.

use crate::{
    child::{Process, released},
    live::{Live, event, of_function, status},
    runtime_api::RuntimeApi,
    sizes::spread,
    table::{Bar, Figure, Table},
};
use mongodb::bson::doc;
use rustls::{AlertDescription, ServerConfig, ServerConnection, pki_types::PrivatePkcs8KeyDer};
use serde_json::json;
use std::{
    collections::HashSet,
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};
use tests::{call::Call, world::World};
use tokio::runtime::Runtime;

/// How often each is started, by turns.
const RUNS: usize = 31;
/// How many mails are sent.
const MAILS: usize = 11;

/// Measures: a log-in asks Upstash before anything else, one that cannot be read asks nobody. The
/// server's certificate is of no authority a function knows, so the handshake ends when it has
/// been looked at; what is left of one is to check three signatures.
pub(crate) fn measure(table: &mut Table) {
    let runtime = Runtime::new().expect("there are threads");
    let world = runtime.block_on(World::new());
    let (server, refused) = server();
    let url = format!("https://localhost:{}", server.port());
    let mut environment: Vec<_> = world.settings().collect();
    environment.push(("UPSTASH_REDIS_REST_URL".to_owned(), url));
    let log_in = json!({ "email": "a@b.example", "password": "correct horse battery" });
    let (calls, none) = (Call::post("/login", &log_in), Call::post("/login", &json!({})));
    let (mut over_tls, mut without) = (f64::MAX, f64::MAX);
    for _ in 0..RUNS {
        over_tls = over_tls.min(cpu(&runtime, &environment, &calls, 503));
        without = without.min(cpu(&runtime, &environment, &none, 422));
    }
    // Else a server that is not there would be the cheapest of all.
    assert!(refused.load(Ordering::Relaxed) >= RUNS, "each saw the certificate and refused it");
    table.add(Figure {
        what: "CPU of the first HTTPS call".to_owned(),
        measured: over_tls - without,
        unit: "ms",
        bar: Bar::AtMost(4.0),
        reference: format!("{over_tls:.2} ms with it, {without:.2} ms without, least of {RUNS}"),
    });
    table.add(Figure {
        what: "CPU from the start to an answer with one HTTPS call".to_owned(),
        measured: over_tls,
        unit: "ms",
        bar: Bar::Told,
        reference: spread(over_tls),
    });
    let before = refused.load(Ordering::Relaxed);
    ses(&runtime, &world, server, table);
    assert!(refused.load(Ordering::Relaxed) >= before + MAILS, "the SDK saw it too");
}

/// The same of SES, with what the SDK makes for it and with the writing of the mail: beside a run
/// that finds the mail taken.
fn ses(runtime: &Runtime, world: &World, server: SocketAddr, table: &mut Table) {
    // Nobody sends the mails when they are written.
    let mut live = Live::of(runtime, world, &[("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9")]);
    let (mut over_tls, mut without) = (f64::MAX, f64::MAX);
    let (mut known, mut client) = (HashSet::new(), 0);
    let mut people = runtime.block_on(world.a.new_patients(MAILS));
    let mut environment: Vec<_> = world.settings().collect();
    let url = format!("https://localhost:{}", server.port());
    environment.push(("AWS_ENDPOINT_URL_SESV2".to_owned(), url));
    for _ in 0..MAILS {
        client += 1;
        let somebody = people.pop().expect("there are enough");
        let asks = Call::post("/otp-login", &somebody.key()).from(&format!("203.0.113.{client}"));
        assert_eq!(live.call(&asks), 202, "a mail is written");
        let all = runtime.block_on(world.books().find("notifications", doc! {}));
        let mut ids = all.iter().filter_map(|mail| mail.get_str("_id").ok());
        let id = ids.find(|id| known.insert((*id).to_owned())).expect("a new one is there");
        let sent = || {
            let api = RuntimeApi::start(runtime);
            api.give(&json!({ "job": "mails", "mails": [id] }).to_string());
            let environment = of_function(&api, "scheduled", &environment);
            let process = Process::start(&released("scheduled"), &[], &environment);
            let answered = api.answered();
            assert_eq!(answered.body, r#"{"settled":0}"#, "it is put off");
            process.on_cpu()
        };
        over_tls = over_tls.min(sent());
        without = without.min(sent());
    }
    table.add(Figure {
        what: "CPU of the first HTTPS call to SES".to_owned(),
        measured: over_tls - without,
        unit: "ms",
        bar: Bar::AtMost(4.0),
        reference: format!("{over_tls:.2} ms with it, {without:.2} ms without, least of {MAILS}"),
    });
}

/// Milliseconds of CPU from the start of `auth` to its answer.
fn cpu(runtime: &Runtime, environment: &[(String, String)], call: &Call, expected: u64) -> f64 {
    let api = RuntimeApi::start(runtime);
    let (function, event) = event(call);
    api.give(&event);
    let environment = of_function(&api, function, environment);
    let process = Process::start(&released(function), &[], &environment);
    let answered = api.answered();
    assert_eq!(status(&answered.body), expected, "{}", answered.body);
    process.on_cpu()
}

/// Shakes hands with whoever comes, as nobody anyone knows, and counts those who say so.
fn server() -> (SocketAddr, Arc<AtomicUsize>) {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("it has protocols")
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key.into())
        .expect("it is a key of that certificate");
    let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").expect("a port"));
    let address = listener.local_addr().expect("it has one");
    let refused = Arc::new(AtomicUsize::new(0));
    let counted = refused.clone();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut connection = ServerConnection::new(config.clone()).expect("it is configured");
            while connection.is_handshaking() {
                // The other side ends it when it has seen the certificate.
                let Err(error) = connection.complete_io(&mut stream) else { continue };
                let alert = error.get_ref().and_then(|error| error.downcast_ref());
                if alert == Some(&rustls::Error::AlertReceived(AlertDescription::UnknownCA)) {
                    counted.fetch_add(1, Ordering::Relaxed);
                }
                break;
            }
        }
    });
    (address, refused)
}
