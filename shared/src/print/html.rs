//! A receipt as a page of its own: no script, nothing loaded from anywhere, fit for a printer.

use super::{Paper, PrintFailed};
use askama::Template;

#[derive(Template)]
#[template(path = "receipt.html")]
struct Page<'a> {
    paper: &'a Paper,
}

impl Paper {
    /// The receipt in HTML. Askama escapes whatever anybody typed.
    pub fn html(&self) -> Result<String, PrintFailed> {
        Page { paper: self }.render().map_err(|error| PrintFailed(error.to_string()))
    }
}
