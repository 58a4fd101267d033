//! `GET /audit`: the hospital's audit trail.

use crate::Users;
use axum::extract::State;
use serde::Serialize;
use shared::{
    models::{AccountId, AuditActor, AuditEntry, AuditId, AuditResult, Day, Listed, Subject},
    query,
    store::AuditFilter,
    tenancy::{Grant, ReadAudit, Tenant},
    web::{Cursor, Json, Limit, List, Paging, Query, Refusals, Result},
};
use utoipa::ToSchema;

query! {
    /// Which entries.
    pub(crate) struct AuditQuery {
        /// From this day on.
        from: Option<Day> = "from",
        /// Up to this day, it included.
        to: Option<Day> = "to",
        /// Only of this account.
        actor: Option<AccountId> = "actor",
        /// Only about this: an account's, a patient's, an appointment's id or another.
        about: Option<Subject> = "about",
        /// Only with this result.
        result: Option<AuditResult> = "result",
        /// How many, 1 to 100.
        limit: Option<Limit> = "limit",
        /// From the page before.
        cursor: Option<Cursor> = "cursor",
    }
}

/// A line of the audit trail.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditView {
    id: AuditId,
    /// With the hospital's offset.
    #[schema(format = DateTime)]
    at: String,
    actor: AuditActor,
    /// The operation, or the job.
    #[schema(example = "GET /patients/{id}")]
    act: String,
    /// The ids it was about.
    about: Vec<String>,
    /// What was listed, where it was a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    listed: Option<Listed>,
    /// From which address.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// Under which id the request stands in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    result: AuditResult,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
}

impl AuditView {
    fn of(entry: AuditEntry, tenant: &Tenant) -> Self {
        Self {
            at: tenant.zone().show(entry.at),
            id: entry.id,
            actor: entry.actor,
            act: entry.act,
            about: entry.about,
            listed: entry.listed,
            from: entry.from,
            request_id: entry.request_id,
            result: entry.result,
            code: entry.code,
        }
    }
}

/// Who did what in the hospital, on whom, from where and when, and what came of it; the latest
/// first.
#[utoipa::path(
    get, path = "/audit", tag = "audit", security(("bearer" = [])), params(AuditQuery),
    responses((status = 200, description = "The entries", body = List<AuditView>), Refusals),
)]
pub(crate) async fn list(
    State(users): State<Users>,
    grant: Grant<ReadAudit>,
    Query(query): Query<AuditQuery>,
) -> Result<Json<List<AuditView>>> {
    let tenant = grant.own_tenant()?;
    let paging = Paging::of(&users.core, "audit", &tenant);
    let request = paging.request(query.limit, query.cursor.as_ref())?;
    let filter = AuditFilter {
        from: query.from.map(|day| tenant.zone().bounds(day).0),
        to: query.to.map(|day| tenant.zone().bounds(day).1),
        actor: query.actor,
        about: query.about,
        result: query.result,
    };
    let page = users.core.store.of(&tenant).audit(&filter, &request).await?;
    Ok(Json(paging.list(page, |entry| AuditView::of(entry, &tenant))))
}
