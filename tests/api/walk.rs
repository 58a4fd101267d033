//! Every operation of the document, tried by everybody: nobody, a token that ran out, one that was
//! forged, each role of the hospital whose things are named, and the same roles of the other one.
//! What they are answered is a table a reviewer can read: `walk.golden`. After a change that is
//! meant, `UPDATE_GOLDEN=1` writes it anew.

use serde_json::{Value, json};
use std::{collections::BTreeMap, path::Path};
use tests::{
    actor::{Actor, ids, text},
    call::Call,
    hospital::Hospital,
    log::Log,
    routes::{ROUTES, Route},
    world::World,
};

/// What the requests name; all of it belongs to one hospital.
struct Things {
    account: String,
    patient: String,
    slot: String,
    appointment: String,
    session: String,
    import: String,
    leave: String,
    entry: String,
    hospital: String,
}

impl Things {
    async fn of(world: &World) -> Self {
        let a = &world.a;
        let (patient, victim) = (a.new_patient("walked").await, a.new_doctor("victim", "V").await);
        let slots = a.doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
        let appointment = patient.books_and_pays(&slots[0]).await;
        let import = a.admin.post("/patients/import", json!({ "fileName": "a.csv" })).await.is(201);
        let leave = json!({
            "doctorId": victim.account,
            "from": "2030-12-20T00:00:00+05:30", "to": "2030-12-21T00:00:00+05:30",
        });
        let leave = a.admin.post("/doctor/leave", leave).await.is(201);
        let wish = json!({ "speciality": "Nephrology", "from": "2030-12-05", "to": "2030-12-05" });
        let entry = patient.post("/waitlist", wish).await.is(201);
        let sessions = ids(&victim.get("/me/sessions").await.is(200));
        Self {
            account: victim.account,
            patient: patient.patient,
            slot: text(&slots[1], "/id"),
            appointment: text(&appointment, "/id"),
            session: sessions[0].clone(),
            leave: text(&leave, "/leaveId"),
            entry: text(&entry, "/id"),
            import: text(&import, "/importId"),
            hospital: a.id.clone(),
        }
    }

    /// What stands for the `{…}` of a path.
    fn in_path(&self, path: &str) -> String {
        let thing = match path.split('/').nth(1).unwrap() {
            "users" => &self.account,
            "slots" => &self.slot,
            "doctor" => &self.leave,
            "waitlist" => &self.entry,
            "me" => &self.session,
            "patients" if path.contains("import") => &self.import,
            "patients" => &self.patient,
            "payments" | "receipts" | "appointments" => &self.appointment,
            _ => &self.hospital,
        };
        let Some((before, rest)) = path.split_once('{') else { return path.to_owned() };
        let (_, after) = rest.split_once('}').unwrap();
        format!("{before}{thing}{after}")
    }

    /// A body that names them, where an operation's things are named in its body.
    fn in_body(&self, path: &str) -> Value {
        match path {
            "/slots/book" => json!({ "slotId": self.slot }),
            "/slots/cancel" | "/payment/create-order" => {
                json!({ "appointmentId": self.appointment })
            }
            "/slots/set" => json!({
                "doctorId": self.account, "date": "2030-12-06",
                "from": "10:00", "to": "11:00", "slotMinutes": 30,
            }),
            "/appointments/{id}/reschedule" => json!({ "slotId": self.slot, "dryRun": true }),
            "/doctor/leave" => json!({
                "doctorId": self.account, "dryRun": true,
                "from": "2030-12-20T00:00:00+05:30", "to": "2030-12-21T00:00:00+05:30",
            }),
            "/waitlist" => json!({
                "doctorId": self.account, "from": "2030-12-20", "to": "2030-12-20",
            }),
            "/queue/walk-in" => json!({ "patientId": self.patient, "doctorId": self.account }),
            _ => json!({}),
        }
    }

    fn call(&self, route: &Route) -> Call {
        let method = ["GET", "POST", "PATCH", "PUT", "DELETE"]
            .into_iter()
            .find(|known| *known == route.method)
            .unwrap();
        let call = Call::new(method, self.in_path(&route.path));
        if matches!(method, "GET" | "DELETE") {
            call
        } else {
            call.json(&self.in_body(&route.path))
        }
    }
}

async fn row(world: &World, things: &Things, route: &Route) -> String {
    let a = &world.a.patient;
    // A quarter of an hour later the tokens of the people the world began with have run out.
    world.pass(900);
    let (nobody, admin) = (world.visitor(), again(&world.admin).await);
    let (own, foreign) = (fresh(&world.a).await, fresh(&world.b).await);
    let forged = own[0].with_token(&forged(&own[0].access));
    let others = [("nobody", &nobody), ("expired", a), ("forged", &forged), ("admin", &admin)];
    // Those of the other hospital come before the own ones, whose requests change things.
    let callers = others
        .into_iter()
        .chain(["other patient", "other doctor", "other hospital"].into_iter().zip(&foreign))
        .chain(["patient", "doctor", "hospital"].into_iter().zip(&own));
    let mut cells = Vec::new();
    for (who, actor) in callers {
        let answer = actor.send(things.call(route)).await;
        let code = answer.body.get("code").filter(|_| answer.status >= 400);
        let code = code.and_then(Value::as_str).unwrap_or_default();
        cells.push(format!("{who} {} {code}", answer.status).trim_end().to_owned());
    }
    format!("{} {}\n    {}\n", route.method, route.path, cells.join("\n    "))
}

/// The same token with another signature.
fn forged(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let turned: String = signature.chars().rev().collect();
    format!("{signed}.{turned}")
}

/// The hospital's patient, doctor and administrator with fresh tokens.
async fn fresh(hospital: &Hospital) -> [Actor; 3] {
    let Hospital { admin, doctor, patient, .. } = hospital;
    [again(patient).await, again(doctor).await, again(admin).await]
}

/// Somebody, logged in anew.
async fn again(actor: &Actor) -> Actor {
    let visitor = Actor { access: String::new(), ..actor.elsewhere() };
    let key = match actor.code.as_str() {
        "" => json!({ "email": actor.email }),
        _ => actor.key(),
    };
    visitor.post("/otp-login", key.clone()).await.is(202);
    let mut proof = key;
    proof["otp"] = json!(actor.api.mail().code(&actor.email).await);
    visitor.becomes(&visitor.post("/otp-login/verify", proof).await.is(200))
}

#[tokio::test]
async fn everybody_is_answered_as_the_table_says() {
    const GOLDEN: &str = "api/walk.golden";
    let log = Log::listen();
    let world =
        World::with_settings(&[("OTP_PER_HOUR", "1000"), ("OTP_RESEND_SECONDS", "0")]).await;
    let things = Things::of(&world).await;
    let mut routes: Vec<&Route> = ROUTES.iter().filter(|route| route.secured).collect();
    // What removes things comes last, so that they are there for the others.
    let last = |route: &Route| {
        (route.method == "DELETE", route.path.contains("block"), route.path == "/logout")
    };
    routes.sort_by_key(|route| (last(route), route.path.clone(), route.method.clone()));
    let mut rows = BTreeMap::new();
    for route in routes {
        rows.insert((route.path.clone(), route.method.clone()), row(&world, &things, route).await);
    }
    log.names_nobody(&world, &[&world.admin]).await;
    let now: String = rows.into_values().collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(GOLDEN);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), now, "{GOLDEN}, then the code");
}
