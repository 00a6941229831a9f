//! Which record a dead letter is, and what was changed on its way.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::kinds::View;
use crate::kinds::records::short;
use crate::lab::data::{Format, Record as Written};
use crate::timeline::Record;

/// The header that says why.
pub const REASON: &str = "error";

/// What the grader wrote: the bad records, and the events.
pub struct Known<'a> {
    bad: Vec<Written>,
    /// Where each stands, for people.
    places: Vec<Option<String>>,
    /// The events as records, of all data sets.
    events: Vec<(&'a str, Written)>,
}

/// What a dead letter turned out to be.
pub enum Found<'a> {
    /// The nth bad record, and what was changed, if anything.
    Bad(usize, Option<Change>),
    /// An event that can be decoded.
    Event(&'a str),
    /// Nothing that the grader wrote; its value, shortened.
    Stranger(String),
}

/// How a dead letter differs from its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The value: what it was, what it is.
    Value(Option<Vec<u8>>, Option<Vec<u8>>),
    /// The key: what it was, what it is.
    Key(Option<Vec<u8>>, Option<Vec<u8>>),
    /// A header: its name, what it was, what it is.
    Header(String, String, Option<String>),
    /// There is no header `error`, or it says nothing.
    NoReason(bool),
}

impl<'a> Known<'a> {
    /// The records of the data sets `bad` as they were written to topic `from`, and all events of the check.
    pub fn of(view: &View<'a>, from: &str, bad: &[String]) -> Self {
        let (mut records, mut places) = (Vec::new(), Vec::new());
        for name in bad {
            let full = format!("{}/{name}", view.check);
            let written = view.timeline.topic(from).into_iter().flat_map(|topic| &topic.produced).filter(|record| *record.data == *full);
            let mut written = written.map(|record| format!("partition {}, offset {}", record.partition, record.offset));
            let set = view.data_set(name).map(|set| set.records()).unwrap_or_default();
            places.extend(set.iter().map(|_| written.next()));
            records.extend(set);
        }
        let sets = view.data.values().flat_map(|set| set.records().into_iter().filter(|record| record.event.is_some()));
        let events = sets.filter_map(|record| Some((view.event(record.event.as_deref()?)?.id.as_str(), record))).collect();
        Self { bad: records, places, events }
    }

    /// How many bad records there are.
    pub fn len(&self) -> usize {
        self.bad.len()
    }

    /// Names a bad record: `cut JSON (partition 1, offset 20)`.
    pub fn name(&self, nth: usize) -> String {
        let label = self.bad.get(nth).and_then(|record| record.label.clone()).unwrap_or_else(|| format!("bad record {}", nth + 1));
        self.places.get(nth).and_then(Option::as_ref).map(|place| format!("{label} ({place})")).unwrap_or(label)
    }

    /// The id of the event that a bad record claims to be, when it is JSON.
    pub fn claimed(&self, nth: usize) -> Option<String> {
        let json = serde_json::from_slice::<Value>(self.bad.get(nth)?.value.as_deref()?).ok()?;
        json.get("event_id").and_then(Value::as_str).map(str::to_owned)
    }

    /// Whether its content type is one that a program has to know.
    pub fn has_known_type(&self, nth: usize) -> bool {
        let named = |value: &str| [Format::Json, Format::Msgpack, Format::Avro].iter().any(|format| format.content_type() == value);
        self.bad.get(nth).is_some_and(|record| record.headers.iter().any(|(name, value)| name == "content-type" && named(value)))
    }

    /// What a dead letter is.
    pub fn find(&self, letter: &Record<'_>) -> Found<'a> {
        let (key, value) = (letter.key, letter.value);
        let one = |fits: &dyn Fn(&Written) -> bool| self.bad.iter().position(fits);
        let same_key = |record: &Written| key.is_some() && record.key.as_deref() == key;
        let same_value = |record: &Written| value.is_some_and(|value| !value.is_empty()) && record.value.as_deref() == value;
        let event = || {
            let same = |(_, record): &&(&str, Written)| record.value.as_deref() == value;
            let id = self.events.iter().find(same).map(|(id, _)| *id);
            id.or_else(|| self.events.iter().find(|(id, _)| value.is_some_and(|value| mentions(value, id))).map(|(id, _)| *id))
        };
        let whole = one(&|record| record.key.as_deref() == key && record.value.as_deref() == value);
        match whole.or_else(|| one(&same_value)) {
            Some(nth) => Found::Bad(nth, self.bad.get(nth).and_then(|record| change(record, letter))),
            None => match (event(), one(&same_key)) {
                (Some(id), _) => Found::Event(id),
                (None, Some(nth)) => Found::Bad(nth, self.bad.get(nth).and_then(|record| change(record, letter))),
                (None, None) => match self.bad.iter().position(|record| inside(record, letter)) {
                    Some(nth) => Found::Bad(nth, self.bad.get(nth).and_then(|record| change(record, letter))),
                    None => Found::Stranger(value.map_or_else(|| "a null value".to_owned(), short)),
                },
            },
        }
    }
}

/// Whether an event's id stands in a value, whatever its form.
fn mentions(value: &[u8], id: &str) -> bool {
    value.windows(id.len()).any(|window| window == id.as_bytes())
}

/// Whether the record's value stands somewhere in the letter's: as it is, or as text or base64 in a field of a JSON object.
fn inside(record: &Written, letter: &Record<'_>) -> bool {
    let (Some(was), Some(is)) = (record.value.as_deref().filter(|was| was.len() >= 4), letter.value) else { return false };
    is.windows(was.len()).any(|window| window == was) || texts(is).any(|text| text == String::from_utf8_lossy(was) || text == base64_of(was))
}

/// The texts of a value that is a JSON string, or a JSON object with strings in it.
fn texts(value: &[u8]) -> impl Iterator<Item = String> {
    let json = serde_json::from_slice::<Value>(value).unwrap_or_default();
    let fields = json.as_object().map(|fields| fields.values().cloned().collect()).unwrap_or_else(|| vec![json]);
    fields.into_iter().filter_map(|field| field.as_str().map(str::to_owned))
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// What was done to the value, when it can be told.
fn handling(was: &[u8], is: &[u8]) -> Option<&'static str> {
    let printed = is.starts_with(b"b'") || is.starts_with(b"b\"") || is.starts_with(b"{'");
    match serde_json::from_slice::<Value>(is).ok() {
        Some(Value::Object(_)) if texts(is).any(|text| text == base64_of(was)) => Some("the value was put as base64 text into a JSON object"),
        Some(Value::Object(_)) => Some("the value was put into a JSON object"),
        Some(Value::String(_)) => Some("the value was encoded as a JSON string"),
        _ if is == base64_of(was).as_bytes() => Some("the value was encoded as base64 text"),
        _ if printed => Some("the value was printed by Python's str(…)"),
        _ if is == String::from_utf8_lossy(was).as_bytes() => Some("the value was decoded as text, which loses what is not UTF-8"),
        _ => None,
    }
}

/// The first difference: a value that was changed explains more than a header that is missing.
fn change(was: &Written, is: &Record<'_>) -> Option<Change> {
    if was.value.as_deref() != is.value {
        return Some(Change::Value(was.value.clone(), is.value.map(<[u8]>::to_vec)));
    }
    if was.key.as_deref() != is.key {
        return Some(Change::Key(was.key.clone(), is.key.map(<[u8]>::to_vec)));
    }
    let headers: BTreeMap<String, Option<String>> = is.header_list().into_iter().collect();
    let lost = was.headers.iter().find(|(name, value)| headers.get(name).cloned().flatten().as_ref() != Some(value));
    if let Some((name, value)) = lost {
        return Some(Change::Header(name.clone(), value.clone(), headers.get(name).cloned().flatten()));
    }
    match headers.get(REASON) {
        Some(Some(reason)) if !reason.trim().is_empty() => None,
        other => Some(Change::NoReason(other.is_some())),
    }
}

fn shown(bytes: Option<&[u8]>) -> String {
    match bytes {
        None => "null".to_owned(),
        Some([]) => "empty".to_owned(),
        Some(bytes) => format!("`{}`", short(bytes)),
    }
}

impl Change {
    /// What is wrong, as the end of a sentence about one letter, and about several.
    pub fn part(&self) -> [&'static str; 2] {
        match self {
            Self::Value(..) => ["has another value than the record that it stands for", "have other values than the records that they stand for"],
            Self::Key(..) => ["has another key than the record that it stands for", "have other keys than the records that they stand for"],
            Self::Header(..) => ["has lost a header of the record that it stands for", "have lost headers of the records that they stand for"],
            Self::NoReason(_) => ["does not say why it is there", "do not say why they are there"],
        }
    }

    /// The difference in one line.
    pub fn shown(&self) -> String {
        let length = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(String::new(), |bytes| format!(" ({} bytes)", bytes.len()));
        match self {
            Self::Value(was, is) => format!("the value is {}{}, not {}{}", shown(is.as_deref()), length(is), shown(was.as_deref()), length(was)),
            Self::Key(was, is) => format!("the key is {}, not {}", shown(is.as_deref()), shown(was.as_deref())),
            Self::Header(name, was, None) => format!("the header `{name}: {was}` is not there"),
            Self::Header(name, was, Some(is)) => format!("the header `{name}` is `{}`, not `{was}`", short(is.as_bytes())),
            Self::NoReason(true) => format!("the header `{REASON}` is empty"),
            Self::NoReason(false) => format!("there is no header `{REASON}`"),
        }
    }

    /// What the program does, and what to do instead.
    pub fn cause(&self) -> String {
        let pass_on = "pass on the bytes that you read, and put what went wrong into the header `error`";
        match self {
            Self::Value(Some(was), Some(is)) => {
                format!("{}: {pass_on}", handling(was, is).unwrap_or("the value was decoded or encoded on its way"))
            }
            Self::Value(None, Some(_)) => format!("a null value became another one: a null is a null in the dead-letter topic too; {pass_on}"),
            Self::Value(Some(_), None) => format!("the value is gone: {pass_on}"),
            Self::Value(None, None) => pass_on.to_owned(),
            Self::Key(..) => "the key belongs to the record: pass it on as it was read (bytes, or null)".to_owned(),
            Self::Header(..) => "a record's headers belong to it: pass on all that were read, and add `error` to them".to_owned(),
            Self::NoReason(_) => "add a header `error` that says what went wrong, such as the decoder's message: who looks into the dead-letter topic wants to know".to_owned(),
        }
    }
}
