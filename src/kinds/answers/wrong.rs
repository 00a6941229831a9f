//! What is wrong with an answer, and what is right, and why.

use serde_json::{Map, Value};

use super::Question;
use super::facts::Facts;
use super::sheet::{self, Sheet, Text};
use crate::kinds::view::count;
use crate::lab::suggestion::nearest;

/// What is wrong with the answer of this name; `None` when it is right.
pub(super) fn explain(facts: &Facts, question: &Question, sheet: &Sheet, name: &str) -> Option<String> {
    if sheet::is_blank(sheet, name) {
        return Some(match nearest(name, sheet.keys().map(String::as_str).filter(|key| *key != name)) {
            Some(key) if !sheet.contains_key(name) => format!("not there; is `{key}` meant? Write the name as it is here"),
            _ => "not filled in yet".to_owned(),
        });
    }
    let value = sheet.get(name)?;
    if let Question::Record {} = question {
        return match value {
            Value::Object(fields) => record(facts, fields),
            _ => Some("three values are asked for: `text`, `partition` and `offset`, each on an indented line of its own".to_owned()),
        };
    }
    let Some(number) = sheet::number(value) else {
        return Some(format!("a whole number is asked for, not {value}"));
    };
    match question {
        Question::Partitions {} => partitions(facts, number),
        Question::EndOffset { partition } => end(facts, *partition, number),
        Question::NextOffset { partition } => next(facts, *partition, number),
        Question::Record {} => None,
    }
}

fn partitions(facts: &Facts, answer: i64) -> Option<String> {
    let Facts { topic, partitions, .. } = facts;
    let has = count(partitions.unsigned_abs(), "partition");
    if answer == *partitions {
        return None;
    }
    Some(if answer == partitions - 1 {
        format!("you wrote {answer}; {topic} has {has}. They are numbered from 0, so the last one is partition {answer}")
    } else {
        format!("you wrote {answer}; {topic} has {has} (`kafka-topics.sh --describe` calls it PartitionCount)")
    })
}

fn end(facts: &Facts, partition: i32, answer: i64) -> Option<String> {
    if facts.is_end(partition, answer) {
        return None;
    }
    let end = facts.end(partition);
    Some(format!("you wrote {answer}; partition {partition} ends at {end}. {}", reason(facts, partition, answer)))
}

fn next(facts: &Facts, partition: i32, answer: i64) -> Option<String> {
    if facts.is_end(partition, answer) {
        return None;
    }
    let end = facts.end(partition);
    let why = if answer == end + 1 {
        "the end offset is that number already: nothing has to be added to it".to_owned()
    } else {
        reason(facts, partition, answer)
    };
    Some(format!("you wrote {answer}; the next record of partition {partition} gets offset {end}. {}", capital(&why)))
}

/// Why an offset is not the end of a partition.
fn reason(facts: &Facts, partition: i32, answer: i64) -> String {
    let end = facts.end(partition);
    let sum: i64 = facts.ends.values().sum();
    let other = facts.ends.iter().find(|(other, known)| **other != partition && **known == answer && answer > 0);
    if answer == end - 1 {
        format!("Offset {answer} is that of the last record; the end is one further: the offset that the next record gets")
    } else if answer == sum && facts.ends.len() > 1 {
        "That is the number of records in all partitions together: every partition counts its own, from 0".to_owned()
    } else if let Some((other, _)) = other {
        format!("{answer} is the end of partition {other}: every partition counts its own records, from 0")
    } else if answer < end {
        "If you sent records after you wrote this down, look again: offsets only grow".to_owned()
    } else {
        "Offsets count from 0 in every partition by itself, and only grow: `kafka-get-offsets.sh` shows where each one ends".to_owned()
    }
}

fn record(facts: &Facts, fields: &Map<String, Value>) -> Option<String> {
    let field = |name: &str| fields.get(name).filter(|value| !value.is_null());
    let missing: Vec<_> = ["text", "partition", "offset"].into_iter().filter(|name| field(name).is_none()).collect();
    if !missing.is_empty() {
        return Some(format!("`{}` is not filled in yet", missing.join("` and `")));
    }
    let Some(text) = field("text").and_then(Text::of) else {
        return Some("`text` is the text of one record as you sent it; put it in quotes".to_owned());
    };
    let numbers = ["partition", "offset"].map(|name| field(name).and_then(sheet::number));
    let [Some(partition), Some(offset)] = numbers else {
        return Some("`partition` and `offset` are whole numbers".to_owned());
    };
    if facts.text_at(partition, offset).is_some_and(|there| text.is(there)) {
        return None;
    }
    let topic = &facts.topic;
    let there = match facts.text_at(partition, offset) {
        Some(other) => format!("at partition {partition}, offset {offset} stands `{}`", short(other)),
        None => format!("there is no record at partition {partition}, offset {offset}"),
    };
    let mut places = facts.places(&text);
    Some(match (places.next(), places.count()) {
        (None, _) => format!("no record of {topic} has the text `{}`; {there}", short(&text.shown)),
        (Some((real, at)), 0) => {
            let turned = if (i64::from(real), at) == (offset, partition) { ": the two numbers are swapped" } else { "" };
            format!("`{}` stands at partition {real}, offset {at}{turned}; {there}", short(&text.shown))
        }
        (Some((real, at)), more) => {
            format!("`{}` stands at partition {real}, offset {at} and in {}; {there}", short(&text.shown), count(more as u64, "other place"))
        }
    })
}

/// A text that fits into a line.
fn short(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST { text.to_owned() } else { text.chars().take(MOST).chain(['…']).collect() }
}

fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}
