//! The one JSON object that a program prints on its standard output, for labs that ask for a line.
//!
//! What is printed is evidence only where a lab asks for it. Other lines are passed over, because some clients log there: kafkajs writes its
//! log as JSON objects to standard output, Java's logback as text. So the line is told by the fields that it holds.

mod wrong;

use serde_json::{Map, Value};

use super::View;
use crate::outcome::Mismatch;
use crate::timeline::Instance;
use crate::timeline::event::Stream;

/// What an instance printed where a lab asks for one line with a JSON object.
#[derive(Debug, Clone, PartialEq)]
pub enum Printed {
    /// The object, and when its line was printed (nanoseconds since the run began).
    Object(Map<String, Value>, u64),
    /// There is no such line, or several: what is wrong, and how to print it.
    Wrong(Mismatch),
}

/// Finds the one line on the standard output of `instance` that is a JSON object with all of `fields`.
///
/// Asked while the program still runs, the line may be yet to come.
#[must_use]
pub fn printed(view: &View<'_>, instance: &str, fields: &[&str]) -> Printed {
    let lines: Vec<(u64, Stream, &str)> = view.instance(instance).map(|known| view.timeline.lines(known).collect()).unwrap_or_default();
    let mut answers = on(&lines, Stream::Stdout).filter_map(|(at, text)| Some((at, text, object(text, fields)?)));
    match (answers.next(), answers.next()) {
        (Some((at, _, object)), None) => Printed::Object(object, at),
        (Some((_, first, _)), Some((_, second, _))) => {
            let texts: Vec<&str> = [first, second].into_iter().chain(answers.map(|(_, text, _)| text)).collect();
            Printed::Wrong(wrong::several(instance, fields, &texts))
        }
        (None, _) => {
            let texts: Vec<&str> = on(&lines, Stream::Stdout).map(|(_, text)| text).filter(|text| !text.trim().is_empty()).collect();
            let beside = on(&lines, Stream::Stderr).any(|(_, text)| object(text, fields).is_some());
            let wrong = wrong::none(instance, fields, &texts, beside);
            let runs = texts.is_empty() && !beside && view.instance(instance).is_some_and(Instance::alive);
            Printed::Wrong(if runs { wrong.cause(wrong::still_runs(instance)) } else { view.with_ends(wrong) })
        }
    }
}

fn on<'a>(lines: &'a [(u64, Stream, &'a str)], wanted: Stream) -> impl Iterator<Item = (u64, &'a str)> {
    lines.iter().filter(move |(_, stream, _)| *stream == wanted).map(|(at, _, text)| (*at, *text))
}

/// The line as a JSON object with all of these fields.
fn object(text: &str, fields: &[&str]) -> Option<Map<String, Value>> {
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) if fields.iter().all(|field| object.contains_key(*field)) => Some(object),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
