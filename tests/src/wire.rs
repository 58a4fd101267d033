//! MongoDB's wire between a function and the server, to count what goes over it, to cut it, and to
//! hold a step on it while something else happens.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test world that breaks ends its test"
)]

use crate::stack;
use mongodb::bson::Document;
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    sync::{Barrier, Notify},
    time::timeout,
};

/// A relay in front of the database that notes the name of each command.
#[derive(Debug, Clone)]
pub struct Wire {
    /// The database's address, by way of the relay.
    pub uri: String,
    told: Told,
}

/// What the relay notes and goes by.
#[derive(Debug, Clone, Default)]
struct Told {
    commands: Commands,
    entries: Arc<AtomicUsize>,
    meeting: Meeting,
    cut: Arc<AtomicBool>,
    death: Death,
    holding: Holding,
}

/// A command and its collection.
pub type Step = (&'static str, &'static str);

/// The steps that are still to be held, in their order.
#[derive(Debug, Clone, Default)]
struct Holding {
    left: Arc<Mutex<VecDeque<Step>>>,
    came: Arc<Notify>,
    goes_on: Arc<Notify>,
}

impl Holding {
    /// Whether this is the next step; from then on another one is.
    fn holds(&self, name: &str, value: &[u8]) -> bool {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let of = value.split(|byte| *byte == 0).next().unwrap_or_default();
        let next = left
            .front()
            .is_some_and(|(command, collection)| *command == name && collection.as_bytes() == of);
        if next {
            left.pop_front();
        }
        next
    }
}

/// When the function dies: after how many commands more, and whether the last of them still
/// reaches the server.
#[derive(Debug, Clone, Default)]
struct Death {
    left: Arc<Mutex<Option<(usize, bool)>>>,
    came: Arc<AtomicBool>,
    told: Arc<Notify>,
}

/// What becomes of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Passes,
    PassesLast,
    Lost,
}

impl Death {
    fn has_come(&self) -> bool {
        self.came.load(Ordering::SeqCst)
    }

    /// Counts a command.
    fn fate(&self) -> Fate {
        if self.has_come() {
            return Fate::Lost;
        }
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        match *left {
            None => Fate::Passes,
            Some((0, reaches)) => {
                self.came.store(true, Ordering::SeqCst);
                self.told.notify_waiters();
                self.told.notify_one();
                if reaches { Fate::PassesLast } else { Fate::Lost }
            }
            Some((more, reaches)) => {
                *left = Some((more - 1, reaches));
                Fate::Passes
            }
        }
    }
}

/// Each command's name and document.
type Commands = Arc<Mutex<Vec<(String, Document)>>>;

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
        let told = Told::default();
        let telling = told.clone();
        tokio::spawn(async move {
            let mut unheard = Vec::new();
            while let Ok((client, _)) = listener.accept().await {
                if telling.death.has_come() {
                    unheard.push(client);
                    continue;
                }
                let server = TcpStream::connect(&host).await.expect("the database is there");
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(note(from_client, to_server, telling.clone()));
                tokio::spawn(relay(from_server, to_client, telling.death.clone()));
            }
        });
        Self { uri: format!("mongodb://127.0.0.1:{port}/?directConnection=true"), told }
    }

    /// A relay on which each of these steps is held, one after the other; all else passes. A function
    /// gives a command up when the patience of its world is over.
    pub async fn holding(steps: &[Step]) -> Self {
        let wire = Self::new().await;
        let mut left = wire.told.holding.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.extend(steps);
        drop(left);
        wire
    }

    /// Waits until the next step that is to be held is there, and leaves it there.
    pub async fn comes(&self) {
        let came = timeout(Duration::from_secs(60), self.told.holding.came.notified()).await;
        came.expect("somebody takes the step");
    }

    /// Does something while the next step is held, and then lets it go on.
    pub async fn meanwhile<T>(&self, deed: impl Future<Output = T>) -> T {
        self.comes().await;
        let done = deed.await;
        self.told.holding.goes_on.notify_one();
        done
    }

    /// From now on the connection breaks whenever an entry of the audit trail is sent.
    pub fn cuts_the_trail(&self) {
        self.told.cut.store(true, Ordering::SeqCst);
    }

    /// From now on the next find goes on only with an entry of the audit trail, and the entry only
    /// with the find: whoever sends one after the other waits in vain.
    pub fn makes_them_meet(&self) {
        let barrier = Arc::new(Barrier::new(2));
        *self.told.meeting.lock().unwrap_or_else(PoisonError::into_inner) = Some(barrier);
    }

    /// The function dies after so many commands more: nothing it sends from then on goes anywhere,
    /// nothing comes back. `reaches` says whether the last of them still gets to the server.
    pub fn dies_after(&self, commands: usize, reaches: bool) {
        let mut left = self.told.death.left.lock().unwrap_or_else(PoisonError::into_inner);
        *left = Some((commands, reaches));
    }

    /// Waits until the function has died.
    pub async fn death(&self) {
        while !self.told.death.has_come() {
            self.told.death.told.notified().await;
        }
    }

    /// The commands since the last time this was asked: each is one round trip. The driver's own
    /// housekeeping is left out, and so is the audit trail, which is written beside the work.
    pub fn commands(&self) -> Vec<String> {
        self.documents().into_iter().map(|(name, _)| name).collect()
    }

    /// Entries of the audit trail since the last time this was asked.
    pub fn entries(&self) -> usize {
        self.told.entries.swap(0, Ordering::SeqCst)
    }

    /// The same commands whole: the name, and the document with what was sent beside it.
    pub fn documents(&self) -> Vec<(String, Document)> {
        std::mem::take(&mut *self.told.commands.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A server that says nothing and counts who comes.
#[derive(Debug)]
pub struct Silence {
    /// Its address.
    pub url: String,
    heard: Arc<AtomicUsize>,
}

impl Silence {
    /// A server of its own for one test.
    pub async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it has an address"));
        let heard = Arc::<AtomicUsize>::default();
        let counted = heard.clone();
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { url, heard }
    }

    /// How many connections there were.
    pub fn heard(&self) -> usize {
        self.heard.load(Ordering::SeqCst)
    }
}

async fn relay(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, death: Death) {
    let mut answer = vec![0; 64 * 1024];
    while let Ok(size @ 1..) = from.read(&mut answer).await {
        let answer = answer.get(..size).unwrap_or_default();
        // The answer to the last command is read, so that the server has carried it out.
        if !death.has_come() && to.write_all(answer).await.is_err() {
            return;
        }
    }
}

/// Passes messages on and notes their commands. A message is its length, three more numbers of
/// four bytes, flags, and a document whose first member is the command (MongoDB, `OP_MSG`).
async fn note(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, told: Told) {
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
        if entry && told.cut.load(Ordering::SeqCst) {
            return;
        }
        let name_meets = name == "find" || entry;
        if op == Some(OP_MSG) && name == "insert" && entry {
            told.entries.fetch_add(1, Ordering::SeqCst);
        }
        let beside = HOUSEKEEPING.contains(&name.as_str())
            || (name == "insert" && value.starts_with(b"audit"));
        let fate = if op == Some(OP_MSG) && !beside { told.death.fate() } else { Fate::Passes };
        if fate == Fate::Lost {
            return;
        }
        if op == Some(OP_MSG) && !beside {
            let document = whole(&message).unwrap_or_default();
            told.commands
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((name.clone(), document));
        }
        if name_meets {
            meet(&told.meeting).await;
        }
        if told.holding.holds(&name, value) {
            told.holding.came.notify_one();
            told.holding.goes_on.notified().await;
        }
        if to.write_all(&message).await.is_err() {
            return;
        }
    }
}

/// The document of an `OP_MSG`, and under its name each sequence of documents beside it.
fn whole(message: &[u8]) -> Option<Document> {
    let mut rest = message.get(16 + 4..)?;
    let (mut command, mut beside) = (Document::new(), Document::new());
    while let Some((kind, section)) = rest.split_first() {
        let size = i32::from_le_bytes(section.get(..4)?.try_into().ok()?);
        let (section, after) = section.split_at_checked(usize::try_from(size).ok()?)?;
        if *kind == 0 {
            command = Document::from_reader(section).ok()?;
        } else {
            let name = section.get(4..)?.split(|byte| *byte == 0).next()?;
            let mut inside = section.get(4 + name.len() + 1..)?;
            let mut documents = Vec::new();
            while !inside.is_empty() {
                documents.push(Document::from_reader(&mut inside).ok()?);
            }
            beside.insert(String::from_utf8_lossy(name), documents);
        }
        rest = after;
    }
    command.extend(beside);
    Some(command)
}

async fn meet(meeting: &Meeting) {
    let barrier = meeting.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let Some(barrier) = barrier else { return };
    if barrier.wait().await.is_leader() {
        *meeting.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
