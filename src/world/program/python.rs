//! The machine's Python, from which virtual environments are made.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;

use super::process::search;
use super::variables::{Variables, get};

/// The oldest Python that the course's clients support.
const OLDEST: (u32, u32) = (3, 9);
const NAMES: &[&str] = &["python3", "python", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10", "python3.9"];
const ASK: &str = "import json, platform, sys; print(json.dumps(dict(executable=sys.executable, version=sys.version_info[:3], \
                   tag=sys.implementation.cache_tag, platform=platform.platform(aliased=True, terse=True), machine=platform.machine())))";

/// What was found on a search path. Asking takes a process, and who waits for a grade has just saved a file: see [`super::find_python`].
static FOUND: Mutex<Vec<(Option<OsString>, Python)>> = Mutex::new(Vec::new());

/// A Python that was found and asked.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Python {
    pub executable: PathBuf,
    version: (u32, u32, u32),
    tag: String,
    platform: String,
    machine: String,
}

impl Python {
    /// The first Python on the search path that is new enough. It is looked for once, while it stays where it is.
    pub async fn find(grader: &Variables) -> Option<Self> {
        let path = get(grader, "PATH").map(ToOwned::to_owned);
        let known =
            FOUND.lock().unwrap_or_else(PoisonError::into_inner).iter().find(|(on, _)| *on == path).map(|(_, python)| python.clone());
        if let Some(python) = known.filter(|python| python.executable.is_file()) {
            return Some(python);
        }
        let found = Self::look(grader, path.clone()).await?;
        FOUND.lock().unwrap_or_else(PoisonError::into_inner).insert(0, (path, found.clone()));
        Some(found)
    }

    async fn look(grader: &Variables, path: Option<OsString>) -> Option<Self> {
        for name in NAMES {
            let Some(file) = search(name, path.clone()) else { continue };
            let mut command = Command::new(file);
            // Isolated: a PYTHONPATH of the user's must not decide what is found.
            command.args(["-I", "-c", ASK]).env_clear().envs(grader.iter().cloned()).stdin(Stdio::null()).stderr(Stdio::null());
            command.kill_on_drop(true);
            let Ok(Ok(answer)) = tokio::time::timeout(Duration::from_secs(20), command.output()).await else { continue };
            if let Ok(python) = serde_json::from_slice::<Self>(&answer.stdout)
                && (python.version.0, python.version.1) >= OLDEST
            {
                return Some(python);
            }
        }
        None
    }

    /// What an environment made from this Python depends on.
    pub fn identity(&self) -> String {
        let (major, minor, patch) = self.version;
        format!("{} {major}.{minor}.{patch} {} {} {}", self.executable.display(), self.tag, self.platform, self.machine)
    }

    /// The folder of an environment's packages, relative to the environment.
    pub fn packages(&self) -> PathBuf {
        PathBuf::from(format!("lib/python{}.{}/site-packages", self.version.0, self.version.1))
    }
}
