//! The file of answers: a mapping in YAML, of which JSON is a part.

use indexmap::IndexMap;
use serde_json::Value;

/// Answers by name.
pub(super) type Sheet = IndexMap<String, Value>;

/// Reads a file of answers. An error says what is wrong with it.
pub(super) fn read(text: &str) -> Result<Sheet, String> {
    let options = serde_saphyr::options! { with_snippet: false };
    match serde_saphyr::from_str_with_options::<Option<Value>>(text, options) {
        Ok(None | Some(Value::Null)) => Ok(Sheet::new()),
        Ok(Some(Value::Object(answers))) => Ok(answers.into_iter().collect()),
        Ok(Some(_)) => Err("it is not a list of names and answers".to_owned()),
        Err(error) => {
            let line = error.location().map(|at| format!(", line {}", at.line())).unwrap_or_default();
            let text = error.without_snippet().to_string();
            let text = text.lines().next().unwrap_or_default().to_owned();
            Err(format!("it is not YAML{line} ({text})"))
        }
    }
}

/// Whether an answer is missing or empty.
pub(super) fn is_blank(sheet: &Sheet, name: &str) -> bool {
    match sheet.get(name) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.trim().is_empty(),
        Some(Value::Object(fields)) => fields.values().all(|value| value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())),
        Some(_) => false,
    }
}

/// A whole number, also when it stands in quotes.
pub(super) fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The text of a record as the learner wrote it down.
pub(super) struct Text {
    /// As it is shown.
    pub shown: String,
    /// YAML has read it as a number: `007` and `7` are one.
    number: Option<f64>,
}

impl Text {
    /// Reads a text; `None` for a value that cannot be one.
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self { shown: text.trim().to_owned(), number: None }),
            Value::Number(number) => Some(Self { shown: number.to_string(), number: number.as_f64() }),
            Value::Bool(flag) => Some(Self { shown: flag.to_string(), number: None }),
            _ => None,
        }
    }

    /// Whether it is the text of this record.
    pub fn is(&self, record: &str) -> bool {
        record == self.shown || self.number.is_some_and(|number| record.parse() == Ok(number))
    }
}
