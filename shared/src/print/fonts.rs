//! Letters: which font has one, how wide a line becomes, and where to break it.
//!
//! Names are written in any of India's scripts. Noto Sans has Latin, Greek, Cyrillic and the rupee
//! sign; each Indian script has a font of its own beside it, and needs shaping: its vowels move and
//! its consonants join. What no font has (emoji, other scripts) is an empty box in the PDF; the
//! HTML has it.

use krilla::text::{Font, GlyphId, KrillaGlyph};
use rustybuzz::{Face, UnicodeBuffer, ttf_parser::GlyphId as FaceGlyph};
use std::{ops::Range, sync::LazyLock};

/// The fonts, Latin first. They are in the binary: Lambda's image has none.
static FILES: [&[u8]; 10] = [
    include_bytes!("../../fonts/NotoSans-Regular.ttf"),
    include_bytes!("../../fonts/NotoSansDevanagari-Regular.ttf"),
    include_bytes!("../../fonts/NotoSansBengali-Regular.ttf"),
    include_bytes!("../../fonts/NotoSansGujarati-Regular.ttf"),
    include_bytes!("../../fonts/NotoSansGurmukhi-Regular.ttf"),
    include_bytes!("../../fonts/NotoSansKannada-Regular.ttf"),
    include_bytes!("../../fonts/NotoSansMalayalam-Regular.ttf"),
    include_bytes!("../../fonts/NotoSansOriya-Regular.ttf"),
    include_bytes!("../../fonts/NotoSansTamil-Regular.ttf"),
    include_bytes!("../../fonts/NotoSansTelugu-Regular.ttf"),
];

struct Typeface {
    face: Face<'static>,
    font: Font,
}

static TYPEFACES: LazyLock<Vec<Typeface>> = LazyLock::new(|| {
    let read = |file: &'static [u8]| {
        Some(Typeface { face: Face::from_slice(file, 0)?, font: Font::new(file.into(), 0)? })
    };
    FILES.iter().filter_map(|file| read(file)).collect()
});

impl Typeface {
    fn has(&self, letter: char) -> bool {
        self.face.glyph_index(letter).is_some_and(|glyph| glyph != FaceGlyph(0))
    }
}

/// A stretch of text in one font, shaped.
pub(super) struct Run {
    pub(super) font: Font,
    pub(super) text: String,
    pub(super) glyphs: Vec<KrillaGlyph>,
}

impl Run {
    /// Its width where a letter is one unit high.
    pub(super) fn width(&self) -> f32 {
        self.glyphs.iter().map(|glyph| glyph.x_advance).sum()
    }
}

/// A line of text as runs, each in the font that has its letters.
pub(super) fn runs(line: &str) -> Vec<Run> {
    let mut parts: Vec<(usize, String)> = Vec::new();
    for letter in line.chars() {
        let current = parts.last().map(|(font, _)| *font);
        let font = font_for(letter, current);
        match parts.last_mut() {
            Some((last, text)) if *last == font => text.push(letter),
            _ => parts.push((font, letter.to_string())),
        }
    }
    parts.into_iter().filter_map(|(font, text)| shaped(TYPEFACES.get(font)?, text)).collect()
}

/// A word of Latin is in the Latin font; anything else stays in the font it is in as long as that
/// has it, so that marks stay with their letters.
fn font_for(letter: char, current: Option<usize>) -> usize {
    let has = |index: &usize| TYPEFACES.get(*index).is_some_and(|font| font.has(letter));
    if letter.is_ascii_alphanumeric() {
        return 0;
    }
    current.filter(has).or_else(|| (0..TYPEFACES.len()).find(has)).unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "a font's units are some thousands")]
fn shaped(typeface: &Typeface, text: String) -> Option<Run> {
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(&text);
    buffer.guess_segment_properties();
    let shaped = rustybuzz::shape(&typeface.face, &[], buffer);
    let units = |value: i32| value as f32 / typeface.face.units_per_em() as f32;
    let infos = shaped.glyph_infos();
    let mut glyphs = Vec::with_capacity(infos.len());
    for (index, (info, place)) in infos.iter().zip(shaped.glyph_positions()).enumerate() {
        let later = infos.get(index..).unwrap_or_default();
        glyphs.push(KrillaGlyph::new(
            GlyphId::new(info.glyph_id),
            units(place.x_advance),
            units(place.x_offset),
            units(place.y_offset),
            units(place.y_advance),
            cluster(info.cluster, later, text.len())?,
            None,
        ));
    }
    Some(Run { font: typeface.font.clone(), text, glyphs })
}

/// The bytes a glyph stands for: up to where the next cluster begins. All our scripts run from
/// left to right.
fn cluster(start: u32, later: &[rustybuzz::GlyphInfo], end: usize) -> Option<Range<usize>> {
    let next = later.iter().map(|info| info.cluster).find(|cluster| *cluster != start);
    let end = next.map_or(Some(end), |next| usize::try_from(next).ok())?;
    Some(usize::try_from(start).ok()?..end)
}

fn width(line: &str) -> f32 {
    runs(line).iter().map(Run::width).sum()
}

/// A text in lines of at most this width, where a letter is one unit high: broken at spaces, and
/// within a word only where the word alone is too wide.
pub(super) fn lines(text: &str, most: f32) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut words: Vec<String> = text.split_whitespace().rev().map(str::to_owned).collect();
    while let Some(word) = words.pop() {
        let Some(line) = lines.last_mut() else { break };
        let longer = if line.is_empty() { word.clone() } else { format!("{line} {word}") };
        if width(&longer) <= most {
            *line = longer;
        } else if line.is_empty() {
            let fits = fitting(&word, most);
            *line = word.chars().take(fits).collect();
            let rest: String = word.chars().skip(fits).collect();
            lines.push(String::new());
            words.push(rest);
        } else {
            lines.push(String::new());
            words.push(word);
        }
    }
    lines.retain(|line| !line.is_empty());
    lines
}

/// How many of a word's letters fit, at least one.
fn fitting(word: &str, most: f32) -> usize {
    let length = word.chars().count();
    let fits = |count: &usize| width(&word.chars().take(*count).collect::<String>()) <= most;
    (1..length).rev().find(fits).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_font_is_read_and_every_script_has_one() {
        assert_eq!(TYPEFACES.len(), FILES.len());
        // Hindi, Bengali, Gujarati, Punjabi, Kannada, Malayalam, Odia, Tamil, Telugu; the rupee and minus.
        let names = "Ásha अनिल কল্যাণী અનિલ ਅਨਿਲ ಅನಿಲ್ അനിൽ ଅନିଲ அனில் అనిల్ ₹500.00 \u{2212}";
        for letter in names.chars() {
            let font = TYPEFACES.get(font_for(letter, None)).unwrap();
            assert!(font.has(letter), "{letter}");
        }
        let glyphs = runs(names).iter().flat_map(|run| run.glyphs.clone()).collect::<Vec<_>>();
        assert!(glyphs.iter().all(|glyph| glyph.glyph_id != GlyphId::new(0)));
    }

    #[test]
    fn indian_scripts_are_shaped() {
        // Three letters and a sign that makes two of them one: fewer glyphs than characters.
        let text = "क्ष";
        let shaped = runs(text);
        assert!(shaped[0].glyphs.len() < text.chars().count());
        assert_eq!(shaped[0].glyphs[0].text_range, 0..text.len());
    }

    #[test]
    fn lines_hold_all_words_and_none_is_too_wide() {
        let text = "Shri Venkateswara Institute of Medical Sciences and Research";
        let broken = lines(text, 8.0);
        assert!(broken.len() > 2 && broken.iter().all(|line| width(line) <= 8.0), "{broken:?}");
        assert_eq!(broken.join(" "), text);
        let word = "W".repeat(64);
        assert_eq!(lines(&word, 10.0).concat(), word);
        assert_eq!(lines("", 10.0), Vec::<String>::new());
    }
}
