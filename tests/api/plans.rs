//! Every query has an index that leads to what it wants: what costs nothing with ten appointments
//! costs the same with a hundred thousand. The rule is MongoDB's own (equality first, then the sort
//! or the range); the server the tests run on explains its own plans and not MongoDB's.

use mongodb::bson::{Bson, Document, doc};
use scheduled::Job;
use serde_json::{Value, json};
use shared::store::{INDEXES, Index};
use std::collections::BTreeMap;
use tests::{
    actor::{Actor, text},
    api::Api,
    imports::Imports,
    razorpay::delivery,
    routes::ROUTES,
    wire::Wire,
    world::World,
};

/// What has none, and why that is right.
const WITHOUT: [(&str, &str); 3] = [
    ("find hospitals", "the platform's list of all of them"),
    ("find paymentAccounts {hospitalId} ", "a hospital has two or three"),
    ("find paymentAccounts {} ", "a migration seals the secrets of all of them anew"),
];

/// What is asked of many and finds few, and the index that holds nothing else.
const WHOLLY: [(&str, &str); 2] = [
    ("update appointments {leaves.id:{$exists},leaveIds:{$exists}} {}", "appointment_unnoted"),
    (
        "aggregate accounts {hospitalId,role,status:{$in:[]},doctor.speciality} {_id}",
        "account_doctors",
    ),
];

/// What everybody does on an ordinary day.
async fn a_day(world: &World, counted: &Api) {
    let at = |who: &Actor| who.at(counted);
    let (admin, doctor, patient) = (at(&world.a.admin), at(&world.a.doctor), at(&world.a.patient));
    let platform = at(&world.admin);
    let slots = doctor.sets_slots("2030-12-05", "10:00", "14:00", 30).await;
    let appointment = patient.books_and_pays(&slots[0]).await;
    let id = text(&appointment, "/id");
    patient.tries_to_book(&slots[0]).await.refused(409, "SLOT_TAKEN");
    for route in ROUTES.iter().filter(|route| route.method == "GET") {
        let target = route.path.replace("{id}", &id).replace("{appointmentId}", &id);
        for who in [&platform, &admin, &doctor, &patient] {
            who.get(target.clone()).await;
        }
    }
    for search in ["/patients?q=Asha", "/patients?q=MRN", "/patients?q=98765"] {
        admin.get(search).await.is(200);
    }
    for list in [
        "/users?role=patient",
        "/users?q=a",
        "/appointments?status=confirmed",
        "/appointments?patientId=pat_01ke9x3n5p7q9r1s3t5v7w9x1y",
        "/slots?from=2030-12-01&to=2030-12-31",
        "/slots?speciality=Cardiology",
        "/doctors?speciality=Cardiology",
        "/appointments?from=2030-12-01&to=2030-12-31",
    ] {
        admin.get(list).await.is(200);
    }
    let order = patient.checks_out(&patient.books(&slots[1]).await).await;
    let payment = text(&order, "/razorpay_payment_id");
    let told = world.razorpay().event("payment.captured", &payment).await;
    counted.call(&delivery(&told, "plans-1")).await.is(200);
    a_queue(world, (&doctor, &patient)).await;
    patient.cancels(&appointment).await.is(200);
    a_wait(world, counted, &slots[4]).await;
    a_leave(world, counted, &patient.books_and_pays(&slots[2]).await).await;
    patient.refreshed().await.act("/logout").await.is(204);
    admin.act(format!("/users/{}/block", world.a.doctor.account)).await.is(200);
    admin.act(format!("/users/{}/unblock", world.a.doctor.account)).await.is(200);
    admin.post("/create/patient", world.a.patient_body("more", "MRN-9")).await.is(201);
    Box::pin(an_import(&admin, counted)).await;
    for job in [
        Job::Effects,
        Job::Holds,
        Job::Reconcile,
        Job::Seal,
        Job::Close,
        Job::Leave,
        Job::Waitlist,
        Job::Mails { mails: vec![] },
    ] {
        counted.run(job).await;
    }
    // And all of it is deployed anew.
    counted.migrates().await;
}

/// Patients come from a file, and one of them moves to another account.
async fn an_import(admin: &Actor, counted: &Api) {
    let imports = Imports::of(counted);
    let form = admin.post("/patients/import", json!({ "fileName": "list.csv" })).await.is(201);
    let key = text(&form, "/upload/fields/key");
    imports.arrives(&key, &crate::importing::file(0, 5)).await;
    let moved = "name,email,identifier,mobile\nPatient 0,moved@mail.example,N-0000,9876500000\n";
    imports.arrives(&format!("imports/{}/list.csv", admin.code), moved.as_bytes()).await;
}

/// Somebody walks in and is called.
async fn a_queue(world: &World, (doctor, patient): (&Actor, &Actor)) {
    let walk_in = json!({ "patientId": world.a.patient.patient });
    let ticket = doctor.post("/queue/walk-in", walk_in).await.is(201);
    doctor.post("/queue/call-next", json!({})).await.is(200);
    let status = format!("/queue/status?link={}", text(&ticket, "/queue/link"));
    patient.get(status).await.is(200);
}

/// Somebody waits, and what is given back is offered to him.
async fn a_wait(world: &World, counted: &Api, slot: &Value) {
    let booked = world.a.patient.books_and_pays(slot).await;
    let waits = world.a.new_patient("waits").await.at(counted);
    let wish = json!({
        "doctorId": world.a.doctor.account, "from": "2030-12-05", "to": "2030-12-05",
    });
    let entry = waits.post("/waitlist", wish.clone()).await.is(201);
    waits.post("/waitlist", wish.clone()).await.is(201);
    let alone = counted.with(&[("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9")]);
    world.a.patient.at(&alone).cancels(&booked).await.is(200);
    counted.run(Job::Waitlist).await;
    world.a.doctor.at(counted).sets_slots("2030-12-05", "15:00", "15:30", 30).await;
    waits.delete(format!("/waitlist/{}", text(&entry, "/id"))).await.is(204);
    // Whom a slot was offered it is not offered again.
    let other = world.a.new_patient("other").await.at(counted);
    other.post("/waitlist", wish).await.is(201);
    let again = world.a.patient.books_and_pays(slot).await;
    world.a.patient.at(&alone).cancels(&again).await.is(200);
    counted.run(Job::Waitlist).await;
    let link = crate::leave::link_in(world, &other, "/waitlist/offer").await;
    other.get(format!("/waitlist/offer?link={link}")).await.is(200);
    other.post("/waitlist/accept", json!({ "link": link })).await.is(200);
}

/// A doctor goes on leave, and nobody is there to do what follows but the jobs that are counted.
async fn a_leave(world: &World, counted: &Api, appointment: &Value) {
    let alone = counted.with(&[("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9")]);
    let doctor = world.a.doctor.at(&alone);
    let mut body = json!({
        "from": "2030-12-05T00:00:00+05:30", "to": "2030-12-06T00:00:00+05:30", "dryRun": true,
    });
    doctor.post("/doctor/leave", body.clone()).await.is(200);
    body["dryRun"] = json!(false);
    let leave = doctor.post("/doctor/leave", body).await.is(201);
    counted.run(Job::Leave).await;
    counted.run(Job::Effects).await;
    let link = crate::leave::link_in(world, &world.a.patient, "/leave/offer").await;
    doctor.get(format!("/leave/offer?link={link}")).await.is(200);
    let choice = json!({ "link": link, "slotId": appointment["slotId"] });
    doctor.post("/leave/accept", choice).await.refused(409, "SLOT_TAKEN");
    let path = format!("/doctor/leave/{}", text(&leave, "/leaveId"));
    doctor.get(&*path).await.is(200);
    doctor.delete(&*path).await.is(204);
    counted.run(Job::Leave).await;
}

/// A query: the command, its collection, what it asks for, and in which order.
#[derive(Debug)]
struct Query {
    name: String,
    collection: String,
    filter: Document,
    sort: Document,
}

impl Query {
    fn of(command: &Document) -> Option<Self> {
        let (name, target) = command.iter().next()?;
        let document = |value: Option<&Bson>| value.and_then(Bson::as_document).cloned();
        let first = |list: &str, member: &str| {
            document(command.get_array(list).ok()?.first()?.as_document()?.get(member))
        };
        let (filter, sort) = match name.as_str() {
            "find" => (document(command.get("filter")), document(command.get("sort"))),
            "aggregate" => (matched(command), sorted(command)),
            "findAndModify" => (document(command.get("query")), None),
            // What is told apart is read from the index too.
            "distinct" => {
                let key = command.get_str("key").ok()?;
                (document(command.get("query")), Some(doc! { key: 1 }))
            }
            "update" => (first("updates", "q"), None),
            "delete" => (first("deletes", "q"), None),
            _ => return None,
        };
        let (name, collection) = (name.clone(), target.as_str()?.to_owned());
        let (filter, sort) = (filter.unwrap_or_default(), sort.unwrap_or_default());
        Some(Self { name, collection, filter, sort })
    }

    /// Whether an index leads to it: its id's, or one of whose first two keys it names both, by
    /// a value, a bound, or the order it wants. Of alternatives, each needs one.
    fn is_led(&self) -> bool {
        let whole = names(&self.filter);
        self.leads(&whole)
            || alternatives(&self.filter).is_some_and(|branches| {
                branches.iter().all(|branch| self.leads(&[whole.clone(), names(branch)].concat()))
            })
    }

    fn leads(&self, asked: &[String]) -> bool {
        asked.iter().any(|name| name == "_id")
            || INDEXES.iter().any(|index| self.names_keys(index, 2, asked))
    }

    /// Whether an index holds all that is asked for, and its first keys are named.
    fn names_keys(&self, index: &Index, keys: usize, asked: &[String]) -> bool {
        let asks = |key: &str| asked.iter().any(|name| name == key);
        let named = |key: &&str| asks(key) || self.sort.contains_key(*key);
        index.collection == self.collection
            && index.only_with.is_none_or(asks)
            && index.keys.iter().take(keys).all(named)
    }

    /// The same for all queries that differ by their values alone.
    fn shape(&self) -> String {
        let Self { name, collection, filter, sort } = self;
        format!("{name} {collection} {} {}", shape(filter), shape(sort))
    }
}

/// What the first stages ask for, which the server takes together.
fn matched(command: &Document) -> Option<Document> {
    let stages = command.get_array("pipeline").ok()?.iter().filter_map(Bson::as_document);
    let asked = stages.map_while(|stage| stage.get_document("$match").ok());
    Some(asked.flat_map(Clone::clone).collect())
}

fn sorted(command: &Document) -> Option<Document> {
    let stages = command.get_array("pipeline").ok()?;
    let sort = stages.iter().filter_map(Bson::as_document).find_map(|stage| stage.get("$sort"));
    sort?.as_document().cloned()
}

/// The fields a filter names, those that all of it must fulfil.
fn names(filter: &Document) -> Vec<String> {
    let inside = |name: &str, value: &Bson| match value.as_document()?.get_document("$elemMatch") {
        Ok(inner) => Some(inner.keys().map(|key| format!("{name}.{key}")).collect::<Vec<_>>()),
        Err(_) => None,
    };
    let own = filter
        .iter()
        .filter(|(name, _)| !name.starts_with('$'))
        .flat_map(|(name, value)| inside(name, value).unwrap_or_else(|| vec![name.clone()]));
    let and = filter.get_array("$and").into_iter().flatten().filter_map(Bson::as_document);
    own.chain(and.flat_map(names)).collect()
}

fn alternatives(filter: &Document) -> Option<Vec<Document>> {
    let branches = filter.get_array("$or").ok()?;
    Some(branches.iter().filter_map(Bson::as_document).cloned().collect())
}

fn shape(document: &Document) -> String {
    let members = document.iter().map(|(name, value)| match value {
        Bson::Document(inner) => format!("{name}:{}", shape(inner)),
        Bson::Array(items) => {
            let inner = items.iter().filter_map(Bson::as_document).map(shape);
            format!("{name}:[{}]", inner.collect::<Vec<_>>().join(","))
        }
        _ => name.clone(),
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

#[tokio::test]
async fn every_query_has_an_index_that_leads_to_it() {
    let world = World::with_instances(1).await;
    let wire = Wire::new().await;
    let counted = world.with(&[("MONGODB_URI", &wire.uri)]);
    Box::pin(a_day(&world, &counted)).await;
    let queries: BTreeMap<String, Query> = wire
        .documents()
        .iter()
        .filter_map(|(_, command)| Query::of(command))
        .map(|query| (query.shape(), query))
        .collect();
    assert!(queries.len() > 60, "the day asks much: {}", queries.len());
    let astray: Vec<&String> = queries
        .iter()
        .filter(|(_, query)| !query.is_led())
        .map(|(shape, _)| shape)
        .filter(|shape| !WITHOUT.iter().any(|(known, _)| shape.starts_with(known)))
        .collect();
    assert!(astray.is_empty(), "{} of {}: {astray:#?}", astray.len(), queries.len());
    for (shape, name) in WHOLLY {
        let index = INDEXES.iter().find(|index| index.name == name).unwrap();
        let query = queries.get(shape).unwrap_or_else(|| panic!("nobody asks {shape}"));
        let asked = names(&query.filter);
        assert!(query.names_keys(index, index.keys.len(), &asked), "{name}: {query:?}");
    }
}
