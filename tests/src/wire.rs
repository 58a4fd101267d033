//! MongoDB's wire between a function and the server, to count what goes over it.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test world that breaks ends its test"
)]

use crate::stack;
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    sync::Barrier,
};

/// A relay in front of the database that notes the name of each command.
#[derive(Debug, Clone)]
pub struct Wire {
    /// The database's address, by way of the relay.
    pub uri: String,
    commands: Arc<Mutex<Vec<String>>>,
    meeting: Meeting,
    cut: Arc<AtomicBool>,
}

/// What the relay goes by.
type Told = (Arc<Mutex<Vec<String>>>, Meeting, Arc<AtomicBool>);

/// Where the next find and the next entry of the audit trail wait for each other.
type Meeting = Arc<Mutex<Option<Arc<Barrier>>>>;

impl Wire {
    /// A relay of its own for one test.
    pub async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        let server = stack::of("/mongodb/uri");
        let host = server.trim_start_matches("mongodb://").split(['/', '?']).next();
        let host = host.expect("an address has a host").to_owned();
        let commands = Arc::<Mutex<Vec<String>>>::default();
        let (meeting, cut) = (Meeting::default(), Arc::<AtomicBool>::default());
        let told = (commands.clone(), meeting.clone(), cut.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&host).await.expect("the database is there");
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(note(from_client, to_server, told.clone()));
                tokio::spawn(relay(from_server, to_client));
            }
        });
        Self {
            uri: format!("mongodb://127.0.0.1:{port}/?directConnection=true"),
            commands,
            meeting,
            cut,
        }
    }

    /// From now on the connection breaks whenever an entry of the audit trail is sent.
    pub fn cuts_the_trail(&self) {
        self.cut.store(true, Ordering::SeqCst);
    }

    /// From now on the next find goes on only with an entry of the audit trail, and the entry only
    /// with the find: whoever sends one after the other waits in vain.
    pub fn makes_them_meet(&self) {
        let barrier = Arc::new(Barrier::new(2));
        *self.meeting.lock().unwrap_or_else(PoisonError::into_inner) = Some(barrier);
    }

    /// The commands since the last time this was asked: each is one round trip. The driver's own
    /// housekeeping is left out, and so is the audit trail, which is written beside the work.
    pub fn commands(&self) -> Vec<String> {
        std::mem::take(&mut *self.commands.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn relay(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    let _closed = tokio::io::copy(&mut from, &mut to).await;
}

/// Passes messages on and notes their commands. A message is its length, three more numbers of
/// four bytes, flags, and a document whose first member is the command (MongoDB, `OP_MSG`).
async fn note(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, (noted, meeting, cut): Told) {
    const BEFORE_THE_NAME: usize = 16 + 4 + 1 + 4 + 1;
    const OP_MSG: u32 = 2013;
    const HOUSEKEEPING: [&str; 5] = ["hello", "isMaster", "ismaster", "ping", "endSessions"];
    let mut length = [0; 4];
    while from.read_exact(&mut length).await.is_ok() {
        let size = usize::try_from(u32::from_le_bytes(length)).unwrap_or_default();
        let mut message = length.to_vec();
        message.resize(size, 0);
        let Some(rest) = message.get_mut(4..) else { return };
        if from.read_exact(rest).await.is_err() {
            return;
        }
        let op = message.get(12..16).and_then(|code| code.try_into().ok()).map(u32::from_le_bytes);
        let from_name = message.get(BEFORE_THE_NAME..).unwrap_or_default();
        let name = from_name.split(|b| *b == 0).next().unwrap_or_default();
        // The command's value, mostly the collection's name, comes after its length.
        let value = from_name.get(name.len() + 5..).unwrap_or_default();
        let name = String::from_utf8_lossy(name).into_owned();
        let entry = value.starts_with(b"audit\0");
        if entry && cut.load(Ordering::SeqCst) {
            return;
        }
        let name_meets = name == "find" || entry;
        let beside = HOUSEKEEPING.contains(&name.as_str()) || value.starts_with(b"audit");
        if op == Some(OP_MSG) && !beside {
            noted.lock().unwrap_or_else(PoisonError::into_inner).push(name);
        }
        if name_meets {
            meet(&meeting).await;
        }
        if to.write_all(&message).await.is_err() {
            return;
        }
    }
}

async fn meet(meeting: &Meeting) {
    let barrier = meeting.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let Some(barrier) = barrier else { return };
    if barrier.wait().await.is_leader() {
        *meeting.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
