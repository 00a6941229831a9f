//! Where a cluster sends its clients, and whether they can get there from this machine.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, ToSocketAddrs};
use std::time::Duration;

use super::probe::{Probe, ProbeError};
use crate::timeline::docker::{AdvertisedSeen, ListenersSeen};

/// How long each broker may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks the first of these addresses (`HOST:PORT[,…]`) that answers where the brokers are, and tries each. A broker for which `refusal` has an
/// answer is not tried: it is on another machine than the person named. Blocks.
#[must_use]
pub fn look(bootstrap: &str, refusal: impl Fn(i32, &str, i32) -> Option<String>) -> ListenersSeen {
    let mut reasons = Vec::new();
    for address in bootstrap.split(',') {
        match Probe::connect(address, PATIENCE).and_then(|mut probe| probe.metadata()) {
            Ok(metadata) => {
                let cluster = metadata.cluster_id.as_ref().map(|id| id.to_string());
                let brokers = metadata.brokers.iter().map(|broker| {
                    let (node, host, port) = (broker.node_id.0, broker.host.to_string(), broker.port);
                    let problem = problem(&host, port, cluster.as_deref(), || refusal(node, &host, port));
                    AdvertisedSeen { node, problem, host, port }
                });
                return ListenersSeen { bootstrap: bootstrap.to_owned(), silent: None, brokers: brokers.collect(), container: None };
            }
            Err(error) => reasons.push(format!("{address}: {}", told(&error))),
        }
    }
    ListenersSeen::silent(bootstrap, reasons.join("; "))
}

/// The ports of addresses that are on this machine.
#[must_use]
pub fn ports_here(bootstrap: &str) -> Vec<u16> {
    let parts = bootstrap.split(',').filter_map(|address| address.rsplit_once(':'));
    parts.filter(|(host, _)| is_here(host.trim_matches(['[', ']']))).filter_map(|(_, port)| port.parse().ok()).collect()
}

/// Why a broker cannot be reached where it says it is.
fn problem(host: &str, port: i32, cluster: Option<&str>, refusal: impl FnOnce() -> Option<String>) -> Option<String> {
    let number = u16::try_from(port).ok().filter(|port| *port > 0);
    let Some(port) = number else { return Some(format!("{port} is no port")) };
    match (host, port).to_socket_addrs() {
        Err(_) => return Some(format!("this machine knows no host `{host}`")),
        Ok(mut addresses) => {
            if addresses.next().is_none() {
                return Some(format!("the name `{host}` has no address"));
            }
        }
    }
    if let Some(refusal) = (!is_here(host)).then(refusal).flatten() {
        return Some(refusal);
    }
    let address = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    match Probe::connect(&address, PATIENCE).and_then(|mut probe| probe.metadata()) {
        Ok(metadata) => {
            let other = metadata.cluster_id.as_ref().map(|id| id.to_string()).filter(|id| cluster.is_some_and(|own| own != id));
            other.map(|id| format!("another cluster answers there (cluster id {id}, this one has {})", cluster.unwrap_or_default()))
        }
        Err(error) => Some(told(&error)),
    }
}

/// Whether a host is this machine: connecting to it tells nothing to anybody else.
fn is_here(host: &str) -> bool {
    let own = |address: IpAddr| {
        let address = address.to_canonical();
        address.is_loopback() || address == IpAddr::V4(Ipv4Addr::UNSPECIFIED)
    };
    (host, 0).to_socket_addrs().is_ok_and(|mut addresses| addresses.any(|address| own(address.ip())))
}

/// What happened, without the words of the system.
fn told(error: &ProbeError) -> String {
    match error {
        ProbeError::Io(error) if error.kind() == ErrorKind::ConnectionRefused => "nothing listens there (connection refused)".to_owned(),
        ProbeError::Io(error) if error.kind() == ErrorKind::ConnectionReset => {
            "it accepts connections and drops them at once (connection reset)".to_owned()
        }
        other => other.to_string(),
    }
}
