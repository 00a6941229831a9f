//! A learner: their files, and what their grade must be.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use libtest_mimic::Failed;
use serde_json::Value;

use crate::docker::{Environment, MadeOf, root, text};
use crate::expected::{Expected, folders};

/// A folder of `fixtures/lab-01/`.
pub struct Fixture {
    /// Its path in there.
    pub name: String,
    folder: PathBuf,
}

impl Fixture {
    /// All of them.
    pub fn all() -> Vec<Self> {
        let lab = root().join("fixtures/lab-01");
        let groups = folders(&lab).into_iter().flat_map(|folder| match folder.file_name().and_then(|name| name.to_str()) {
            Some("mistakes" | "also-right") => folders(&folder),
            _ => vec![folder],
        });
        groups.map(|folder| Self { name: folder.strip_prefix(&lab).unwrap_or(&folder).display().to_string(), folder }).collect()
    }

    /// The right one.
    pub fn solution() -> Self {
        Self { name: "solution".to_owned(), folder: root().join("fixtures/lab-01/solution") }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What its environment is made of.
    pub fn environment(&self) -> MadeOf {
        let or = |own: &str, other: &str| Some(self.folder.join(own)).filter(|path| path.exists()).unwrap_or_else(|| root().join(other));
        MadeOf { compose: or("docker/compose.yaml", "docker/compose.yaml"), steps: or("steps.sh", "fixtures/lab-01/steps.sh") }
    }

    /// Grades it, and compares each verdict.
    pub fn graded(&self, _in: &Environment) -> Result<(), Failed> {
        let expected = Expected::of(&self.folder)?;
        let (outcome, output) = grade(&self.folder)?;
        let shown = |difference| Failed::from(format!("{difference}\n{}", text(&output)));
        if outcome["max_score"] != 100 {
            return Err(shown(format!("{} points could be reached", outcome["max_score"])));
        }
        expected.compare(&outcome, output.status.code(), &self.folder).map_err(shown)
    }
}

/// Grades a submission on the cluster at the usual address: the outcome, and what was printed.
pub fn grade(submission: &Path) -> Result<(Value, Output), Failed> {
    let folder = tempfile::tempdir()?;
    let report = folder.path().join("report.json");
    let output = Command::new(env!("CARGO_BIN_EXE_kgrade"))
        .args(["lab-01", "--quiet", "--submission"])
        .arg(submission)
        .arg("--checks")
        .arg(root().join("checks"))
        .arg("--report")
        .arg(format!("json={}", report.display()))
        .env_remove("KAFKA_BOOTSTRAP_SERVERS")
        .output()?;
    let outcome = std::fs::read_to_string(&report).map_err(|error| format!("no report: {error}\n{}", text(&output)))?;
    Ok((serde_json::from_str(&outcome)?, output))
}
