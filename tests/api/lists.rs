//! Lists: pages that stay put while rows are added, and searches that take every letter for itself.

use serde_json::{Value, json};
use tests::{
    actor::{Actor, ids, items, text},
    world::World,
};

/// Reads a list to its end; the ids, page by page.
async fn pages(who: &Actor, path: &str, limit: usize) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut cursor = String::new();
    let sign = if path.contains('?') { '&' } else { '?' };
    loop {
        let page = who.get(format!("{path}{sign}limit={limit}{cursor}")).await.is(200);
        pages.push(ids(&page));
        match &page["nextCursor"] {
            Value::String(next) => cursor = format!("&cursor={next}"),
            other => {
                assert_eq!(*other, Value::Null);
                return pages;
            }
        }
    }
}

async fn enters(world: &World, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for n in 0..count {
        world.pass(1);
        let body = world.a.patient_body(&format!("row{n}"), &format!("ROW-{n:03}"));
        ids.push(text(&world.a.admin.post("/create/patient", body).await.is(201), "/id"));
    }
    ids
}

#[tokio::test]
async fn pages_have_every_row_once() {
    let world = World::new().await;
    let mut expected = vec![world.a.patient.patient.clone()];
    expected.extend(enters(&world, 6).await);
    for (who, path) in [
        (&world.a.doctor, "/doctor/patient-list"),
        (&world.a.doctor, "/patients"),
        (&world.a.admin, "/patients"),
    ] {
        let pages = pages(who, path, 3).await;
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 1], "{path}");
        assert_eq!(pages.concat(), expected, "{path}");
    }
    // A list that ends with a full page has no empty one after it.
    assert_eq!(pages(&world.a.admin, "/patients", 7).await.len(), 1);
    let accounts = pages(&world.a.admin, "/users", 2).await.concat();
    assert_eq!(accounts.len(), 9);
}

#[tokio::test]
async fn a_cursor_keeps_its_place_while_rows_are_added() {
    let world = World::new().await;
    let expected = enters(&world, 4).await;
    let first = world.a.admin.get("/patients?limit=3").await.is(200);
    let cursor = text(&first, "/nextCursor");
    world.pass(1);
    let late =
        world.a.admin.post("/create/patient", world.a.patient_body("late", "LATE")).await.is(201);
    let second = world.a.admin.get(format!("/patients?limit=3&cursor={cursor}")).await.is(200);
    let seen = [ids(&first), ids(&second)].concat();
    assert_eq!(
        seen,
        [vec![world.a.patient.patient.clone()], expected, vec![text(&late, "/id")]].concat()
    );
}

#[tokio::test]
async fn a_cursor_is_good_for_one_list_of_one_hospital() {
    let world = World::new().await;
    enters(&world, 3).await;
    let page = world.a.admin.get("/patients?limit=1").await.is(200);
    let cursor = text(&page, "/nextCursor");
    let other = |path: &str| format!("{path}?limit=1&cursor={cursor}");
    world.a.admin.get(other("/patients")).await.is(200);
    for (who, path) in [
        (&world.b.admin, "/patients"),
        (&world.a.admin, "/users"),
        (&world.a.admin, "/slots"),
        (&world.a.admin, "/appointments"),
        (&world.a.doctor, "/doctor/patient-list"),
        (&world.admin, "/hospitals"),
    ] {
        who.get(other(path)).await.refused(404, "NOT_FOUND");
    }
    for broken in ["AAAA", &cursor[1..], &format!("{cursor}A"), &cursor.to_uppercase()] {
        world.a.admin.get(format!("/patients?cursor={broken}")).await.refused(404, "NOT_FOUND");
    }
    let refusal = world.a.admin.get("/patients?cursor=a%2Fb").await.bad_fields();
    assert_eq!(refusal, [("cursor".to_owned(), "INVALID".to_owned())]);
}

#[tokio::test]
async fn a_limit_is_from_1_to_100() {
    let world = World::new().await;
    for limit in ["1", "100"] {
        world.a.admin.get(format!("/patients?limit={limit}")).await.is(200);
    }
    for limit in ["0", "101", "-1", "abc", "1e1", "", "9999999999", "1.0"] {
        let refusal = world.a.admin.get(format!("/patients?limit={limit}")).await.bad_fields();
        assert_eq!(refusal, [("limit".to_owned(), "INVALID".to_owned())], "{limit}");
    }
    let refusal = world.a.admin.get("/patients?page=2&sort=name").await.bad_fields();
    let unknown = |name: &str| (name.to_owned(), "UNKNOWN_FIELD".to_owned());
    assert_eq!(refusal, [unknown("page"), unknown("sort")]);
    world.a.admin.get("/patients?limit=1&limit=2").await.refused(400, "REPEATED_PARAMETER");
}

#[tokio::test]
async fn patients_are_found_by_name_number_and_mobile() {
    let world = World::new().await;
    let enter = async |name: &str, identifier: &str, mobile: &str| {
        let mut body = world
            .a
            .patient_body(&identifier.to_lowercase().replace(['(', '.', '*', '+'], ""), identifier);
        body["name"] = json!(name);
        body["mobile"] = json!(mobile);
        text(&world.a.admin.post("/create/patient", body).await.is(201), "/id")
    };
    let zoya = enter("Zoya Khan", "ZK-100", "9000000001").await;
    let zia = enter("\u{c9}lodie Zia", "Q.10", "9000000002").await;
    let dots = enter("a.*b (test)", "Q(10", "9000000003").await;
    let find = async |q: &str| {
        ids(&world.a.doctor.get(format!("/doctor/patient-list?q={q}")).await.is(200))
    };
    assert_eq!(find("zoya").await, [zoya.clone()]);
    assert_eq!(find("ZOYA%20K").await, [zoya.clone()]);
    assert_eq!(find("khan").await, Vec::<String>::new(), "a prefix of the whole name");
    assert_eq!(find("zk-1").await, [zoya.clone()]);
    assert_eq!(find("%2B919000000001").await, [zoya.clone()]);
    assert_eq!(find("9000000001").await, [zoya.clone()]);
    assert_eq!(find("%C3%89lodie").await, [zia.clone()]);
    assert_eq!(find("E%CC%81lodie").await, [zia.clone()]);
    // Nothing typed is a pattern.
    assert_eq!(find("q.10").await, [zia.clone()]);
    assert_eq!(find("q(10").await, [dots.clone()]);
    assert_eq!(find("a.*").await, [dots.clone()]);
    for pattern in
        [".*", "%5E", "%24", "(a%2B)%2B%24", "%5B", "%5C", "%7B", "%3F", "a%7Cz", "%24where"]
    {
        assert_eq!(find(pattern).await, Vec::<String>::new(), "{pattern}");
    }
}

#[tokio::test]
async fn people_are_found_by_role_and_status() {
    let world = World::new().await;
    let admin = &world.a.admin;
    admin.post("/create/patient", world.a.patient_body("new", "NEW")).await.is(201);
    let find = async |query: &str| items(&admin.get(format!("/users?{query}")).await.is(200)).len();
    assert_eq!(find("role=doctor").await, 1);
    assert_eq!(find("role=patient").await, 2);
    assert_eq!(find("role=admin").await, 0, "the platform's are nobody's people");
    assert_eq!(find("status=pending").await, 1);
    assert_eq!(find("role=patient&status=active").await, 1);
    assert_eq!(find("q=meera").await, 1);
    assert_eq!(find(&format!("q=new@{}", world.a.code)).await, 1);
    assert_eq!(find(&format!("q=asha@{}", world.b.code)).await, 0);
    let patients = items(&admin.get("/patients?status=pending").await.is(200));
    assert_eq!(patients.len(), 1);
    let refusal = admin.get("/users?role=nurse&status=gone").await.bad_fields();
    assert_eq!(refusal.len(), 2);
}

#[tokio::test]
async fn doctors_are_found_by_speciality_and_name_with_their_next_slot() {
    let world = World::new().await;
    world.pass(1);
    let shah = world.a.new_doctor("vikram", "Vikram Shah").await;
    let patient = &world.a.patient;
    let all = patient.get("/doctors").await.is(200);
    assert_eq!(ids(&all), [world.a.doctor.account.clone(), shah.account.clone()]);
    assert_eq!(all["items"][0]["nextAvailable"], Value::Null);
    shah.sets_slots("2030-12-04", "10:00", "11:00", 30).await;
    let found = patient.get("/doctors?q=vik&speciality=Cardiology").await.is(200);
    assert_eq!(ids(&found), [shah.account.clone()]);
    assert_eq!(found["items"][0]["nextAvailable"], "2030-12-04T10:00:00+05:30");
    assert_eq!(
        ids(&patient.get("/doctors?speciality=Dermatology").await.is(200)),
        Vec::<String>::new()
    );
    assert_eq!(pages(patient, "/doctors", 1).await.len(), 2);
    assert_eq!(
        ids(&world.b.patient.get("/doctors").await.is(200)),
        [world.b.doctor.account.clone()]
    );
}
