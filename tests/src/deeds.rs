//! What people do when all goes well.

#![expect(clippy::missing_panics_doc, reason = "a deed that fails ends its test")]

use crate::actor::{Actor, text};
use serde_json::{Value, json};

impl Actor {
    /// A doctor publishes slots on one day.
    pub async fn sets_slots(&self, date: &str, from: &str, to: &str, minutes: u32) -> Vec<Value> {
        let body = json!({ "date": date, "from": from, "to": to, "slotMinutes": minutes });
        let set = self.post("/slots/set", body).await.is(201);
        set.get("slots").and_then(Value::as_array).cloned().unwrap_or_default()
    }

    /// A doctor publishes one slot of half an hour that begins then.
    pub async fn sets_slot(&self, date: &str, from: &str) -> Value {
        let at: jiff::civil::Time = from.parse().unwrap_or_default();
        let to = match at.checked_add(jiff::Span::new().minutes(30)) {
            Ok(to) => to.strftime("%H:%M").to_string(),
            Err(_) => "24:00".to_owned(),
        };
        let mut slots = self.sets_slots(date, from, &to, 30).await;
        assert_eq!(slots.len(), 1, "one slot");
        slots.pop().unwrap_or_default()
    }

    /// A patient books a slot; the appointment.
    pub async fn books(&self, slot: &Value) -> Value {
        let booked = self.tries_to_book(slot).await.is(201);
        booked.get("appointment").cloned().unwrap_or_default()
    }

    /// A patient asks for a slot; whatever the answer.
    pub async fn tries_to_book(&self, slot: &Value) -> crate::answer::Answer {
        self.post("/slots/book", json!({ "slotId": text(slot, "/id") })).await
    }

    /// A patient asks for the order of an appointment; its id.
    pub async fn orders(&self, appointment: &Value) -> String {
        let body = json!({ "appointmentId": text(appointment, "/id") });
        let answer = self.post("/payment/create-order", body).await;
        assert!(matches!(answer.status, 200 | 201), "an order: {}", answer.text);
        text(&answer.body, "/orderId")
    }

    /// A patient orders and pays in the browser, which then says nothing to us; what Checkout
    /// handed it.
    pub async fn checks_out(&self, appointment: &Value) -> Value {
        let order = self.orders(appointment).await;
        self.api.razorpay().checkout(&order, "captured").await
    }

    /// A patient orders, pays, and the browser comes back: the answer to the verification.
    pub async fn pays(&self, appointment: &Value) -> Value {
        let callback = self.checks_out(appointment).await;
        self.post("/payment/verify", callback).await.is(200)
    }

    /// A patient books and pays; the appointment.
    pub async fn books_and_pays(&self, slot: &Value) -> Value {
        let appointment = self.books(slot).await;
        let verified = self.pays(&appointment).await;
        verified.get("appointment").cloned().unwrap_or_default()
    }

    /// Somebody calls an appointment off; whatever the answer.
    pub async fn cancels(&self, appointment: &Value) -> crate::answer::Answer {
        self.post("/slots/cancel", json!({ "appointmentId": text(appointment, "/id") })).await
    }

    /// An appointment as he sees it now.
    pub async fn sees(&self, appointment: &Value) -> Value {
        self.get(format!("/appointments/{}", text(appointment, "/id"))).await.is(200)
    }

    /// The status of an appointment as he sees it now.
    pub async fn status_of(&self, appointment: &Value) -> String {
        text(&self.sees(appointment).await, "/status")
    }

    /// He asks for something else so many times, so that what comes next begins so many steps later.
    pub async fn dawdles(&self, steps: usize) {
        for _ in 0..steps {
            self.get("/doctors").await.is(200);
        }
    }
}
