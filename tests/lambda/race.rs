//! One slot and many who want it, over processes of their own.

use std::collections::BTreeMap;

use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    client::{Client, Hospital, SOON},
    process::wait_until,
    stack::shared,
};

const PATIENTS: usize = 8;
const REQUESTS: usize = 200;

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hundred_bookings_one_is_made() {
    let house = Hospital::open(shared()).await;
    let doctor = house.doctor().await;
    let slot = house.slots(&doctor).await.remove(0);
    let mut patients: Vec<Client> = Vec::new();
    for _ in 0..PATIENTS {
        patients.push(house.patient().await);
    }
    let mut racers = JoinSet::new();
    for n in 0..REQUESTS {
        let (patient, body) = (patients[n % PATIENTS].clone(), json!({ "slotId": slot }));
        racers.spawn(async move { patient.post("/slots/book", &body).await });
    }
    let mut ends: BTreeMap<u16, usize> = BTreeMap::new();
    while let Some(reply) = racers.join_next().await {
        let reply = reply.unwrap();
        if reply.status == 409 {
            let code = &reply.body["code"];
            assert!(code == "SLOT_TAKEN" || code == "PATIENT_BUSY", "{}", reply.body);
        }
        *ends.entry(reply.status).or_default() += 1;
    }
    assert_eq!(ends, BTreeMap::from([(201, 1), (409, REQUESTS - 1)]));

    let all = house.admin.get("/appointments?limit=100").await.expect(200);
    assert_eq!(all["items"].as_array().unwrap().len(), 1, "{all}");
    assert_eq!(all["items"][0]["slotId"], slot);
    // Every request reached a function; none was answered by the front alone.
    let answered = || shared().log("slots").matches("\"route\":\"POST /slots/book\"").count();
    wait_until("all are in the log", SOON, || answered() >= REQUESTS);
}
