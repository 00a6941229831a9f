//! `compose`: the services of a Compose project run.

use std::collections::BTreeMap;

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::containers::{MOST, compose_file, doing, named, not_running, without_docker};
use super::view::{part, seconds};
use super::{Answer, Expect, Finding, Kind, View};
use crate::outcome::Mismatch;
use crate::run::CheckCtx;
use crate::timeline::What;
use crate::timeline::docker::{ContainerSeen, ContainersLook, Selection};

/// All these services run, in one Compose project.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compose {
    /// The services, by their names in the Compose file.
    pub services: Vec<String>,
    /// The project; without it, any one that has the services. By default it has the name of the folder of the Compose file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The path of the Compose file in the submission: when nothing of it runs and the file cannot be read, its line is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compose_file: Option<String>,
}

impl Kind for Compose {
    const DOC: &'static str = "The services of a Compose project: all of them run, in one project, and none is unhealthy.\n\n\
        One command starts a whole environment from one file. Compose marks each container with its project and service; they are read here, so it does not matter \
        where the file is or how the containers are called.";
    const EXAMPLE: &'static str = "compose: { services: [kafka, kafka-ui] }";

    fn lint(&self) -> Vec<Finding> {
        if self.services.is_empty() {
            return vec![Finding::at("services", "no service is named", "name the services of the Compose file that must run")];
        }
        Vec::new()
    }
}

impl Expect for Compose {
    async fn observe(&self, ctx: &CheckCtx) -> Result<()> {
        if let Some(path) = &self.compose_file {
            ctx.look_at_file(path, MOST).await?;
        }
        for service in &self.services {
            let of = self.selection(service);
            let look = ctx.docker().look(&of, &[]).await;
            ctx.recorder().append(What::ContainersSeen { of, bootstrap: ctx.bootstrap_ports(), look });
        }
        Ok(())
    }

    fn judge(&self, view: &View<'_>) -> Answer {
        let expected = match &self.project {
            Some(project) => format!("{} running in the project `{project}`", self.services.join(", ")),
            None => format!("{} running in one project", self.services.join(", ")),
        };
        // Project to service to its containers.
        let mut projects: BTreeMap<&str, BTreeMap<&str, Vec<&ContainerSeen>>> = BTreeMap::new();
        let mut since = 0;
        for service in &self.services {
            let of = self.selection(service);
            let Some((at, look)) = view.timeline.docker().containers(&of) else {
                return Answer::NotShown(format!("Docker was never asked for the service `{service}`"));
            };
            since = since.max(*at);
            match look {
                ContainersLook::NoDocker(problem) => return without_docker(expected, problem),
                ContainersLook::Found(containers) => {
                    for container in containers.iter().filter(|container| container.is_of(&of)) {
                        let project = container.project.as_deref().unwrap_or_default();
                        projects.entry(project).or_default().entry(service).or_default().push(container);
                    }
                }
            }
        }
        let works = |services: &BTreeMap<&str, Vec<&ContainerSeen>>| services.values().filter(|all| all.iter().all(|one| is_well(one))).count();
        // The project that comes nearest is the one that the learner means.
        let Some((project, services)) = projects.iter().max_by_key(|(_, services)| (works(services), services.len())) else {
            if let Some(mismatch) = compose_file::problem(view, self.compose_file.as_deref(), &self.services) {
                return Answer::NotYet(Mismatch { expected, ..mismatch });
            }
            let message = match &self.project {
                Some(project) => format!("nothing of the Compose project `{project}` is there"),
                None => format!("no Compose project on this machine has the service `{}`", self.services.join("` or `")),
            };
            let cause = "start it in the folder of the Compose file: docker compose up -d. If that says that the file is wrong, docker compose config names the line";
            return Answer::NotYet(Mismatch::new(message, expected, "no container of these services").cause(cause));
        };
        let (running, wanted) = (works(services) as u64, self.services.len() as u64);
        if running == wanted {
            return Answer::holds(wanted);
        }
        let missing = self.services.iter().filter(|service| !services.contains_key(service.as_str()));
        let broken = services.values().flatten().filter(|container| !is_well(container));
        let witnesses: Vec<_> = missing
            .map(|service| format!("service {service}: no container"))
            .chain(broken.clone().map(|container| format!("service {}: {} is {}", container.service.as_deref().unwrap_or_default(), named(container), state(container))))
            .collect();
        let why = broken.clone().find_map(|container| not_running(container)?.cause);
        let cause = why.unwrap_or_else(|| "start what is missing, in the folder of the Compose file: docker compose up -d; then look: docker compose ps -a".to_owned());
        let message = format!("{} of the Compose project `{project}` {}", part(wanted - running, wanted, "service"), if wanted - running == 1 { "does not run as it should" } else { "do not run as they should" });
        Answer::NotYet(Mismatch::new(message, expected, format!("{} well, since {} into the run", part(running, wanted, "service"), seconds(since))).witnesses(witnesses).cause(cause))
    }
}

impl Compose {
    fn selection(&self, service: &str) -> Selection {
        Selection { image: Vec::new(), service: Some(service.to_owned()), project: self.project.clone() }
    }
}

/// Whether a container runs and does not say of itself that it does not work.
fn is_well(container: &ContainerSeen) -> bool {
    not_running(container).is_none() && container.health.as_ref().is_none_or(|health| health.status != "unhealthy")
}

fn state(container: &ContainerSeen) -> String {
    if not_running(container).is_none() { "unhealthy".to_owned() } else { doing(container) }
}

#[cfg(test)]
mod tests;
