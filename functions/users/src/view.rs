//! How a person looks to the hospital's administrator.

use serde::Serialize;
use shared::{
    models::{
        Account, AccountId, AccountStatus, Email, MailProblem, Mobile, Money, Name,
        RegistrationNumber, Role, Speciality,
    },
    tenancy::Tenant,
};
use utoipa::ToSchema;

/// A person who logs in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PersonView {
    id: AccountId,
    role: Role,
    status: AccountStatus,
    name: Name,
    email: Email,
    mobile: Mobile,
    /// Why the address gets no mails, if it gets none.
    #[serde(skip_serializing_if = "Option::is_none")]
    mail_problem: Option<MailProblem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    speciality: Option<Speciality>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_number: Option<RegistrationNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fee: Option<Money>,
    /// With the hospital's offset.
    #[schema(format = DateTime)]
    created_at: String,
}

impl PersonView {
    pub(crate) fn of(account: Account, tenant: &Tenant) -> Self {
        let profile = account.doctor;
        Self {
            created_at: tenant.zone().show(account.created_at),
            id: account.id,
            role: account.role,
            status: account.status,
            name: account.name,
            email: account.email,
            mobile: account.mobile,
            mail_problem: account.mail_problem,
            fee: profile.as_ref().map(|profile| profile.fee),
            registration_number: profile
                .as_ref()
                .and_then(|profile| profile.registration_number.clone()),
            speciality: profile.map(|profile| profile.speciality),
        }
    }
}
