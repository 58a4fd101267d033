//! Lists of appointments, and what becomes of one.

mod calendar;
mod cancel_quote;
mod check_in;
mod complete;
mod list;
mod no_show;
mod queue;
mod read;
mod reschedule;
mod today;
mod undo;
mod upcoming;
mod visit;

use shared::{
    auth::Links,
    operations,
    web::{Core, Environment, Function},
};
use std::sync::Arc;

/// What this function has.
#[derive(Debug, Clone)]
pub struct Appointments {
    core: Core,
    links: Arc<Links>,
}

impl Function for Appointments {
    const NAME: &'static str = "appointments";

    fn configure(env: &mut Environment) -> Self {
        Self { core: Core::configure(env), links: Links::configure(env).into() }
    }

    fn core(&self) -> &Core {
        &self.core
    }

    operations! {
        today::today,
        upcoming::upcoming,
        list::list,
        read::read,
        cancel_quote::cancel_quote,
        reschedule::reschedule,
        check_in::check_in,
        complete::complete,
        no_show::no_show,
        undo::undo,
        queue::read::read,
        queue::walk_in::walk_in,
        queue::call_next::call_next,
        queue::skip::skip,
        queue::recall::recall,
        queue::status::status,
        calendar::make::make,
        calendar::end::end,
        calendar::feed::feed,
    }
}
