//! The timeline and its index: what is known so far of each check, topic, group and instance.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::commit::{Commit, Committing, Unanswered};
use super::delivery::Delivery;
use super::docker::Docker;
use super::event::{ClusterState, Event, Name, Stream, What};
use super::exchange::Exchanges;
use super::fault::Faults;
use super::group::Group;
use super::instance::{Exit, Instance};
use super::topic::{Produced, Topic};
use super::wire::{Request, Response};

/// All events of a run in order, with an index that grows with them.
#[derive(Debug, Default)]
pub struct Timeline {
    events: Vec<Event>,
    topics: BTreeMap<Name, Topic>,
    groups: HashMap<Name, Group>,
    instances: HashMap<Name, Instance>,
    deliveries: HashMap<u64, Delivery>,
    checks: HashMap<Name, CheckSpan>,
    /// Deliveries of events whose place is not known yet: a fast consumer is quicker than the grader's own record of what it wrote.
    unplaced: HashMap<(String, Name), Vec<u64>>,
    cluster_died: Option<(u64, String)>,
    docker: Docker,
    cluster: Option<(Name, ClusterState)>,
    listings: Vec<BTreeSet<Name>>,
    created: BTreeSet<Name>,
    files: HashMap<Name, SeenFile>,
    pub(super) exchanges: Exchanges,
    pub(super) faults: Faults,
    /// Commits on the wire that were not answered yet.
    unanswered: Unanswered,
}

/// When a check began to act and to expect.
#[derive(Debug, Default, Clone, Copy)]
pub struct CheckSpan {
    /// When its first action began.
    pub begun: Option<u64>,
    /// When its actions were done.
    pub expecting: Option<u64>,
}

/// A file of the submission as it was last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenFile {
    /// Its text; `None` when there is no such file.
    pub text: Option<String>,
    /// When it was last written, in ms since 1970.
    pub saved_ms: Option<i64>,
}

impl Timeline {
    /// Adds an event. Events must come in order of time.
    pub fn append(&mut self, event: Event) {
        let position = self.events.len();
        self.index(position, &event);
        self.events.push(event);
    }

    /// All events.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The time of the last event, in nanoseconds since the run began.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.events.last().map_or(0, |event| event.at)
    }

    /// What is known of a topic.
    #[must_use]
    pub fn topic(&self, name: &str) -> Option<&Topic> {
        self.topics.get(name)
    }

    /// What is known of a group.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.get(name)
    }

    /// The commits of all groups on a topic that crossed the wire; those of one group stand together, in order.
    pub fn commits_of<'a>(&'a self, topic: &'a str) -> impl Iterator<Item = &'a Commit> {
        let mut groups: Vec<_> = self.groups.iter().collect();
        groups.sort_by_key(|(name, _)| *name);
        groups.into_iter().filter_map(move |(_, group)| group.offsets.get(topic)).flat_map(|offsets| &offsets.commits)
    }

    /// What is known of a program instance, by its full name `check/as`.
    #[must_use]
    pub fn instance(&self, name: &str) -> Option<&Instance> {
        self.instances.get(name)
    }

    /// The names of all instances of the run.
    pub fn everybody(&self) -> impl Iterator<Item = &Name> {
        self.instances.keys()
    }

    /// All instances of a check, by name.
    #[must_use]
    pub fn instances_of(&self, check: &str) -> Vec<(&Name, &Instance)> {
        let mut found: Vec<_> =
            self.instances.iter().filter(|(name, _)| name.split_once('/').is_some_and(|(owner, _)| owner == check)).collect();
        // By name where times are equal: judging again must give the same words.
        found.sort_by_key(|(name, instance)| (instance.starts.first().copied(), *name));
        found
    }

    /// A request at the sink.
    #[must_use]
    pub fn delivery(&self, id: u64) -> Option<&Delivery> {
        self.deliveries.get(&id)
    }

    /// The body of a request at the sink.
    #[must_use]
    pub fn body(&self, delivery: &Delivery) -> &[u8] {
        match self.events.get(delivery.position).map(|event| &event.what) {
            Some(What::DeliveryBegun { body, .. }) => body.bytes(),
            _ => &[],
        }
    }

    /// All requests of an instance, in order.
    pub fn deliveries<'a>(&'a self, instance: &'a Instance) -> impl Iterator<Item = &'a Delivery> {
        instance.deliveries.iter().filter_map(|id| self.deliveries.get(id))
    }

    /// The lines of an instance: time, stream, text.
    pub fn lines<'a>(&'a self, instance: &'a Instance) -> impl DoubleEndedIterator<Item = (u64, Stream, &'a str)> {
        instance.lines.iter().filter_map(|position| match self.events.get(*position) {
            Some(Event { at, what: What::Line { stream, text, .. } }) => Some((*at, *stream, text.as_str())),
            _ => None,
        })
    }

    /// When a check began to act and to expect.
    #[must_use]
    pub fn check(&self, id: &str) -> CheckSpan {
        self.checks.get(id).copied().unwrap_or_default()
    }

    /// The node id of the broker that a check calls so.
    #[must_use]
    pub fn broker_named(&self, check: &str, wanted: &str) -> Option<i32> {
        self.events.iter().rev().find_map(|event| match &event.what {
            What::Broker { check: owner, node, name: Some(name), .. } => (**owner == *check && **name == *wanted).then_some(*node),
            _ => None,
        })
    }

    /// When and why the cluster died, if it did.
    #[must_use]
    pub fn cluster_died(&self) -> Option<&(u64, String)> {
        self.cluster_died.as_ref()
    }

    /// What is known of containers and their services.
    #[must_use]
    pub fn docker(&self) -> &Docker {
        &self.docker
    }

    /// The learner's own cluster: its bootstrap address, and how it meets a client. `None` when the run is on another one.
    #[must_use]
    pub fn cluster(&self) -> Option<(&str, &ClusterState)> {
        self.cluster.as_ref().map(|(bootstrap, state)| (&**bootstrap, state))
    }

    /// False when the run is on the learner's own cluster, and clients cannot use it.
    #[must_use]
    pub fn is_cluster_usable(&self) -> bool {
        self.cluster.as_ref().is_none_or(|(_, state)| matches!(state, ClusterState::Reachable { .. }))
    }

    /// The topics of the cluster, internal ones left out, each time they were listed.
    #[must_use]
    pub fn listings(&self) -> &[BTreeSet<Name>] {
        &self.listings
    }

    /// Whether the grader created this topic.
    #[must_use]
    pub fn is_created(&self, topic: &str) -> bool {
        self.created.contains(topic)
    }

    /// A file of the submission, by its path in it; `None` when it was not looked at.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&SeenFile> {
        self.files.get(path)
    }

    fn index(&mut self, position: usize, event: &Event) {
        let at = event.at;
        match &event.what {
            What::CheckBegun { check } => self.checks.entry(check.clone()).or_default().begun = Some(at),
            What::Expecting { check } => self.checks.entry(check.clone()).or_default().expecting = Some(at),
            What::Started { instance, program, pid, restarts, .. } => {
                let known = self.instances.entry(instance.clone()).or_default();
                known.restarts = *restarts;
                known.program = Some(program.clone());
                known.starts.push((at, *pid));
                known.gone_at = None;
            }
            What::Line { instance, .. } => self.instances.entry(instance.clone()).or_default().lines.push(position),
            What::Cut { instance, stream, .. } => self.instances.entry(instance.clone()).or_default().cut.push(*stream),
            What::Signalled { instance, signal } => {
                let known = self.instances.entry(instance.clone()).or_default();
                known.signals.push((at, *signal));
                if signal.ends() {
                    known.restarts = 0;
                }
            }
            What::Fed { instance, pace, .. } => self.instances.entry(instance.clone()).or_default().fed = Some((at, *pace)),
            What::LimitHit { instance, limit } => self.instances.entry(instance.clone()).or_default().limit = Some(limit.clone()),
            What::Starved { instance, waited, ran } => {
                self.instances.entry(instance.clone()).or_default().starved.push((at, *waited, *ran));
            }
            What::Exited { instance, code, signal } => {
                self.instances.entry(instance.clone()).or_default().exits.push(Exit { at, code: *code, signal: *signal });
            }
            What::GroupGone { instance } => self.instances.entry(instance.clone()).or_default().gone_at = Some(at),
            What::DeliveryBegun { .. } | What::DeliveryHeld { .. } | What::DeliveryAnswered { .. } | What::DeliveryAbandoned { .. } => {
                self.index_delivery(position, event);
            }
            What::Produced { topic, partition, offset, data, event: id } => {
                let known = self.topics.entry(topic.clone()).or_default();
                if let Some(id) = id {
                    known.by_event.insert(id.clone(), known.produced.len());
                }
                known.produced.push(Produced { at, partition: *partition, offset: *offset, data: data.clone(), event: id.clone() });
                known.frontiers.entry(*partition).or_default().produced(*offset, id.is_some());
                if let (Some(id), Some((owner, _))) = (id, data.split_once('/')) {
                    self.place(owner, id, (topic, *partition, *offset));
                }
            }
            What::TopicSeen { topic, partitions } => {
                let known = self.topics.entry(topic.clone()).or_default();
                if known.description.as_ref().is_none_or(|(_, last)| last != partitions) {
                    known.description = Some((at, partitions.clone()));
                }
            }
            What::RecordsSeen { topic, block } => {
                let known = self.topics.entry(topic.clone()).or_default();
                known.blocks.entry(block.partition).or_default().push(position);
            }
            What::Oversized { topic, .. } => self.topics.entry(topic.clone()).or_default().oversized.push(position),
            What::EndSeen { topic, ends } => self.topics.entry(topic.clone()).or_default().ends.clone_from(ends),
            What::OffsetsSeen { group, topic, asked, offsets } => {
                let known = self.groups.entry(group.clone()).or_default().offsets.entry(topic.clone()).or_default();
                known.see(at, *asked, offsets, self.topics.get(topic));
            }
            What::OffsetsReset { group, topic, asked, offsets } => {
                let known = self.groups.entry(group.clone()).or_default().offsets.entry(topic.clone()).or_default();
                known.reset(at, asked.unwrap_or(at), offsets);
            }
            What::GroupSeen { group, description } => {
                let known = self.groups.entry(group.clone()).or_default();
                if known.description.as_ref().is_none_or(|(_, last)| last != description) {
                    known.description = Some((at, description.clone()));
                }
            }
            What::ClusterDied { reason } => {
                self.cluster_died.get_or_insert((at, reason.clone()));
            }
            What::Connected { .. } | What::Disconnected { .. } | What::NotKafka { .. } | What::Unread { .. } | What::Spared { .. } => {
                self.exchanges.see(position, event)
            }
            What::FaultArmed { .. } | What::FaultDisarmed { .. } => self.faults.see(event),
            What::FaultUsed { .. } => {
                self.exchanges.see(position, event);
                self.faults.see(event);
            }
            What::Requested { connection, correlation, request, .. } => {
                self.exchanges.see(position, event);
                self.index_commit(at, (*connection, *correlation), request);
            }
            What::Responded { connection, correlation, response, .. } => {
                self.exchanges.see(position, event);
                self.answer_commit(at, (*connection, *correlation), response);
            }
            What::ContainersSeen { .. } | What::HttpSeen { .. } | What::ListenersSeen { .. } => self.docker.see(event),
            What::ClusterSeen { bootstrap, state } => self.cluster = Some((bootstrap.clone(), state.clone())),
            What::TopicsListed { topics } => self.listings.push(topics.iter().cloned().collect()),
            What::FileSeen { path, text, saved_ms } => {
                self.files.insert(path.clone(), SeenFile { text: text.clone(), saved_ms: *saved_ms });
            }
            What::TopicCreated { topic, .. } => {
                self.created.insert(topic.clone());
            }
            What::ActionBegun { .. }
            | What::ActionEnded { .. }
            | What::Look { .. }
            | What::CheckEnded { .. }
            | What::Broke { .. }
            | What::Withheld { .. }
            | What::Stalled { .. }
            | What::Broker { .. }
            | What::Evicted { .. } => {}
        }
    }

    fn index_commit(&mut self, at: u64, id: (u64, i32), request: &Request) {
        let (group, member, generation, offsets, transactional) = match request {
            Request::OffsetCommit { group, member, generation, offsets, .. } => (group, member, *generation, offsets, false),
            Request::TxnOffsetCommit { group, member, generation, offsets, .. } => (group, member, *generation, offsets, true),
            _ => return,
        };
        let Some(connection) = self.exchanges.connection(id.0) else { return };
        let committing = Committing { at, instance: &connection.instance, request: id, member, generation, transactional };
        for position in offsets {
            let commit = committing.of(position, self.topics.get(&position.topic));
            let known = self.groups.entry(group.clone()).or_default().offsets.entry(position.topic.clone()).or_default();
            known.commits.push(commit);
        }
        self.unanswered.insert(id, group.clone());
    }

    fn answer_commit(&mut self, at: u64, id: (u64, i32), response: &Response) {
        let Some(group) = self.unanswered.remove(&id).and_then(|group| self.groups.get_mut(&group)) else { return };
        let Response::Partitions { partitions } = response else { return };
        for coded in partitions {
            if let Some(offsets) = group.offsets.get_mut(&coded.topic) {
                offsets.answer(id, coded.partition, at, coded.error);
            }
        }
    }

    fn index_delivery(&mut self, position: usize, event: &Event) {
        let at = event.at;
        match &event.what {
            What::DeliveryBegun { delivery, instance, event: id, .. } => {
                // The check's own topics hold the event: ids are unique within a check's data.
                let check = instance.split_once('/').map_or("", |(check, _)| check);
                let record = id.as_ref().and_then(|id| self.find_written(check, id));
                if let (None, Some(id)) = (&record, id) {
                    self.unplaced.entry((check.to_owned(), id.clone())).or_default().push(*delivery);
                }
                self.instances.entry(instance.clone()).or_default().deliveries.push(*delivery);
                let known = Delivery {
                    instance: instance.clone(),
                    event: id.clone(),
                    begun: at,
                    record,
                    held: false,
                    answered: None,
                    abandoned: None,
                    is_its_event: std::sync::OnceLock::new(),
                    position,
                };
                self.deliveries.insert(*delivery, known);
            }
            What::DeliveryHeld { delivery } => {
                if let Some(known) = self.deliveries.get_mut(delivery) {
                    known.held = true;
                }
            }
            What::DeliveryAnswered { delivery, status } => {
                let Some(known) = self.deliveries.get_mut(delivery) else { return };
                known.answered = Some((at, *status));
                if known.done()
                    && let Some((topic, partition, offset)) = known.record.clone()
                    && let Some(topic) = self.topics.get_mut(&topic)
                {
                    topic.frontiers.entry(partition).or_default().delivered(offset);
                }
            }
            What::DeliveryAbandoned { delivery } => {
                let Some(known) = self.deliveries.get_mut(delivery) else { return };
                let counted = known.done();
                known.abandoned = Some(at);
                if counted
                    && let Some((topic, partition, offset)) = known.record.clone()
                    && let Some(topic) = self.topics.get_mut(&topic)
                {
                    topic.frontiers.entry(partition).or_default().undo(offset);
                }
            }
            _ => {}
        }
    }

    /// Tells earlier deliveries of an event where it was written, and counts those that are done.
    fn place(&mut self, owner: &str, event: &Name, (topic, partition, offset): (&Name, i32, i64)) {
        for id in self.unplaced.remove(&(owner.to_owned(), event.clone())).unwrap_or_default() {
            let Some(delivery) = self.deliveries.get_mut(&id) else { continue };
            delivery.record = Some((topic.clone(), partition, offset));
            if let (true, Some(known)) = (delivery.done(), self.topics.get_mut(topic)) {
                known.frontiers.entry(partition).or_default().delivered(offset);
            }
        }
    }

    /// Finds where the grader wrote an event. `owner` is told by the data sets' names, which carry the check's id.
    fn find_written(&self, owner: &str, event: &str) -> Option<(Name, i32, i64)> {
        self.topics.iter().find_map(|(name, topic)| {
            let produced = topic.written(event)?;
            let (check, _) = produced.data.split_once('/')?;
            (check == owner).then(|| (name.clone(), produced.partition, produced.offset))
        })
    }
}

#[cfg(test)]
mod tests;
