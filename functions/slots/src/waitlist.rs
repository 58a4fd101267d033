//! The waiting list: what its operations have in common.

pub(crate) mod accept;
pub(crate) mod join;
pub(crate) mod list;
pub(crate) mod offer;
pub(crate) mod withdraw;

use crate::Slots;
use serde::Serialize;
use shared::{
    models::{
        AccountId, AppointmentId, Day, DoctorRef, Instant, Money, Parse as _, SlotId, SlotOffer,
        Speciality, WAITLIST_LINK, WaitEntry, WaitId, WaitStatus, Waiting, Wanted,
    },
    store::HospitalStore,
    tenancy::Tenant,
    web::{Code, Error, LinkText, Result, Trail},
};
use utoipa::ToSchema;

/// Somebody on the waiting list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WaitView {
    id: WaitId,
    status: WaitStatus,
    patient: Waiting,
    /// Waits for this doctor.
    #[serde(skip_serializing_if = "Option::is_none")]
    doctor_id: Option<AccountId>,
    /// Waits for anybody of this field.
    #[serde(skip_serializing_if = "Option::is_none")]
    speciality: Option<Speciality>,
    /// From this day on.
    from: Day,
    /// Up to this day, it included.
    to: Day,
    /// What is offered at this moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    offer: Option<OfferedSlotView>,
    /// The appointment that came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    appointment_id: Option<AppointmentId>,
    #[schema(format = DateTime)]
    created_at: String,
}

/// A slot that is kept for somebody.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfferedSlotView {
    slot_id: SlotId,
    doctor: DoctorRef,
    /// With the hospital's offset.
    #[schema(format = DateTime)]
    start: String,
    /// With the hospital's offset.
    #[schema(format = DateTime)]
    end: String,
    fee: Money,
    /// Until when it is kept.
    #[schema(format = DateTime)]
    until: String,
}

impl OfferedSlotView {
    fn of(offer: &SlotOffer, tenant: &Tenant) -> Self {
        let shown = |at: Instant| tenant.zone().show(at);
        Self {
            slot_id: offer.slot_id.clone(),
            doctor: offer.doctor.clone(),
            start: shown(offer.start),
            end: shown(offer.end),
            fee: offer.fee,
            until: shown(offer.until),
        }
    }
}

impl WaitView {
    fn of(entry: WaitEntry, tenant: &Tenant, now: Instant) -> Self {
        let (status, offer) = (entry.status(now), entry.offered(now));
        let offer = offer.map(|offer| OfferedSlotView::of(offer, tenant));
        let (doctor_id, speciality) = match entry.wanted {
            Wanted::DoctorId(doctor) => (Some(doctor), None),
            Wanted::Speciality(speciality) => (None, Some(speciality)),
        };
        Self {
            id: entry.id,
            status,
            patient: entry.patient,
            doctor_id,
            speciality,
            from: entry.from,
            to: entry.to,
            offer,
            appointment_id: entry.appointment_id,
            created_at: tenant.zone().show(entry.created_at),
        }
    }
}

/// What a link gave: the hospital, who waits, and which offer it is about.
struct Opened {
    tenant: Tenant,
    store: HospitalStore,
    entry: WaitEntry,
    appointment: AppointmentId,
}

impl Opened {
    /// Opens a link, and notes in the trail that whoever has it is there.
    async fn of(slots: &Slots, trail: &Trail, link: &LinkText) -> Result<Self> {
        let link = slots.links.open(WAITLIST_LINK, &link.0).ok_or(Error::NotFound)?;
        let tenant = Tenant::of_link(&link);
        let (id, appointment) = link.about().split_once('/').ok_or(Error::NotFound)?;
        let id = WaitId::parse(id).map_err(|_| Error::NotFound)?;
        let appointment = AppointmentId::parse(appointment).map_err(|_| Error::NotFound)?;
        trail.serves("link", &tenant, &id);
        let store = slots.core.store.of(&tenant);
        let entry = store.waiting(&id).await?.ok_or(Error::NotFound)?;
        Ok(Self { tenant, store, entry, appointment })
    }

    /// What is offered, if it is what the link is about.
    fn offer(&self, now: Instant) -> Result<&SlotOffer> {
        let offer = self.entry.offered(now);
        offer.filter(|offer| offer.appointment_id == self.appointment).ok_or_else(over)
    }
}

/// The slot is not kept any more.
fn over() -> Error {
    let detail = "The slot is no longer kept for you. You stay on the list, unless you left it.";
    Error::conflict(Code::WaitlistOfferOver, detail)
}
