//! Finding Kafka's jars: `KAFKA_HOME`, the cache, else Maven or the release tarball into the cache.

use std::fs;
use std::path::{Path, PathBuf};

use super::cache::{CacheLock, Scratch};
use super::error::ClusterError;
use super::manifest::{Manifest, Times};
use super::work::{Tried, Work};
use super::{maven, tarball};

/// The Apache Kafka that kgrade runs.
pub const VERSION: &str = "4.3.1";

/// The oldest Kafka that a `KAFKA_HOME` may hold: the first without ZooKeeper.
const OLDEST_HOME: u32 = 4;

/// The jars of a Kafka broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jars {
    /// All of them, in the order of the class path. The order is part of what a CDS archive is made for.
    pub files: Vec<PathBuf>,
    /// The version of Kafka, from the name of its jar.
    pub version: String,
    /// Whether kgrade fetched them, and may fetch them again.
    pub cached: bool,
    /// What the person should know about them.
    pub warning: Option<String>,
}

/// Finds the jars, and fetches them when there are none.
///
/// # Errors
/// [`ClusterError::KafkaHome`] when that is set and unusable, [`ClusterError::NoKafka`] with everything that was tried.
pub fn find(work: &Work) -> Result<Jars, ClusterError> {
    if let Some(jars) = local(work)? {
        if jars.cached {
            Manifest::used(&target(work));
        }
        return Ok(jars);
    }
    let lock = work.context().cache.lock(work)?;
    if let Some(jars) = cached(&target(work)) {
        return Ok(jars);
    }
    fetch(work, &lock)
}

/// The jars that are on this machine already.
///
/// # Errors
/// [`ClusterError::KafkaHome`] when that is set and unusable.
pub fn local(work: &Work) -> Result<Option<Jars>, ClusterError> {
    match &work.context().host.kafka_home {
        Some(home) => from_home(home).map(Some),
        None => Ok(cached(&target(work))),
    }
}

/// Forgets jars of the cache whose content changed since they were fetched. Slow: reads all of them.
///
/// # Errors
/// When the cache cannot be written.
pub fn discard_if_damaged(work: &Work, lock: &CacheLock) -> Result<(), ClusterError> {
    let target = target(work);
    if target.exists() && !Manifest::is_unchanged(&target) {
        work.context().cache.discard(work, lock, &target)?;
    }
    Ok(())
}

fn target(work: &Work) -> PathBuf {
    work.context().cache.kafka().join(VERSION)
}

fn cached(target: &Path) -> Option<Jars> {
    if !Manifest::is_intact(target) {
        return None;
    }
    let files = in_folder(&target.join("libs"));
    let version = broker_version(&files)?;
    Some(Jars { files, version, cached: true, warning: None })
}

fn from_home(home: &Path) -> Result<Jars, ClusterError> {
    let bad = |reason: String| ClusterError::KafkaHome { path: home.to_owned(), reason };
    let libs = home.join("libs");
    if !libs.is_dir() {
        return Err(bad("it has no folder `libs`".to_owned()));
    }
    let files = in_folder(&libs);
    let Some(version) = broker_version(&files) else {
        return Err(bad("its `libs` has no jar named kafka_2.13-VERSION.jar".to_owned()));
    };
    if !files.iter().any(|file| named(file, "kafka-clients-").is_some()) {
        return Err(bad("its `libs` has no kafka-clients jar".to_owned()));
    }
    let major = version.split('.').next().and_then(|number| number.parse::<u32>().ok());
    if major.is_some_and(|major| major < OLDEST_HOME) {
        return Err(bad(format!("it is Kafka {version}, older than {OLDEST_HOME}.0")));
    }
    let warning = (version != VERSION)
        .then(|| format!("KAFKA_HOME is Apache Kafka {version}; the labs are written for {VERSION}, so results may differ (unset KAFKA_HOME to use {VERSION})"));
    Ok(Jars { files, version, cached: false, warning })
}

/// A way to get the jars into a folder.
type Way = fn(&Work, &Scratch, &Path) -> Tried<()>;

fn fetch(work: &Work, lock: &CacheLock) -> Result<Jars, ClusterError> {
    let mut tried = vec!["KAFKA_HOME is not set".to_owned(), format!("the cache: {} does not hold it", target(work).display())];
    for way in [maven::fetch as Way, tarball::fetch] {
        let scratch = work.context().cache.scratch(work, lock)?;
        let part = scratch.path().join("kafka");
        let libs = part.join("libs");
        fs::create_dir_all(&libs).map_err(ClusterError::folder("create", &libs))?;
        let fetched = way(work, &scratch, &libs)?.and_then(|()| match broker_version(&in_folder(&libs)) {
            Some(version) if version == VERSION => Ok(()),
            Some(version) => Err(format!("it brought Kafka {version} instead of {VERSION}")),
            None => Err("it brought no Kafka broker".to_owned()),
        });
        match fetched {
            Ok(()) => {
                Manifest::write(&part, Times::Ignored).map_err(ClusterError::folder("write", &part))?;
                let target = target(work);
                scratch.install(&part, &target)?;
                return cached(&target).ok_or(ClusterError::NoKafka { version: VERSION, tried });
            }
            Err(reason) => tried.push(reason),
        }
    }
    Err(ClusterError::NoKafka { version: VERSION, tried })
}

/// The jars of a folder, by name.
fn in_folder(libs: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(libs) else { return Vec::new() };
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "jar"))
        .filter(|path| is_needed(&path.file_name().unwrap_or_default().to_string_lossy()))
        .collect();
    files.sort();
    files
}

/// Whether a broker may need the jar: a release also has Connect, Streams, their web server and a 70 MB database for four platforms.
pub fn is_needed(jar: &str) -> bool {
    const NOT_NEEDED: [&str; 9] =
        ["connect-", "jersey-", "jetty-", "hk2-", "kafka-streams", "rocksdbjni-", "trogdor-", "jline-", "kafka-shell-"];
    jar.ends_with(".jar") && !NOT_NEEDED.iter().any(|prefix| jar.starts_with(prefix))
        // Sources and tests are not code that runs.
        && !["-sources.jar", "-javadoc.jar", "-test.jar", "-test-sources.jar"].iter().any(|suffix| jar.ends_with(suffix))
}

fn broker_version(files: &[PathBuf]) -> Option<String> {
    files.iter().find_map(|file| named(file, "kafka_2.13-"))
}

/// What stands between `prefix` and `.jar` in the file's name, when it starts like a version.
fn named(file: &Path, prefix: &str) -> Option<String> {
    let version = file.file_name()?.to_str()?.strip_prefix(prefix)?.strip_suffix(".jar")?;
    version.starts_with(|c: char| c.is_ascii_digit()).then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(jars: &[&str]) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("libs")).unwrap();
        for jar in jars {
            fs::write(home.path().join("libs").join(jar), "").unwrap();
        }
        home
    }

    #[test]
    fn takes_a_release_without_what_a_broker_never_loads() {
        let home = home(&[
            "kafka_2.13-4.3.1.jar",
            "kafka-clients-4.3.1.jar",
            "kafka_2.13-4.3.1-test.jar",
            "rocksdbjni-9.jar",
            "jopt-simple-5.0.4.jar",
            "notes.txt",
        ]);
        let jars = from_home(home.path()).unwrap();
        let names: Vec<_> = jars.files.iter().map(|file| file.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["jopt-simple-5.0.4.jar", "kafka-clients-4.3.1.jar", "kafka_2.13-4.3.1.jar"]);
        assert_eq!((jars.version.as_str(), jars.warning), ("4.3.1", None));
    }

    #[test]
    fn warns_about_another_version_and_refuses_one_with_zookeeper() {
        let newer = home(&["kafka_2.13-4.4.0.jar", "kafka-clients-4.4.0.jar"]);
        assert!(from_home(newer.path()).unwrap().warning.unwrap().contains("Apache Kafka 4.4.0"));
        let older = home(&["kafka_2.13-3.9.1.jar", "kafka-clients-3.9.1.jar"]);
        assert!(from_home(older.path()).unwrap_err().to_string().contains("it is Kafka 3.9.1, older than 4.0"));
    }

    #[test]
    fn says_what_an_unusable_home_lacks() {
        let empty = tempfile::tempdir().unwrap();
        assert!(from_home(empty.path()).unwrap_err().to_string().contains("it has no folder `libs`; unset KAFKA_HOME"));
        assert!(from_home(home(&["a.jar"]).path()).unwrap_err().to_string().contains("no jar named kafka_2.13"));
        assert!(from_home(home(&["kafka_2.13-4.3.1.jar"]).path()).unwrap_err().to_string().contains("no kafka-clients jar"));
    }
}
