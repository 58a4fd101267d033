//! A receipt on A4.

use super::{Paper, PrintFailed, fonts};
use krilla::{
    Document,
    color::rgb,
    geom::{PathBuilder, Point},
    metadata::Metadata,
    num::NormalizedF32,
    page::PageSettings,
    paint::{Fill, Stroke},
    surface::Surface,
};

/// A4 in points.
const SHEET: (f32, f32) = (595.28, 841.89);
const MARGIN: f32 = 56.0;
/// Where the values begin, beside their labels.
const VALUES: f32 = 180.0;
const RIGHT: f32 = SHEET.0 - MARGIN;
/// Lines lie this far apart, for a letter of height one.
const LEADING: f32 = 1.45;

const INK: (u8, u8, u8) = (18, 38, 47);
const SOFT: (u8, u8, u8) = (86, 106, 116);
const BRAND: (u8, u8, u8) = (11, 122, 109);
const LINE: (u8, u8, u8) = (217, 227, 231);

/// What is drawn, and where on which sheet.
enum Mark {
    Text { at: (f32, f32), size: f32, colour: (u8, u8, u8), line: String },
    Rule { y: f32, colour: (u8, u8, u8), width: f32 },
}

/// Sheets under way: the pen goes down, and on to the next sheet where one is full.
struct Pen {
    sheets: Vec<Vec<Mark>>,
    y: f32,
}

impl Pen {
    const fn new() -> Self {
        Self { sheets: Vec::new(), y: f32::MAX }
    }

    /// Goes down by so much, onto a new sheet where this one ends.
    fn down(&mut self, by: f32) {
        self.y += by;
        if self.y > SHEET.1 - MARGIN {
            self.sheets.push(Vec::new());
            self.y = MARGIN + by;
        }
    }

    fn mark(&mut self, mark: Mark) {
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.push(mark);
        }
    }

    fn write(&mut self, x: f32, size: f32, colour: (u8, u8, u8), line: &str) {
        let at = (x, self.y);
        self.mark(Mark::Text { at, size, colour, line: line.to_owned() });
    }

    fn write_to_the_right(&mut self, size: f32, colour: (u8, u8, u8), line: &str) {
        let width: f32 = fonts::runs(line).iter().map(fonts::Run::width).sum();
        self.write(RIGHT - width * size, size, colour, line);
    }

    fn rule(&mut self, colour: (u8, u8, u8), width: f32) {
        self.mark(Mark::Rule { y: self.y, colour, width });
    }
}

impl Paper {
    /// The receipt as PDF. The same receipt gives the same bytes.
    pub fn pdf(&self) -> Result<Vec<u8>, PrintFailed> {
        let mut document = Document::new();
        let title = format!("Receipt {}", self.number);
        let mut about = Metadata::new().title(title).language("en".to_owned());
        about = about.authors(vec![self.hospital.clone()]).creator("MediConnect".to_owned());
        document.set_metadata(about.document_id(format!(
            "{}@{}",
            self.number,
            self.issued_at.millis()
        )));
        for sheet in self.sheets() {
            let settings = PageSettings::from_wh(SHEET.0, SHEET.1);
            let settings = settings.ok_or_else(|| PrintFailed("no sheet".to_owned()))?;
            let mut page = document.start_page_with(settings);
            let mut surface = page.surface();
            for mark in sheet {
                draw(&mut surface, &mark);
            }
            surface.finish();
            page.finish();
        }
        document.finish().map_err(|error| PrintFailed(format!("{error:?}")))
    }

    fn sheets(&self) -> Vec<Vec<Mark>> {
        let mut pen = Pen::new();
        self.head(&mut pen);
        for (label, value) in &self.facts {
            for (index, line) in fonts::lines(value, (RIGHT - VALUES) / 11.0).iter().enumerate() {
                pen.down(11.0 * LEADING);
                if index == 0 {
                    pen.write(MARGIN, 11.0, SOFT, label);
                }
                pen.write(VALUES, 11.0, INK, line);
            }
            pen.down(5.0);
        }
        pen.down(14.0);
        for (label, sum) in &self.sums {
            pen.rule(LINE, 0.75);
            pen.down(12.0 * LEADING + 3.0);
            pen.write(MARGIN, 12.0, INK, label);
            pen.write_to_the_right(12.0, INK, sum);
            pen.down(8.0);
        }
        pen.rule(LINE, 0.75);
        pen.down(28.0);
        let note = "Made by MediConnect for the hospital. It is valid without a signature.";
        pen.write(MARGIN, 9.0, SOFT, note);
        pen.sheets
    }

    fn head(&self, pen: &mut Pen) {
        pen.down(20.0);
        pen.write_to_the_right(13.0, BRAND, "Receipt");
        for (index, line) in fonts::lines(&self.hospital, 380.0 / 20.0).iter().enumerate() {
            if index > 0 {
                pen.down(20.0 * LEADING);
            }
            pen.write(MARGIN, 20.0, INK, line);
        }
        pen.down(16.0);
        pen.rule(BRAND, 1.5);
        pen.down(14.0);
    }
}

fn draw(surface: &mut Surface<'_>, mark: &Mark) {
    match mark {
        Mark::Text { at, size, colour, line } => {
            surface.set_stroke(None);
            surface.set_fill(Some(Fill { paint: paint(*colour), ..Fill::default() }));
            let mut x = at.0;
            for run in fonts::runs(line) {
                let start = Point::from_xy(x, at.1);
                x += run.width() * size;
                surface.draw_glyphs(start, &run.glyphs, run.font, &run.text, *size, false);
            }
        }
        Mark::Rule { y, colour, width } => {
            let mut path = PathBuilder::new();
            path.move_to(MARGIN, *y);
            path.line_to(RIGHT, *y);
            let Some(path) = path.finish() else { return };
            let (paint, width) = (paint(*colour), *width);
            surface.set_fill(None);
            let opacity = NormalizedF32::ONE;
            surface.set_stroke(Some(Stroke { paint, width, opacity, ..Stroke::default() }));
            surface.draw_path(&path);
        }
    }
}

fn paint((red, green, blue): (u8, u8, u8)) -> krilla::paint::Paint {
    rgb::Color::new(red, green, blue).into()
}
