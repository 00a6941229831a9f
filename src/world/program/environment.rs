//! Python environments: built once per requirements and Python, kept in the cache.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::prepare::{PrepareContext, PrepareError};
use super::process::search;
use super::python::Python;
use super::run_folder::RunFolder;
use super::step::{Step, StepError};
use super::store::{Cached, Store};
use super::submission::Submission;
use super::tree::{TreeError, hex};
use super::variables::{self, get};

/// How long the packages of a course may take over a slow line.
const PATIENCE: Duration = Duration::from_secs(900);
const FILE: &str = "requirements.txt";
/// Changes when another kgrade would not find its way in a cached environment.
const LAYOUT: &str = "2";
/// What pip says when the network is the reason.
const UNREACHABLE: &[&str] = &[
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeoutError",
    "ProxyError",
    "SSLError",
    "ReadTimeoutError",
    "Connection refused",
];

/// A Python environment in the cache.
#[derive(Debug)]
pub(super) struct Environment {
    python: PathBuf,
    _cached: Option<Cached>,
}

/// What an environment is to hold.
pub(super) struct Requirements<'a> {
    /// As in `requirements.txt`.
    pub text: String,
    /// Whether they are the submission's own, not the course's.
    pub own: bool,
    /// The submission, when the text reaches for its files, or when its setup commands may install more: nobody else's
    /// environment will do then.
    pub submission: Option<&'a Submission>,
}

impl<'a> Requirements<'a> {
    /// What a submission asks for, else what the course gives. `shared` says that no setup command will change the environment.
    pub fn of(submission: &'a Submission, course: &str, shared: bool) -> Result<Self, TreeError> {
        let path = submission.folder().join(FILE);
        let own = match fs::read(&path) {
            Ok(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(TreeError::Io { doing: "read", path, source }),
        };
        let mut requirements = Self { own: own.is_some(), text: own.unwrap_or_else(|| course.to_owned()), submission: None };
        requirements.submission = (!shared || requirements.reach_files()).then_some(submission);
        Ok(requirements)
    }

    fn are_none(&self) -> bool {
        self.text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
    }

    fn reach_files(&self) -> bool {
        self.text.lines().map(str::trim_start).any(|line| line.starts_with(['-', '.', '/']) || line.contains("file:"))
    }

    /// The first line of the submission's own requirements that would run its code while packages are installed, and why. A name of the index, with
    /// extras, versions and a marker, is all that is let pass: packages are then taken as wheels, which only are unpacked.
    pub fn untrusted(&self) -> Option<(usize, &'static str)> {
        if !self.own {
            return None;
        }
        // pip ends lines at signs that are no line ends here, and believes what a comment says of the encoding.
        let strange = |sign: char| sign != '\t' && (sign.is_control() || !sign.is_ascii());
        let why = |line: &str| {
            if line.contains(strange) {
                return Some("it holds a sign that no name of a package has");
            }
            // As pip does: a comment begins at the start of a line, or after a space.
            let line = line.split_once(" #").map_or(line, |(line, _)| line).trim();
            if line.is_empty() || line.starts_with('#') {
                None
            } else if line.starts_with('-') {
                Some("it is an option for pip")
            } else if line.contains([':', '@']) {
                Some("it names an address")
            } else if line.contains(['/', '\\']) || line.starts_with('.') {
                Some("it names a file")
            } else if line.contains('$') || !line.starts_with(|sign: char| sign.is_ascii_alphanumeric()) {
                Some("it is no name of a package")
            } else {
                None
            }
        };
        self.text.lines().enumerate().find_map(|(index, line)| Some((index + 1, why(line)?)))
    }

    /// The names alone, without comments: what an installer reads where [`Self::untrusted`] has looked.
    pub fn names(&self) -> String {
        let name = |line: &str| line.split_once(" #").map_or(line, |(line, _)| line).trim().to_owned();
        self.text.lines().map(name).filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| line + "\n").collect()
    }

    /// A digest of everything that decides what is in the environment.
    pub fn key(&self, python: &Python) -> String {
        let mut hash = Sha256::new();
        for part in [LAYOUT, &self.text, &python.identity(), self.submission.map(Submission::digest).unwrap_or_default()] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hex(hash.finalize().get(..16).unwrap_or_default())
    }
}

impl Environment {
    /// The environment's Python.
    pub fn python(&self) -> &Path {
        &self.python
    }

    /// Takes the environment from the cache, or builds it there.
    pub async fn get(requirements: &Requirements<'_>, python: &Python, context: &PrepareContext<'_>) -> Result<Self, PrepareError> {
        let store = Store { place: context.cache.join("python"), guard: context.guard, progress: context.progress };
        let build = async |folder: &Path| Self::build_in(folder, requirements, python, context).await.map(drop);
        // What was built from source ran the packages' code, here and not in a sandbox.
        let wheels = if requirements.own && context.sandbox.is_some() { "-wheels" } else { "" };
        let cached = store.get(&format!("{}{wheels}", requirements.key(python)), build).await?;
        Ok(Self { _cached: Some(cached.clone()), ..Self::inside(&cached.folder) })
    }

    /// The environment that was built in a folder, which somebody else keeps.
    pub fn inside(folder: &Path) -> Self {
        Self { python: folder.join("environment/bin/python"), _cached: None }
    }

    /// Builds an environment in a folder.
    pub async fn build_in(
        folder: &Path,
        requirements: &Requirements<'_>,
        python: &Python,
        context: &PrepareContext<'_>,
    ) -> Result<Self, PrepareError> {
        context.progress.begin("preparing the Python environment");
        let source = folder.join("source");
        match requirements.submission {
            Some(submission) => submission.tree.copy(&source)?,
            None => fs::create_dir(&source)?,
        }
        if requirements.own && context.sandbox.is_some() {
            fs::write(source.join(FILE), requirements.names())?;
        } else if !requirements.own || requirements.submission.is_none() {
            fs::write(source.join(FILE), &requirements.text)?;
        }
        let folders = RunFolder::make(context.guard)?;
        let built = Builder { requirements, context, python, folders, source, folder: folder.join("environment") }.build().await;
        context.progress.end();
        built.map(|()| Self::inside(folder))
    }
}

struct Builder<'a> {
    requirements: &'a Requirements<'a>,
    context: &'a PrepareContext<'a>,
    python: &'a Python,
    folders: RunFolder,
    /// Where `requirements.txt` is, and whatever it names.
    source: PathBuf,
    /// The environment to be made.
    folder: PathBuf,
}

impl Builder<'_> {
    async fn build(&self) -> Result<(), PrepareError> {
        if let Some(uv) = search("uv", get(&self.context.environment, "PATH").map(ToOwned::to_owned)) {
            // uv does not read pip's settings (a mirror, for example): when it fails, pip has its turn.
            match self.with_uv(&uv.to_string_lossy()).await {
                Ok(()) => return Ok(()),
                Err(error) => tracing::debug!(%error, "uv failed, trying pip"),
            }
        }
        self.with_pip().await
    }

    async fn with_uv(&self, uv: &str) -> Result<(), StepError> {
        let base = self.python.executable.to_string_lossy();
        let folder = self.folder.to_string_lossy();
        // `--seed` gives it a pip, which setup commands may call.
        self.run(&[uv, "venv", "--quiet", "--seed", "--no-project", "--allow-existing", "--python", &base, &folder]).await?;
        if !self.requirements.are_none() {
            let own = self.folder.join("bin/python");
            let how: &[&str] = if self.only_unpacks() { &["--only-binary", ":all:"] } else { &["--compile-bytecode"] };
            let own = own.to_string_lossy();
            self.run(&[&[uv, "pip", "install", "--quiet", "--python", &own, "-r", FILE], how].concat()).await?;
        }
        Ok(())
    }

    async fn with_pip(&self) -> Result<(), PrepareError> {
        let base = self.python.executable.to_string_lossy();
        let (folder, own) = (self.folder.to_string_lossy(), self.folder.join("bin/python"));
        let own = own.to_string_lossy();
        let venv = [&*base, "-m", "venv", "--clear", &folder];
        let bare = [&venv[..], &["--without-pip"]].concat();
        // A pip inside takes seconds to install, and only setup commands may want it: the machine's own can fill the environment.
        let wants_pip = self.requirements.submission.is_some();
        if !wants_pip && (self.requirements.are_none() || self.pip_reaches_out(&base).await) && self.run(&bare).await.is_ok() {
            return self.install(&[&base, "-m", "pip", "--python", &own], &[]).await;
        }
        let Err(refusal) = self.run(&venv).await else { return self.install(&[&own, "-m", "pip"], &[]).await };
        // Debian keeps what a whole venv needs in a package of its own. Other ways to the same, best first.
        if self.run(&[&base, "-m", "virtualenv", "--clear", &folder]).await.is_ok() {
            return self.install(&[&own, "-m", "pip"], &[]).await;
        }
        if self.run(&bare).await.is_ok() && self.run(&[&base, "-m", "pip", "--version"]).await.is_ok() {
            let packages = self.folder.join(self.python.packages());
            return self.install(&[&base, "-m", "pip"], &["--target", &packages.to_string_lossy()]).await;
        }
        Err(PrepareError::NoVenv { output: refusal.output })
    }

    /// Whether the machine's pip can install into another environment, as it can since 22.3.
    async fn pip_reaches_out(&self, base: &str) -> bool {
        let said = self.run(&[base, "-m", "pip", "--version"]).await.unwrap_or_default();
        let version = said.iter().find_map(|line| line.strip_prefix("pip ")?.split_whitespace().next());
        let mut numbers = version.unwrap_or_default().split('.').map_while(|number| number.parse::<u32>().ok());
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (22, 3)
    }

    async fn install(&self, pip: &[&str], how: &[&str]) -> Result<(), PrepareError> {
        if self.requirements.are_none() {
            return Ok(());
        }
        let failed = |error: StepError| PrepareError::Requirements {
            own: self.requirements.own,
            requirement: culprit(&error.output),
            unreachable: error.output.iter().any(|line| UNREACHABLE.iter().any(|sign| line.contains(sign))),
            output: error.output,
        };
        let install = ["install", "--no-input", "--disable-pip-version-check", "-r", FILE];
        let wheels: &[&str] = if self.only_unpacks() { &["--only-binary", ":all:", "--no-compile"] } else { &[] };
        self.run(&[pip, &install[..], how, wheels].concat()).await.map(drop).map_err(failed)
    }

    /// Whether packages are only unpacked: nothing of them runs here, neither to build them nor, as a start-up file, when bytecode is made.
    fn only_unpacks(&self) -> bool {
        self.requirements.own && self.context.sandbox.is_some()
    }

    async fn run(&self, command: &[&str]) -> Result<Vec<String>, StepError> {
        let mut env = variables::for_setup(&self.context.environment, &self.folders, None, self.context.mark, "python-environment");
        // pip leaves compiled files behind on purpose: programs start faster.
        env.push(("PIP_NO_COMPILE".into(), "0".into()));
        if self.requirements.submission.is_some() {
            // uv would take its settings, a server for packages among them, from the files of the submission that it stands in.
            env.push(("UV_NO_CONFIG".into(), "1".into()));
        }
        let step = Step {
            command: command.iter().map(|word| (*word).to_owned()).collect(),
            python: None,
            folder: &self.source,
            env,
            mark: self.context.mark,
            instance: "python-environment",
            patience: PATIENCE,
            room: None,
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
    fn knows_requirements_that_run_code() {
        let of = |text: &str| Requirements { text: text.to_owned(), own: true, submission: None }.untrusted();
        let plain = "# course\n\nconfluent-kafka==2.11.0  # the client\nrequests[socks]>=2,<3; python_version >= '3.9'\nsix\n";
        assert_eq!(of(plain), None);
        let names = Requirements { text: "# coding: utf-7\n a # b\n\n#c\nd==1\n".to_owned(), own: true, submission: None }.names();
        assert_eq!(names, "a\nd==1\n");
        for line in [
            "-e ..",
            "--index-url http://evil",
            "-r /etc/passwd",
            "./pkg",
            "../pkg",
            "/tmp/pkg",
            "pkg @ https://evil/x.whl",
            "pkg@git+ssh://x",
            "git+https://x/y",
            "file:pkg",
            "pkg.tar.gz/",
            "${HOME}",
            "a\\\nb/c",
            "#x\n\u{feff}-e .",
            "six\u{c}-e .",
            "six # \u{2028}-e .",
            "# \r-e .\nsix",
            "six\u{b}-e .",
        ] {
            assert!(of(line).is_some(), "{line}");
        }
    }

    #[test]
    fn knows_requirements_that_reach_for_files() {
        let of = |text: &str| Requirements { text: text.to_owned(), own: true, submission: None };
        assert!(of("# nothing\n\n").are_none());
        assert!(!of("kafka-python==2.2\n").reach_files());
        assert!(of("-r more.txt\n").reach_files());
        assert!(of("./client\n").reach_files());
    }
}
