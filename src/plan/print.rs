//! The plan as text, for `kgrade plan`.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::{Plan, waves};
use crate::lab::{Check, Placed};

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let points: u32 = self.checks.iter().map(|check| check.points).sum();
        writeln!(f, "{}  {}", self.lab.name, self.lab.title)?;
        let plural = if self.checks.len() == 1 { "" } else { "s" };
        writeln!(f, "{} check{plural}, {points} points, {} with enough of them side by side", self.checks.len(), self.total())?;
        for (number, wave) in waves(&self.checks).into_iter().enumerate() {
            writeln!(f, "\n{}", if number == 0 { "from the start, side by side:" } else { "then, side by side:" })?;
            for check in wave.into_iter().filter_map(|index| self.checks.get(index)) {
                self.check(f, check)?;
            }
        }
        Ok(())
    }
}

impl Plan {
    fn check(&self, f: &mut fmt::Formatter<'_>, check: &Check) -> fmt::Result {
        writeln!(f, "\n  {}  {} points  {}  {}", check.id, check.points, self.budget(check), check.place)?;
        writeln!(f, "    {}", check.title)?;
        for (word, ids) in [("needs", &check.needs), ("after", &check.after), ("blames", &check.blame)] {
            if !ids.is_empty() {
                writeln!(f, "    {word:<8}{}{}", ids.join(", "), if word == "needs" { ": skipped when it does not pass" } else { "" })?;
            }
        }
        list(f, "do", &check.actions)?;
        list(f, "given", &check.given)?;
        list(f, "always", &check.always)?;
        list(f, "never", &check.never)?;
        let stable = check.stable.map(|stable| format!(", stable {stable}")).unwrap_or_default();
        list(f, "expect", &check.expect)?;
        writeln!(f, "            within {}{stable}", check.within)?;
        list(f, "finally", &check.finally)
    }
}

/// The items under a word, one to a line.
fn list<T: Serialize>(f: &mut fmt::Formatter<'_>, word: &str, items: &[Placed<T>]) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        let spec = serde_json::to_value(&item.spec).map_err(|_| fmt::Error)?;
        writeln!(f, "    {:<8}{}", if index == 0 { word } else { "" }, bare(&spec))?;
    }
    Ok(())
}

/// A one-key mapping without its braces, as it stands in a lab's list.
fn bare(value: &Value) -> String {
    match value {
        Value::Object(map) => map.iter().map(|(key, value)| format!("{key}: {}", flow(value))).collect::<Vec<_>>().join(", "),
        other => flow(other),
    }
}

/// A value in YAML's flow style. Settings that are left out are not shown.
fn flow(value: &Value) -> String {
    match value {
        Value::Object(map) if map.is_empty() => "{}".into(),
        Value::Object(map) => {
            let shown = map.iter().filter(|(_, value)| !value.is_null());
            format!("{{ {} }}", shown.map(|(key, value)| format!("{key}: {}", flow(value))).collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
