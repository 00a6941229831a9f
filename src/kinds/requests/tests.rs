//! Requests by their contents, and what may not be concluded when some were not seen.

use crate::kinds::testing::wire::{batch, fetch, join, joined, offset_commit, produce};
use crate::kinds::testing::{Story, assert_says};
use crate::timeline::event::What;
use crate::timeline::wire::{Api, FaultUse, Foreign, Request, Response};

const ACKS: &str = "requests: { by: first, of: { api: [Produce], topic: t }, every: { acks: -1 } }";
const NO_JOIN: &str = "requests: { by: first, of: { api: [JoinGroup, ConsumerGroupHeartbeat] }, none: true }";
const JOIN: &str = "requests: { of: { api: [JoinGroup] } }";
const FETCHES: &str = "requests: { of: { api: [Fetch], topic: t }, every: { only_partitions: [0, 2] } }";

fn story() -> Story {
    Story::new().start("first")
}

#[test]
fn nothing_seen_shows_nothing() {
    for yaml in [ACKS, NO_JOIN, "requests: { by: first, of: {}, count: { at_most: 3 } }"] {
        assert_says(&Story::new(), yaml, "not shown: `first` was not started", &[]);
        assert_says(&story(), yaml, "not shown: no request of `first` was seen on the wire: it may connect elsewhere than KAFKA_BOOTSTRAP_SERVERS", &[]);
        assert_says(&story().connect("first"), yaml, "not shown: `first` connected, but no request of it could be read", &[]);
        let tls = story().connect("first").then(What::NotKafka { connection: 1, speaks: Foreign::Tls });
        assert_says(&tls, yaml, "not shown: `first` speaks TLS to a plaintext listener", &["security.protocol"]);
    }
    assert_says(&story(), JOIN, "not shown: no request of your program was seen", &[]);
}

#[test]
fn every_produce_has_these_acks() {
    let sent = |acks| story().exchange("first", produce(acks, vec![batch(3, |_| {})]));
    assert_says(&sent(-1), ACKS, "holds (1)", &[]);
    assert_says(&sent(-1).exchange("first", fetch(&[0])), ACKS, "holds (1)", &[]);
    assert_says(&sent(-1).exchange("first", produce(1, vec![batch(3, |_| {})])), ACKS, "violated: `first` sent 2 Produce requests about topic t, and 1 of them is not with acks=-1", &["Produce at 0.0", "client id \"rdkafka\"", "connection 1 to broker 1"]);
    // Another topic, another instance: not meant.
    let elsewhere = produce(1, vec![batch(3, |batch| batch.topic = "other".into())]);
    assert_says(&sent(-1).exchange("first", elsewhere), ACKS, "holds (1)", &[]);
    assert_says(&sent(-1).start("second").exchange("second", produce(1, vec![batch(1, |_| {})])), ACKS, "holds (1)", &[]);
    assert_says(&story().exchange("first", fetch(&[0])), ACKS, "not shown: `first` sent no Produce request about topic t that could be judged", &[]);
    assert_says(&sent(-1).unread("first", Api::PRODUCE), ACKS, "not shown: 1 frame that `first` exchanged could not be read", &[]);
    assert_says(&sent(-1).unread("first", Api::FETCH), ACKS, "holds (1)", &[]);
    assert_says(&sent(-1).spared("first", Api::PRODUCE, 70), ACKS, "not shown: of 70 frames that `first` exchanged only the number was kept", &[]);
    // Counter-evidence stands, whatever else was not read.
    assert_says(&sent(1).unread("first", Api::PRODUCE), ACKS, "violated: `first` sent 1 Produce request about topic t, and 1 of them is not", &[]);
}

#[test]
fn none_of_a_kind() {
    let reads = || story().exchange("first", fetch(&[0]));
    assert_says(&reads(), NO_JOIN, "holds (1)", &[]);
    assert_says(&reads().unread("first", Api::FETCH), NO_JOIN, "holds", &[]);
    assert_says(&reads().unread("first", Api::JOIN_GROUP), NO_JOIN, "not shown", &[]);
    assert_says(&reads().exchange("first", join("", &["range"])), NO_JOIN, "violated: `first` sent 1 JoinGroup or ConsumerGroupHeartbeat request", &["JoinGroup at", "expected no JoinGroup"]);
    // As `never` uses it: a request that came is what holds.
    assert_says(&reads(), JOIN, "not yet: your program sent no JoinGroup request", &[]);
    let asked = reads().ask("first", join("", &["range"]));
    assert_says(&asked, JOIN, "holds (1)", &[]);
    let crate::kinds::Answer::Holds(evidence) = asked.judge(JOIN) else { panic!("it holds") };
    assert!(evidence.witnesses[0].starts_with("JoinGroup at 0.0"), "{:?}", evidence.witnesses);
}

#[test]
fn partitions() {
    assert_says(&story().exchange("first", fetch(&[0, 2])), FETCHES, "holds (1)", &[]);
    assert_says(&story().exchange("first", fetch(&[2])), FETCHES, "holds (1)", &[]);
    assert_says(&story().exchange("first", fetch(&[0, 1, 2])), FETCHES, "violated", &["about no partition but 0, 2"]);
    let one = "requests: { of: { api: [Fetch], topic: t, partition: 1 }, none: true }";
    assert_says(&story().exchange("first", fetch(&[0, 1])), one, "violated", &[]);
    assert_says(&story().exchange("first", fetch(&[0, 2])), one, "holds (1)", &[]);
}

#[test]
fn numbers() {
    let twice = || story().exchange("first", offset_commit(&[(0, 1)])).exchange("first", offset_commit(&[(0, 2)]));
    let of = |amount: &str| format!("requests: {{ of: {{ api: [OffsetCommit], group: g }}, count: {{ {amount} }} }}");
    for (amount, begins) in [
        ("at_least: 2", "holds (2)"),
        ("at_least: 3", "not yet: your program sent 2 OffsetCommit request"),
        ("exactly: 2", "holds (2)"),
        ("exactly: 1", "violated: your program sent 2"),
        ("at_most: 1", "violated"),
        ("at_most: 2", "holds (2)"),
    ] {
        assert_says(&twice(), &of(amount), begins, &[]);
    }
    assert_says(&twice().unread("first", Api::OFFSET_COMMIT), &of("at_least: 2"), "holds (2)", &[]);
    assert_says(&twice().unread("first", Api::OFFSET_COMMIT), &of("at_least: 3"), "not shown", &[]);
    assert_says(&twice().unread("first", Api::OFFSET_COMMIT), &of("at_most: 2"), "not shown", &[]);
    assert_says(&twice(), "requests: { of: { api: [OffsetCommit], group: other } }", "not yet", &[]);
}

#[test]
fn answers() {
    let fenced = "requests: { of: { api: [EndTxn] }, answered: PRODUCER_FENCED }";
    let end = || Request::EndTxn { transactional_id: "x".into(), producer_id: 1, producer_epoch: 0, commit: true };
    assert_says(&story().exchange("first", end()), fenced, "not yet: your program sent no EndTxn request, answered with PRODUCER_FENCED", &[]);
    let refused = story().ask("first", end()).reply("first", Response::Plain { error: 90 });
    assert_says(&refused, fenced, "holds (1)", &[]);
    assert_says(&refused, "requests: { of: { api: [EndTxn] }, answered: NONE, none: true }", "holds", &[]);
    let changed = story().exchange("first", end()).fault("first", FaultUse::Replaced(90));
    assert_says(&changed, fenced, "holds (1)", &[]);
    let lost = story().exchange("first", end()).fault("first", FaultUse::ResponseDropped);
    assert_says(&lost, "requests: { of: { api: [EndTxn] }, answered: NONE }", "not yet", &[]);
    assert_says(&story().ask("first", join("", &["range"])).reply("first", joined("m", 1, "range")), "requests: { of: { api: [JoinGroup] }, answered: NONE }", "holds", &[]);
}
