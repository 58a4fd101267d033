//! What a PDF says, read by a library that is not ours.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test world that breaks ends its test"
)]

use crate::stack;
use std::io::Write as _;
use std::process::{Command, Stdio};

const READ: &str = "\
import io, sys
from pypdf import PdfReader
pages = PdfReader(io.BytesIO(sys.stdin.buffer.read()), strict=True).pages
sys.stdout.buffer.write('\\n'.join(page.extract_text() for page in pages).encode())";

/// The text on all pages. Where two glyphs are one letter the library gives the second a control
/// character of its own, for it does not read `ActualText`: those are left out.
pub async fn text(pdf: &[u8]) -> String {
    let pdf = pdf.to_vec();
    let read = tokio::task::spawn_blocking(move || {
        let mut python = Command::new(stack::of("/tools/python"))
            .args(["-c", READ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts");
        // Dropped at the end of the statement, so that the reader sees the end.
        python.stdin.take().expect("it listens").write_all(&pdf).expect("it listens");
        python.wait_with_output().expect("Python ends")
    });
    let output = read.await.expect("Python ends");
    assert!(output.status.success(), "the PDF cannot be read");
    let text = String::from_utf8(output.stdout).expect("the text is UTF-8");
    text.chars().filter(|c| *c == '\n' || !c.is_control()).collect()
}
