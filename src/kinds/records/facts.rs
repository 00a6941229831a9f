//! What is known of each record before anything is judged: which event it carries.

use serde_json::Value;

use super::forms::{self, Form};
use crate::lab::data::{DataSet, Event, EventSchema, Format};
use crate::timeline::Record;

/// The records of a topic, each with its event where one can be recognised.
pub struct Facts<'a> {
    /// Partition by partition, in offset order.
    pub records: Vec<Fact<'a>>,
    /// The events that should be there, in the order they were given to the program.
    pub events: &'a [Event],
    /// The format that values should have.
    pub format: Format,
    /// The schema of the events.
    pub schema: Option<&'a EventSchema>,
}

/// One record.
pub struct Fact<'a> {
    /// The record.
    pub record: Record<'a>,
    /// Its value as JSON, when it is of the format and values are judged.
    pub json: Option<Value>,
    /// What its value is instead, when that can be told.
    pub form: Option<Form>,
    /// Why its value is not of the format, when it is not.
    pub problem: Option<String>,
    /// The event it carries, also when its form is wrong: a wrong value must not look like a wrong key.
    pub event: Option<&'a Event>,
}

impl<'a> Facts<'a> {
    /// Looks at every record once. Without a data set nothing is decoded, and what was decoded is kept only for `values`: a topic may hold a million records.
    pub fn of(records: impl Iterator<Item = Record<'a>>, set: Option<&'a DataSet>, format: Format, values: bool) -> Self {
        let events = set.map_or(&[][..], |set| &set.events);
        let schema = set.and_then(|set| set.schema.as_deref());
        let by_id = |id: &str| set.and_then(|set| set.event(id));
        let known = |json: &Value| json.get("event_id").and_then(Value::as_str).and_then(by_id);
        let records = records
            .map(|record| {
                let fact = Fact { record, json: None, form: None, problem: None, event: None };
                let value = record.value.unwrap_or_default();
                if set.is_none() {
                    return fact;
                }
                let decoded = format.decode(value, schema);
                // Avro's bytes are some record by nearly any schema: what carries no event is looked at again.
                if let Some(event) = decoded.as_ref().ok().and_then(&known) {
                    return Fact { json: decoded.ok().filter(|_| values), event: Some(event), ..fact };
                }
                let found = forms::recognise(value, format, schema, events.first().map(|event| &event.json));
                let event = found.as_ref().and_then(|found| known(found.json.as_ref()?)).or_else(|| named_in(value, by_id));
                let problem = decoded.as_ref().err().cloned();
                // What was recognised as another form is none of this one, although its bytes may be some record of the schema.
                let json = decoded.ok().filter(|_| values && (format == Format::Json || found.is_none()));
                Fact { json, form: found.map(|found| found.form), problem, event, ..fact }
            })
            .collect();
        Self { records, events, format, schema }
    }
}

impl Fact<'_> {
    /// The record's headers: names, and values where they are not null.
    pub fn headers(&self) -> Vec<(String, Option<String>)> {
        self.record.header_list()
    }
}

/// Finds the event by its id in the text of a value that cannot be read.
fn named_in<'a>(value: &[u8], by_id: impl Fn(&str) -> Option<&'a Event>) -> Option<&'a Event> {
    let text = String::from_utf8_lossy(value);
    let mut words = text.split(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '-'));
    words.find_map(by_id)
}

/// The record's place, for people: `partition 2, offset 10`.
pub fn place(record: &Record<'_>) -> String {
    format!("partition {}, offset {}", record.partition, record.offset)
}

/// A value for people: short, on one line.
pub fn short(bytes: &[u8]) -> String {
    const LONGEST: usize = 60;
    let text = String::from_utf8_lossy(bytes);
    let mut shown: String = text.chars().take(LONGEST).map(|sign| if sign.is_control() { ' ' } else { sign }).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}
