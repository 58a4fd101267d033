use tests::{actor::text, world::World};

#[tokio::test]
async fn the_main_job() {
    let t = std::time::Instant::now();
    let world = World::new().await;
    eprintln!("world: {:?}", t.elapsed());
    let t = std::time::Instant::now();
    let slot = world.a.doctor.sets_slot("2030-12-03", "10:00").await;
    let appointment = world.a.patient.books(&slot).await;
    assert_eq!(text(&appointment, "/status"), "held");
    let verified = world.a.patient.pays(&appointment).await;
    assert_eq!(text(&verified, "/appointment/status"), "confirmed");
    world.books().check(world.clock().now().millis()).await;
    eprintln!("job: {:?}", t.elapsed());
    let t = std::time::Instant::now();
    let _w = World::new().await;
    eprintln!("world: {:?}", t.elapsed());
}
