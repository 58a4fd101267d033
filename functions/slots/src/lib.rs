//! Publishing, booking and cancelling slots, doctors' leaves, and the waiting list.

mod book;
mod cancel;
mod delete;
mod doctors;
mod leave;
mod list;
mod set;
mod waitlist;

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
