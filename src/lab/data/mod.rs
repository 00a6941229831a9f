//! The data a lab gives to programs: generated from the run's seed, or written out.
//!
//! Adding a generator is one file and one line in [`GENERATORS`].

mod format;
mod schema;
mod spec;
mod user_events;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use rand_chacha::ChaCha8Rng;
use serde_json::Value;

pub use format::Format;
pub use schema::{EventSchema, Field, FieldType};
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
    /// The name of its Avro record.
    pub record: &'static str,
    /// The fields of its events, in their order.
    pub fields: &'static [Field],
    /// Makes events 1 to `last` of the stream; the stream of a seed is the same however long it is, but for its end if that is [`End::EachUser`].
    pub make: fn(users: u32, last: u32, end: End, random: &mut ChaCha8Rng) -> Vec<Event>,
}

/// How a stream of events ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// As it went on.
    Anyhow,
    /// With one event of each user.
    EachUser,
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

/// The headers of a record, in order.
pub type Headers = Vec<(String, String)>;

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
    /// The headers, in order.
    pub headers: Headers,
}

/// A named list of events or records. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct DataSet {
    /// The generated events, in order; none for records that are written out.
    pub events: Arc<[Event]>,
    /// The Avro schema of generated events.
    pub schema: Option<Arc<EventSchema>>,
    literal: Arc<[Record]>,
    /// The events as records, when the lab says in which formats.
    written: Option<Arc<[Record]>>,
    /// Where each event is, by its id; made when one is first looked for, since judges look again and again.
    places: Arc<OnceLock<HashMap<String, usize>>>,
}

impl DataSet {
    /// A data set of generated events.
    pub fn of_events(events: Vec<Event>) -> Self {
        Self { events: events.into(), ..Self::default() }
    }

    /// The event of an id.
    pub fn event(&self, id: &str) -> Option<&Event> {
        let all = || self.events.iter().enumerate().map(|(nth, event)| (event.id.clone(), nth)).collect();
        self.events.get(*self.places.get_or_init(all).get(id)?)
    }

    /// The same with the events' schema; with formats also as records with a `content-type` header, the nth event in the nth format.
    ///
    /// # Errors
    /// When an event is not of the schema.
    pub fn described(mut self, schema: EventSchema, formats: Option<Vec<(Format, Headers)>>) -> Result<Self, String> {
        let record = |(event, (format, headers)): (&Event, (Format, Headers))| {
            let (key, event_id) = (Some(event.key.clone().into_bytes()), Some(event.id.clone()));
            Ok(Record { key, value: Some(format.encode(event, &schema)?), event: event_id, label: None, headers })
        };
        let written = formats.map(|formats| self.events.iter().zip(formats).map(record).collect::<Result<Arc<[_]>, String>>());
        self.written = written.transpose()?;
        self.schema = Some(Arc::new(schema));
        Ok(self)
    }

    /// A data set of records that the lab writes out.
    pub fn of_records(records: Vec<Record>) -> Self {
        Self { literal: records.into(), ..Self::default() }
    }

    /// The records, in order: an event's key is its user, its value its line unless the lab names formats.
    pub fn records(&self) -> Vec<Record> {
        if let Some(written) = &self.written {
            return written.to_vec();
        }
        let carried = self.events.iter().map(|event| Record {
            key: Some(event.key.clone().into_bytes()),
            value: Some(event.line.clone().into_bytes()),
            event: Some(event.id.clone()),
            label: None,
            headers: Vec::new(),
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
