//! What a value is when it is not what it should be: another format, an envelope around the right one, or Avro's fields in another order.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::lab::data::{EventSchema, Format};

/// Bytes of an Avro object container file's beginning (Avro specification, "Object Container Files").
const CONTAINER: &[u8] = b"Obj\x01";
/// Bytes of a single object's beginning, before eight bytes of the schema's fingerprint ("Single-object encoding").
const SINGLE_OBJECT: &[u8] = &[0xc3, 0x01];
/// Bytes before the value in Confluent's wire format: the magic byte 0 and the schema's id.
const WIRE_HEADER: usize = 5;

/// What the bytes turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// A JSON object in UTF-8.
    Json,
    /// A JSON string that holds JSON.
    JsonTwice,
    /// Python's way to print an object.
    Python,
    /// A MessagePack map.
    Msgpack,
    /// A MessagePack text or byte string that holds something else.
    Wrapped(Box<Form>),
    /// Avro's plain binary encoding by the schema.
    Avro,
    /// The same with the fields in another order: their names.
    Reordered(Vec<&'static str>),
    /// An Avro object container file.
    Container,
    /// Avro's single-object encoding.
    SingleObject,
    /// Avro behind Confluent's five bytes.
    ConfluentWire,
    /// Base64 text of something else.
    Base64(Box<Form>),
    /// Hexadecimal text of something else.
    Hex(Box<Form>),
}

/// A form, with the event where one could be read.
pub struct Recognised {
    /// The form.
    pub form: Form,
    /// The value that was read, as JSON.
    pub json: Option<Value>,
}

/// Recognises bytes. `wanted` is the format that they should have had; `event` is any event, for the order of its fields.
pub fn recognise(bytes: &[u8], wanted: Format, schema: Option<&EventSchema>, event: Option<&Value>) -> Option<Recognised> {
    let found = |form, json| Some(Recognised { form, json });
    if bytes.starts_with(b"{'") || bytes.starts_with(b"b'") || bytes.starts_with(b"b\"") {
        return found(Form::Python, None);
    }
    match serde_json::from_slice::<Value>(bytes) {
        Ok(json @ Value::Object(_)) if wanted != Format::Json => return found(Form::Json, Some(json)),
        Ok(Value::String(inner)) => {
            if let Ok(json @ Value::Object(_)) = serde_json::from_str(&inner) {
                return found(Form::JsonTwice, Some(json));
            }
        }
        _ => {}
    }
    if bytes.starts_with(CONTAINER) {
        return found(Form::Container, None);
    }
    let avro = |bytes: &[u8]| by_schema(bytes, schema, event);
    if bytes.starts_with(SINGLE_OBJECT) {
        return found(Form::SingleObject, bytes.get(SINGLE_OBJECT.len() + 8..).and_then(avro).and_then(|inner| inner.json));
    }
    if let (Some(0), Some(inner)) = (bytes.first(), bytes.get(WIRE_HEADER..).and_then(avro)) {
        return found(Form::ConfluentWire, inner.json);
    }
    if wanted != Format::Msgpack
        && let Ok(json @ Value::Object(_)) = Format::Msgpack.decode(bytes, None)
    {
        return found(Form::Msgpack, Some(json));
    }
    if let Some(inner) = unwrapped(bytes).and_then(|inner| recognise_any(&inner, schema, event)) {
        return found(Form::Wrapped(Box::new(inner.form)), inner.json);
    }
    if let Some(inner) = from_text(bytes, base64).and_then(|inner| recognise_any(&inner, schema, event)) {
        return found(Form::Base64(Box::new(inner.form)), inner.json);
    }
    if let Some(inner) = from_text(bytes, hex).and_then(|inner| recognise_any(&inner, schema, event)) {
        return found(Form::Hex(Box::new(inner.form)), inner.json);
    }
    avro(bytes).filter(|found| wanted != Format::Avro || found.form != Form::Avro)
}

/// What is inside an envelope: one of the formats, in its right form or with Avro's fields in another order.
fn recognise_any(bytes: &[u8], schema: Option<&EventSchema>, event: Option<&Value>) -> Option<Recognised> {
    for (format, form) in [(Format::Json, Form::Json), (Format::Msgpack, Form::Msgpack)] {
        if let Ok(json @ Value::Object(_)) = format.decode(bytes, None) {
            return Some(Recognised { form, json: Some(json) });
        }
    }
    if bytes.starts_with(CONTAINER) {
        return Some(Recognised { form: Form::Container, json: None });
    }
    by_schema(bytes, schema, event)
}

/// Avro, by the schema or with its fields in an order that a program might have taken for right. Almost any bytes are some record: only one whose
/// first fields look like an event's counts.
fn by_schema(bytes: &[u8], schema: Option<&EventSchema>, event: Option<&Value>) -> Option<Recognised> {
    let (schema, event) = (schema?, event?);
    let id = |json: &Value| json.get("event_id").and_then(Value::as_str).is_some_and(|id| id.starts_with("e-"));
    if let Some(json) = schema.decode(bytes).ok().filter(id) {
        return Some(Recognised { form: Form::Avro, json: Some(json) });
    }
    schema.other_orders(event).into_iter().find_map(|other| {
        let json = other.decode(bytes).ok().filter(id)?;
        Some(Recognised { form: Form::Reordered(other.names().collect()), json: Some(json) })
    })
}

/// The content of a MessagePack string, text or bytes, when it is all that there is.
fn unwrapped(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = bytes;
    match rmpv::decode::read_value(&mut rest).ok().filter(|_| rest.is_empty())? {
        rmpv::Value::String(text) => Some(text.into_bytes()),
        rmpv::Value::Binary(bytes) => Some(bytes),
        _ => None,
    }
}

fn from_text(bytes: &[u8], decode: fn(&str) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?.trim().trim_matches('"');
    if text.len() < 8 { None } else { decode(text) }
}

fn base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text.trim_end_matches('='))).ok()
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<_>> = text.chars().map(|sign| sign.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte * 16 + digit)).map(|byte| u8::try_from(byte).ok()).collect()
}

impl Form {
    /// What it is, with an article: `JSON text`, `base64 text of Avro`.
    pub fn describe(&self) -> String {
        match self {
            Self::Json => "JSON text".to_owned(),
            Self::JsonTwice => "a JSON string that holds JSON".to_owned(),
            Self::Python => "Python's way to print an object".to_owned(),
            Self::Msgpack => "MessagePack".to_owned(),
            Self::Wrapped(inner) => format!("a MessagePack string that holds {}", inner.describe()),
            Self::Avro => "Avro".to_owned(),
            Self::Reordered(_) => "Avro with its fields in another order than the schema's".to_owned(),
            Self::Container => "an Avro object container file".to_owned(),
            Self::SingleObject => "Avro's single-object encoding".to_owned(),
            Self::ConfluentWire => "Confluent's wire format".to_owned(),
            Self::Base64(inner) => format!("base64 text of {}", inner.describe()),
            Self::Hex(inner) => format!("hexadecimal text of {}", inner.describe()),
        }
    }

    /// What the program does, and what to do instead.
    pub fn advice(&self, wanted: Format) -> String {
        let (name, call) = (wanted.name(), encoder(wanted));
        match self {
            Self::Python => format!(
                "the value is Python's way to print an object, str(…): text, with quotes and `b'…'`. Send the bytes that the encoder returns: {call}"
            ),
            Self::Json | Self::Msgpack | Self::Avro => format!(
                "the value is {}, not {name}: the header alone does not change the bytes. Encode the event in the format that FORMAT names: {call}",
                self.describe()
            ),
            Self::JsonTwice | Self::Wrapped(_) => format!(
                "the event was encoded twice: the value is {}. Read the line of input into an object first, and encode that once: {call}",
                self.describe()
            ),
            Self::Base64(_) | Self::Hex(_) => {
                format!("the value is {}: a Kafka value is bytes, not text. Send the encoder's bytes as they are", self.describe())
            }
            Self::Reordered(order) => format!(
                "the fields stand in the order {}, and the schema in AVRO_SCHEMA has another. Avro's bytes hold no names, only values in the schema's order: \
                 read the schema from that file each time the program starts, and write none of your own into the program",
                order.join(", "),
            ),
            Self::Container => "the value begins with `Obj`: it is an Avro object container file, which carries the whole schema in each record. Write the \
                 plain binary encoding: fastavro.schemaless_writer in Python, a BinaryEncoder with a DatumWriter elsewhere"
                .to_owned(),
            Self::SingleObject => "the value begins with the bytes c3 01 and a fingerprint of the schema: that is Avro's single-object encoding. Write the \
                 plain binary encoding, without them"
                .to_owned(),
            Self::ConfluentWire => "the value begins with a byte 0 and four bytes of a schema id, as Confluent's serializers write them for a Schema Registry. \
                 There is none in this lab: write the plain binary encoding, without these five bytes"
                .to_owned(),
        }
    }
}

/// The usual call in Python, which most learners of the course use.
fn encoder(format: Format) -> &'static str {
    match format {
        Format::Json => "json.dumps(event).encode() in Python",
        Format::Msgpack => "msgpack.packb(event) in Python",
        Format::Avro => "fastavro.schemaless_writer(buffer, schema, event) in Python",
    }
}
