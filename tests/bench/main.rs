//! `make bench`: what the product costs, each figure beside its bar and beside a reference that
//! was measured in the same run, for a figure alone says more of the machine than of the code.
//!
//! `bench [NAME…]` runs the benches of these names, or all. What is measured is the release build
//! of the functions, each in a process of its own; the servers are those of `local exec`.

#![expect(
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench that cannot go on says why and ends, and talks to the terminal"
)]

mod child;
mod cold;
mod examined;
mod https;
mod import;
mod live;
mod people;
mod race;
mod runtime_api;
mod sizes;
mod stand_in;
mod table;
mod warm;

use std::process::ExitCode;
use table::Table;

/// A bench: its name, and what measures it.
type Bench = (&'static str, fn(&mut Table));

const BENCHES: [Bench; 6] = [
    // First, while the database is as empty as the raw inserts it is compared with find it.
    ("import", import::measure),
    ("cold", cold::measure),
    ("https", https::measure),
    ("warm", warm::measure),
    ("examined", examined::measure),
    ("race", race::measure),
];

fn main() -> ExitCode {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let unknown: Vec<&String> =
        names.iter().filter(|name| !BENCHES.iter().any(|bench| bench.0 == *name)).collect();
    if !unknown.is_empty() {
        println!("no such bench: {unknown:?}; there are {:?}", BENCHES.map(|bench| bench.0));
        return ExitCode::from(2);
    }
    let mut table = Table::default();
    for (name, measure) in BENCHES {
        if names.is_empty() || names.iter().any(|wanted| wanted == name) {
            measure(&mut table);
            table.print_new();
        }
    }
    if table.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
