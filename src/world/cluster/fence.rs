//! Telling the controller that a broker is gone.
//!
//! A broker that stops in order says so to the controller, unless that has just changed: then it may end without a word, as was seen now and
//! then right after the controller was killed. One that is killed says nothing: its partitions keep it as their leader until its session
//! ends (`broker.session.timeout.ms`, 9 s by default), and a next life of it is refused until then. kgrade knows better: it killed the broker. So
//! it says so itself, with UnregisterBroker on the CONTROLLER listeners, and the session may be as long as a starved machine needs.

use std::time::{Duration, Instant};

use super::broker::{Broker, Standing};
use super::error::ClusterError;
use super::private::PrivateCluster;
use super::probe::Probe;
use super::work::Work;

/// How long it may take until a controller takes the word: when the killed broker was the controller, another is elected first.
const LIMIT: Duration = Duration::from_secs(30);

/// How long a controller on this machine may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two rounds of asking.
const PAUSE: Duration = Duration::from_millis(20);

const NOT_CONTROLLER: i16 = 41;
const BROKER_ID_NOT_REGISTERED: i16 = 102;

impl PrivateCluster {
    /// Has the controller forget the last life of a broker, where there are enough nodes for one; else that is done when it starts again.
    ///
    /// # Errors
    /// When the nodes that are up elect no controller in time, or it refuses.
    pub(super) fn fence(&self, work: &Work, broker: &Broker) -> Result<(), ClusterError> {
        let begun = Instant::now();
        while broker.is_registered() && self.has_majority() {
            let answers = self.brokers.iter().filter(|peer| peer.standing() == Standing::Up).map(|peer| {
                Probe::connect(&format!("127.0.0.1:{}", peer.ports.controller), PATIENCE)
                    .and_then(|probe| probe.sign_in(peer.credentials()))
                    .and_then(|mut probe| probe.unregister(broker.id))
            });
            // Only the active controller does not refer to another.
            let told = answers.filter_map(Result::ok).find(|code| *code != NOT_CONTROLLER);
            match told {
                Some(0 | BROKER_ID_NOT_REGISTERED) => broker.set_registered(false),
                _ if begun.elapsed() > LIMIT => {
                    let answer = told.map_or("no controller was elected".to_owned(), |code| format!("it answers with error {code}"));
                    return Err(ClusterError::NotFenced { node: broker.id, answer });
                }
                _ => work.pause(PAUSE)?,
            }
        }
        Ok(())
    }

    /// Starts a broker that is down, and waits until it is ready.
    ///
    /// # Errors
    /// When it does not come up.
    pub(super) fn start_again(&self, work: &Work, broker: &Broker) -> Result<(), ClusterError> {
        broker.spawn(work, &self.prepared.recipe, self.prepared.image.archive())?;
        self.fence(work, broker)?;
        broker.wait_until_ready(work, &self.cluster_id)
    }

    /// Whether enough nodes are up to have a controller.
    pub(super) fn has_majority(&self) -> bool {
        let up = self.brokers.iter().filter(|broker| broker.standing() == Standing::Up).count();
        up * 2 > self.brokers.len()
    }
}
