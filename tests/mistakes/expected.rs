//! What the grade of a fixture must be: `expect.yaml` beside a mistake; a folder without one is a right program.

use std::path::{Path, PathBuf};

use kgrade::course::conform::Wanted;
use kgrade::course::expect::{ExpectFile, FILE};
use kgrade::outcome::Outcome;
use serde::Deserialize as _;
use serde_json::Value;

use super::golden;

/// What a fixture is to come to.
pub struct Expected(Wanted);

impl Expected {
    /// Of a fixture's folder.
    pub fn of(folder: &Path) -> Result<Self, String> {
        if !folder.join(FILE).exists() {
            return Ok(Self(Wanted::Right));
        }
        ExpectFile::load(folder).map(|file| Self(Wanted::Wrong(file.expect))).map_err(|errors| errors.to_string())
    }

    /// Compares each verdict, what the learner reads, and kgrade's exit code.
    pub fn compare(&self, outcome: &Value, code: Option<i32>, folder: &Path) -> Result<(), String> {
        let graded = Outcome::deserialize(outcome).map_err(|error| format!("the report is no outcome: {error}"))?;
        let differences = self.0.differences(&graded);
        if !differences.is_empty() {
            let lines = differences.iter().map(|found| format!("expected {}, observed {}", found.expected, found.observed));
            return Err(lines.collect::<Vec<_>>().join("\n"));
        }
        let right = self.0 == Wanted::Right;
        if right && graded.score != graded.max_score {
            return Err(format!("score {} of {}", graded.score, graded.max_score));
        }
        if !right {
            golden::compare(outcome, folder)?;
        }
        let wanted = i32::from(!right);
        if code == Some(wanted) { Ok(()) } else { Err(format!("exit {code:?}, expected {wanted}")) }
    }
}

/// The folders in a folder, sorted.
pub fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut found: Vec<_> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    found.sort();
    found
}
