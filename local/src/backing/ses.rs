//! The local SES v2: keeps every mail and shows it on a page.

use std::time::Duration;

use anyhow::Result;

use super::{Plan, server, start_program};

/// Starts it, and answers its base URL.
pub(super) async fn start(plan: &Plan<'_>) -> Result<String> {
    let launch = |port: u16| {
        let script = plan.tools.ses.display().to_string();
        let args = [&script, "--host", "127.0.0.1", "--port", &port.to_string()];
        server("ses", plan.tools.node.clone(), args.map(str::to_owned).to_vec())
    };
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(1)).build()?;
    let port = start_program(plan, "aws-ses-v2-local", launch, |port| {
        let call = http.get(format!("http://127.0.0.1:{port}/health-check"));
        async move { call.send().await.is_ok_and(|answer| answer.status().is_success()) }
    })
    .await?;
    Ok(format!("http://127.0.0.1:{port}"))
}
