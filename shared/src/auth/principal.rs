//! Whoever a verified token speaks for.

use crate::models::{AccountId, Currency, HospitalId, Role, SessionId, Zone};

/// The caller: made only from a token that was verified, and the first link of the chain
/// `Principal → Grant → Tenant → HospitalStore`. A body or a header never makes one.
///
/// ```compile_fail
/// use shared::{auth::Principal, models::{AccountId, Role}};
/// fn forge(account: AccountId, session: shared::models::SessionId) -> Principal {
///     Principal { account, role: Role::Hospital, session, membership: None }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Principal {
    account: AccountId,
    role: Role,
    session: SessionId,
    membership: Option<Membership>,
}

/// The hospital a principal belongs to, with what every reply needs of it. It is in the token, so
/// that a read needs no look-up of the hospital; a change of it counts from the next refresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The hospital.
    pub hospital: HospitalId,
    /// Its clocks.
    pub zone: Zone,
    /// What its fees are in.
    pub currency: Currency,
}

impl Principal {
    pub(super) const fn new(
        account: AccountId,
        role: Role,
        session: SessionId,
        membership: Option<Membership>,
    ) -> Self {
        Self { account, role, session, membership }
    }

    /// The account.
    pub const fn account(&self) -> &AccountId {
        &self.account
    }

    /// Its role.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The session its token belongs to.
    pub const fn session(&self) -> &SessionId {
        &self.session
    }

    /// Its hospital; the platform's administrator has none.
    pub const fn membership(&self) -> Option<&Membership> {
        self.membership.as_ref()
    }
}
