//! Fetching Kafka's jars with Maven, from wherever the user's Maven gets its jars.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::cache::Scratch;
use super::error::ClusterError;
use super::jars::VERSION;
use super::work::{Tried, Work};

/// The project's own `pom.xml`: the jars of a broker.
const POM: &str = include_str!("pom.xml");

/// A version of the plugin that Maven 3.6 and newer can run.
const GOAL: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

/// What Maven says when it cannot write its repository in the user's home.
const NO_REPOSITORY: &str = "LocalRepositoryNotAccessibleException";

/// Copies the jars into `libs`. The inner error says why that was not possible.
pub fn fetch(work: &Work, scratch: &Scratch, libs: &Path) -> Tried<()> {
    let Some(mvn) = work.context().host.find("mvn") else {
        return Ok(Err("Maven: no `mvn` on PATH".to_owned()));
    };
    let pom = scratch.path().join("pom.xml");
    fs::write(&pom, POM).map_err(ClusterError::folder("write", &pom))?;
    let mut output = std::ffi::OsString::from("-DoutputDirectory=");
    output.push(libs);
    let mut args = vec![
        "--quiet".into(),
        "--batch-mode".into(),
        "--file".into(),
        pom.into_os_string(),
        GOAL.into(),
        "-DincludeScope=runtime".into(),
        output,
    ];
    let log = scratch.path().join("log");
    work.progress().begin(&format!("fetching Apache Kafka {VERSION} with Maven"));
    let mut ran = work.run(&mvn, &args, &log, Duration::from_secs(900));
    let said = || fs::read(&log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    // Maven keeps every jar in the user's home first. Where that cannot be written, a repository that goes with the scratch folder does.
    if matches!(ran, Ok(Err(_))) && said().contains(NO_REPOSITORY) {
        let mut repository = std::ffi::OsString::from("-Dmaven.repo.local=");
        repository.push(scratch.path().join("repository"));
        args.push(repository);
        ran = work.run(&mvn, &args, &log, Duration::from_secs(900));
    }
    work.progress().end();
    Ok(ran?.map_err(|reason| match cause(&said()) {
        Some(cause) => format!("Maven: {cause}"),
        None => format!("Maven: {reason}"),
    }))
}

/// What Maven's output says first of an error, in one line: how to ask for more stands at its end, and says nothing.
fn cause(output: &str) -> Option<String> {
    let first = output.lines().find_map(|line| line.strip_prefix("[ERROR]").map(str::trim).filter(|text| !text.is_empty()))?;
    Some(first.split(" -> [Help").next().unwrap_or(first).to_owned())
}

#[cfg(test)]
mod tests {
    use super::{POM, VERSION, cause};

    #[test]
    fn the_pom_asks_for_the_version_that_kgrade_runs() {
        assert!(POM.contains(&format!("<artifactId>kafka_2.13</artifactId>\n      <version>{VERSION}</version>")));
    }

    #[test]
    fn the_cause_is_what_maven_says_first() {
        let output = "[ERROR] Failed to execute goal x: Could not resolve host: repo.example -> [Help 1]\n[ERROR] \n\
                      [ERROR] Re-run Maven using the -X switch to enable full debug logging.\n";
        assert_eq!(cause(output).as_deref(), Some("Failed to execute goal x: Could not resolve host: repo.example"));
        assert_eq!(cause("killed\n"), None);
    }
}
