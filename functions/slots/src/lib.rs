//! Publishing, booking and cancelling slots, doctors' leaves, and the waiting list.

mod book;
mod cancel;
mod delete;
mod doctors;
mod fee_quote;
mod last_rules;
mod leave;
mod list;
mod patient;
mod set;
mod waitlist;

use last_rules::LastRules;
use shared::{
    auth::Links,
    operations,
    outbound::Merchants,
    web::{Core, Environment, Function, Jobs},
};
use std::sync::Arc;

/// What this function has.
#[derive(Debug, Clone)]
pub struct Slots {
    core: Core,
    merchants: Arc<Merchants>,
    last_rules: Arc<LastRules>,
    links: Arc<Links>,
    jobs: Jobs,
    /// How long an unpaid slot is kept, in seconds.
    hold_seconds: i64,
}

impl Function for Slots {
    const NAME: &'static str = "slots";

    fn configure(env: &mut Environment) -> Self {
        Self {
            core: Core::configure(env),
            merchants: Merchants::configure(env).into(),
            last_rules: Arc::default(),
            links: Links::configure(env).into(),
            jobs: Jobs::configure(env),
            hold_seconds: env.number("HOLD_SECONDS", 600, 1..=86_400),
        }
    }

    fn core(&self) -> &Core {
        &self.core
    }

    operations! {
        set::set,
        book::book,
        cancel::cancel,
        list::list,
        delete::delete,
        doctors::doctors,
        fee_quote::fee_quote,
        leave::begin::begin,
        leave::list::leaves,
        leave::read::leave,
        leave::take_back::take_back,
        leave::offer::leave_offer,
        leave::accept::accept,
        leave::decline::decline,
        waitlist::join::join,
        waitlist::list::waitlist,
        waitlist::withdraw::withdraw,
        waitlist::offer::waitlist_offer,
        waitlist::accept::accept_offer,
    }
}
