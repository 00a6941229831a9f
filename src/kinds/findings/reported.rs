//! What a program reported, read from its JSON.

use std::fmt;

use serde_json::{Map, Value};

use super::Problem;
use crate::outcome::Mismatch;

/// One finding as the program reports it. A field of another type than asked for counts as not given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    pub problem: Problem,
    pub topic: Option<String>,
    pub partition: Option<i64>,
    pub group: Option<String>,
}

/// Why the report cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slip {
    /// `findings` is no array.
    NoList(String),
    /// An item is no object.
    NoObject(usize, String),
    /// An item has no known `problem`.
    NoProblem(usize, String),
    /// An item has a field of another type.
    Type(usize, &'static str, &'static str, String),
}

impl fmt::Display for Reported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.problem.name())?;
        if let Some(partition) = self.partition {
            write!(f, " in partition {partition}")?;
        }
        match &self.topic {
            Some(topic) => write!(f, " of topic {topic}")?,
            None => write!(f, " of no topic")?,
        }
        self.group.as_ref().map_or(Ok(()), |group| write!(f, " for group {group}"))
    }
}

/// Reads the findings.
pub fn read(object: &Map<String, Value>) -> Result<Vec<Reported>, Slip> {
    let list = match object.get("findings") {
        Some(Value::Array(list)) => list,
        other => return Err(Slip::NoList(other.unwrap_or(&Value::Null).to_string())),
    };
    list.iter().enumerate().map(|(nth, item)| one(nth + 1, item)).collect()
}

fn one(nth: usize, item: &Value) -> Result<Reported, Slip> {
    let Value::Object(fields) = item else { return Err(Slip::NoObject(nth, item.to_string())) };
    let text = |field: &'static str| match fields.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(Slip::Type(nth, field, "text", other.to_string())),
    };
    let name = text("problem")?;
    let known = name.and_then(|name| Problem::ALL.into_iter().find(|problem| problem.name() == name));
    let problem = known.ok_or_else(|| Slip::NoProblem(nth, item.to_string()))?;
    let partition = match fields.get("partition") {
        None | Some(Value::Null) => None,
        Some(Value::Number(number)) => Some(number.as_i64().ok_or_else(|| Slip::Type(nth, "partition", "a whole number", number.to_string()))?),
        Some(other) => return Err(Slip::Type(nth, "partition", "a whole number", other.to_string())),
    };
    Ok(Reported { problem, topic: text("topic")?, partition, group: text("group")? })
}

impl Slip {
    /// The slip in words.
    pub fn mismatch(&self, by: &str) -> Mismatch {
        let names = Problem::ALL.map(Problem::name).join(", ");
        let (message, expected, observed) = match self {
            Self::NoList(seen) => (format!("`findings`, printed by `{by}`, is no JSON array"), "\"findings\": […], empty when all is well".to_owned(), seen),
            Self::NoObject(nth, seen) => {
                (format!("finding {nth} of `{by}` is no JSON object"), "{\"problem\", \"topic\", \"partition\", \"group\"}".to_owned(), seen)
            }
            Self::NoProblem(nth, seen) => (format!("finding {nth} of `{by}` names no problem of the handout"), format!("one of {names}"), seen),
            Self::Type(nth, field, kind, seen) => {
                (format!("`{field}` in finding {nth} of `{by}` is not {kind}"), format!("{kind}, or null where the problem has no {field}"), seen)
            }
        };
        Mismatch::new(message, expected, observed.chars().take(200).collect::<String>())
    }
}
