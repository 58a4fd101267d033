//! `GET /audit/verify`: whether the audit trail is as it was written.

use crate::Users;
use axum::extract::State;
use serde::Serialize;
use shared::{
    models::{AuditBlock, AuditFault},
    query,
    store::{Page, Place},
    tenancy::{Grant, ReadAudit, Tenant},
    web::{Cursor, Json, Limit, Paging, Query, Refusals, Result},
};
use utoipa::ToSchema;

query! {
    /// Which part of the chain.
    pub(crate) struct VerifyQuery {
        /// How many blocks, 1 to 100; a block has up to 500 entries.
        limit: Option<Limit> = "limit",
        /// From the part before.
        cursor: Option<Cursor> = "cursor",
    }
}

/// What was found in a part of the chain.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Verification {
    /// How many blocks were checked.
    blocks: usize,
    /// How many entries were checked.
    entries: usize,
    /// What is wrong; nothing if all is as it was sealed.
    faults: Vec<AuditFault>,
    /// Since when an entry waits to be sealed; more than some minutes means that nobody seals.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    waiting_since: Option<String>,
    /// The last block that was checked. Kept outside, it shows later whether the end of the chain
    /// was cut off.
    #[schema(required)]
    head: Option<Head>,
    /// For the next part, if there is one.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// A block by which a chain can be recognised.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Head {
    number: i64,
    hash: String,
    #[schema(format = DateTime)]
    sealed_at: String,
}

impl Head {
    fn of(block: &AuditBlock, tenant: &Tenant) -> Self {
        let sealed_at = tenant.zone().show(block.sealed_at);
        Self { number: block.number, hash: block.hash.clone(), sealed_at }
    }
}

/// Checks a part of the chain over the hospital's audit trail: every entry against its mark, every
/// block against its hash and the block before.
#[utoipa::path(
    get, path = "/audit/verify", tag = "audit", security(("bearer" = [])), params(VerifyQuery),
    responses((status = 200, description = "What was found", body = Verification), Refusals),
)]
pub(crate) async fn verify(
    State(users): State<Users>,
    grant: Grant<ReadAudit>,
    Query(query): Query<VerifyQuery>,
) -> Result<Json<Verification>> {
    let tenant = grant.own_tenant()?;
    let store = users.core.store.of(&tenant);
    let paging = Paging::of(&users.core, "audit-chain", &tenant);
    let request = paging.request(query.limit, query.cursor.as_ref())?;
    let start = request.after.clone().unwrap_or(Place { key: 0, id: String::new() });
    let (blocks, waiting) =
        tokio::join!(store.audit_blocks(start.key, request.limit + 1), store.audit_waiting());
    let page =
        Page::cut(blocks?, &request, |block| Place { key: block.number, id: block.hash.clone() });
    let mut before = (start.key, start.id);
    let (mut entries, mut faults) = (0, Vec::new());
    for block in &page.items {
        let now = store.audit_entries_of(block).await?;
        entries += block.entries.len();
        faults.extend(users.chain.faults((before.0, &before.1), block, &now));
        before = (block.number, block.hash.clone());
    }
    let head = page.items.last().map(|block| Head::of(block, &tenant));
    let list = paging.list(page, |block| block);
    Ok(Json(Verification {
        blocks: list.items.len(),
        entries,
        faults,
        waiting_since: waiting?.map(|entry| tenant.zone().show(entry.at)),
        head,
        next_cursor: list.next_cursor,
    }))
}
