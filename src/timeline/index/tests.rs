//! What the index makes of events in their order.

use super::super::payload::Payload;
use std::collections::BTreeMap;

use super::super::event::{Event, What};
use super::super::group::Ahead;
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
