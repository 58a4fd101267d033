//! `POST /create/doctor`: a doctor joins.

use crate::{
    Users,
    invite::{self, Person},
};
use axum::extract::State;
use serde::Serialize;
use shared::{
    body,
    models::{
        Account, AccountId, AccountStatus, DoctorProfile, Email, FeeTerms, HospitalId, Issue,
        Mobile, Money, Name, NewPassword, RegistrationNumber, Role, Speciality,
    },
    outbound::Invocation,
    tenancy::{CreatePeople, Grant},
    web::{Body, Code, Created, Error, Refusals, Result, Run, Trail},
};
use utoipa::ToSchema;

body! {
    /// A new doctor.
    pub(crate) struct NewDoctor {
        /// His name.
        name: Name = "name",
        /// Where his mails go.
        email: Email = "email",
        /// Where he is called.
        mobile: Mobile = "mobile",
        /// His field.
        speciality: Speciality = "speciality",
        /// His number with the medical council.
        registration_number: Option<RegistrationNumber> = "registrationNumber",
        /// What one appointment costs: nothing, or ₹1 to ₹5,00,000.
        fee: Money = "fee",
        /// His password.
        password: Option<NewPassword> = "password",
        /// The hospital; for the platform's administrator only.
        hospital_id: Option<HospitalId> = "hospitalId",
    }
}

/// The doctor who joined.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DoctorCreated {
    id: AccountId,
    role: Role,
    status: AccountStatus,
    name: Name,
    email: Email,
    mobile: Mobile,
    speciality: Speciality,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_number: Option<RegistrationNumber>,
    fee: Money,
    hospital_id: HospitalId,
    /// With the hospital's offset.
    #[schema(format = DateTime)]
    created_at: String,
}

/// Enters a doctor, who gets an OTP by mail.
#[utoipa::path(
    post, path = "/create/doctor", tag = "people", security(("bearer" = [])), request_body = NewDoctor,
    responses((status = 201, description = "Entered", body = DoctorCreated), Refusals),
)]
pub(crate) async fn create_doctor(
    State(users): State<Users>,
    grant: Grant<CreatePeople>,
    trail: Trail,
    run: Run,
    Body(new): Body<NewDoctor>,
) -> Result<Created<DoctorCreated>> {
    let place = invite::place(&users, &grant, new.hospital_id.as_ref()).await?;
    if new.fee.currency() != place.tenant.currency() {
        return Err(Error::field(
            "fee.currency",
            Issue::invalid("must be the hospital's currency"),
        ));
    }
    let profile = DoctorProfile {
        speciality: new.speciality,
        registration_number: new.registration_number,
        fee: new.fee,
        terms: FeeTerms::default(),
    };
    let person =
        Person { name: &new.name, email: &new.email, mobile: &new.mobile, password: new.password };
    let id: AccountId = run.id(users.core.entropy, users.core.clock.now())?;
    let account = invite::account(&users, &place, (id.clone(), person), Role::Doctor).await?;
    let account = Account { doctor: Some(profile.clone()), ..account };
    let mail = users.log_ins.welcome(&users.core, &account, account.created_at).await?;
    let store = users.core.store.of(&place.tenant);
    let account = match store.insert_account(&account, mail.as_ref()).await {
        Err(error) if error.is_duplicate_of("account_email") || error.is_duplicate_of("_id_") => {
            // A run before this one may have entered him, though nobody was told.
            store.account(&id).await?.ok_or_else(|| {
                Error::conflict(Code::DuplicateEmail, "Another account has this address.")
            })?
        }
        result => result.map(|()| account)?,
    };
    trail.made(place.tenant.hospital(), &account.id);
    users.log_ins.send_mails(&users.core, &mail, Invocation::Synchronous).await;
    Ok(Created(DoctorCreated {
        created_at: place.tenant.zone().show(account.created_at),
        id: account.id,
        role: account.role,
        status: account.status,
        name: account.name,
        email: account.email,
        mobile: account.mobile,
        speciality: profile.speciality,
        registration_number: profile.registration_number,
        fee: profile.fee,
        hospital_id: place.tenant.hospital().clone(),
    }))
}
