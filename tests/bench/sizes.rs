//! What CPU comes with a function's memory: Lambda gives it in proportion, a whole one with
//! 1,769 MB (AWS Lambda, «Configure Lambda function memory»), and bills memory times time. So what
//! is computed costs the same at every size, and only what is waited for is dearer in a larger one.

/// Megabytes with which a function has a whole CPU.
const WHOLE: f64 = 1769.0;

/// How long so many milliseconds of CPU take in functions of these sizes.
pub(crate) fn spread(cpu: f64) -> String {
    let at = |size: f64| format!("{:.0} ms at {size:.0} MB", cpu * (WHOLE / size).max(1.0));
    [128.0, 256.0, 512.0, 1024.0, WHOLE].map(at).join(", ")
}
