//! Upstash's REST API over a real Redis.
//!
//! The commands run in Redis itself, so their meaning is Redis's own; what is made here is the
//! way in and out: the four forms of a request, tokens, encodings and error bodies, as the
//! documentation of the REST API describes them. Known to differ: texts of Redis errors are
//! those of Redis ("ERR value is not an integer …"), so callers go by the first word.

mod command;
mod connection;
mod reply;
mod request;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use redis::Value;
use tokio::net::TcpListener;

use command::Command;
use connection::Connection;
use reply::Format;
use request::{Form, Options};

/// Longest request body, in bytes: the limit of Upstash's free and pay-as-you-go plans.
const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// Tells a client which writes its answer has seen; it sends the last one back.
const SYNC_TOKEN: HeaderName = HeaderName::from_static("upstash-sync-token");

/// Which Redis, and who may use it.
#[derive(Clone, Debug)]
pub struct Config {
    /// `redis://127.0.0.1:PORT`.
    pub redis_url: String,
    /// The bearer token of the REST API.
    pub token: String,
}

struct App {
    token: String,
    connection: Connection,
    answers: AtomicU64,
}

/// Why there is no result.
enum Refusal {
    /// The request or the command is wrong: 400 and Redis's words.
    Bad(String),
    /// The token is wrong or missing: 401.
    Token,
    /// A method other than HEAD, GET, POST and PUT: 405.
    Method,
    /// Redis is away: 500, soon.
    Down(String),
}

/// Serves until the listener fails. Redis need not be there yet, and may come and go.
pub async fn serve(listener: TcpListener, config: Config) -> io::Result<()> {
    let connection = Connection::new(&config.redis_url).map_err(io::Error::other)?;
    let app = App { token: config.token, connection, answers: AtomicU64::new(0) };
    let router = Router::new().fallback(handle).with_state(Arc::new(app));
    axum::serve(listener, router).await
}

async fn handle(State(app): State<Arc<App>>, request: axum::extract::Request) -> Response {
    let head = request.method() == Method::HEAD;
    let mut answer = match answer(&app, request).await {
        Ok(answer) => answer,
        Err(refusal) => refusal.into_response(),
    };
    // Every answer of one Redis has seen every earlier write; the token need only differ.
    let count = app.answers.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
    if let Ok(token) = HeaderValue::from_str(&format!("local:{count}")) {
        answer.headers_mut().insert(SYNC_TOKEN, token);
    }
    if head {
        *answer.body_mut() = axum::body::Body::empty();
    }
    answer
}

async fn answer(app: &App, request: axum::extract::Request) -> Result<Response, Refusal> {
    let (head, body) = request.into_parts();
    let posts = matches!(head.method, Method::POST | Method::PUT);
    if !posts && !matches!(head.method, Method::GET | Method::HEAD) {
        return Err(Refusal::Method);
    }
    let query = request::query(&head.uri);
    if !request::authorized(&head.headers, &query, &app.token) {
        return Err(Refusal::Token);
    }
    let options = Options::parse(&head.headers).map_err(Refusal::Bad)?;
    let body = axum::body::to_bytes(body, BODY_LIMIT).await.map_err(|_| {
        Refusal::Bad(format!("ERR max request size exceeded. Limit: {BODY_LIMIT} bytes"))
    })?;
    let body = if posts { Some(body) } else { None };
    match request::form(head.uri.path(), &query, body).map_err(Refusal::Bad)? {
        Form::Single(command) => single(app, command, options.format).await,
        Form::Pipeline(commands) => pipeline(app, commands, options.format).await,
        Form::Transaction(_) if options.format == Format::Resp2 => {
            Err(Refusal::Bad("ERR resp2 format is not supported for transactions".to_owned()))
        }
        Form::Transaction(commands) => transaction(app, commands, options.format).await,
    }
}

async fn single(app: &App, command: Command, format: Format) -> Result<Response, Refusal> {
    let command = command.checked().map_err(Refusal::Bad)?;
    let mut values = app.connection.run(&[command]).await.map_err(Refusal::Down)?;
    match values.pop().unwrap_or(Value::Nil) {
        Value::ServerError(error) => Err(Refusal::Bad(reply::words(&error))),
        value => Ok(format.single(&value).into_response()),
    }
}

/// Not atomic: each command has its own result or error, and those refused here are not sent.
async fn pipeline(app: &App, commands: Vec<Command>, format: Format) -> Result<Response, Refusal> {
    let checked: Vec<Result<Command, String>> =
        commands.into_iter().map(Command::checked).collect();
    let sent: Vec<Command> = checked.iter().filter_map(|it| it.as_ref().ok()).cloned().collect();
    let mut values = app.connection.run(&sent).await.map_err(Refusal::Down)?.into_iter();
    let results: Vec<Result<Value, String>> = checked
        .into_iter()
        .map(|command| command.and_then(|_| reply::outcome(values.next().unwrap_or(Value::Nil))))
        .collect();
    Ok(format.many(&results).into_response())
}

/// One MULTI … EXEC: a command that Redis will not queue discards them all; one that fails
/// while running has its error in its place, and the others stand.
async fn transaction(
    app: &App,
    commands: Vec<Command>,
    format: Format,
) -> Result<Response, Refusal> {
    let mut sent = vec![Command::word("MULTI")];
    for command in commands {
        sent.push(command.checked().map_err(Refusal::Bad)?);
    }
    sent.push(Command::word("EXEC"));
    let mut values = app.connection.run(&sent).await.map_err(Refusal::Down)?;
    match values.pop() {
        Some(Value::Array(results)) => {
            let results: Vec<_> = results.into_iter().map(reply::outcome).collect();
            Ok(format.many(&results).into_response())
        }
        last => {
            // The queue's own refusal says more than EXEC's "transaction discarded".
            let why = values.into_iter().chain(last).find_map(|value| match value {
                Value::ServerError(error) => Some(reply::words(&error)),
                _ => None,
            });
            Err(Refusal::Bad(why.unwrap_or_else(|| "ERR transaction discarded".to_owned())))
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, error) = match self {
            Self::Bad(error) => (StatusCode::BAD_REQUEST, error),
            Self::Token => {
                let error = "WRONGPASS invalid or missing auth token";
                (StatusCode::UNAUTHORIZED, error.to_owned())
            }
            Self::Method => {
                let error = "ERR only HEAD, GET, POST and PUT are supported";
                (StatusCode::METHOD_NOT_ALLOWED, error.to_owned())
            }
            Self::Down(error) => (StatusCode::INTERNAL_SERVER_ERROR, error),
        };
        (status, axum::Json(serde_json::json!({ "error": error }))).into_response()
    }
}

/// An answer's content type and bytes.
struct Body(&'static str, Bytes);

impl IntoResponse for Body {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, self.0)], self.1).into_response()
    }
}
