//! Timelines for tests, told as stories: each step is one event, a millisecond after the one before.
//!
//! The story is that of check `c`, whose data set `events` has six events of two users in turn (`u-01` the odd ones, `u-02` the even ones).
//! The grader writes them to topic `t`: `u-01` on partition 0, `u-02` on partition 1. The group is `g`.

pub mod docker;
pub mod wire;

use std::collections::BTreeMap;

use serde_json::json;

use super::{Answer, ExpectSpec, View};
use crate::lab::data::{DataSet, DataSets, Event as DataEvent, Record};
use crate::timeline::event::{GroupSeen, MemberSeen, PartitionSeen, Phase, Signal, Stream};
use crate::timeline::{Event, Payload, RecordBlock, Timeline, What};

const MILLI: u64 = 1_000_000;

/// A timeline in the making.
pub struct Story {
    /// What happened, for those who tell it again.
    pub events: Vec<Event>,
    pub timeline: Timeline,
    pub data: DataSets,
    scale: f64,
    now: u64,
    next: u64,
    /// Event to its last delivery.
    last: BTreeMap<String, u64>,
    ends: BTreeMap<i32, i64>,
    wire: wire::Wire,
}

/// The nth event, from 1.
pub fn event(nth: u32) -> DataEvent {
    let (id, key) = (format!("e-{nth:06}"), if nth % 2 == 1 { "u-01" } else { "u-02" });
    let json = json!({ "event_id": id, "user_id": key, "seq": nth.div_ceil(2), "action": "login", "note": "said \"grüße\"" });
    DataEvent { id, key: key.to_owned(), line: json.to_string(), json }
}

/// A set of events.
pub fn events(numbers: impl Iterator<Item = u32>) -> DataSet {
    DataSet::of_events(numbers.map(event).collect())
}

/// A set of records that are no events, all of `u-02`.
pub fn bad(labels: &[&str]) -> DataSet {
    let record = |label: &&str| {
        let (key, value) = (Some(b"u-02".to_vec()), Some(b"{".to_vec()));
        Record { key, value, event: None, label: Some((*label).to_owned()), headers: Vec::new() }
    };
    DataSet::of_records(labels.iter().map(record).collect())
}

fn full(instance: &str) -> crate::timeline::event::Name {
    super::view::full_name("c", instance).into()
}

impl Story {
    pub fn new() -> Self {
        let data = DataSets::from([("events".to_owned(), events(1..=6))]);
        let (last, ends) = (BTreeMap::new(), BTreeMap::new());
        Self {
            events: Vec::new(),
            timeline: Timeline::default(),
            data,
            scale: 1.0,
            now: 0,
            next: 1,
            last,
            ends,
            wire: wire::Wire::default(),
        }
    }

    /// Anything at all.
    pub fn then(mut self, what: What) -> Self {
        self.now += MILLI;
        let event = Event { at: self.now, what };
        self.timeline.append(event.clone());
        self.events.push(event);
        self
    }

    /// Time passes.
    pub fn later(mut self, millis: u64) -> Self {
        self.now += millis * MILLI;
        self
    }

    /// What the clock says, in ms.
    pub fn millis(&self) -> u64 {
        self.now / MILLI
    }

    /// All time budgets are longer.
    pub fn stretched(self, scale: f64) -> Self {
        Self { scale, ..self }
    }

    pub fn data(mut self, name: &str, set: DataSet) -> Self {
        self.data.insert(name.to_owned(), set);
        self
    }

    /// The grader writes a data set.
    pub fn produce(mut self, name: &str) -> Self {
        for record in self.data[name].records() {
            let partition = i32::from(record.key.as_deref() == Some(b"u-02"));
            let end = self.ends.entry(partition).or_default();
            let offset = *end;
            *end += 1;
            let (data, event) = (format!("c/{name}").as_str().into(), record.event.as_deref().map(Into::into));
            self = self.then(What::Produced { topic: "t".into(), partition, offset, data, event });
        }
        self
    }

    pub fn start(self, instance: &str) -> Self {
        self.start_again(instance, 0)
    }

    pub fn start_again(self, instance: &str, restarts: u32) -> Self {
        self.then(What::Started { instance: full(instance), program: "consumer".into(), pid: 7, restarts, command: vec!["python".into()] })
    }

    /// A POST arrives that holds the nth event.
    pub fn begin(self, instance: &str, nth: u32) -> Self {
        let event = event(nth);
        self.post(instance, Some(&event.id), event.line.as_bytes())
    }

    /// A POST arrives with any body.
    pub fn post(mut self, instance: &str, id: Option<&str>, body: &[u8]) -> Self {
        let delivery = self.next;
        self.next += 1;
        self.last.insert(id.unwrap_or_default().to_owned(), delivery);
        let what =
            What::DeliveryBegun { delivery, instance: full(instance), nth: delivery, event: id.map(Into::into), body: Payload::new(body) };
        self.then(what)
    }

    /// Whether a POST of the nth event was told.
    pub fn has_begun(&self, nth: u32) -> bool {
        self.last.contains_key(&event(nth).id)
    }

    /// The last POST of the nth event is answered.
    pub fn answer(self, nth: u32, status: u16) -> Self {
        let delivery = self.last[&event(nth).id];
        self.then(What::DeliveryAnswered { delivery, status })
    }

    /// The client of the last POST of the nth event is gone.
    pub fn abandon(self, nth: u32) -> Self {
        let delivery = self.last[&event(nth).id];
        self.then(What::DeliveryAbandoned { delivery })
    }

    /// Events are posted and answered with 200, one after the other.
    pub fn deliver(self, instance: &str, numbers: impl IntoIterator<Item = u32>) -> Self {
        numbers.into_iter().fold(self, |story, nth| story.begin(instance, nth).answer(nth, 200))
    }

    pub fn reset(self) -> Self {
        self.then(What::OffsetsReset { group: "g".into(), topic: "t".into(), asked: None, offsets: BTreeMap::from([(0, 0), (1, 0)]) })
    }

    /// A look at the committed offsets.
    pub fn offsets(self, offsets: &[(i32, i64)]) -> Self {
        let asked = self.now;
        self.then(What::OffsetsSeen { group: "g".into(), topic: "t".into(), asked, offsets: offsets.iter().copied().collect() })
    }

    pub fn line(self, instance: &str, text: &str) -> Self {
        self.then(What::Line { instance: full(instance), stream: Stream::Stderr, text: text.to_owned() })
    }

    pub fn signal(self, instance: &str, signal: Signal) -> Self {
        self.then(What::Signalled { instance: full(instance), signal })
    }

    pub fn exit(self, instance: &str, code: i32) -> Self {
        self.then(What::Exited { instance: full(instance), code: Some(code), signal: None })
    }

    pub fn dies(self, instance: &str, signal: i32) -> Self {
        self.then(What::Exited { instance: full(instance), code: None, signal: Some(signal) })
    }

    pub fn gone(self, instance: &str) -> Self {
        self.then(What::GroupGone { instance: full(instance) })
    }

    /// The broker describes topic `t`: so many partitions, or no such topic.
    pub fn topic(self, partitions: Option<i32>) -> Self {
        let seen = |partition| PartitionSeen { partition, leader: 1, replicas: vec![1], isr: vec![1] };
        self.then(What::TopicSeen { topic: "t".into(), partitions: partitions.map(|count| (0..count).map(seen).collect()) })
    }

    /// A record is read from topic `t`.
    pub fn record(mut self, partition: i32, key: Option<&str>, value: Option<&[u8]>) -> Self {
        let end = self.ends.entry(partition).or_default();
        let mut block = RecordBlock::new(partition);
        block.push(*end, 0, key.map(str::as_bytes), value, b"");
        *end += 1;
        self.then(What::RecordsSeen { topic: "t".into(), block })
    }

    /// The nth event is read from topic `t`, keyed and placed as it should be.
    pub fn arrived(self, numbers: impl IntoIterator<Item = u32>) -> Self {
        numbers.into_iter().fold(self, |story, nth| {
            let event = event(nth);
            story.record(i32::from(nth.is_multiple_of(2)), Some(&event.key), Some(event.line.as_bytes()))
        })
    }

    /// The coordinator describes the group.
    pub fn members(self, members: &[&str]) -> Self {
        let member = |name: &&str| MemberSeen { member: (*name).to_owned(), client: "rdkafka".into(), assigned: BTreeMap::new() };
        let members = members.iter().map(member).collect();
        let description = Some(GroupSeen { state: "Stable".into(), protocol: "classic".into(), members });
        self.then(What::GroupSeen { group: "g".into(), description })
    }

    /// The coordinator describes the group: each member with its partitions of topic `t`.
    pub fn shares(self, state: &str, shares: &[(&str, &[i32])]) -> Self {
        let assigned = |partitions: &[i32]| BTreeMap::from([("t".to_owned(), partitions.to_vec())]);
        let member = |(name, partitions): &(&str, &[i32])| MemberSeen {
            member: (*name).to_owned(),
            client: "rdkafka".into(),
            assigned: assigned(partitions),
        };
        let members = shares.iter().map(member).collect();
        let description = Some(GroupSeen { state: state.to_owned(), protocol: "classic".into(), members });
        self.then(What::GroupSeen { group: "g".into(), description })
    }

    /// Check `c` begins.
    pub fn check_begun(self) -> Self {
        self.then(What::CheckBegun { check: "c".into() })
    }

    /// Its actions are done.
    pub fn expecting(self) -> Self {
        self.then(What::Expecting { check: "c".into() })
    }

    /// Its judges look at what is there.
    pub fn look(self, phase: Phase) -> Self {
        self.then(What::Look { check: "c".into(), phase })
    }

    pub fn check_ended(self) -> Self {
        self.then(What::CheckEnded { check: "c".into() })
    }

    /// What an expectation, given as YAML, answers now.
    pub fn judge(&self, yaml: &str) -> Answer {
        let spec: ExpectSpec = serde_saphyr::from_str(yaml).unwrap_or_else(|error| panic!("{yaml}: {error}"));
        spec.judge(&View::new(&self.timeline, "c", &self.data).stretched(self.scale))
    }
}

/// Everything that an answer says, on a few lines.
pub fn text(answer: &Answer) -> String {
    let (word, mismatch) = match answer {
        Answer::Holds(evidence) => {
            let lines = [format!("holds ({})", evidence.seen), evidence.remarks.join("; "), evidence.witnesses.join("; ")];
            return lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
        }
        Answer::NotShown(reason) => return format!("not shown: {reason}"),
        Answer::NotYet(mismatch) => ("not yet", mismatch),
        Answer::Violated(mismatch) => ("violated", mismatch),
    };
    let mut text = format!("{word}: {}\nexpected {}\nobserved {}", mismatch.message, mismatch.expected, mismatch.observed);
    for witness in &mismatch.witnesses {
        text.push_str(&format!("\n- {witness}"));
    }
    if mismatch.more > 0 {
        text.push_str(&format!("\n- and {} more", mismatch.more));
    }
    if let Some(cause) = &mismatch.cause {
        text.push_str(&format!("\ncause {cause}"));
    }
    if let Some(about) = mismatch.about {
        text.push_str(&format!("\nabout {about:?}"));
    }
    text
}

/// Asserts that a story is judged so: the answer begins with the first words and holds all the others.
#[track_caller]
pub fn assert_says(story: &Story, yaml: &str, begins: &str, holds: &[&str]) {
    let text = text(&story.judge(yaml));
    assert!(text.starts_with(begins), "{yaml} should answer `{begins}`, but: {text}");
    for words in holds {
        let (wanted, words) = words.strip_prefix('!').map_or((true, *words), |words| (false, words));
        assert_eq!(text.contains(words), wanted, "{yaml}: `{words}` in: {text}");
    }
}
