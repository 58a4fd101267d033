//! What was measured, as one table.

/// One figure.
#[derive(Debug)]
pub(crate) struct Figure {
    /// What was measured.
    pub(crate) what: String,
    /// What came out.
    pub(crate) measured: f64,
    /// What it is counted in.
    pub(crate) unit: &'static str,
    /// What it may be.
    pub(crate) bar: Bar,
    /// The same of something that does only what must be done, in the same run.
    pub(crate) reference: String,
}

/// What a figure may be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bar {
    /// So much.
    AtMost(f64),
    /// No less.
    AtLeast(f64),
    /// Whatever it is: a decision goes by it.
    Told,
}

impl Bar {
    fn holds(self, measured: f64) -> bool {
        match self {
            Self::AtMost(most) => measured <= most,
            Self::AtLeast(least) => measured >= least,
            Self::Told => true,
        }
    }

    fn shown(self) -> String {
        match self {
            Self::AtMost(most) => format!("≤ {most}"),
            Self::AtLeast(least) => format!("≥ {least}"),
            Self::Told => "–".to_owned(),
        }
    }
}

/// All figures, and how many of them are printed.
#[derive(Debug, Default)]
pub(crate) struct Table {
    figures: Vec<Figure>,
    printed: usize,
}

impl Table {
    pub(crate) fn add(&mut self, figure: Figure) {
        self.figures.push(figure);
    }

    /// Whether every figure is within its bar.
    pub(crate) fn holds(&self) -> bool {
        self.figures.iter().all(|figure| figure.bar.holds(figure.measured))
    }

    /// Prints what came since: a bench that cannot go on leaves the figures of those before it.
    pub(crate) fn print_new(&mut self) {
        if self.printed == 0 {
            println!(
                "\n{:<52} {:>10} {:<5} {:<8} {:<6} reference",
                "figure", "measured", "", "bar", ""
            );
        }
        for figure in self.figures.iter().skip(self.printed) {
            let Figure { what, measured, unit, bar, reference } = figure;
            let verdict = match bar {
                Bar::Told => "",
                _ if bar.holds(*measured) => "holds",
                _ => "FAILS",
            };
            let bar = bar.shown();
            println!("{what:<52} {measured:>10.2} {unit:<5} {bar:<8} {verdict:<6} {reference}");
        }
        self.printed = self.figures.len();
    }
}

/// The value in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
