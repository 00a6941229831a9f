//! Whether each value is its event, and each event is there once.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::Times;
use super::facts::{Fact, Facts, place, short};
use super::forms::Form;
use super::wire::Wire;
use crate::kinds::view::{count, lack, part};
use crate::lab::data::{Event, EventSchema, Format};
use crate::outcome::{Mismatch, Subject};

/// What is wrong with the values, if anything. Forms come before numbers: a wrong form explains most.
pub fn judge(facts: &Facts<'_>, wire: &Wire<'_, '_>) -> Option<Mismatch> {
    form(facts).or_else(|| content(facts)).or_else(|| judge_times(Times::ExactlyOnce, facts, wire))
}

/// What is wrong with how often each event is there, if anything.
pub fn judge_times(times: Times, facts: &Facts<'_>, wire: &Wire<'_, '_>) -> Option<Mismatch> {
    if facts.records.iter().all(|fact| fact.event.is_none()) {
        let seen = count(facts.records.len() as u64, "record");
        return Some(Mismatch::new("no record is one of the events", "the events on standard input", format!("{seen}, none with the event_id of an event")));
    }
    let missing = (times != Times::AtMostOnce).then(|| missing(facts, wire)).flatten();
    missing.or_else(|| (times != Times::AtLeastOnce).then(|| repeated(facts, wire)).flatten())
}

fn form(facts: &Facts<'_>) -> Option<Mismatch> {
    let wrong: Vec<_> = facts.records.iter().filter(|fact| !matches!(fact.json, Some(Value::Object(_)))).collect();
    let first = wrong.first()?;
    let one = |fact: &&Fact<'_>| match (&fact.form, &fact.problem) {
        // What it is says enough; what a decoder has against it is for what is not recognised.
        (None, Some(problem)) if facts.format != Format::Json => format!("{}: {} ({problem})", place(&fact.record), shown(fact)),
        _ => format!("{}: {}", place(&fact.record), shown(fact)),
    };
    let order = matches!(first.form, Some(Form::Reordered(_))).then(|| facts.schema.map(order_of)).flatten();
    let witnesses = wrong.iter().take(1).map(one).chain(order).chain(wrong.iter().skip(1).map(one));
    let (what, expected) = match facts.format {
        Format::Json => ("a JSON object", "each value is one JSON object, the event"),
        Format::Msgpack => ("a MessagePack map", "each value is one MessagePack map, the event"),
        Format::Avro => ("an Avro record of the schema", "each value is one record in Avro's plain binary encoding, by the schema in AVRO_SCHEMA"),
    };
    let verbs = [format!("holds {what}"), format!("does not hold {what}"), format!("do not hold {what}")];
    let message = lack(wrong.len() as u64, facts.records.len() as u64, "record", verbs.each_ref().map(String::as_str));
    let observed = match &first.form {
        Some(form) if facts.format != Format::Json => format!("{}: {}", form.describe(), shown(first)),
        _ => format!("for example: {}", shown(first)),
    };
    let mismatch = Mismatch::new(message, expected, observed).witnesses(witnesses);
    Some(match cause_of_form(first, facts) {
        Some(cause) => mismatch.cause(cause),
        None => mismatch,
    })
}

fn cause_of_form(fact: &Fact<'_>, facts: &Facts<'_>) -> Option<String> {
    let value = fact.record.value.unwrap_or_default();
    match (&fact.form, &fact.json) {
        (_, _) if value.is_empty() => Some("the value is empty: the event went into the key, or nowhere".to_owned()),
        (_, Some(Value::Array(_))) => Some(format!("the value is a {} array: send each event as a record of its own", facts.format.name())),
        (Some(Form::JsonTwice), _) if facts.format == Format::Json => Some(
            "the event was encoded as JSON twice: the value is a JSON string that holds JSON. Call json.dumps once, on the dict; \
             a line from standard input is JSON already"
                .to_owned(),
        ),
        (Some(Form::Python), _) if facts.format == Format::Json => Some(
            "the value is Python's way to print an object, str(…), not JSON: strings have single quotes. Use json.dumps(event).encode()".to_owned(),
        ),
        (Some(form), _) => Some(form.advice(facts.format)),
        (None, _) => None,
    }
}

fn shown(fact: &Fact<'_>) -> String {
    match fact.record.value {
        None => "a null value".to_owned(),
        Some([]) => "an empty value".to_owned(),
        // The bytes of what has a name say nothing more to a person.
        Some(value) => match &fact.form {
            None | Some(Form::Json | Form::JsonTwice | Form::Python) => readable(value),
            Some(_) => count(value.len() as u64, "byte"),
        },
    }
}

/// Where to look when the fields stand in another order.
fn order_of(schema: &EventSchema) -> String {
    format!("the schema in AVRO_SCHEMA had this order in this run: {}", schema.names().collect::<Vec<_>>().join(", "))
}

/// Text as it is; of bytes the first ones in hexadecimal.
fn readable(value: &[u8]) -> String {
    const BYTES: usize = 12;
    let text = std::str::from_utf8(value).ok().filter(|text| !text.chars().any(|sign| sign.is_control() && !sign.is_whitespace()));
    if text.is_some() {
        return short(value);
    }
    let first: Vec<_> = value.iter().take(BYTES).map(|byte| format!("{byte:02x}")).collect();
    if value.len() <= BYTES { first.join(" ") } else { format!("{} … ({} bytes)", first.join(" "), value.len()) }
}

fn content(facts: &Facts<'_>) -> Option<Mismatch> {
    let mut strangers = Vec::new();
    let mut changed = Vec::new();
    for fact in &facts.records {
        let Some(json) = &fact.json else { continue };
        match fact.event {
            None => strangers.push(format!("{}: {}", place(&fact.record), shown(fact))),
            Some(event) if !same(json, &event.json) => {
                changed.push(format!("{}, event {}: {}", place(&fact.record), event.id, difference(&event.json, json)));
            }
            Some(_) => {}
        }
    }
    let (wrong, [one, some]) = if changed.is_empty() {
        (strangers, ["is none of the events", "are none of the events"])
    } else {
        (changed, ["differs from its event", "differ from their events"])
    };
    if wrong.is_empty() {
        return None;
    }
    let observed = part(wrong.len() as u64, facts.records.len() as u64, "record");
    let message = if wrong.len() == 1 { format!("one record {one}") } else { format!("{} records {some}", wrong.len()) };
    Some(Mismatch::new(message, "each value equals the event on standard input, field by field", observed).witnesses(wrong).settled())
}

/// Whether two values are equal; numbers by their value: what reads JSON in Go or JavaScript has floats, and writes them so in MessagePack.
pub fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || (one.is_f64() != other.is_f64() && one.as_f64() == other.as_f64()),
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len() && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| same(value, other)))
        }
        (Value::Array(one), Value::Array(other)) => one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other)),
        _ => one == other,
    }
}

/// A remark when whole numbers were written as floats.
pub fn floats(facts: &Facts<'_>) -> Option<String> {
    let fields = |fact: &Fact<'_>| fact.json.as_ref().and_then(Value::as_object).is_some_and(|fields| fields.values().any(Value::is_f64));
    facts.records.iter().any(fields).then(|| {
        format!("whole numbers are written as floats (3.0): it is accepted, but readers in other languages get floats. {} has integers", facts.format.name())
    })
}

/// Names the fields in which an event differs from what it should be.
pub fn difference(wanted: &Value, seen: &Value) -> String {
    let (Some(wanted), Some(seen)) = (wanted.as_object(), seen.as_object()) else { return "not an object".to_owned() };
    let lacking = wanted.keys().filter(|key| !seen.contains_key(*key)).map(|key| format!("`{key}` is missing"));
    let added = seen.keys().filter(|key| !wanted.contains_key(*key)).map(|key| format!("`{key}` is not in the event"));
    let other = wanted.iter().filter_map(|(key, value)| {
        let other = seen.get(key)?;
        (!same(other, value)).then(|| format!("`{key}` is {}, not {}", short(other.to_string().as_bytes()), short(value.to_string().as_bytes())))
    });
    lacking.chain(added).chain(other).collect::<Vec<_>>().join(", ")
}

fn missing(facts: &Facts<'_>, wire: &Wire<'_, '_>) -> Option<Mismatch> {
    let mut times: HashMap<&str, u64> = HashMap::new();
    for event in facts.records.iter().filter_map(|fact| fact.event) {
        *times.entry(event.id.as_str()).or_default() += 1;
    }
    let lost: Vec<_> = facts.events.iter().enumerate().filter(|(_, event)| !times.contains_key(event.id.as_str())).collect();
    lost.first()?;
    let total = facts.events.len();
    let message = lack(lost.len() as u64, total as u64, "event", ["arrived", "never arrived", "never arrived"]);
    let observed = format!("{} in the topic", part((total - lost.len()) as u64, total as u64, "event"));
    let mismatch = Mismatch::new(message, format!("all {}", count(total as u64, "event")), observed)
        .witnesses(lost.iter().map(|(line, event)| format!("event {} (line {} of the input)", event.id, line + 1)));
    if let Some(cause) = wire.lost() {
        return Some(mismatch.cause(cause).about(Subject::Retries));
    }
    Some(if is_tail(facts.events, &times) {
        // A piece of the input, or the ends of what went to some partitions.
        let last = lost.iter().map(|(line, _)| *line).eq(total - lost.len()..total);
        let which = if last { "the missing events are the last ones" } else { "of each key, the last events are missing" };
        mismatch.cause(format!(
            "{which}: they were still in the producer's buffer when the program ended. \
             send() and produce() only queue an event; call flush() before the end, without a timeout, and check that nothing is left"
        ))
        .about(Subject::Flush)
    } else {
        mismatch
    })
}

/// Whether all that is missing stands at the end: of the input, and there of each key. A producer's buffer is sent partition by partition,
/// so what was left in it when the program ended need not be one piece of the input.
fn is_tail(events: &[Event], arrived: &HashMap<&str, u64>) -> bool {
    let there = |event: &Event| arrived.contains_key(event.id.as_str());
    let mut later = HashSet::new();
    // From the end: once an event of a key is there, every earlier one has to be.
    let whole = events.iter().rev().all(|event| {
        if there(event) {
            later.insert(event.key.as_str());
        }
        there(event) || !later.contains(event.key.as_str())
    });
    whole && events.last().is_some_and(|last| !there(last))
}

fn repeated(facts: &Facts<'_>, wire: &Wire<'_, '_>) -> Option<Mismatch> {
    let mut places: HashMap<&str, Vec<String>> = HashMap::new();
    for fact in &facts.records {
        if let Some(event) = fact.event {
            places.entry(event.id.as_str()).or_default().push(place(&fact.record));
        }
    }
    let mut twice: Vec<_> = places.into_iter().filter(|(_, places)| places.len() > 1).collect();
    if twice.is_empty() {
        return None;
    }
    twice.sort_unstable();
    let which = if twice.len() == 1 { "one event is".to_owned() } else { format!("{} events are", twice.len()) };
    let message = format!("{which} in topic {} more than once", wire.topic());
    let witnesses = twice.iter().map(|(id, places)| format!("event {id}: {}", places.join(" and ")));
    let mismatch = Mismatch::new(message, "each event once", format!("{} more than once", count(twice.len() as u64, "event"))).witnesses(witnesses);
    Some(match wire.doubled() {
        Some(cause) => mismatch.cause(cause).about(Subject::Idempotence),
        None => mismatch,
    })
}
