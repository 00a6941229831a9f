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

/// Copies the jars into `libs`. The inner error says why that was not possible.
pub fn fetch(work: &Work, scratch: &Scratch, libs: &Path) -> Tried<()> {
    let Some(mvn) = work.context().host.find("mvn") else {
        return Ok(Err("Maven: no `mvn` on PATH".to_owned()));
    };
    let pom = scratch.path().join("pom.xml");
    fs::write(&pom, POM).map_err(ClusterError::folder("write", &pom))?;
    let mut output = std::ffi::OsString::from("-DoutputDirectory=");
    output.push(libs);
    let args = [
        "--quiet".into(),
        "--batch-mode".into(),
        "--file".into(),
        pom.into_os_string(),
        GOAL.into(),
        "-DincludeScope=runtime".into(),
        output,
    ];
    work.progress().begin(&format!("fetching Apache Kafka {VERSION} with Maven"));
    let ran = work.run(&mvn, &args, &scratch.path().join("log"), Duration::from_secs(900));
    work.progress().end();
    Ok(ran?.map_err(|reason| format!("Maven: {reason}")))
}

#[cfg(test)]
mod tests {
    use super::{POM, VERSION};

    #[test]
    fn the_pom_asks_for_the_version_that_kgrade_runs() {
        assert!(POM.contains(&format!("<artifactId>kafka_2.13</artifactId>\n      <version>{VERSION}</version>")));
    }
}
