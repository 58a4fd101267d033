//! The accept loop. It is our own because a fault may say "close the connection without an
//! answer", which `axum::serve` has no way to do.

use std::io;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

/// Marks a response that must not reach the client: the request was processed, the answer is
/// lost on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lost;

/// How long a client may take over a request's head, and leave a connection idle: longer than the
/// functions do, so that none is closed just when it is used again.
const HEAD_TIMEOUT: Duration = Duration::from_secs(90);

/// Pause after a failed accept (no file descriptors left, usually).
const PAUSE: Duration = Duration::from_millis(100);

/// Serves HTTP/1.1 until the task is dropped.
pub(super) async fn serve(listener: TcpListener, router: Router) -> io::Result<()> {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(connection(stream, router.clone()));
            }
            Err(error) if is_fatal(&error) => return Err(error),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

fn is_fatal(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotConnected)
}

async fn connection(stream: TcpStream, router: Router) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let router = router.clone();
        async move {
            // The router never fails; its error type has no values.
            let answer = match router.oneshot(request.map(Body::new)).await {
                Ok(answer) => answer,
                Err(never) => match never {},
            };
            if answer.extensions().get::<Lost>().is_some() {
                return Err(io::Error::other("the answer is lost, as the test asked"));
            }
            Ok(answer)
        }
    });
    // An error here is the client's going away, or the loss that was asked for.
    let _gone = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
