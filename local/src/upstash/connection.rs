//! The one connection to Redis, shared by all requests and made anew when it is lost.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Pipeline, RedisError, Value};

use super::command::Command;

/// Longest wait for a connection and for an answer: a caller is told within this time.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A connection unused for longer is asked for a sign of life first: a Redis that was restarted
/// meanwhile then costs a reconnect and not a failed request. A command is never sent twice.
const IDLE: Duration = Duration::from_millis(50);

struct Live {
    connection: MultiplexedConnection,
    used: Instant,
}

/// Connects on first use.
pub(super) struct Connection {
    client: Client,
    live: Mutex<Option<Live>>,
}

impl Connection {
    /// Fails only on an address that is none.
    pub(super) fn new(url: &str) -> Result<Self, RedisError> {
        Ok(Self { client: Client::open(url)?, live: Mutex::new(None) })
    }

    /// Sends the commands in one piece, so that nothing of another request comes between, and
    /// returns one value for each; a command's own failure is a value too.
    pub(super) async fn run(&self, commands: &[Command]) -> Result<Vec<Value>, String> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipeline = Pipeline::with_capacity(commands.len());
        for command in commands {
            let mut words = command.words().iter();
            if let Some(name) = words.next() {
                pipeline.cmd(&String::from_utf8_lossy(name));
            }
            for word in words {
                pipeline.arg(word.as_slice());
            }
        }
        let work = async {
            let mut connection = self.connected().await?;
            let sent = connection.send_packed_commands(&pipeline, 0, commands.len()).await;
            if sent.is_err() {
                self.forget();
            }
            sent
        };
        match tokio::time::timeout(TIMEOUT, work).await {
            Ok(Ok(values)) => Ok(values),
            Ok(Err(error)) => Err(format!("ERR redis is unavailable: {error}")),
            Err(_) => {
                self.forget();
                Err("ERR redis did not answer in time".to_owned())
            }
        }
    }

    async fn connected(&self) -> Result<MultiplexedConnection, RedisError> {
        if let Some((mut connection, idle)) = self.current() {
            let alive = !idle || {
                let ping = redis::cmd("PING");
                connection.send_packed_command(&ping).await.is_ok()
            };
            if alive {
                return Ok(connection);
            }
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(TIMEOUT))
            .set_response_timeout(Some(TIMEOUT));
        let connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        let live = Live { connection: connection.clone(), used: Instant::now() };
        *self.live.lock().unwrap_or_else(PoisonError::into_inner) = Some(live);
        Ok(connection)
    }

    /// The connection there is, and whether it has been idle.
    fn current(&self) -> Option<(MultiplexedConnection, bool)> {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.as_mut().map(|live| {
            let idle = live.used.elapsed() > IDLE;
            live.used = Instant::now();
            (live.connection.clone(), idle)
        })
    }

    fn forget(&self) {
        *self.live.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
