//! One row: what it says, or what is wrong with it.

use crate::{
    csv::{KeptRecord, Record},
    header::{Columns, Field},
    problem::MAX_FIELD,
    seen::Seen,
};
use shared::{
    models::{Day, Email, Identifier, Issue, IssueCode, Mobile, Name, Parse},
    store::Reject,
};

/// A row that can be taken, as far as the file alone tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The patient's name.
    pub name: Name,
    /// The address of the account that acts for the patient.
    pub email: Email,
    /// The hospital's own number for the patient.
    pub identifier: Identifier,
    /// Where the patient is called.
    pub mobile: Mobile,
    /// The day of birth; nothing where the column is missing or empty.
    pub date_of_birth: Option<Day>,
}

/// Why a row is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What the file calls the column at fault; empty where it is the row as a whole.
    pub column: String,
    /// Stable, `SCREAMING_SNAKE`.
    pub code: &'static str,
    /// One sentence.
    pub reason: String,
}

/// A row with the place it came from.
#[derive(Debug, Clone)]
pub struct Line {
    /// The fields as they came.
    pub record: KeptRecord,
    /// What it says.
    pub content: Result<Row, Fault>,
}

impl Line {
    /// Reads a record. A row whose identifier an earlier good row had is at fault.
    pub fn read(record: Record<'_>, columns: &Columns, seen: &mut Seen, today: Day) -> Self {
        let content = Row::read(record, columns, today).and_then(|row| {
            match seen.enter(&row.identifier, record.line) {
                Ok(()) => Ok(row),
                Err(earlier) => Err(Fault::twice(columns, earlier, record.line)),
            }
        });
        Self { record: record.kept(), content }
    }

    /// The line it begins on, the header being line 1.
    pub const fn number(&self) -> u64 {
        self.record.line
    }

    /// As the report has it.
    pub fn reject(&self, fault: &Fault) -> Reject {
        Reject {
            line: self.number(),
            column: fault.column.clone(),
            code: fault.code.to_owned(),
            reason: fault.reason.clone(),
            fields: self.record.record().fields().map(str::to_owned).collect(),
        }
    }
}

impl Row {
    fn read(record: Record<'_>, columns: &Columns, today: Day) -> Result<Self, Fault> {
        if record.fields().all(|field| field.trim().is_empty()) {
            return Err(Fault::of_row("EMPTY_ROW", "every field is empty".to_owned()));
        }
        if let Some(long) = record.fields().position(|field| field.len() > MAX_FIELD) {
            let reason = format!("must have at most {MAX_FIELD} bytes");
            return Err(Fault { column: columns.name(long), code: "FIELD_TOO_LONG", reason });
        }
        if record.field_count() != columns.count() {
            let (has, header) = (record.field_count(), columns.count());
            let s = if has == 1 { "" } else { "s" };
            let reason = format!("has {has} field{s} where the header has {header} columns");
            return Err(Fault::of_row("FIELD_COUNT", reason));
        }
        let name = parse(Field::Name, record, columns)?;
        let email = parse(Field::Email, record, columns)?;
        let identifier = parse(Field::Identifier, record, columns)?;
        let mobile = parse(Field::Mobile, record, columns)?;
        let date_of_birth = birthday(record, columns, today)?;
        Ok(Self { name, email, identifier, mobile, date_of_birth })
    }
}

fn parse<T: Parse>(field: Field, record: Record<'_>, columns: &Columns) -> Result<T, Fault> {
    let text = columns.get(field, record).unwrap_or_default().trim();
    if text.is_empty() {
        return Err(Fault::of_column(
            columns,
            field,
            &Issue::new(IssueCode::Required, "must not be empty"),
        ));
    }
    T::parse(text).map_err(|issue| Fault::of_column(columns, field, &issue))
}

fn birthday(record: Record<'_>, columns: &Columns, today: Day) -> Result<Option<Day>, Fault> {
    let field = Field::DateOfBirth;
    if columns.get(field, record).is_none_or(|text| text.trim().is_empty()) {
        return Ok(None);
    }
    let day: Day = parse(field, record, columns)?;
    if day > today {
        let issue = Issue::invalid("must not be in the future");
        return Err(Fault::of_column(columns, field, &issue));
    }
    Ok(Some(day))
}

impl Fault {
    fn of_row(code: &'static str, reason: String) -> Self {
        Self { column: String::new(), code, reason }
    }

    /// A fault of one field.
    pub fn of_column(columns: &Columns, field: Field, issue: &Issue) -> Self {
        let column = columns.called(field).to_owned();
        Self { column, code: issue.code.as_str(), reason: issue.message.clone().into_owned() }
    }

    fn twice(columns: &Columns, earlier: u64, line: u64) -> Self {
        let reason = format!("line {line} has the identifier that line {earlier} has already");
        let column = columns.called(Field::Identifier).to_owned();
        Self { column, code: "DUPLICATE_IN_FILE", reason }
    }
}

#[cfg(test)]
#[path = "rows_tests.rs"]
pub(crate) mod tests;
