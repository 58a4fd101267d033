//! An import from its form to its report, over as many invocations as it takes.

use futures_util::future::join_all;
use mongodb::bson::doc;
use scheduled::Job;
use serde_json::{Value, json};
use std::fmt::Write as _;
use tests::{
    actor::{ids, text},
    imports::{Bucket, Imports, NO_HURRY, event},
    lambda::STRETCH_ROWS,
    wire::Wire,
    world::World,
};

/// A file of so many new patients, from this number on.
pub(crate) fn file(from: usize, count: usize) -> Vec<u8> {
    let mut text = String::from("name,email,identifier,mobile\n");
    for n in from..from + count {
        writeln!(text, "Patient {n},p{n}@mail.example,N-{n:04},98765{n:05}").unwrap();
    }
    text.into_bytes()
}

/// What became of the rows: created, updated, unchanged, rejected.
pub(crate) fn rows(created: u64, updated: u64, unchanged: u64, rejected: u64) -> Value {
    let total = created + updated + unchanged + rejected;
    json!({ "total": total, "created": created, "updated": updated, "unchanged": unchanged, "rejected": rejected })
}

/// A form for a file; the import and the key.
pub(crate) async fn form(world: &World) -> (String, String) {
    let wish = json!({ "fileName": "list.csv" });
    let form = world.a.admin.post("/patients/import", wish).await.is(201);
    let text = |pointer: &str| form.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    (text("/importId"), text("/upload/fields/key"))
}

/// The import as the API shows it.
pub(crate) async fn shown(world: &World, id: &str) -> Value {
    world.a.admin.get(format!("/patients/import/{id}")).await.is(200)
}

#[tokio::test]
async fn counts_move_and_a_run_that_was_cut_off_goes_on_where_it_was() {
    let world = World::new().await;
    let mut imports =
        Imports::of(&world.with(&[("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9")]));
    imports.function.stretch_rows = STRETCH_ROWS;
    let (id, key) = form(&world).await;
    assert_eq!(shown(&world, &id).await["status"], "waiting");
    let told = event(&key, &imports.bucket.put(&key, &file(0, 8)).await, world.clock().now());
    for done in [3, 6] {
        // Its time is up, and nobody takes the rest: Lambda brings the event again.
        imports.told(&told, world.clock().now()).await.unwrap_err();
        let import = shown(&world, &id).await;
        assert_eq!((&import["status"], &import["rows"]), (&json!("running"), &rows(done, 0, 0, 0)));
        assert_eq!(import.get("reportUrl"), None);
        let list = world.a.admin.get("/patients/import").await.is(200);
        assert_eq!(list["items"][0]["rows"], import["rows"]);
    }
    imports.told(&told, world.clock().now()).await.unwrap();
    let import = shown(&world, &id).await;
    assert_eq!((&import["status"], &import["rows"]), (&json!("done"), &rows(8, 0, 0, 0)));
    assert_eq!(world.books().find("patients", doc! { "hospitalId": &world.a.id }).await.len(), 9);
}

#[tokio::test]
async fn a_file_longer_than_one_invocation_goes_on_in_others() {
    let world = World::new().await;
    let mut imports = Imports::of(&world);
    imports.function.stretch_rows = STRETCH_ROWS;
    let (id, key) = form(&world).await;
    let e_tag = imports.bucket.put(&key, &file(0, 20)).await;
    imports.told(&event(&key, &e_tag, world.clock().now()), world.clock().now()).await.unwrap();
    // Each invocation writes one stretch and asks for the next.
    let ended = async {
        loop {
            let import = shown(&world, &id).await;
            if import["status"] != "running" {
                return import;
            }
            tokio::task::yield_now().await;
        }
    };
    let limit = std::time::Duration::from_secs(60);
    let import = tokio::time::timeout(limit, ended).await.expect("it ends");
    assert_eq!((&import["status"], &import["rows"]), (&json!("done"), &rows(20, 0, 0, 0)));
}

#[tokio::test]
async fn the_report_is_downloaded_by_links_that_do_not_last() {
    let world = World::new().await;
    let imports = Imports::of(&world);
    let (id, key) = form(&world).await;
    let known = format!(
        "name,email,identifier,mobile\nAsha Rao,{},MRN-00042,9876599999\n=1+1,nobody,N-1,12\n",
        world.a.patient.email
    );
    imports.arrives(&key, known.as_bytes()).await;
    let import = shown(&world, &id).await;
    assert_eq!(import["rows"], rows(0, 1, 0, 1));
    let got = async |member: &str| {
        let link = import[member].as_str().unwrap();
        assert!(link.contains("X-Amz-Expires=300"), "{link}");
        let (_, path) = link.split_once("/import-reports/").unwrap();
        let (path, _) = path.split_once('?').unwrap();
        imports.bucket.text(&format!("import-reports/{path}")).await.unwrap()
    };
    let rejected = "3,email,INVALID_EMAIL,must be an e-mail address such as asha@example.com,'=1+1,nobody,N-1,12\r\n";
    let head = "line,column,code,reason,name,email,identifier,mobile\r\n";
    assert_eq!(got("reportUrl").await, format!("{head}{rejected}"));
    assert_eq!(got("updatedUrl").await, "line,identifier,changed\r\n2,MRN-00042,mobile\r\n");
    let summary: Value = serde_json::from_str(&got("summaryUrl").await).unwrap();
    assert_eq!((&summary["importId"], &summary["rows"]), (&json!(id), &import["rows"]));
    assert_eq!(summary["encoding"], "UTF-8");

    // Nobody else sees it.
    world.b.admin.get(format!("/patients/import/{id}")).await.refused(404, "NOT_FOUND");
    world.a.doctor.get(format!("/patients/import/{id}")).await.refused(403, "FORBIDDEN");
}

#[tokio::test]
async fn whoever_sent_the_file_is_mailed_once_when_it_is_read() {
    let world = World::new().await;
    let imports = Imports::of(&world);
    let (_, key) = form(&world).await;
    let told = event(&key, &imports.bucket.put(&key, &file(0, 5)).await, world.clock().now());
    for _ in 0..2 {
        imports.told(&told, NO_HURRY).await.unwrap();
    }
    // What a hospital's own system drops has nobody to tell.
    imports.arrives(&format!("imports/{}/list.csv", world.a.code), &file(5, 1)).await;
    world.pass(10);
    assert_eq!(world.run(Job::Mails { mails: Vec::new() }).await, 1);
    let mails = world.mail().to(&world.a.admin.email).await;
    let told: Vec<_> =
        mails.iter().filter(|mail| mail.subject.contains("list of patients")).collect();
    assert_eq!(told.len(), 1, "{mails:?}");
    assert!(told[0].text.contains("list.csv"), "{}", told[0].text);
}

#[tokio::test]
async fn a_files_place_says_whose_it_is_and_nothing_in_it_does() {
    let world = World::new().await;
    let imports = Imports::of(&world);
    let (id, key) = form(&world).await;
    let before = world.books().everything().await;
    // Under another's folder, under another import, and for nobody.
    for wrong in [
        key.replace(&world.a.id, &world.b.id),
        key.replace("list.csv", "other.csv"),
        format!("imports/nobody-{}/list.csv", world.name()),
        "imports/list.csv".to_owned(),
    ] {
        imports.arrives(&wrong, &file(0, 3)).await;
    }
    // A dropped file belongs to the code in its prefix, as the bucket's policy has it.
    let named = b"name,email,identifier,mobile,hospital\nAsha,a@mail.example,N-1,9876543210,x\n";
    imports.arrives(&format!("imports/{}/named.csv", world.b.code), named).await;
    assert_eq!(world.books().everything().await, before);
    assert_eq!(shown(&world, &id).await["status"], "waiting");
    let list = world.b.admin.get("/patients/import").await.is(200);
    assert_eq!(list["items"][0]["status"], "failed");
    assert!(list["items"][0]["problem"].as_str().unwrap().contains("hospital"));
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn families_of_a_file_share_an_account_which_their_code_activates() {
    let world = World::new().await;
    let imports = Imports::of(&world);
    let key = format!("imports/{}/list.csv", world.a.code);
    let text = "name,email,identifier,mobile\nLeela,menon@mail.example,0007,9876543210\nHari,Menon@mail.example,0008,9876543210\n";
    imports.arrives(&key, text.as_bytes()).await;
    assert!(
        world.mail().to("menon@mail.example").await.is_empty(),
        "nobody is mailed before he asks"
    );
    let wish = json!({ "email": "menon@mail.example", "hospital": world.a.code });
    world.visitor().post("/otp-login", wish).await.is(202);
    let leela = world.visitor().activated("menon@mail.example", &world.a.code).await;
    let mine = leela.get("/me/patients").await.is(200);
    let all = mine["items"].as_array().unwrap();
    let identifiers: Vec<&Value> = all.iter().map(|one| &one["identifier"]).collect();
    assert_eq!(identifiers, ["0007", "0008"]);
    assert!(all.iter().all(|one| one["status"] == "active"));
}

#[tokio::test]
async fn many_files_of_two_hospitals_at_once_stay_apart() {
    let world = World::new().await;
    let imports = Imports::of(&world);
    let keys: Vec<String> = [&world.a.code, &world.b.code]
        .iter()
        .flat_map(|code| (0..3).map(move |n| format!("imports/{code}/{n}.csv")))
        .collect();
    let file = file(0, 12);
    join_all(keys.iter().map(|key| imports.arrives(key, &file))).await;
    for hospital in [&world.a, &world.b] {
        let list = hospital.admin.get("/patients/import").await.is(200);
        let of = |member: &str| -> u64 {
            let all = list["items"].as_array().unwrap().iter();
            all.map(|import| import["rows"][member].as_u64().unwrap()).sum()
        };
        assert_eq!((of("created"), of("unchanged"), of("rejected")), (12, 24, 0), "{list}");
        let patients = world.books().find("patients", doc! { "hospitalId": &hospital.id }).await;
        assert_eq!(patients.len(), 13);
    }
}

/// A file that gives Asha Rao to the account of an address, and the event that tells of it.
async fn gives_away(world: &World, address: &str) -> Value {
    let file = format!("name,email,identifier,mobile\nAsha Rao,{address},MRN-00042,9876522222\n");
    let key = format!("imports/{}/list.csv", world.a.code);
    let e_tag = Bucket::new().put(&key, file.as_bytes()).await;
    event(&key, &e_tag, world.clock().now())
}

/// What was booked is with the account of this address, and nothing of it with the one before.
async fn has_all(world: &World, address: &str, booked: &[&Value]) {
    let wish = json!({ "email": address, "hospital": world.a.code });
    world.visitor().post("/otp-login", wish).await.is(202);
    let owner = world.visitor().activated(address, &world.a.code).await;
    let booked: Vec<String> = booked.iter().map(|one| text(one, "/id")).collect();
    assert_eq!(ids(&owner.get("/appointments").await.is(200)), booked);
    let before = world.a.patient.get("/appointments").await.is(200);
    assert_eq!(ids(&before), Vec::<String>::new());
    world.check().await;
}

#[tokio::test]
async fn what_is_booked_while_a_file_gives_its_patient_away_goes_with_him() {
    let world = World::new().await;
    let (patient, address) = (&world.a.patient, world.a.address("moved"));
    let slots = world.a.doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
    let first = patient.books(&slots[0]).await;
    let told = gives_away(&world, &address).await;
    // His appointments have gone over, and he has not.
    let held = Wire::holding(&[("update", "patients")]).await;
    let imports = Imports::of(&world.with(&[("MONGODB_URI", &held.uri)]));
    let (ended, second) =
        tokio::join!(imports.told(&told, NO_HURRY), held.meanwhile(patient.books(&slots[1])));
    ended.unwrap();
    has_all(&world, &address, &[&first, &second]).await;
}

#[tokio::test]
async fn who_has_read_of_his_patient_before_a_file_gives_him_away_books_for_whoever_has_him() {
    let world = World::new().await;
    let (patient, address) = (&world.a.patient, world.a.address("moved"));
    let slots = world.a.doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
    let first = patient.books(&slots[0]).await;
    let told = gives_away(&world, &address).await;
    let held = Wire::holding(&[("findAndModify", "slots")]).await;
    let late = patient.at(&world.with(&[("MONGODB_URI", &held.uri)]));
    let imports = Imports::of(&world);
    let (second, ended) =
        tokio::join!(late.tries_to_book(&slots[1]), held.meanwhile(imports.told(&told, NO_HURRY)),);
    ended.unwrap();
    // It follows him as soon as it stands.
    let second = second.is(201)["appointment"].clone();
    patient.pays(&second).await;
    world.run(Job::Effects).await;
    has_all(&world, &address, &[&first, &second]).await;
}

#[tokio::test]
async fn an_import_that_is_killed_when_it_has_given_a_patient_away_goes_on_with_what_was_booked() {
    let world = World::new().await;
    let (patient, address) = (&world.a.patient, world.a.address("moved"));
    let slots = world.a.doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
    let first = patient.books(&slots[0]).await;
    let told = gives_away(&world, &address).await;
    let held = Wire::holding(&[("update", "patients"), ("update", "appointments")]).await;
    let imports = Imports::of(&world.with(&[("MONGODB_URI", &held.uri)]));
    let killed = async {
        let second = held.meanwhile(patient.books(&slots[1])).await;
        held.comes().await;
        second
    };
    let second = tokio::select! {
        ended = imports.told(&told, NO_HURRY) => panic!("it ends: {ended:?}"),
        second = killed => second,
    };
    Imports::of(&world).told(&told, NO_HURRY).await.unwrap();
    has_all(&world, &address, &[&first, &second]).await;
}
