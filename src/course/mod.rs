//! The course: its weeks, days, tasks, learning goals and success criteria, and the labs that grade them (`checks/course.yaml`).
//!
//! The lines stand there as the course's roadmap has them. A check's `criterion` is one of them, word for word, so that a learner sees what
//! of the course a check is about, and an author what of it no check looks at.

mod late;
mod starter;

use std::path::Path;

use anyhow::{Context, Result};
use include_dir::{Dir, include_dir};
use serde::Deserialize;

pub use late::{Length, Moment, More, Rules};
pub use starter::{Starter, Written};

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
    /// Its parts, in order.
    pub parts: Vec<Part>,
    /// What a learner can do after some weeks.
    pub checkpoints: Vec<Checkpoint>,
    /// What a learner asks at the end of each week.
    pub review_questions: Vec<String>,
    /// A day of learning.
    pub schedule: Vec<Session>,
    /// How fast one can go.
    pub hours_per_week: Vec<Pace>,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stretch {
    /// The first.
    pub from: u32,
    /// The last.
    pub to: u32,
}

/// What a learner can do after some weeks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// After which week.
    pub after_week: u32,
    /// What.
    pub lines: Vec<String>,
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
}

impl Block {
    /// The lines that its labs must show: its criteria; without any, its tasks.
    pub fn owed(&self) -> &[String] {
        if self.criteria.is_empty() { &self.tasks } else { &self.criteria }
    }
}

#[cfg(test)]
mod tests;
