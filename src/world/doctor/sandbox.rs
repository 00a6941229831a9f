//! bubblewrap, tried as `--sandbox bwrap` tries it.

use super::{Finding, Machine, Topic};
use crate::world::docker::Docker;
use crate::world::sandbox::{Making, Sandbox};

/// Whether programs can be kept apart without Docker.
pub async fn sandbox(machine: &Machine) -> Finding {
    if !cfg!(target_os = "linux") {
        return Finding::ok(Topic::Sandbox, "there is none on this system; programs are graded without one");
    }
    let docker = Docker::new(machine.docker.clone());
    let making = Making { docker: &docker, guard: &machine.guard, kgrade: &machine.kgrade };
    match Sandbox::by_bwrap(Some(machine.host.path.clone()), false, &making).await {
        Ok(_) => Finding::ok(Topic::Sandbox, "bubblewrap works (`--sandbox bwrap`)"),
        Err(error) if machine.host.find("bwrap").is_some() => {
            Finding::warning(Topic::Sandbox, format!("bubblewrap is here and does not work: {error}"))
                .advise("only `--sandbox` needs it, to grade programs of others; docs/sandbox.md says what the system must allow")
        }
        Err(_) => Finding::warning(Topic::Sandbox, "bubblewrap is not here; only `--sandbox` needs it, to grade programs of others")
            .install(machine.system, ["bubblewrap", "bubblewrap", "bubblewrap"]),
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::super::testing::Bench;
    use super::*;

    #[tokio::test]
    async fn not_here_and_broken() {
        let bench = Bench::new();
        let finding = sandbox(&bench.machine).await;
        assert_eq!(
            (finding.state, finding.commands.as_slice()),
            (State::Warning, ["sudo apt-get install bubblewrap".to_owned()].as_slice())
        );
        bench.script("bwrap", "echo 'No permissions to create new namespace' >&2; exit 1");
        let finding = sandbox(&bench.machine).await;
        assert!(finding.state == State::Warning && finding.found.contains("No permissions"), "{finding:?}");
    }
}
