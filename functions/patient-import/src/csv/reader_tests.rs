//! Files as they come, in pieces of any size.

use super::*;
use proptest::prelude::*;

type Rows = Vec<(u64, Vec<String>)>;

/// Reads a file given in pieces of this size.
fn read(file: &[u8], piece: usize) -> Result<Rows, Problem> {
    let mut pieces = file.chunks(piece.max(1));
    let mut reader = CsvReader::default();
    let mut rows = Rows::new();
    loop {
        match reader.advance()? {
            Step::Record => {
                let record = reader.record()?;
                assert_eq!(record.fields().count(), record.field_count());
                rows.push((record.line, record.fields().map(str::to_owned).collect()));
            }
            Step::More => reader.feed(pieces.next().map(Bytes::copy_from_slice))?,
            Step::End => return Ok(rows),
        }
    }
}

fn rows(expected: &[(u64, &[&str])]) -> Rows {
    let own = |fields: &[&str]| fields.iter().map(|field| (*field).to_owned()).collect();
    expected.iter().map(|(line, fields)| (*line, own(fields))).collect()
}

#[test]
fn records_know_their_lines_whatever_the_pieces() {
    let file = b"\xef\xbb\xbfa,b\r\n\r\n1,\"x\r\ny\"\r\n2,\"he said \"\"hi\"\"\"\n\n\n3,z";
    let expected = rows(&[
        (1, &["a", "b"]),
        (3, &["1", "x\r\ny"]),
        (5, &["2", "he said \"hi\""]),
        (8, &["3", "z"]),
    ]);
    for piece in 1..=file.len() {
        assert_eq!(read(file, piece).unwrap(), expected, "pieces of {piece}");
    }
}

#[test]
fn old_line_ends_and_excels_first_line() {
    let expected = rows(&[(1, &["a", "b"]), (2, &["1", "2"])]);
    for (file, piece) in [&b"a;b\r1;2\r"[..], b"a;b\r\n1;2\r\n"]
        .into_iter()
        .flat_map(|file| (1..9).map(move |piece| (file, piece)))
    {
        assert_eq!(read(file, piece).unwrap(), expected, "pieces of {piece}");
    }
    let expected = rows(&[(2, &["a", "b"]), (3, &["1", "2"])]);
    for piece in 1..20 {
        assert_eq!(read(b"sep=;\r\na;b\r\n1;2", piece).unwrap(), expected, "pieces of {piece}");
    }
}

#[test]
fn what_cannot_be_read_is_said() {
    let long = [b"a,b\n1,\"".as_slice(), &vec![b'x'; 70_000]].concat();
    for (file, problem) in [
        (&b""[..], Problem::Empty),
        (b"a,b\n1,2\n3,\"open\n4,5\n", Problem::OpenQuote { line: 3 }),
        (b"a,b\n1,2\n3,caf\xe9\n", Problem::NotUtf8 { line: 3 }),
        (b"\xff\xfea\0,\0b\0\n\0\x01\xd8,\0", Problem::BrokenUtf16),
        (b"a,b\n\xc3,\xa9\n", Problem::NotUtf8 { line: 2 }),
        (b"a,b\n1,\0\n", Problem::ZeroBytes),
        (&long, Problem::RowTooLong { line: 2 }),
        (&vec![b'x'; 70_000], Problem::RowTooLong { line: 1 }),
    ] {
        for piece in [1, 1000, 1 << 20].into_iter().filter(|piece| file.len() / piece < 100) {
            assert_eq!(read(file, piece), Err(problem.clone()), "pieces of {piece}");
        }
    }
    assert_eq!(read(b"a,b\n3,5\" pipe", 4).unwrap().len(), 2);
}

#[test]
fn utf16_is_read_like_utf8() {
    let text = "a;b\r\n1;\"Ren\u{e9} \u{1f600}\"\r\n";
    let expected = rows(&[(1, &["a", "b"]), (2, &["1", "Ren\u{e9} \u{1f600}"])]);
    for mark in ["\u{feff}", ""] {
        let marked = format!("{mark}{text}");
        let little: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = marked.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for piece in 1..20 {
            assert_eq!(read(&little, piece).unwrap(), expected, "pieces of {piece}");
            assert_eq!(read(&big, piece).unwrap(), expected, "pieces of {piece}");
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_read_the_same_in_any_pieces(
        file in proptest::collection::vec(prop_oneof![4 => any::<u8>(), 6 => proptest::sample::select(b",;\t\"\r\na1".to_vec())], 0..300),
        piece in 1_usize..40,
    ) {
        // Of two faults the one met first is told, which depends on the pieces.
        prop_assert_eq!(read(&file, piece).ok(), read(&file, 1 << 20).ok());
    }

    #[test]
    fn what_is_quoted_by_the_rules_comes_back(
        fields in proptest::collection::vec(proptest::collection::vec("[ -~é\r\n]{0,8}", 2), 1..20),
        piece in 1_usize..40,
    ) {
        let quoted = |field: &String| format!("\"{}\"", field.replace('"', "\"\""));
        let line = |fields: &Vec<String>| fields.iter().map(quoted).collect::<Vec<_>>().join(",");
        let file = format!("a,b\r\n{}\r\n", fields.iter().map(line).collect::<Vec<_>>().join("\r\n"));
        let read: Vec<Vec<String>> =
            read(file.as_bytes(), piece).unwrap().into_iter().skip(1).map(|(_, fields)| fields).collect();
        prop_assert_eq!(read, fields);
    }
}
