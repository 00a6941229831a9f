//! A checkpoint as a report that can be handed in.

mod markdown;
mod page;
mod terminal;

use std::path::PathBuf;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::course::Moment;
use crate::course::progress::State;
use crate::course::status::{By, CheckpointStatus, Evidence};
use crate::lab::plural::count;
use crate::outcome::sanitize;
use crate::report::provenance::moment;

pub use terminal::render;

/// The version of the JSON form of a [`Report`].
pub const SCHEMA: &str = "kgrade/checkpoint/v1";

/// What every report says of its own worth.
const BASIS: &str = "This rests on the learner's own practice runs, as kgrade kept them on the learner's machine: it shows what was \
                     reached, and proves nothing. Whoever needs a proof grades the same work again.";

/// A checkpoint, and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Report {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// What the course is called.
    pub course: String,
    /// Whose it is, as `--learner` says.
    pub learner: Option<String>,
    /// When the report was made.
    #[schemars(with = "String")]
    pub made: Moment,
    /// The version of the kgrade that made it.
    pub kgrade: String,
    /// What it rests on.
    pub basis: String,
    /// The checkpoint.
    pub checkpoint: CheckpointStatus,
}

impl Report {
    /// The report of a checkpoint, made now.
    #[must_use]
    pub fn new(course: &str, learner: Option<&str>, made: Moment, checkpoint: CheckpointStatus) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            course: course.to_owned(),
            learner: learner.map(str::to_owned),
            made,
            kgrade: env!("CARGO_PKG_VERSION").to_owned(),
            basis: BASIS.to_owned(),
            checkpoint,
        }
    }

    fn title(&self) -> String {
        format!("Checkpoint, end of week {}", self.checkpoint.after_week)
    }

    /// What it comes to, in a few words.
    fn result(&self) -> String {
        if self.checkpoint.reached {
            "reached".to_owned()
        } else {
            format!("not reached yet, {} of {} shown", self.checkpoint.shown(), count(self.checkpoint.lines.len(), "line"))
        }
    }

    /// Course, learner, when, and by which kgrade.
    fn facts(&self) -> Vec<String> {
        let Moment(made) = self.made;
        let mut facts = vec![self.course.clone()];
        facts.extend(self.learner.as_ref().map(|learner| format!("learner {learner}")));
        facts.extend(moment(made).map(|made| format!("made {made}")));
        facts.push(format!("kgrade {}", self.kgrade));
        facts
    }
}

/// A format that a checkpoint can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a page or a comment.
    Markdown,
    /// One page for a browser or for paper.
    Html,
    /// For other programs.
    Json,
}

impl Format {
    const ALL: [(&str, Self); 3] = [("markdown", Self::Markdown), ("html", Self::Html), ("json", Self::Json)];

    /// The report.
    ///
    /// # Errors
    /// None in practice: a report is plain data.
    pub fn render(self, report: &Report) -> anyhow::Result<String> {
        Ok(match self {
            Self::Markdown => markdown::render(report),
            Self::Html => page::render(report),
            Self::Json => sanitize::json(&(serde_json::to_string_pretty(report)? + "\n")),
        })
    }
}

/// `--report FORMAT=PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What is written.
    pub format: Format,
    /// Where it is written.
    pub path: PathBuf,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = || Format::ALL.map(|(name, _)| name).join(", ");
        let Some((name, path)) = text.split_once('=').filter(|(_, path)| !path.is_empty()) else {
            return Err(format!("`{text}` is not FORMAT=PATH; write for example markdown=week-1.md (formats: {})", known()));
        };
        match Format::ALL.iter().find(|(format, _)| *format == name) {
            Some((_, format)) => Ok(Self { format: *format, path: path.into() }),
            None => Err(format!("there is no format `{name}` for a checkpoint (formats: {})", known())),
        }
    }
}

/// When a check was decided on and by what, one fact each.
fn by(by: &By) -> Vec<String> {
    let Moment(time) = by.time;
    let digest: String = by.checks_digest.chars().take(12).collect();
    let mut facts: Vec<String> = moment(time).into_iter().collect();
    facts.extend([format!("kgrade {}", by.kgrade), format!("seed {}", by.seed), format!("lab {digest}")]);
    facts.extend(by.earlier_version.then(|| "graded by an earlier version of the lab".to_owned()));
    facts
}

/// What there is to say of a check's run; that there is none, if so.
fn run(check: &Evidence) -> String {
    match (&check.by, check.state) {
        (Some(run), State::Passed | State::Failed) => by(run).join(", "),
        _ => "no run has judged it yet".to_owned(),
    }
}

/// The JSON Schema of a report, as it is checked in.
#[must_use]
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(Report);
    schema.insert("title".to_owned(), json!("What a learner's results show of a checkpoint of the course"));
    if let Some(version) = schema.pointer_mut("/properties/schema").and_then(Value::as_object_mut) {
        version.insert("const".to_owned(), json!(SCHEMA));
    }
    schema.to_value()
}
