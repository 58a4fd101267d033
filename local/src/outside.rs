//! Programs of others that the tests hold our stand-ins and papers against: Razorpay's own SDK, a
//! reader of PDF, a browser. Running the stack needs none of them.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::{settings::Settings, tools};

/// Razorpay's SDK for Python, and a library that reads PDF.
const PACKAGES: [&str; 2] = ["razorpay==2.0.1", "pypdf==7.1.0"];

/// Where they are.
#[derive(Debug, Clone)]
pub struct Outside {
    /// A Python that has the packages.
    pub python: PathBuf,
    /// Drives the browser (W3C `WebDriver`).
    pub chromedriver: PathBuf,
    /// The browser.
    pub chromium: PathBuf,
}

/// Finds or installs everything.
///
/// # Errors
/// One line saying what is missing and how to get it.
pub async fn ensure(settings: &Settings) -> Result<Outside> {
    let _lock = tools::lock(settings).await?;
    let python = python(settings, &settings.tools()).await?;
    let chromium = tools::system(settings, "chromium", "chromium").await?;
    let chromedriver = tools::system(settings, "chromedriver", "chromium-driver").await?;
    Ok(Outside { python, chromedriver, chromium })
}

/// A change of the packages is a new folder, so that an old one is never taken for it.
async fn python(settings: &Settings, folder: &Path) -> Result<PathBuf> {
    let home = folder.join(PACKAGES.join("-").replace("==", "-"));
    let (program, done) = (home.join("bin/python"), home.join("complete"));
    if !done.is_file() {
        println!("local: installing {} (for tests) into {}", PACKAGES.join(", "), home.display());
        tools::venv(settings, &home, &PACKAGES).await?;
        std::fs::write(done, "")?;
    }
    Ok(program)
}
