//! What the index makes of events in their order.

use super::super::payload::Payload;
use std::collections::BTreeMap;

use super::super::event::{Event, What};
use super::super::group::Ahead;
use super::super::wire::{Api, Coded, FaultUse, Position, Request, Response, Side};
use super::Timeline;

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
    assert_eq!(seen(&timeline), vec![Ahead { at: 10, partition: 0, committed: 3, frontier: 2, commit: None }]);
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

fn connected(connection: u64, instance: &str) -> What {
    What::Connected { connection, instance: instance.into(), node: 1 }
}

fn requested(connection: u64, correlation: i32, api: Api, request: Request) -> What {
    What::Requested { connection, correlation, api, version: 9, client: Some("rdkafka".into()), bytes: 80, request }
}

fn commits(connection: u64, correlation: i32, offset: i64) -> What {
    let offsets = vec![Position { topic: "t".into(), partition: 0, offset }];
    let request = Request::OffsetCommit { group: "g".into(), member: "m".into(), instance_id: None, generation: 1, offsets };
    requested(connection, correlation, Api::OFFSET_COMMIT, request)
}

fn commit_answered(connection: u64, correlation: i32, error: i16) -> What {
    let response = Response::Partitions { partitions: vec![Coded { topic: "t".into(), partition: 0, error }] };
    What::Responded { connection, correlation, bytes: 30, response }
}

fn told(events: Vec<What>) -> Timeline {
    let mut timeline = Timeline::default();
    for (time, what) in events.into_iter().enumerate() {
        timeline.append(at(time as u64, what));
    }
    timeline
}

#[test]
fn a_commit_on_the_wire_is_measured_at_its_request_and_counts_when_the_broker_took_it() {
    let story = |error| {
        told(vec![
            connected(7, "c/first"),
            produced(0, Some("e-1")),
            begun(1, "e-1"),
            commits(7, 3, 1),
            What::DeliveryAnswered { delivery: 1, status: 200 },
            commit_answered(7, 3, error),
            // The state that a look shows now is no news: the wire told it better.
            offsets(1),
        ])
    };
    let timeline = story(0);
    let known = &timeline.group("g").unwrap().offsets["t"];
    assert_eq!(known.ahead, vec![Ahead { at: 3, partition: 0, committed: 1, frontier: 0, commit: Some(0) }]);
    let commit = &known.commits[0];
    assert!(commit.is_ahead() && commit.accepted());
    assert_eq!((commit.at, commit.first_due, commit.frontier, commit.answered), (3, Some(0), 0, Some((5, 0))));
    assert_eq!(&*commit.instance, "c/first");

    // UNKNOWN_MEMBER_ID: nothing was committed, so nothing is lost.
    let timeline = story(25);
    assert_eq!(timeline.group("g").unwrap().offsets["t"].ahead, vec![]);
}

#[test]
fn a_commit_after_the_delivery_was_answered_is_not_ahead() {
    let timeline = told(vec![
        connected(7, "c/first"),
        produced(0, Some("e-1")),
        begun(1, "e-1"),
        What::DeliveryAnswered { delivery: 1, status: 200 },
        commits(7, 3, 1),
        commit_answered(7, 3, 0),
    ]);
    let known = &timeline.group("g").unwrap().offsets["t"];
    assert_eq!(known.ahead, vec![]);
    assert_eq!((known.commits[0].first_due, known.commits[0].frontier), (None, 1));
}

#[test]
fn a_look_that_came_before_the_answer_gives_way_to_the_moment_on_the_wire() {
    let timeline = told(vec![
        connected(7, "c/first"),
        produced(0, Some("e-1")),
        begun(1, "e-1"),
        commits(7, 3, 1),
        offsets(1),
        commit_answered(7, 3, 0),
    ]);
    assert_eq!(
        timeline.group("g").unwrap().offsets["t"].ahead,
        vec![Ahead { at: 3, partition: 0, committed: 1, frontier: 0, commit: Some(0) }]
    );
}

#[test]
fn answers_find_their_requests_by_connection_and_correlation_id() {
    let metadata = || Request::Metadata { topics: None, create: false };
    let timeline = told(vec![
        connected(1, "c/first"),
        connected(2, "c/second"),
        requested(1, 5, Api::METADATA, metadata()),
        requested(2, 5, Api::METADATA, metadata()),
        What::Responded { connection: 2, correlation: 5, bytes: 9, response: Response::Other },
        What::FaultUsed { check: "c".into(), fault: "f".into(), connection: 2, correlation: Some(5), did: FaultUse::ResponseDropped },
        What::Disconnected { connection: 2, by: Side::Tap, reason: None },
        // The same id again: the first one keeps its answer.
        requested(1, 6, Api::METADATA, metadata()),
        What::Responded { connection: 1, correlation: 9, bytes: 9, response: Response::Other },
    ]);
    let first: Vec<_> = timeline.exchanges("c/first").collect();
    assert_eq!(
        first.iter().map(|exchange| (exchange.correlation, exchange.response.is_some())).collect::<Vec<_>>(),
        [(5, false), (6, false)]
    );
    let second: Vec<_> = timeline.exchanges("c/second").collect();
    assert_eq!(second.len(), 1);
    assert_eq!(second[0].response.map(|(at, _)| at), Some(4));
    assert_eq!(second[0].faults, [(5, FaultUse::ResponseDropped)]);
    assert_eq!(second[0].connection.closed, Some((6, Side::Tap)));
    assert_eq!(timeline.connections("c/second").count(), 1);
}
