//! The header line: which column is what.

use crate::{
    csv::Record,
    problem::{MAX_COLUMNS, Problem},
};

/// What a column can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The patient's name.
    Name,
    /// The account's address.
    Email,
    /// The hospital's own number for the patient.
    Identifier,
    /// Where the patient is called.
    Mobile,
    /// The day of birth; the only column that may be missing.
    DateOfBirth,
}

impl Field {
    /// In the order in which a row's faults are looked for.
    pub const ALL: [Self; 5] =
        [Self::Name, Self::Email, Self::Identifier, Self::Mobile, Self::DateOfBirth];

    /// As the documentation calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Email => "email",
            Self::Identifier => "identifier",
            Self::Mobile => "mobile",
            Self::DateOfBirth => "dateOfBirth",
        }
    }

    /// What hospitals call it, in small letters and digits only.
    const fn synonyms(self) -> &'static [&'static str] {
        match self {
            Self::Name => &["name", "patientname", "fullname", "patient", "nameofpatient"],
            Self::Email => &["email", "emailaddress", "emailid", "mail", "patientemail"],
            Self::Identifier => &[
                "identifier",
                "id",
                "patientid",
                "patientidentifier",
                "patientno",
                "patientnumber",
                "mrn",
                "mrnno",
                "mrnumber",
                "uhid",
                "uhidno",
                "hospitalid",
                "hospitalno",
                "hospitalnumber",
            ],
            Self::Mobile => &[
                "mobile",
                "mobileno",
                "mobilenumber",
                "mobilephone",
                "phone",
                "phoneno",
                "phonenumber",
                "contact",
                "contactno",
                "contactnumber",
                "cell",
                "cellphone",
                "telephone",
            ],
            Self::DateOfBirth => {
                &["dateofbirth", "dob", "birthdate", "birthday", "dateofbirthyyyymmdd"]
            }
        }
    }

    fn of(header: &str) -> Option<Self> {
        // A letter we do not know is part of a name we do not know.
        let plain: String = header.chars().filter(|c| c.is_alphanumeric()).collect();
        let plain = plain.to_ascii_lowercase();
        Self::ALL.into_iter().find(|field| field.synonyms().contains(&plain.as_str()))
    }
}

/// Which column is what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// The header as it came.
    pub header: Vec<String>,
    fields: Vec<Field>,
}

impl Columns {
    /// Reads the header's record.
    pub fn of(record: Record<'_>) -> Result<Self, Problem> {
        if record.field_count() > MAX_COLUMNS {
            return Err(Problem::TooManyColumns(record.field_count()));
        }
        let mut fields = Vec::new();
        for (index, name) in record.fields().enumerate() {
            let number = index + 1;
            let Some(field) = Field::of(name) else {
                return Err(Problem::UnknownColumn { number, name: shortened(name) });
            };
            if let Some(first) = fields.iter().position(|known| *known == field) {
                return Err(Problem::TwiceInHeader {
                    name: field.name(),
                    first: first + 1,
                    second: number,
                });
            }
            fields.push(field);
        }
        let missing = |field: &Field| *field != Field::DateOfBirth && !fields.contains(field);
        let missing: Vec<_> = Field::ALL.into_iter().filter(missing).map(Field::name).collect();
        if missing.is_empty() {
            return Ok(Self { header: record.fields().map(str::to_owned).collect(), fields });
        }
        Err(Problem::MissingColumns(missing))
    }

    /// How many columns a row must have.
    pub const fn count(&self) -> usize {
        self.fields.len()
    }

    /// Which column a field is, from 0.
    pub fn place(&self, field: Field) -> Option<usize> {
        self.fields.iter().position(|known| *known == field)
    }

    /// The row's text for a field, if there is such a column.
    pub fn get<'a>(&self, field: Field, row: Record<'a>) -> Option<&'a str> {
        row.field(self.place(field)?)
    }

    /// What the file calls a column; nothing for one that the header does not have.
    pub fn name(&self, index: usize) -> String {
        self.header.get(index).map(|name| name.trim().to_owned()).unwrap_or_default()
    }

    /// What the file calls a field.
    pub fn called(&self, field: Field) -> &str {
        let name = self.place(field).and_then(|place| self.header.get(place));
        name.map_or(field.name(), |name| name.trim())
    }
}

/// Short enough for a sentence, and on one line.
fn shortened(name: &str) -> String {
    name.trim().chars().filter(|c| !c.is_control()).take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csv::{CsvReader, Step};

    fn first_record<T>(text: &str, with: impl FnOnce(Record<'_>) -> T) -> Result<T, Problem> {
        let mut reader = CsvReader::default();
        reader.feed(Some(text.as_bytes().to_vec().into()))?;
        reader.feed(None)?;
        assert_eq!(reader.advance()?, Step::Record);
        Ok(with(reader.record()?))
    }

    fn columns(header: &str) -> Result<Columns, Problem> {
        first_record(header, Columns::of)?
    }

    #[test]
    fn order_case_spacing_and_synonyms_do_not_matter() {
        let found = columns(" Mobile No ;E-Mail;UHID;Patient Name;D.O.B.").unwrap();
        let row = "98;a@b.in;7;Asha;2000-01-01";
        first_record(row, |row| {
            assert_eq!(found.get(Field::Name, row), Some("Asha"));
            assert_eq!(found.get(Field::DateOfBirth, row), Some("2000-01-01"));
        })
        .unwrap();
        assert_eq!(found.called(Field::Mobile), "Mobile No");
        let least = columns("name,email,identifier,mobile").unwrap();
        first_record(row, |row| assert_eq!(least.get(Field::DateOfBirth, row), None)).unwrap();
    }

    #[test]
    fn unknown_missing_and_double_columns_are_named() {
        for (header, part) in [
            (
                "name,email,identifier,mobile,blood group",
                "Column 5 of the header, \"blood group\",",
            ),
            ("name,email,identifier,mobile,", "Column 5 of the header, \"\","),
            ("नाम,email,identifier,mobile", "Column 1 of the header, \"नाम\","),
            (
                "name,email,identifier,mobile,Phone",
                "Columns 4 and 5 of the header both mean mobile",
            ),
            ("name,mobile", "no column email, identifier"),
            (&",".repeat(50), "51 columns"),
        ] {
            let message = columns(header).unwrap_err().to_string();
            assert!(message.contains(part), "{header}: {message}");
        }
    }
}
