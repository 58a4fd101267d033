//! The signals that end a stack.

use tokio::signal::unix::{SignalKind, signal};

/// Waits for SIGINT, SIGTERM or the end of the terminal.
pub async fn wait() {
    let streams = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()]
        .map(|kind| signal(kind).ok());
    let [interrupt, terminate, hangup] = streams;
    tokio::select! {
        () = next(interrupt) => {}
        () = next(terminate) => {}
        () = next(hangup) => {}
    }
}

async fn next(stream: Option<tokio::signal::unix::Signal>) {
    match stream {
        Some(mut stream) => {
            stream.recv().await;
        }
        // A signal that cannot be listened to keeps its own effect.
        None => std::future::pending().await,
    }
}
