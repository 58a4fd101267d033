//! The world of a test: the platform's administrator, and two hospitals that look alike, so that
//! whatever bleeds from one into the other shows.

use crate::{actor::Actor, answer::Answer, api::Api, hospital::Hospital, razorpay::delivery};
use serde_json::json;
use std::ops::Deref;

/// A world. It is the [`Api`], with people.
#[derive(Debug)]
pub struct World {
    api: Api,
    /// Runs the platform.
    pub admin: Actor,
    /// One hospital.
    pub a: Hospital,
    /// The other, with people of the same names.
    pub b: Hospital,
}

impl Deref for World {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}

impl World {
    /// A world whose functions have up to eight instances each.
    pub async fn new() -> Self {
        Self::with_instances(8).await
    }

    /// A world whose functions have up to this many instances each.
    pub async fn with_instances(instances: usize) -> Self {
        Self::over(Api::start(instances).await).await
    }

    /// A world whose functions have other settings.
    pub async fn with_settings(changes: &[(&str, &str)]) -> Self {
        Self::over(Api::start(8).await.with(changes)).await
    }

    async fn over(api: Api) -> Self {
        let (email, password) = (api.setting("ADMIN_EMAIL"), api.setting("ADMIN_PASSWORD"));
        let admin = Actor::visitor(&api);
        let body = json!({ "email": email, "password": password });
        let admin = admin.becomes(&admin.post("/login", body).await.is(200));
        let code = |letter: &str| format!("{}-{letter}", api.name());
        let (code_a, code_b) = (code("a"), code("b"));
        let (a, b) = tokio::join!(
            Hospital::join(&admin, &code_a, "Asia/Kolkata"),
            Hospital::join(&admin, &code_b, "Asia/Kolkata"),
        );
        Self { api, admin, a, b }
    }

    /// A third hospital, in this time zone.
    pub async fn hospital_in(&self, time_zone: &str) -> Hospital {
        let code = format!("{}-{}", self.name(), time_zone.to_lowercase().replace(['/', '_'], "-"));
        Hospital::join(&self.admin, &code, time_zone).await
    }

    /// Nobody in particular, from an address of his own.
    pub fn visitor(&self) -> Actor {
        Actor::visitor(&self.api)
    }

    /// Checks what must be true of the database at any time.
    pub async fn check(&self) {
        self.books().check(self.clock().now().millis()).await;
    }

    /// Razorpay tells of a payment, as it stands in its books, by an event of this name.
    pub async fn is_told(&self, event: &str, payment: &str) -> Answer {
        let body = self.razorpay().event(event, payment).await;
        self.api.call(&delivery(&body, &format!("{event}-{payment}"))).await
    }
}
