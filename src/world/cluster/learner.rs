//! The learner's own cluster, as a client on this machine meets it. Nothing here is an error: what is wrong with it is the learner's to mend.

use std::net::ToSocketAddrs;
use std::time::Duration;

use super::error::ClusterError;
use super::external::{Named, judge};
use super::probe::{Probe, ProbeError};
use crate::timeline::event::ClusterState;

/// Where the course's `docker/compose.yaml` has it, and Kafka's own default.
pub const ADDRESS: &str = "localhost:9092";

/// How long each address may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Goes the way of a client: asks a bootstrap address where the brokers are, then each broker at the address that it was told. Blocks.
///
/// A broker is connected to only where `permitted` says so. The brokers that the cluster named are given back beside its state.
pub fn look(addresses: &str, permitted: &dyn Fn(&Named) -> bool) -> (ClusterState, Vec<Named>) {
    let mut last = None;
    for address in addresses.split(',') {
        match greet(addresses, address) {
            Ok(Greeted::Answered { version, cluster, brokers }) => {
                let astray = brokers.iter().find_map(|broker| meet(broker, cluster.as_deref(), permitted));
                return (astray.unwrap_or(ClusterState::Reachable { version }), brokers);
            }
            Ok(Greeted::TooOld { version }) => return (ClusterState::TooOld { version }, Vec::new()),
            Err(error) => last = Some(error),
        }
    }
    let state = match last {
        Some(ProbeError::NotKafka(reason)) => ClusterState::Foreign { reason },
        Some(ProbeError::Io(error)) => ClusterState::Silent { reason: plain(&error) },
        None => ClusterState::Silent { reason: "no address was given".to_owned() },
    };
    (state, Vec::new())
}

enum Greeted {
    Answered { version: Option<String>, cluster: Option<String>, brokers: Vec<Named> },
    TooOld { version: String },
}

fn greet(addresses: &str, address: &str) -> Result<Greeted, ProbeError> {
    let mut probe = Probe::connect(address, PATIENCE)?;
    let version = match judge(addresses, &probe.api_versions()?) {
        Ok(version) => version,
        Err(ClusterError::TooOld { version, .. }) => return Ok(Greeted::TooOld { version }),
        Err(error) => return Err(ProbeError::NotKafka(error.to_string())),
    };
    let answer = probe.metadata()?;
    let cluster = answer.cluster_id.map(|id| id.to_string());
    let named = |broker: kafka_protocol::messages::metadata_response::MetadataResponseBroker| Named {
        node: broker.node_id.0,
        host: broker.host.to_string(),
        port: broker.port,
    };
    Ok(Greeted::Answered { version, cluster, brokers: answer.brokers.into_iter().map(named).collect() })
}

/// What is wrong with the address that a broker advertises, if something is.
fn meet(broker: &Named, cluster: Option<&str>, permitted: &dyn Fn(&Named) -> bool) -> Option<ClusterState> {
    let Named { node, host, port } = broker;
    let host_and_port = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    if !permitted(broker) {
        let resolves = host_and_port.to_socket_addrs().is_ok_and(|mut found| found.next().is_some());
        return Some(ClusterState::Outside { node: *node, host: host.clone(), port: *port, resolves });
    }
    let met = Probe::connect(&host_and_port, PATIENCE).and_then(|mut probe| probe.metadata());
    let reason = match met {
        Ok(answer) if answer.cluster_id.as_deref() == cluster => return None,
        Ok(_) => "another Kafka cluster answers there".to_owned(),
        Err(ProbeError::Io(error)) => plain(&error),
        Err(ProbeError::NotKafka(reason)) => reason,
    };
    Some(ClusterState::Astray { node: *node, address: host_and_port, reason })
}

/// What the network said, without the number that the system has for it.
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    text.chars().next().map_or_else(String::new, |first| first.to_lowercase().chain(text.chars().skip(1)).collect())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn nobody_and_somebody_else() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        // It takes one connection and closes it at once, as Docker's proxy does where nothing listens in the container.
        let closing = std::thread::spawn(move || drop(listener.accept()));
        let (state, named) = look(&address, &|_| true);
        assert!(matches!(state, ClusterState::Foreign { .. } | ClusterState::Silent { .. }), "{state:?}");
        assert!(named.is_empty());
        closing.join().unwrap();
        assert_eq!(look(&address, &|_| true).0, ClusterState::Silent { reason: "connection refused".to_owned() });
    }

    #[test]
    fn hosts_that_are_not_permitted_are_not_connected_to() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = i32::from(listener.local_addr().unwrap().port());
        let broker = |host: &str| Named { node: 7, host: host.to_owned(), port };
        let outside = |host: &str, resolves| Some(ClusterState::Outside { node: 7, host: host.to_owned(), port, resolves });
        assert_eq!(meet(&broker("127.0.0.1"), None, &|_| false), outside("127.0.0.1", true));
        assert_eq!(meet(&broker("no such host"), None, &|_| false), outside("no such host", false));
        assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    }
}
