//! From Docker's description of a container to what judges read.

use std::collections::HashMap;
use std::time::Duration;

use bollard::models::{ContainerInspectResponse, ContainerStateStatusEnum, ContainerSummary, PortMap};
use bollard::query_parameters::LogsOptionsBuilder;
use futures_util::StreamExt;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::timeline::docker::{ContainerSeen, ContainerState, HealthSeen, MountSeen, PortSeen, Selection};

/// The labels that Compose puts on what it starts.
const PROJECT: &str = "com.docker.compose.project";
const SERVICE: &str = "com.docker.compose.service";
const ONE_OFF: &str = "com.docker.compose.oneoff";

/// How many lines of a log are read, and how many are kept.
const READ: &str = "80";
const KEPT: usize = 4;

/// How long a container that was started again must have run before it counts as running: between two ends it runs, too, for a moment.
/// Docker's own restart policies take a start for a good one after the same time.
const LASTING: Duration = Duration::from_secs(10);

/// How much of a line is kept.
const LINE: usize = 300;

/// How much a container of the list is worth a closer look: 0 when it is meant, 1 when it may be, `None` when it is not. The list does not have all:
/// an image whose tag has moved on stands there by its digest, and a container that is not running without its ports.
pub fn closeness(summary: &ContainerSummary, of: &Selection, host_ports: &[u16]) -> Option<u8> {
    let empty = HashMap::new();
    let labels = summary.labels.as_ref().unwrap_or(&empty);
    let listed = ContainerSeen {
        image: summary.image.clone().unwrap_or_default(),
        project: labels.get(PROJECT).cloned(),
        service: service(labels),
        ..ContainerSeen::default()
    };
    let mut ports = summary.ports.iter().flatten().filter_map(|port| port.public_port);
    if listed.is_of(of) || ports.any(|port| host_ports.contains(&port)) {
        return Some(0);
    }
    let unnamed = listed.image.starts_with("sha256:") || listed.image.bytes().all(|byte| byte.is_ascii_hexdigit());
    let stopped = summary.state.is_none_or(|state| state != bollard::models::ContainerSummaryStateEnum::RUNNING);
    (unnamed || (stopped && !host_ports.is_empty())).then_some(1)
}

/// The Compose service that a container was started for; none for that of a single command (`docker compose run`).
fn service(labels: &HashMap<String, String>) -> Option<String> {
    let single = labels.get(ONE_OFF).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    labels.get(SERVICE).filter(|_| !single).cloned()
}

/// A container as judges read it.
pub async fn container(client: &bollard::Docker, details: &ContainerInspectResponse) -> ContainerSeen {
    let mut seen = seen(details, OffsetDateTime::now_utc());
    if !seen.is_running() || seen.health.as_ref().is_some_and(|health| health.status == "unhealthy") {
        seen.log = telling(&log(client, details.id.as_deref().unwrap_or_default()).await);
    }
    seen
}

fn seen(details: &ContainerInspectResponse, now: OffsetDateTime) -> ContainerSeen {
    let config = details.config.as_ref();
    let empty = HashMap::new();
    let labels = config.and_then(|config| config.labels.as_ref()).unwrap_or(&empty);
    let state = details.state.as_ref();
    let restarts = details.restart_count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default();
    let running = match state.and_then(|state| state.status).map_or(ContainerState::Dead, state_of) {
        ContainerState::Running if restarts > 0 && began(state).is_some_and(|began| now - began < LASTING) => ContainerState::Restarting,
        other => other,
    };
    let settings = details.network_settings.as_ref();
    // A container that does not run has its ports only in its settings.
    let ports = match running {
        ContainerState::Running | ContainerState::Paused => settings.and_then(|settings| settings.ports.as_ref()),
        _ => details.host_config.as_ref().and_then(|host| host.port_bindings.as_ref()),
    };
    let mut networks: Vec<String> =
        settings.and_then(|settings| settings.networks.as_ref()).into_iter().flat_map(|all| all.keys().cloned()).collect();
    networks.sort_unstable();
    let health = state.and_then(|state| state.health.as_ref());
    let health = health.and_then(|health| {
        let status = health.status.map(|status| status.to_string()).filter(|status| !status.is_empty() && status != "none")?;
        let output = health.log.iter().flatten().last().and_then(|check| check.output.clone()).unwrap_or_default();
        Some(HealthSeen { status, output: shortened(output.trim()) })
    });
    let advertised =
        config.and_then(|config| config.env.as_ref()?.iter().find_map(|line| line.strip_prefix("KAFKA_ADVERTISED_LISTENERS=")));
    ContainerSeen {
        name: details.name.as_deref().unwrap_or_default().trim_start_matches('/').to_owned(),
        image: config.and_then(|config| config.image.clone()).unwrap_or_default(),
        state: running,
        exit_code: state.and_then(|state| state.exit_code).unwrap_or_default(),
        out_of_memory: state.and_then(|state| state.oom_killed).unwrap_or_default(),
        error: shortened(state.and_then(|state| state.error.as_deref()).unwrap_or_default()),
        restarts,
        health,
        ports: ports.map(published).unwrap_or_default(),
        mounts: details.mounts.iter().flatten().map(mount).collect(),
        networks,
        project: labels.get(PROJECT).cloned(),
        service: service(labels),
        advertised_listeners: advertised.map(str::to_owned),
        log: Vec::new(),
    }
}

/// When a container was started last.
fn began(state: Option<&bollard::models::ContainerState>) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(state?.started_at.as_deref()?, &Rfc3339).ok()
}

fn state_of(status: ContainerStateStatusEnum) -> ContainerState {
    match status {
        ContainerStateStatusEnum::RUNNING => ContainerState::Running,
        ContainerStateStatusEnum::CREATED => ContainerState::Created,
        ContainerStateStatusEnum::PAUSED => ContainerState::Paused,
        ContainerStateStatusEnum::RESTARTING => ContainerState::Restarting,
        ContainerStateStatusEnum::STOPPING | ContainerStateStatusEnum::REMOVING => ContainerState::Removing,
        ContainerStateStatusEnum::EXITED => ContainerState::Exited,
        ContainerStateStatusEnum::DEAD | ContainerStateStatusEnum::EMPTY => ContainerState::Dead,
    }
}

/// The published TCP ports, each once: Docker tells them for IPv4 and IPv6.
fn published(ports: &PortMap) -> Vec<PortSeen> {
    let mut seen: Vec<PortSeen> = Vec::new();
    for (port, bindings) in ports {
        let Some(port) = port.strip_suffix("/tcp").and_then(|port| port.parse().ok()) else { continue };
        for binding in bindings.iter().flatten() {
            let Some(host_port) = binding.host_port.as_deref().and_then(|port| port.parse().ok()) else { continue };
            let all = ["", "0.0.0.0", "::"];
            let host_ip = binding.host_ip.clone().filter(|ip| !all.contains(&ip.as_str())).unwrap_or_default();
            seen.push(PortSeen { port, host_port, host_ip });
        }
    }
    seen.sort_by(|a, b| (a.port, a.host_port, &a.host_ip).cmp(&(b.port, b.host_port, &b.host_ip)));
    seen.dedup();
    seen
}

fn mount(mount: &bollard::models::MountPoint) -> MountSeen {
    let kind = mount.typ.clone().unwrap_or_default();
    let volume = if kind == "volume" { mount.name.clone().unwrap_or_default() } else { String::new() };
    MountSeen { kind, volume, path: mount.destination.clone().unwrap_or_default() }
}

/// The end of a container's log. What cannot be read is left out: it only helps to explain.
pub async fn log(client: &bollard::Docker, id: &str) -> Vec<String> {
    let options = LogsOptionsBuilder::new().stdout(true).stderr(true).tail(READ).build();
    let mut stream = client.logs(id, Some(options));
    let mut text = String::new();
    while let Some(Ok(part)) = stream.next().await {
        text.push_str(&part.to_string());
    }
    text.lines().map(str::trim_end).filter(|line| !line.is_empty()).map(shortened).collect()
}

/// The lines that tell most: the last errors, else the last lines.
fn telling(lines: &[String]) -> Vec<String> {
    let bad = |line: &&String| ["ERROR", "FATAL", "Exception", "error:"].iter().any(|word| line.contains(word));
    let errors: Vec<String> = lines.iter().filter(bad).cloned().collect();
    let chosen = if errors.is_empty() { lines } else { &errors };
    chosen.get(chosen.len().saturating_sub(KEPT)..).unwrap_or_default().to_vec()
}

fn shortened(line: &str) -> String {
    if line.chars().count() <= LINE { line.to_owned() } else { line.chars().take(LINE).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_command_is_no_service() {
        let labels =
            |one_off: &str| HashMap::from([(SERVICE, "kafka"), (ONE_OFF, one_off)].map(|(key, value)| (key.to_owned(), value.to_owned())));
        assert_eq!(service(&labels("False")).as_deref(), Some("kafka"));
        assert_eq!(service(&labels("True")), None);
        assert_eq!(service(&HashMap::new()), None);
    }

    #[test]
    fn between_two_ends_it_does_not_run() {
        let state = |restarts, now| {
            let state = bollard::models::ContainerState {
                status: Some(ContainerStateStatusEnum::RUNNING),
                started_at: Some("2026-11-23T01:14:49.426085868Z".to_owned()),
                ..bollard::models::ContainerState::default()
            };
            let details =
                ContainerInspectResponse { state: Some(state), restart_count: Some(restarts), ..ContainerInspectResponse::default() };
            seen(&details, OffsetDateTime::parse(now, &Rfc3339).unwrap()).state
        };
        assert_eq!(state(0, "2026-11-23T01:14:50Z"), ContainerState::Running);
        assert_eq!(state(3, "2026-11-23T01:14:50Z"), ContainerState::Restarting);
        assert_eq!(state(3, "2026-11-23T01:15:00Z"), ContainerState::Running, "it has lasted");
    }

    #[test]
    fn what_is_meant_comes_before_what_may_be() {
        let of = Selection { image: vec!["apache/kafka".to_owned()], ..Selection::default() };
        let running = Some(bollard::models::ContainerSummaryStateEnum::RUNNING);
        let summary = |image: &str, state| ContainerSummary { image: Some(image.to_owned()), state, ..ContainerSummary::default() };
        assert_eq!(closeness(&summary("apache/kafka:4.3.1", None), &of, &[]), Some(0));
        assert_eq!(closeness(&summary("sha256:0123", running), &of, &[]), Some(1));
        assert_eq!(closeness(&summary("nginx", running), &of, &[9092]), None);
        assert_eq!(closeness(&summary("nginx", None), &of, &[9092]), Some(1), "its ports are not in the list");
        assert_eq!(closeness(&summary("nginx", None), &of, &[]), None);
    }

    #[test]
    fn the_lines_that_tell_most() {
        let lines = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(telling(&lines(&["a", "b", "c", "d", "e"])), ["b", "c", "d", "e"]);
        assert_eq!(telling(&lines(&["FATAL x", "a", "b", "c", "d", "e"])), ["FATAL x"]);
        assert!(telling(&[]).is_empty());
    }
}
