//! A way to a server that takes longer: what is sent arrives so much later, however much of it is
//! on its way at once. How often a client waits for an answer before it asks on is what its time
//! grows by, over that delay.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test world that breaks ends its test"
)]

use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
    time::{Instant, sleep_until},
};

/// How much later everything arrives where round trips are counted: far more than the machine's
/// own whims.
pub const DELAY: Duration = Duration::from_millis(150);

/// How often a client waited, one time after the other, by its time without [`DELAY`] and with it.
pub fn trips(prompt: Duration, late: Duration) -> f64 {
    (late.saturating_sub(prompt).as_secs_f64() / DELAY.as_secs_f64()).round()
}

/// The way.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// Its address, host and port.
    pub address: String,
    milliseconds: Arc<AtomicU64>,
    requests: Arc<AtomicU64>,
    connections: Arc<AtomicU64>,
}

impl Proxy {
    /// A way to the server at this URL, or at this host and port.
    pub async fn to(server: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("there is a port");
        let address = listener.local_addr().expect("a listener has an address").to_string();
        let (milliseconds, requests) = (Arc::default(), Arc::default());
        let this = Self { address, milliseconds, requests, connections: Arc::default() };
        let host = server.split("://").last().unwrap_or_default().split(['/', '?']).next();
        let (server, accepting) = (host.unwrap_or_default().to_owned(), this.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                accepting.connections.fetch_add(1, Ordering::SeqCst);
                let server = TcpStream::connect(&server).await.expect("the server is there");
                client.set_nodelay(true).expect("it is a socket");
                server.set_nodelay(true).expect("it is a socket");
                let (from_client, mut to_client) = client.into_split();
                let (mut from_server, to_server) = server.into_split();
                tokio::spawn(accepting.clone().late(from_client, to_server));
                tokio::spawn(async move {
                    let _closed = tokio::io::copy(&mut from_server, &mut to_client).await;
                });
            }
        });
        this
    }

    /// How late what is sent from now on arrives.
    pub fn delay(&self, by: Duration) {
        let milliseconds = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.milliseconds.store(milliseconds, Ordering::SeqCst);
    }

    /// HTTP requests since the last time this was asked.
    pub fn requests(&self) -> u64 {
        self.requests.swap(0, Ordering::SeqCst)
    }

    /// Connections that were opened since the last time this was asked.
    pub fn connections(&self) -> u64 {
        self.connections.swap(0, Ordering::SeqCst)
    }

    async fn late(self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let (sender, mut receiver) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
        tokio::spawn(async move {
            while let Some((at, bytes)) = receiver.recv().await {
                sleep_until(at).await;
                if to.write_all(&bytes).await.is_err() {
                    return;
                }
            }
        });
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from.read(&mut buffer).await {
            let bytes = buffer.get(..read).unwrap_or_default().to_vec();
            let heads = bytes.windows(11).filter(|bytes| *bytes == b" HTTP/1.1\r\n").count();
            self.requests.fetch_add(heads.try_into().unwrap_or(u64::MAX), Ordering::SeqCst);
            let by = Duration::from_millis(self.milliseconds.load(Ordering::SeqCst));
            if sender.send((Instant::now() + by, bytes)).is_err() {
                return;
            }
        }
    }
}
