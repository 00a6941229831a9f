//! Keys, and what follows from them: placement and order.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::facts::{Fact, Facts, place, short};
use super::wire::Wire;
use crate::kinds::view::{count, lack, part};
use crate::outcome::{Mismatch, Subject};
use crate::world::kafka::partitioner;

/// A field of an event, as the text that a key would be.
fn field_text(event: &Value, field: &str) -> Option<String> {
    match event.get(field)? {
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Whether each key is the event's field. JSON-quoted text is accepted with a remark.
pub fn judge_key(field: &str, facts: &Facts<'_>, remarks: &mut Vec<String>) -> Option<Mismatch> {
    let mut wrong = Vec::new();
    let mut quoted = 0;
    for fact in &facts.records {
        let Some(wanted) = fact.event.and_then(|event| field_text(&event.json, field)) else { continue };
        match fact.record.key {
            Some(key) if key == wanted.as_bytes() => {}
            Some(key) if key == Value::String(wanted.clone()).to_string().as_bytes() => quoted += 1,
            _ => wrong.push((fact, wanted)),
        }
    }
    if quoted > 0 {
        remarks.push(format!(
            "{} written with quotes, as JSON: it is accepted, but other programs usually expect the plain text as key",
            if quoted == 1 { "one key is".to_owned() } else { format!("{quoted} keys are") }
        ));
    }
    let (first, _) = wrong.first()?;
    let total = facts.records.len() as u64;
    let observed = match first.record.key {
        None => {
            let without = wrong.iter().filter(|(fact, _)| fact.record.key.is_none()).count() as u64;
            format!("{} without a key", part(without, total, "record"))
        }
        Some(key) => format!("for example the key `{}`", short(key)),
    };
    let witnesses = wrong.iter().map(|(fact, wanted)| {
        let key = fact.record.key.map_or_else(|| "no key".to_owned(), |key| format!("key `{}`", short(key)));
        format!("{}: {key}, expected `{wanted}`", place(&fact.record))
    });
    let verbs = ["has", "does not have", "do not have"];
    let message = format!("{} the event's `{field}` as key", lack(wrong.len() as u64, total, "record", verbs));
    let mismatch = Mismatch::new(message, format!("the key is the event's `{field}`"), observed).witnesses(witnesses);
    Some(mismatch.cause(cause_of_key(field, &wrong, facts)).about(Subject::Key).settled())
}

/// Says what the keys are instead, and what rule the placement follows.
fn cause_of_key(field: &str, wrong: &[(&Fact<'_>, String)], facts: &Facts<'_>) -> String {
    let keys: BTreeSet<_> = facts.records.iter().map(|fact| fact.record.key).collect();
    if wrong.iter().all(|(fact, _)| fact.record.key.is_none()) {
        return format!(
            "without a key the client spreads the records over the partitions as it likes, and the events of one `{field}` lose their order. \
             Pass the key when you send: key=event[\"{field}\"]"
        );
    }
    if let ([Some(only)], true) = (keys.iter().copied().collect::<Vec<_>>().as_slice(), wrong.len() > 1) {
        return format!("every record has the same key `{}`: all of them go to one partition. Use the value of the event's field `{field}`, not a text that is always the same", short(only));
    }
    if wrong.iter().all(|(fact, wanted)| fact.record.key == Some(format!("b'{wanted}'").as_bytes())) {
        return "the key is Python's way to print bytes, str(b'…'): pass the text itself, or text.encode()".to_owned();
    }
    let names = facts.events.first().and_then(|event| event.json.as_object()).map(|event| event.keys().cloned().collect::<Vec<_>>());
    for name in names.unwrap_or_default() {
        let all = wrong.iter().all(|(fact, _)| {
            let text = fact.event.and_then(|event| field_text(&event.json, &name));
            text.is_some_and(|text| fact.record.key == Some(text.as_bytes()))
        });
        if all {
            return format!("the key is the event's `{name}`. Events that must stay together need the same key: `{field}`");
        }
    }
    let placements: Vec<_> = facts.records.iter().map(|fact| (fact.record.key, fact.record.partition)).collect();
    let partitions = facts.records.iter().map(|fact| fact.record.partition + 1).max().unwrap_or(1);
    match partitioner::name_rule(&placements, partitions) {
        Some(rule) => format!("the key should be the plain text of `{field}`, encoded as UTF-8. As it is, the placement follows this rule: {rule}"),
        None => format!("the key should be the plain text of `{field}`, encoded as UTF-8"),
    }
}

/// Whether records with one key stand on one partition.
pub fn judge_placement(facts: &Facts<'_>) -> Option<Mismatch> {
    let mut partitions: BTreeMap<&[u8], BTreeSet<i32>> = BTreeMap::new();
    for fact in &facts.records {
        if let Some(key) = fact.record.key {
            partitions.entry(key).or_default().insert(fact.record.partition);
        }
    }
    if partitions.is_empty() {
        let cause = "without a key the client spreads the records over the partitions as it likes: pass a key when you send";
        return Some(Mismatch::new("no record has a key", "records with one key on one partition", "no key at all").cause(cause).about(Subject::Key).settled());
    }
    let split: Vec<_> = partitions.iter().filter(|(_, used)| used.len() > 1).collect();
    if split.is_empty() {
        return None;
    }
    let witnesses = split.iter().map(|(key, used)| {
        format!("key `{}`: partitions {}", short(key), listed(*used))
    });
    let placements: Vec<_> = facts.records.iter().map(|fact| (fact.record.key, fact.record.partition)).collect();
    let highest = placements.iter().map(|(_, partition)| partition + 1).max().unwrap_or(1);
    let rule = partitioner::name_rule(&placements, highest).map(|rule| format!("the placement follows this rule instead: {rule}"));
    let cause = rule.unwrap_or_else(|| {
        "the program chooses partitions by itself, or the number of partitions changed while it ran. Leave the choice to the client's partitioner".to_owned()
    });
    let observed = format!("{} on more than one partition", count(split.len() as u64, "key"));
    let message = format!("the records of {} are spread over several partitions", if split.len() == 1 { "one key".to_owned() } else { format!("{} keys", split.len()) });
    Some(Mismatch::new(message, "all records with one key on one partition", observed).witnesses(witnesses).cause(cause).about(Subject::Key).settled())
}

/// Whether the events that belong together stand in order, by offset within a partition. What a client sent in order and a broker that was not ready
/// put out of it is accepted with a remark.
pub fn judge_order(by: &str, per: &str, facts: &Facts<'_>, wire: &Wire<'_, '_>, remarks: &mut Vec<String>) -> Option<Mismatch> {
    let mut last: BTreeMap<(i32, String), (i64, i64)> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut overtaken = BTreeSet::new();
    let hesitant = LazyCell::new(|| wire.hesitant());
    let mut seen = BTreeSet::new();
    for fact in &facts.records {
        // An event that is there again is not out of order: `values` judges repeats.
        let Some(event) = fact.event.filter(|event| seen.insert(event.id.as_str())) else { continue };
        let (Some(owner), Some(number)) = (field_text(&event.json, per), event.json.get(by).and_then(Value::as_i64)) else { continue };
        // A client stamps a record when it takes it: that tells the order in which the program sent.
        let (partition, sent) = (fact.record.partition, fact.record.timestamp);
        let before = last.insert((partition, owner.clone()), (number, sent));
        let Some((before, sent_before)) = before.filter(|(before, _)| *before >= number) else { continue };
        if sent <= sent_before && hesitant.contains(&partition) {
            overtaken.insert(partition);
        } else {
            wrong.push(format!("{}: `{by}` {number} of {owner} comes after {before}", place(&fact.record)));
        }
    }
    if !overtaken.is_empty() {
        remarks.push(format!(
            "Kafka was not ready for the first records of {} of the new topic, and your client sent them again, behind later ones: that is accepted. \
             With {} a client keeps the order also then",
            format_args!("{} {}", if overtaken.len() == 1 { "partition" } else { "partitions" }, listed(&overtaken)),
            wire.idempotence()
        ));
    }
    let expected = format!("`{by}` ascends for each `{per}`, on one partition");
    if !wrong.is_empty() {
        let observed = format!("{} out of order", count(wrong.len() as u64, "record"));
        let cause = "the program sends these events in another order than it reads them, or a failed send is repeated after later ones: \
                     send in the order of the input, with enable.idempotence on";
        return Some(Mismatch::new(format!("events of one `{per}` are out of order"), expected, observed).witnesses(wrong).cause(cause).about(Subject::Key));
    }
    let mut partitions: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for (partition, owner) in last.keys() {
        partitions.entry(owner).or_default().push(*partition);
    }
    let spread = partitions.iter().filter(|(_, used)| used.len() > 1);
    let witnesses: Vec<_> = spread.map(|(owner, used)| format!("{owner}: partitions {}", listed(used))).collect();
    if witnesses.is_empty() {
        return None;
    }
    let message = format!("events of one `{per}` stand on several partitions: Kafka keeps no order between partitions");
    let observed = format!("{} of `{per}` on several partitions", count(witnesses.len() as u64, "value"));
    Some(Mismatch::new(message, expected, observed).witnesses(witnesses).cause(format!("events that must stay in order need the same key: `{per}`")).about(Subject::Key))
}

fn listed<'a>(partitions: impl IntoIterator<Item = &'a i32>) -> String {
    partitions.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Whether records stand on enough partitions.
pub fn judge_spread(at_least: u64, facts: &Facts<'_>) -> Option<Mismatch> {
    let used: BTreeSet<_> = facts.records.iter().map(|fact| fact.record.partition).collect();
    let seen = used.len() as u64;
    if seen >= at_least {
        return None;
    }
    let message = format!("all records stand on {}", if seen == 1 { "one partition".to_owned() } else { format!("{seen} partitions") });
    let keys: BTreeSet<_> = facts.records.iter().map(|fact| fact.record.key).collect();
    let mismatch = Mismatch::new(message, format!("at least {} in use", count(at_least, "partition")), format!("{} in use", count(seen, "partition")));
    Some(if keys.len() == 1 { mismatch.cause("all records have the same key, so they share one partition").about(Subject::Key) } else { mismatch })
}
