//! Receipts: one for each payment an appointment stands on, numbered without a gap.

use futures_util::future::join_all;
use scheduled::Job;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::{
    actor::{Actor, number, text},
    answer::Answer,
    call::Call,
    world::World,
};

fn path(appointment: &Value) -> String {
    format!("/payments/receipts/{}", text(appointment, "/id"))
}

async fn receipt(who: &Actor, appointment: &Value) -> Value {
    who.get(path(appointment)).await.is(200)
}

async fn in_form(who: &Actor, appointment: &Value, accept: &str) -> Answer {
    let answer = who.send(Call::get(path(appointment)).header("accept", accept)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

fn serials(receipts: &[Value]) -> Vec<i64> {
    let mut serials: Vec<i64> = receipts.iter().map(|one| number(one, "/serial")).collect();
    serials.sort_unstable();
    serials
}

#[tokio::test]
async fn a_receipt_says_who_paid_what_to_whom() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-05", "10:00").await;
    let paid = world.a.patient.books_and_pays(&slot).await;
    let first = receipt(&world.a.patient, &paid).await;
    let rupees = json!({ "amount": 50_000, "currency": "INR" });
    let code = world.a.code.to_uppercase();
    assert_eq!(
        first,
        json!({
            "number": format!("{code}/2030-31/000001"),
            "financialYear": "2030-31", "serial": 1,
            "hospital": "Sunrise Hospital",
            "appointmentId": paid["id"],
            "patient": { "name": "Asha Rao", "identifier": "MRN-00042" },
            "doctor": paid["doctor"],
            "paymentId": paid["payment"]["paymentId"],
            "amount": rupees, "refunds": [], "kept": rupees,
            "paidAt": "2030-12-02T09:00:00+05:30", "issuedAt": "2030-12-02T09:00:00+05:30",
        })
    );
    // Later, for the hospital, under another name: it is the same receipt.
    world.pass(3600);
    let admin = world.a.admin.refreshed().await;
    admin.patch("/hospital", json!({ "name": "Sunset Hospital" })).await.is(200);
    assert_eq!(receipt(&admin, &paid).await, first);
    assert_eq!(world.books().count("receipts").await, 1);
}

#[tokio::test]
async fn twenty_at_once_get_twenty_numbers_without_a_gap() {
    let world = World::new().await;
    let slots = world.a.doctor.sets_slots("2030-12-05", "08:00", "18:00", 30).await;
    let mut paid = Vec::new();
    for slot in &slots {
        paid.push(world.a.patient.books_and_pays(slot).await);
    }
    assert_eq!(paid.len(), 20);
    // Everybody asks twice, and the mails want their numbers at the same time.
    let asked = paid.iter().chain(&paid).map(|one| receipt(&world.a.patient, one));
    let (receipts, _, _) =
        tokio::join!(join_all(asked), world.run(Job::Effects), world.run(Job::Effects));
    let mut all = serials(&receipts);
    all.dedup();
    assert_eq!(all, (1..=20).collect::<Vec<_>>());
    let of_payment: BTreeSet<(String, i64)> =
        receipts.iter().map(|one| (text(one, "/paymentId"), number(one, "/serial"))).collect();
    assert_eq!(of_payment.len(), 20, "a payment has one number");
    assert_eq!(world.books().count("receipts").await, 20);
}

#[tokio::test]
async fn hospitals_and_years_count_for_themselves() {
    let world = World::new().await;
    world.set("2031-03-31T23:50:00+05:30");
    let (doctor, other) = (world.a.doctor.comes_back().await, world.b.doctor.comes_back().await);
    let (a, b) = (world.a.patient.comes_back().await, world.b.patient.comes_back().await);
    let slots = doctor.sets_slots("2031-04-02", "10:00", "11:00", 15).await;
    let other = other.sets_slot("2031-04-02", "10:00").await;
    // The last second of the old year in Kolkata, and the first of the new one.
    world.set("2031-03-31T23:59:59+05:30");
    let old = [a.books_and_pays(&slots[0]).await, a.books_and_pays(&slots[1]).await];
    let theirs = b.books_and_pays(&other).await;
    world.set("2031-04-01T00:00:00+05:30");
    let new = a.books_and_pays(&slots[2]).await;
    // The year is that of the payment, whenever the number is given.
    let numbers = [
        receipt(&a, &new).await,
        receipt(&a, &old[1]).await,
        receipt(&a, &old[0]).await,
        receipt(&b, &theirs).await,
    ];
    let shown: Vec<String> = numbers
        .iter()
        .map(|one| text(one, "/number").split_once('/').map(|(_, rest)| rest.to_owned()).unwrap())
        .collect();
    assert_eq!(shown, ["2031-32/000001", "2030-31/000001", "2030-31/000002", "2030-31/000001"]);
}

#[tokio::test]
async fn the_year_is_that_in_which_the_money_came_whenever_we_hear_of_it() {
    let world = World::new().await;
    world.set("2031-03-31T23:55:00+05:30");
    let doctor = world.a.doctor.comes_back().await;
    let slots = doctor.sets_slots("2031-04-02", "10:00", "12:00", 30).await;
    let (patient, admin) = (world.a.patient.comes_back().await, world.a.admin.comes_back().await);
    let mut booked = Vec::new();
    for slot in &slots {
        booked.push(patient.books(slot).await);
    }
    // A minute before the year ends and a second before, the customer pays; we hear of both only
    // in the new year, by the webhook and by asking.
    world.set("2031-03-31T23:59:00+05:30");
    let told = text(&patient.checks_out(&booked[0]).await, "/razorpay_payment_id");
    world.set("2031-03-31T23:59:59+05:30");
    patient.checks_out(&booked[1]).await;
    let desk = async |appointment: &Value| {
        let body = json!({ "appointmentId": appointment["id"], "method": "cash" });
        admin.post("/payments/counter", body).await.is(201);
    };
    desk(&booked[2]).await;
    world.set("2031-04-01T00:00:00+05:30");
    desk(&booked[3]).await;
    world.pass(20 * 60);
    world.is_told("payment.captured", &told).await.is(200);
    world.run(Job::Reconcile).await;
    let admin = admin.refreshed().await;
    let mut shown = Vec::new();
    for appointment in &booked {
        let receipt = receipt(&admin, appointment).await;
        shown.push((text(&receipt, "/financialYear"), text(&receipt, "/paidAt")));
    }
    let expected = [
        ("2030-31", "2031-03-31T23:59:00+05:30"),
        ("2030-31", "2031-03-31T23:59:59+05:30"),
        ("2030-31", "2031-03-31T23:59:59+05:30"),
        ("2031-32", "2031-04-01T00:00:00+05:30"),
    ];
    assert_eq!(shown, expected.map(|(year, at)| (year.to_owned(), at.to_owned())));
}

#[tokio::test]
async fn what_breaks_off_neither_loses_a_number_nor_repeats_one() {
    let world = World::new().await;
    let slots = world.a.doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
    let first = world.a.patient.books_and_pays(&slots[0]).await;
    // The number is given and the mail fails: nobody has heard of it yet.
    let deaf = world.with(&[("AWS_ENDPOINT_URL_SESV2", "http://127.0.0.1:9")]);
    deaf.run(Job::Effects).await;
    let second = world.a.patient.books_and_pays(&slots[1]).await;
    assert_eq!(number(&receipt(&world.a.patient, &second).await, "/serial"), 2);
    world.pass(120);
    world.run(Job::Effects).await;
    let patient = world.a.patient.clone();
    assert_eq!(number(&receipt(&patient, &first).await, "/serial"), 1);
    assert_eq!(world.books().count("receipts").await, 2);
}

#[tokio::test]
async fn the_mail_of_confirmation_carries_the_receipt() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-05", "10:00").await;
    let paid = world.a.patient.books_and_pays(&slot).await;
    world.run(Job::Effects).await;
    let mails = world.mail().to(&world.a.patient.email).await;
    let mail = mails.iter().find(|mail| mail.subject.contains("confirmed")).unwrap();
    let expected = text(&receipt(&world.a.patient, &paid).await, "/number");
    assert!(mail.text.contains(&format!("Receipt: {expected}")), "{}", mail.text);
    assert!(mail.text.contains("Paid: ₹500.00"), "{}", mail.text);
    let [file] = &mail.files[..] else { panic!("{} files", mail.files.len()) };
    assert_eq!(file.name, format!("{}.pdf", expected.replace('/', "-")));
    assert_eq!(file.content_type, "application/pdf");
    let served = in_form(&world.a.patient, &paid, "application/pdf").await;
    assert_eq!(file.content, served.bytes);
}

#[tokio::test]
async fn what_is_free_has_no_receipt_and_its_mail_none() {
    let world = World::new().await;
    let mut body = world.a.doctor_body("free");
    body["fee"]["amount"] = json!(0);
    world.a.admin.post("/create/doctor", body).await.is(201);
    let visitor = world.visitor();
    let doctor = visitor.activated(&world.a.address("free"), &world.a.code).await;
    let free = world.a.patient.books(&doctor.sets_slot("2030-12-05", "10:00").await).await;
    let held = world.a.patient.books(&world.a.doctor.sets_slot("2030-12-05", "12:00").await).await;
    for unpaid in [&free, &held] {
        world.a.patient.get(path(unpaid)).await.refused(404, "NOT_FOUND");
    }
    world.run(Job::Effects).await;
    let mails = world.mail().to(&world.a.patient.email).await;
    let mail = mails.iter().find(|mail| mail.subject.contains("confirmed")).unwrap();
    assert!(mail.files.is_empty() && !mail.text.contains("Receipt"), "{}", mail.text);
    assert_eq!(world.books().count("receipts").await, 0);
}

#[tokio::test]
async fn only_the_payer_and_the_hospital_see_it() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-05", "10:00").await;
    let paid = world.a.patient.books_and_pays(&slot).await;
    let other = world.a.new_patient("other").await;
    for stranger in [&other, &world.b.patient, &world.b.admin] {
        stranger.get(path(&paid)).await.refused(404, "NOT_FOUND");
    }
    world.a.doctor.get(path(&paid)).await.refused(403, "FORBIDDEN");
    world.admin.get(path(&paid)).await.refused(403, "FORBIDDEN");
    world.visitor().get(path(&paid)).await.refused(401, "UNAUTHENTICATED");
    world.a.patient.get("/payments/receipts/nonsense").await.refused(404, "NOT_FOUND");
    assert_eq!(world.books().count("receipts").await, 0);
    receipt(&world.a.admin, &paid).await;
}

#[tokio::test]
async fn refunds_stand_on_it_and_a_stray_payment_does_not() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-02", "15:00").await;
    let appointment = world.a.patient.books(&slot).await;
    let order = world.a.patient.orders(&appointment).await;
    let failed = world.razorpay().checkout(&order, "failed").await;
    let verified = world.a.patient.pays(&appointment).await;
    // The bank changes its mind: a second payment of one order, which goes back.
    let stray = text(&failed, "/razorpay_payment_id");
    world.razorpay().late(&stray, "captured").await;
    world.is_told("payment.captured", &stray).await.is(200);
    world.run(Job::Effects).await;
    let before = receipt(&world.a.patient, &appointment).await;
    assert_eq!(before["paymentId"], verified["payment"]["id"]);
    assert_eq!(before["refunds"], json!([]));
    // Six hours before the start, half of it comes back.
    world.a.patient.cancels(&appointment).await.is(200);
    let after = receipt(&world.a.patient, &appointment).await;
    assert_eq!(after["number"], before["number"]);
    assert_eq!(number(&after, "/refunds/0/amount/amount"), 25_000);
    assert_eq!(number(&after, "/kept/amount"), 25_000);
    let html = in_form(&world.a.patient, &appointment, "text/html").await.text;
    assert!(html.contains("Refund of 2 December 2030") && html.contains("−₹250.00"), "{html}");
    assert_eq!(world.books().count("receipts").await, 1);
}

#[tokio::test]
async fn a_page_for_the_screen_and_a_file_for_keeping() {
    let world = World::new().await;
    let body = json!({
        "name": "अनिल <b>Kapoor</b> & Söhne", "email": world.a.address("anil"),
        "mobile": "9876533333", "identifier": "MRN-<7>",
    });
    world.a.admin.post("/create/patient", body).await.is(201);
    let anil = world.visitor().activated(&world.a.address("anil"), &world.a.code).await;
    let paid = anil.books_and_pays(&world.a.doctor.sets_slot("2030-12-05", "10:00").await).await;
    let page = in_form(&anil, &paid, "text/html,application/xhtml+xml,*/*;q=0.8").await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("vary"), Some("accept"));
    assert!(
        page.header("content-security-policy")
            .is_some_and(|it| it.starts_with("default-src 'none'"))
    );
    assert!(
        page.text.contains("अनिल &#60;b&#62;Kapoor") && !page.text.contains("<b>"),
        "{}",
        page.text
    );
    let facts = ["₹500.00", "Sunrise Hospital", "Meera Nair, Cardiology", "MRN-", "Kapoor"];
    let payment = text(&paid, "/payment/paymentId");
    let number = text(&receipt(&anil, &paid).await, "/number");
    for fact in facts.into_iter().chain([payment.as_str(), number.as_str()]) {
        assert!(page.text.contains(fact), "{fact}");
    }

    let file = in_form(&anil, &paid, "application/pdf").await;
    assert_eq!(file.header("content-type"), Some("application/pdf"));
    let shown = format!("inline; filename=\"{}.pdf\"", number.replace('/', "-"));
    assert_eq!(file.header("content-disposition"), Some(shown.as_str()));
    // Read by somebody else's library, as the patient's reader would.
    let read = tests::pdf::text(&file.bytes).await;
    for fact in facts.into_iter().chain([payment.as_str(), number.as_str(), "अनिल"]) {
        assert!(read.contains(fact), "{fact} in {read}");
    }
    assert_eq!(in_form(&anil, &paid, "application/pdf").await.bytes, file.bytes);
}
