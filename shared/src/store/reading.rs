//! Reads documents into our types: BSON (<https://bsonspec.org/spec.html>) as the database sends it.
//!
//! The `bson` crate reads any document; what we keep is made of texts, numbers, booleans and what
//! holds these. Reading only that, from the bytes, takes a fifth of the instructions, and a list is
//! mostly reading. Property tests hold it to what the crate reads.

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, Error as _, IntoDeserializer as _, MapAccess, SeqAccess, Visitor,
        value::Error,
    },
    forward_to_deserialize_any,
};

/// Reads a document.
pub(super) fn from_slice<'de, T: Deserialize<'de>>(document: &'de [u8]) -> Result<T, Error> {
    T::deserialize(Value::Document(document))
}

/// The text that stands in a document under this name.
pub(super) fn text_of<'de>(document: &'de [u8], wanted: &str) -> Option<&'de str> {
    let mut elements = Elements::of(document).ok()?;
    while let Some(name) = elements.name().ok()? {
        let value = elements.value().ok()?;
        if name == wanted.as_bytes() {
            let Value::Text(bytes) = value else { return None };
            return text(bytes).ok();
        }
    }
    None
}

/// A value, as it lies in its document.
#[derive(Clone, Copy)]
enum Value<'de> {
    Double(f64),
    Text(&'de [u8]),
    Document(&'de [u8]),
    Array(&'de [u8]),
    Bool(bool),
    Null,
    Integer(i64),
    /// Of a kind we write for the database alone: its bytes.
    Foreign(&'de [u8]),
}

/// The elements of a document or an array that are still to be read.
struct Elements<'de> {
    rest: &'de [u8],
    /// The kind of the element whose name was just read.
    kind: u8,
}

fn broken() -> Error {
    Error::custom("a document is cut off")
}

/// A length as BSON writes it.
fn length(bytes: [u8; 4]) -> Result<usize, Error> {
    usize::try_from(i32::from_le_bytes(bytes)).map_err(|_| broken())
}

impl<'de> Elements<'de> {
    fn of(document: &'de [u8]) -> Result<Self, Error> {
        let (stated, rest) = document.split_first_chunk().ok_or_else(broken)?;
        match rest.split_last() {
            Some((0, rest)) if length(*stated)? == document.len() => Ok(Self { rest, kind: 0 }),
            _ => Err(broken()),
        }
    }

    fn bytes(&mut self, count: usize) -> Result<&'de [u8], Error> {
        let (bytes, rest) = self.rest.split_at_checked(count).ok_or_else(broken)?;
        self.rest = rest;
        Ok(bytes)
    }

    fn chunk<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or_else(broken)?;
        self.rest = rest;
        Ok(*bytes)
    }

    /// The name of the next element, if there is one.
    fn name(&mut self) -> Result<Option<&'de [u8]>, Error> {
        let Some((kind, rest)) = self.rest.split_first() else {
            return Ok(None);
        };
        let end = rest.iter().position(|byte| *byte == 0).ok_or_else(broken)?;
        self.kind = *kind;
        let (name, rest) = rest.split_at_checked(end).ok_or_else(broken)?;
        self.rest = rest.split_first().ok_or_else(broken)?.1;
        Ok(Some(name))
    }

    /// The value of the element whose name was just read.
    fn value(&mut self) -> Result<Value<'de>, Error> {
        Ok(match self.kind {
            0x01 => Value::Double(f64::from_le_bytes(self.chunk()?)),
            0x02 => {
                let stated = length(self.chunk()?)?;
                match self.bytes(stated)?.split_last() {
                    Some((0, text)) => Value::Text(text),
                    _ => return Err(broken()),
                }
            }
            0x03 => Value::Document(self.document()?),
            0x04 => Value::Array(self.document()?),
            // Binary data: its length, its subtype, itself.
            0x05 => {
                let stated = length(self.chunk()?)?;
                Value::Foreign(self.bytes(stated.saturating_add(1))?)
            }
            // An ObjectId; a date; a timestamp; a decimal.
            kind @ (0x07 | 0x09 | 0x11 | 0x13) => Value::Foreign(self.bytes(match kind {
                0x07 => 12,
                0x13 => 16,
                _ => 8,
            })?),
            0x08 => Value::Bool(self.chunk::<1>()? != [0]),
            0x0A => Value::Null,
            0x10 => Value::Integer(i32::from_le_bytes(self.chunk()?).into()),
            0x12 => Value::Integer(i64::from_le_bytes(self.chunk()?)),
            kind => return Err(Error::custom(format_args!("no value of ours has kind {kind:#x}"))),
        })
    }

    /// A document within this one, its own length included.
    fn document(&mut self) -> Result<&'de [u8], Error> {
        let stated = self.rest.first_chunk().ok_or_else(broken)?;
        self.bytes(length(*stated)?)
    }
}

impl<'de> MapAccess<'de> for Elements<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some(name) = self.name()? else {
            return Ok(None);
        };
        seed.deserialize(Name(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(self.value()?)
    }
}

impl<'de> SeqAccess<'de> for Elements<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        match self.name()? {
            Some(_) => seed.deserialize(self.value()?).map(Some),
            None => Ok(None),
        }
    }
}

fn text(bytes: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(bytes).map_err(Error::custom)
}

/// The name of an element. Which member of a struct it is, its bytes tell; only where it is kept
/// must they be a text.
struct Name<'de>(&'de [u8]);

impl<'de> Deserializer<'de> for Name<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str(text(self.0)?)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_bytes(self.0)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum ignored_any
    }
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Double(number) => visitor.visit_f64(number),
            Self::Text(bytes) => visitor.visit_borrowed_str(text(bytes)?),
            Self::Document(document) => visitor.visit_map(Elements::of(document)?),
            Self::Array(array) => visitor.visit_seq(Elements::of(array)?),
            Self::Bool(value) => visitor.visit_bool(value),
            Self::Null => visitor.visit_unit(),
            Self::Integer(number) => visitor.visit_i64(number),
            // Whoever flattens a struct collects what is not asked for, of whatever kind.
            Self::Foreign(bytes) => visitor.visit_borrowed_bytes(bytes),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Null => visitor.visit_none(),
            value => visitor.visit_some(value),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    /// A variant without contents is its name; one with contents is a document of that one element.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Self::Text(bytes) => visitor.visit_enum(text(bytes)?.into_deserializer()),
            Self::Document(document) => visitor
                .visit_enum(serde::de::value::MapAccessDeserializer::new(Elements::of(document)?)),
            _ => Err(Error::custom("a variant is a text or a document")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        models::{
            Appointment, AppointmentSummary, Currency, Instant, Money,
            examples::{booking, patient, slot},
        },
        store::scoped::to_document,
    };
    use mongodb::bson::{self, Bson, RawDocumentBuf, doc};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn bytes(document: &bson::Document) -> Vec<u8> {
        RawDocumentBuf::try_from(document).unwrap().into_bytes()
    }

    #[derive(Debug, PartialEq, Deserialize)]
    enum Shape {
        Bare,
        Held(i64),
        Named { by: String },
    }

    #[test]
    fn reads_what_we_keep() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Kept {
            shapes: Vec<Shape>,
            small: u8,
            none: Option<i64>,
            by_name: BTreeMap<String, bool>,
            #[serde(flatten)]
            others: BTreeMap<String, f64>,
        }

        #[derive(Deserialize)]
        struct Part {
            small: u8,
        }

        #[derive(Deserialize)]
        struct Flat {
            #[serde(flatten)]
            part: Part,
        }

        let kept = doc! {
            "when": bson::DateTime::from_millis(1),
            "shapes": ["Bare", { "Held": 3_i64 }, { "Named": { "by": "Zoë" } }],
            "small": 7, "none": Bson::Null, "by_name": { "a": true }, "x": 1.5,
        };
        let mut known = kept.clone();
        known.remove("when");
        let read: Kept = from_slice(&bytes(&known)).unwrap();
        assert_eq!(read, bson::deserialize_from_slice(&bytes(&known)).unwrap());
        assert_eq!(read.shapes.get(2), Some(&Shape::Named { by: "Zoë".to_owned() }));
        // What is not asked for may be of any kind.
        assert_eq!(from_slice::<Part>(&bytes(&kept)).unwrap().small, 7);
        assert!(
            from_slice::<Part>(&bytes(&doc! { "small": bson::DateTime::from_millis(7) })).is_err()
        );
        let flat = doc! { "_id": bson::oid::ObjectId::new(), "small": 7, "extra": true };
        assert_eq!(from_slice::<Flat>(&bytes(&flat)).unwrap().part.small, 7);
        let owned = bytes(&doc! { "owner": { "owner": "them" }, "n": 1, "o": "us" });
        assert_eq!(text_of(&owned, "o"), Some("us"));
        assert_eq!((text_of(&owned, "owner"), text_of(&owned, "x")), (None, None));
        assert!(from_slice::<Kept>(&bytes(&doc! { "small": 300 })).is_err());
    }

    #[test]
    fn reads_an_appointment_as_the_crate_does() {
        let now = Instant::from_millis(1_800_000_000_000);
        let slot = slot(now.plus_seconds(86_400), Money::zero(Currency::INR));
        let booked = Appointment::book(&slot, &patient(), booking(&slot), now).unwrap();
        let stored = bytes(&to_document(&booked, "hos").unwrap());
        assert_eq!(from_slice::<Appointment>(&stored).unwrap(), booked);
        let summary: AppointmentSummary = from_slice(&stored).unwrap();
        assert_eq!(summary, bson::deserialize_from_slice(&stored).unwrap());
        for end in 0..stored.len() {
            let cut = stored.get(..end).unwrap();
            assert!(from_slice::<Appointment>(cut).is_err(), "cut off after {end}");
        }
    }

    fn value() -> impl Strategy<Value = Bson> {
        let leaf = prop_oneof![
            any::<i32>().prop_map(Bson::Int32),
            any::<i64>().prop_map(Bson::Int64),
            any::<bool>().prop_map(Bson::Boolean),
            (-1e9..1e9_f64).prop_map(Bson::Double),
            "\\PC{0,12}".prop_map(Bson::String),
            Just(Bson::Null),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Bson::Array),
                prop::collection::btree_map("[a-zé$.]{0,6}", inner, 0..6)
                    .prop_map(|map| Bson::Document(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn reads_any_value_as_the_crate_does(value in value()) {
            let stored = bytes(&doc! { "value": value });
            let ours: serde_json::Value = from_slice(&stored).unwrap();
            let theirs: serde_json::Value = bson::deserialize_from_slice(&stored).unwrap();
            prop_assert_eq!(ours, theirs);
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let mut framed = i32::try_from(bytes.len() + 5).unwrap().to_le_bytes().to_vec();
            framed.extend(&bytes);
            framed.push(0);
            let _: Result<serde_json::Value, Error> = from_slice(&framed);
            let _: Result<serde_json::Value, Error> = from_slice(&bytes);
        }
    }
}
