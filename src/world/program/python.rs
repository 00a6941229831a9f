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

/// What environments are made with where there is no uv: venv with its pip, virtualenv, or a pip that installs elsewhere.
const ASK_MODULES: &str = "import json; from importlib.util import find_spec; \
                           print(json.dumps([bool(find_spec(name)) for name in ('venv', 'ensurepip', 'virtualenv', 'pip')]))";

/// A Python of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPython {
    /// The program.
    pub program: PathBuf,
    /// Its version.
    pub version: String,
}

/// What was seen of Python by somebody who only looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PythonSeen {
    /// One that will do, and what environments are made from it with, if anything.
    Usable(FoundPython, Option<Maker>),
    /// None that will do, but these.
    Old(Vec<FoundPython>),
}

/// What makes environments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maker {
    /// uv.
    Uv,
    /// Python's own venv.
    Venv,
    /// virtualenv.
    Virtualenv,
    /// venv without a pip, and the machine's pip.
    Pip,
}

/// Looks for the Python that environments would be made from, and for what makes them.
pub async fn python_of(grader: &[(OsString, OsString)]) -> PythonSeen {
    let grader = grader.to_vec();
    let python = match Python::look(&grader).await {
        Ok(python) => python,
        Err(old) => return PythonSeen::Old(old.iter().map(Python::seen).collect()),
    };
    let maker = if search("uv", get(&grader, "PATH").map(ToOwned::to_owned)).is_some() {
        Some(Maker::Uv)
    } else {
        match python.modules(&grader).await.unwrap_or_default() {
            [true, true, ..] => Some(Maker::Venv),
            [_, _, true, _] => Some(Maker::Virtualenv),
            [true, _, _, true] => Some(Maker::Pip),
            _ => None,
        }
    };
    PythonSeen::Usable(python.seen(), maker)
}

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
        let found = Self::look(grader).await.ok()?;
        FOUND.lock().unwrap_or_else(PoisonError::into_inner).insert(0, (path, found.clone()));
        Some(found)
    }

    /// The first that is new enough; when there is none, those that are too old.
    async fn look(grader: &Variables) -> Result<Self, Vec<Self>> {
        let mut old: Vec<Self> = Vec::new();
        let path = get(grader, "PATH").map(ToOwned::to_owned);
        for name in NAMES {
            let Some(file) = search(name, path.clone()) else { continue };
            let mut command = Command::new(file);
            // Isolated: a PYTHONPATH of the user's must not decide what is found.
            command.args(["-I", "-c", ASK]).env_clear().envs(grader.iter().cloned()).stdin(Stdio::null()).stderr(Stdio::null());
            command.kill_on_drop(true);
            let Ok(Ok(answer)) = tokio::time::timeout(Duration::from_secs(20), command.output()).await else { continue };
            match serde_json::from_slice::<Self>(&answer.stdout) {
                Ok(python) if (python.version.0, python.version.1) >= OLDEST => return Ok(python),
                Ok(python) if !old.iter().any(|known| known.executable == python.executable) => old.push(python),
                Ok(_) | Err(_) => {}
            }
        }
        Err(old)
    }

    fn seen(&self) -> FoundPython {
        let (major, minor, patch) = self.version;
        FoundPython { program: self.executable.clone(), version: format!("{major}.{minor}.{patch}") }
    }

    /// Whether it has venv, ensurepip, virtualenv and pip.
    async fn modules(&self, grader: &Variables) -> Option<[bool; 4]> {
        let mut command = Command::new(&self.executable);
        command.args(["-I", "-c", ASK_MODULES]).env_clear().envs(grader.iter().cloned()).stdin(Stdio::null()).stderr(Stdio::null());
        command.kill_on_drop(true);
        let answer = tokio::time::timeout(Duration::from_secs(20), command.output()).await.ok()?.ok()?;
        serde_json::from_slice(&answer.stdout).ok()
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
