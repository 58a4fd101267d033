//! A way to the database on which a command waits until something else is done: what happens
//! between two steps of somebody happens there each time.

use std::{
    collections::VecDeque,
    net::Ipv4Addr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tests::{actor::Actor, stack};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::Notify,
    time::timeout,
};

/// A command and its collection.
type Step = (&'static str, &'static str);

/// The way.
pub(crate) struct Holding {
    /// The database's address on it.
    pub(crate) uri: String,
    steps: Arc<Steps>,
}

/// What is still to be held, in its order.
struct Steps {
    left: Mutex<VecDeque<Step>>,
    came: Notify,
    goes_on: Notify,
}

impl Holding {
    /// A way on which each of these steps is held, one after the other; all else passes. A function
    /// gives a command up after five seconds.
    pub(crate) async fn of(steps: &[Step]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = stack::of("/mongodb/uri").trim_start_matches("mongodb://");
        let host = server.split(['/', '?']).next().unwrap_or_default().to_owned();
        let left = Mutex::new(steps.iter().copied().collect());
        let steps = Arc::new(Steps { left, came: Notify::new(), goes_on: Notify::new() });
        tokio::spawn(accept(listener, host, steps.clone()));
        Self { uri: format!("mongodb://{address}/?directConnection=true"), steps }
    }

    /// Waits until the next step is there, and leaves it there.
    pub(crate) async fn comes(&self) {
        let came = timeout(Duration::from_secs(60), self.steps.came.notified()).await;
        assert!(came.is_ok(), "nobody takes the step");
    }

    /// Does something while the next step is held, and then lets it go on.
    pub(crate) async fn meanwhile<T>(&self, deed: impl Future<Output = T>) -> T {
        self.comes().await;
        let done = deed.await;
        self.steps.goes_on.notify_one();
        done
    }
}

impl Steps {
    /// Whether a message is the next step; from then on another one is.
    fn holds(&self, message: &[u8]) -> bool {
        let mut left = self.left.lock().unwrap();
        let next = left.front().is_some_and(|step| is(message, *step));
        if next {
            left.pop_front();
        }
        next
    }
}

async fn accept(listener: TcpListener, host: String, steps: Arc<Steps>) {
    while let Ok((client, _)) = listener.accept().await {
        let server = TcpStream::connect(&host).await.unwrap();
        let (from_client, mut to_client) = client.into_split();
        let (mut from_server, to_server) = server.into_split();
        tokio::spawn(pass(from_client, to_server, steps.clone()));
        tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, steps: Arc<Steps>) {
    let mut length = [0; 4];
    while from.read_exact(&mut length).await.is_ok() {
        let size = usize::try_from(u32::from_le_bytes(length)).unwrap();
        let mut message = length.to_vec();
        message.resize(size, 0);
        if from.read_exact(&mut message[4..]).await.is_err() {
            return;
        }
        if steps.holds(&message) {
            steps.came.notify_one();
            steps.goes_on.notified().await;
        }
        if to.write_all(&message).await.is_err() {
            return;
        }
    }
}

/// Whether a message is this command to this collection. It is its length, three more numbers of
/// four bytes, flags, and a document whose first member is the command: its name, and after a length
/// the collection's (MongoDB, `OP_MSG`).
fn is(message: &[u8], (command, collection): Step) -> bool {
    const BEFORE_THE_NAME: usize = 16 + 4 + 1 + 4 + 1;
    let named = message.get(BEFORE_THE_NAME..);
    let value = named.and_then(|rest| rest.strip_prefix(command.as_bytes())?.strip_prefix(b"\0"));
    let of = value.and_then(|rest| rest.get(4..)?.strip_prefix(collection.as_bytes()));
    of.is_some_and(|rest| rest.starts_with(b"\0"))
}

/// Asks for something else so many times, so that what comes next begins so many steps later.
pub(crate) async fn steps_later(who: &Actor, steps: usize) {
    for _ in 0..steps {
        who.get("/doctors").await.is(200);
    }
}
