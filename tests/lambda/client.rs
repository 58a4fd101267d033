//! People and their browsers.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};
use tests::seeded;

use crate::stack::Stack;

/// How long what happens by itself may take.
pub(crate) const SOON: Duration = Duration::from_secs(30);
/// How late a mail may be: one that cannot go at once goes with the next minute's.
const MAILED: Duration = Duration::from_secs(100);

/// Somebody at an address of their own.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    api: String,
    mails: String,
    ip: String,
    token: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Reply {
    /// The body, if the status is this one.
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// A problem of this status and code.
    pub(crate) fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, &self.body["code"]), (status, &json!(code)), "{}", self.body);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        self.body
    }
}

/// A text member.
pub(crate) fn text(value: &Value, pointer: &str) -> String {
    let member = value.pointer(pointer).and_then(Value::as_str);
    member.unwrap_or_else(|| panic!("no {pointer} in {value}")).to_owned()
}

/// A number nobody else in this process has.
pub(crate) fn number() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// An address of a block kept for tests (RFC 2544) that nobody else plays from.
pub(crate) fn fresh_ip() -> String {
    let n = number();
    format!("198.18.{}.{}", n / 256 % 256, n % 256)
}

impl Client {
    /// Somebody who has not logged in.
    pub(crate) fn new(stack: &Stack) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(40));
        Self {
            http: http.build().unwrap(),
            api: stack.at("/api").to_owned(),
            mails: stack.at("/mail/messages").to_owned(),
            ip: fresh_ip(),
            token: None,
        }
    }

    /// With this access token.
    pub(crate) fn with_token(&self, token: String) -> Self {
        Self { token: Some(token), ip: fresh_ip(), ..self.clone() }
    }

    /// The access token.
    pub(crate) fn token(&self) -> &str {
        self.token.as_deref().unwrap()
    }

    /// A client for what is not the API.
    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    /// A document in this form, byte for byte.
    pub(crate) async fn bytes(&self, path: &str, accept: &str) -> Vec<u8> {
        let request = self.http.get(format!("{}{path}", self.api)).bearer_auth(self.token());
        let request = request.header("x-local-source-ip", &self.ip).header("accept", accept);
        let answer = request.send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["content-type"]),
            (200, &accept.parse().unwrap())
        );
        answer.bytes().await.unwrap().to_vec()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::POST, path, Some(body)).await
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.api))
            .header("x-local-source-ip", &self.ip);
        body.into_iter().for_each(seeded::note_body);
        if let Some(token) = &self.token {
            seeded::note_token(token);
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.bytes().await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        seeded::note_body(&body);
        Reply { status, headers, body }
    }

    /// Logs in with a password.
    pub(crate) async fn log_in(&self, email: &str, password: &str, hospital: Option<&str>) -> Self {
        let mut body = json!({ "email": email, "password": password });
        if let Some(hospital) = hospital {
            body["hospital"] = json!(hospital);
        }
        let session = self.post("/login", &body).await.expect(200);
        self.with_token(text(&session, "/accessToken"))
    }

    /// Logs in with the code in the latest mail, which makes the account active.
    pub(crate) async fn activate(&self, email: &str, hospital: &str) -> Self {
        let body = json!({ "email": email, "hospital": hospital, "otp": self.code(email).await });
        let session = self.post("/otp-login/verify", &body).await.expect(200);
        self.with_token(text(&session, "/accessToken"))
    }

    /// The code in the latest mail to an address, as soon as one is there.
    async fn code(&self, email: &str) -> String {
        let end = Instant::now() + MAILED;
        loop {
            if let Some(code) = self.mailed(email).await {
                seeded::note_code(&code);
                return code;
            }
            assert!(Instant::now() < end, "no mail to {email}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn mailed(&self, email: &str) -> Option<String> {
        let mails: Value = self.http.get(&self.mails).send().await.unwrap().json().await.unwrap();
        let to = |mail: &&Value| mail["destination"].to_string().contains(email);
        let text = mails.as_array().unwrap().iter().rev().find(to)?["body"]["text"].to_string();
        let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
        let six = |word: &&str| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit());
        Some(words.find(six).unwrap().to_owned())
    }

    /// Asks again and again until the answer is as wanted.
    pub(crate) async fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + SOON;
        loop {
            let body = self.get(path).await.expect(200);
            if wanted(&body) {
                return body;
            }
            assert!(Instant::now() < end, "{path} stays {body}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// A hospital and the people in it.
#[derive(Debug)]
pub(crate) struct Hospital {
    pub(crate) code: String,
    pub(crate) admin: Client,
}

impl Hospital {
    /// A new hospital whose administrator has logged in.
    pub(crate) async fn open(stack: &Stack) -> Self {
        let code = format!("house{}", number());
        let nobody = Client::new(stack);
        let platform =
            nobody.log_in(stack.at("/admin/email"), stack.at("/admin/password"), None).await;
        let email = format!("admin@{code}.example");
        let admin = json!({ "name": "Meera Pillai", "email": email, "mobile": "+919810000001" });
        let body = json!({ "name": format!("Hospital {code}"), "code": code, "admin": admin });
        platform.post("/hospitals", &body).await.expect(201);
        let admin = nobody.activate(&email, &code).await;
        Self { code, admin }
    }

    /// A doctor at ₹500 who has logged in.
    pub(crate) async fn doctor(&self) -> Client {
        let email = format!("doctor{}@{}.example", number(), self.code);
        let body = json!({
            "name": "Dr. Arun Nair", "email": email, "mobile": "+919810000002",
            "speciality": "Cardiology", "fee": { "amount": 50_000, "currency": "INR" },
        });
        self.admin.post("/create/doctor", &body).await.expect(201);
        self.admin.activate(&email, &self.code).await
    }

    /// A patient who has logged in.
    pub(crate) async fn patient(&self) -> Client {
        let n = number();
        let email = format!("patient{n}@{}.example", self.code);
        let body = json!({
            "name": format!("Patient {n}"), "email": email, "mobile": "+919810000003",
            "identifier": format!("P-{n}"),
        });
        self.admin.post("/create/patient", &body).await.expect(201);
        self.admin.activate(&email, &self.code).await
    }

    /// The ids of a doctor's new slots, the day after tomorrow from ten to twelve.
    pub(crate) async fn slots(&self, doctor: &Client) -> Vec<String> {
        let zone = jiff::tz::TimeZone::get("Asia/Kolkata").unwrap();
        let today = jiff::Timestamp::now().to_zoned(zone).date();
        let day = today.saturating_add(jiff::Span::new().days(2));
        let body = json!({ "date": day, "from": "10:00", "to": "12:00", "slotMinutes": 15 });
        let set = doctor.post("/slots/set", &body).await.expect(201);
        let slots = set["slots"].as_array().unwrap();
        slots.iter().map(|slot| text(slot, "/id")).collect()
    }
}
