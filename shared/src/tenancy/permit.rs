//! The table of permits: what can be done, by which roles, and what a read with it shows.

use crate::models::{Listed, Role};

/// Something that may be done. A handler names it in its signature: `Grant<BookSlot>`.
pub trait Permit: Send + Sync + 'static {
    /// Its name, as in the table.
    const NAME: &'static str;
    /// Who may.
    const ROLES: &'static [Role];
    /// What a read with it shows of people, and with that whether it is in the audit trail; every
    /// change is.
    const SHOWS: Shows;
}

/// What a read shows of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// Nothing of anybody.
    Nothing,
    /// One person, or what is the caller's own.
    Oneself,
    /// People of the hospital.
    People,
    /// Appointments.
    Appointments,
}

impl Shows {
    /// What a list of it lists, for those who may stand on it.
    pub const fn listed(self) -> Option<Listed> {
        match self {
            Self::Nothing | Self::Oneself => None,
            Self::People => Some(Listed::People),
            Self::Appointments => Some(Listed::Appointments),
        }
    }
}

macro_rules! permits {
    ($($(#[$doc:meta])* $name:ident: $($role:ident)+ => $shows:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub enum $name {}
            impl Permit for $name {
                const NAME: &'static str = stringify!($name);
                const ROLES: &'static [Role] = &[$(Role::$role),+];
                const SHOWS: Shows = Shows::$shows;
            }
        )*
        /// Every permit with its roles, for the documentation and the tests.
        pub const PERMITS: &[(&str, &[Role])] = &[$(($name::NAME, $name::ROLES)),*];
    };
}

permits! {
    /// Make hospitals, and see all of them.
    ManageHospitals: Admin => Nothing;
    /// Enter a patient or a doctor.
    CreatePeople: Admin Hospital => People;
    /// See the own hospital.
    ReadHospital: Hospital Doctor Patient => Nothing;
    /// Change the own hospital's name and settings.
    ChangeHospital: Hospital => Nothing;
    /// See, change, block and remove people.
    ManagePeople: Hospital => People;
    /// See and change oneself.
    UseOwnAccount: Admin Hospital Doctor Patient => Oneself;
    /// See the patients one acts for.
    ReadOwnPatients: Patient => Oneself;
    /// The doctor's list of patients.
    ReadPatientList: Doctor => People;
    /// See patients.
    ReadPatients: Hospital Doctor => People;
    /// Change patients.
    ChangePatients: Hospital => People;
    /// Upload files of patients, and follow them.
    ImportPatients: Hospital => Nothing;
    /// See doctors and slots.
    ReadSlots: Hospital Doctor Patient => Nothing;
    /// Ask what a visit costs a patient.
    QuoteFee: Hospital Doctor Patient => Oneself;
    /// Publish and withdraw slots.
    PublishSlots: Hospital Doctor => Nothing;
    /// Take leave, or have a doctor on leave.
    TakeLeave: Hospital Doctor => Appointments;
    /// Book a slot.
    BookSlot: Patient => Oneself;
    /// Wait for a slot, and leave the list.
    JoinWaitlist: Patient => Oneself;
    /// See who waits.
    ReadWaitlist: Hospital Patient => Appointments;
    /// Call an appointment off, or ask what that gives back.
    CancelAppointment: Hospital Doctor Patient => Appointments;
    /// Move an appointment to another slot, or ask what that costs.
    RescheduleAppointment: Hospital Doctor Patient => Appointments;
    /// Today's and upcoming appointments.
    ReadOwnAppointments: Doctor Patient => Appointments;
    /// See appointments.
    ReadAppointments: Hospital Doctor Patient => Appointments;
    /// See the audit trail, and check it.
    ReadAudit: Hospital => Oneself;
    /// See who was at one's data.
    ReadAccessLog: Patient => Oneself;
    /// Make an order and verify its payment.
    PayAppointment: Hospital Patient => Appointments;
    /// See the receipts for what was paid.
    ReadReceipts: Hospital Patient => Appointments;
    /// Take money at the desk, hand it back there, and make payment links.
    TakePayments: Hospital => Appointments;
    /// Note who is there, who was seen and who did not come, and take that back.
    NoteVisit: Hospital Doctor => Appointments;
    /// Give numbers to those who walk in, and call them.
    RunQueue: Hospital Doctor => Appointments;
    /// See the ledger.
    ReadLedger: Hospital => Appointments;
    /// Compare the books with Razorpay's, and see what differed.
    Reconcile: Hospital => Appointments;
    /// Hand in and leave the hospital's own account at Razorpay.
    ManagePaymentAccount: Hospital => Nothing;
}
