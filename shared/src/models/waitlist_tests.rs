use crate::models::{examples, *};
use proptest::prelude::*;

const NOW: Instant = Instant::from_seconds(1_796_000_000);

fn id<K: Kind>(number: u128) -> Id<K> {
    Id::from_parts(Instant::from_seconds(1_000), number)
}

fn slot(number: u128, start: Instant) -> Slot {
    let slot = examples::slot(start, fee());
    Slot {
        id: id(number),
        doctor: DoctorRef { id: id(2), ..slot.doctor },
        end: start.plus_seconds(1800),
        wanted: true,
        ..slot
    }
}

fn fee() -> Money {
    Money::new(50_000, Currency::INR).unwrap()
}

fn entry(days: i64) -> WaitEntry {
    let day = Zone::default().day(NOW);
    WaitEntry {
        id: id(7),
        version: 1,
        patient: Waiting { id: id(3), name: Name::parse("Asha Rao").unwrap() },
        account_id: id(4),
        wanted: Wanted::DoctorId(id(2)),
        from: day,
        to: day.plus_days(days),
        during: Span { start: NOW, end: NOW.plus_seconds(days * 24 * 3600) }.into(),
        status: WaitStatus::Waiting,
        offer: None,
        passed: Vec::new(),
        appointment_id: None,
        created_at: NOW,
    }
}

proptest! {
    /// One offer at a time, each slot once, never for less than its quarter of an hour, and none
    /// once it is over.
    #[test]
    fn an_offer_is_one_at_a_time_and_once(
        steps in prop::collection::vec((0..5_u8, 0..3_u128, 0..1200_i64), 1..40),
    ) {
        let (mut at, mut now, mut drawn) = (entry(2), NOW, 100);
        let mut seen: Vec<SlotId> = Vec::new();
        for (what, number, seconds) in steps {
            now = now.plus_seconds(seconds);
            drawn += 1;
            let slot = slot(number, NOW.plus_seconds(3600 * 6));
            let before = at.clone();
            let next = match what {
                0 | 1 => at.offers(&slot, id(drawn), now),
                2 => at.passes(now),
                3 => at.booked(now),
                _ if seconds < 30 => at.withdrawn(),
                _ => None,
            };
            let Some(next) = next else { continue };
            prop_assert_eq!(next.version, before.version + 1);
            prop_assert_eq!(before.status, WaitStatus::Waiting, "what is ended stays so");
            match what {
                0 | 1 => {
                    prop_assert!(before.offer.is_none() && !seen.contains(&slot.id));
                    let until = next.offer.as_ref().unwrap().until;
                    prop_assert_eq!(until, now.plus_seconds(WaitEntry::OFFER_SECONDS));
                    prop_assert!(until < slot.start);
                    seen.push(slot.id);
                }
                2 => prop_assert!(before.offered(now).is_none() && next.offer.is_none()),
                3 => prop_assert_eq!(
                    &next.appointment_id,
                    &before.offered(now).map(|offer| offer.appointment_id.clone())
                ),
                _ => prop_assert!(next.offered(now).is_none()),
            }
            at = next;
        }
    }

    /// A slot that is kept reads as held, and what it is kept for finds it open.
    #[test]
    fn a_kept_slot_is_nobodys_until_its_time_is_over(ago in 0..600_i64, swept in any::<bool>()) {
        let given_back = NOW.plus_seconds(-ago);
        let until = given_back.plus_seconds(Slot::KEEP_SECONDS);
        let mut one = slot(1, NOW.plus_seconds(36_000));
        if swept {
            one.kept_until = Some(until);
        } else {
            one.status = SlotStatus::Held;
            one.hold_expires_at = Some(given_back);
            one.appointment_id = Some(id(5));
        }
        let kept = NOW < until;
        prop_assert_eq!(one.status(NOW), if kept { SlotStatus::Held } else { SlotStatus::Open });
        prop_assert_eq!(one.is_untouched(NOW), !kept);
        if !swept {
            prop_assert_eq!(one.kept_for(&id(5)).status(NOW), SlotStatus::Open);
            one.wanted = false;
            prop_assert_eq!(one.status(NOW), SlotStatus::Open, "nobody waits");
        }
    }
}
