//! How many documents the server reads for a list and for a booking.

use crate::table::{Bar, Figure, Table};
use tests::{
    examined::{Documents, booking, listings},
    world::World,
};
use tokio::runtime::Runtime;

/// Measures.
pub(crate) fn measure(table: &mut Table) {
    let runtime = Runtime::new().expect("there are threads");
    let (world, listings) = runtime.block_on(async {
        let world = World::with_instances(1).await;
        let listings = listings(&world).await;
        (world, listings)
    });
    for many in [1_000, 100_000] {
        let documents = Documents::of(&world, many);
        let counts = listings.iter().map(|listing| listing.counts(&documents));
        // What is read for nothing is without end; nothing for nothing is no number, and passed over.
        let ratios = counts.map(|(wanted, read)| read as f64 / wanted as f64);
        table.add(Figure {
            what: format!("documents read over returned, of {many} appointments"),
            measured: ratios.fold(0.0, f64::max),
            unit: "",
            bar: Bar::AtMost(1.0),
            reference: format!("the most of {} lists", listings.len()),
        });
    }
    let finds = runtime.block_on(booking(&world));
    assert!(!finds.is_empty(), "a booking finds something");
    table.add(Figure {
        what: "commands of book that read more than they find".to_owned(),
        measured: finds.iter().filter(|(_, exact)| !exact).count() as f64,
        unit: "",
        bar: Bar::AtMost(0.0),
        reference: finds.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(", "),
    });
}
