//! What the grade of a fixture must be: `expect.yaml` beside a mistake; a folder without one is a right program.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::golden;

/// What `expect.yaml` says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    #[serde(default)]
    #[expect(dead_code, reason = "for people")]
    mistake: String,
    #[serde(default)]
    #[expect(dead_code, reason = "for people")]
    why: String,
    #[serde(default)]
    fails: Vec<String>,
    #[serde(default)]
    skips: Vec<String>,
}

impl Expected {
    /// Of a fixture's folder.
    pub fn of(folder: &Path) -> Result<Self, String> {
        match std::fs::read_to_string(folder.join("expect.yaml")) {
            Ok(text) => serde_saphyr::from_str(&text).map_err(|error| format!("expect.yaml: {error}")),
            Err(_) => Ok(Self::default()),
        }
    }

    /// Compares each verdict, what the learner reads, and kgrade's exit code.
    pub fn compare(&self, outcome: &Value, code: Option<i32>, folder: &Path) -> Result<(), String> {
        for (verdict, wanted) in [("failed", &self.fails), ("skipped", &self.skips), ("inconclusive", &vec![]), ("error", &vec![])] {
            let mut wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
            wanted.sort_unstable();
            let seen = with(outcome, verdict);
            if seen != wanted {
                return Err(format!("{verdict}: {seen:?}, expected {wanted:?}"));
            }
        }
        let right = self.fails.is_empty();
        if right && (with(outcome, "passed").is_empty() || outcome["score"] != outcome["max_score"]) {
            return Err(format!("score {} of {}", outcome["score"], outcome["max_score"]));
        }
        if !right {
            golden::compare(outcome, folder)?;
        }
        let wanted = i32::from(!right);
        if code == Some(wanted) { Ok(()) } else { Err(format!("exit {code:?}, expected {wanted}")) }
    }
}

/// The ids of the checks with a verdict, sorted.
fn with<'a>(outcome: &'a Value, verdict: &str) -> Vec<&'a str> {
    let checks = outcome["checks"].as_array().into_iter().flatten();
    let mut ids: Vec<&str> = checks.filter(|check| check["verdict"] == verdict).filter_map(|check| check["id"].as_str()).collect();
    ids.sort_unstable();
    ids
}

/// The folders in a folder, sorted.
pub fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut found: Vec<_> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    found.sort();
    found
}
