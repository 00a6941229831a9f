//! `cluster-reachable`: the learner's own cluster can be used from this machine.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Expect, Kind, View};
use crate::outcome::Mismatch;
use crate::timeline::event::ClusterState;

/// The learner's own cluster answers at its bootstrap address, and at every address that it sends clients to.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClusterReachable {}

/// The command that starts the course's cluster.
const START: &str = "`cd docker && docker compose up -d`";

impl Kind for ClusterReachable {
    const DOC: &'static str = "The learner's own cluster (`cluster: { owner: learner }`) answers at its bootstrap address, and at every address that it sends clients to.\n\n\
        A Kafka client uses the bootstrap address once, to ask where the brokers are. From then on it goes to the addresses that the brokers *advertise* (`advertised.listeners`). \
        When these are known only inside a container network, a client connects at first and then hangs. \
        The cluster is looked at once, before the checks begin. As `given` it keeps a check from being begun on a cluster that cannot be used.";
    const EXAMPLE: &'static str = "cluster-reachable: {}";
}

impl Expect for ClusterReachable {
    fn judge(&self, view: &View<'_>) -> Answer {
        let Some((bootstrap, state)) = view.timeline.cluster() else {
            return Answer::NotShown("the run is not on the learner's own cluster".to_owned());
        };
        let problem = |message: String, observed: String, cause: String| {
            let expected = format!("a Kafka that clients on this machine can use at {bootstrap}");
            Answer::NotYet(Mismatch::new(message, expected, observed).cause(cause))
        };
        match state {
            ClusterState::Reachable { .. } => Answer::holds(1),
            ClusterState::Silent { reason } => problem(
                format!("no Kafka answers at {bootstrap}"),
                reason.clone(),
                format!(
                    "it is not running, it is still starting, or its port is not published. Start it with {START}, wait until `docker compose ps` \
                     calls it healthy, and grade again; if your Kafka is elsewhere, give its address with `--cluster HOST:PORT`"
                ),
            ),
            ClusterState::Foreign { reason } => problem(
                format!("{bootstrap} takes connections, but does not speak Kafka"),
                reason.clone(),
                "Kafka is still starting (wait until `docker compose ps` calls it healthy), or the published port leads to a port of the container where \
                 Kafka has no listener for clients: compare `ports` with KAFKA_LISTENERS in compose.yaml; `docker compose logs kafka` shows what Kafka says"
                    .to_owned(),
            ),
            ClusterState::TooOld { version } => problem(
                format!("the Kafka at {bootstrap} is too old: {version}"),
                format!("Apache Kafka {version}"),
                "the course uses the image apache/kafka:4.3.1; set it in compose.yaml, then `docker compose up -d`".to_owned(),
            ),
            ClusterState::Astray { node, address, reason } => problem(
                format!("{bootstrap} answers, but sends clients on to {address}, where they do not meet the broker"),
                format!("broker {node} advertises {address}: {reason}"),
                format!(
                    "a client uses {bootstrap} only to ask where the brokers are. The advertised listener must be an address that works from your machine: \
                     set KAFKA_ADVERTISED_LISTENERS so that the listener whose port is published says {bootstrap}, and publish that port; then `docker compose up -d`"
                ),
            ),
            ClusterState::Outside { node, host, port, resolves: false } => problem(
                format!("{bootstrap} answers, but sends clients on to {host}:{port}, a name that this machine does not know"),
                format!("broker {node} advertises {host}:{port}"),
                format!(
                    "a client uses {bootstrap} only to ask where the brokers are. `{host}` is known inside the container network only: \
                     set KAFKA_ADVERTISED_LISTENERS so that the listener whose port is published says {bootstrap}, and give containers a second listener that \
                     says {host}:PORT; then `docker compose up -d`"
                ),
            ),
            ClusterState::Outside { node, host, port, resolves: true } => problem(
                format!("{bootstrap} answers, but sends clients on to {host}:{port}, which is not this machine; kgrade does not connect to it"),
                format!("broker {node} advertises {host}:{port}"),
                format!(
                    "set KAFKA_ADVERTISED_LISTENERS so that the listener whose port is published says {bootstrap}, then `docker compose up -d`. \
                     If {host} is right, and yours, allow it with `--allow-endpoint {host}`"
                ),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::testing::{Story, assert_says};
    use crate::timeline::What;

    fn seen(state: ClusterState) -> Story {
        Story::new().then(What::ClusterSeen { bootstrap: "localhost:9092".into(), state })
    }

    #[test]
    fn each_state_says_what_to_do_next() {
        let yaml = "cluster-reachable: {}";
        assert_says(&Story::new(), yaml, "not shown", &[]);
        assert_says(&seen(ClusterState::Reachable { version: None }), yaml, "holds (1)", &[]);
        let reason = || "connection refused".to_owned();
        for (state, begins, holds) in [
            (ClusterState::Silent { reason: reason() }, "not yet: no Kafka answers at localhost:9092", "docker compose up -d"),
            (ClusterState::Foreign { reason: reason() }, "not yet: localhost:9092 takes connections", "docker compose logs"),
            (ClusterState::TooOld { version: "3.0".into() }, "not yet: the Kafka at localhost:9092 is too old: 3.0", "apache/kafka:4.3.1"),
            (
                ClusterState::Astray { node: 1, address: "localhost:29092".into(), reason: reason() },
                "not yet: localhost:9092 answers, but sends clients on to localhost:29092",
                "KAFKA_ADVERTISED_LISTENERS",
            ),
            (
                ClusterState::Outside { node: 1, host: "kafka".into(), port: 19092, resolves: false },
                "not yet: localhost:9092 answers, but sends clients on to kafka:19092, a name that this machine does not know",
                "KAFKA_ADVERTISED_LISTENERS",
            ),
            (
                ClusterState::Outside { node: 1, host: "198.51.100.7".into(), port: 9092, resolves: true },
                "not yet: localhost:9092 answers, but sends clients on to 198.51.100.7:9092, which is not this machine",
                "--allow-endpoint 198.51.100.7",
            ),
        ] {
            assert_says(&seen(state), yaml, begins, &[holds]);
        }
    }
}
