//! The first line of a file: whether it is a list, and what separates its fields.

use crate::problem::Problem;

/// What is known from the first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Opening {
    /// Bytes before the header: a byte order mark, Excel's `sep=` line.
    pub(super) skip: usize,
    /// Lines in those bytes.
    pub(super) lines: u64,
    /// What separates the fields.
    pub(super) delimiter: u8,
}

/// Texts that are no lists.
const OTHERS: [(u8, Problem); 2] =
    [(b'{', Problem::OtherKind("JSON or RTF")), (b'<', Problem::OtherKind("HTML or XML"))];
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Judges the file by the beginning of its text, which holds its first line whole.
pub(super) fn judge(head: &[u8]) -> Result<Opening, Problem> {
    let mark = if head.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    let text = head.get(mark..).unwrap_or_default();
    let blank = text.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let line: &[u8] = text.get(blank..).unwrap_or_default();
    let length = line.iter().take_while(|byte| !matches!(byte, b'\r' | b'\n')).count();
    let line = line.get(..length).unwrap_or_default();
    let other = OTHERS.iter().find(|(first, _)| line.trim_ascii_start().first() == Some(first));
    if let Some((_, problem)) = other {
        return Err(problem.clone());
    }
    if let Some(delimiter) = named_by_excel(line) {
        let lines = line_ends(text.get(..blank).unwrap_or_default());
        // The line's own end is left to the reader, which counts it.
        return Ok(Opening { skip: mark + blank + length, lines, delimiter });
    }
    Ok(Opening { skip: mark, lines: 0, delimiter: most_frequent(line) })
}

/// Excel writes `sep=;` before the header of some files.
fn named_by_excel(line: &[u8]) -> Option<u8> {
    match line {
        [s, e, p, b'=', delimiter @ (b',' | b';' | b'\t')]
            if [*s, *e, *p].eq_ignore_ascii_case(b"sep") =>
        {
            Some(*delimiter)
        }
        _ => None,
    }
}

/// Headers hold no separators in quotes, so counting is enough; comma where there is none.
fn most_frequent(line: &[u8]) -> u8 {
    let count = |delimiter: u8| line.split(|byte| *byte == delimiter).count();
    let by_count = [b'\t', b';', b','].into_iter().max_by_key(|delimiter| count(*delimiter));
    by_count.unwrap_or(b',')
}

fn line_ends(bytes: &[u8]) -> u64 {
    let mut last = 0;
    let mut lines = 0;
    for byte in bytes {
        lines += u64::from(*byte == b'\r' || (*byte == b'\n' && last != b'\r'));
        last = *byte;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_tells_the_delimiter() {
        for (head, delimiter) in [
            ("name,email", b','),
            ("name;email,x;mobile", b';'),
            ("name\temail", b'\t'),
            ("name", b','),
        ] {
            assert_eq!(judge(head.as_bytes()).unwrap().delimiter, delimiter, "{head}");
        }
        let excel = judge(b"\xef\xbb\xbf\r\n\nsep=;\r\nname;email").unwrap();
        assert_eq!(excel, Opening { skip: 11, lines: 2, delimiter: b';' });
    }

    #[test]
    fn texts_that_are_no_lists_are_told_what_they_are() {
        for head in ["{\"name\"", "\u{feff}\r\n <html>", "<?xml"] {
            assert_eq!(judge(head.as_bytes()).unwrap_err().code(), "NOT_CSV", "{head}");
        }
    }
}
