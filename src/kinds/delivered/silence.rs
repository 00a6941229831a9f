//! Why a program that runs has posted nothing, as far as its requests tell.

use std::collections::BTreeSet;

use crate::kinds::View;
use crate::kinds::client::Client;
use crate::kinds::traffic::Traffic;
use crate::kinds::view::seconds;
use crate::outcome::Subject;
use crate::timeline::wire::{Api, Request};

/// In `ListOffsets`: the end of a partition, and its first record.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;

/// What there is to say.
pub(super) struct Silence {
    pub cause: String,
    pub about: Option<Subject>,
}

impl Silence {
    fn new(cause: impl Into<String>, about: Subject) -> Self {
        Self { cause: cause.into(), about: Some(about) }
    }
}

/// What the program says to Kafka instead; of one instance, or of all of the check.
pub(super) fn explain(view: &View<'_>, by: Option<&str>) -> Silence {
    let traffic = Traffic::of(view, by);
    if let Some(silence) = traffic.silence() {
        return Silence { cause: silence, about: None };
    }
    let (mut joined, mut fetched, mut ends, mut starts) = (None, None, false, false);
    let mut topics: BTreeSet<&str> = BTreeSet::new();
    let exchanges = traffic.exchanges();
    for exchange in &exchanges {
        match exchange.request {
            Request::JoinGroup { group, .. } | Request::ConsumerGroupHeartbeat { group, .. } => joined = joined.or(Some((group, exchange.at))),
            Request::Fetch { partitions, .. } => {
                fetched = fetched.or(Some(exchange.at));
                topics.extend(partitions.iter().map(|position| &*position.topic));
            }
            Request::ListOffsets { partitions, .. } => {
                ends |= partitions.iter().any(|position| position.offset == LATEST);
                starts |= partitions.iter().any(|position| position.offset == EARLIEST);
            }
            _ => {}
        }
    }
    // What was not read may be any request.
    let blind = traffic.blind(&[Api::FETCH, Api::JOIN_GROUP, Api::CONSUMER_GROUP_HEARTBEAT]).is_some();
    match (joined, fetched) {
        (None, None) if !blind => Silence::new(
            "the program runs and talks to Kafka, but it neither asked to join a group nor to read a partition: subscribe() to the topic in KAFKA_TOPIC, \
             then call poll() in a loop (a consumer joins its group inside poll)",
            Subject::Subscription,
        ),
        (Some((group, at)), None) if !blind => Silence::new(
            format!(
                "the program asked to join group {group} at {}, and has asked for no record since: call poll() in a loop, and read what the group gives it",
                seconds(at)
            ),
            Subject::Polling,
        ),
        (_, Some(at)) => reading(view, &traffic, at, &topics, ends && !starts),
        _ => Silence { cause: "the program runs, but posts nothing to SINK_URL".to_owned(), about: None },
    }
}

/// It reads: from where, and which topic.
fn reading(view: &View<'_>, traffic: &Traffic<'_>, since: u64, topics: &BTreeSet<&str>, from_the_end: bool) -> Silence {
    let since = seconds(since);
    // A topic that is known by its id alone may be the right one.
    let written = |topic: &&str| topic.starts_with("id:") || view.timeline.topic(topic).is_some_and(|topic| !topic.produced.is_empty());
    if !topics.is_empty() && !topics.iter().any(written) {
        let names = topics.iter().copied().collect::<Vec<_>>().join(", ");
        let cause = format!("the program reads topic {names} since {since}, to which the grader wrote nothing: the topic's name is in KAFKA_TOPIC");
        return Silence { cause, about: None };
    }
    if from_the_end {
        let client = traffic.instances().first().map_or(Client::Other, |instance| Client::of(view, instance));
        let (setting, earliest) = client.reset();
        let cause = format!(
            "the program reads since {since}, but from the end of the topic: it asked Kafka for the end offset (ListOffsets, latest) and began there. \
             A group without committed offsets begins where `{setting}` says, and that is the end unless you set it: {earliest}"
        );
        return Silence::new(cause, Subject::OffsetReset);
    }
    let cause = format!(
        "the program reads from Kafka since {since}, but posts nothing to SINK_URL: what becomes of a record between poll() and the POST? \
         A loop that waits for a full batch, or drops what it does not expect, looks like this"
    );
    Silence { cause, about: None }
}
