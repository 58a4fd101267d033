//! `stack.json`: where everything is, for people and for tests.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::{backing::Backing, seed::Demo, template::REGION};

/// The file while the stack runs; it goes when this is dropped.
#[derive(Debug)]
pub struct StackFile(PathBuf);

impl StackFile {
    /// Writes it in one step, so that whoever waits for it never reads half of it. It holds the
    /// stack's secrets, so only its owner may read it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(file: &Path, content: &Value) -> Result<Self> {
        let folder = file.parent().unwrap_or(Path::new("."));
        let write = || -> Result<()> {
            // A temporary file is made with mode 600.
            let new = tempfile::NamedTempFile::new_in(folder)?;
            serde_json::to_writer_pretty(&new, content)?;
            new.persist(file)?;
            Ok(())
        };
        write().with_context(|| format!("{} cannot be written", file.display()))?;
        Ok(Self(file.to_owned()))
    }
}

impl Drop for StackFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// What `stack.json` says of the backing servers.
pub fn servers(backing: &Backing, console: &str) -> Value {
    let razorpay = &backing.razorpay;
    json!({
        "console": console,
        "mail": {"ui": backing.ses_url, "messages": format!("{console}/mail")},
        "s3": {
            "endpoint": backing.s3_url,
            "bucket": backing.bucket,
            "region": REGION,
            "accessKeyId": backing.access_key_id,
            "secretAccessKey": backing.secret_access_key,
        },
        "razorpay": {
            "endpoint": razorpay.url,
            "keyId": razorpay.key_id,
            "keySecret": razorpay.key_secret,
            "webhookSecret": razorpay.webhook_secret,
        },
        "upstash": {"url": backing.upstash_url, "token": backing.upstash_token},
        "mongodb": {"uri": backing.mongodb_uri, "database": backing.mongodb_database},
    })
}

/// What it says beside, when the functions run too; the demonstration only when it was made.
pub fn with_api(mut servers: Value, api: &str, runtime: &str, demo: &Demo, seeded: bool) -> Value {
    if let Some(all) = servers.as_object_mut() {
        all.insert("api".into(), json!(api));
        all.insert("runtime".into(), json!(runtime));
        all.insert(
            "admin".into(),
            json!({"email": demo.admin_email, "password": demo.admin_password}),
        );
        if seeded {
            all.insert("demo".into(), demo.to_json());
        }
    }
    servers
}
