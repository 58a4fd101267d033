//! The secrets of hospitals' own accounts: sealed here, opened here, and for nothing else.

use super::{Keys, WebhookSecrets};
use crate::{
    auth::{SealingFailed, SealingKey, SealingNonce},
    models::{Instant, KeptSecret, PaymentAccount, PaymentAccountId, PlainSecret, Sealed},
    outbound::{Error, Result, Service},
};

/// Seals and opens what hospitals hand in.
#[derive(Debug, Clone)]
pub struct AccountVault(SealingKey);

/// What a secret of an account is for; it opens for nothing else.
const KEY: &str = "key";
const WEBHOOK: &str = "webhook";

impl AccountVault {
    /// A vault with this key.
    pub const fn new(sealing: SealingKey) -> Self {
        Self(sealing)
    }

    /// The keys of an account.
    pub(super) fn keys(&self, account: &PaymentAccount) -> Result<Keys> {
        let secret = self.open(&account.id, KEY, &account.key_secret.sealed)?;
        Ok(Keys { id: account.key_id.as_str().to_owned(), secret, previous: None })
    }

    /// Seals the secret half of an account's key.
    pub fn seal_key(
        &self,
        account: &PaymentAccountId,
        secret: &PlainSecret,
        nonce: SealingNonce,
    ) -> std::result::Result<KeptSecret, SealingFailed> {
        self.seal(account, KEY, secret, nonce)
    }

    /// Seals the secret of an account's webhooks.
    pub fn seal_webhook(
        &self,
        account: &PaymentAccountId,
        secret: &PlainSecret,
        nonce: SealingNonce,
    ) -> std::result::Result<KeptSecret, SealingFailed> {
        self.seal(account, WEBHOOK, secret, nonce)
    }

    /// Whether this is the secret an account's webhooks are signed with.
    pub fn is_webhook_secret(&self, account: &PaymentAccount, secret: &PlainSecret) -> bool {
        let kept = self.open(&account.id, WEBHOOK, &account.webhook_secret.sealed);
        kept.is_ok_and(|kept| kept == secret.expose())
    }

    /// What an account's webhooks may be signed with at this instant.
    pub fn webhook_secrets(
        &self,
        account: &PaymentAccount,
        now: Instant,
    ) -> Result<WebhookSecrets> {
        let current = self.open(&account.id, WEBHOOK, &account.webhook_secret.sealed)?;
        let previous = account.still_taken(now);
        let previous =
            previous.map(|sealed| self.open(&account.id, WEBHOOK, sealed)).transpose()?;
        WebhookSecrets::new(current, previous)
            .ok_or_else(|| Error::unavailable(Service::Razorpay, "a webhook's secret is empty"))
    }

    /// The account with what was sealed under the secret before sealed under the current one;
    /// `None` if nothing was.
    pub fn resealed(
        &self,
        account: &PaymentAccount,
        [one, two, three]: [SealingNonce; 3],
    ) -> std::result::Result<Option<PaymentAccount>, SealingFailed> {
        let mut next = account.clone();
        let place = |purpose| [account.id.as_str(), purpose];
        let mut secrets = vec![
            (KEY, &mut next.key_secret.sealed, one),
            (WEBHOOK, &mut next.webhook_secret.sealed, two),
        ];
        let replaced = next.previous_webhook_secret.as_mut();
        secrets.extend(replaced.map(|replaced| (WEBHOOK, &mut replaced.sealed, three)));
        let mut changed = false;
        for (purpose, sealed, nonce) in secrets {
            if let Some(again) = self.0.reseal(&place(purpose), sealed, nonce)? {
                (*sealed, changed) = (again, true);
            }
        }
        Ok(changed.then_some(next))
    }

    fn seal(
        &self,
        account: &PaymentAccountId,
        purpose: &str,
        secret: &PlainSecret,
        nonce: SealingNonce,
    ) -> std::result::Result<KeptSecret, SealingFailed> {
        let place = [account.as_str(), purpose];
        let sealed = self.0.seal(&place, secret.expose(), nonce)?;
        Ok(KeptSecret { sealed, hint: secret.hint() })
    }

    fn open(&self, account: &PaymentAccountId, purpose: &str, sealed: &Sealed) -> Result<String> {
        let shut = || Error::unavailable(Service::Razorpay, "an account's secret does not open");
        self.0.open(&[account.as_str(), purpose], sealed).ok_or_else(shut)
    }
}
