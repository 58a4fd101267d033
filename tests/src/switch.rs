//! A way to a server that can be broken and mended: whichever server it is, whatever it speaks.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test world that breaks ends its test"
)]

use std::net::{Ipv4Addr, SocketAddr};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{Mutex, watch},
    task::JoinHandle,
};

/// How a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It answers.
    Well,
    /// Nobody listens, and what was connected is not any more.
    Down,
    /// It does what it is asked to; its answers come when it is well again.
    Slow,
    /// It does what it is asked to, and the connection breaks in the middle of its answer.
    Cut,
}

/// The way.
#[derive(Debug)]
pub struct Switch {
    /// Its address, host and port.
    pub address: SocketAddr,
    server: String,
    state: watch::Sender<State>,
    listening: Mutex<Option<JoinHandle<()>>>,
    _place: TcpSocket,
}

/// A socket that keeps a port for itself and for those of ours that listen there at times.
fn place(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("there is a socket");
    socket.set_reuseport(true).expect("a port can be shared");
    socket.bind(address).expect("there is a port");
    socket
}

/// A port that stays free as long as its socket is there, for the [`Switch`] of another process.
pub fn port() -> (TcpSocket, SocketAddr) {
    let socket = place((Ipv4Addr::LOCALHOST, 0).into());
    let address = socket.local_addr().expect("a socket has an address");
    (socket, address)
}

impl Switch {
    /// A way to the server at this URL.
    pub async fn to(server: &str) -> Self {
        let (place, address) = port();
        Self::over(place, address, server).await
    }

    /// The same at this address, for whoever knows it already.
    pub async fn at(address: SocketAddr, server: &str) -> Self {
        Self::over(place(address), address, server).await
    }

    async fn over(place: TcpSocket, address: SocketAddr, server: &str) -> Self {
        let host = server.split("://").last().unwrap_or_default().split(['/', '?']).next();
        let server = host.unwrap_or_default().to_owned();
        let (state, listening) = (watch::Sender::new(State::Well), Mutex::new(None));
        let this = Self { address, server, state, listening, _place: place };
        this.turn(State::Well).await;
        this
    }

    /// From now on the server is like that.
    pub async fn turn(&self, state: State) {
        let mut listening = self.listening.lock().await;
        self.state.send_replace(state);
        if state == State::Down {
            if let Some(task) = listening.take() {
                task.abort();
                let _gone = task.await;
            }
        } else if listening.is_none() {
            let listener = place(self.address).listen(1024).expect("the port is ours");
            let (server, state) = (self.server.clone(), self.state.clone());
            *listening = Some(tokio::spawn(accept(listener, server, state)));
        }
    }
}

async fn accept(listener: TcpListener, server: String, state: watch::Sender<State>) {
    while let Ok((client, _)) = listener.accept().await {
        let server = TcpStream::connect(&server).await.expect("the server is there");
        tokio::spawn(carry(client, server, state.subscribe()));
    }
}

/// Both directions of a connection; when one ends, so does the other.
async fn carry(client: TcpStream, server: TcpStream, mut state: watch::Receiver<State>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let mut ends = state.clone();
    let answers = async {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from_server.read(&mut buffer).await {
            let now = state.wait_for(|state| *state != State::Slow).await.map(|now| *now);
            let cut = !matches!(now, Ok(State::Well));
            let size = if cut { read / 2 } else { read };
            let sent = to_client.write_all(buffer.get(..size).unwrap_or_default()).await;
            if cut || sent.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        _ = tokio::io::copy(&mut from_client, &mut to_server) => {}
        () = answers => {}
        _ = ends.wait_for(|state| *state == State::Down) => {}
    }
}
