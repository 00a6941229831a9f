//! A timeline without what happened in some checks: for the evidence that a learner may have.

use std::collections::{BTreeMap, BTreeSet};

use super::event::{Event, Name, What};
use crate::outcome::Verdict;

/// Leaves out what happened in these checks, and tells instead what came of each. What no check did by itself (a look at a topic, a record that was
/// written) stays when a name in it is one that `shown` knows.
#[must_use]
pub fn withhold(events: &[Event], checks: &BTreeMap<Name, Verdict>, shown: impl Fn(&str) -> bool) -> Vec<Event> {
    let mut left_out = LeftOut { checks, deliveries: BTreeSet::new(), connections: BTreeSet::new() };
    let kept = events.iter().filter(|event| !left_out.takes(&event.what, &shown)).cloned();
    let mut kept: Vec<Event> = kept.collect();
    let at = events.last().map_or(0, |event| event.at);
    kept.extend(checks.iter().map(|(check, verdict)| Event { at, what: What::Withheld { check: check.clone(), verdict: *verdict } }));
    kept
}

struct LeftOut<'a> {
    checks: &'a BTreeMap<Name, Verdict>,
    deliveries: BTreeSet<u64>,
    connections: BTreeSet<u64>,
}

impl LeftOut<'_> {
    fn takes(&mut self, what: &What, shown: impl Fn(&str) -> bool) -> bool {
        match what {
            What::CheckBegun { check }
            | What::ActionBegun { check, .. }
            | What::ActionEnded { check, .. }
            | What::Expecting { check }
            | What::Look { check, .. }
            | What::CheckEnded { check }
            | What::Broke { check, .. }
            | What::Withheld { check, .. }
            | What::Stalled { check, .. }
            | What::FaultArmed { check, .. }
            | What::FaultDisarmed { check, .. }
            | What::FaultUsed { check, .. }
            | What::Broker { check, .. } => self.checks.contains_key(check),
            What::Started { instance, .. }
            | What::Line { instance, .. }
            | What::Cut { instance, .. }
            | What::Signalled { instance, .. }
            | What::LimitHit { instance, .. }
            | What::Starved { instance, .. }
            | What::Exited { instance, .. }
            | What::GroupGone { instance }
            | What::Fed { instance, .. }
            | What::Spared { instance, .. } => self.owns(instance),
            What::DeliveryBegun { delivery, instance, .. } => {
                self.owns(instance) && {
                    self.deliveries.insert(*delivery);
                    true
                }
            }
            What::DeliveryHeld { delivery } | What::DeliveryAnswered { delivery, .. } | What::DeliveryAbandoned { delivery } => {
                self.deliveries.contains(delivery)
            }
            What::Connected { connection, instance, .. } => {
                self.owns(instance) && {
                    self.connections.insert(*connection);
                    true
                }
            }
            What::Disconnected { connection, .. }
            | What::NotKafka { connection, .. }
            | What::Requested { connection, .. }
            | What::Responded { connection, .. }
            | What::Unread { connection, .. }
            | What::Oversized { connection, .. } => self.connections.contains(connection),
            What::Produced { topic, .. }
            | What::TopicCreated { topic, .. }
            | What::TopicSeen { topic, .. }
            | What::RecordsSeen { topic, .. }
            | What::EndSeen { topic, .. } => !shown(topic),
            What::OffsetsSeen { group, .. }
            | What::OffsetsReset { group, .. }
            | What::GroupSeen { group, .. }
            | What::Evicted { group, .. } => !shown(group),
            What::FileSeen { path, .. } => !shown(path),
            // The learner's own machine, or the cluster as a whole.
            What::ContainersSeen { .. }
            | What::HttpSeen { .. }
            | What::ListenersSeen { .. }
            | What::ClusterDied { .. }
            | What::ClusterSeen { .. }
            | What::TopicsListed { .. } => false,
        }
    }

    /// Whether an instance, named `check/as`, is of one of the checks.
    fn owns(&self, instance: &str) -> bool {
        instance.rsplit_once('/').is_some_and(|(check, _)| self.checks.contains_key(check))
    }
}
