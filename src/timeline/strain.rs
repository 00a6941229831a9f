//! Signs that the brokers were slower than clients are patient, or that a program got no turn. What it did not get done then says nothing about it.
//!
//! A broker that shares its processors with too much else answers, and is still not to be worked with: it acknowledges a new topic and does
//! not know it for seconds, because the thread that takes over the cluster's metadata gets no turn. Clients give up after 10 s and more
//! (kafka-python's `create_topics`, a `flush(10)`), and a right program then ends with an error.

use std::collections::{HashMap, HashSet};

use super::event::{Name, What};
use super::exchange::Exchange;
use super::index::Timeline;
use super::wire::{Api, Request, Response};

/// How long a broker may take, in nanoseconds. The least patient clients wait 10 s, and ask again in between.
const PATIENCE: u64 = 8_000_000_000;

/// How long a program may be kept from the processors, in nanoseconds, counting only the seconds in which it mostly waited for one. Labs give
/// programs 10 s for what takes them less than one; where they missed 5 to 12 s in all, every verdict was right.
const TURNS: u64 = 15_000_000_000;

/// Kafka's `UNKNOWN_TOPIC_OR_PARTITION`.
const UNKNOWN_TOPIC: i16 = 3;

/// Kafka's `OUT_OF_ORDER_SEQUENCE_NUMBER`.
const OUT_OF_ORDER: i16 = 45;

/// What took too long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strain {
    /// When it was over, in nanoseconds since the run began.
    pub at: u64,
    /// How long it took, in nanoseconds.
    pub took: u64,
    /// What it was.
    pub what: Slow,
}

/// What a broker can be slow in, and a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slow {
    /// It did not know a topic that it had created.
    Topic(String),
    /// It did not answer what needs no waiting for anybody.
    Answer(Api),
    /// It did not lead a new partition yet when a producer's first batch came, took the second one, and refuses the first ever after: it takes
    /// any sequence number from a producer that it has not met in that partition. Clients cannot mend it, and wait until they give up.
    Order(String, i32),
    /// A consumer leads its group, shares out no partition of a topic that it subscribes to, and never asks for that topic. kafka-python (seen with 3.0.12)
    /// comes to that when `subscribe` is called while the answer to the metadata request of its constructor, which names no topic, is still on its
    /// way: it takes that answer for the new one's, and asks again after five minutes (`cluster.py`, `set_topics`).
    Unasked(String),
    /// A member of a group that was given its partitions goes on with its work and sends no heartbeat, so that it is never told of a rebalance.
    /// kafka-python (seen with 3.0.12) comes to that when its heartbeats are not started after a join; its `poll` turns without a pause then.
    Silent(String),
    /// A program could have run and was not let, because of what else the machine had to do; it ran for so long meanwhile, in nanoseconds.
    Turns(String, u64),
}

impl Strain {
    /// What happened, as a sentence without its end.
    #[must_use]
    pub fn told(&self) -> String {
        let of = |nanos: u64| format!("{}.{} s", nanos / 1_000_000_000, nanos / 100_000_000 % 10);
        let seconds = of(self.took);
        match &self.what {
            Slow::Topic(name) => format!("the broker did not know topic {name} {seconds} after it had created it"),
            Slow::Answer(api) => format!("the broker took {seconds} to answer {api}"),
            Slow::Order(topic, partition) => format!(
                "the broker was not ready for the first records of partition {partition} of topic {topic}, took the next, and refused the first \
                 for ever after (OUT_OF_ORDER_SEQUENCE_NUMBER, a flaw of Kafka's)"
            ),
            Slow::Silent(group) => format!(
                "the client joined group {group} and sent no heartbeat for {seconds}, so it was not told of any rebalance (a flaw of \
                 kafka-python's, seen with 3.0.12: heartbeats are not always started after a join)"
            ),
            Slow::Turns(program, ran) => {
                format!("`{program}` waited {seconds} for a processor, and had {} of one meanwhile", of(*ran))
            }
            Slow::Unasked(topic) => format!(
                "the client subscribed to topic {topic}, never asked for its partitions, and so shared out none (a flaw of kafka-python's: \
                 `subscribe` while the constructor's metadata is still on its way; `KafkaConsumer(topic, …)` avoids it)"
            ),
        }
    }
}

impl Timeline {
    /// The longest time that a broker kept a program waiting without a reason but its own slowness, or the machine kept it from running, if that was too
    /// long for a judgement of this check: its own programs count, or all where it starts none.
    #[must_use]
    pub fn strain(&self, check: &str) -> Option<Strain> {
        let mut created = self.topics_created();
        let all = || self.everybody().flat_map(|instance| self.exchanges(instance));
        for exchange in all() {
            let Some((at, Response::Topics { topics })) = exchange.response else { continue };
            if matches!(exchange.request, Request::CreateTopics { validate_only: false, .. }) {
                for (name, _) in topics.iter().filter(|(_, error)| *error == 0) {
                    created.entry(name).and_modify(|known| *known = at.min(*known)).or_insert(at);
                }
            }
        }
        // A topic that somebody deletes is rightly unknown afterwards.
        for exchange in all() {
            if let Request::DeleteTopics { topics } = exchange.request {
                topics.iter().for_each(|name| _ = created.remove(&**name));
            }
        }
        let mut busy: HashMap<u64, u64> = HashMap::new();
        let held: HashSet<u64> = all().filter(|exchange| !exchange.faults.is_empty()).map(|exchange| exchange.connection.id).collect();
        let mut longest: Option<Strain> = None;
        for exchange in all() {
            let Some((at, response)) = exchange.response else { continue };
            // A broker answers the requests of a connection one after another: the time of the one before is not this one's.
            let before = busy.insert(exchange.connection.id, at).unwrap_or(0);
            let answered = (!held.contains(&exchange.connection.id) && is_prompt(exchange.request)).then(|| Strain {
                at,
                took: at.saturating_sub(exchange.at.max(before)),
                what: Slow::Answer(exchange.api),
            });
            let found =
                answered.into_iter().chain(unknown(&exchange, (at, response), &created)).chain(out_of_order(&exchange, at, response));
            longest = longest.into_iter().chain(found).filter(|strain| strain.took >= PATIENCE).max_by_key(|strain| strain.took);
        }
        let unasked = self.everybody().filter_map(|instance| self.unasked(instance)).filter(|strain| strain.took >= PATIENCE);
        let own = |name: &&Name| name.split_once('/').is_some_and(|(of, _)| of == check);
        let starts_none = !self.everybody().any(|name| own(&name));
        let judged: Vec<&Name> = self.everybody().filter(|name| starts_none || own(name)).collect();
        let turns = judged.iter().filter_map(|instance| self.turns(instance)).filter(|strain| strain.took >= TURNS);
        let silent = judged.iter().filter_map(|instance| self.silent(instance));
        longest.into_iter().chain(unasked).chain(turns).chain(silent).max_by_key(|strain| strain.took)
    }

    /// A member that has its partitions and goes on without ever a heartbeat, for longer than clients wait between two of them.
    fn silent(&self, instance: &Name) -> Option<Strain> {
        let all = || self.exchanges(instance);
        // A third of the session is the most that is usual, and is advised.
        let session = all().find_map(|exchange| match exchange.request {
            Request::JoinGroup { session_timeout_ms, .. } => u64::try_from(*session_timeout_ms).ok(),
            _ => None,
        })?;
        let given = |exchange: &Exchange<'_>| match (exchange.request, exchange.response) {
            (Request::SyncGroup { group, .. }, Some((at, Response::SyncGroup { error: 0, .. }))) => Some((at, group.clone())),
            _ => None,
        };
        let (since, group) = all().find_map(|exchange| given(&exchange))?;
        if all().any(|exchange| matches!(exchange.request, Request::Heartbeat { .. } | Request::ConsumerGroupHeartbeat { .. })) {
            return None;
        }
        let until = all().map(|exchange| exchange.at).max()?;
        let took = until.saturating_sub(since);
        (took >= PATIENCE.max(session * 1_000_000 / 3)).then(|| Strain { at: until, took, what: Slow::Silent(group.to_string()) })
    }

    /// For how long a program got no turn.
    fn turns(&self, name: &Name) -> Option<Strain> {
        let starved = &self.instance(name)?.starved;
        let (at, ..) = *starved.last()?;
        let (took, ran) = starved.iter().fold((0, 0), |sum, (_, waited, ran)| (sum.0 + waited, sum.1 + ran));
        let shown = name.rsplit_once('/').map_or(&**name, |(_, own)| own);
        Some(Strain { at, took, what: Slow::Turns(shown.to_owned(), ran) })
    }

    /// A topic that a program subscribes to, whose partitions it never asked for, and of which it shared out none as the leader of its group; for how long.
    fn unasked(&self, instance: &Name) -> Option<Strain> {
        let all = || self.exchanges(instance);
        let asks = |topic: &Name| {
            all().any(|exchange| match exchange.request {
                Request::Metadata { topics: Some(topics), .. } => topics.contains(topic),
                Request::Metadata { topics: None, .. } => true,
                _ => false,
            })
        };
        // Who does not say of itself what it asks for (a regular expression, an answer that was not read) is not judged.
        let subscribed = all().filter_map(|exchange| match exchange.request {
            Request::JoinGroup { assignors, .. } => Some(assignors.iter().flat_map(|assignor| &assignor.topics)),
            _ => None,
        });
        let topic = subscribed.flatten().find(|topic| !asks(topic))?;
        let shares = |exchange: &Exchange<'_>| match exchange.request {
            Request::SyncGroup { assignments, .. } => {
                !assignments.is_empty() && assignments.iter().all(|(_, places)| places.iter().all(|place| place.topic != *topic))
            }
            _ => false,
        };
        let since = all().find(shares)?.at;
        let until = all().map(|exchange| exchange.at).max()?;
        Some(Strain { at: until, took: until.saturating_sub(since), what: Slow::Unasked(topic.to_string()) })
    }

    /// Topics that the grader created, with the time.
    fn topics_created(&self) -> HashMap<&str, u64> {
        let made = self.events().iter().filter_map(|event| match &event.what {
            What::TopicCreated { topic, .. } => Some((&**topic, event.at)),
            _ => None,
        });
        made.collect()
    }
}

/// Whether a broker answers it at once: it waits neither for records nor for other clients.
fn is_prompt(request: &Request) -> bool {
    matches!(
        request,
        Request::ApiVersions { .. } | Request::Metadata { .. } | Request::FindCoordinator { .. } | Request::OffsetFetch { .. }
    )
}

/// The topics that a broker says it does not know, though it created them.
fn unknown(exchange: &Exchange<'_>, (at, response): (u64, &Response), created: &HashMap<&str, u64>) -> Vec<Strain> {
    let (Request::Metadata { .. }, Response::Topics { topics }) = (exchange.request, response) else { return Vec::new() };
    // An answer that the grader changed is not the broker's.
    let unknown = topics.iter().filter(|(_, error)| *error == UNKNOWN_TOPIC && exchange.faults.is_empty());
    let strain = |name: &str| Some(Strain { at, took: exchange.at.checked_sub(*created.get(name)?)?, what: Slow::Topic(name.to_owned()) });
    unknown.filter_map(|(name, _)| strain(name)).collect()
}

/// Partitions whose first batch of a producer is refused because a later one was taken.
fn out_of_order(exchange: &Exchange<'_>, at: u64, response: &Response) -> Vec<Strain> {
    let (Request::Produce { batches, .. }, Response::Produce { partitions, .. }) = (exchange.request, response) else { return Vec::new() };
    let refused = partitions.iter().filter(|answer| answer.error == OUT_OF_ORDER && exchange.faults.is_empty());
    let first = |topic: &str, partition: i32| {
        let mut own = batches.iter().filter(|batch| &*batch.topic == topic && batch.partition == partition);
        own.any(|batch| batch.producer_id >= 0 && batch.base_sequence == 0)
    };
    let refused = refused.filter(|answer| first(&answer.topic, answer.partition));
    refused.map(|answer| Strain { at, took: PATIENCE, what: Slow::Order(answer.topic.to_string(), answer.partition) }).collect()
}
