//! `records`: what stands in a topic.

mod facts;
mod forms;
mod headers;
mod keys;
mod oversized;
mod values;
mod wire;

pub(super) use self::values::{difference, same};

use anyhow::Result;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) use self::facts::{Facts, place, short};
use self::wire::Wire;
use super::traffic::Traffic;
use super::view::{count, short_name};
use super::{Answer, Evidence, Expect, Finding, Kind, Reference, View};
use crate::lab::data::Format;
use crate::outcome::{Mismatch, Subject};
use crate::run::CheckCtx;
use crate::timeline::wire::{Api, Request};

/// The records of a topic: how many, with which values, keys, places and order. All that is named must hold.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Records {
    /// The topic.
    pub topic: String,
    /// The data set whose events the records carry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// How many records there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<Count>,
    /// `equal`: each value is of the format and equals its event, and each event is there once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Values>,
    /// The format of the values (json). Avro's schema is the one that programs are given as `$(schema.user-events)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// Headers that every record has, each once and with exactly this value; others may stand beside them.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub headers: IndexMap<String, String>,
    /// How often each event may be there: `at_most_once` allows that some are missing. `values` asks for exactly once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<Times>,
    /// What the key is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// `consistent`: records with one key stand on one partition, whatever the partitioner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<Placement>,
    /// In which order the events of one key stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
    /// How many partitions hold records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partitions_used: Option<AtLeast>,
}

/// A number of records.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    /// Exactly so many; add `stable` to the check to catch one more.
    Exactly(u64),
    /// So many or more.
    AtLeast(u64),
}

/// At least so many.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AtLeast {
    /// The number.
    pub at_least: u64,
}

/// How values compare with events.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Values {
    /// Every field of the event and no other, each with the same value; order of fields, spacing and escapes are free.
    Equal,
}

/// How often each event is in the topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Times {
    /// No event is there twice; some may be missing.
    AtMostOnce,
    /// Every event is there; some may be there more than once.
    AtLeastOnce,
    /// Every event is there, and none twice.
    ExactlyOnce,
}

/// What the key of a record is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// The event's field that is the key, as text.
    pub field: String,
}

/// Where records stand.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Placement {
    /// One key, one partition.
    Consistent,
}

/// The order of the events of one key.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The event's field that ascends with the offset.
    pub by: String,
    /// The event's field that tells which records belong together.
    pub per: String,
}

impl Kind for Records {
    const DOC: &'static str = "What stands in a topic: how many records, whether their values are the events, in which format, what their keys and headers are, whether one key stays on one partition and in order.\n\n\
        Kafka keeps order within a partition only. A key is what keeps the events of one user together; which hash places it (murmur2 in Java, kafka-python and aiokafka, CRC-32 in librdkafka) does not matter, as long as it is always the same.";
    const EXAMPLE: &'static str = "records: { topic: $(topic), of: events, key: { field: user_id }, partition: consistent }";

    fn references(&self) -> Vec<Reference> {
        let Some(of) = &self.of else { return Vec::new() };
        let mut references = vec![if self.needs_events() { Reference::Events(of.clone()) } else { Reference::Data(of.clone()) }];
        let field = |name: &String, ascends| Reference::Field { of: of.clone(), name: name.clone(), ascends };
        references.extend(self.key.iter().map(|key| field(&key.field, false)));
        references.extend(self.order.iter().flat_map(|order| [field(&order.by, true), field(&order.per, false)]));
        references
    }

    fn lint(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let needs_events = self.needs_events();
        if needs_events && self.of.is_none() {
            findings.push(Finding::new("the records are compared with events, but it is not said with which", "name the data set: `of: events`"));
        }
        let asks = needs_events || !self.headers.is_empty() || self.count.is_some() || self.partition.is_some() || self.partitions_used.is_some();
        if !asks {
            findings.push(Finding::new("this asks for nothing", "add `count`, `values`, `times`, `headers`, `key`, `partition`, `order` or `partitions_used`"));
        }
        if self.format.is_some() && self.of.is_none() {
            findings.push(Finding::at("format", "the format says how events are read, but it is not said which", "name the data set: `of: events`"));
        }
        if self.values.is_some() && self.times.is_some() {
            findings.push(Finding::at("times", "`values` asks for each event exactly once already", "keep one of the two"));
        }
        if let Some(Count::AtLeast(0) | Count::Exactly(0)) = self.count {
            findings.push(Finding::at("count", "zero records would pass without anything having happened", "ask for at least one"));
        }
        findings
    }
}

impl Expect for Records {
    async fn observe(&self, ctx: &CheckCtx) -> Result<()> {
        ctx.read_topic(&self.topic).await
    }

    fn judge(&self, view: &View<'_>) -> Answer {
        let Some(topic) = view.timeline.topic(&self.topic) else {
            return Answer::NotShown(format!("topic {} was never looked at", self.topic));
        };
        if let Some((_, None)) = topic.description {
            let message = format!("topic {} does not exist", self.topic);
            return Answer::NotYet(view.with_ends(Mismatch::new(message, format!("topic {} with {}", self.topic, self.wanted()), "no such topic")));
        }
        if let Some(mismatch) = oversized::judge(topic, view) {
            return Answer::Violated(mismatch);
        }
        let set = self.of.as_deref().and_then(|name| view.data_set(name));
        let format = self.format.unwrap_or(Format::Json);
        let facts = Facts::of(topic.records(view.timeline), set, format, self.values.is_some());
        if facts.records.is_empty() {
            let message = format!("topic {} is empty", self.topic);
            let mismatch = Mismatch::new(message, self.wanted(), "no record");
            return Answer::NotYet(match Wire::new(view, &self.topic).lost() {
                Some(cause) => mismatch.cause(cause).about(Subject::Retries),
                None => unsent(view, &self.topic, mismatch),
            });
        }
        if (self.key.is_some() || self.order.is_some()) && facts.records.iter().all(|fact| fact.event.is_none()) && self.values.is_none() {
            return Answer::NotShown(format!("no record of topic {} can be told to be one of the events, so their keys cannot be judged", self.topic));
        }
        let wire = Wire::new(view, &self.topic);
        let mut evidence = Evidence::of(facts.records.len() as u64);
        let asked = [
            self.values.and_then(|Values::Equal| values::judge(&facts, &wire)),
            self.times.and_then(|times| values::judge_times(times, &facts, &wire)),
            self.count.and_then(|wanted| judge_count(wanted, &facts)),
            headers::judge(&self.headers, &facts),
            self.key.as_ref().and_then(|key| keys::judge_key(&key.field, &facts, &mut evidence.remarks)),
            self.partition.and_then(|Placement::Consistent| keys::judge_placement(&facts)),
            self.order.as_ref().and_then(|order| keys::judge_order(&order.by, &order.per, &facts, &wire, &mut evidence.remarks)),
            self.partitions_used.and_then(|wanted| keys::judge_spread(wanted.at_least, &facts)),
        ];
        evidence.remarks.extend(self.values.and_then(|Values::Equal| values::floats(&facts)));
        match asked.into_iter().flatten().next() {
            // What was in the way explains more than how the program ended for it.
            Some(mismatch) if mismatch.cause.is_some() && [wire.lost(), wire.doubled()].contains(&mismatch.cause) => Answer::NotYet(mismatch),
            Some(mismatch) => Answer::NotYet(view.with_ends(mismatch)),
            None => Answer::Holds(evidence),
        }
    }
}

impl Records {
    /// Whether records are compared with the events of a data set.
    fn needs_events(&self) -> bool {
        self.values.is_some() || self.times.is_some() || self.key.is_some() || self.order.is_some()
    }

    fn wanted(&self) -> String {
        match self.count {
            Some(Count::Exactly(number)) => count(number, "record"),
            Some(Count::AtLeast(number)) => format!("at least {}", count(number, "record")),
            None => "records".to_owned(),
        }
    }
}

fn judge_count(wanted: Count, facts: &Facts<'_>) -> Option<Mismatch> {
    let seen = facts.records.len() as u64;
    let (holds, expected, number) = match wanted {
        Count::Exactly(number) => (seen == number, count(number, "record"), number.to_string()),
        Count::AtLeast(number) => (seen >= number, format!("at least {}", count(number, "record")), format!("{number} or more")),
    };
    (!holds).then(|| {
        let mismatch = Mismatch::new(format!("the topic holds {}, not {number}", count(seen, "record")), expected, count(seen, "record"));
        match wanted {
            Count::AtLeast(number) => mismatch.cause(format!("there are not enough records yet: send {} more", number.saturating_sub(seen))),
            Count::Exactly(_) => mismatch,
        }
    })
}

/// Nothing arrived, and Kafka confirmed nothing: who ended by itself all the same did not wait for its events.
fn unsent(view: &View<'_>, topic: &str, mismatch: Mismatch) -> Mismatch {
    let senders = senders(view, topic);
    let traffic: Vec<Traffic<'_>> = senders.iter().map(|name| Traffic::of(view, Some(name))).collect();
    let confirmed = |traffic: &Traffic<'_>| traffic.exchanges().iter().any(|exchange| exchange.api == Api::PRODUCE && exchange.response.is_some());
    let unclear = |traffic: &Traffic<'_>| confirmed(traffic) || traffic.silence().is_some() || traffic.blind(&[Api::PRODUCE]).is_some();
    let ended = senders.into_iter().find(|name| {
        let instance = view.instance(name);
        instance.is_some_and(|instance| !instance.alive() && instance.exits.last().is_some_and(|exit| exit.code == Some(0)))
    });
    let Some(name) = ended.filter(|_| !traffic.iter().any(unclear)) else {
        return view.with_ends(mismatch);
    };
    let words = view.last_words(name).map(|words| format!(" ({words})")).unwrap_or_default();
    let name = short_name(name);
    let cause = format!(
        "`{name}` ended with exit code 0{words}, and Kafka had confirmed none of its events: send() and produce() only queue an event, and what is still in the \
         producer's buffer when the program ends is gone. Call flush() before the end, without a timeout, and check that nothing is left"
    );
    mismatch.cause(cause).about(Subject::Flush)
}

/// Whose records were to stand in a topic: the check's own programs; where it has none and looks at what another check's did, those that asked for the
/// topic or made it.
fn senders<'a>(view: &View<'a>, topic: &str) -> Vec<&'a str> {
    let own: Vec<&str> = view.timeline.instances_of(view.check).into_iter().map(|(name, _)| &**name).collect();
    if !own.is_empty() {
        return own;
    }
    let speaks_of = |request: &Request| match request {
        Request::Metadata { topics: Some(topics), .. } => topics.iter().any(|name| **name == *topic),
        Request::CreateTopics { topics, .. } => topics.iter().any(|new| *new.name == *topic),
        _ => false,
    };
    let all = view.timeline.everybody().map(|name| &**name);
    all.filter(|name| view.timeline.exchanges(name).any(|exchange| speaks_of(exchange.request))).collect()
}

#[cfg(test)]
mod format_tests;
#[cfg(test)]
mod tests;
