//! A seat's ports in front of a cluster that kgrade did not start, one for each broker that the cluster names.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::watch;

use super::super::edit::Edit;
use super::super::seat::Chair;
use super::super::{Core, Door, Node};
use super::Allow;
use super::answer::{self, Endpoint};
use crate::timeline::wire::Api;

/// More brokers than any cluster that is graded on has. Each takes a port for each program.
const BROKERS: usize = 100;

/// The cluster, as all seats know it.
#[derive(Debug)]
pub(in super::super) struct Cluster {
    /// Its brokers as the person gave them, `host:port`.
    pub(in super::super) bootstrap: Vec<String>,
    allow: Allow,
    /// Why an answer was kept from a program, the first time.
    misled: watch::Sender<Option<String>>,
}

impl Cluster {
    pub(in super::super) fn new(bootstrap: Vec<String>, allow: Allow) -> Arc<Self> {
        Arc::new(Self { bootstrap, allow, misled: watch::Sender::new(None) })
    }

    /// Why an answer was kept from a program, as soon as one was.
    pub(in super::super) fn misled(&self) -> watch::Receiver<Option<String>> {
        self.misled.subscribe()
    }
}

/// What changes the answers that one seat's program gets.
#[derive(Debug)]
pub(in super::super) struct Switch {
    core: Arc<Core>,
    chair: Arc<Chair>,
    cluster: Arc<Cluster>,
    /// By node id.
    doors: Mutex<BTreeMap<i32, Door>>,
}

impl Switch {
    pub(in super::super) fn new(core: Arc<Core>, chair: Arc<Chair>, cluster: Arc<Cluster>) -> Self {
        Self { core, chair, cluster, doors: Mutex::default() }
    }

    /// The port of the tap for a broker; a new one for a broker that was not named before.
    fn port(&self, Endpoint { node, host, port }: Endpoint<'_>) -> Result<u16, String> {
        if let Some(refusal) = self.cluster.allow.refusal(node, host, port) {
            return Err(refusal);
        }
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let broker = Node { id: node, address: format!("{host}:{port}") };
        let mut doors = self.doors();
        let door = match doors.get(&node) {
            Some(door) => door,
            None if doors.len() >= BROKERS => return Err(format!("the cluster names more than {BROKERS} brokers")),
            None => {
                let door =
                    Door::open(&self.core, &self.chair, 0).map_err(|error| format!("no port is to be had for broker {node}: {error}"))?;
                doors.entry(node).or_insert(door)
            }
        };
        // A broker that came back may be elsewhere.
        door.broker.send_if_modified(|known| {
            let moved = known.as_ref() != Some(&broker);
            if moved {
                *known = Some(broker);
            }
            moved
        });
        Ok(door.port)
    }

    fn doors(&self) -> MutexGuard<'_, BTreeMap<i32, Door>> {
        self.doors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Edit for Switch {
    fn wants(&self, api: Api, version: i16) -> bool {
        answer::may_change(api, version)
    }

    fn edit(&self, api: Api, version: i16, frame: &Bytes) -> Result<Option<Bytes>, String> {
        answer::rewrite(api, version, frame, &mut |endpoint| self.port(endpoint)).inspect_err(|reason| {
            self.cluster.misled.send_if_modified(|misled| {
                let first = misled.is_none();
                misled.get_or_insert_with(|| reason.clone());
                first
            });
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::limits::Limits;
    use super::*;
    use crate::timeline::Recorder;

    fn switch() -> Switch {
        let cluster = Cluster::new(vec!["localhost:9092".to_owned()], Allow::hosts(["broker.example.org:9092"]));
        Switch::new(Core::new(Recorder::default(), Limits::default()), Arc::default(), cluster)
    }

    #[tokio::test]
    async fn each_broker_has_one_port_also_when_it_moves() {
        let switch = switch();
        let at = |node, host, port| switch.port(Endpoint { node, host, port });
        let first = at(1, "localhost", 9092).unwrap();
        let second = at(2, "::1", 9093).unwrap();
        assert_ne!(first, second);
        assert_eq!(at(1, "broker.example.org", 9099), Ok(first));
        let known: Vec<_> = switch.doors().values().map(|door| door.broker.borrow().clone().unwrap().address).collect();
        assert_eq!(known, ["broker.example.org:9099", "[::1]:9093"]);
    }

    #[tokio::test]
    async fn a_host_that_nobody_named_is_refused_with_what_to_do() {
        let message = switch().port(Endpoint { node: 3, host: "kafka", port: 29_092 }).unwrap_err();
        assert!(message.starts_with("the cluster sends clients to broker 3 at kafka:29092"), "{message}");
        assert!(message.contains("`--allow-endpoint kafka`") && message.contains("`advertised.listeners`"), "{message}");
    }

    #[tokio::test]
    async fn a_cluster_cannot_take_all_ports() {
        let switch = switch();
        let limit = i32::try_from(BROKERS).unwrap();
        for node in 0..limit {
            switch.port(Endpoint { node, host: "localhost", port: 1 }).unwrap();
        }
        assert!(switch.port(Endpoint { node: limit, host: "localhost", port: 1 }).is_err());
        assert!(switch.port(Endpoint { node: 0, host: "localhost", port: 1 }).is_ok());
    }
}
