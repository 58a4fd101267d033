//! MongoDB: a given one, a `mongod` as a one-member replica set, or `SecantusDB`.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, Result};
use mongodb::{
    Client,
    bson::{Document, doc},
    options::ClientOptions,
};

use super::{Plan, server, start_program};
use crate::tools::Mongo;

const REPLICA_SET: &str = "local";

/// What Python runs for `SecantusDB`.
const SECANTUSD: &str = include_str!("secantusd.py");

/// Starts it, and answers its connection string.
pub(super) async fn start(plan: &Plan<'_>) -> Result<String> {
    let folder = plan.folder.join("mongodb");
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("{} cannot be made", folder.display()))?;
    match &plan.tools.mongo {
        Mongo::Given(uri) => {
            let client = client(uri, Duration::from_secs(5)).await?;
            hello(&client).await.context(
                "MONGODB_URI is set but no MongoDB answers there: start it, or unset the variable",
            )?;
            Ok(uri.clone())
        }
        Mongo::Secantus(python) => secantus(plan, python, &folder).await,
        Mongo::Mongod(program) => mongod(plan, program, &folder).await,
    }
}

async fn secantus(plan: &Plan<'_>, python: &Path, folder: &Path) -> Result<String> {
    let launch = |port: u16| {
        let (port, folder) = (port.to_string(), folder.display().to_string());
        let options = ["--host", "127.0.0.1", "--log-level", "WARNING", "--port", &port];
        let mut args: Vec<String> =
            [&["-c", SECANTUSD], &options[..], &["--storage-path", &folder]]
                .concat()
                .into_iter()
                .map(str::to_owned)
                .collect();
        if plan.test_commands {
            args.push("--enable-test-commands".to_owned());
        }
        server("mongodb", python.to_owned(), args)
    };
    let port = start_program(plan, "SecantusDB", launch, |port| async move {
        match client(&local_uri(port), Duration::from_millis(500)).await {
            Ok(client) => hello(&client).await.is_ok(),
            Err(_) => false,
        }
    })
    .await?;
    Ok(local_uri(port))
}

async fn mongod(plan: &Plan<'_>, program: &Path, folder: &Path) -> Result<String> {
    let launch = |port: u16| {
        let args = [
            "--replSet",
            REPLICA_SET,
            "--bind_ip",
            "127.0.0.1",
            "--quiet",
            "--dbpath",
            &folder.display().to_string(),
            "--port",
            &port.to_string(),
        ];
        server("mongodb", program.to_owned(), args.map(str::to_owned).to_vec())
    };
    let port = start_program(plan, "mongod", launch, |port| async move {
        match client(&local_uri(port), Duration::from_millis(500)).await {
            Ok(client) => primary(&client, port).await.unwrap_or(false),
            Err(_) => false,
        }
    })
    .await?;
    Ok(local_uri(port))
}

/// Makes the server a primary: at the first start, and after each change of port.
async fn primary(client: &Client, port: u16) -> Result<bool> {
    let answer = hello(client).await?;
    let host = format!("127.0.0.1:{port}");
    if answer.get_bool("isWritablePrimary").unwrap_or(false) {
        return Ok(true);
    }
    let config = doc! {"_id": REPLICA_SET, "members": [{"_id": 0, "host": &host}]};
    let admin = client.database("admin");
    match admin.run_command(doc! {"replSetGetConfig": 1}).await {
        Err(_) => {
            admin.run_command(doc! {"replSetInitiate": config}).await?;
        }
        Ok(kept) => {
            let before = kept.get_document("config")?;
            let moved = !before.get_array("members")?.iter().any(|member| {
                member.as_document().and_then(|m| m.get_str("host").ok()) == Some(&host)
            });
            if moved {
                let mut config = config;
                config.insert("version", before.get_i32("version").unwrap_or(1) + 1);
                let reconfig = doc! {"replSetReconfig": config, "force": true};
                admin.run_command(reconfig).await?;
            }
        }
    }
    Ok(false)
}

fn local_uri(port: u16) -> String {
    format!("mongodb://127.0.0.1:{port}/?directConnection=true")
}

async fn client(uri: &str, limit: Duration) -> Result<Client> {
    let mut options = ClientOptions::parse(uri).await.context("MONGODB_URI is not usable")?;
    options.server_selection_timeout = Some(limit);
    options.connect_timeout = Some(limit);
    Ok(Client::with_options(options)?)
}

async fn hello(client: &Client) -> Result<Document> {
    Ok(client.database("admin").run_command(doc! {"hello": 1}).await?)
}
