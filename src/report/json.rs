//! The outcome as JSON: everything, for other programs. Its schema is `checks/schema/outcome.v1.json`.

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::outcome::{Outcome, SCHEMA, sanitize};

/// The report.
///
/// # Errors
/// None in practice: an outcome is plain data.
pub fn render(outcome: &Outcome) -> anyhow::Result<String> {
    let mut text = serde_json::to_string_pretty(outcome).context("failed to write the outcome as JSON")?;
    text.push('\n');
    Ok(sanitize::json(&text))
}

/// Reads a report back.
///
/// # Errors
/// When it is not JSON, of another version, or not what the schema says.
pub fn read(text: &str) -> anyhow::Result<Outcome> {
    let value: Value = serde_json::from_str(text).context("failed to read the outcome: it is not JSON")?;
    match value.get("schema").and_then(Value::as_str) {
        Some(SCHEMA) => {}
        Some(other) => {
            bail!("failed to read the outcome: it is of schema `{other}`, this kgrade reads `{SCHEMA}`; grade again with this version")
        }
        None => bail!("failed to read the outcome: it has no `schema`; name a file written by --report json=PATH"),
    }
    serde_json::from_value(value).context("failed to read the outcome: it does not fit its schema")
}

/// The JSON Schema of the report, as it is checked in.
#[must_use]
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(Outcome);
    schema.insert("title".to_owned(), json!("What kgrade found: the outcome of one submission and one lab"));
    if let Some(version) = schema.pointer_mut("/properties/schema").and_then(Value::as_object_mut) {
        version.insert("const".to_owned(), json!(SCHEMA));
    }
    schema.to_value()
}
