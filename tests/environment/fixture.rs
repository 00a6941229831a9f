//! A learner: their files, and what their grade must be.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use libtest_mimic::Failed;
use serde::Deserialize;
use serde_json::Value;

use crate::docker::{Environment, MadeOf, root, text};
use crate::golden;

/// A folder of `fixtures/lab-01/`.
pub struct Fixture {
    /// Its path in there.
    pub name: String,
    folder: PathBuf,
}

/// What `expect.yaml` says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
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
        let expected: Expected = match std::fs::read_to_string(self.folder.join("expect.yaml")) {
            Ok(text) => serde_saphyr::from_str(&text).map_err(|error| format!("expect.yaml: {error}"))?,
            Err(_) => Expected::default(),
        };
        let (outcome, output) = grade(&self.folder)?;
        let shown = || text(&output);
        for (verdict, wanted) in [("failed", &expected.fails), ("skipped", &expected.skips), ("inconclusive", &vec![]), ("error", &vec![])]
        {
            let checks = outcome["checks"].as_array().into_iter().flatten().filter(|check| check["verdict"] == verdict);
            let mut seen: Vec<_> = checks.filter_map(|check| check["id"].as_str()).collect();
            let mut wanted: Vec<_> = wanted.iter().map(String::as_str).collect();
            seen.sort_unstable();
            wanted.sort_unstable();
            if seen != wanted {
                return Err(format!("{verdict}: {seen:?}, expected {wanted:?}\n{}", shown()).into());
            }
        }
        if expected.fails.is_empty() && outcome["score"] != 100 {
            return Err(format!("score {}\n{}", outcome["score"], shown()).into());
        }
        if !expected.fails.is_empty() {
            golden::compare(&outcome, &self.folder)?;
        }
        let code = i32::from(!expected.fails.is_empty());
        if output.status.code() != Some(code) {
            return Err(format!("exit {:?}, expected {code}\n{}", output.status.code(), shown()).into());
        }
        Ok(())
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

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut found: Vec<_> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    found.sort();
    found
}
