//! The table of permits: what can be done, and by which roles.

use crate::models::Role;

/// Something that may be done. A handler names it in its signature: `Grant<BookSlot>`.
pub trait Permit: Send + Sync + 'static {
    /// Its name, as in the table.
    const NAME: &'static str;
    /// Who may.
    const ROLES: &'static [Role];
}

macro_rules! permits {
    ($($(#[$doc:meta])* $name:ident: $($role:ident)+;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub enum $name {}
            impl Permit for $name {
                const NAME: &'static str = stringify!($name);
                const ROLES: &'static [Role] = &[$(Role::$role),+];
            }
        )*
        /// Every permit with its roles, for the documentation and the tests.
        pub const PERMITS: &[(&str, &[Role])] = &[$(($name::NAME, $name::ROLES)),*];
    };
}

permits! {
    /// Make hospitals, and see all of them.
    ManageHospitals: Admin;
    /// Enter a patient or a doctor.
    CreatePeople: Admin Hospital;
    /// See the own hospital.
    ReadHospital: Hospital Doctor Patient;
    /// Change the own hospital's name and settings.
    ChangeHospital: Hospital;
    /// See, change, block and remove people.
    ManagePeople: Hospital;
    /// See and change oneself.
    UseOwnAccount: Admin Hospital Doctor Patient;
    /// See the patients one acts for.
    ReadOwnPatients: Patient;
    /// The doctor's list of patients.
    ReadPatientList: Doctor;
    /// See patients.
    ReadPatients: Hospital Doctor;
    /// Change patients.
    ChangePatients: Hospital;
    /// Upload files of patients, and follow them.
    ImportPatients: Hospital;
    /// See doctors and slots.
    ReadSlots: Hospital Doctor Patient;
    /// Publish and withdraw slots.
    PublishSlots: Hospital Doctor;
    /// Book a slot.
    BookSlot: Patient;
    /// Call an appointment off, or ask what that gives back.
    CancelAppointment: Hospital Doctor Patient;
    /// Today's and upcoming appointments.
    ReadOwnAppointments: Doctor Patient;
    /// See appointments.
    ReadAppointments: Hospital Doctor Patient;
    /// Make an order and verify its payment.
    PayAppointment: Hospital Patient;
}
