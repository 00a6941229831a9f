//! A broker in a container: the same settings and listeners as in a process, from the image `apache/kafka`.

use std::time::{Duration, Instant};

use indexmap::IndexMap;

use super::arrival::Arrival;
use super::error::ClusterError;
use super::image::new_id;
use super::ports::Ports;
use super::private::{SESSION, advertised};
use super::settings::{NodeSettings, properties};
use super::work::Work;
use super::{ClusterSpec, VERSION};
use crate::world::access::Credentials;
use crate::world::docker::{Docker, DockerError, DockerHost, Ended, Owned, OwnedSpec, sweep};
use crate::world::guard::Lease;

/// How long a broker may take until it answers: it formats its storage first, in a Java of its own.
const BOOT_LIMIT: Duration = Duration::from_secs(150);

/// How often ports may be lost to other programs before that is an error.
const PORT_TRIES: u32 = 5;

/// The only node.
const NODE: i32 = 1;

/// Where the broker keeps its records: a volume of the image, removed with the container.
const DATA: &str = "/var/lib/kafka/data";

/// The running cluster. Dropping it removes its container.
#[derive(Debug)]
pub struct ContainerCluster {
    // Field order matters: first the container goes, then nobody needs to look after it.
    container: Owned,
    _lease: Lease,
    pub(super) id: i32,
    pub(super) ports: Ports,
    pub(super) advertised: Option<u16>,
    /// What its own listeners ask for.
    pub(super) credentials: Credentials,
}

impl ContainerCluster {
    /// How the broker ended, when it has.
    pub(super) fn ended(&self) -> Option<Ended> {
        self.container.ended()
    }
}

/// Starts a cluster in a container and waits until it answers.
///
/// # Errors
/// When there is no Docker, or no image, or the broker does not start.
pub async fn start(work: &Work, spec: &ClusterSpec) -> Result<ContainerCluster, ClusterError> {
    if spec.brokers != 1 {
        return Err(ClusterError::InDocker(spec.brokers));
    }
    let host = DockerHost::from_env();
    let docker = Docker::new(host.clone());
    docker.client().await?;
    if !docker.is_local() {
        return Err(DockerError::Elsewhere { url: host.url() }.into());
    }
    sweep(&docker).await;
    for _ in 0..PORT_TRIES {
        match start_once(work, spec, &docker).await {
            Err(ClusterError::Docker(DockerError::PortTaken { port, .. })) if spec.learner_port != Some(port) => {
                tracing::debug!(port, "a port was taken before the container had it");
            }
            other => return other,
        }
    }
    Err(ClusterError::NoPorts { tries: PORT_TRIES })
}

async fn start_once(work: &Work, spec: &ClusterSpec, docker: &Docker) -> Result<ContainerCluster, ClusterError> {
    let told = advertised(spec).into_iter().next().unwrap_or_default();
    let chosen = Ports::choose(spec.learner_port, told.len().max(1), 1);
    let chosen = chosen.map_err(ClusterError::folder("find free ports for", std::env::temp_dir()))?;
    let ports = chosen.into_iter().next().ok_or(ClusterError::NoPorts { tries: 1 })?;
    let cluster_id = new_id();
    let credentials = Credentials::drawn();
    let mark = format!("broker-{:016x}", rand::random::<u64>());
    // Before the container is there, so that no moment is left in which nobody looks after it.
    let lease = work.guard().containers(&mark);
    let own = OwnedSpec {
        image: format!("apache/kafka:{VERSION}"),
        name: "kgrade".to_owned(),
        mark,
        env: environment(spec, &ports, &told, &cluster_id, &credentials)?,
        ports: ports.learners.iter().copied().chain([ports.admin]).collect(),
    };
    let container = Owned::start(docker, &own).await?;
    let cluster = ContainerCluster { container, _lease: lease, id: NODE, ports, advertised: told.first().copied(), credentials };
    let work = work.clone();
    super::blocking(move || wait(&work, cluster, &cluster_id)).await
}

/// Waits until the broker answers.
fn wait(work: &Work, cluster: ContainerCluster, cluster_id: &str) -> Result<ContainerCluster, ClusterError> {
    let credentials = cluster.credentials.clone();
    let mut arrival = Arrival::of(&cluster.ports, cluster_id, Some(&credentials), &[NODE]).with_coordinators();
    let begun = Instant::now();
    while !arrival.has_come() {
        if let Some(Ended { code, log }) = cluster.ended() {
            return Err(match log.lines().find(|line| line.contains("ConfigException")) {
                Some(line) => ClusterError::Settings { log_tail: line.trim().to_owned() },
                None => DockerError::Ended { code, log }.into(),
            });
        }
        if begun.elapsed() > BOOT_LIMIT {
            let reason = format!("it did not answer within {} s", BOOT_LIMIT.as_secs());
            return Err(ClusterError::Boot { reason, log_tail: String::new() });
        }
        work.pause(Duration::from_millis(20))?;
    }
    Ok(cluster)
}

/// The broker's settings as the image reads them: one variable each.
fn environment(
    spec: &ClusterSpec,
    ports: &Ports,
    told: &[u16],
    cluster_id: &str,
    credentials: &Credentials,
) -> Result<Vec<(String, String)>, ClusterError> {
    let mut overrides: IndexMap<String, String> = spec.settings.clone();
    overrides.entry(SESSION.0.to_owned()).or_insert_with(|| SESSION.1.to_owned());
    let settings = NodeSettings {
        id: NODE,
        ports,
        advertised: told,
        voters: &[(NODE, ports.controller)],
        credentials: Some(credentials),
        overrides: &overrides,
    };
    let mut env = vec![("CLUSTER_ID".to_owned(), cluster_id.to_owned())];
    for (key, value) in properties(settings)? {
        let value = match key.as_str() {
            // What is published comes in from outside the container.
            "listeners" => value.replace("://127.0.0.1:", "://0.0.0.0:"),
            "log.dirs" => DATA.to_owned(),
            _ => value,
        };
        env.push((variable(&key), value));
    }
    Ok(env)
}

/// The variable that the image turns into this setting.
fn variable(key: &str) -> String {
    let mut name = "KAFKA_".to_owned();
    for sign in key.chars() {
        match sign {
            '.' => name.push('_'),
            '_' => name.push_str("__"),
            '-' => name.push_str("___"),
            sign => name.push(sign.to_ascii_uppercase()),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_settings() {
        for (key, name) in [
            ("node.id", "KAFKA_NODE_ID"),
            ("listener.name.learner0.num.network.threads", "KAFKA_LISTENER_NAME_LEARNER0_NUM_NETWORK_THREADS"),
            ("listener.name.learner.scram-sha-256.sasl.jaas.config", "KAFKA_LISTENER_NAME_LEARNER_SCRAM___SHA___256_SASL_JAAS_CONFIG"),
            ("a_b", "KAFKA_A__B"),
        ] {
            assert_eq!(variable(key), name);
        }
    }

    #[test]
    fn listens_for_what_is_published_and_tells_the_taps_ports() {
        let spec = ClusterSpec { seats: vec![vec![77], vec![78]], ..ClusterSpec::default() };
        let ports = Ports { learners: vec![10, 11], admin: 2, controller: 3 };
        let env = environment(&spec, &ports, &advertised(&spec)[0], "id").unwrap();
        let get = |name: &str| env.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        assert_eq!(get("KAFKA_LISTENERS"), Some("LEARNER0://0.0.0.0:10,LEARNER1://0.0.0.0:11,ADMIN://0.0.0.0:2,CONTROLLER://0.0.0.0:3"));
        assert_eq!(get("KAFKA_ADVERTISED_LISTENERS"), Some("LEARNER0://127.0.0.1:77,LEARNER1://127.0.0.1:78,ADMIN://127.0.0.1:2"));
        assert_eq!((get("KAFKA_LOG_DIRS"), get("CLUSTER_ID")), (Some(DATA), Some("id")));
        let mut names: Vec<_> = env.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), env.len(), "each variable once");
    }
}
