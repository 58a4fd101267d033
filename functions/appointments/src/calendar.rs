//! One's appointments as a calendar others' programs subscribe to, by a secret link.

pub(crate) mod end;
pub(crate) mod feed;
pub(crate) mod make;
mod write;

use serde::Serialize;
use shared::{
    auth::Links,
    models::{AccountId, Parse as _, Role},
    tenancy::Tenant,
};
use utoipa::ToSchema;

/// What links to calendars are sealed for.
const LINK: &str = "calendar";

/// Where a calendar is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CalendarLink {
    /// Below the address of this API; good without a log-in until it is renewed or ended.
    path: String,
}

/// Whose calendar a link opens: an account in its role, and the secret it has at the time.
struct Opened {
    account: AccountId,
    role: Role,
    secret: String,
}

impl CalendarLink {
    fn of(links: &Links, tenant: &Tenant, opened: &Opened) -> Self {
        let Opened { account, role, secret } = opened;
        let about = format!("{account}/{}/{secret}", role.as_str());
        let link = links.seal(LINK, tenant.membership(), &about);
        Self { path: format!("/calendar.ics?link={link}") }
    }
}

impl Opened {
    fn read(about: &str) -> Option<Self> {
        let mut parts = about.split('/');
        let account = AccountId::parse(parts.next()?).ok()?;
        let role = Role::parse(parts.next()?).ok()?;
        Some(Self { account, role, secret: parts.next()?.to_owned() })
    }
}
