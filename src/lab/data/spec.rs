//! A data set as the lab writes it.

use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use indexmap::IndexMap;
use rand::RngExt;
use rand::seq::IndexedRandom;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize};

use super::{DataSet, End, EventSchema, Format, GENERATORS, Headers, Record};
use crate::lab::draw::random;
use crate::lab::suggestion;

/// Events a generated set may end with: what a lab of the course needs ten times over.
const MOST_EVENTS: u32 = 200_000;
/// Users a generated set may have.
const MOST_USERS: u32 = 10_000;

/// A data set: generated (`generate`, `count`, `users`, `first`, `each_user`, `formats`), or written out (`records`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataSpec {
    /// The generator: `user-events`. Sets of one generator with equally many users are parts of one stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generate: Option<String>,
    /// How many events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Over how many users they spread, unevenly (24).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<u32>,
    /// The number of the first event (1): `first: 601` goes on where `count: 600` ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<u32>,
    /// The set ends with one event of each user: wherever records of a user lie, another one comes behind them in that partition. To wait for
    /// these is to wait until everything before them was met. For the last set of a stream: what goes on behind it does not know of them.
    #[serde(default, skip_serializing_if = "is_false")]
    pub each_user: bool,
    /// In which formats the grader writes the events, each in one that is drawn from the seed, with a `content-type` header among others.
    /// Without it they are written as JSON, without headers. Standard input is JSON always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub formats: Option<Vec<Format>>,
    /// The records, in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<Vec<RecordSpec>>,
}

/// One record that is written out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordSpec {
    /// What it is, for messages: "cut JSON".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The key; none when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The value; `null` is Kafka's null value.
    #[serde(deserialize_with = "nullable")]
    #[schemars(schema_with = "nullable_schema")]
    pub value: Option<ValueSpec>,
    /// The headers, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub headers: IndexMap<String, String>,
}

/// The bytes of a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ValueSpec {
    /// Text, as UTF-8.
    Text(String),
    /// Bytes, in base64.
    Base64(String),
    /// Any JSON value, written compactly.
    Json(serde_json::Value),
}

/// Makes the key required while its value may be null: leaving it out is more likely a slip than a null record.
fn nullable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ValueSpec>, D::Error> {
    Option::deserialize(deserializer)
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_false(value: &bool) -> bool {
    !value
}

fn nullable_schema(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<Option<ValueSpec>>()
}

/// What is wrong with a data set: the key it is about, a message, advice.
pub struct BadData {
    /// A key of the data set.
    pub at: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl BadData {
    fn new(at: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { at, message: message.into(), help: Some(help.into()) }
    }
}

impl DataSpec {
    /// Makes the data. Pure: the same seed gives the same data.
    pub fn make(&self, seed: u64) -> Result<DataSet, BadData> {
        match (&self.generate, &self.records) {
            (Some(name), None) => self.generated(name, seed),
            (None, Some(records)) => {
                let given = [
                    ("count", self.count.is_some()),
                    ("users", self.users.is_some()),
                    ("first", self.first.is_some()),
                    ("each_user", self.each_user),
                    ("formats", self.formats.is_some()),
                ];
                if let Some((key, _)) = given.into_iter().find(|(_, given)| *given) {
                    return Err(BadData::new(key, format!("`{key}` belongs to `generate`"), "remove it: all records are written out"));
                }
                if records.is_empty() {
                    return Err(BadData::new("records", "a data set without records", "write at least one record"));
                }
                records.iter().map(RecordSpec::make).collect::<Result<_, _>>().map(DataSet::of_records)
            }
            _ => Err(BadData::new(
                "",
                "a data set is either generated or written out",
                "write `generate: …` or `records: […]`, and not both",
            )),
        }
    }

    fn generated(&self, name: &str, seed: u64) -> Result<DataSet, BadData> {
        let Some(generator) = GENERATORS.iter().find(|generator| generator.name == name) else {
            let help = suggestion::advice(name, GENERATORS.iter().map(|generator| generator.name));
            return Err(BadData { at: "generate", message: format!("there is no generator `{name}`"), help });
        };
        let Some(count) = self.count else {
            return Err(BadData::new("generate", "the number of events is missing", "add `count: 600`"));
        };
        let (users, first) = (self.users.unwrap_or(24), self.first.unwrap_or(1));
        if count == 0 || first == 0 {
            let at = if count == 0 { "count" } else { "first" };
            return Err(BadData::new(at, format!("`{at}` is 0"), "events are counted from 1, and an empty set shows nothing"));
        }
        let last = first.saturating_add(count - 1);
        if last > MOST_EVENTS {
            return Err(BadData::new("count", format!("the set ends with event {last}"), format!("the last event may be {MOST_EVENTS}")));
        }
        if !(1..=MOST_USERS).contains(&users) {
            return Err(BadData::new("users", format!("`users` is {users}"), format!("there may be 1 to {MOST_USERS} users")));
        }
        if self.each_user && count < users {
            let message = format!("{count} events are too few for each of {users} users");
            return Err(BadData::new("each_user", message, format!("`count` must be at least {users}")));
        }
        let end = if self.each_user { End::EachUser } else { End::Anyhow };
        let events = (generator.make)(users, last, end, &mut random(seed, &["data", name, &users.to_string()]));
        let skip = usize::try_from(first - 1).unwrap_or(usize::MAX);
        let set = DataSet::of_events(events.into_iter().skip(skip).collect());
        let formats = self.formats.as_ref().map(|formats| drawn(formats, seed, (name, users), first..=last)).transpose()?;
        let described = EventSchema::drawn(generator, seed).and_then(|schema| set.described(schema, formats));
        described.map_err(|message| BadData { at: "generate", message, help: None })
    }
}

/// The format of each event, and its headers: the one that names the format, and another before or after it, as tracing adds one.
fn drawn(
    formats: &[Format],
    seed: u64,
    (name, users): (&str, u32),
    numbers: RangeInclusive<u32>,
) -> Result<Vec<(Format, Headers)>, BadData> {
    let one = |number: u32| {
        // Parts of one stream fit together, however long they are.
        let mut random = random(seed, &["format", name, &users.to_string(), &number.to_string()]);
        let format = *formats.choose(&mut random)?;
        let mut headers = vec![("content-type".to_owned(), format.content_type().to_owned())];
        headers.insert(random.random_range(0..2_usize), ("trace-id".to_owned(), format!("t-{:08x}", random.random::<u32>())));
        Some((format, headers))
    };
    let drawn: Option<Vec<_>> = numbers.map(one).collect();
    drawn.ok_or_else(|| BadData::new("formats", "`formats` is empty: there is nothing to write in", "for example `[json, msgpack, avro]`"))
}

impl RecordSpec {
    fn make(&self) -> Result<Record, BadData> {
        let value = match &self.value {
            None => None,
            Some(ValueSpec::Text(text)) => Some(text.clone().into_bytes()),
            Some(ValueSpec::Json(json)) => Some(json.to_string().into_bytes()),
            Some(ValueSpec::Base64(text)) => Some(STANDARD.decode(text).map_err(|error| {
                BadData::new(
                    "records",
                    format!("`{}` is not base64: {error}", crate::lab::node::brief(text)),
                    "encode the bytes with `base64 -w0`",
                )
            })?),
        };
        let headers = self.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        Ok(Record { key: self.key.clone().map(String::into_bytes), value, event: None, label: self.label.clone(), headers })
    }
}
