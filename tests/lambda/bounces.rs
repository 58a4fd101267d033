//! Mails that come back, on a developer's machine: as with SES's mailbox simulator.

use std::time::Instant;

use mongodb::{bson::doc, options::ClientOptions};
use serde_json::json;
use tests::books::Books;
use tokio::time::{Duration, sleep};

use crate::{
    client::{Client, Hospital, SOON, number},
    stack::shared,
};

#[tokio::test]
async fn an_address_of_the_simulator_bounces_and_its_hospital_sees_it() {
    let stack = shared();
    let house = Hospital::open(stack).await;
    let address = format!("bounce+{}@simulator.amazonses.com", number());
    let body = json!({
        "name": "Asha Rao", "email": address, "mobile": "+919810000004", "identifier": "P-bounces",
    });
    let made = house.admin.post("/create/patient", &body).await.expect(201);
    let options = ClientOptions::parse(stack.at("/mongodb/uri")).await.unwrap();
    let database = mongodb::Client::with_options(options).unwrap();
    let books = Books::new(database.database(stack.at("/mongodb/database")));
    let end = Instant::now() + SOON;
    while books.find("undeliverable", doc! { "_id": &address }).await.is_empty() {
        assert!(Instant::now() < end, "nobody is told of it");
        sleep(Duration::from_millis(50)).await;
    }
    // The next mail stays here, and the account shows why.
    let asks = json!({ "email": address, "hospital": house.code });
    Client::new(stack).post("/otp-login", &asks).await.expect(202);
    let account = format!("/users/{}", made["accountId"].as_str().unwrap());
    house.admin.until(&account, |person| person["mailProblem"] == "bounced").await;
}
