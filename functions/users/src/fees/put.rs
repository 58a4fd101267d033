//! `PUT /doctors/{id}/fees`.

use super::FeesView;
use crate::Users;
use axum::extract::State;
use shared::{
    body,
    models::{FeeTerms, FollowUpRule, Issue, Money, VisitFee, kinds},
    tenancy::{Grant, ManagePeople},
    web::{Body, Error, Json, PathId, Refusals, Result},
};

body! {
    /// What a doctor's visits cost from now on, all of it.
    pub(crate) struct NewTerms {
        /// Of a consultation: nothing, or ₹1 to ₹5,00,000.
        fee: Money = "fee",
        /// Of other kinds of visit; those that are missing he does not offer.
        visit_fees: Option<Vec<VisitFee>> = "visitFees",
        /// After a consultation, so many more within so many days cost less.
        follow_up: Option<FollowUpRule> = "followUp",
    }
}

/// Sets what a doctor's visits cost. Slots that are published keep their fees; publishing them
/// again with `replace` gives the open ones the new.
#[utoipa::path(
    put, path = "/doctors/{id}/fees", tag = "people", security(("bearer" = [])), request_body = NewTerms,
    params(("id" = String, Path, description = "The doctor")),
    responses((status = 200, description = "As they are now", body = FeesView), Refusals),
)]
pub(crate) async fn put(
    State(users): State<Users>,
    grant: Grant<ManagePeople>,
    PathId(id): PathId<kinds::Account>,
    Body(fees): Body<NewTerms>,
) -> Result<Json<FeesView>> {
    let tenant = grant.own_tenant()?;
    if fees.fee.currency() != tenant.currency() {
        let issue = Issue::invalid("must be the hospital's currency");
        return Err(Error::field("fee.currency", issue));
    }
    let terms = FeeTerms::new(fees.fee, fees.visit_fees.unwrap_or_default(), fees.follow_up)
        .map_err(|(field, issue)| Error::field(field, issue))?;
    let changed = users.core.store.of(&tenant).change_fees(&id, fees.fee, &terms).await?;
    changed.and_then(FeesView::of).map(Json).ok_or(Error::NotFound)
}
