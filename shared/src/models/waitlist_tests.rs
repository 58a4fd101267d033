use crate::models::{examples, *};
use proptest::prelude::*;
use std::collections::HashSet;

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

fn rules() -> Offer {
    Offer { rules: BookingRules::default(), holidays: Holidays::default(), zone: Zone::default() }
}

#[test]
fn what_cannot_be_offered_is_not_kept_and_of_a_group_a_seat_for_each() {
    let at = |hours: i64| NOW.plus_seconds(hours * 3600);
    let soon = slot(1, NOW.plus_seconds(WaitEntry::OFFER_SECONDS));
    let away = Slot { leaves: vec![id(1)], ..slot(2, at(1)) };
    let taken = Slot { status: SlotStatus::Booked, ..slot(3, at(2)) };
    let group = Slot { capacity: Capacity::new(2).unwrap(), ..slot(4, at(3)) };
    let (one, more) = (slot(5, at(4)), slot(6, at(5)));
    let wishes: Vec<WaitEntry> = (0..3)
        .map(|who| {
            let mut wish = entry(2);
            wish.patient.id = id(100 + who);
            wish
        })
        .collect();
    let opening = [soon, away, taken, group.clone(), one.clone(), more];
    let kept = to_keep(&opening, &wishes, &rules(), NOW);
    assert_eq!(kept, HashSet::from([group.id, one.id.clone()]));
    let closed = Holiday { date: one.day, name: Name::parse("Diwali").unwrap() };
    let rules = Offer { holidays: Holidays::new(vec![closed]).unwrap(), ..rules() };
    assert!(to_keep(std::slice::from_ref(&one), &wishes, &rules, NOW).is_empty());
    // Who let it pass is not offered it by another wish.
    let offered = wishes[0].offers(&one, &id(4), id(8), NOW).unwrap();
    let passed = offered.passes(at(2)).unwrap();
    let both = [passed, WaitEntry { id: id(8), ..wishes[0].clone() }];
    assert!(to_keep(&[one], &both, &self::rules(), at(2)).is_empty());
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
                0 | 1 => at.offers(&slot, &id(drawn), id(drawn), now),
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
                    prop_assert_eq!(&next.account_id, &id(drawn), "whoever acts for him now");
                    seen.push(slot.id);
                }
                2 => prop_assert!(before.offered(now).is_none() && next.offer.is_none()),
                3 => prop_assert_eq!(
                    &next.appointment_id,
                    &before.offered(now).map(|offer| offer.appointment_id.clone())
                ),
                _ => prop_assert!(next.offered(now).is_none()),
            }
            // What was offered is known, whatever became of it.
            let offer = next.offer.as_ref().map(|offer| &offer.slot_id);
            let known: Vec<&SlotId> = next.passed.iter().chain(offer).collect();
            prop_assert!(known.iter().copied().eq(&seen), "{known:?} of {seen:?}");
            at = next;
        }
    }

    /// However much opens, no more is kept than can be offered, and the first that fits is.
    #[test]
    fn of_what_opens_as_much_is_kept_as_can_be_offered(
        hours in prop::collection::btree_set(1..60_i64, 0..20),
        waiting in prop::collection::vec((0..5_u128, 1..4_i64, 0..3_u8), 0..12),
    ) {
        let starts = hours.iter().map(|hour| NOW.plus_seconds(hour * 3600));
        let opening: Vec<Slot> = starts.zip(10..).map(|(start, number)| slot(number, start)).collect();
        let wish = |&(who, days, offered): &(u128, i64, u8)| {
            let mut one = entry(days);
            one.patient.id = id(100 + who);
            let other = slot(9, NOW.plus_seconds(7200));
            if offered == 0 { one.offers(&other, &id(4), id(8), NOW).unwrap() } else { one }
        };
        let wishes: Vec<WaitEntry> = waiting.iter().map(wish).collect();
        let kept = to_keep(&opening, &wishes, &rules(), NOW);
        let offered: HashSet<&PatientId> = wishes
            .iter()
            .filter(|one| one.offer.is_some())
            .map(|one| &one.patient.id)
            .collect();
        let can: Vec<&WaitEntry> =
            wishes.iter().filter(|one| !offered.contains(&one.patient.id)).collect();
        let people: HashSet<&PatientId> = can.iter().map(|one| &one.patient.id).collect();
        prop_assert!(kept.len() <= people.len());
        let fit: Vec<&Slot> =
            opening.iter().filter(|slot| can.iter().any(|one| one.fits(slot))).collect();
        prop_assert!(kept.iter().all(|id| fit.iter().any(|slot| slot.id == *id)));
        prop_assert!(fit.first().is_none_or(|first| kept.contains(&first.id)));
        // All who wait to the end have one each, as long as there are as many.
        let all = opening.len().min(people.len());
        let to_the_end: Vec<WaitEntry> = wishes
            .iter()
            .map(|one| WaitEntry { during: entry(4).during, ..one.clone() })
            .collect();
        prop_assert_eq!(to_keep(&opening, &to_the_end, &rules(), NOW).len(), all);
        let mut new = opening;
        mark_new(&mut new, &wishes, &rules(), NOW);
        for slot in &new {
            prop_assert_eq!(slot.wanted, wishes.iter().any(|one| one.fits(slot)));
            prop_assert_eq!(slot.kept_until.is_some(), kept.contains(&slot.id));
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
