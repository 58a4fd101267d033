//! `GET /payments/receipts/{appointmentId}`: the receipt for what an appointment cost.

use crate::{Payments, form::Form};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, header};
use serde::Serialize;
use shared::{
    models::{
        Appointment, AppointmentId, DoctorRef, Identifier, Money, Name, PaymentId, Receipt,
        RefundStatus, kinds,
    },
    print::{Paper, kept, refunds},
    tenancy::{Grant, ReadReceipts, Tenant},
    web::{Error, Json, PathId, Refusals, Result},
};
use utoipa::ToSchema;

/// A receipt, and what has gone back since.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReceiptView {
    /// Hospital, financial year and place in it.
    #[schema(example = "SUN/2026-27/000123")]
    number: String,
    /// From April to March.
    #[schema(example = "2026-27")]
    financial_year: String,
    /// Within the hospital and the year, from 1 and without a gap.
    serial: i64,
    /// What the hospital was called when the receipt was given.
    hospital: Name,
    appointment_id: AppointmentId,
    patient: Payer,
    doctor: DoctorRef,
    payment_id: PaymentId,
    amount: Money,
    #[schema(format = DateTime)]
    paid_at: String,
    #[schema(format = DateTime)]
    issued_at: String,
    refunds: Vec<RefundLine>,
    /// What is left once all of the refunds have gone back.
    kept: Money,
}

/// Who was treated.
#[derive(Debug, Serialize, ToSchema)]
struct Payer {
    name: Name,
    identifier: Identifier,
}

/// Money that goes back of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RefundLine {
    amount: Money,
    status: RefundStatus,
    #[schema(format = DateTime)]
    created_at: String,
}

/// The receipt for the payment an appointment stands on: JSON, or by `Accept` a page (`text/html`)
/// or a file (`application/pdf`). Nothing paid, no receipt. The number is given once, at the first
/// mail or the first time it is asked for, and stays.
#[utoipa::path(
    get, path = "/payments/receipts/{appointmentId}", tag = "payments", security(("bearer" = [])),
    params(
        ("appointmentId" = String, Path, description = "The appointment"),
        ("accept" = Option<String>, Header, description = "`application/json` unless `text/html` or `application/pdf` is liked better"),
    ),
    responses(
        (status = 200, description = "The receipt", content(
            (ReceiptView = "application/json"),
            (String = "text/html"),
            (Vec<u8> = "application/pdf"),
        )),
        Refusals,
    ),
)]
pub(crate) async fn receipt(
    State(payments): State<Payments>,
    grant: Grant<ReadReceipts>,
    PathId(id): PathId<kinds::Appointment>,
    headers: HeaderMap,
) -> Result<Response> {
    let tenant = grant.own_tenant()?;
    let store = payments.core.store.of(&tenant);
    let reach = grant.reach();
    let (appointment, hospital) =
        tokio::try_join!(store.appointment(&id, &reach), store.hospital(&tenant))?;
    let appointment = appointment.ok_or(Error::NotFound)?;
    let hospital = hospital.ok_or_else(|| Error::internal("the own hospital is gone"))?;
    let from = (&hospital.code, &hospital.name, &hospital.time_zone);
    let (core, now) = (&payments.core, payments.core.clock.now());
    let wanted = Receipt::of(&appointment, from, core.entropy.id(now)?, now);
    let receipt = store.issue_receipt(&wanted.ok_or(Error::NotFound)?).await?;
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let paper = || Paper::of(&receipt, &appointment, tenant.zone());
    let mut response = match Form::wanted(accept) {
        Form::Json => Json(ReceiptView::of(&receipt, &appointment, &tenant)).into_response(),
        Form::Html => page(paper().html().map_err(Error::internal)?),
        Form::Pdf => file(paper().pdf().map_err(Error::internal)?, &receipt.file_name()),
    };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

impl ReceiptView {
    fn of(receipt: &Receipt, appointment: &Appointment, tenant: &Tenant) -> Self {
        let zone = tenant.zone();
        let patient = &appointment.patient;
        Self {
            number: receipt.number(),
            financial_year: receipt.year.to_string(),
            serial: receipt.serial,
            hospital: receipt.hospital.clone(),
            appointment_id: receipt.appointment_id.clone(),
            patient: Payer { name: patient.name.clone(), identifier: patient.identifier.clone() },
            doctor: appointment.doctor.clone(),
            payment_id: receipt.payment_id.clone(),
            amount: receipt.amount,
            paid_at: zone.show(receipt.paid_at),
            issued_at: zone.show(receipt.issued_at),
            refunds: refunds(receipt, &appointment.refunds)
                .map(|refund| RefundLine {
                    amount: refund.amount,
                    status: refund.status,
                    created_at: zone.show(refund.created_at),
                })
                .collect(),
            kept: kept(receipt, &appointment.refunds),
        }
    }
}

fn page(html: String) -> Response {
    personal(html.into_bytes(), "text/html; charset=utf-8", None)
}

fn file(pdf: Vec<u8>, name: &str) -> Response {
    // A number has letters, digits, hyphens only: it needs no quoting (RFC 6266).
    let shown = HeaderValue::from_str(&format!("inline; filename=\"{name}.pdf\""));
    personal(pdf, "application/pdf", shown.ok())
}

/// A document that no cache keeps and that can do nothing where it is shown.
fn personal(body: Vec<u8>, kind: &'static str, disposition: Option<HeaderValue>) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(disposition) = disposition {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}
