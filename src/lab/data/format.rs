//! The formats that an event can be written in, with real encoders and decoders for each.

use rmpv::Value as Msgpack;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Event;
use super::schema::EventSchema;

/// How an event is written as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// JSON text, as UTF-8.
    Json,
    /// MessagePack: a map with the fields' names.
    Msgpack,
    /// Avro's plain binary encoding, by the schema that was drawn from the run's seed.
    Avro,
}

impl Format {
    /// What the record header `content-type` says.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Msgpack => "application/msgpack",
            Self::Avro => "application/avro",
        }
    }

    /// The format's name, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Msgpack => "MessagePack",
            Self::Avro => "Avro",
        }
    }

    /// Writes an event.
    ///
    /// # Errors
    /// When the event is not of the schema (Avro).
    pub fn encode(self, event: &Event, schema: &EventSchema) -> Result<Vec<u8>, String> {
        match self {
            Self::Json => Ok(event.line.clone().into_bytes()),
            Self::Msgpack => {
                let mut bytes = Vec::new();
                rmpv::encode::write_value(&mut bytes, &to_msgpack(&event.json)).map_err(|error| error.to_string())?;
                Ok(bytes)
            }
            Self::Avro => schema.encode(&event.json),
        }
    }

    /// Reads a value, all of it. Avro needs the schema.
    ///
    /// # Errors
    /// What is wrong with the bytes, for people.
    pub fn decode(self, bytes: &[u8], schema: Option<&EventSchema>) -> Result<Value, String> {
        match self {
            Self::Json => serde_json::from_slice(bytes).map_err(|error| error.to_string()),
            Self::Msgpack => {
                let mut rest = bytes;
                let value = rmpv::decode::read_value(&mut rest).map_err(|error| error.to_string())?;
                if !rest.is_empty() {
                    return Err(format!("{} of {} bytes are left over after the first value", rest.len(), bytes.len()));
                }
                Ok(from_msgpack(&value))
            }
            Self::Avro => schema.ok_or("there is no schema")?.decode(bytes),
        }
    }
}

fn to_msgpack(json: &Value) -> Msgpack {
    match json {
        Value::Null => Msgpack::Nil,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => value.into(),
            (None, Some(value)) => value.into(),
            (None, None) => number.as_f64().map_or(Msgpack::Nil, Into::into),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => Msgpack::Array(items.iter().map(to_msgpack).collect()),
        Value::Object(fields) => Msgpack::Map(fields.iter().map(|(name, value)| (name.as_str().into(), to_msgpack(value))).collect()),
    }
}

/// As JSON. What JSON does not know stands there as an object that no event equals, so that a difference names it: `{"bytes": "…"}`.
fn from_msgpack(value: &Msgpack) -> Value {
    match value {
        Msgpack::Nil => Value::Null,
        Msgpack::Boolean(value) => Value::Bool(*value),
        Msgpack::Integer(number) => number.as_i64().map(Value::from).or_else(|| number.as_u64().map(Value::from)).unwrap_or_default(),
        Msgpack::F32(number) => Value::from(f64::from(*number)),
        Msgpack::F64(number) => Value::from(*number),
        Msgpack::String(text) => match text.as_str() {
            Some(text) => Value::from(text),
            None => stranger("text that is not UTF-8", &String::from_utf8_lossy(text.as_bytes())),
        },
        Msgpack::Binary(bytes) => stranger("bytes", &String::from_utf8_lossy(bytes)),
        Msgpack::Array(items) => Value::Array(items.iter().map(from_msgpack).collect()),
        Msgpack::Map(fields) => {
            let name = |name: &Msgpack| name.as_str().map_or_else(|| name.to_string(), str::to_owned);
            Value::Object(fields.iter().map(|(key, value)| (name(key), from_msgpack(value))).collect())
        }
        Msgpack::Ext(kind, bytes) => stranger(&format!("extension {kind}"), &String::from_utf8_lossy(bytes)),
    }
}

fn stranger(kind: &str, shown: &str) -> Value {
    Value::Object(Map::from_iter([(kind.to_owned(), Value::from(shown))]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::data::{DataSpec, user_events};

    fn schema() -> EventSchema {
        EventSchema::drawn(&user_events::GENERATOR, 7).unwrap()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let spec = DataSpec { generate: Some("user-events".into()), count: Some(80), ..DataSpec::default() };
        let set = spec.make(3).map_err(|bad| bad.message).unwrap();
        for event in set.events.iter() {
            for format in [Format::Json, Format::Msgpack, Format::Avro] {
                let bytes = format.encode(event, &schema()).unwrap();
                assert_eq!(format.decode(&bytes, Some(&schema())).unwrap(), event.json, "{format:?}");
                assert!(format.decode(&bytes[..bytes.len() - 1], Some(&schema())).is_err(), "{format:?} cut");
                let longer = [&bytes[..], b"1"].concat();
                assert!(format.decode(&longer, Some(&schema())).is_err(), "{format:?} with one byte more");
            }
        }
    }

    #[test]
    fn messagepack_from_elsewhere() {
        let read = |bytes: &[u8]| Format::Msgpack.decode(bytes, None);
        assert_eq!(read(b"\x81\xa1a\xd3\0\0\0\0\0\0\0\x05").unwrap(), serde_json::json!({ "a": 5 }), "a small number in eight bytes");
        assert_eq!(read(b"\x81\xa1a\xc4\x01x").unwrap(), serde_json::json!({ "a": { "bytes": "x" } }));
        assert_eq!(read(b"\x81\xc4\x01a\x05").unwrap(), serde_json::json!({ "[97]": 5 }), "a name that is bytes is no text");
        assert_eq!(read(b"\xc1"), Ok(Value::Null), "the byte that no value begins with: no map either");
        assert!(read(b"{\"a\":5}").unwrap_err().contains("left over"));
        assert!(read(b"\xdf\xff\xff\xff\xff").is_err(), "a map of four billion fields");
    }
}
