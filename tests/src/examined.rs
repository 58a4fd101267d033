//! How many documents a list has the server read, however many there are: what it asks is taken
//! from the wire, and the documents are worked out.
//!
//! The working out is MongoDB's own rule: an index whose first keys are given by value and whose
//! next are the order that is wanted is walked in that order until there is enough; whatever is
//! asked of its keys is asked before a document is read, and all else after. The server the tests
//! run on plans in another way, and what its `explain` says of documents is not counted by it.

#![expect(
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that meets what it did not expect ends there"
)]

use crate::{
    actor::{Actor, text},
    wire::Wire,
    world::World,
};
use mongodb::bson::{Bson, Document, doc};
use serde_json::json;
use shared::{
    models::{Instant, Zone},
    store::{INDEXES, Index},
};
use std::cmp::Ordering;

/// One thing that is asked of a field.
pub type Leaf = (String, Bson);

/// A list as the server is asked for it.
#[derive(Debug)]
pub struct Listing {
    /// The target that was called for it.
    pub asked: String,
    collection: String,
    /// What must hold of a document.
    pub leaves: Vec<Leaf>,
    sort: Vec<String>,
    limit: usize,
}

impl Listing {
    fn of(asked: &str, command: &Document) -> Option<Self> {
        let (name, target) = command.iter().next()?;
        let (collection, filter, sort, limit) = match name.as_str() {
            "find" => (
                target.as_str()?.to_owned(),
                command.get_document("filter").ok()?.clone(),
                command.get_document("sort").ok()?.clone(),
                command
                    .get("limit")
                    .and_then(|limit| limit.as_i64().or(limit.as_i32().map(i64::from)))?,
            ),
            // The next slot of each doctor: the look-up's own stages, for one of them.
            "aggregate" => looked_up(command)?,
            _ => return None,
        };
        let listed = ["appointments", "slots"].contains(&&*collection);
        let sort: Vec<String> = sort.keys().cloned().collect();
        (listed && sort.first().is_some_and(|key| key == "start")).then(|| Self {
            asked: asked.to_owned(),
            collection,
            leaves: leaves(&filter),
            sort,
            limit: usize::try_from(limit).unwrap(),
        })
    }

    /// The list of an aggregation, before it looks anything up: the stages the server takes together.
    fn before_look_up(asked: &str, command: &Document) -> Option<Self> {
        let stages = command.get_array("pipeline").ok()?.iter().filter_map(Bson::as_document);
        let stages: Vec<&Document> =
            stages.take_while(|stage| !stage.contains_key("$lookup")).collect();
        let of = |name: &str| stages.iter().find_map(|stage| stage.get(name));
        Some(Self {
            asked: asked.to_owned(),
            collection: command.get_str("aggregate").ok()?.to_owned(),
            leaves: stages
                .iter()
                .filter_map(|stage| stage.get_document("$match").ok())
                .flat_map(leaves)
                .collect(),
            sort: of("$sort")?.as_document()?.keys().cloned().collect(),
            limit: usize::try_from(of("$limit")?.as_i64()?).unwrap(),
        })
    }

    /// How many documents are wanted, and how many the server reads for them by the best of the
    /// indexes.
    pub fn counts(&self, documents: &Documents) -> (usize, usize) {
        let documents = match self.collection.as_str() {
            "slots" => &documents.slots,
            "accounts" => &documents.accounts,
            _ => &documents.appointments,
        };
        let whole = |one: &&Document| self.leaves.iter().all(|leaf| holds(leaf, one));
        let wanted = documents.iter().filter(whole).take(self.limit).count();
        // An index that holds only what has a field holds whatever has a value in it.
        let given = |field: &str| {
            self.leaves.iter().any(|(name, value)| name == field && value.as_document().is_none())
        };
        let walks = |index: &&Index| {
            index.collection == self.collection
                && index.only_with.is_none_or(given)
                && walks(index, &self.leaves, &self.sort)
        };
        let led = INDEXES.iter().filter(walks);
        let read = led.map(|index| read(index, &self.leaves, documents, self.limit)).min();
        (wanted, read.unwrap_or(documents.len()))
    }
}

fn looked_up(command: &Document) -> Option<(String, Document, Document, i64)> {
    let stages = command.get_array("pipeline").ok()?.iter().filter_map(Bson::as_document);
    let join = stages.into_iter().find_map(|stage| stage.get_document("$lookup").ok())?;
    let inner: Vec<&Document> =
        join.get_array("pipeline").ok()?.iter().filter_map(Bson::as_document).collect();
    let mut filter = inner.iter().find_map(|stage| stage.get_document("$match").ok())?.clone();
    filter.insert(join.get_str("foreignField").ok()?, DOCTOR);
    let sort = inner.iter().find_map(|stage| stage.get_document("$sort").ok())?.clone();
    Some((join.get_str("from").ok()?.to_owned(), filter, sort, 1))
}

/// The doctor whose next slot is looked up.
const DOCTOR: &str = "the doctor";

/// What a filter asks. Alternatives are not read from an index, and asked of a document that was
/// read: what only they refuse, such as a slot that is kept for somebody who waits, is read in vain.
fn leaves(filter: &Document) -> Vec<Leaf> {
    let each = |(name, value): (&String, &Bson)| match name.as_str() {
        "$and" => {
            let all = value.as_array().into_iter().flatten().filter_map(Bson::as_document);
            all.flat_map(leaves).collect()
        }
        _ => vec![(name.clone(), value.clone())],
    };
    filter.iter().flat_map(each).collect()
}

/// Whether an index gives the order that is wanted once its first keys are given by value.
fn walks(index: &Index, leaves: &[Leaf], sort: &[String]) -> bool {
    let given = |key: &&&str| {
        leaves.iter().any(|(name, value)| name == **key && value.as_document().is_none())
    };
    let first = index.keys.iter().take_while(given).count();
    let rest = &index.keys[first..];
    first > 0
        && sort.iter().zip(rest).all(|(wanted, key)| wanted == key)
        && rest.len() >= sort.len()
}

/// How many documents are read by walking an index until there are enough.
fn read(index: &Index, leaves: &[Leaf], documents: &[Document], limit: usize) -> usize {
    let (of_keys, of_rest): (Vec<&Leaf>, Vec<&Leaf>) =
        leaves.iter().partition(|(name, _)| index.keys.contains(&&**name));
    let (mut read, mut found) = (0, 0);
    for one in documents.iter().filter(|one| of_keys.iter().all(|leaf| holds(leaf, one))) {
        read += 1;
        found += usize::from(of_rest.iter().all(|leaf| holds(leaf, one)));
        if found == limit {
            break;
        }
    }
    read
}

fn at<'a>(document: &'a Document, path: &str) -> Option<&'a Bson> {
    match path.split_once('.') {
        Some((outer, inner)) => at(document.get_document(outer).ok()?, inner),
        None => document.get(path),
    }
}

fn holds((name, asked): &Leaf, document: &Document) -> bool {
    if name == "$or" {
        let alternatives = asked.as_array().into_iter().flatten().filter_map(Bson::as_document);
        return alternatives.map(leaves).any(|all| all.iter().all(|leaf| holds(leaf, document)));
    }
    let value = at(document, name);
    match asked.as_document() {
        None => value == Some(asked),
        Some(operators) => operators.iter().all(|(operator, operand)| {
            let order = value.and_then(|value| compare(value, operand));
            match operator.as_str() {
                "$gt" => order == Some(Ordering::Greater),
                "$gte" => order.is_some_and(Ordering::is_ge),
                "$lt" => order == Some(Ordering::Less),
                "$lte" => order.is_some_and(Ordering::is_le),
                "$ne" => value != Some(operand),
                "$in" => operand.as_array().unwrap().iter().any(|one| value == Some(one)),
                "$nin" => operand.as_array().unwrap().iter().all(|one| value != Some(one)),
                "$exists" => value.is_some() == operand.as_bool().unwrap(),
                "$not" => !holds(&(name.clone(), operand.clone()), document),
                other => panic!("no list asks {other}"),
            }
        }),
    }
}

fn compare(one: &Bson, other: &Bson) -> Option<Ordering> {
    match (one, other) {
        (Bson::Int64(one), Bson::Int64(other)) => Some(one.cmp(other)),
        (Bson::String(one), Bson::String(other)) => Some(one.cmp(other)),
        _ => None,
    }
}

/// Appointments, and slots, by start; accounts by id.
#[derive(Debug)]
pub struct Documents {
    appointments: Vec<Document>,
    slots: Vec<Document>,
    accounts: Vec<Document>,
}

impl Documents {
    /// So many of each.
    pub fn of(world: &World, many: i64) -> Self {
        let appointments =
            ["held", "confirmed", "cancelled", "checked_in", "completed", "expired", "no_show"];
        let slots = ["open", "booked", "held", "booked", "blocked"];
        Self {
            appointments: documents(world, many, &appointments),
            slots: documents(world, many, &slots),
            accounts: (0..many).map(|number| account(world, number)).collect(),
        }
    }
}

/// Mostly doctors, some of them shut out, and one in a hundred of one speciality.
fn account(world: &World, number: i64) -> Document {
    let mut account = doc! {
        "_id": format!("{number:08}"),
        "hospitalId": hospital_of(&world.a.admin),
        "role": if number % 5 == 4 { "patient" } else { "doctor" },
        "status": if number % 7 == 6 { "blocked" } else { "active" },
    };
    if number % 5 != 4 {
        let speciality = if number % 100 == 0 { "Cardiology" } else { "Dermatology" };
        account.insert("doctor", doc! { "speciality": speciality });
    }
    account
}

/// So many documents as the hospitals' doctors and patients have over half a year around now, by
/// start: one in a hundred is of those who ask, and every state comes.
fn documents(world: &World, many: i64, statuses: &[&str]) -> Vec<Document> {
    let now = world.clock().now().millis();
    let half_hour = 1_800_000;
    let people = |who: &str, number: i64, own: &Actor| {
        if number % 10 == 0 { own.account.clone() } else { format!("{who}-{}", number % 40) }
    };
    let hospital = |number: i64| {
        let other = world.b.doctor.code.clone();
        if number % 10 == 9 { other } else { hospital_of(&world.a.admin) }
    };
    let mut all: Vec<Document> = (0..many)
        .map(|number| {
            let start = now + (number % 9_000 - 4_500) * half_hour;
            let status = statuses[usize::try_from(number / 3).unwrap() % statuses.len()];
            let mut one = doc! {
                "_id": format!("{number:08}"),
                "hospitalId": hospital(number / 7),
                "start": start,
                "day": String::from(Zone::default().day(Instant::from_millis(start))),
                "status": status,
                "doctor": {
                    "id": people("doctor", number / 11, &world.a.doctor),
                    "speciality": if number % 3 == 0 { "Cardiology" } else { "Dermatology" },
                },
                "patient": {
                    "id": if number % 10 == 0 { world.a.patient.patient.clone() } else { format!("p{number}") },
                    "accountId": people("account", number, &world.a.patient),
                },
            };
            if status == "held" {
                one.insert("holdExpiresAt", now + (number % 5 - 2) * 60_000);
            }
            if number % 17 == 0 {
                one.insert("fullUntil", now + (number % 3 - 1) * 60_000);
                one.insert("opensAt", now + (number % 4 - 1) * 60_000);
                one.insert("closesAt", now + (number % 5 - 1) * 60_000);
            }
            match number % 57 {
                0 => _ = one.insert("withdrawn", true),
                19 => _ = one.insert("leaves", vec!["a leave"]),
                38 => _ = one.insert("keptUntil", now + (number % 2) * 60_000),
                _ => {}
            }
            one
        })
        .collect();
    all.sort_by_key(|one| (one.get_i64("start").unwrap(), one.get_str("_id").unwrap().to_owned()));
    all
}

fn hospital_of(who: &Actor) -> String {
    who.code.clone()
}

/// The lists of appointments and of slots, as everybody asks for them.
pub async fn listings(world: &World) -> Vec<Listing> {
    let wire = Wire::new().await;
    let counted = world.with(&[("MONGODB_URI", &wire.uri)]);
    let at = |who: &Actor| who.at(&counted);
    let (admin, doctor, patient) = (at(&world.a.admin), at(&world.a.doctor), at(&world.a.patient));
    let own = format!("doctorId={}", world.a.doctor.account);
    let days = "from=2030-12-03&to=2030-12-20";
    let mut asked: Vec<(&Actor, String)> = Vec::new();
    for who in [&doctor, &patient] {
        asked.extend(
            ["today", "upcoming"].map(|list| (who, format!("/appointments/{list}?limit=30"))),
        );
    }
    let mut kinds = vec![
        String::new(),
        days.to_owned(),
        own.clone(),
        format!("patientId={}", world.a.patient.patient),
    ];
    for status in
        ["held", "confirmed", "checked_in", "completed", "cancelled", "expired", "no_show"]
    {
        kinds.push(format!("status={status}"));
        kinds.push(format!("status={status}&{days}"));
    }
    for who in [&admin, &doctor, &patient] {
        asked.extend(kinds.iter().map(|kind| (who, format!("/appointments?{kind}"))));
        for kind in
            ["", days, &own, "speciality=Cardiology", &format!("speciality=Cardiology&{days}")]
        {
            asked.push((who, format!("/slots?{kind}")));
        }
    }
    asked.push((&patient, "/doctors".to_owned()));
    // Of what is free on a holiday nothing is shown; the first list learns of it.
    let holidays = ["2030-12-03", "2030-12-08", "2030-12-25"];
    let holidays = holidays.map(|date| json!({ "date": date, "name": "Founders' day" }));
    admin.patch("/hospital", json!({ "holidays": holidays })).await.is(200);
    patient.get("/slots").await.is(200);
    let mut listings = Vec::new();
    for (who, target) in asked {
        wire.documents();
        who.get(&*target).await.is(200);
        let of = |(_, command): &(String, Document)| Listing::of(&target, command);
        let found: Vec<Listing> = wire.documents().iter().filter_map(of).collect();
        assert_eq!(found.len(), 1, "{target} is one list");
        listings.extend(found);
    }
    // The documents know the hospital and the doctor by the names they have here.
    for (name, value) in listings.iter_mut().flat_map(|one| &mut one.leaves) {
        match name.as_str() {
            "hospitalId" => *value = hospital_of(&world.a.admin).into(),
            "doctor.id" if *value == Bson::from(DOCTOR) => {
                *value = world.a.doctor.account.clone().into();
            }
            _ => {}
        }
    }
    listings
}

/// The list of a speciality's doctors, as a patient asks for it.
pub async fn doctors(world: &World) -> Listing {
    let wire = Wire::new().await;
    let patient = world.a.patient.at(&world.with(&[("MONGODB_URI", &wire.uri)]));
    let target = "/doctors?speciality=Cardiology";
    patient.get(target).await.is(200);
    let commands = wire.documents();
    let of = |(_, command): &(String, Document)| Listing::before_look_up(target, command);
    let mut listing = commands.iter().find_map(of).unwrap();
    for (_, value) in listing.leaves.iter_mut().filter(|(name, _)| name == "hospitalId") {
        *value = hospital_of(&world.a.admin).into();
    }
    listing
}

/// The commands by which a booking finds what it reads or changes, and whether each reads only what
/// it finds: the one document of an id, or those an index has under the values given.
pub async fn booking(world: &World) -> Vec<(String, bool)> {
    let wire = Wire::new().await;
    let patient = world.a.patient.at(&world.with(&[("MONGODB_URI", &wire.uri)]));
    let slots = world.a.doctor.sets_slots("2030-12-11", "10:00", "11:00", 30).await;
    wire.documents();
    patient.post("/slots/book", json!({ "slotId": text(&slots[0], "/id") })).await.is(201);
    let filters = |(name, command): (String, Document)| {
        let inner: Vec<Document> = match name.as_str() {
            "find" => vec![command.get_document("filter").unwrap().clone()],
            "findAndModify" => vec![command.get_document("query").unwrap().clone()],
            "update" => command
                .get_array("updates")
                .unwrap()
                .iter()
                .map(|one| one.as_document().unwrap().get_document("q").unwrap().clone())
                .collect(),
            _ => Vec::new(),
        };
        inner.into_iter().map(move |filter| {
            let collection = command.get_str(&name).unwrap();
            let given =
                |key: &str| filter.get(key).is_some_and(|value| value.as_document().is_none());
            let indexed = INDEXES.iter().filter(|index| index.only_with.is_none()).any(|index| {
                index.collection == collection
                    && index.keys.iter().all(|key| given(key))
                    && filter.keys().all(|key| index.keys.contains(&&**key))
            });
            (format!("{name} {collection}"), given("_id") || indexed)
        })
    };
    wire.documents().into_iter().flat_map(filters).collect()
}
