//! A hospital and its people.

use crate::actor::{Actor, text};
use serde_json::{Value, json};

/// A hospital with an administrator, a doctor and a patient, all of them active.
#[derive(Debug)]
pub struct Hospital {
    /// Its id.
    pub id: String,
    /// Its code.
    pub code: String,
    /// Its administrator.
    pub admin: Actor,
    /// Dr. Meera Nair, cardiologist, ₹500.
    pub doctor: Actor,
    /// Asha Rao, MRN-00042.
    pub patient: Actor,
}

/// What an appointment with the doctor costs, in paise.
pub const FEE: i64 = 50_000;

impl Hospital {
    /// A new hospital; its people make themselves active by the OTPs in their mails.
    pub async fn join(admin: &Actor, code: &str, time_zone: &str) -> Self {
        let address = format!("admin@{code}.example");
        let body = json!({
            "name": "Sunrise Hospital",
            "code": code,
            "timeZone": time_zone,
            "admin": { "name": "Anil Kumar", "email": address, "mobile": "9876500000" },
        });
        let made = admin.post("/hospitals", body).await.is(201);
        let admin = Actor::visitor(&admin.api).activated(&address, code).await;
        let (doctor, patient) = tokio::join!(
            doctor(&admin, code, "meera", "Meera Nair"),
            patient(&admin, code, "asha", "MRN-00042", "Asha Rao"),
        );
        Self { id: text(&made, "/hospital/id"), code: code.to_owned(), admin, doctor, patient }
    }

    /// An address of this hospital's people.
    pub fn address(&self, local_part: &str) -> String {
        address(&self.code, local_part)
    }

    /// One more doctor, active.
    pub async fn new_doctor(&self, local_part: &str, name: &str) -> Actor {
        doctor(&self.admin, &self.code, local_part, name).await
    }

    /// One more patient with an account of his own, active.
    pub async fn new_patient(&self, local_part: &str) -> Actor {
        patient(&self.admin, &self.code, local_part, &format!("MRN-{local_part}"), "Ravi Rao").await
    }

    /// Several patients, active.
    pub async fn new_patients(&self, count: usize) -> Vec<Actor> {
        let names: Vec<String> = (0..count).map(|n| format!("p{n}")).collect();
        futures_util::future::join_all(names.iter().map(|name| self.new_patient(name))).await
    }

    /// The body that enters a doctor.
    pub fn doctor_body(&self, local_part: &str) -> Value {
        doctor_body(&self.code, local_part, "Meera Nair")
    }

    /// The body that enters a patient.
    pub fn patient_body(&self, local_part: &str, identifier: &str) -> Value {
        patient_body(&self.code, local_part, identifier, "Asha Rao")
    }
}

fn address(code: &str, local_part: &str) -> String {
    format!("{local_part}@{code}.example")
}

fn doctor_body(code: &str, local_part: &str, name: &str) -> Value {
    json!({
        "name": name,
        "email": address(code, local_part),
        "mobile": "9876511111",
        "speciality": "Cardiology",
        "fee": { "amount": FEE, "currency": "INR" },
    })
}

fn patient_body(code: &str, local_part: &str, identifier: &str, name: &str) -> Value {
    json!({
        "name": name,
        "email": address(code, local_part),
        "mobile": "9876522222",
        "identifier": identifier,
    })
}

async fn doctor(admin: &Actor, code: &str, local_part: &str, name: &str) -> Actor {
    admin.post("/create/doctor", doctor_body(code, local_part, name)).await.is(201);
    Actor::visitor(&admin.api).activated(&address(code, local_part), code).await
}

async fn patient(
    admin: &Actor,
    code: &str,
    local_part: &str,
    identifier: &str,
    name: &str,
) -> Actor {
    let body = patient_body(code, local_part, identifier, name);
    let made = admin.post("/create/patient", body).await.is(201);
    let mut actor = Actor::visitor(&admin.api).activated(&address(code, local_part), code).await;
    actor.patient = text(&made, "/id");
    actor
}
