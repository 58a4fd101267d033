//! Which account at Razorpay: the platform's, or one of the hospital's own.

use super::{AccountVault, Keys, Razorpay};
use crate::{
    models::{PaymentAccount, PaymentAccountId, PlainSecret},
    outbound::{Error, Result, Service},
};

/// The platform's account, and the keys to the hospitals'.
#[derive(Debug, Clone)]
pub struct Merchants {
    platform: Razorpay,
    vault: AccountVault,
}

impl Merchants {
    /// The platform's account, and the vault with the keys of others.
    pub const fn new(platform: Razorpay, vault: AccountVault) -> Self {
        Self { platform, vault }
    }

    /// What the keys of hospitals are kept in.
    pub const fn vault(&self) -> &AccountVault {
        &self.vault
    }

    /// The accounts one hospital may use, as they are stored.
    pub const fn of<'a>(&'a self, stored: &'a [PaymentAccount]) -> HospitalMerchants<'a> {
        HospitalMerchants { merchants: self, stored }
    }

    /// An account with keys that are not stored yet.
    pub fn trying(&self, id: &str, secret: &PlainSecret) -> Razorpay {
        let (id, secret) = (id.to_owned(), secret.expose().to_owned());
        self.platform.with_keys(Keys { id, secret, previous: None })
    }
}

/// The accounts one hospital may use.
#[derive(Debug, Clone, Copy)]
pub struct HospitalMerchants<'a> {
    merchants: &'a Merchants,
    stored: &'a [PaymentAccount],
}

impl HospitalMerchants<'_> {
    /// The account new orders go to: its id if it is the hospital's own, and the client for it.
    pub fn current(&self) -> Result<(Option<PaymentAccountId>, Razorpay)> {
        let own = self.stored.iter().find(|account| account.current);
        let id = own.map(|account| account.id.clone());
        Ok((id.clone(), self.with(id.as_ref())?))
    }

    /// The account with this id; the platform's where there is none.
    pub fn with(&self, id: Option<&PaymentAccountId>) -> Result<Razorpay> {
        let Some(id) = id else {
            return Ok(self.merchants.platform.clone());
        };
        let gone = || Error::unavailable(Service::Razorpay, "an order's account is gone");
        let account = self.stored.iter().find(|account| account.id == *id).ok_or_else(gone)?;
        Ok(self.merchants.platform.with_keys(self.merchants.vault.keys(account)?))
    }
}
