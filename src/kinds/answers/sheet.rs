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

/// A text; YAML reads a text of digits as a number.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}
