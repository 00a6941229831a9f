//! Python environments: built once per requirements and Python, kept in the cache.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::prepare::{PrepareContext, PrepareError};
use super::process::search;
use super::python::Python;
use super::run_folder::RunFolder;
use super::step::{Step, StepError};
use super::store::{Cached, Store};
use super::tree::hex;
use super::variables::{self, get};

/// How long the packages of a course may take over a slow line.
const PATIENCE: Duration = Duration::from_secs(900);

/// A Python environment in the cache.
#[derive(Debug)]
pub(super) struct Environment {
    python: PathBuf,
    _cached: Cached,
}

/// What an environment is to hold.
pub(super) struct Requirements {
    /// As in `requirements.txt`.
    pub text: String,
    /// Where the text comes from, for messages.
    pub origin: String,
    /// The folder that relative paths in the text mean.
    pub folder: PathBuf,
    /// A digest that the environment belongs to alone, when it is not only the text that decides what is in it.
    pub owner: Option<String>,
}

impl Requirements {
    fn is_empty(&self) -> bool {
        self.text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
    }

    /// Whether the text reaches for files of the submission.
    pub fn reaches_files(&self) -> bool {
        self.text.lines().map(str::trim_start).any(|line| line.starts_with(['-', '.', '/']) || line.contains("file:"))
    }
}

impl Environment {
    /// The environment's Python.
    pub fn python(&self) -> &Path {
        &self.python
    }

    /// Takes the environment from the cache, or builds it there.
    pub async fn get(requirements: &Requirements, context: &PrepareContext<'_>) -> Result<Self, PrepareError> {
        let python = Python::find(&context.environment).await.ok_or(PrepareError::NoPython)?;
        let mut hash = Sha256::new();
        for part in [&requirements.text, &python.identity(), requirements.owner.as_deref().unwrap_or_default()] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let key = hex(hash.finalize().get(..16).unwrap_or_default());
        let store = Store { place: context.cache.join("python"), guard: context.guard, progress: context.progress };
        let build = store.get(&key, async |folder| {
            context.progress.begin("preparing the Python environment");
            let folders = RunFolder::make(context.guard)?;
            let built = Builder { requirements, context, python: &python, folders, folder: folder.join("env") }.build().await;
            context.progress.end();
            built
        });
        let cached = build.await?;
        Ok(Self { python: cached.folder.join("env/bin/python"), _cached: cached })
    }
}

struct Builder<'a> {
    requirements: &'a Requirements,
    context: &'a PrepareContext<'a>,
    python: &'a Python,
    folders: RunFolder,
    /// The environment to be made.
    folder: PathBuf,
}

impl Builder<'_> {
    async fn build(&self) -> Result<(), PrepareError> {
        let wanted = self.folders.home().join("requirements.txt");
        tokio::fs::write(&wanted, &self.requirements.text).await?;
        if let Some(uv) = search("uv", get(&self.context.environment, "PATH").map(ToOwned::to_owned)) {
            // uv does not read pip's settings (a mirror, for example): when it fails, pip has its turn.
            match self.with_uv(&uv.to_string_lossy(), &wanted).await {
                Ok(()) => return Ok(()),
                Err(error) => tracing::debug!(%error, "uv failed, trying pip"),
            }
        }
        self.with_pip(&wanted).await
    }

    async fn with_uv(&self, uv: &str, wanted: &Path) -> Result<(), StepError> {
        let base = self.python.executable.to_string_lossy();
        let (folder, wanted) = (self.folder.to_string_lossy(), wanted.to_string_lossy());
        // `--seed` gives it a pip, which setup commands may call.
        self.run(&[uv, "venv", "--quiet", "--seed", "--no-project", "--allow-existing", "--python", &base, &folder]).await?;
        if !self.requirements.is_empty() {
            let own = self.folder.join("bin/python");
            self.run(&[uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", &own.to_string_lossy(), "-r", &wanted]).await?;
        }
        Ok(())
    }

    async fn with_pip(&self, wanted: &Path) -> Result<(), PrepareError> {
        let base = self.python.executable.to_string_lossy();
        let (folder, wanted) = (self.folder.to_string_lossy().into_owned(), wanted.to_string_lossy());
        let install = ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "-r", &wanted];
        // Without packages nobody needs a pip, which takes seconds to install. A setup command might: it makes the environment its own.
        let bare = self.requirements.is_empty() && self.requirements.owner.is_none();
        let whole = if bare { &["--without-pip"][..] } else { &[] };
        let make = self.run(&[&[&*base, "-m", "venv", "--clear"], whole, &[&*folder]].concat()).await;
        let refusal = match make {
            Ok(_) if bare => return Ok(()),
            Ok(_) => return self.install(&[&[&*self.folder.join("bin/python").to_string_lossy()], &install[..]].concat()).await,
            Err(refusal) => refusal,
        };
        // Debian keeps what venv needs in a package of its own. Other ways to the same, best first.
        if self.run(&[&base, "-m", "virtualenv", "--clear", &folder]).await.is_ok() {
            return self.install(&[&[&*self.folder.join("bin/python").to_string_lossy()], &install[..]].concat()).await;
        }
        let made = self.run(&[&base, "-m", "venv", "--clear", "--without-pip", &folder]).await.is_ok();
        if made && self.run(&[&base, "-m", "pip", "--version"]).await.is_ok() {
            let packages = self.folder.join(self.python.packages());
            return self.install(&[&[&*base], &install[..], &["--target", &packages.to_string_lossy()]].concat()).await;
        }
        Err(PrepareError::NoVenv { output: refusal.output })
    }

    async fn install(&self, command: &[&str]) -> Result<(), PrepareError> {
        if self.requirements.is_empty() {
            return Ok(());
        }
        let failed = |error: StepError| PrepareError::Requirements {
            origin: self.requirements.origin.clone(),
            requirement: culprit(&error.output),
            own: self.requirements.owner.is_some() || self.requirements.origin == "requirements.txt",
            output: error.output,
        };
        self.run(command).await.map(drop).map_err(failed)
    }

    async fn run(&self, command: &[&str]) -> Result<Vec<String>, StepError> {
        let mut env = variables::for_setup(&self.context.environment, &self.folders, None, self.context.mark, "python-environment");
        // pip leaves compiled files behind on purpose: programs start faster.
        env.push(("PIP_NO_COMPILE".into(), "0".into()));
        let step = Step {
            command: command.iter().map(|word| (*word).to_owned()).collect(),
            python: None,
            folder: &self.requirements.folder,
            env,
            mark: self.context.mark,
            instance: "python-environment",
            patience: PATIENCE,
        };
        step.run(self.context.guard).await
    }
}

/// The requirement that pip could not meet, from what it says.
fn culprit(output: &[String]) -> Option<String> {
    const BEFORE: &[&str] = &[
        "No matching distribution found for ",
        "Could not find a version that satisfies the requirement ",
        "Failed building wheel for ",
        "Invalid requirement: ",
        "Failed to build ",
    ];
    let name = output.iter().rev().find_map(|line| BEFORE.iter().find_map(|before| line.split_once(before).map(|(_, rest)| rest)))?;
    let name = name.split(" (from ").next().unwrap_or(name);
    Some(name.trim().trim_matches(['\'', '"']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_requirement_that_failed() {
        let said = |line: &str| culprit(&["Collecting x".to_owned(), line.to_owned()]);
        assert_eq!(said("ERROR: No matching distribution found for kafka-pithon==1.0").unwrap(), "kafka-pithon==1.0");
        let line = "ERROR: Could not find a version that satisfies the requirement foo (from versions: none)";
        assert_eq!(said(line).unwrap(), "foo");
        assert_eq!(said("ERROR: Invalid requirement: 'a b c' (from line 1 of requirements.txt)").unwrap(), "a b c");
        assert_eq!(said("connection refused"), None);
    }

    #[test]
    fn knows_requirements_that_reach_for_files() {
        let of = |text: &str| Requirements { text: text.to_owned(), origin: String::new(), folder: PathBuf::new(), owner: None };
        assert!(of("# nothing\n\n").is_empty());
        assert!(!of("kafka-python==2.2\n").reaches_files());
        assert!(of("-r more.txt\n").reaches_files());
        assert!(of("./client\n").reaches_files());
    }
}
