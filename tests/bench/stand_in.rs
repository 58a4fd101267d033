//! `MongoDB`, as far as a client's own cost goes: a server that acknowledges every write and
//! forgets it. It speaks `OP_MSG` (and `OP_QUERY` for the first greeting), finds nothing but what
//! it was told to find, and counts commands and documents.

use mongodb::bson::{Document, RawDocument, doc};
use std::{
    collections::{BTreeMap, HashMap},
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
};

const OP_REPLY: i32 = 1;
const OP_QUERY: i32 = 2004;
const OP_MSG: i32 = 2013;
/// Bytes of a message's header.
const HEADER: usize = 16;

/// What came in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    /// Commands by name; greetings and ends of sessions are not counted.
    pub(crate) commands: BTreeMap<String, u64>,
    /// Documents entered, by collection.
    pub(crate) documents: BTreeMap<String, u64>,
}

impl Counts {
    /// All commands.
    pub(crate) fn all(&self) -> u64 {
        self.commands.values().sum()
    }
}

#[derive(Debug, Default)]
struct Known {
    counts: Mutex<Counts>,
    there: HashMap<String, Vec<Document>>,
    address: String,
}

/// The server. It ends with the process.
#[derive(Debug)]
pub(crate) struct StandIn(Arc<Known>);

impl StandIn {
    /// Starts one that finds these documents, all of a collection, whatever is asked for there.
    pub(crate) fn start(there: HashMap<String, Vec<Document>>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address: SocketAddr = listener.local_addr()?;
        let known =
            Arc::new(Known { counts: Mutex::default(), there, address: address.to_string() });
        let accepting = known.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let known = accepting.clone();
                // A client that goes away ends its connection, and nothing else.
                std::thread::spawn(move || drop(serve(stream, &known)));
            }
        });
        Ok(Self(known))
    }

    /// Its address, host and port.
    pub(crate) fn address(&self) -> &str {
        &self.0.address
    }

    /// Its connection string.
    pub(crate) fn uri(&self) -> String {
        format!("mongodb://{}/?directConnection=true", self.0.address)
    }

    /// What has come in since the last time it was asked.
    pub(crate) fn take(&self) -> Counts {
        std::mem::take(&mut *self.0.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn serve(mut stream: TcpStream, known: &Known) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut message = Vec::new();
    loop {
        let mut header = [0; HEADER];
        stream.read_exact(&mut header)?;
        let length = usize::try_from(int(&header, 0)).unwrap_or_default();
        message.resize(length.saturating_sub(HEADER), 0);
        stream.read_exact(&mut message)?;
        let request = int(&header, 4);
        let reply = match int(&header, 12) {
            OP_MSG => op_msg(request, &answer_to_msg(&message, known)?)?,
            OP_QUERY => op_reply(request, &hello(known))?,
            other => return Err(io::Error::other(format!("opcode {other}"))),
        };
        stream.write_all(&reply)?;
    }
}

fn int(bytes: &[u8], at: usize) -> i32 {
    let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
    four.map_or(0, i32::from_le_bytes)
}

/// Answers the command in a message, and counts it.
fn answer_to_msg(message: &[u8], known: &Known) -> io::Result<Document> {
    let body = message.get(5..).unwrap_or_default();
    let length = usize::try_from(int(body, 0)).unwrap_or_default();
    let command = RawDocument::from_bytes(body.get(..length).unwrap_or_default());
    let command = command.map_err(io::Error::other)?;
    let Some(Ok((name, target))) = command.iter().next() else {
        return Err(io::Error::other("a command without a name"));
    };
    let (name, target) = (name.to_string(), target.as_str().unwrap_or_default().to_owned());
    if matches!(name.as_str(), "hello" | "isMaster" | "ismaster") {
        return Ok(hello(known));
    }
    if name == "endSessions" {
        return Ok(doc! { "ok": 1 });
    }
    let inside = |list: &str| {
        command.get_array(list).map_or(0, |all| all.into_iter().count().try_into().unwrap_or(0))
    };
    let entered: i32 = inside("documents") + sequences(body.get(length..).unwrap_or_default());
    let mut counts = known.counts.lock().unwrap_or_else(PoisonError::into_inner);
    *counts.commands.entry(name.clone()).or_default() += 1;
    if name == "insert" {
        *counts.documents.entry(target.clone()).or_default() +=
            u64::try_from(entered).unwrap_or_default();
    }
    drop(counts);
    Ok(match name.as_str() {
        "insert" => doc! { "n": entered, "ok": 1 },
        "update" => {
            let n = inside("updates").max(1);
            doc! { "n": n, "nModified": n, "ok": 1 }
        }
        "delete" => doc! { "n": 1, "ok": 1 },
        "find" | "aggregate" => {
            let limit = command.get_i64("limit").ok().and_then(|limit| usize::try_from(limit).ok());
            let fields = command.get_document("projection").ok();
            let shown = |document: &Document| match fields {
                Some(fields) => kept(document, fields),
                None => document.clone(),
            };
            let there = known.there.get(&target).into_iter().flatten();
            let found: Vec<Document> = there.take(limit.unwrap_or(usize::MAX)).map(shown).collect();
            doc! { "cursor": { "id": 0_i64, "ns": format!("x.{target}"), "firstBatch": found }, "ok": 1 }
        }
        "findAndModify" => {
            doc! { "value": null, "lastErrorObject": { "n": 0, "updatedExisting": false }, "ok": 1 }
        }
        _ => doc! { "ok": 1 },
    })
}

/// Of a document what a projection names.
fn kept(document: &Document, fields: &RawDocument) -> Document {
    let named = |name: &str| fields.get(name).is_ok_and(|field| field.is_some());
    let fields = document.iter().filter(|(name, _)| named(name));
    fields.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// How many documents lie in the sequences after a command.
fn sequences(mut rest: &[u8]) -> i32 {
    let mut count = 0;
    while let Some((1, section)) = rest.split_first() {
        let size = usize::try_from(int(section, 0)).unwrap_or_default();
        let inside = section.get(4..size).unwrap_or_default();
        let name = inside.iter().take_while(|byte| **byte != 0).count();
        let mut documents = inside.get(name + 1..).unwrap_or_default();
        while documents.len() > 4 {
            let length = usize::try_from(int(documents, 0)).unwrap_or(usize::MAX);
            documents = documents.get(length..).unwrap_or_default();
            count += 1;
        }
        rest = section.get(size..).unwrap_or_default();
    }
    count
}

/// A primary, so that clients use sessions and transactions as they would.
fn hello(known: &Known) -> Document {
    doc! {
        "helloOk": true, "isWritablePrimary": true, "ismaster": true, "secondary": false,
        "setName": "stand-in", "setVersion": 1, "hosts": [&known.address], "me": &known.address,
        "primary": &known.address, "maxBsonObjectSize": 16_777_216, "maxWriteBatchSize": 100_000,
        "maxMessageSizeBytes": 48_000_000, "logicalSessionTimeoutMinutes": 30, "connectionId": 1,
        "minWireVersion": 0, "maxWireVersion": 25, "readOnly": false, "ok": 1,
    }
}

fn framed(opcode: i32, request: i32, body: &[u8]) -> Vec<u8> {
    let length = i32::try_from(HEADER + body.len()).unwrap_or(i32::MAX);
    let mut message: Vec<u8> =
        [length, 1, request, opcode].into_iter().flat_map(i32::to_le_bytes).collect();
    message.extend_from_slice(body);
    message
}

fn op_msg(request: i32, answer: &Document) -> io::Result<Vec<u8>> {
    // No flags, and one section: the document.
    let mut body = vec![0; 5];
    body.extend(answer.to_vec().map_err(io::Error::other)?);
    Ok(framed(OP_MSG, request, &body))
}

fn op_reply(request: i32, answer: &Document) -> io::Result<Vec<u8>> {
    // No flags, no cursor, from the first, one document.
    let mut body = vec![0; 16];
    body.extend(1_i32.to_le_bytes());
    body.extend(answer.to_vec().map_err(io::Error::other)?);
    Ok(framed(OP_REPLY, request, &body))
}
