//! Docker, found as grading finds it: the daemon, who may use it, and Compose.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::{Finding, Machine, Topic};
use crate::world::docker::{Docker, DockerError};

/// What it is for.
const USE: &str = "lab-01, `kgrade up --ui` and `--cluster docker` need it";

/// How long Compose may take to tell its version.
const PATIENCE: Duration = Duration::from_secs(20);

/// The daemon and Compose.
pub async fn docker(machine: &Machine, needed: bool) -> Vec<Finding> {
    let docker = Docker::new(machine.docker.clone());
    let version = match docker.version().await {
        Ok(version) => version,
        Err(error) => return vec![refused(machine, needed, &error)],
    };
    let found = format!("{version} answers at {}", machine.docker.url());
    let daemon = if docker.is_local() {
        Finding::ok(Topic::Docker, found)
    } else {
        Finding::lacking(Topic::Docker, needed, format!("{found}, on another machine: programs here do not reach its ports"))
            .command("unset DOCKER_HOST; docker context use default")
    };
    vec![daemon, compose(machine, needed).await]
}

fn refused(machine: &Machine, needed: bool, error: &DockerError) -> Finding {
    let found = if needed { error.to_string() } else { format!("{error}; {USE}") };
    let finding = Finding::lacking(Topic::Docker, needed, found);
    match error {
        DockerError::NotInstalled => {
            finding.install(machine.system, ["docker.io docker-compose", "moby-engine docker-compose", "--cask docker"])
        }
        other => finding.advise(other.mend()),
    }
}

/// Compose as a part of the `docker` command, else the older program.
async fn compose(machine: &Machine, needed: bool) -> Finding {
    for (program, arguments, name) in [
        ("docker", &["compose", "version", "--short"][..], "docker compose"),
        ("docker-compose", &["version", "--short"], "docker-compose"),
    ] {
        let Some(file) = machine.host.find(program) else { continue };
        let mut command = Command::new(file);
        command.args(arguments).env("PATH", &machine.host.path).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let Ok(Ok(answer)) = tokio::time::timeout(PATIENCE, command.output()).await else { continue };
        if answer.status.success() {
            let version = String::from_utf8_lossy(&answer.stdout).lines().next().unwrap_or_default().trim().to_owned();
            return Finding::ok(Topic::Compose, format!("{name} {version}"));
        }
    }
    Finding::lacking(
        Topic::Compose,
        needed,
        "neither `docker compose` nor `docker-compose` is here; the course's own Kafka (docker/compose.yaml) is started with it",
    )
    .install(machine.system, ["docker-compose", "docker-compose", "docker-compose"])
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::super::State;
    use super::super::testing::Bench;
    use super::*;

    #[tokio::test]
    async fn nobody_has_installed_it() {
        let bench = Bench::new();
        for (needed, state) in [(false, State::Warning), (true, State::Missing)] {
            let findings = docker(&bench.machine, needed).await;
            assert_eq!((findings.len(), findings[0].state), (1, state));
            assert!(findings[0].found.starts_with("Docker is not installed"), "{findings:?}");
            assert_eq!(findings[0].commands, ["sudo apt-get install docker.io docker-compose"]);
        }
    }

    #[tokio::test]
    async fn a_dead_socket() {
        let mut bench = Bench::new();
        let socket = bench.path("docker.sock");
        drop(UnixListener::bind(&socket).unwrap());
        bench.machine.docker.sockets = vec![socket];
        bench.machine.docker.installed = true;
        let findings = docker(&bench.machine, true).await;
        assert!(findings[0].found.contains("daemon is not running"), "{findings:?}");
        assert!(findings[0].advice.as_ref().unwrap().contains("start"), "{findings:?}");
    }

    #[tokio::test]
    async fn compose_of_both_kinds_and_none() {
        let bench = Bench::new();
        assert_eq!(compose(&bench.machine, false).await.state, State::Warning);
        bench.script("docker", "exit 1");
        bench.script("docker-compose", "echo 1.29.2");
        assert_eq!(compose(&bench.machine, true).await, Finding::ok(Topic::Compose, "docker-compose 1.29.2"));
        bench.script("docker", "echo 2.40.3");
        assert_eq!(compose(&bench.machine, true).await, Finding::ok(Topic::Compose, "docker compose 2.40.3"));
    }
}
