//! What Docker said of containers, and what their services answered: the last look for each question.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::{Event, What};

/// Which containers are meant. All that is named must be so; of several image repositories, one.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// Repositories of images, without tags, for example `apache/kafka`: the container runs one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub image: Vec<String>,
    /// The service of a Compose file that the container was started for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The Compose project that it belongs to: by default the name of the folder of the Compose file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
}

/// Why Docker could not be asked: what is so, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DockerProblem {
    /// What is so, for example "Docker is not installed".
    pub reason: String,
    /// What to do about it, with the command.
    pub mend: String,
}

/// What a look at containers found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ContainersLook {
    /// The containers that are meant, running or not, in the order of their names.
    Found(Vec<ContainerSeen>),
    /// Docker could not be asked.
    NoDocker(DockerProblem),
}

/// What a container is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContainerState {
    /// Made, but never started, or its start failed.
    #[default]
    Created,
    /// It runs.
    Running,
    /// `docker pause` holds it.
    Paused,
    /// It ended, and Docker starts it again: is about to, or did a moment ago, so that it is not known whether it lasts.
    Restarting,
    /// It is being stopped or removed.
    Removing,
    /// It ended.
    Exited,
    /// It could not be removed.
    Dead,
}

/// What a container's health check says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthSeen {
    /// `starting`, `healthy` or `unhealthy`.
    pub status: String,
    /// What the last check wrote.
    pub output: String,
}

/// A port of a container that is published, or, while the container does not run, would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortSeen {
    /// The TCP port inside the container.
    pub port: u16,
    /// The port of this machine that leads to it.
    pub host_port: u16,
    /// The address of this machine that it listens on; empty for all.
    pub host_ip: String,
}

/// Something mounted into a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MountSeen {
    /// `volume`, `bind`, `tmpfs`, …
    pub kind: String,
    /// The volume's name; empty for other kinds. One without a name of its own has 64 hexadecimal digits.
    pub volume: String,
    /// Where it is inside the container.
    pub path: String,
}

/// A container as Docker describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContainerSeen {
    /// Its name.
    pub name: String,
    /// Its image, as it was named when the container was made.
    pub image: String,
    /// What it is doing.
    pub state: ContainerState,
    /// The exit code of its last end; 0 while it runs or never ended.
    pub exit_code: i64,
    /// Whether the system ended it for want of memory.
    pub out_of_memory: bool,
    /// Why Docker could not start it; empty when it could.
    pub error: String,
    /// How often its restart policy has started it again.
    pub restarts: u64,
    /// What its health check says; `None` without one.
    pub health: Option<HealthSeen>,
    /// Its published TCP ports.
    pub ports: Vec<PortSeen>,
    /// What is mounted.
    pub mounts: Vec<MountSeen>,
    /// The networks that it is attached to.
    pub networks: Vec<String>,
    /// The Compose project that it belongs to.
    pub project: Option<String>,
    /// The Compose service that it was started for.
    pub service: Option<String>,
    /// Its environment variable `KAFKA_ADVERTISED_LISTENERS`.
    pub advertised_listeners: Option<String>,
    /// The last lines of its log, where it does not run as it should.
    pub log: Vec<String>,
}

/// What was asked of a service of a container, over HTTP.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpAsked {
    /// Of which containers.
    pub of: Selection,
    /// The port inside the container; `None` for every published one.
    pub port: Option<u16>,
    /// The path.
    pub path: String,
}

/// One answer, or why there was none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpAnswer {
    /// The container's name.
    pub container: String,
    /// What was asked for.
    pub url: String,
    /// The status; `None` when there was no answer.
    pub status: Option<u16>,
    /// The body's beginning, or why there was no answer.
    pub text: String,
}

/// A broker as its cluster names it to its clients, and whether they can get there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdvertisedSeen {
    /// The node id.
    pub node: i32,
    /// The host that clients are told.
    pub host: String,
    /// The port that clients are told.
    pub port: i32,
    /// Why a program on this machine cannot get there; `None` when it can.
    pub problem: Option<String>,
}

/// What a cluster says of its listeners.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenersSeen {
    /// The addresses that were asked.
    pub bootstrap: String,
    /// Why none of them answered.
    pub silent: Option<String>,
    /// The brokers that the first that answered names.
    pub brokers: Vec<AdvertisedSeen>,
    /// The container that publishes the asked port, where Docker tells.
    pub container: Option<ContainerSeen>,
}

/// What is known of containers and their services.
#[derive(Debug, Default)]
pub struct Docker {
    containers: BTreeMap<Selection, (u64, ContainersLook)>,
    http: BTreeMap<HttpAsked, (u64, Vec<HttpAnswer>)>,
    listeners: Option<(u64, ListenersSeen)>,
    bootstrap: Vec<u16>,
}

impl Docker {
    /// The last look at these containers, and since when it is so.
    #[must_use]
    pub fn containers(&self, of: &Selection) -> Option<&(u64, ContainersLook)> {
        self.containers.get(of)
    }

    /// The ports of this machine in the cluster's bootstrap addresses.
    #[must_use]
    pub fn bootstrap(&self) -> &[u16] {
        &self.bootstrap
    }

    /// The last answers to this question, and since when they are so.
    #[must_use]
    pub fn http(&self, asked: &HttpAsked) -> Option<&(u64, Vec<HttpAnswer>)> {
        self.http.get(asked)
    }

    /// What the cluster said last of its listeners, and since when it does.
    #[must_use]
    pub fn listeners(&self) -> Option<&(u64, ListenersSeen)> {
        self.listeners.as_ref()
    }

    /// Takes an event of Docker. Others are none of its business.
    pub(super) fn see(&mut self, event: &Event) {
        match &event.what {
            What::ContainersSeen { of, bootstrap, look } => {
                self.bootstrap.clone_from(bootstrap);
                keep(self.containers.entry(of.clone()).or_insert_with(|| (event.at, look.clone())), event.at, look);
            }
            What::HttpSeen { asked, answers } => {
                keep(self.http.entry(asked.clone()).or_insert_with(|| (event.at, answers.clone())), event.at, answers)
            }
            What::ListenersSeen { seen } => keep(self.listeners.get_or_insert_with(|| (event.at, seen.clone())), event.at, seen),
            _ => {}
        }
    }
}

/// Keeps what is new, with its time.
fn keep<T: Clone + PartialEq>(known: &mut (u64, T), at: u64, seen: &T) {
    if known.1 != *seen {
        *known = (at, seen.clone());
    }
}

impl ListenersSeen {
    /// Nobody answered.
    #[must_use]
    pub fn silent(bootstrap: &str, reason: impl Into<String>) -> Self {
        Self { bootstrap: bootstrap.to_owned(), silent: Some(reason.into()), brokers: Vec::new(), container: None }
    }
}

impl ContainerSeen {
    /// Whether it runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.state == ContainerState::Running
    }

    /// Whether it is one of those meant.
    #[must_use]
    pub fn is_of(&self, of: &Selection) -> bool {
        let same = |wanted: &Option<String>, seen: &Option<String>| wanted.is_none() || wanted == seen;
        let image = of.image.is_empty() || of.image.iter().any(|repository| is_image_of(&self.image, repository));
        image && same(&of.service, &self.service) && same(&of.project, &self.project)
    }
}

/// Whether an image, as it is named in a container, comes from this repository, also through a mirror of it.
#[must_use]
pub fn is_image_of(image: &str, repository: &str) -> bool {
    let (image, wanted) = (repository_of(image), repository_of(repository));
    image == wanted || image.strip_suffix(wanted).is_some_and(|mirror| mirror.ends_with('/'))
}

/// The repository without registry, tag and digest: `apache/kafka` of `docker.io/apache/kafka:4.3.1@sha256:…`.
fn repository_of(image: &str) -> &str {
    let named = image.split_once('@').map_or(image, |(named, _)| named);
    let untagged = match named.rsplit_once(':') {
        Some((untagged, tag)) if !tag.contains('/') => untagged,
        _ => named,
    };
    let plain = ["docker.io/", "index.docker.io/", "registry-1.docker.io/"].iter().find_map(|registry| untagged.strip_prefix(registry));
    let plain = plain.unwrap_or(untagged);
    plain.strip_prefix("library/").unwrap_or(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_and_their_repositories() {
        for image in [
            "apache/kafka",
            "apache/kafka:4.3.1",
            "docker.io/apache/kafka:latest",
            "apache/kafka@sha256:0123",
            "apache/kafka:4.3.1@sha256:0123",
            "localhost:5000/apache/kafka:4.3.1",
            "mirror.example.org/hub/apache/kafka",
        ] {
            assert!(is_image_of(image, "apache/kafka"), "{image}");
        }
        for image in ["apache/kafka-native:4.3.1", "kafka", "sha256:0123", "notapache/kafka", "apache/kafka/ui", "localhost:5000/kafka"] {
            assert!(!is_image_of(image, "apache/kafka"), "{image}");
        }
        assert!(is_image_of("docker.io/library/nginx:1", "nginx"));
    }
}
