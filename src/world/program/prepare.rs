//! Makes a submission ready to run: its Python environment, its setup commands, a private copy.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use super::environment::{Environment, Requirements};
use super::family;
use super::process::Doors;
use super::python::Python;
use super::room::{self, Room};
use super::run_folder::RunFolder;
use super::setup::Setup;
use super::step::{StepError, indented};
use super::store::Cached;
use super::submission::Submission;
use super::tree::{Rules, Tree, TreeError};
use super::variables::{self, Variables};
use crate::world::guard::{Guard, Lease};
use crate::world::progress::Progress;
use crate::world::sandbox::Sandbox;

/// Bytes that a prepared copy may hold, dependencies included.
const MAX_BYTES: u64 = 4 << 30;
/// Files and folders that a prepared copy may hold.
const MAX_ENTRIES: usize = 400_000;

/// What preparing needs from the run.
pub struct PrepareContext<'a> {
    /// kgrade's cache folder.
    pub cache: PathBuf,
    /// Looks after what is made.
    pub guard: &'a Guard,
    /// Hears what takes long.
    pub progress: &'a dyn Progress,
    /// The run's mark.
    pub mark: &'a str,
    /// The course's `requirements.txt`, used when the submission has none.
    pub course_requirements: &'a str,
    /// The commands that will be started, from [`Submission::command`]. Only when one of them, or a setup command, begins with
    /// `python` is a Python environment made.
    pub commands: Vec<Vec<String>>,
    /// kgrade's own environment, [`grader_environment`](super::grader_environment); only what is on a list is handed on.
    pub environment: Vec<(std::ffi::OsString, std::ffi::OsString)>,
    /// The sandbox that all of the submission's code runs in, when there is one.
    pub sandbox: Option<Sandbox>,
}

/// Why a submission could not be made ready.
#[derive(Debug, Error)]
pub enum PrepareError {
    /// No Python, or only an old one.
    #[error("python 3.9 or newer is not on PATH; install it, for example with `apt install python3 python3-venv`")]
    NoPython,
    /// Python cannot make virtual environments.
    #[error("this python cannot make virtual environments; run `apt install python3-venv` (or install `uv`){}", indented(output))]
    NoVenv {
        /// What it said.
        output: Vec<String>,
    },
    /// The packages could not be installed.
    #[error("the packages of {} cannot be installed{}{}", owner(*own), remedy(requirement.as_deref(), *unreachable), indented(output))]
    Requirements {
        /// Whether the requirements are the submission's own.
        own: bool,
        /// The requirement that failed, when the installer named it.
        requirement: Option<String>,
        /// Whether the installer could not reach the package index.
        unreachable: bool,
        /// The installer's last lines.
        output: Vec<String>,
    },
    /// The submission's requirements ask for what would run its code outside the sandbox.
    #[error("line {line} of requirements.txt is not taken here: {why}; name packages of the index only, as `confluent-kafka==2.11.0`")]
    Untrusted {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A setup command failed.
    #[error("the setup command `{command}` {why}; it must succeed before any program is started{}", indented(output))]
    Setup {
        /// The command.
        command: String,
        /// What happened.
        why: String,
        /// Its last lines.
        output: Vec<String>,
    },
    /// The submission changed, or cannot be copied.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The disk or the cache folder.
    #[error("cannot prepare the submission: {0}; check the free space, and the permissions of kgrade's cache folder")]
    Io(#[from] io::Error),
}

impl PrepareError {
    /// Whether the learner's submission is the cause, not the machine.
    #[must_use]
    pub fn is_the_learners(&self) -> bool {
        matches!(
            self,
            Self::Setup { .. } | Self::Untrusted { .. } | Self::Requirements { own: true, unreachable: false, .. } | Self::Tree(_)
        )
    }
}

impl From<StepError> for PrepareError {
    fn from(StepError { command, why, output }: StepError) -> Self {
        Self::Setup { command, why, output }
    }
}

/// A submission that can be run: a private copy of its own, and what all copies share. Dropping it removes the copy.
#[derive(Debug)]
pub struct Prepared {
    folder: RunFolder,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// What copies are made of: the submission, or the cached result of its setup.
    original: Tree,
    environment: Option<Environment>,
    grader: Variables,
    guard: Guard,
    sandbox: Option<Sandbox>,
    _built: Option<Cached>,
    _mark: Lease,
}

/// Looks for the machine's Python, so that it is known when a submission is made ready: who watches their files does not wait for that.
pub async fn find_python(grader: &Variables) {
    Python::find(grader).await;
}

/// Makes a submission ready: builds what it needs, or takes it from the cache, and makes a private copy.
///
/// # Errors
/// See [`PrepareError`]. Nothing half-made stays in the cache.
pub async fn prepare(submission: &Submission, context: &PrepareContext<'_>) -> Result<Prepared, PrepareError> {
    let mark = context.guard.mark(context.mark);
    let begins_with = |command: &Vec<String>, names: &[&str]| command.first().is_some_and(|word| names.contains(&word.as_str()));
    let setup = submission.setup();
    let by_setup = setup.iter().any(|command| begins_with(command, &["python", "python3", "pip", "pip3"]));
    let wanted = by_setup || context.commands.iter().any(|command| begins_with(command, &["python", "python3"]));
    let python = if wanted { Some(Python::find(&context.environment).await.ok_or(PrepareError::NoPython)?) } else { None };
    let mut environment = None;
    let requirements = Requirements::of(submission, context.course_requirements, !by_setup)?;
    if context.sandbox.is_some()
        && wanted
        && let Some((line, why)) = requirements.untrusted()
    {
        return Err(PrepareError::Untrusted { line, why });
    }
    if let Some(python) = python.as_ref().filter(|_| !by_setup) {
        environment = Some(Environment::get(&requirements, python, context).await?);
    }
    let (original, built) = if setup.is_empty() {
        (submission.tree.clone(), None)
    } else {
        let own = python.as_ref().filter(|_| by_setup).map(|python| (&requirements, python));
        let built = Setup { submission, commands: &setup, environment: environment.as_ref(), own, context }.get().await?;
        environment = environment.or_else(|| own.map(|_| Environment::inside(&built.folder)));
        let rules = Rules { max_bytes: MAX_BYTES, max_entries: MAX_ENTRIES, strict: false, skip: &|_| false };
        (Tree::read(&built.folder.join("work"), &rules)?, Some(built))
    };
    let guard = context.guard.clone();
    let sandbox = context.sandbox.clone();
    let shared = Shared { original, environment, grader: context.environment.clone(), guard, sandbox, _built: built, _mark: mark };
    Prepared::copy_of(Arc::new(shared)).await
}

impl Prepared {
    async fn copy_of(shared: Arc<Shared>) -> Result<Self, PrepareError> {
        blocking(move || {
            // The folder belongs to the work: when nobody waits for the copy any more, it goes after the last file was written, not under the hand
            // that writes.
            let folder = RunFolder::make(&shared.guard)?;
            shared.original.copy(&folder.work())?;
            if let Some(sandbox) = &shared.sandbox {
                sandbox.hand_over(folder.path())?;
            }
            Ok(Self { folder, shared })
        })
        .await
    }

    /// Another private copy, for programs that must not meet what those of this one leave behind.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn fresh_copy(&self) -> Result<Self, PrepareError> {
        Self::copy_of(Arc::clone(&self.shared)).await
    }

    /// The private copy of the submission's root: the working directory of its programs.
    #[must_use]
    pub fn work(&self) -> PathBuf {
        self.folder.work()
    }

    /// Writes a file for the programs, beside the copy and not in it: a file of the submission is never hidden. Gives its path.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn give(&self, name: &str, content: &str) -> io::Result<PathBuf> {
        let path = self.folder.given().join(name);
        std::fs::write(&path, content)?;
        Ok(path)
    }

    /// What `python` means in this submission's commands, when it has any.
    pub(super) fn python(&self) -> Option<&Path> {
        self.shared.environment.as_ref().map(Environment::python)
    }

    /// The place of a program of this copy in the sandbox, when there is one.
    pub(super) fn room(&self, doors: Doors) -> Option<Room<'_>> {
        let sandbox = self.shared.sandbox.as_ref()?;
        let readable = room::readable(&self.shared.grader, self.python());
        Some(Room { sandbox, readable, writable: vec![self.folder.path().to_owned()], doors, network: false })
    }

    pub(super) fn variables(&self, mark: &str, instance: &str) -> Variables {
        variables::for_program(&self.shared.grader, &self.folder, self.python(), mark, instance)
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        // A process that shed its environment and its parents still stands in the folder that is about to go.
        family::kill_inside(self.folder.path());
    }
}

/// Copies files without holding up other tasks.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PrepareError> + Send + 'static,
) -> Result<T, PrepareError> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

fn owner(own: bool) -> &'static str {
    if own { "requirements.txt" } else { "the course" }
}

fn remedy(requirement: Option<&str>, unreachable: bool) -> String {
    match requirement {
        _ if unreachable => ": the package index cannot be reached; check the network and the proxy settings".to_owned(),
        Some(name) => format!(": {name} cannot be had; correct its name and version"),
        None => "; correct them as the installer says".to_owned(),
    }
}
