//! The Avro schema of a generator's events. The order of its fields is drawn from the run's seed: Avro's bytes hold no names,
//! so a program that does not read the schema that it is given reads and writes the wrong fields.

use std::sync::Once;

use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value as Avro;
use apache_avro::writer::datum::GenericDatumWriter;
use rand::seq::SliceRandom;
use serde_json::{Map, Value, json};

use super::Generator;
use crate::lab::draw::random;

/// Bytes that reading one value may allocate: a length that a program wrote must not take the grader's memory.
const MOST_BYTES: usize = 1024 * 1024;

/// A field of an event: its name and its Avro type.
pub type Field = (&'static str, FieldType);

/// The Avro types that events use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// Text.
    String,
    /// 32 bits.
    Int,
    /// 64 bits.
    Long,
}

impl FieldType {
    fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Int => "int",
            Self::Long => "long",
        }
    }
}

/// A record schema: every field of the event, in one order.
#[derive(Clone, Debug)]
pub struct EventSchema {
    record: &'static str,
    fields: Vec<Field>,
    parsed: apache_avro::Schema,
}

impl EventSchema {
    /// The schema of a run. Its order is neither that of the event nor that of the alphabet: what a program knows without reading it must not fit.
    ///
    /// # Errors
    /// When Avro refuses the generator's names.
    pub fn drawn(generator: &Generator, seed: u64) -> Result<Self, String> {
        let known = [generator.fields.to_vec(), alphabetical(generator.fields)];
        let mut random = random(seed, &["schema", generator.name]);
        let mut fields = generator.fields.to_vec();
        while known.contains(&fields) {
            fields.shuffle(&mut random);
        }
        Self::of(generator.record, fields)
    }

    fn of(record: &'static str, fields: Vec<Field>) -> Result<Self, String> {
        static LIMIT: Once = Once::new();
        LIMIT.call_once(|| {
            apache_avro::util::max_allocation_bytes(MOST_BYTES);
        });
        let parsed = apache_avro::Schema::parse(&to_json(record, &fields)).map_err(|error| error.to_string())?;
        Ok(Self { record, fields, parsed })
    }

    /// The schema as a file holds it.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{:#}\n", to_json(self.record, &self.fields))
    }

    /// The fields' names, in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.fields.iter().map(|(name, _)| *name)
    }

    /// The same fields in the orders that a program might take for right: that of an event, given, and the alphabet's.
    pub fn other_orders(&self, event: &Value) -> Vec<Self> {
        let place = |name: &str| event.as_object().and_then(|fields| fields.keys().position(|key| key == name));
        let mut as_in_event = self.fields.clone();
        as_in_event.sort_by_key(|(name, _)| place(name));
        let orders = [as_in_event, alphabetical(&self.fields)];
        orders.into_iter().filter(|order| *order != self.fields).filter_map(|order| Self::of(self.record, order).ok()).collect()
    }

    /// Writes an object that has these fields.
    ///
    /// # Errors
    /// When a field is missing or of another type.
    pub fn encode(&self, json: &Value) -> Result<Vec<u8>, String> {
        let field = |(name, kind): &Field| {
            let value = json.get(name);
            let avro = match kind {
                FieldType::String => value.and_then(Value::as_str).map(|text| Avro::String(text.to_owned())),
                FieldType::Int => value.and_then(Value::as_i64).and_then(|number| i32::try_from(number).ok()).map(Avro::Int),
                FieldType::Long => value.and_then(Value::as_i64).map(Avro::Long),
            };
            avro.map(|avro| ((*name).to_owned(), avro)).ok_or_else(|| format!("`{name}` is not of Avro's type `{}`", kind.name()))
        };
        let record = Avro::Record(self.fields.iter().map(field).collect::<Result<_, _>>()?);
        let mut bytes = Vec::new();
        let writer = GenericDatumWriter::builder(&self.parsed).build().map_err(|error| error.to_string())?;
        writer.write_value(&mut bytes, record).map_err(|error| error.to_string())?;
        Ok(bytes)
    }

    /// Reads one record, all of the bytes.
    ///
    /// # Errors
    /// What is wrong with the bytes, for people.
    pub fn decode(&self, bytes: &[u8]) -> Result<Value, String> {
        let reader = GenericDatumReader::builder(&self.parsed).build().map_err(|error| error.to_string())?;
        let mut rest = bytes;
        let value = reader.read_value(&mut rest).map_err(|error| format!("not a record of the schema: {error}"))?;
        if !rest.is_empty() {
            return Err(format!("{} of {} bytes are left over after the schema's last field", rest.len(), bytes.len()));
        }
        let Avro::Record(fields) = value else { return Err("not a record".to_owned()) };
        // The crate reads a text that is cut off at the end as null.
        let plain = |(name, value): (String, Avro)| match value {
            Avro::String(text) => Ok((name, Value::from(text))),
            Avro::Int(number) => Ok((name, Value::from(number))),
            Avro::Long(number) => Ok((name, Value::from(number))),
            _ => Err(format!("the bytes end in the middle of `{name}`")),
        };
        fields.into_iter().map(plain).collect::<Result<Map<_, _>, _>>().map(Value::Object)
    }
}

fn alphabetical(fields: &[Field]) -> Vec<Field> {
    let mut fields = fields.to_vec();
    fields.sort_by_key(|(name, _)| *name);
    fields
}

fn to_json(record: &str, fields: &[Field]) -> Value {
    let fields: Vec<_> = fields.iter().map(|(name, kind)| json!({ "name": name, "type": kind.name() })).collect();
    json!({ "type": "record", "name": record, "fields": fields })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::lab::data::user_events::GENERATOR;

    #[test]
    fn the_order_comes_from_the_seed_and_is_never_one_that_can_be_guessed() {
        let orders: Vec<Vec<_>> = (0..200).map(|seed| EventSchema::drawn(&GENERATOR, seed).unwrap().names().collect()).collect();
        let declared: Vec<_> = GENERATOR.fields.iter().map(|(name, _)| *name).collect();
        let sorted: Vec<_> = declared.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        assert!(!orders.contains(&declared) && !orders.contains(&sorted));
        assert!(orders.iter().collect::<BTreeSet<_>>().len() > 150);
        assert_eq!(EventSchema::drawn(&GENERATOR, 5).unwrap().text(), EventSchema::drawn(&GENERATOR, 5).unwrap().text());
    }

    #[test]
    fn no_length_takes_the_graders_memory() {
        let schema = EventSchema::of("UserEvent", vec![("note", FieldType::String)]).unwrap();
        // A text of 2^40 bytes.
        assert!(schema.decode(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]).is_err());
        assert!(schema.decode(&[0x01]).is_err(), "a negative length");
        assert_eq!(schema.decode(b"\x04a"), Err("the bytes end in the middle of `note`".to_owned()));
        assert_eq!(schema.decode(b"\x04ab").unwrap(), json!({ "note": "ab" }));
    }
}
