//! The checkpoints of the course: what a learner can do after some weeks, and the checks that show it.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

use super::Course;
use crate::lab::{Check, Lab, suggestion};

/// What a learner can do after some weeks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// After which week.
    pub after_week: u32,
    /// What.
    pub lines: Vec<CheckpointLine>,
}

/// One thing that a learner can do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointLine {
    /// What, in the course's words.
    pub line: String,
    /// The checks that show it, when all of them have passed.
    pub shown_by: Vec<CheckRef>,
}

/// A check of a lab, `lab-02/keyed`. A check with `each` is meant with all its items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRef {
    /// The lab.
    pub lab: String,
    /// The check's id, without an item.
    pub check: String,
}

impl CheckRef {
    /// The checks that are meant, of this lab.
    pub fn among<'a>(&self, lab: &'a Lab) -> impl Iterator<Item = &'a Check> {
        let named = self.lab == lab.name;
        lab.checks.iter().filter(move |check| named && (check.written_id == self.check || check.id == self.check))
    }
}

impl fmt::Display for CheckRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.lab, self.check)
    }
}

impl FromStr for CheckRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            Some((lab, check)) if !lab.is_empty() && !check.is_empty() => Ok(Self { lab: lab.to_owned(), check: check.to_owned() }),
            _ => Err(format!("`{text}` is no check of a lab; write it as lab-02/keyed")),
        }
    }
}

impl<'de> Deserialize<'de> for CheckRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// What is wrong with the course's checkpoints: a line without a check, a check that is not there, a week that the course does not have. These
/// are the labs that there are; one sentence for each fault.
#[must_use]
pub fn faults(course: &Course, labs: &[impl Borrow<Lab>]) -> Vec<String> {
    let labs: Vec<&Lab> = labs.iter().map(Borrow::borrow).collect();
    let mut faults = Vec::new();
    for checkpoint in &course.checkpoints {
        let at = format!("checkpoint after week {}", checkpoint.after_week);
        if checkpoint.after_week == 0 || checkpoint.after_week > course.weeks() {
            faults.push(format!("{at}: the course has {} weeks", course.weeks()));
        }
        if course.checkpoints.iter().filter(|other| other.after_week == checkpoint.after_week).count() > 1 {
            faults.push(format!("{at}: there is more than one; put their lines together"));
        }
        if checkpoint.lines.is_empty() {
            faults.push(format!("{at}: it has no line, so nothing could be shown"));
        }
        for line in &checkpoint.lines {
            if line.shown_by.is_empty() {
                faults.push(format!("{at}, \"{}\": no check shows it; name one under shown_by", line.line));
            }
            let lost = line.shown_by.iter().filter(|wanted| labs.iter().all(|lab| wanted.among(lab).next().is_none()));
            faults.extend(lost.map(|wanted| format!("{at}, \"{}\": there is no check `{wanted}`{}", line.line, advice(wanted, &labs))));
        }
    }
    faults.dedup();
    faults
}

fn advice(wanted: &CheckRef, labs: &[&Lab]) -> String {
    let known = match labs.iter().find(|lab| lab.name == wanted.lab) {
        Some(lab) => lab.checks.iter().map(|check| check.written_id.as_str()).collect::<Vec<_>>(),
        None => {
            return suggestion::advice(&wanted.lab, labs.iter().map(|lab| lab.name.as_str()))
                .map_or_else(String::new, |said| format!("; {said}"));
        }
    };
    suggestion::advice(&wanted.check, known).map_or_else(String::new, |said| format!("; {said}"))
}
