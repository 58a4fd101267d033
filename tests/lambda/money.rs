//! A payment, when the browser is not there to tell.

use serde_json::{Value, json};

use crate::{
    client::{Hospital, text},
    stack::shared,
};

#[tokio::test]
async fn the_webhook_alone_confirms() {
    let stack = shared();
    let house = Hospital::open(stack).await;
    let (doctor, patient) = (house.doctor().await, house.patient().await);
    let slots = house.slots(&doctor).await;
    let booked = patient.post("/slots/book", &json!({ "slotId": slots[0] })).await.expect(201);
    let id = text(&booked, "/appointment/id");
    assert_eq!(booked["appointment"]["status"], "held");
    let order =
        patient.post("/payment/create-order", &json!({ "appointmentId": id })).await.expect(201);

    // Every event three times, and the last first: as Razorpay may send them.
    let events = ["order.paid", "payment.captured", "payment.authorized"];
    let checkout = json!({
        "order_id": order["orderId"], "outcome": "captured",
        "webhook": { "delayMs": 0, "times": 3, "order": events },
    });
    let url = format!("{}/simulate/checkout", stack.at("/razorpay/endpoint"));
    let paid = patient.http().post(url).json(&checkout).send().await.unwrap();
    let paid: Value = paid.json().await.unwrap();

    let path = format!("/appointments/{id}");
    let confirmed = patient.until(&path, |body| body["status"] == "confirmed").await;
    assert_eq!(confirmed["payment"]["paymentId"], paid["razorpay_payment_id"]);
    assert_eq!(confirmed["payment"]["status"], "captured");
    for who in [&doctor, &patient] {
        let upcoming = who.get("/appointments/upcoming").await.expect(200);
        assert_eq!(upcoming["items"].as_array().unwrap().len(), 1, "{upcoming}");
    }
    // The receipt is a file: base64 on its way through API Gateway, and itself again behind it.
    let receipt = patient.bytes(&format!("/payments/receipts/{id}"), "application/pdf").await;
    assert!(receipt.starts_with(b"%PDF-") && receipt.trim_ascii_end().ends_with(b"%%EOF"));
    let again = patient.bytes(&format!("/payments/receipts/{id}"), "application/pdf").await;
    assert_eq!(receipt, again);
    // Should the browser come back after all, it hears the same.
    let verified = patient.post("/payment/verify", &paid).await.expect(200);
    assert_eq!(verified["appointment"]["status"], "confirmed");
    assert_eq!(verified["payment"]["amount"], 50_000);
}
