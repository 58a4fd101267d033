//! `POST /create/patient`: a patient is entered.

use crate::{
    Users,
    invite::{self, Person, Place},
};
use axum::extract::State;
use serde::Serialize;
use shared::{
    body,
    models::{
        Account, AccountId, AccountStatus, Day, Email, HospitalId, Identifier, Issue, Message,
        Mobile, Name, NewPassword, Notification, OtpPurpose, Patient, PatientId, Role,
    },
    outbound::Invocation,
    store::{self, HospitalStore},
    tenancy::{CreatePeople, Grant},
    web::{Body, Code, Created, Error, Refusals, Result, Run, Trail},
};
use utoipa::ToSchema;

body! {
    /// A new patient.
    pub(crate) struct NewPatient {
        /// The person's name.
        name: Name = "name",
        /// Where the family's mails go; patients with the same address share an account.
        email: Email = "email",
        /// Where the person is called.
        mobile: Mobile = "mobile",
        /// The hospital's number for the person; unique in the hospital.
        identifier: Identifier = "identifier",
        /// The day of birth.
        date_of_birth: Option<Day> = "dateOfBirth",
        /// A password for a new account.
        password: Option<NewPassword> = "password",
        /// The hospital; for the platform's administrator only.
        hospital_id: Option<HospitalId> = "hospitalId",
    }
}

/// The patient who was entered.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PatientCreated {
    id: PatientId,
    account_id: AccountId,
    role: Role,
    status: AccountStatus,
    name: Name,
    email: Email,
    mobile: Mobile,
    identifier: Identifier,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_of_birth: Option<Day>,
    hospital_id: HospitalId,
    /// With the hospital's offset.
    #[schema(format = DateTime)]
    created_at: String,
}

/// Enters a patient. A new address makes an account and is mailed an OTP; a known one gets a
/// further patient, as families do.
#[utoipa::path(
    post, path = "/create/patient", tag = "people", security(("bearer" = [])), request_body = NewPatient,
    responses((status = 201, description = "Entered", body = PatientCreated), Refusals),
)]
pub(crate) async fn create_patient(
    State(users): State<Users>,
    grant: Grant<CreatePeople>,
    trail: Trail,
    run: Run,
    Body(new): Body<NewPatient>,
) -> Result<Created<PatientCreated>> {
    let now = users.core.clock.now();
    let place = invite::place(&users, &grant, new.hospital_id.as_ref()).await?;
    let store = users.core.store.of(&place.tenant);
    if new.date_of_birth.is_some_and(|day| day > place.tenant.zone().day(now)) {
        return Err(Error::field("dateOfBirth", Issue::invalid("must not be in the future")));
    }
    let id = run.id(users.core.entropy, now)?;
    let (patient, mail) = enter(&users, &store, &place, (&id, &new)).await?;
    trail.made(place.tenant.hospital(), &patient.id);
    trail.made(place.tenant.hospital(), &patient.account_id);
    users.log_ins.send_mails(&users.core, &mail, Invocation::Synchronous).await;
    Ok(Created(PatientCreated {
        created_at: place.tenant.zone().show(patient.created_at),
        id: patient.id,
        account_id: patient.account_id,
        role: Role::Patient,
        status: patient.status,
        name: patient.name,
        email: patient.email,
        mobile: patient.mobile,
        identifier: patient.identifier,
        date_of_birth: patient.date_of_birth,
        hospital_id: place.tenant.hospital().clone(),
    }))
}

/// Enters the patient, with an account or into the one that is there. Should the account appear or
/// change in between, the next round finds it as it is.
async fn enter(
    users: &Users,
    store: &HospitalStore,
    place: &Place,
    (id, new): (&PatientId, &NewPatient),
) -> Result<Entered> {
    for _ in 0..4 {
        let known = store.account_by_email(&new.email).await?.map(join).transpose()?;
        let entered = match known {
            Some(account) => {
                let patient = patient_of(users, &account, (id, new));
                enter_into(users, store, &account, patient).await
            }
            None => enter_anew(users, store, place, (id, new)).await,
        };
        match entered {
            Ok(Some(entered)) => return Ok(entered),
            Ok(None) => {}
            Err(Entering::Refused(error)) => return Err(error),
            Err(Entering::Store(error)) if error.is_duplicate_of("account_email") => {}
            Err(Entering::Store(error))
                if error.is_duplicate_of("patient_identifier") || error.is_duplicate_of("_id_") =>
            {
                // A run before this one has entered him, and nobody was told.
                if let Some(patient) = store.patient(id).await? {
                    return Ok((patient, None));
                }
                let detail = "Another patient has this identifier.";
                return Err(Error::conflict(Code::DuplicateIdentifier, detail));
            }
            Err(Entering::Store(error)) => return Err(error.into()),
        }
    }
    Err(Error::conflict(Code::Conflict, "The account is being changed by others; try again."))
}

/// Why somebody was not entered.
enum Entering {
    /// What the store says.
    Store(store::Error),
    /// Anything else.
    Refused(Error),
}

impl From<store::Error> for Entering {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl From<Error> for Entering {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

/// A patient, and the mail that was written with him.
type Entered = (Patient, Option<Notification>);

/// Enters a patient with an account of his own.
async fn enter_anew(
    users: &Users,
    store: &HospitalStore,
    place: &Place,
    (id, new): (&PatientId, &NewPatient),
) -> Result<Option<Entered>, Entering> {
    let (name, email, mobile) = (&new.name, &new.email, &new.mobile);
    let person = Person { name, email, mobile, password: new.password.clone() };
    let account = invite::account(users, place, (id.alongside(), person), Role::Patient).await?;
    let patient = patient_of(users, &account, (id, new));
    let mail = users.log_ins.welcome(&users.core, &account, patient.created_at).await?;
    store.insert_family(&account, &patient, mail.as_ref()).await?;
    Ok(Some((patient, mail)))
}

/// Enters a patient into an account; nothing if that has changed meanwhile. Its owner is told: by
/// an OTP while the account is pending, which is kept only once the patient is in, for it voids
/// the one that is out.
async fn enter_into(
    users: &Users,
    store: &HospitalStore,
    account: &Account,
    patient: Patient,
) -> Result<Option<Entered>, Entering> {
    let now = patient.created_at;
    if account.status == AccountStatus::Pending {
        let (core, purpose) = (&users.core, OtpPurpose::LogIn);
        let drawn = users.log_ins.draw_otp(core, purpose, &account.id, now)?;
        if !store.join_family(account, &patient, Some(&drawn.mail)).await? {
            return Ok(None);
        }
        users.log_ins.keep_otp(account, &drawn.kept, now).await;
        return Ok(Some((patient, Some(drawn.mail))));
    }
    let message = Message::FamilyMember { member: patient.name.clone() };
    let id = users.core.entropy.id(now).map_err(Error::from)?;
    let mail = Notification::new(id, &account.id, message, now);
    let joined = store.join_family(account, &patient, Some(&mail)).await?;
    Ok(joined.then_some((patient, Some(mail))))
}

/// An account that may act for one more patient.
fn join(account: Account) -> Result<Account> {
    match (account.role, account.status) {
        (Role::Patient, AccountStatus::Pending | AccountStatus::Active) => Ok(account),
        (Role::Patient, _) => Err(Error::conflict(
            Code::AccountBlocked,
            "The account of this address is blocked or closed.",
        )),
        _ => Err(Error::conflict(
            Code::DuplicateEmail,
            "The address belongs to somebody who is not a patient.",
        )),
    }
}

fn patient_of(users: &Users, account: &Account, (id, new): (&PatientId, &NewPatient)) -> Patient {
    let now = users.core.clock.now();
    Patient {
        id: id.clone(),
        account_id: account.id.clone(),
        name: new.name.clone(),
        email: new.email.clone(),
        mobile: new.mobile.clone(),
        identifier: new.identifier.clone(),
        date_of_birth: new.date_of_birth,
        status: account.status,
        created_at: now,
        imported: None,
    }
}
