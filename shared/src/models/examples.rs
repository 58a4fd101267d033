//! What the tests of the models begin with: a slot, a patient, a booking.

use super::*;

/// An open slot of an hour's quarter.
pub(crate) fn slot(start: Instant, fee: Money) -> Slot {
    Slot {
        id: Id::derived(1),
        doctor: DoctorRef {
            id: Id::derived(2),
            name: Name::parse("Dr Meera Iyer").unwrap(),
            speciality: Speciality::parse("Cardiology").unwrap(),
        },
        start,
        end: start.plus_seconds(900),
        day: Zone::default().day(start),
        night_of: None,
        fee,
        terms: FeeTerms::default(),
        status: SlotStatus::Open,
        hold_expires_at: None,
        appointment_id: None,
        withdrawn: false,
        leaves: Vec::new(),
        wanted: false,
        kept_until: None,
        opens_at: None,
        closes_at: None,
        capacity: Capacity::default(),
        seats: Vec::new(),
    }
}

pub(crate) fn patient() -> Patient {
    Patient {
        id: Id::derived(3),
        account_id: Id::derived(4),
        name: Name::parse("Asha Rao").unwrap(),
        email: Email::parse("asha@example.com").unwrap(),
        mobile: Mobile::parse("9876543210").unwrap(),
        identifier: Identifier::parse("MRN-1").unwrap(),
        date_of_birth: None,
        status: AccountStatus::Active,
        created_at: Instant::from_seconds(0),
        imported: None,
    }
}

/// A booking of this slot for a consultation, held for ten minutes.
pub(crate) fn booking(slot: &Slot) -> Booking {
    Booking {
        id: Id::derived(5),
        effect: Id::derived(6),
        reason: None,
        quote: slot.quote(VisitType::Consultation, &[], slot.start).unwrap(),
        policy: CancellationPolicy::default(),
        offer: Offer {
            rules: BookingRules::default(),
            holidays: Holidays::default(),
            zone: Zone::default(),
        },
        hold_seconds: 600,
    }
}
