//! The headers of records.

use indexmap::IndexMap;

use super::facts::{Fact, Facts, place};
use crate::kinds::view::{lack, part};
use crate::lab::data::Format;
use crate::outcome::{Mismatch, Subject};

/// Whether every record has these headers, each once and with this value; others may stand beside them.
pub fn judge(wanted: &IndexMap<String, String>, facts: &Facts<'_>) -> Option<Mismatch> {
    wanted.iter().find_map(|(name, value)| judge_one(name, value, facts))
}

fn judge_one(name: &str, value: &str, facts: &Facts<'_>) -> Option<Mismatch> {
    let wrong: Vec<_> = facts.records.iter().filter(|fact| values(fact, name) != [Some(value.to_owned())]).collect();
    let first = wrong.first()?;
    let (number, total) = (wrong.len() as u64, facts.records.len() as u64);
    let wanted = format!("the header `{name}: {value}`");
    let verbs = [format!("has {wanted}"), format!("does not have {wanted}"), format!("do not have {wanted}")];
    let message = lack(number, total, "record", verbs.each_ref().map(String::as_str));
    let bare = wrong.iter().filter(|fact| fact.headers().is_empty()).count() as u64;
    let observed = if bare > 0 { format!("{} without any header", part(bare, total, "record")) } else { format!("for example {}", shown(first)) };
    let witnesses = wrong.iter().map(|fact| format!("{}: {}", place(&fact.record), shown(fact)));
    Some(Mismatch::new(message, format!("every record has {wanted}"), observed).witnesses(witnesses).cause(cause(name, value, first)).about(Subject::Headers).settled())
}

fn values(fact: &Fact<'_>, name: &str) -> Vec<Option<String>> {
    fact.headers().into_iter().filter(|(other, _)| other == name).map(|(_, value)| value).collect()
}

fn shown(fact: &Fact<'_>) -> String {
    let headers = fact.headers();
    if headers.is_empty() {
        return "no headers".to_owned();
    }
    let one = |(name, value): &(String, Option<String>)| match value {
        Some(value) => format!("`{name}: {value}`"),
        None => format!("`{name}` with a null value"),
    };
    headers.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn cause(name: &str, wanted: &str, fact: &Fact<'_>) -> String {
    let headers = fact.headers();
    let close = |other: &str| other != name && other.to_lowercase().replace('_', "-") == name.to_lowercase();
    if let Some((other, _)) = headers.iter().find(|(other, _)| close(other)) {
        return format!("the header is called `{other}` here. Kafka compares names byte by byte: `{name}` is another one");
    }
    let tells_format = name == "content-type";
    match values(fact, name).as_slice() {
        [] => {
            let how = if tells_format {
                format!("headers=[(\"{name}\", b\"{wanted}\")] in Python, where aiokafka and kafka-python want bytes")
            } else {
                format!("headers=[(\"{name}\", value.encode())] in Python; the value is `{wanted}` here, and may be another one in the next run")
            };
            format!("a record's headers are an argument of the send call, next to key and value: {how}")
        }
        [Some(other)] if other.trim_matches(|sign| "b'\"".contains(sign)) == wanted => {
            format!("the header's value holds quotes that are not part of it: {other}. Pass the text itself, or text.encode()")
        }
        [Some(other)] if [Format::Json, Format::Msgpack, Format::Avro].iter().any(|format| format.content_type() == other) => {
            "this is the content type of another format: choose the header by FORMAT, as the encoder".to_owned()
        }
        [_] if tells_format => format!("a consumer decodes by this header, so its value is exactly `{wanted}`"),
        [_] => format!("whoever reads `{name}` goes by its exact value: `{wanted}` here, and perhaps another one in the next run"),
        _ => format!("the header stands there more than once: a consumer cannot know which one counts. Send `{name}` once"),
    }
}
