//! The course: its weeks, days, tasks, learning goals and success criteria, and the labs that grade them (`checks/course.yaml`).
//!
//! The lines stand there as the course's roadmap has them. A check's `criterion` is one of them, word for word, so that a learner sees what
//! of the course a check is about, and an author what of it no check looks at.

pub mod audit;
pub mod checkpoint;
pub mod conform;
pub mod expect;
pub mod fixtures;
mod handout;
pub mod hours;
mod late;
pub mod new_lab;
pub mod progress;
pub mod review;
mod roadmap;
mod starter;
pub mod status;

use std::path::Path;

use anyhow::{Context, Result};
use include_dir::{Dir, include_dir};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use checkpoint::{CheckRef, Checkpoint, CheckpointLine};
pub use handout::{Handout, Section};
pub use late::{Length, Moment, More, Rules};
pub use roadmap::{Advice, Begin, Passage, Step};
pub use starter::{Kept, Starter, Written};

/// The course and its labs, as they were when kgrade was built.
pub static CARRIED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/checks");

/// The name of the course's file in the folder with the labs.
const FILE: &str = "course.yaml";

/// A course.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Course {
    /// The version of the file's form.
    pub kgrade: u32,
    /// What it is called.
    pub title: String,
    /// What it begins with.
    #[serde(default)]
    pub welcome: Option<Passage>,
    /// Its parts, in order.
    pub parts: Vec<Part>,
    /// What to do first.
    #[serde(default)]
    pub begin: Option<Begin>,
    /// A day of learning.
    pub schedule: Vec<Session>,
    /// Where help is.
    #[serde(default)]
    pub help: Vec<Advice>,
    /// What a learner can do after some weeks.
    pub checkpoints: Vec<Checkpoint>,
    /// What a learner asks at the end of each week.
    pub review_questions: Vec<String>,
    /// How fast one can go.
    pub hours_per_week: Vec<Pace>,
    /// What the hours are for.
    #[serde(default)]
    pub focus: Vec<String>,
    /// In what spirit.
    #[serde(default)]
    pub mindset: Vec<Advice>,
    /// What it ends with.
    #[serde(default)]
    pub closing: Option<Passage>,
}

/// Some weeks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Which weeks.
    pub weeks: Stretch,
    /// What they are about.
    pub title: String,
    /// Their days.
    pub blocks: Vec<Block>,
}

/// Some days.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// Which days, counted through the whole course.
    pub days: Stretch,
    /// What they are about.
    pub title: String,
    /// The labs that grade them.
    pub labs: Vec<String>,
    /// What is done.
    pub tasks: Vec<String>,
    /// What is learned.
    pub goals: Vec<String>,
    /// What shows that it was learned. Later weeks have none: there the tasks are what is shown.
    #[serde(default)]
    pub criteria: Vec<String>,
}

/// From one number to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stretch {
    /// The first.
    pub from: u32,
    /// The last.
    pub to: u32,
}

/// A part of a day.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// Which part.
    pub when: String,
    /// How long.
    pub hours: u32,
    /// What is done.
    #[serde(rename = "do")]
    pub tasks: Vec<String>,
}

/// How many hours a week go into it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pace {
    /// Its name.
    pub pace: String,
    /// Hours a week.
    pub hours: u32,
    /// Whether more is meant, too.
    #[serde(default)]
    pub or_more: bool,
    /// What for.
    pub aim: String,
}

impl Course {
    /// The course of a folder with labs, or the one that kgrade carries. `None` when the folder has none: labs need no course.
    ///
    /// # Errors
    /// When the file cannot be read, or says something else than a course.
    pub fn of(checks: Option<&Path>) -> Result<Option<Self>> {
        let (name, text) = match checks {
            Some(folder) => {
                let path = folder.join(FILE);
                if !path.exists() {
                    return Ok(None);
                }
                let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
                (path.display().to_string(), text)
            }
            None => match CARRIED.get_file(FILE).and_then(|file| file.contents_utf8()) {
                Some(text) => (format!("checks/{FILE}"), text.to_owned()),
                None => return Ok(None),
            },
        };
        serde_saphyr::from_str(&text).map(Some).with_context(|| format!("{name} is no course"))
    }

    /// Every line that a check may serve: criteria, tasks and goals.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.blocks().flat_map(|block| block.criteria.iter().chain(&block.tasks).chain(&block.goals)).map(String::as_str)
    }

    /// All blocks, in order.
    pub fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.parts.iter().flat_map(|part| &part.blocks)
    }

    /// All labs, in order.
    pub fn labs(&self) -> impl Iterator<Item = &String> {
        self.blocks().flat_map(|block| &block.labs)
    }

    /// How many weeks it has.
    #[must_use]
    pub fn weeks(&self) -> u32 {
        self.parts.iter().map(|part| part.weeks.to).max().unwrap_or(0)
    }

    /// How many days a week has.
    #[must_use]
    pub fn days_a_week(&self) -> u32 {
        let days = self.blocks().map(|block| block.days.to).max().unwrap_or(0);
        days.checked_div(self.weeks()).unwrap_or(0).max(1)
    }

    /// The blocks whose last day is in this week.
    pub fn blocks_ending_in(&self, week: u32) -> impl Iterator<Item = &Block> {
        let days = self.days_a_week();
        self.blocks().filter(move |block| block.days.to.div_ceil(days) == week)
    }

    /// The checkpoint after this week.
    #[must_use]
    pub fn checkpoint(&self, week: u32) -> Option<&Checkpoint> {
        self.checkpoints.iter().find(|checkpoint| checkpoint.after_week == week)
    }
}

impl Stretch {
    /// Whether a number is in it.
    #[must_use]
    pub fn has(self, number: u32) -> bool {
        (self.from..=self.to).contains(&number)
    }

    /// How many numbers it has.
    #[must_use]
    pub fn length(self) -> u32 {
        (self.to + 1).saturating_sub(self.from)
    }
}

impl Block {
    /// The lines that its labs must show: its criteria; without any, its tasks.
    pub fn owed(&self) -> &[String] {
        if self.criteria.is_empty() { &self.tasks } else { &self.criteria }
    }
}

#[cfg(test)]
mod tests;
