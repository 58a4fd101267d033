//! `local run`: the whole stack, in the foreground.

use std::{
    collections::BTreeMap,
    fs::File,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use axum::body::Bytes;
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
};

use crate::{
    backing::{Backing, Plan, host, listen},
    bounces, chance,
    console::{Console, Mails},
    environment::Environment,
    gateway::{Api, Gateway},
    logs::Logs,
    process::Processes,
    runtime_api::{Launcher, Outcome, RuntimeApi},
    secrets::Secrets,
    seed::Demo,
    settings::Settings,
    signals,
    stack_file::{self, StackFile},
    template::Template,
    tools, triggers,
    triggers::Schedules,
    walkthrough,
    watch::Reloader,
};

/// How long servers may take to write down what they have.
pub(crate) const GRACE: Duration = Duration::from_secs(8);

/// Brings everything up, waits for a signal, and takes everything down again.
///
/// # Errors
/// One message saying what did not come up, and what to do.
pub async fn run(settings: Settings) -> Result<()> {
    let start = Instant::now();
    let (_lock, logs) = prepare(&settings)?;
    let processes = Processes::new(Some(own_path()?), logs.clone());
    let result = tokio::select! {
        up = bring_up(&settings, &processes, &logs, start) => match up {
            Ok(_stack_file) => { signals::wait().await; Ok(()) }
            Err(error) => Err(error),
        },
        () = signals::wait() => Ok(()),
    };
    if result.is_ok() {
        println!("local: stopping");
    }
    processes.stop(GRACE).await;
    result
}

/// This binary, for the trampoline: by its inode, as a rebuild may replace the file.
pub(crate) fn own_path() -> Result<std::path::PathBuf> {
    if cfg!(target_os = "linux") {
        return Ok("/proc/self/exe".into());
    }
    std::env::current_exe().context("this program's own path cannot be read")
}

/// The folder, locked against a second stack in it.
fn prepare(settings: &Settings) -> Result<(File, Logs)> {
    let folder = &settings.stack_dir;
    let logs = folder.join("logs");
    std::fs::create_dir_all(&logs).with_context(|| format!("{} cannot be made", logs.display()))?;
    let lock = File::create(folder.join("lock"))?;
    if lock.try_lock().is_err() {
        bail!(
            "a stack runs in {} already: stop it, or set STACK_DIR to another folder",
            folder.display()
        );
    }
    // What a killed stack has left would mislead whoever waits for the new one.
    let _ = std::fs::remove_file(folder.join("stack.json"));
    Ok((lock, Logs::new(&logs, settings.log_all)))
}

async fn bring_up(
    settings: &Settings,
    processes: &Processes,
    logs: &Logs,
    start: Instant,
) -> Result<StackFile> {
    let front = bind(settings.port).await?;
    let api_url = format!("http://{}", front.local_addr()?);
    let template = settings.template()?;
    let tools = tools::ensure(settings).await?;
    let mut secrets = Secrets::open(&settings.stack_dir.join("secrets.json"))?;
    let plan = Plan {
        settings,
        tools: &tools,
        folder: settings.stack_dir.clone(),
        processes,
        logs,
        webhook_url: Some(format!("{api_url}/webhooks/razorpay")),
        test_commands: false,
    };
    let mut backing = Backing::start(&plan, &mut secrets).await?;
    let demo = demo(settings, &mut secrets)?;
    let (listener, runtime_url) = listen().await?;
    let urls = Urls { api: &api_url, runtime: &runtime_url };
    let environment = environment(settings, &backing, &mut secrets, &demo, &urls)?;
    let (runtime, runtime_address) = functions(&plan, &template, environment, listener).await?;
    let (_, no_events) = mpsc::unbounded_channel();
    let events = std::mem::replace(&mut backing.s3_events, no_events);
    let reloader = open(settings, front, template, runtime, events);
    let mails = Mails::new(&backing.ses_url)?;
    tokio::spawn(bounces::tell(mails.clone(), Arc::clone(&reloader.runtime)));
    let (listener, console) = listen().await?;
    let routes = Console::new(mails.clone(), Some(Arc::clone(&reloader.schedules))).router();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    if settings.seed {
        demo.seed(&api_url, mails).await.with_context(|| {
            let logs = logs.folder().display();
            format!("the demonstration hospital cannot be made (logs: {logs})")
        })?;
    }
    reloader.schedules.start();
    if settings.watch {
        tokio::spawn(async move {
            if let Err(error) = reloader.run().await {
                eprintln!("local: {error:#}");
            }
        });
    }
    let servers = stack_file::servers(&backing, &console);
    let content =
        stack_file::with_api(servers, &api_url, &runtime_address.to_string(), &demo, settings.seed);
    let file = settings.stack_dir.join("stack.json");
    let written = StackFile::write(&file, &content)?;
    walkthrough::print(&content, &file, start.elapsed());
    Ok(written)
}

/// The functions under their runtime API, the database migrated, a process of each on its way.
async fn functions(
    plan: &Plan<'_>,
    template: &Template,
    environment: Environment,
    listener: TcpListener,
) -> Result<(Arc<RuntimeApi>, SocketAddr)> {
    let address = listener.local_addr()?;
    let launcher = Launcher {
        processes: plan.processes.clone(),
        binaries: plan.settings.binaries.clone(),
        environment,
        address,
        concurrency: plan.settings.concurrency,
    };
    let runtime = Arc::new(RuntimeApi::new(launcher, plan.logs.clone()));
    runtime.load(&template.functions);
    host("the runtime API", Arc::clone(&runtime).serve(listener));
    migrate(&runtime, plan.logs).await?;
    runtime.warm();
    Ok((runtime, address))
}

/// Opens the ways in: HTTP and the bucket's events. The answer can follow the sources, and has the
/// schedules, which do not tick yet.
fn open(
    settings: &Settings,
    front: TcpListener,
    template: Template,
    runtime: Arc<RuntimeApi>,
    events: mpsc::UnboundedReceiver<serde_json::Value>,
) -> Reloader {
    let (api, routes) = watch::channel(Arc::new(Api::new(&template)));
    let (template, follow) = watch::channel(Arc::new(template));
    let gateway = Gateway { runtime: Arc::clone(&runtime), api: routes };
    host("the API's front", gateway.serve(front));
    tokio::spawn(triggers::deliver_s3(events, follow.clone(), Arc::clone(&runtime)));
    let schedules = Arc::new(Schedules::new(Arc::clone(&runtime), follow));
    Reloader { settings: settings.clone(), runtime, template, api, schedules }
}

fn demo(settings: &Settings, secrets: &mut Secrets) -> Result<Demo> {
    Ok(Demo {
        admin_email: settings.get("ADMIN_EMAIL").unwrap_or("admin@mediconnect.example").to_owned(),
        admin_password: match settings.get("ADMIN_PASSWORD") {
            Some(given) => given.to_owned(),
            None => secrets.get("adminPassword", chance::password)?,
        },
        password: secrets.get("demoPassword", chance::password)?,
    })
}

async fn bind(port: u16) -> Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.with_context(|| {
        format!("port {port} is taken: stop what listens there, or choose another with PORT=…")
    })
}

/// What functions find in their environment, by the names the template uses.
/// Where the stack's own front and runtime are.
struct Urls<'a> {
    api: &'a str,
    runtime: &'a str,
}

fn environment(
    settings: &Settings,
    backing: &Backing,
    secrets: &mut Secrets,
    demo: &Demo,
    urls: &Urls<'_>,
) -> Result<Environment> {
    let razorpay = &backing.razorpay;
    // Where the servers are is known here better than in the environment of `local run`.
    let mut overrides: BTreeMap<String, String> = [
        ("MONGODB_URI", &backing.mongodb_uri),
        ("MONGODB_DATABASE", &backing.mongodb_database),
        ("UPSTASH_REDIS_REST_URL", &backing.upstash_url),
        ("UPSTASH_REDIS_REST_TOKEN", &backing.upstash_token),
        ("IMPORT_BUCKET", &backing.bucket),
        ("RAZORPAY_KEY_ID", &razorpay.key_id),
        ("RAZORPAY_KEY_SECRET", &razorpay.key_secret),
        ("RAZORPAY_WEBHOOK_SECRET", &razorpay.webhook_secret),
        ("RAZORPAY_API_URL", &razorpay.url),
        ("ADMIN_EMAIL", &demo.admin_email),
        ("ADMIN_PASSWORD", &demo.admin_password),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.clone()))
    .collect();
    for (name, fallback) in [
        ("JWT_SECRET", secrets.get("jwtSecret", chance::secret)?),
        ("OTP_SECRET", secrets.get("otpSecret", chance::secret)?),
        ("AUDIT_SECRET", secrets.get("auditSecret", chance::secret)?),
        ("KEYS_SECRET", secrets.get("keysSecret", chance::secret)?),
        ("MAIL_FROM", "MediConnect <no-reply@mediconnect.example>".to_owned()),
        ("APP_URL", urls.api.to_owned()),
    ] {
        let value = settings.get(name).map_or(fallback, str::to_owned);
        overrides.insert(name.to_owned(), value);
    }
    Ok(Environment {
        overrides,
        ambient: settings.ambient.clone(),
        endpoints: vec![
            ("AWS_ENDPOINT_URL_SESV2".to_owned(), backing.ses_url.clone()),
            ("AWS_ENDPOINT_URL_S3".to_owned(), backing.s3_url.clone()),
            ("AWS_ENDPOINT_URL_LAMBDA".to_owned(), urls.runtime.to_owned()),
        ],
        access_key_id: backing.access_key_id.clone(),
        secret_access_key: backing.secret_access_key.clone(),
    })
}

/// Indexes and the first administrator, as at a deployment.
async fn migrate(runtime: &RuntimeApi, logs: &Logs) -> Result<()> {
    let outcome = runtime.invoke("migrate", Bytes::from_static(b"{}"), "").await;
    let log = |name: &str| logs.file(name).display().to_string();
    match outcome {
        Some(Outcome::Success(_)) => Ok(()),
        Some(Outcome::Error(document)) => bail!(
            "the function migrate failed: {} (log: {})",
            String::from_utf8_lossy(&document),
            log("migrate")
        ),
        Some(Outcome::Throttled) => {
            bail!("the function migrate did not start (log: {})", log("migrate"))
        }
        None => bail!("{} has no function migrate", Path::new("template.yaml").display()),
    }
}
