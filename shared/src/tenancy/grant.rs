//! The proof that a principal may do something.

use super::{Permit, Reach, Tenant};
use crate::{
    auth::Principal,
    models::{AccountId, Role},
};
use std::marker::PhantomData;

/// A principal whose role has the permit `P`.
///
/// ```compile_fail
/// use shared::{auth::Principal, tenancy::{BookSlot, Grant}};
/// fn forge(principal: Principal) -> Grant<BookSlot> {
///     Grant { principal, permit: std::marker::PhantomData }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Grant<P> {
    principal: Principal,
    permit: PhantomData<fn() -> P>,
}

/// The role may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forbidden {
    /// The permit that is wanting.
    pub permit: &'static str,
}

impl<P: Permit> Grant<P> {
    /// Asks the table of permits.
    pub fn claim(principal: Principal) -> Result<Self, Forbidden> {
        if P::ROLES.contains(&principal.role()) {
            return Ok(Self { principal, permit: PhantomData });
        }
        Err(Forbidden { permit: P::NAME })
    }

    /// Who acts.
    pub const fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The account that acts.
    pub const fn account(&self) -> &AccountId {
        self.principal.account()
    }

    /// In which role.
    pub const fn role(&self) -> Role {
        self.principal.role()
    }

    /// The hospital the principal belongs to; the platform's administrator has none.
    pub fn tenant(&self) -> Option<Tenant> {
        self.principal.membership().map(|membership| Tenant::vouched(membership.clone()))
    }

    /// The hospital of a principal whose permit no platform administrator has.
    pub fn own_tenant(&self) -> Result<Tenant, Forbidden> {
        self.tenant().ok_or(Forbidden { permit: P::NAME })
    }

    /// Whose data the principal may see: the hospital's, a doctor's own, or one account's.
    pub fn reach(&self) -> Reach {
        match self.role() {
            Role::Doctor => Reach::Doctor(self.account().clone()),
            Role::Patient | Role::Admin => Reach::Account(self.account().clone()),
            Role::Hospital => Reach::Hospital,
        }
    }
}
