//! `container`: a container that runs, as Docker describes it.

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::amount::{Amount, Compared};
use super::containers::{MOST, compose_file, doing, meant, named, not_running, publish, publishing, without_docker};
use super::view::{count, seconds};
use super::{Answer, Expect, Finding, Kind, View};
use crate::outcome::Mismatch;
use crate::run::CheckCtx;
use crate::timeline::What;
use crate::timeline::docker::{ContainerSeen, ContainersLook, Selection};

/// One container of those meant runs, with all that is asked for.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Container {
    /// Which containers are meant; one of them has to be as asked.
    pub of: Selection,
    /// What its health check must say; without this, only that it is not `unhealthy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
    /// The port that this machine must reach it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publishes: Option<Publishes>,
    /// How often its restart policy has started it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarts: Option<Amount>,
    /// A folder inside it that must be on a volume with a name, or on a folder of this machine: what is there outlives the container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume: Option<String>,
    /// A network that it must be attached to, by its name; Compose puts the project before it: `docker_kafka`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// The path of the Compose file in the submission that starts it: when there is no such container and the file cannot be read, its line is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compose_file: Option<String>,
}

/// What a health check must say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// There is a health check, and it says `healthy`.
    Healthy,
    /// There is a health check, whatever it says so far, unless that is `unhealthy`.
    Checked,
}

/// A published TCP port. All that is named must be so of one port.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Publishes {
    /// The port inside the container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The port of this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_port: Option<u16>,
    /// The port of this machine is the one of the cluster's bootstrap address.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bootstrap: bool,
}

impl Kind for Container {
    const DOC: &'static str = "A container that runs, as Docker describes it: its image, its published ports, its health check, its restarts, what is mounted, its networks. \
        Of several that are meant, one has to be as asked.\n\n\
        A broker in a container is reached through a published port, keeps its records only on a volume, and is given up by nobody when it ends and is started again for ever: \
        `docker ps` shows all of this, and so does the message here. No Docker, a daemon that is down and a socket without permission fail the check with the command that mends it.";
    const EXAMPLE: &'static str = "container: { of: { image: [apache/kafka] }, publishes: { port: 9092 }, volume: /var/lib/kafka/data }";

    fn lint(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        if self.of == Selection::default() {
            found.push(Finding::at("of", "any container is meant", "name an image or a service"));
        }
        if self.publishes.as_ref().is_some_and(|publishes| *publishes == Publishes::default()) {
            found.push(Finding::at("publishes", "no port is named", "name `port`, `host_port`, or `bootstrap: true`"));
        }
        if self.publishes.as_ref().is_some_and(|publishes| publishes.bootstrap && publishes.host_port.is_some()) {
            found.push(Finding::at("publishes", "`bootstrap` and `host_port` both name the port of this machine", "keep one of them"));
        }
        if self.restarts.is_some_and(|restarts| restarts == Amount::AtLeast(0)) {
            found.push(Finding::at("restarts", "that is always so", "ask for `{ at_most: 0 }`, or leave it out"));
        }
        found
    }
}

impl Expect for Container {
    async fn observe(&self, ctx: &CheckCtx) -> Result<()> {
        let bootstrap = ctx.bootstrap_ports();
        let ports = self.publishes.iter().flat_map(|publishes| publishes.host_ports(&bootstrap)).collect::<Vec<_>>();
        if let Some(path) = &self.compose_file {
            ctx.look_at_file(path, MOST).await?;
        }
        let look = ctx.docker().look(&self.of, &ports).await;
        ctx.recorder().append(What::ContainersSeen { of: self.of.clone(), bootstrap, look });
        Ok(())
    }

    fn judge(&self, view: &View<'_>) -> Answer {
        let docker = view.timeline.docker();
        let expected = self.expected();
        let Some((since, look)) = docker.containers(&self.of) else {
            return Answer::NotShown("Docker was never asked for containers".to_owned());
        };
        let containers = match look {
            ContainersLook::Found(containers) => containers,
            ContainersLook::NoDocker(problem) => return without_docker(expected, problem),
        };
        let own: Vec<&ContainerSeen> = containers.iter().filter(|container| container.is_of(&self.of)).collect();
        let ports = self.publishes.as_ref().map(|publishes| publishes.host_ports(docker.bootstrap())).unwrap_or_default();
        if self.publishes.as_ref().is_some_and(|publishes| publishes.bootstrap) && ports.is_empty() {
            return Answer::NotShown("the cluster's bootstrap address is on another machine: no port of this one leads to it".to_owned());
        }
        let mut wrong: Vec<(u8, Mismatch)> = Vec::new();
        for container in &own {
            match self.problem(container, &ports) {
                None => return Answer::holds(1),
                Some(problem) => wrong.push(problem),
            }
        }
        // The one that comes nearest is the one that the learner means.
        let Some((_, nearest)) = wrong.into_iter().rev().max_by_key(|(near, _)| *near) else {
            let unread = compose_file::problem(view, self.compose_file.as_deref(), self.of.service.as_slice());
            let mismatch = unread.map(|mismatch| Mismatch { expected: expected.clone(), ..mismatch });
            return Answer::NotYet(mismatch.unwrap_or_else(|| self.none(expected, containers, &ports)));
        };
        let others = own.len() as u64 - 1;
        let more = if others > 0 { format!(" ({} like it)", count(others, "other container")) } else { String::new() };
        let observed = format!("{}{more}, since {} into the run", nearest.observed, seconds(*since));
        let taken = holders(containers, &self.of, &ports);
        let mut nearest = Mismatch { expected, observed, ..nearest };
        if let (Some(taken), Some(cause)) = (taken, nearest.cause.as_mut()) {
            *cause = format!("{taken}; {cause}");
        }
        Answer::NotYet(nearest)
    }
}

impl Publishes {
    /// The ports of this machine of which one is wanted; none when any will do.
    fn host_ports(&self, bootstrap: &[u16]) -> Vec<u16> {
        if self.bootstrap { bootstrap.to_vec() } else { self.host_port.into_iter().collect() }
    }
}

impl Container {
    fn expected(&self) -> String {
        let mut words = vec!["runs".to_owned()];
        match self.health {
            Some(Health::Healthy) => words.push("is healthy".to_owned()),
            Some(Health::Checked) => words.push("has a health check".to_owned()),
            None => {}
        }
        if let Some(publishes) = &self.publishes {
            let inner = publishes.port.map(|port| format!(" {port}")).unwrap_or_default();
            let outer = match publishes.host_port {
                _ if publishes.bootstrap => " as the cluster's bootstrap port".to_owned(),
                Some(port) => format!(" as port {port} of this machine"),
                None => String::new(),
            };
            words.push(format!("publishes its port{inner}{outer}"));
        }
        if let Some(restarts) = self.restarts {
            words.push(format!("was started again {restarts} times"));
        }
        words.extend(self.volume.iter().map(|path| format!("keeps {path} on a volume")));
        words.extend(self.network.iter().map(|network| format!("is attached to {network}")));
        format!("{} that {}", meant(&self.of), words.join(", "))
    }

    /// What is wrong with a container, and how near it comes to what is asked.
    fn problem(&self, container: &ContainerSeen, ports: &[u16]) -> Option<(u8, Mismatch)> {
        if let Some(mismatch) = not_running(container) {
            // Of several that do not run, the one with the right port is the one that is meant.
            return Some((u8::from(self.publishes_right(container, ports)), mismatch));
        }
        let (name, what) = (&container.name, named(container));
        let unhealthy = |health: &str| Mismatch::new(format!("{what} runs, but its health check {health}"), "", format!("health check {health}"));
        match (&container.health, self.health) {
            (Some(health), _) if health.status == "unhealthy" => {
                let said = (!health.output.is_empty()).then(|| format!("health check of {name}: {}", health.output));
                let log = container.log.iter().map(|line| format!("log of {name}: {line}"));
                let cause = format!("what it checks does not work, or its command is wrong; see both: docker inspect {name}, docker logs {name}");
                return Some((3, unhealthy("says unhealthy").witnesses(said.into_iter().chain(log)).cause(cause)));
            }
            (Some(health), Some(Health::Healthy)) if health.status != "healthy" => {
                return Some((4, unhealthy(&format!("says {} so far", health.status)).cause("give it the time that `start_period` and `interval` ask for")));
            }
            (None, Some(_)) => {
                let cause = "without `healthcheck:` in the Compose file Docker takes a program that hangs for one that works";
                return Some((3, Mismatch::new(format!("{what} has no health check"), "", "no health check").cause(cause)));
            }
            _ => {}
        }
        if !self.publishes_right(container, ports) {
            return Some((2, self.unpublished(container, ports)));
        }
        if let Some(restarts) = self.restarts.filter(|restarts| restarts.compare(container.restarts) != Compared::Right) {
            let message = format!("{what} was started again {}, not {restarts}", count(container.restarts, "time"));
            let cause = format!("its program ended by itself, and the restart policy started it again; the log says why: docker logs {name}");
            return Some((5, Mismatch::new(message, "", count(container.restarts, "restart")).cause(cause)));
        }
        if let Some(path) = self.volume.as_ref().filter(|path| !keeps(container, path)) {
            let message = format!("{what} does not keep {path} on a volume");
            let mounted = container.mounts.iter().map(|mount| mount.path.as_str()).collect::<Vec<_>>().join(", ");
            let observed = if mounted.is_empty() { "nothing mounted".to_owned() } else { format!("mounted: {mounted}") };
            let cause = format!("what the container writes is gone with it: add `volumes: [ \"NAME:{path}\" ]` to the service, and NAME under `volumes:` of the file");
            return Some((6, Mismatch::new(message, "", observed).cause(cause)));
        }
        let network = self.network.as_ref().filter(|network| !container.networks.contains(network))?;
        let cause = format!("containers find each other by name on a network that they share; see them: docker network inspect {network}");
        let message = format!("{what} is not attached to the network {network}");
        Some((6, Mismatch::new(message, "", format!("attached to {}", container.networks.join(", "))).cause(cause)))
    }

    fn publishes_right(&self, container: &ContainerSeen, ports: &[u16]) -> bool {
        let Some(publishes) = &self.publishes else { return true };
        let inner = |port: u16| publishes.port.is_none_or(|wanted| wanted == port);
        container.ports.iter().any(|seen| inner(seen.port) && (ports.is_empty() || ports.contains(&seen.host_port)))
    }

    /// The mismatch of a container whose ports are not published as asked.
    fn unpublished(&self, container: &ContainerSeen, ports: &[u16]) -> Mismatch {
        let inner = self.publishes.as_ref().and_then(|publishes| publishes.port);
        let outer = ports.first().copied();
        let (from, to) = (outer.or(inner).unwrap_or(9092), inner.or(outer).unwrap_or(9092));
        // It may be published already, as another port.
        let other = container.ports.iter().find(|seen| seen.port == to && seen.host_port != from);
        let cause = match other {
            Some(other) => format!("its port {to} is port {} of this machine: change that to {from}, {}, and run docker compose up -d again", other.host_port, publishing(from, to)),
            None => publish(from, to),
        };
        let list = container.ports.iter().map(|seen| format!("{}->{}", seen.host_port, seen.port)).collect::<Vec<_>>().join(", ");
        let what = named(container);
        if container.ports.is_empty() {
            return Mismatch::new(format!("{what} runs, but publishes no port"), "", "no published port").cause(cause);
        }
        let wanted = match (inner, outer) {
            (Some(inner), Some(outer)) => format!("its port {inner} as port {outer} of this machine"),
            (Some(inner), None) => format!("its port {inner}"),
            (None, Some(outer)) => format!("anything as port {outer} of this machine"),
            (None, None) => "a port".to_owned(),
        };
        Mismatch::new(format!("{what} runs, but does not publish {wanted}"), "", format!("published: {list}")).cause(cause)
    }

    /// The mismatch when there is no such container at all.
    fn none(&self, expected: String, seen: &[ContainerSeen], ports: &[u16]) -> Mismatch {
        let message = format!("there is no {}", meant(&self.of).trim_start_matches("a "));
        let taken = holders(seen, &self.of, ports).map(|taken| format!("{taken}; ")).unwrap_or_default();
        let cause = format!("{taken}start it: docker compose up -d (in the folder of the Compose file); what there is: docker ps -a");
        let witnesses = seen.iter().map(|container| format!("{}: {}", named(container), doing(container)));
        Mismatch::new(message, expected, "no such container, running or not").witnesses(witnesses).cause(cause)
    }
}

/// Who has the wanted ports, when that is a container that is not meant.
fn holders(seen: &[ContainerSeen], of: &Selection, ports: &[u16]) -> Option<String> {
    let other = seen.iter().filter(|container| !container.is_of(of) && not_running(container).is_none());
    let held = other.flat_map(|container| container.ports.iter().map(move |port| (container, port.host_port)));
    let (container, port) = held.into_iter().find(|(_, port)| ports.contains(port))?;
    Some(format!("port {port} of this machine belongs to {}: stop it (docker stop {})", named(container), container.name))
}

/// Whether what is written to a path outlives the container. A volume without a name is removed with it.
fn keeps(container: &ContainerSeen, path: &str) -> bool {
    let anonymous = |volume: &str| volume.len() == 64 && volume.bytes().all(|byte| byte.is_ascii_hexdigit());
    let lasting = |kind: &str, volume: &str| kind == "bind" || (kind == "volume" && !anonymous(volume));
    let covers = |mount: &str| path == mount || path.strip_prefix(mount.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'));
    // The innermost mount is the one that counts.
    let innermost = container.mounts.iter().filter(|mount| covers(&mount.path)).max_by_key(|mount| mount.path.len());
    innermost.is_some_and(|mount| lasting(&mount.kind, &mount.volume))
}

#[cfg(test)]
mod tests;
