//! A real redis-server on a free loopback port; the bridge before it is all that anybody sees.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::{Plan, server, start_program};

/// Starts it, and answers its port.
pub(super) async fn start(plan: &Plan<'_>) -> Result<u16> {
    let folder = plan.folder.join("redis");
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("{} cannot be made", folder.display()))?;
    let launch = |port: u16| {
        let args = [
            "--port",
            &port.to_string(),
            "--bind",
            "127.0.0.1",
            "--dir",
            &folder.display().to_string(),
            "--appendonly",
            "yes",
            "--appendfsync",
            "no",
            "--save",
            "",
            "--daemonize",
            "no",
        ];
        server("redis", plan.tools.redis.clone(), args.map(str::to_owned).to_vec())
    };
    start_program(plan, "redis-server", launch, |port| async move {
        matches!(timeout(Duration::from_secs(1), ping(port)).await, Ok(Ok(true)))
    })
    .await
}

async fn ping(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(b"PING\r\n").await?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).await?;
    // While it still loads its data it says LOADING.
    Ok(&answer == b"+PONG")
}
