//! Neither a list nor a booking reads a document in vain, however many there are.

use tests::{
    examined::{Documents, booking, doctors, listings},
    world::World,
};

#[tokio::test]
async fn no_list_reads_a_document_in_vain_of_a_thousand_or_of_a_hundred_thousand() {
    let world = World::with_instances(1).await;
    let listings = listings(&world).await;
    assert!(listings.len() > 60, "{}", listings.len());
    for many in [1_000, 100_000] {
        let documents = Documents::of(&world, many);
        let (mut found, mut vain) = (0, Vec::new());
        for listing in &listings {
            let (wanted, read) = listing.counts(&documents);
            found += wanted;
            if read != wanted {
                vain.push(format!(
                    "{}: {read} read for {wanted}: {:?}",
                    listing.asked, listing.leaves
                ));
            }
        }
        assert!(found > 500, "the lists list something: {found}");
        assert!(vain.is_empty(), "of {many}: {vain:#?}");
    }
}

#[tokio::test]
async fn of_all_doctors_only_those_of_the_speciality_are_read() {
    let world = World::with_instances(1).await;
    let listing = doctors(&world).await;
    let (wanted, read) = listing.counts(&Documents::of(&world, 1_000));
    assert!((1..20).contains(&wanted), "{wanted} of {listing:?}");
    assert_eq!(read, wanted, "{listing:?}");
}

#[tokio::test]
async fn a_booking_reads_only_what_it_finds() {
    let world = World::with_instances(1).await;
    let finds = booking(&world).await;
    assert!(finds.len() >= 3, "slot and patient, and the slot again: {finds:?}");
    assert!(finds.iter().all(|(_, exact)| *exact), "{finds:?}");
}
