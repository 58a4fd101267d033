//! What a file is, by its first bytes.

use super::Encoding;
use crate::problem::Problem;

/// As many first bytes as tell.
pub(super) const TELLING: usize = 8;

/// Kinds of files that are no text.
const OTHERS: [(&[u8], Problem); 16] = [
    (b"PK\x03\x04", Problem::Workbook),
    (b"PK\x05\x06", Problem::Workbook),
    (b"PK\x07\x08", Problem::Workbook),
    (b"\xd0\xcf\x11\xe0", Problem::Workbook),
    (b"%PDF", Problem::OtherKind("a PDF")),
    (b"\x1f\x8b", Problem::OtherKind("a gzip archive")),
    (b"Rar!", Problem::OtherKind("a RAR archive")),
    (b"7z\xbc\xaf", Problem::OtherKind("a 7-Zip archive")),
    (b"BZh", Problem::OtherKind("a bzip2 archive")),
    (b"\xfd7zXZ", Problem::OtherKind("an XZ archive")),
    (b"\x89PNG", Problem::OtherKind("an image")),
    (b"\xff\xd8\xff", Problem::OtherKind("an image")),
    (b"PAR1", Problem::OtherKind("a Parquet file")),
    (b"SQLite f", Problem::OtherKind("a database")),
    (b"\xff\xfe\x00\x00", Problem::OtherKind("text in UTF-32")),
    (b"\x00\x00\xfe\xff", Problem::OtherKind("text in UTF-32")),
];

/// The encoding that the first bytes speak for; a kind of file that is no text is refused by its
/// name. UTF-16 without a byte order mark shows in the header: every other byte of Latin text is
/// zero.
pub(super) fn encoding(start: &[u8]) -> Result<Encoding, Problem> {
    if let Some((_, problem)) = OTHERS.iter().find(|(first, _)| start.starts_with(first)) {
        return Err(problem.clone());
    }
    match start {
        [0xff, 0xfe, ..] => Ok(Encoding::Utf16Le),
        [0xfe, 0xff, ..] => Ok(Encoding::Utf16Be),
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => Ok(Encoding::Utf16Le),
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => Ok(Encoding::Utf16Be),
        _ => Ok(Encoding::Utf8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_files_are_told_what_they_are() {
        for (start, code) in [
            (&b"PK\x03\x04\x14\0"[..], "WORKBOOK"),
            (b"PK\x05\x06", "WORKBOOK"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1", "WORKBOOK"),
            (b"%PDF-1.7", "NOT_CSV"),
            (b"\x1f\x8b\x08", "NOT_CSV"),
            (b"\xff\xfe\0\0n\0\0\0", "NOT_CSV"),
        ] {
            assert_eq!(encoding(start).unwrap_err().code(), code, "{start:?}");
        }
    }

    #[test]
    fn utf16_is_known_by_its_mark_or_its_zeros() {
        for (start, expected) in [
            (&b"\xff\xfen\0a\0"[..], Encoding::Utf16Le),
            (b"\xfe\xff\0n\0a", Encoding::Utf16Be),
            (b"n\0a\0m\0", Encoding::Utf16Le),
            (b"\0n\0a\0m", Encoding::Utf16Be),
            (b"\xef\xbb\xbfname", Encoding::Utf8),
            (b"name", Encoding::Utf8),
            (b"n\0\0\0", Encoding::Utf8),
            (b"", Encoding::Utf8),
        ] {
            assert_eq!(encoding(start), Ok(expected), "{start:?}");
        }
    }
}
