//! Random names. Nothing of a real deployment depends on these.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use data_encoding::{BASE32_NOPAD, HEXLOWER};

/// `N` bytes from the operating system.
fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Without entropy there is no working machine to run a stack on: zeros only repeat names.
    let _ = getrandom::fill(&mut bytes);
    bytes
}

/// A version 4 UUID, the form of AWS's request ids.
pub fn uuid() -> String {
    let mut raw: [u8; 16] = bytes();
    raw[6] = (raw[6] & 0x0f) | 0x40;
    raw[8] = (raw[8] & 0x3f) | 0x80;
    let hex = HEXLOWER.encode(&raw);
    let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
    parts.map(|(from, to)| hex.get(from..to).unwrap_or_default()).join("-")
}

/// API Gateway's request id: 16 characters.
pub fn gateway_id() -> String {
    STANDARD.encode(bytes::<12>())
}

/// An X-Ray trace header, unsampled.
pub fn trace(epoch_seconds: i64) -> String {
    let id = HEXLOWER.encode(&bytes::<12>());
    format!("Root=1-{epoch_seconds:08x}-{id}")
}

/// A secret of 256 bits.
pub fn secret() -> String {
    BASE32_NOPAD.encode(&bytes::<32>())
}

/// A password for a demonstration: 100 bits, easy to select with a double click.
pub fn password() -> String {
    let text = BASE32_NOPAD.encode(&bytes::<13>()).to_ascii_lowercase();
    format!("Mc{}", text.get(..20).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_their_shapes() {
        let id = uuid();
        assert_eq!((id.len(), &id[14..15]), (36, "4"));
        assert_eq!(gateway_id().len(), 16);
        assert_eq!(trace(0x6567).len(), 5 + 2 + 8 + 1 + 24);
        assert!(secret().len() >= 32);
        assert_ne!(password(), password());
    }
}
