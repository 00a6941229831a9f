//! When brokers that were started count as ready.

use std::time::Duration;

use super::node::{BootFailure, Node};
use super::patience::Patience;
use super::ports::Ports;
use super::probe::{Probe, ProbeError};
use super::work::Work;
use crate::world::access::Credentials;

/// How long a broker may take until it answers, as far as it gets a processor. Several take so long each.
const BOOT_LIMIT: Duration = Duration::from_secs(90);

/// How long one question to a broker on this machine may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often a broker that is not ready is asked again. It takes a second or two.
const PAUSE: Duration = Duration::from_millis(25);

/// The coordinators by their kind: of groups, of transactions.
const COORDINATORS: [i8; 2] = [0, 1];

/// What a broker still owes before it is ready.
#[derive(Debug)]
pub struct Arrival<'a> {
    admin: String,
    cluster_id: &'a str,
    /// What the ADMIN listener asks for.
    credentials: Option<&'a Credentials>,
    /// The brokers that it must know of.
    brokers: &'a [i32],
    /// Its listeners that did not answer yet: ADMIN and those for learners.
    silent: Vec<String>,
    /// Whether it can number producers.
    numbers: bool,
    /// The coordinators that are not there yet, by their kind: those of groups and of transactions.
    coordinators: Vec<i8>,
}

impl<'a> Arrival<'a> {
    /// All of it, for a broker with these ports. `brokers` are those that its clients must be told of.
    #[must_use]
    pub fn of(ports: &Ports, cluster_id: &'a str, credentials: Option<&'a Credentials>, brokers: &'a [i32]) -> Self {
        let at = |port: u16| format!("127.0.0.1:{port}");
        let silent = [ports.admin].iter().chain(&ports.learners).map(|port| at(*port)).collect();
        // The data folder of a cluster of one has their topics; several brokers make them now, when they are asked for.
        let coordinators = if brokers.len() > 1 { COORDINATORS.to_vec() } else { Vec::new() };
        Self { admin: at(ports.admin), cluster_id, credentials, brokers, silent, numbers: false, coordinators }
    }

    /// The same for a broker whose data folder is empty: the coordinators' topics are made now, when they are asked for.
    #[must_use]
    pub fn with_coordinators(self) -> Self {
        Self { coordinators: COORDINATORS.to_vec(), ..self }
    }

    /// Asks for what is left. Whether that is nothing.
    pub fn has_come(&mut self) -> bool {
        // The first that does not answer yet is asked again, until none is left: the broker opens them one after the other.
        let answers = |address: &String| {
            let credentials = self.credentials.filter(|_| *address == self.admin);
            answers(address, credentials, self.cluster_id, self.brokers)
        };
        while self.silent.first().is_some_and(answers) {
            self.silent.remove(0);
        }
        if !self.silent.is_empty() {
            return false;
        }
        let admin = &self.admin;
        let credentials = self.credentials;
        self.numbers = self.numbers || asked(admin, credentials, Probe::has_producer_ids);
        self.coordinators.retain(|kind| !asked(admin, credentials, |probe| probe.has_coordinator(*kind)));
        self.numbers && self.coordinators.is_empty()
    }
}

fn asked(address: &str, credentials: Option<&Credentials>, question: impl FnOnce(&mut Probe) -> Result<bool, ProbeError>) -> bool {
    let probe = Probe::connect(address, PATIENCE).and_then(|probe| probe.sign_in(credentials));
    probe.and_then(|mut probe| question(&mut probe)).unwrap_or(false)
}

/// Waits until each of these very brokers answers on its ADMIN listener and on those for learners. A broker ends when one of its ports turns
/// out to be taken (by another broker, perhaps) after it answered on the others.
///
/// # Errors
/// When one ended, or did not answer in time.
pub fn wait_for(work: &Work, mut arrivals: Vec<(&Node, Arrival<'_>)>) -> Result<(), BootFailure> {
    let limit = BOOT_LIMIT * u32::try_from(arrivals.len()).unwrap_or(1);
    let patience = Patience::new(limit);
    loop {
        for (node, _) in &arrivals {
            if let Some(status) = node.status() {
                return Err(node.why_it_ended(status));
            }
        }
        // A broker that is ready stays under watch: it may end while the others come up.
        let waiting = arrivals.iter_mut().filter_map(|(node, arrival)| (!arrival.has_come()).then_some(*node)).next();
        let Some(late) = waiting else { return Ok(()) };
        if patience.is_over(late.pid()) {
            let reason = format!("it did not answer within {} s", limit.as_secs());
            return Err(BootFailure::Silent(reason, late.log_tail()));
        }
        work.pause(PAUSE)?;
    }
}

/// Whether a broker of this cluster answers there and names these brokers. Another broker on the same port has another cluster id.
#[must_use]
pub fn answers(address: &str, credentials: Option<&Credentials>, cluster_id: &str, brokers: &[i32]) -> bool {
    let probe = Probe::connect(address, PATIENCE).and_then(|probe| probe.sign_in(credentials));
    probe.and_then(|mut probe| probe.metadata()).is_ok_and(|metadata| {
        let named = |id: &i32| metadata.brokers.iter().any(|broker| broker.node_id.0 == *id);
        brokers.iter().all(named) && metadata.cluster_id.as_ref().is_some_and(|id| id.as_str() == cluster_id)
    })
}
