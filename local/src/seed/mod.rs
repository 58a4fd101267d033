//! The demonstration hospital, made over HTTP as a customer would make it.
//!
//! Every step first looks whether it is done, so that an interrupted seeding goes on where it
//! stopped and a second start changes nothing.

mod client;

use anyhow::{Context as _, Result, bail};
use jiff::{ToSpan as _, Zoned};
use serde_json::{Value, json};

use client::{Caller, Client};

use crate::console::Mails;

/// The code of the demonstration hospital.
pub const HOSPITAL: &str = "sunrise";

/// Who is in the demonstration.
#[derive(Debug, Clone)]
pub struct Demo {
    /// The platform administrator's address.
    pub admin_email: String,
    /// And password.
    pub admin_password: String,
    /// The password of everybody else.
    pub password: String,
}

/// Role, address, name and what else creating them takes.
struct Person {
    role: &'static str,
    email: &'static str,
    name: &'static str,
    mobile: &'static str,
    /// The address they call from: of a block kept for documentation.
    ip: &'static str,
}

const PEOPLE: [Person; 5] = [
    person("hospital", "admin@sunrise.example", "Meera Iyer", "+919800000001", "198.51.100.1"),
    person("doctor", "asha.rao@sunrise.example", "Dr. Asha Rao", "+919800000002", "198.51.100.2"),
    person(
        "doctor",
        "vikram.sen@sunrise.example",
        "Dr. Vikram Sen",
        "+919800000003",
        "198.51.100.3",
    ),
    person("patient", "anita.desai@mail.example", "Anita Desai", "+919800000004", "198.51.100.4"),
    person("patient", "ravi.kumar@mail.example", "Ravi Kumar", "+919800000005", "198.51.100.5"),
];

const fn person(
    role: &'static str,
    email: &'static str,
    name: &'static str,
    mobile: &'static str,
    ip: &'static str,
) -> Person {
    Person { role, email, name, mobile, ip }
}

impl Demo {
    /// The demo part of `stack.json`.
    pub fn to_json(&self) -> Value {
        let people = PEOPLE.iter().map(
            |person| json!({"role": person.role, "email": person.email, "password": self.password}),
        );
        json!({"hospital": HOSPITAL, "people": people.collect::<Vec<_>>()})
    }

    /// The address of the first person of a role.
    pub fn email(role: &str) -> &'static str {
        PEOPLE.iter().find(|person| person.role == role).map_or("", |person| person.email)
    }

    /// Makes what is missing.
    ///
    /// # Errors
    /// When the API does not do its part; the message says which step.
    pub async fn seed(&self, api: &str, mails: Mails) -> Result<()> {
        let client = Client::new(api, mails)?;
        let mut authority: Option<String> = None;
        for (number, person) in PEOPLE.iter().enumerate() {
            let context = || format!("{} {}", person.role, person.email);
            let token = match self.log_in(&client, person).await.with_context(context)? {
                Some(token) => token,
                None if person.role == "hospital" => {
                    self.open_hospital(&client, person).await.with_context(context)?
                }
                None => {
                    let by = authority.as_deref().unwrap_or_default();
                    self.admit(&client, person, number, by).await.with_context(context)?
                }
            };
            if person.role == "doctor" {
                offer_slots(&client, person, &token).await.with_context(context)?;
            }
            authority.get_or_insert(token);
        }
        Ok(())
    }

    async fn log_in(&self, client: &Client, person: &Person) -> Result<Option<String>> {
        client.log_in(person.ip, person.email, &self.password, Some(HOSPITAL)).await
    }

    /// The hospital and its administrator.
    async fn open_hospital(&self, client: &Client, person: &Person) -> Result<String> {
        let admin = client
            .log_in("198.51.100.254", &self.admin_email, &self.admin_password, None)
            .await?
            .context(
                "the platform administrator's log-in is refused: the database was made with \
                 another ADMIN_PASSWORD; set that, or `make clean-data`",
            )?;
        let seen = client.count(person.email).await?;
        let body = json!({
            "name": "Sunrise Hospital",
            "code": HOSPITAL,
            "timeZone": "Asia/Kolkata",
            "currency": "INR",
            "admin": {"name": person.name, "email": person.email, "mobile": person.mobile},
        });
        let caller = Caller { ip: "198.51.100.254", token: Some(&admin) };
        client.must(caller, "/hospitals", &body, &[201, 409]).await?;
        self.set_password(client, person, seen).await
    }

    /// A doctor or a patient, by the hospital's administrator.
    async fn admit(
        &self,
        client: &Client,
        person: &Person,
        number: usize,
        by: &str,
    ) -> Result<String> {
        let seen = client.count(person.email).await?;
        let mut body = json!({
            "name": person.name,
            "email": person.email,
            "mobile": person.mobile,
            "password": self.password,
        });
        let own = if person.role == "doctor" {
            // The second doctor is free of charge: a booking there is confirmed at once.
            let (speciality, amount) =
                if number == 1 { ("Cardiology", 50_000) } else { ("General Medicine", 0) };
            json!({"speciality": speciality, "fee": {"amount": amount, "currency": "INR"}})
        } else {
            json!({"identifier": format!("SUN-{number:04}"), "dateOfBirth": "1988-04-23"})
        };
        if let (Some(body), Value::Object(own)) = (body.as_object_mut(), own) {
            body.extend(own);
        }
        let caller = Caller { ip: "198.51.100.1", token: Some(by) };
        let path = format!("/create/{}", person.role);
        let (status, _) = client.must(caller, &path, &body, &[201, 409]).await?;
        if status == 409 {
            return self.set_password(client, person, seen).await;
        }
        let code = client.code(person.email, seen).await?;
        let (code, _) = code.context("no mail with a one-time password came")?;
        let body = json!({"email": person.email, "hospital": HOSPITAL, "otp": code});
        let caller = Caller { ip: person.ip, token: None };
        let (_, answer) = client.must(caller, "/otp-login/verify", &body, &[200]).await?;
        token(&answer)
    }

    /// Sets a password by the way of a forgotten one, which activates the account too. A mail that
    /// came since `seen` may hold the code already.
    async fn set_password(&self, client: &Client, person: &Person, seen: usize) -> Result<String> {
        let caller = Caller { ip: person.ip, token: None };
        let who = json!({"email": person.email, "hospital": HOSPITAL});
        client.must(caller, "/password/forgot", &who, &[202]).await?;
        let mut tried = seen;
        while let Some((code, seen)) = client.code(person.email, tried).await? {
            let body = json!({
                "email": person.email, "hospital": HOSPITAL,
                "otp": code, "newPassword": self.password,
            });
            let (status, answer) =
                client.must(caller, "/password/reset", &body, &[200, 401]).await?;
            if status == 200 {
                return token(&answer);
            }
            tried = seen;
        }
        bail!("no mail with a code that resets the password came");
    }
}

/// Mornings and afternoons of the next seven days; what is there already stays.
async fn offer_slots(client: &Client, doctor: &Person, token: &str) -> Result<()> {
    let today = Zoned::now().in_tz("Asia/Kolkata")?.date();
    let weekly: Vec<Value> = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        .iter()
        .map(|day| {
            let lunch = json!([{"from": "12:00", "to": "15:00"}]);
            json!({"day": day, "from": "10:00", "to": "17:00", "breaks": lunch})
        })
        .collect();
    let body = json!({
        "startDate": today.checked_add(1.day())?.to_string(),
        "endDate": today.checked_add(7.days())?.to_string(),
        "slotMinutes": 15,
        "weekly": weekly,
    });
    let caller = Caller { ip: doctor.ip, token: Some(token) };
    client.must(caller, "/slots/set", &body, &[200, 201, 409]).await?;
    Ok(())
}

fn token(answer: &Value) -> Result<String> {
    let token = answer.get("accessToken").and_then(Value::as_str);
    Ok(token.context("the answer has no accessToken")?.to_owned())
}
