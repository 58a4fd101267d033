//! The rows of a hospital's list, and the documents they become: what an import is measured by.

use mongodb::bson::{Document, doc};
use std::fmt::Write as _;

/// The hospital that the documents belong to.
pub const HOSPITAL: &str = "hos_01j00000000000000000000000";

const FIRST: [&str; 8] = ["Asha", "Ravi", "Meera", "Anil", "Leela", "Arjun", "Farah", "Dev"];
const LAST: [&str; 7] = ["Rao", "Menon", "Kapoor", "Das", "Iyer", "Khan", "Nair"];

/// One row. Every fourth belongs to the family of the one before.
#[derive(Debug)]
pub struct Row {
    /// Of the patient.
    pub name: String,
    /// Of the account.
    pub email: String,
    /// The hospital's own number.
    pub identifier: String,
    /// Ten digits.
    pub mobile: String,
}

impl Row {
    /// The row of this number; rows of two lists differ.
    pub fn new(list: &str, number: usize) -> Self {
        let of =
            |names: &[&'static str], n: usize| names.get(n % names.len()).copied().unwrap_or("");
        let family = number - usize::from(number % 4 == 3);
        Self {
            name: format!("{} {}", of(&FIRST, number), of(&LAST, number / 3)),
            email: format!("{}.{list}.{family:07}@mail.example", of(&FIRST, family).to_lowercase()),
            identifier: format!("MRN-{list}-{number:08}"),
            mobile: format!("98{number:08}"),
        }
    }

    /// Whether it brings an account of its own.
    pub const fn has_account(number: usize) -> bool {
        number % 4 != 3
    }

    /// The account it becomes, as `patient-import` writes it.
    pub fn account(&self, hospital: &str, number: usize) -> Document {
        doc! {
            "_id": format!("acc_01j00000000000000{number:09}"),
            "role": "patient",
            "status": "pending",
            "email": &self.email,
            "name": &self.name,
            "mobile": format!("+91{}", self.mobile),
            "hospitalCode": "bench",
            "guard": { "attempts": 0_i64, "locks": 0_i64 },
            "sessions": [],
            "createdAt": 1_796_099_400_000_i64,
            "hospitalId": hospital,
            "nameKey": self.name.to_lowercase(),
        }
    }

    /// The patient it becomes.
    pub fn patient(&self, hospital: &str, number: usize) -> Document {
        doc! {
            "_id": format!("pat_01j00000000000000{number:09}"),
            "accountId": format!("acc_01j00000000000000{number:09}"),
            "name": &self.name,
            "email": &self.email,
            "mobile": format!("+91{}", self.mobile),
            "identifier": &self.identifier,
            "status": "pending",
            "createdAt": 1_796_099_400_000_i64,
            "imported": {
                "importId": "imp_01j00000000000000000000000", "line": 7_i64, "changed": [],
            },
            "hospitalId": hospital,
            "nameKey": self.name.to_lowercase(),
            "identifierKey": self.identifier.to_lowercase(),
        }
    }
}

/// A file of so many rows.
pub fn file(list: &str, rows: usize) -> Vec<u8> {
    let mut text = String::from("Patient Name,E-Mail,UHID,Mobile No\r\n");
    for number in 0..rows {
        let Row { name, email, identifier, mobile } = Row::new(list, number);
        let _written = write!(text, "{name},{email},{identifier},{mobile}\r\n");
    }
    text.into_bytes()
}
