//! `GET /payments/reconciliation`: what comparing the books with Razorpay's brought to light.

use crate::Payments;
use axum::extract::State;
use serde::Serialize;
use shared::{
    models::{
        AppointmentId, Difference, DifferenceKind, PaymentId, Reconciliation, ReconciliationId,
        RefundId,
    },
    query,
    tenancy::{Grant, Reconcile, Tenant},
    web::{Cursor, Json, Limit, List, Paging, Query, Refusals, Result},
};
use utoipa::ToSchema;

query! {
    /// Which page.
    pub(crate) struct Pages {
        /// How many, 1 to 100.
        limit: Option<Limit> = "limit",
        /// From the page before.
        cursor: Option<Cursor> = "cursor",
    }
}

/// One comparison.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReconciliationView {
    id: ReconciliationId,
    /// Somebody asked for it; else it was the clock.
    on_demand: bool,
    #[schema(format = DateTime)]
    at: String,
    /// About how many appointments Razorpay was asked.
    asked: i64,
    /// Of these, those about which it gave no answer; they are asked about again.
    unanswered: i64,
    differences: Vec<DifferenceView>,
}

/// Something that differed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DifferenceView {
    kind: DifferenceKind,
    /// It was put right; else people must look at it.
    healed: bool,
    appointment_id: AppointmentId,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_id: Option<PaymentId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_id: Option<RefundId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    razorpay_refund_id: Option<String>,
}

/// The comparisons that were asked for, and those by the clock that found something, the latest
/// first.
#[utoipa::path(
    get, path = "/payments/reconciliation", tag = "payments", security(("bearer" = [])), params(Pages),
    responses((status = 200, description = "The report", body = List<ReconciliationView>), Refusals),
)]
pub(crate) async fn reconciliations(
    State(payments): State<Payments>,
    grant: Grant<Reconcile>,
    Query(query): Query<Pages>,
) -> Result<Json<List<ReconciliationView>>> {
    let tenant = grant.own_tenant()?;
    let paging = Paging::of(&payments.core, "payments/reconciliation", &tenant);
    let request = paging.request(query.limit, query.cursor.as_ref())?;
    let page = payments.core.store.of(&tenant).reconciliations(&request).await?;
    Ok(Json(paging.list(page, |run| ReconciliationView::of(run, &tenant))))
}

impl ReconciliationView {
    pub(crate) fn of(run: Reconciliation, tenant: &Tenant) -> Self {
        Self {
            id: run.id,
            on_demand: run.on_demand,
            at: tenant.zone().show(run.at),
            asked: run.asked,
            unanswered: run.unanswered,
            differences: run.differences.into_iter().map(DifferenceView::of).collect(),
        }
    }
}

impl DifferenceView {
    fn of(difference: Difference) -> Self {
        Self {
            kind: difference.kind,
            healed: difference.kind.is_healed(),
            appointment_id: difference.appointment_id,
            payment_id: difference.payment_id,
            refund_id: difference.refund_id,
            razorpay_refund_id: difference.razorpay_refund_id,
        }
    }
}
