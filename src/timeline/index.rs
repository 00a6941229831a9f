//! The timeline and its index: what is known so far of each check, topic, group and instance.

use std::collections::{BTreeMap, HashMap};

use super::event::{Event, GroupSeen, Name, PartitionSeen, Signal, Stream, What};
use super::frontier::Frontier;
use super::payload::Record;

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
}

/// When a check began to act and to expect.
#[derive(Debug, Default, Clone, Copy)]
pub struct CheckSpan {
    /// When its first action began.
    pub begun: Option<u64>,
    /// When its actions were done.
    pub expecting: Option<u64>,
}

/// What is known of a topic.
#[derive(Debug, Default)]
pub struct Topic {
    /// The last description and when it was first seen to be so; the inner `None` means that there is no such topic.
    pub description: Option<(u64, Option<Vec<PartitionSeen>>)>,
    /// Per partition, positions of the events that hold its records.
    blocks: BTreeMap<i32, Vec<usize>>,
    /// The end offsets up to which everything was read.
    pub ends: BTreeMap<i32, i64>,
    /// When the number of records last changed.
    pub grown_at: u64,
    /// What the grader wrote, in order.
    pub produced: Vec<Produced>,
    /// Event id to its place among what the grader wrote.
    by_event: HashMap<Name, usize>,
    /// What was delivered of what the grader wrote, per partition.
    pub frontiers: BTreeMap<i32, Frontier>,
    /// When the frontier last moved.
    pub delivered_at: u64,
}

/// A record that the grader wrote.
#[derive(Debug, Clone)]
pub struct Produced {
    /// When.
    pub at: u64,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// The data set it belongs to.
    pub data: Name,
    /// The event's id; `None` for a record that is no event and must not be delivered.
    pub event: Option<Name>,
}

/// What is known of a consumer group.
#[derive(Debug, Default)]
pub struct Group {
    /// The last description; `None` inside when there is no such group.
    pub description: Option<(u64, Option<GroupSeen>)>,
    /// Per topic: the committed offsets, each time they changed.
    pub offsets: HashMap<Name, Offsets>,
}

/// The committed offsets of a group on a topic.
#[derive(Debug, Default)]
pub struct Offsets {
    /// How often they were looked at.
    pub looks: u64,
    /// Whether a commit was seen that the grader did not make.
    pub moved: bool,
    /// The last state by partition.
    pub last: BTreeMap<i32, i64>,
    /// When the last look was asked, and when it was answered.
    pub last_look: Option<(u64, u64)>,
    /// When the state last changed.
    pub changed_at: u64,
    /// Looks that showed a committed offset beyond what was delivered.
    pub ahead: Vec<Ahead>,
}

/// A committed offset beyond what was delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ahead {
    /// When it was seen.
    pub at: u64,
    /// The partition.
    pub partition: i32,
    /// The committed offset.
    pub committed: i64,
    /// The first offset that was not delivered.
    pub frontier: i64,
}

/// What is known of one start of a program, `check/as`.
#[derive(Debug, Default)]
pub struct Instance {
    /// The program's name.
    pub program: Option<Name>,
    /// When it was started, each time, with the process id.
    pub starts: Vec<(u64, u32)>,
    /// How often it will still be started again when it ends.
    pub restarts: u32,
    /// The lines it wrote: positions of events.
    lines: Vec<usize>,
    /// When it ended, each time: code or signal.
    pub exits: Vec<Exit>,
    /// Signals the grader sent.
    pub signals: Vec<(u64, Signal)>,
    /// When no process of its group was left.
    pub gone_at: Option<u64>,
    /// A limit that it hit.
    pub limit: Option<String>,
    /// Its requests at the sink, in order.
    pub deliveries: Vec<u64>,
    /// How many lines were written to its standard input, and whether it was closed after the last.
    pub fed: (u64, bool),
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// When.
    pub at: u64,
    /// The exit code, when it ended by itself.
    pub code: Option<i32>,
    /// The signal, when one ended it.
    pub signal: Option<i32>,
}

/// A request at the sink.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Who sent it.
    pub instance: Name,
    /// The event in its body, when there is one.
    pub event: Option<Name>,
    /// When it arrived.
    pub begun: u64,
    /// Where the event was written, as far as the grader knows: topic, partition, offset.
    pub record: Option<(Name, i32, i64)>,
    /// Whether the answer was kept back.
    pub held: bool,
    /// When it was answered, and with which status.
    pub answered: Option<(u64, u16)>,
    /// When the client was found to have gone away.
    pub abandoned: Option<u64>,
    /// The position of the event that holds its body.
    position: usize,
}

impl Delivery {
    /// Whether the event counts as delivered: a 2xx answer to a client that was still there.
    #[must_use]
    pub fn done(&self) -> bool {
        self.abandoned.is_none() && self.answered.is_some_and(|(_, status)| (200..300).contains(&status))
    }
}

impl Instance {
    /// Whether it is running now.
    #[must_use]
    pub fn alive(&self) -> bool {
        self.starts.len() > self.exits.len()
    }

    /// Whether it is over: it ended and will not be started again.
    #[must_use]
    pub fn over(&self) -> bool {
        !self.starts.is_empty() && !self.alive() && self.restarts == 0
    }
}

impl Topic {
    /// The record that the grader wrote for an event.
    #[must_use]
    pub fn written(&self, event: &str) -> Option<&Produced> {
        self.by_event.get(event).and_then(|place| self.produced.get(*place))
    }

    /// How many records were read.
    #[must_use]
    pub fn record_count(&self, timeline: &Timeline) -> u64 {
        self.blocks.values().flatten().map(|position| timeline.block_len(*position) as u64).sum()
    }

    /// The records that were read, partition by partition, each in offset order.
    pub fn records<'a>(&'a self, timeline: &'a Timeline) -> impl Iterator<Item = Record<'a>> {
        self.blocks.values().flatten().filter_map(|position| timeline.events.get(*position)).flat_map(|event| match &event.what {
            What::RecordsSeen { block, .. } => Some(block.records()).into_iter().flatten(),
            _ => None.into_iter().flatten(),
        })
    }

    /// The next offset to read of a partition.
    #[must_use]
    pub fn read_up_to(&self, partition: i32) -> i64 {
        self.ends.get(&partition).copied().unwrap_or(0)
    }
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

    /// What is known of a program instance, by its full name `check/as`.
    #[must_use]
    pub fn instance(&self, name: &str) -> Option<&Instance> {
        self.instances.get(name)
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

    /// When and why the cluster died, if it did.
    #[must_use]
    pub fn cluster_died(&self) -> Option<&(u64, String)> {
        self.cluster_died.as_ref()
    }

    fn block_len(&self, position: usize) -> usize {
        match self.events.get(position).map(|event| &event.what) {
            Some(What::RecordsSeen { block, .. }) => block.len(),
            _ => 0,
        }
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
            What::Signalled { instance, signal } => {
                let known = self.instances.entry(instance.clone()).or_default();
                known.signals.push((at, *signal));
                known.restarts = 0;
            }
            What::LimitHit { instance, limit } => self.instances.entry(instance.clone()).or_default().limit = Some(limit.clone()),
            What::Exited { instance, code, signal } => {
                self.instances.entry(instance.clone()).or_default().exits.push(Exit { at, code: *code, signal: *signal });
            }
            What::GroupGone { instance } => self.instances.entry(instance.clone()).or_default().gone_at = Some(at),
            What::Fed { instance, count, done, .. } => {
                let known = self.instances.entry(instance.clone()).or_default();
                known.fed = (known.fed.0 + count, *done);
            }
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
                if !block.is_empty() {
                    known.grown_at = at;
                }
            }
            What::EndSeen { topic, ends } => self.topics.entry(topic.clone()).or_default().ends.clone_from(ends),
            What::OffsetsSeen { group, topic, asked, offsets } => self.index_offsets(at, group, topic, *asked, offsets),
            What::OffsetsReset { group, topic, offsets } => {
                let known = self.groups.entry(group.clone()).or_default().offsets.entry(topic.clone()).or_default();
                known.last.clone_from(offsets);
                known.changed_at = at;
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
            What::ActionBegun { .. }
            | What::ActionEnded { .. }
            | What::Look { .. }
            | What::CheckEnded { .. }
            | What::Broke { .. }
            | What::Cut { .. }
            | What::TopicCreated { .. }
            | What::Evicted { .. } => {}
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
                    topic.delivered_at = at;
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
                known.delivered_at = delivery.answered.map_or(known.delivered_at, |(at, _)| at);
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

    fn index_offsets(&mut self, at: u64, group: &Name, topic: &Name, asked: u64, offsets: &BTreeMap<i32, i64>) {
        let known = self.groups.entry(group.clone()).or_default().offsets.entry(topic.clone()).or_default();
        known.looks += 1;
        known.last_look = Some((asked, at));
        if &known.last != offsets {
            known.last.clone_from(offsets);
            known.changed_at = at;
            known.moved = true;
        }
        let Some(topic) = self.topics.get(topic) else { return };
        for (partition, committed) in offsets {
            // Without an event that is due there is nothing to be ahead of: the commit may be of records that are not on the timeline yet.
            let Some(frontier) = topic.frontiers.get(partition).and_then(Frontier::first_due) else { continue };
            if *committed > frontier {
                let repeated = known.ahead.last().is_some_and(|last| last.partition == *partition && last.committed == *committed);
                if !repeated {
                    known.ahead.push(Ahead { at, partition: *partition, committed: *committed, frontier });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::payload::Payload;
    use super::*;

    fn at(at: u64, what: What) -> Event {
        Event { at, what }
    }

    fn produced(offset: i64, event: Option<&str>) -> What {
        What::Produced { topic: "t".into(), partition: 0, offset, data: "c/events".into(), event: event.map(Into::into) }
    }

    fn begun(delivery: u64, event: &str) -> What {
        let body = Payload::new(event.as_bytes());
        What::DeliveryBegun { delivery, instance: "c/first".into(), nth: delivery, event: Some(event.into()), body }
    }

    fn offsets(offset: i64) -> What {
        What::OffsetsSeen { group: "g".into(), topic: "t".into(), asked: 0, offsets: BTreeMap::from([(0, offset)]) }
    }

    #[test]
    fn a_commit_beyond_an_unanswered_delivery_is_ahead() {
        let mut timeline = Timeline::default();
        for (time, what) in [
            produced(0, Some("e-1")),
            produced(1, None),
            produced(2, Some("e-2")),
            begun(1, "e-1"),
            What::DeliveryAnswered { delivery: 1, status: 200 },
            offsets(2),
            begun(2, "e-2"),
        ]
        .into_iter()
        .enumerate()
        {
            timeline.append(at(time as u64, what));
        }
        let seen = |timeline: &Timeline| timeline.group("g").unwrap().offsets["t"].ahead.clone();
        assert_eq!(seen(&timeline), vec![], "offset 1 is no event: a commit may pass it");
        timeline.append(at(10, offsets(3)));
        assert_eq!(seen(&timeline), vec![Ahead { at: 10, partition: 0, committed: 3, frontier: 2 }]);
    }

    #[test]
    fn a_consumer_that_is_quicker_than_the_record_of_what_was_written_is_not_ahead() {
        let mut timeline = Timeline::default();
        let body = Payload::new(b"{}");
        let what = What::DeliveryBegun { delivery: 1, instance: "c/first".into(), nth: 1, event: Some("e-1".into()), body };
        for what in [what, What::DeliveryAnswered { delivery: 1, status: 200 }, offsets(1), produced(0, Some("e-1")), offsets(1)] {
            timeline.append(at(1, what));
        }
        assert_eq!(timeline.group("g").unwrap().offsets["t"].ahead, vec![]);
        assert_eq!(timeline.topic("t").unwrap().frontiers[&0].at(), 1);
    }

    #[test]
    fn an_answer_to_a_client_that_was_gone_delivers_nothing() {
        let mut timeline = Timeline::default();
        for what in [
            produced(0, Some("e-1")),
            begun(1, "e-1"),
            What::DeliveryAnswered { delivery: 1, status: 200 },
            What::DeliveryAbandoned { delivery: 1 },
        ] {
            timeline.append(at(1, what));
        }
        assert_eq!(timeline.topic("t").unwrap().frontiers[&0].at(), 0);
        assert!(!timeline.delivery(1).unwrap().done());
    }
}
