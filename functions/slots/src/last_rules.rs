//! What hospitals' booking rules were when they were last read: a guess, so that a list is read
//! beside the hospital and not after it. A guess that was wrong is made good by reading again.

use shared::{
    models::{BookingRules, HospitalId, Instant, Span},
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
pub(crate) struct LastRules(Mutex<HashMap<HospitalId, BookingRules>>);

/// So many hospitals' rules are remembered; then it begins anew.
const MOST: usize = 1000;

impl LastRules {
    /// A page of what patients may book now: `find` gives it for the time in which the hospital's
    /// rules let book. One round trip, unless the rules have changed since this instance last read
    /// them.
    pub(crate) async fn page<T, F: Future<Output = shared::store::Result<Page<T>>>>(
        &self,
        (store, tenant): (&HospitalStore, &Tenant),
        now: Instant,
        find: impl Fn(Option<Span>) -> F,
    ) -> Result<Page<T>> {
        let guess = self.of(tenant.hospital()).window(tenant.zone(), now);
        let (page, hospital) = tokio::join!(find(guess), store.hospital(tenant));
        let rules = hospital?.ok_or(Error::NotFound)?.booking;
        let window = rules.window(tenant.zone(), now);
        self.note(tenant.hospital(), rules);
        Ok(if window == guess { page? } else { find(window).await? })
    }

    /// Most hospitals' rules leave out nothing.
    fn of(&self, hospital: &HospitalId) -> BookingRules {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(hospital).copied().unwrap_or_default()
    }

    fn note(&self, hospital: &HospitalId, rules: BookingRules) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        if known.get(hospital) != Some(&rules) {
            known.insert(hospital.clone(), rules);
        }
    }
}
