//! `GET /payments/ledger`: the hospital's books.

use crate::Payments;
use axum::extract::State;
use serde::Serialize;
use shared::{
    models::{
        AppointmentId, Currency, Day, EntryCause, Instant, LedgerAccount, LedgerTotal, Money,
        PaymentId, RefundId,
    },
    query,
    store::{LedgerLine, LedgerSpan},
    tenancy::{Grant, ReadLedger, Tenant},
    web::{Cursor, Json, Limit, List, Paging, Query, Refusals, Result},
};
use std::collections::BTreeSet;
use utoipa::ToSchema;

query! {
    /// Which entries.
    pub(crate) struct LedgerQuery {
        /// From this day on.
        from: Option<Day> = "from",
        /// Up to this day, it included.
        to: Option<Day> = "to",
        /// How many, 1 to 100.
        limit: Option<Limit> = "limit",
        /// From the page before.
        cursor: Option<Cursor> = "cursor",
    }
}

/// A page of entries, and what all entries of the days come to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LedgerReply {
    /// The entries.
    items: Vec<EntryView>,
    /// For the next page, if there is one.
    #[schema(required)]
    next_cursor: Option<String>,
    /// What went over each account in these days.
    balances: Vec<BalanceView>,
    /// That the books are whole, for each currency.
    proofs: Vec<ProofView>,
}

/// An entry: the same amount on the debit of one account and the credit of another.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EntryView {
    /// The appointment's id and the entry's number in it.
    id: String,
    #[schema(format = DateTime)]
    at: String,
    cause: EntryCause,
    amount: Money,
    debit: LedgerAccount,
    credit: LedgerAccount,
    appointment_id: AppointmentId,
    payment_id: PaymentId,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_id: Option<RefundId>,
}

/// What went over an account.
#[derive(Debug, Serialize, ToSchema)]
struct BalanceView {
    account: LedgerAccount,
    currency: Currency,
    /// Minor units (paise).
    debit: i64,
    /// Minor units (paise).
    credit: i64,
    /// Debit less credit.
    balance: i64,
}

/// That the books are whole: debits equal credits, and what was captured is attached to
/// appointments, gone back, or still owed.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ProofView {
    currency: Currency,
    debits: i64,
    credits: i64,
    captured: i64,
    attached: i64,
    refunded: i64,
    owed: i64,
    /// Of what is attached, what banks took back after disputes.
    charged_back: i64,
    balanced: bool,
}

/// The entries of some days, by time, with the balances and their proof.
#[utoipa::path(
    get, path = "/payments/ledger", tag = "payments", security(("bearer" = [])), params(LedgerQuery),
    responses((status = 200, description = "The ledger", body = LedgerReply), Refusals),
)]
pub(crate) async fn ledger(
    State(payments): State<Payments>,
    grant: Grant<ReadLedger>,
    Query(query): Query<LedgerQuery>,
) -> Result<Json<LedgerReply>> {
    let tenant = grant.own_tenant()?;
    let paging = Paging::of(&payments.core, "payments/ledger", &tenant);
    let request = paging.request(query.limit, query.cursor.as_ref())?;
    let bounds = |day| tenant.zone().bounds(day);
    let span = LedgerSpan {
        from: query.from.map_or(Instant::from_millis(0), |day| bounds(day).0),
        to: query.to.map_or(Instant::from_millis(i64::MAX), |day| bounds(day).1),
    };
    let store = payments.core.store.of(&tenant);
    let (page, totals) = tokio::join!(store.ledger(span, &request), store.ledger_totals(span));
    let totals = totals?;
    let proofs = prove(&totals);
    if proofs.iter().any(|proof| !proof.balanced) {
        let hospital = tenant.hospital();
        tracing::error!(alarm = "ledger-unbalanced", %hospital, "the ledger of a hospital is not balanced");
    }
    let List { items, next_cursor } = paging.list(page?, |line| EntryView::of(line, &tenant));
    let balances = totals.iter().map(BalanceView::of).collect();
    Ok(Json(LedgerReply { items, next_cursor, balances, proofs }))
}

impl EntryView {
    fn of(line: LedgerLine, tenant: &Tenant) -> Self {
        let LedgerLine { appointment_id, entry } = line;
        Self {
            id: format!("{appointment_id}-{}", entry.number),
            at: tenant.zone().show(entry.at),
            cause: entry.cause,
            amount: entry.amount,
            debit: entry.debit,
            credit: entry.credit,
            appointment_id,
            payment_id: entry.payment_id,
            refund_id: entry.refund_id,
        }
    }
}

impl BalanceView {
    fn of(total: &LedgerTotal) -> Self {
        let LedgerTotal { account, currency, debit, credit } = *total;
        Self { account, currency, debit, credit, balance: debit.saturating_sub(credit) }
    }
}

fn prove(totals: &[LedgerTotal]) -> Vec<ProofView> {
    let currencies: BTreeSet<Currency> = totals.iter().map(|total| total.currency).collect();
    currencies.into_iter().map(|currency| prove_one(totals, currency)).collect()
}

fn prove_one(totals: &[LedgerTotal], currency: Currency) -> ProofView {
    let of = |account: LedgerAccount| {
        let mut fitting =
            totals.iter().filter(|total| total.account == account && total.currency == currency);
        fitting.next().map_or((0, 0), |total| (total.debit, total.credit))
    };
    let [razorpay, desk, chargebacks, appointments, owed] = LedgerAccount::ALL.map(of);
    let all = LedgerAccount::ALL.map(of);
    let debits: i64 = all.iter().map(|(debit, _)| debit).sum();
    let credits: i64 = all.iter().map(|(_, credit)| credit).sum();
    let charged_back = chargebacks.0 - chargebacks.1;
    let captured = razorpay.0 + desk.0;
    let refunded = razorpay.1 + desk.1 - charged_back;
    let (attached, owed) = (appointments.1 - appointments.0, owed.1 - owed.0);
    let balanced = debits == credits && captured == attached + refunded + owed;
    ProofView {
        currency,
        debits,
        credits,
        captured,
        attached,
        refunded,
        owed,
        charged_back,
        balanced,
    }
}
