//! Encodings: whatever a file is written in, the rest of the import reads UTF-8.

use crate::problem::Problem;
use bytes::Bytes;
use serde::Serialize;

/// How a file's text is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Encoding {
    /// With a byte order mark or without.
    #[serde(rename = "UTF-8")]
    Utf8,
    /// The low byte first, as Windows writes "Unicode text".
    #[serde(rename = "UTF-16LE")]
    Utf16Le,
    /// The high byte first.
    #[serde(rename = "UTF-16BE")]
    Utf16Be,
    /// What Excel writes as "CSV" on a western Windows. Nothing in a file says so: it is what
    /// bytes that cannot be UTF-8 are read as, see [`Evidence`].
    #[serde(rename = "windows-1252")]
    Windows1252,
}

/// Makes UTF-8 of a file that comes in pieces.
pub(super) struct Decoder {
    encoding: Encoding,
    state: Option<encoding_rs::Decoder>,
}

/// Bytes that Windows-1252 gives no character.
const UNASSIGNED: [u8; 5] = [0x81, 0x8d, 0x8f, 0x90, 0x9d];

impl Decoder {
    pub(super) fn new(encoding: Encoding) -> Self {
        let table = match encoding {
            Encoding::Utf8 => None,
            Encoding::Utf16Le => Some(encoding_rs::UTF_16LE),
            Encoding::Utf16Be => Some(encoding_rs::UTF_16BE),
            Encoding::Windows1252 => Some(encoding_rs::WINDOWS_1252),
        };
        let state = table.map(encoding_rs::Encoding::new_decoder_without_bom_handling);
        Self { encoding, state }
    }

    pub(super) const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The text of the next bytes, as far as they hold whole characters. UTF-8 goes through as it
    /// is; whether it is any is asked record by record.
    pub(super) fn decode(&mut self, bytes: Bytes, last: bool) -> Result<Bytes, Problem> {
        let Some(state) = &mut self.state else {
            return Ok(bytes);
        };
        if self.encoding == Encoding::Windows1252
            && bytes.iter().any(|byte| UNASSIGNED.contains(byte))
        {
            return Err(Problem::UnknownEncoding);
        }
        let most = state.max_utf8_buffer_length_without_replacement(bytes.len());
        let mut text = vec![0; most.unwrap_or_default()];
        match state.decode_to_utf8_without_replacement(&bytes, &mut text, last) {
            (encoding_rs::DecoderResult::InputEmpty, _, written) => {
                text.truncate(written);
                Ok(text.into())
            }
            _ => Err(Problem::BrokenUtf16),
        }
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Decoder({:?})", self.encoding)
    }
}

/// What the bytes of a file speak for that names no encoding. Bytes beyond ASCII that make no
/// UTF-8 anywhere are Windows-1252: its letters stand alone between ASCII ones, which UTF-8
/// forbids. A file with both kinds was put together from two, and half of it would come out wrong
/// whichever way it is read.
#[derive(Debug, Default)]
pub struct Evidence {
    utf8: bool,
    other: Option<u64>,
}

impl Evidence {
    /// Looks at the bytes of a field on a line.
    pub fn see(&mut self, field: &[u8], line: u64) {
        if field.is_ascii() {
            return;
        }
        for chunk in field.utf8_chunks() {
            self.utf8 |= !chunk.valid().is_ascii();
            if !chunk.invalid().is_empty() {
                self.other.get_or_insert(line);
            }
        }
    }

    /// What it comes to.
    pub const fn encoding(&self) -> Result<Encoding, Problem> {
        match (self.utf8, self.other) {
            (_, None) => Ok(Encoding::Utf8),
            (false, Some(_)) => Ok(Encoding::Windows1252),
            (true, Some(line)) => Err(Problem::NotUtf8 { line }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn evidence(fields: &[&[u8]]) -> Result<Encoding, Problem> {
        let mut evidence = Evidence::default();
        (1..).zip(fields).for_each(|(line, field)| evidence.see(field, line));
        evidence.encoding()
    }

    #[test]
    fn bytes_speak_for_one_encoding_or_for_none() {
        assert_eq!(evidence(&[b"Asha"]), Ok(Encoding::Utf8));
        assert_eq!(evidence(&["Ren\u{e9}".as_bytes()]), Ok(Encoding::Utf8));
        assert_eq!(evidence(&[b"Asha", b"Ren\xe9"]), Ok(Encoding::Windows1252));
        let both = evidence(&["Ren\u{e9}".as_bytes(), b"Ren\xe9"]);
        assert_eq!(both, Err(Problem::NotUtf8 { line: 2 }));
        // A character cut off at the end of a field is no UTF-8 either.
        assert_eq!(evidence(&["Ren\u{e9}".as_bytes(), b"\xc3"]), Err(Problem::NotUtf8 { line: 2 }));
    }

    #[test]
    fn damaged_text_is_refused() {
        let decode = |encoding, bytes: &'static [u8]| {
            Decoder::new(encoding).decode(Bytes::from_static(bytes), true)
        };
        assert_eq!(decode(Encoding::Utf16Le, b"a\0\0\xd8b\0"), Err(Problem::BrokenUtf16));
        assert_eq!(decode(Encoding::Utf16Le, b"a\0b"), Err(Problem::BrokenUtf16));
        assert_eq!(decode(Encoding::Windows1252, b"a\x81"), Err(Problem::UnknownEncoding));
        assert_eq!(decode(Encoding::Windows1252, b"\x80\xe9").unwrap(), "€é".as_bytes());
    }

    proptest! {
        #[test]
        fn utf16_in_any_pieces_is_the_text_it_was(text in "\\PC{0,60}", piece in 1_usize..9) {
            let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            for (encoding, bytes) in [(Encoding::Utf16Le, little), (Encoding::Utf16Be, big)] {
                let mut decoder = Decoder::new(encoding);
                let mut read = Vec::new();
                for piece in bytes.chunks(piece) {
                    let piece = Bytes::copy_from_slice(piece);
                    read.extend_from_slice(&decoder.decode(piece, false).unwrap());
                }
                read.extend_from_slice(&decoder.decode(Bytes::new(), true).unwrap());
                prop_assert_eq!(String::from_utf8(read).unwrap(), text.clone());
            }
        }
    }
}
