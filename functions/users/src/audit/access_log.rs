//! `GET /me/access-log`: who was at one's data.

use crate::Users;
use axum::extract::State;
use serde::Serialize;
use shared::{
    models::{AccountId, AuditResult, Name, Role},
    query,
    store::AccessLogItem,
    tenancy::{Grant, ReadAccessLog, Tenant},
    web::{Cursor, Flag, Json, Limit, List, Paging, Query, Refusals, Result},
};
use utoipa::ToSchema;

query! {
    /// Which part of the log.
    pub(crate) struct AccessLogParams {
        /// Also lists on which somebody of yours may have stood; `true` unless told.
        lists: Option<Flag> = "lists",
        /// How many, 1 to 100.
        limit: Option<Limit> = "limit",
        /// From the page before.
        cursor: Option<Cursor> = "cursor",
    }
}

/// Somebody was at the data of the people one acts for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccessView {
    /// With the hospital's offset.
    #[schema(format = DateTime)]
    at: String,
    /// The operation.
    #[schema(example = "GET /patients/{id}")]
    act: String,
    by: AccessedBy,
    about: Accessed,
    /// The ids it was about that are one's own.
    ids: Vec<String>,
    /// From which address, where it was oneself.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    result: AuditResult,
}

/// Who it was.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccessedBy {
    /// Whether it was oneself.
    yourself: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Name>,
    /// A part of the product, or Razorpay.
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
}

/// How close it came.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Accessed {
    /// It was about somebody of yours.
    Record,
    /// It was a list on which somebody of yours may have stood.
    List,
}

impl AccessView {
    fn of(item: AccessLogItem, own: &[String], account: &AccountId, tenant: &Tenant) -> Self {
        let name = item.name().cloned();
        let entry = item.entry;
        let yourself = entry.actor.account.as_ref() == Some(account);
        let ids: Vec<String> =
            entry.about.into_iter().filter(|id| own.iter().any(|own| own == id)).collect();
        let listed = entry.listed.is_some() && !yourself && ids.is_empty();
        Self {
            at: tenant.zone().show(entry.at),
            act: entry.act,
            by: AccessedBy { yourself, role: entry.actor.role, name, service: entry.actor.service },
            about: if listed { Accessed::List } else { Accessed::Record },
            ids,
            from: entry.from.filter(|_| yourself),
            result: entry.result,
        }
    }
}

/// Who was at the data of the patients one acts for, and what one did oneself; the latest first.
#[utoipa::path(
    get, path = "/me/access-log", tag = "audit", security(("bearer" = [])), params(AccessLogParams),
    responses((status = 200, description = "The entries", body = List<AccessView>), Refusals),
)]
pub(crate) async fn access_log(
    State(users): State<Users>,
    grant: Grant<ReadAccessLog>,
    Query(query): Query<AccessLogParams>,
) -> Result<Json<List<AccessView>>> {
    let tenant = grant.own_tenant()?;
    let store = users.core.store.of(&tenant);
    let paging = Paging::of(&users.core, "access-log", &tenant);
    let request = paging.request(query.limit, query.cursor.as_ref())?;
    let lists = query.lists.is_none_or(|lists| lists.0);
    let wanted = store.access_log_query(grant.account(), lists).await?;
    let page = store.access_log(&wanted, &request).await?;
    let view = |item| AccessView::of(item, &wanted.ids, grant.account(), &tenant);
    Ok(Json(paging.list(page, view)))
}
