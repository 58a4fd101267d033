//! How the things of the domain look outside.

use crate::{
    models::{
        Account, AccountId, AccountStatus, Appointment, AppointmentId, AppointmentStatus,
        AppointmentSummary, Currency, Day, DoctorRef, Doer, Email, Happening, HospitalId,
        Identifier, Instant, Mobile, Money, Name, OrderId, PaidBy, Patient, PatientId, Payment,
        PaymentId, PaymentStatus, Reason, Refund, RefundStatus, Role, Slot, SlotId, SlotStatus,
        VisitType,
    },
    tenancy::Tenant,
};
use serde::Serialize;
use utoipa::ToSchema;

/// An appointment.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppointmentView {
    id: AppointmentId,
    status: AppointmentStatus,
    /// With the hospital's offset.
    #[schema(format = DateTime)]
    start: String,
    /// With the hospital's offset.
    #[schema(format = DateTime)]
    end: String,
    doctor: DoctorRef,
    patient: PatientShort,
    slot_id: SlotId,
    /// What kind of visit it is, where it is no consultation.
    #[serde(skip_serializing_if = "VisitType::is_consultation")]
    #[schema(required = false)]
    visit_type: VisitType,
    fee: Money,
    /// The consultation it follows, where it costs less for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    follow_up_of: Option<AppointmentId>,
    /// Until when the slot is kept for payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    hold_expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<PaymentView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    #[schema(format = DateTime)]
    created_at: String,
    /// The number in the doctor's queue of the day, once the patient was checked in.
    #[serde(skip_serializing_if = "Option::is_none")]
    queue_number: Option<u32>,
    /// Good without a log-in, `GET /queue/status?link=…`: while the patient is there, and only where
    /// one appointment is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    queue_link: Option<String>,
    /// What became of it, from the booking on; only where one appointment is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Vec<StepView>>,
}

/// One step of an appointment's life.
#[derive(Debug, Serialize, ToSchema)]
struct StepView {
    what: Happening,
    by: Doer,
    /// With the hospital's offset.
    #[schema(format = DateTime)]
    at: String,
    /// Why, if a reason was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    /// When the appointment was to be before, if it was moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    from: Option<String>,
}

/// A patient as an appointment shows him.
#[derive(Debug, Serialize, ToSchema)]
struct PatientShort {
    id: PatientId,
    name: Name,
    identifier: Identifier,
}

/// How an appointment is paid.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PaymentView {
    /// Missing where it was paid without one: at the desk, or by a payment link.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<OrderId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_id: Option<PaymentId>,
    /// `created` until Razorpay tells of a payment.
    status: PaymentState,
    /// By what it was paid, where that is not Checkout.
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<PaidBy>,
}

/// How far the payment is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum PaymentState {
    Created,
    Failed,
    Authorized,
    Captured,
    Refunded,
}

impl AppointmentView {
    /// As it is at this instant.
    pub fn of(appointment: &Appointment, tenant: &Tenant, now: Instant) -> Self {
        Self::in_list(appointment.into(), tenant, now)
    }

    /// The same, in a list.
    pub fn in_list(appointment: AppointmentSummary, tenant: &Tenant, now: Instant) -> Self {
        let zone = tenant.zone();
        let status = appointment.status(now);
        let hold = appointment.hold_expires_at.filter(|_| status == AppointmentStatus::Held);
        Self {
            status,
            start: zone.show(appointment.start),
            end: zone.show(appointment.end),
            payment: PaymentView::of(&appointment),
            id: appointment.id,
            doctor: appointment.doctor,
            patient: PatientShort {
                id: appointment.patient.id,
                name: appointment.patient.name,
                identifier: appointment.patient.identifier,
            },
            slot_id: appointment.slot_id,
            visit_type: appointment.visit_type,
            fee: appointment.fee,
            follow_up_of: appointment.follow_up.map(|follow_up| follow_up.of),
            hold_expires_at: hold.map(|until| zone.show(until)),
            reason: appointment.reason,
            created_at: zone.show(appointment.created_at),
            queue_number: appointment.token,
            queue_link: None,
            history: None,
        }
    }

    /// As it is at this instant, with what became of it, and with the link to its number if that is
    /// to be followed.
    pub fn in_full(
        appointment: &Appointment,
        queue_link: Option<String>,
        tenant: &Tenant,
        now: Instant,
    ) -> Self {
        let steps = appointment.history.iter().map(|step| StepView {
            what: step.what,
            by: step.by.clone(),
            at: tenant.zone().show(step.at),
            reason: step.reason.clone(),
            from: step.from.map(|from| tenant.zone().show(from)),
        });
        let history = Some(steps.collect());
        Self { queue_link, history, ..Self::of(appointment, tenant, now) }
    }
}

impl PaymentView {
    fn of(appointment: &AppointmentSummary) -> Option<Self> {
        let furthest = appointment.payments.iter().max_by_key(|payment| payment.status);
        let payment = appointment.paid().or(furthest);
        let order = appointment.order.as_ref();
        if order.is_none() && appointment.link.is_none() && payment.is_none() {
            return None;
        }
        Some(Self {
            order_id: order.map(|order| order.id.clone()),
            payment_id: payment.map(|payment| payment.id.clone()),
            method: payment.map(|payment| payment.via).filter(|via| *via != PaidBy::Checkout),
            status: match payment.map(|payment| payment.status) {
                None => PaymentState::Created,
                Some(PaymentStatus::Failed) => PaymentState::Failed,
                Some(PaymentStatus::Authorized) => PaymentState::Authorized,
                Some(PaymentStatus::Captured) => PaymentState::Captured,
                Some(PaymentStatus::Refunded) => PaymentState::Refunded,
            },
        })
    }
}

/// Money that goes back.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefundView {
    /// A whole number of the currency's minor units (paise).
    amount: i64,
    /// What `amount` is in.
    currency: Currency,
    status: RefundStatus,
    /// It is handed over at the hospital's desk, where it was paid.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    at_desk: bool,
}

impl RefundView {
    /// A refund.
    pub fn of(refund: &Refund) -> Self {
        let amount = refund.amount;
        Self {
            amount: amount.amount(),
            currency: amount.currency(),
            status: refund.status,
            at_desk: refund.at_desk,
        }
    }
}

/// A payment.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaymentSummary {
    id: PaymentId,
    status: PaymentStatus,
    /// A whole number of the currency's minor units (paise).
    amount: i64,
    /// What `amount` is in.
    currency: Currency,
}

impl PaymentSummary {
    /// A payment.
    pub fn of(payment: &Payment) -> Self {
        Self {
            id: payment.id.clone(),
            status: payment.status,
            amount: payment.amount.amount(),
            currency: payment.amount.currency(),
        }
    }
}

/// A slot.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlotView {
    id: SlotId,
    doctor_id: AccountId,
    /// With the hospital's offset.
    #[schema(format = DateTime)]
    start: String,
    /// With the hospital's offset.
    #[schema(format = DateTime)]
    end: String,
    status: SlotStatus,
    fee: Money,
    /// How many may come, where it is a group's.
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity: Option<u32>,
    /// How many seats of a group's are free.
    #[serde(skip_serializing_if = "Option::is_none")]
    free: Option<u32>,
}

impl SlotView {
    /// As it is at this instant.
    pub fn of(slot: &Slot, tenant: &Tenant, now: Instant) -> Self {
        Self {
            id: slot.id.clone(),
            doctor_id: slot.doctor.id.clone(),
            start: tenant.zone().show(slot.start),
            end: tenant.zone().show(slot.end),
            status: slot.status(now),
            fee: slot.fee,
            capacity: slot.capacity.is_group().then(|| slot.capacity.get()),
            free: slot.capacity.is_group().then(|| slot.free_seats(now)),
        }
    }
}

/// A patient.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PatientView {
    id: PatientId,
    name: Name,
    identifier: Identifier,
    mobile: Mobile,
    email: Email,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_of_birth: Option<Day>,
    status: AccountStatus,
}

impl PatientView {
    /// A patient as the hospital's people see him.
    pub fn of(patient: Patient) -> Self {
        Self {
            id: patient.id,
            name: patient.name,
            identifier: patient.identifier,
            mobile: patient.mobile,
            email: patient.email,
            date_of_birth: patient.date_of_birth,
            status: patient.status,
        }
    }
}

/// Somebody who logs in, as he sees himself.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserView {
    id: AccountId,
    role: Role,
    name: Name,
    email: Email,
    /// `null` for the platform's administrator.
    #[schema(required)]
    hospital_id: Option<HospitalId>,
}

impl UserView {
    /// An account of this hospital.
    pub fn of(account: &Account, hospital: Option<HospitalId>) -> Self {
        Self {
            id: account.id.clone(),
            role: account.role,
            name: account.name.clone(),
            email: account.email.clone(),
            hospital_id: hospital,
        }
    }
}
