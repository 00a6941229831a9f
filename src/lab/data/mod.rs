//! The data a lab gives to programs: generated from the run's seed, or written out.
//!
//! Adding a generator is one file and one line in [`GENERATORS`].

mod spec;
mod user_events;

use std::collections::BTreeMap;
use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use serde_json::Value;

pub use spec::{DataSpec, RecordSpec, ValueSpec};

/// The data sets of a check, by name.
pub type DataSets = BTreeMap<String, DataSet>;

/// Every generator, by the word after `generate:`.
pub const GENERATORS: &[Generator] = &[user_events::GENERATOR];

/// Makes the events of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Generator {
    /// The word after `generate:`.
    pub name: &'static str,
    /// Makes events 1 to `last` of the stream; the stream of a seed is the same however long it is.
    pub make: fn(users: u32, last: u32, random: &mut ChaCha8Rng) -> Vec<Event>,
}

/// One event: what a program reads on a line and writes to Kafka.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The event's id, unique in its stream.
    pub id: String,
    /// The record key that the contract asks for: the user's id.
    pub key: String,
    /// The event.
    pub json: Value,
    /// The event as one line of JSON, without the line's end.
    pub line: String,
}

/// A record as the grader writes it to a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The key; `None` is Kafka's null.
    pub key: Option<Vec<u8>>,
    /// The value; `None` is Kafka's null.
    pub value: Option<Vec<u8>>,
    /// The event that it carries, if it carries one.
    pub event: Option<String>,
    /// What it is, for messages, if the lab says so: "cut JSON".
    pub label: Option<String>,
}

/// A named list of events or records. Cheap to clone.
#[derive(Clone, Debug)]
pub struct DataSet {
    /// The generated events, in order; none for records that are written out.
    pub events: Arc<[Event]>,
    literal: Arc<[Record]>,
}

impl DataSet {
    /// A data set of generated events.
    pub fn of_events(events: Vec<Event>) -> Self {
        Self { events: events.into(), literal: Arc::default() }
    }

    /// A data set of records that the lab writes out.
    pub fn of_records(records: Vec<Record>) -> Self {
        Self { events: Arc::default(), literal: records.into() }
    }

    /// The records, in order: an event's key is its user, its value its line.
    pub fn records(&self) -> Vec<Record> {
        let carried = self.events.iter().map(|event| Record {
            key: Some(event.key.clone().into_bytes()),
            value: Some(event.line.clone().into_bytes()),
            event: Some(event.id.clone()),
            label: None,
        });
        carried.chain(self.literal.iter().cloned()).collect()
    }

    /// The set as a program reads it on standard input: every line ends with a newline, a null value is an empty line.
    pub fn stdin(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for event in self.events.iter() {
            bytes.extend_from_slice(event.line.as_bytes());
            bytes.push(b'\n');
        }
        for record in self.literal.iter() {
            bytes.extend_from_slice(record.value.as_deref().unwrap_or_default());
            bytes.push(b'\n');
        }
        bytes
    }

    /// How many events or records.
    pub fn len(&self) -> usize {
        self.events.len() + self.literal.len()
    }

    /// True when there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
