//! The servers behind the functions: MongoDB, Redis behind Upstash's REST, SES, S3, Razorpay.

mod mongo;
mod redis;
mod ses;

use std::{future::Future, net::Ipv4Addr, path::PathBuf, time::Duration};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::{Instant, sleep},
};

use crate::{
    chance,
    logs::Logs,
    process::{Launch, Processes, Running},
    razorpay, s3,
    secrets::Secrets,
    settings::Settings,
    template::REGION,
    tools::Tools,
    upstash,
};

/// How long a server may take to answer for the first time.
const START_LIMIT: Duration = Duration::from_secs(30);
/// The access key of the S3 stand-in; its secret half is random.
const ACCESS_KEY: &str = "AKIALOCALSTACK000000";

/// What servers are started with.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// Where the programs are.
    pub tools: &'a Tools,
    /// The folder for their data.
    pub folder: PathBuf,
    /// The children.
    pub processes: &'a Processes,
    /// Their logs.
    pub logs: &'a Logs,
    /// Where the Razorpay simulator delivers webhooks, if there is anybody.
    pub webhook_url: Option<String>,
    /// For tests: failures of the database can be arranged.
    pub test_commands: bool,
}

/// The servers, running.
#[derive(Debug)]
pub struct Backing {
    /// The connection string.
    pub mongodb_uri: String,
    /// The database's name.
    pub mongodb_database: String,
    /// The base of Upstash's REST API.
    pub upstash_url: String,
    /// Its token.
    pub upstash_token: String,
    /// The base of SES, which is also its viewer.
    pub ses_url: String,
    /// The base of S3.
    pub s3_url: String,
    /// The bucket.
    pub bucket: String,
    /// The access key.
    pub access_key_id: String,
    /// Its secret half.
    pub secret_access_key: String,
    /// Razorpay, simulated or real.
    pub razorpay: Razorpay,
    /// Events of the bucket.
    pub s3_events: UnboundedReceiver<Value>,
}

/// Where payments go.
#[derive(Debug, Clone)]
pub struct Razorpay {
    /// The API's base, without `/v1`.
    pub url: String,
    /// The key's id.
    pub key_id: String,
    /// The key's secret.
    pub key_secret: String,
    /// What webhooks are signed with.
    pub webhook_secret: String,
}

impl Backing {
    /// Starts everything that is not given by the environment.
    ///
    /// # Errors
    /// One message saying which server did not come up.
    pub async fn start(plan: &Plan<'_>, secrets: &mut Secrets) -> Result<Self> {
        let upstash_token = secrets.get("upstashToken", chance::secret)?;
        let secret_access_key = secrets.get("s3SecretAccessKey", chance::secret)?;
        let given_upstash =
            plan.settings.pair("UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN")?;
        let bucket = plan.settings.get("IMPORT_BUCKET").unwrap_or("mediconnect-imports").to_owned();
        let razorpay = start_razorpay(plan, secrets).await?;
        let (events, s3_events) = unbounded_channel();
        let (listener, s3_url) = listen().await?;
        let config = s3::Config {
            root: plan.folder.join("s3"),
            bucket: bucket.clone(),
            region: REGION.to_owned(),
            access_key_id: ACCESS_KEY.to_owned(),
            secret_access_key: secret_access_key.clone(),
            events,
        };
        host("the S3 stand-in", s3::serve(listener, config));
        let upstash = async {
            match given_upstash {
                Some(given) => Ok(given),
                None => start_upstash(plan, upstash_token).await,
            }
        };
        let ((upstash_url, upstash_token), mongodb_uri, ses_url) =
            tokio::try_join!(upstash, mongo::start(plan), ses::start(plan))?;
        let mongodb_database = plan.settings.get("MONGODB_DATABASE").unwrap_or("mediconnect");
        Ok(Self {
            mongodb_uri,
            mongodb_database: mongodb_database.to_owned(),
            upstash_url,
            upstash_token,
            ses_url,
            s3_url,
            bucket,
            access_key_id: ACCESS_KEY.to_owned(),
            secret_access_key,
            razorpay,
            s3_events,
        })
    }
}

async fn start_upstash(plan: &Plan<'_>, token: String) -> Result<(String, String)> {
    let port = redis::start(plan).await?;
    let (listener, url) = listen().await?;
    let config =
        upstash::Config { redis_url: format!("redis://127.0.0.1:{port}"), token: token.clone() };
    host("the Upstash bridge", upstash::serve(listener, config));
    Ok((url, token))
}

async fn start_razorpay(plan: &Plan<'_>, secrets: &mut Secrets) -> Result<Razorpay> {
    let settings = plan.settings;
    let webhook_secret = match settings.get("RAZORPAY_WEBHOOK_SECRET") {
        Some(given) => given.to_owned(),
        None => secrets.get("razorpayWebhookSecret", chance::secret)?,
    };
    if let Some((key_id, key_secret)) = settings.pair("RAZORPAY_KEY_ID", "RAZORPAY_KEY_SECRET")? {
        let url = settings.get("RAZORPAY_API_URL").unwrap_or("https://api.razorpay.com").to_owned();
        return Ok(Razorpay { url, key_id, key_secret, webhook_secret });
    }
    let key_id = "rzp_test_LocalStack0001".to_owned();
    let key_secret = secrets.get("razorpayKeySecret", chance::secret)?;
    let (listener, url) = listen().await?;
    let config = razorpay::Config {
        key_id: key_id.clone(),
        key_secret: key_secret.clone(),
        webhook_secret: webhook_secret.clone(),
        webhook_url: plan.webhook_url.clone(),
        webhook_timeout: razorpay::WEBHOOK_TIMEOUT,
        state_file: Some(plan.folder.join("razorpay.json")),
    };
    host("the Razorpay simulator", razorpay::serve(listener, config));
    Ok(Razorpay { url, key_id, key_secret, webhook_secret })
}

/// A listener on a free loopback port, and its URL.
///
/// # Errors
/// When the machine has no port left.
pub async fn listen() -> Result<(TcpListener, String)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no free port")?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

/// Runs a server of our own beside the rest.
pub fn host<F>(what: &'static str, server: F)
where
    F: Future<Output = std::io::Result<()>> + Send + 'static,
{
    tokio::spawn(async move {
        if let Err(error) = server.await {
            eprintln!("local: {what} stopped: {error}");
        }
    });
}

/// Starts a program on a free port and waits until it answers. Another process may take the port in
/// between, so a program that ends at once gets two more chances.
async fn start_program<L, R, F>(plan: &Plan<'_>, what: &str, launch: L, ready: R) -> Result<u16>
where
    L: Fn(u16) -> Launch,
    R: Fn(u16) -> F,
    F: Future<Output = bool>,
{
    let mut name = String::new();
    for _ in 0..3 {
        let port = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let launch = launch(port);
        name.clone_from(&launch.name);
        let running = plan.processes.start(&launch)?;
        if answers(&running, || ready(port)).await {
            report_end(plan.processes.clone(), running, what.to_owned());
            return Ok(port);
        }
        if running.ended().is_none() {
            running.kill();
            break;
        }
    }
    let file = plan.logs.file(&name);
    let tail = plan.logs.tail(&name, 8);
    bail!("{what} does not start; the end of {}:\n{tail}", file.display());
}

async fn answers<R, F>(running: &Running, ready: R) -> bool
where
    R: Fn() -> F,
    F: Future<Output = bool>,
{
    let end = Instant::now() + START_LIMIT;
    while Instant::now() < end {
        if running.ended().is_some() {
            return false;
        }
        if ready().await {
            return running.ended().is_none();
        }
        sleep(Duration::from_millis(30)).await;
    }
    false
}

fn report_end(processes: Processes, running: Running, what: String) {
    tokio::spawn(async move {
        let status = running.exited().await;
        if !processes.closing() {
            eprintln!("local: {what} ended ({status}); the stack goes on without it");
        }
    });
}

/// A launch of a server: its output only goes to its log.
fn server(name: &str, program: PathBuf, args: Vec<String>) -> Launch {
    let environment = Vec::new();
    Launch { name: name.to_owned(), program, args, environment, clean: false, on_terminal: false }
}
