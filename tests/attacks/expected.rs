//! What an attack must come to: `expect.yaml` beside its programs.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

/// What `expect.yaml` says.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// What it tries.
    pub attack: String,
    /// The checks of lab-02 that are graded.
    pub checks: Vec<String>,
    /// The points it gets: those for the lab's own work, where it does that too.
    pub score: u64,
    /// The verdict of each check; none when kgrade refuses the submission.
    #[serde(default)]
    pub verdicts: BTreeMap<String, String>,
    /// kgrade's exit code.
    pub exit: i32,
    /// Words that stand in the report, or on standard error when the submission is refused.
    #[serde(default)]
    pub reported: Vec<String>,
    /// Words that stand in the evidence: what the programs said, limits that they hit.
    #[serde(default)]
    pub told: Vec<String>,
    /// Words that stand nowhere, beside the canaries.
    #[serde(default)]
    pub never: Vec<String>,
    /// What lies in the submission and cannot be kept in a repository.
    #[serde(default)]
    pub make: Vec<Make>,
    /// Whether kgrade runs as a step of a GitHub workflow.
    #[serde(default)]
    pub github: bool,
    /// Tools that it needs.
    #[serde(default)]
    pub tools: Vec<String>,
    /// What must hold afterwards.
    #[serde(default)]
    pub after: After,
    /// About how long it takes, in seconds: the long ones begin first.
    #[serde(default)]
    pub takes_s: u64,
    /// Why it is known not to come to this yet: a defect, told in docs/attacks.md. It is run only when asked for by `--include-ignored`.
    #[serde(default)]
    pub known: Option<String>,
}

/// What must hold afterwards, beside what holds after every attack.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct After {
    /// The right solution, graded next with the same caches, passes.
    #[serde(default)]
    pub solution_passes: bool,
    /// For so many seconds more nothing is touched.
    #[serde(default)]
    pub quiet_s: u64,
}

/// Something that is made in the submission. Words in `{{ }}` are names of `targets.json`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Make {
    /// A symbolic link.
    Link { at: String, to: String },
    /// A named pipe.
    Pipe { at: String },
    /// A device: the endless zeros of `/dev/zero`.
    Device { at: String },
    /// A Unix socket that nobody listens at.
    Socket { at: String },
    /// So many empty files.
    Files { at: String, count: u32 },
    /// A file of so many MiB, made of this text again and again.
    File { at: String, mib: usize, of: String },
}

impl Expected {
    /// Of an attack's folder.
    pub fn of(folder: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(folder.join("expect.yaml")).map_err(|error| format!("expect.yaml: {error}"))?;
        serde_saphyr::from_str(&text).map_err(|error| format!("expect.yaml: {error}"))
    }

    /// The first tool, or right, that this machine lacks.
    pub fn missing_tool(&self) -> Option<String> {
        let device = self.make.iter().any(|make| matches!(make, Make::Device { .. }));
        if device && !rustix::process::geteuid().is_root() {
            return Some("needs root".to_owned());
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let has = |tool: &&String| std::env::split_paths(&path).any(|folder| folder.join(tool).is_file());
        self.tools.iter().find(|tool| !has(tool)).map(|tool| format!("needs {tool}"))
    }
}
