//! What hospitals' booking rules and holidays were when they were last read: a guess, so that a list
//! is read beside the hospital and not after it. A guess that was wrong is made good by reading
//! again.

use shared::{
    models::{BookingRules, Day, Hospital, HospitalId, Instant, OnOffer},
    store::{HospitalStore, Page},
    tenancy::Tenant,
    web::{Error, Result},
};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// The rules of the hospitals this instance has served.
#[derive(Debug, Default)]
pub(crate) struct LastRules(Mutex<HashMap<HospitalId, Rules>>);

/// What says which slots a hospital's patients may book.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Rules {
    booking: BookingRules,
    /// The days to come on which it is closed.
    closed: Vec<Day>,
}

/// So many hospitals' rules are remembered; then it begins anew.
const MOST: usize = 1000;

impl LastRules {
    /// A page of what patients may book now: `find` gives it for what the hospital's rules let book.
    /// One round trip, unless the rules have changed since this instance last read them.
    pub(crate) async fn page<T, F: Future<Output = shared::store::Result<Page<T>>>>(
        &self,
        (store, tenant): (&HospitalStore, &Tenant),
        now: Instant,
        find: impl Fn(OnOffer) -> F,
    ) -> Result<Page<T>> {
        let guess = self.of(tenant.hospital()).on_offer(tenant, now);
        let (page, hospital) = tokio::join!(find(guess.clone()), store.hospital(tenant));
        let rules = Rules::of(&hospital?.ok_or(Error::NotFound)?, tenant, now);
        let on_offer = rules.on_offer(tenant, now);
        self.note(tenant.hospital(), rules);
        Ok(if on_offer == guess { page? } else { find(on_offer).await? })
    }

    /// Most hospitals' rules leave out nothing.
    fn of(&self, hospital: &HospitalId) -> Rules {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(hospital).cloned().unwrap_or_default()
    }

    fn note(&self, hospital: &HospitalId, rules: Rules) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        if known.get(hospital) != Some(&rules) {
            known.insert(hospital.clone(), rules);
        }
    }
}

impl Rules {
    fn of(hospital: &Hospital, tenant: &Tenant, now: Instant) -> Self {
        let closed = hospital.holidays.since(tenant.zone().day(now));
        Self { booking: hospital.booking, closed }
    }

    fn on_offer(&self, tenant: &Tenant, now: Instant) -> OnOffer {
        self.booking.on_offer(&self.closed, tenant.zone(), now)
    }
}
