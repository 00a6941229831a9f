//! What is known of each record before anything is judged: which event it carries.

use std::collections::HashMap;

use serde_json::Value;

use crate::lab::data::{DataSet, Event};
use crate::timeline::Record;

/// The records of a topic, each with its event where one can be recognised.
pub struct Facts<'a> {
    /// Partition by partition, in offset order.
    pub records: Vec<Fact<'a>>,
    /// The events that should be there, in the order they were given to the program.
    pub events: &'a [Event],
}

/// One record.
pub struct Fact<'a> {
    /// The record.
    pub record: Record<'a>,
    /// Its value as JSON, when it is JSON and values are judged.
    pub json: Option<Value>,
    /// The event it carries, also when its form is wrong: a wrong value must not look like a wrong key.
    pub event: Option<&'a Event>,
}

impl<'a> Facts<'a> {
    /// Looks at every record once. Without a data set nothing is decoded, and what was decoded is kept only for `values`: a topic may hold a million records.
    pub fn of(records: impl Iterator<Item = Record<'a>>, set: Option<&'a DataSet>, values: bool) -> Self {
        let events = set.map_or(&[][..], |set| &set.events);
        let by_id: HashMap<&str, &Event> = events.iter().map(|event| (event.id.as_str(), event)).collect();
        let records = records
            .map(|record| {
                if set.is_none() {
                    return Fact { record, json: None, event: None };
                }
                let json = record.value.and_then(|value| serde_json::from_slice(value).ok());
                let event = recognise(record.value.unwrap_or_default(), json.as_ref(), &by_id);
                Fact { record, json: json.filter(|_| values), event }
            })
            .collect();
        Self { records, events }
    }
}

/// Finds the event by its `event_id`, or, in a value of another form, by the id in its text.
fn recognise<'a>(value: &[u8], json: Option<&Value>, by_id: &HashMap<&str, &'a Event>) -> Option<&'a Event> {
    if let Some(id) = json.and_then(|json| json.get("event_id")).and_then(Value::as_str) {
        return by_id.get(id).copied();
    }
    let text = String::from_utf8_lossy(value);
    let mut words = text.split(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '-'));
    words.find_map(|word| by_id.get(word).copied())
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
