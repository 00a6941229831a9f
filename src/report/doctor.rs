//! What `kgrade doctor` found, in a terminal and for other programs.

use console::{Color, Style as Paint};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::course::sheet::Sheet;
use super::terminal::Style;
use super::words::count;
use crate::outcome::sanitize;
use crate::world::doctor::{Finding, State};

/// The version of the JSON form of a [`Diagnosis`].
pub const SCHEMA: &str = "kgrade/doctor/v1";

/// Below this many columns, what was found stands below what it is about.
const NARROW: usize = 60;

/// The widest word for a state, and the widest title.
const STATE: usize = 7;
const TITLE: usize = 14;

/// What was found on a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Diagnosis {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The version of kgrade.
    pub kgrade: String,
    /// The lab that it is about; without one, all of them.
    pub lab: Option<String>,
    /// Whether nothing is missing.
    pub usable: bool,
    /// What was looked at, in order.
    pub findings: Vec<Finding>,
}

impl Diagnosis {
    /// Of what was found.
    #[must_use]
    pub fn of(lab: Option<String>, findings: Vec<Finding>) -> Self {
        let usable = findings.iter().all(|finding| finding.state != State::Missing);
        Self { schema: SCHEMA.to_owned(), kgrade: env!("CARGO_PKG_VERSION").to_owned(), lab, usable, findings }
    }

    fn number(&self, state: State) -> usize {
        self.findings.iter().filter(|finding| finding.state == state).count()
    }
}

/// The page.
#[must_use]
pub fn render(diagnosis: &Diagnosis, style: &Style) -> String {
    let mut sheet = Sheet::new(style);
    let about = diagnosis.lab.as_ref().map_or_else(|| "kgrade".to_owned(), |lab| format!("kgrade for {lab}"));
    sheet.heading(&format!("What this machine has for {about}"));
    sheet.gap();
    for finding in &diagnosis.findings {
        row(&mut sheet, finding, style);
    }
    sheet.gap();
    let warnings = match diagnosis.number(State::Warning) {
        0 => String::new(),
        n => format!("{} on things that it can do without", count(n as u64, "warning", "warnings")),
    };
    match (diagnosis.number(State::Missing), warnings.as_str()) {
        (0, "") => sheet.text("", "kgrade can be used here."),
        (0, warnings) => sheet.text("", &format!("kgrade can be used here; {warnings}.")),
        (n, warnings) => {
            let missing = count(n as u64, "thing is", "things are");
            let also = if warnings.is_empty() { String::new() } else { format!("; {warnings}") };
            sheet.text("", &format!("Not yet: {missing} missing{also}. Mend it as said above, and run this again."));
        }
    }
    sheet.finish()
}

/// The same for other programs. Its schema is `checks/schema/doctor.v1.json`.
///
/// # Errors
/// None in practice: a diagnosis is plain data.
pub fn json(diagnosis: &Diagnosis) -> serde_json::Result<String> {
    Ok(sanitize::json(&(serde_json::to_string_pretty(diagnosis)? + "\n")))
}

/// The JSON Schema of a diagnosis.
#[must_use]
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(Diagnosis).to_value();
    schema["title"] = json!("What kgrade doctor found on a machine");
    schema["properties"]["schema"]["const"] = json!(SCHEMA);
    schema
}

fn row(sheet: &mut Sheet, finding: &Finding, style: &Style) {
    let (mark, word, color) = match (finding.state, style.unicode) {
        (State::Ok, true) => ("✓", "ok", Color::Green),
        (State::Ok, false) => ("+", "ok", Color::Green),
        (State::Warning, _) => ("!", "warning", Color::Yellow),
        (State::Missing, true) => ("✗", "missing", Color::Red),
        (State::Missing, false) => ("x", "missing", Color::Red),
    };
    let title = finding.topic.title();
    let state = style.paint(&Paint::new().fg(color), &format!("{mark} {word:<STATE$}"));
    let below = if style.width < NARROW {
        sheet.text(&format!("{state}  "), title);
        sheet.text("    ", &finding.found);
        "    ".to_owned()
    } else {
        let lead = format!("{state}  {title:<TITLE$}  ");
        sheet.text(&lead, &finding.found);
        " ".repeat(2 + STATE + 2 + TITLE + 2)
    };
    if let Some(advice) = &finding.advice {
        sheet.text(&below, advice);
    }
    for command in &finding.commands {
        sheet.command(&below, &format!("$ {command}"));
    }
}

#[cfg(test)]
mod tests;
