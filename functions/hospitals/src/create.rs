//! `POST /hospitals`: a new hospital with its first administrator.

use crate::{Hospitals, view::HospitalView};
use axum::extract::State;
use serde::Serialize;
use shared::{
    body,
    models::{
        Account, AccountStatus, BookingRules, CancellationPolicy, Currency, Email, Holidays,
        Hospital, HospitalCode, Mobile, Name, PasswordGuard, Role, Zone,
    },
    outbound::Invocation,
    tenancy::{Grant, ManageHospitals},
    web::{Body, Code, Created, Error, Refusals, Result, Run, Trail, UserView},
};
use utoipa::ToSchema;

body! {
    /// The hospital's first administrator.
    pub(crate) struct FirstAdmin {
        /// The name.
        name: Name = "name",
        /// Where the OTP goes that makes the account active.
        email: Email = "email",
        /// Where the person is called.
        mobile: Mobile = "mobile",
    }
}

body! {
    /// A new hospital.
    pub(crate) struct NewHospital {
        /// What people call it.
        name: Name = "name",
        /// What `hospital` in a log-in means; unique, and for good.
        code: HospitalCode = "code",
        /// An IANA name; `Asia/Kolkata` unless told.
        time_zone: Option<Zone> = "timeZone",
        /// What its fees are in; `INR` unless told.
        currency: Option<Currency> = "currency",
        /// Its first administrator.
        admin: FirstAdmin = "admin",
    }
}

/// The new hospital and its administrator.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HospitalCreated {
    hospital: HospitalView,
    admin: UserView,
}

/// Enters a hospital; its administrator gets an OTP by mail.
#[utoipa::path(
    post, path = "/hospitals", tag = "hospitals", security(("bearer" = [])),
    request_body = NewHospital,
    responses((status = 201, description = "Entered", body = HospitalCreated), Refusals),
)]
pub(crate) async fn create(
    State(this): State<Hospitals>,
    grant: Grant<ManageHospitals>,
    trail: Trail,
    run: Run,
    Body(new): Body<NewHospital>,
) -> Result<Created<HospitalCreated>> {
    let now = this.core.clock.now();
    let hospital = Hospital {
        id: run.id(this.core.entropy, now)?,
        name: new.name,
        code: new.code,
        time_zone: new.time_zone.unwrap_or_default(),
        currency: new.currency.unwrap_or(Currency::INR),
        cancellation: CancellationPolicy::default(),
        booking: BookingRules::default(),
        holidays: Holidays::default(),
        created_at: now,
    };
    let admin = Account {
        id: hospital.id.alongside(),
        role: Role::Hospital,
        status: AccountStatus::Pending,
        email: new.admin.email,
        name: new.admin.name,
        mobile: new.admin.mobile,
        hospital_code: Some(hospital.code.clone()),
        password_hash: None,
        doctor: None,
        guard: PasswordGuard::default(),
        sessions: Vec::new(),
        calendar: None,
        last_log_in_at: None,
        mail_problem: None,
        created_at: now,
    };
    let mail = this.log_ins.welcome(&this.core, &admin, now).await?;
    let platform = this.core.store.platform(&grant);
    match platform.insert_hospital(&hospital, &admin, mail.as_ref()).await {
        Err(error) if error.is_duplicate_of("hospital_code") => {
            // A run before this one may have entered it, though nobody was told.
            if !platform.has_hospital(&hospital.id).await? {
                return Err(Error::conflict(
                    Code::DuplicateCode,
                    "Another hospital has this code.",
                ));
            }
        }
        result => result?,
    }
    trail.made(&hospital.id, &hospital.id);
    trail.made(&hospital.id, &admin.id);
    this.log_ins.send_mails(&this.core, &mail, Invocation::Synchronous).await;
    let admin = UserView::of(&admin, Some(hospital.id.clone()));
    Ok(Created(HospitalCreated { hospital: HospitalView::of(hospital), admin }))
}
