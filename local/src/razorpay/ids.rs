//! Ids and instants as Razorpay writes them.

use sha2::{Digest, Sha256};

/// The 62 characters Razorpay draws its ids from.
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Characters after the prefix of an id (`order_` + 14).
const LENGTH: usize = 14;

/// A new id: the prefix (`order_`, `pay_`, `rfnd_`, or nothing for an event) and 14 base-62
/// characters from the operating system's entropy, so that two runs over one state file never
/// meet.
pub(super) fn fresh(prefix: &str) -> String {
    let mut bytes = [0_u8; LENGTH];
    if getrandom::fill(&mut bytes).is_err() {
        // Without entropy the clock still tells two ids apart; this is a simulator, not a vault.
        let nanos = jiff::Timestamp::now().as_nanosecond().to_be_bytes();
        bytes.copy_from_slice(nanos.get(..LENGTH).unwrap_or(&[0; LENGTH]));
    }
    spell(prefix, &bytes)
}

/// An id that is always the same for the same seed: the account's id must outlive a restart.
pub(super) fn derived(prefix: &str, seed: &str) -> String {
    spell(prefix, &Sha256::digest(seed.as_bytes()))
}

fn spell(prefix: &str, bytes: &[u8]) -> String {
    let letters = bytes.iter().take(LENGTH).map(|byte| {
        let place = usize::from(*byte) % ALPHABET.len();
        ALPHABET.get(place).copied().map_or('0', char::from)
    });
    prefix.chars().chain(letters).collect()
}

/// Whether `id` has the prefix and only base-62 characters after it; what is not of this form
/// Razorpay calls "not a valid id", before it looks whether the id exists.
pub(super) fn well_formed(prefix: &str, id: &str) -> bool {
    id.strip_prefix(prefix).is_some_and(|rest| {
        rest.len() == LENGTH && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// Now, in the unix seconds of `created_at`.
pub(super) fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_razorpays_form_and_differ() {
        let id = fresh("order_");
        assert!(well_formed("order_", &id), "{id}");
        assert_ne!(id, fresh("order_"));
        assert!(!well_formed("pay_", &id));
        assert!(!well_formed("pay_", "pay_short"));
        assert!(!well_formed("pay_", "pay_0123456789AB|x"));
    }

    #[test]
    fn the_account_id_is_stable() {
        assert_eq!(derived("acc_", "rzp_test_a"), derived("acc_", "rzp_test_a"));
        assert_ne!(derived("acc_", "rzp_test_a"), derived("acc_", "rzp_test_b"));
    }
}
