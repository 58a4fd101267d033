//! What making an account has in common: the hospital it is made in, and the password it may be
//! given.

use crate::Users;
use shared::{
    models::{
        Account, AccountId, AccountStatus, Email, HospitalCode, HospitalId, Issue, IssueCode,
        Mobile, Name, NewPassword, PasswordGuard, Role,
    },
    tenancy::{CreatePeople, Grant, Tenant},
    web::{Error, Result},
};

/// The hospital somebody is entered in, with its code for the account.
pub(crate) struct Place {
    pub(crate) tenant: Tenant,
    code: HospitalCode,
}

/// The caller's own hospital; the platform's administrator, and nobody else, names one.
pub(crate) async fn place(
    users: &Users,
    grant: &Grant<CreatePeople>,
    named: Option<&HospitalId>,
) -> Result<Place> {
    let gate = users.core.store.gate();
    let tenant = match (grant.tenant(), named) {
        (Some(tenant), None) => tenant,
        (None, Some(id)) => {
            let unknown = || {
                Error::field(
                    "hospitalId",
                    Issue::new(IssueCode::UnknownHospital, "is no hospital's id"),
                )
            };
            gate.named_by_admin(grant, id).await?.ok_or_else(unknown)?
        }
        (Some(_), Some(_)) => {
            let issue =
                Issue::new(IssueCode::UnknownField, "is only for the platform's administrator");
            return Err(Error::field("hospitalId", issue));
        }
        (None, None) => {
            return Err(Error::field("hospitalId", Issue::new(IssueCode::Required, "is required")));
        }
    };
    let hospital = users.core.store.of(&tenant).hospital(&tenant).await?.ok_or(Error::NotFound)?;
    Ok(Place { tenant, code: hospital.code })
}

/// Whose account is made.
pub(crate) struct Person<'a> {
    pub(crate) name: &'a Name,
    pub(crate) email: &'a Email,
    pub(crate) mobile: &'a Mobile,
    pub(crate) password: Option<NewPassword>,
}

/// A pending account of a role. Its password, if one is given, waits until the address is proved.
pub(crate) async fn account(
    users: &Users,
    place: &Place,
    (id, person): (AccountId, Person<'_>),
    role: Role,
) -> Result<Account> {
    let now = users.core.clock.now();
    let password_hash = match person.password {
        Some(password) => {
            let differs = password.differs_from(person.name, person.email);
            differs.map_err(|issue| Error::field("password", issue))?;
            Some(users.log_ins.passwords.hash(password, users.core.entropy).await?)
        }
        None => None,
    };
    Ok(Account {
        id,
        role,
        status: AccountStatus::Pending,
        email: person.email.clone(),
        name: person.name.clone(),
        mobile: person.mobile.clone(),
        hospital_code: Some(place.code.clone()),
        password_hash,
        doctor: None,
        guard: PasswordGuard::default(),
        sessions: Vec::new(),
        calendar: None,
        last_log_in_at: None,
        mail_problem: None,
        created_at: now,
    })
}
