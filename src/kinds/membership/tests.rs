//! Joining, leaving, assignors and rebalances, in both protocols.

use crate::kinds::testing::wire::{fetch, heartbeat, join, joined, place};
use crate::kinds::testing::{Story, assert_says};
use crate::timeline::event::Signal;
use crate::timeline::wire::{Api, Request, Response};

const JOINED: &str = "membership: { group: g, by: first, joined: true }";
const BY_HAND: &str = "membership: { group: g, by: first, joined: false }";
const LEFT: &str = "membership: { group: g, by: first, left: true }";
const STICKY: &str = "membership: { group: g, assignor: cooperative-sticky }";
const CLASSIC: &str = "membership: { group: g, protocol: classic }";
const CONSUMER: &str = "membership: { group: g, protocol: consumer }";
const STEADY: &str = "membership: { group: g, rebalances: { at_most: 0 } }";
const ONE: &str = "membership: { group: g, members: { exactly: 1 } }";

fn story() -> Story {
    Story::new().start("first")
}

fn member(story: Story, id: &str, assignor: &str) -> Story {
    story.ask("first", join(id, &["range", assignor])).reply("first", joined(id, 1, assignor)).exchange("first", fetch(&[0]))
}

fn leave(story: Story, id: &str) -> Story {
    story.exchange("first", Request::LeaveGroup { group: "g".into(), members: vec![id.into()] })
}

fn beat(story: Story, epoch: i32, assigned: Option<Vec<crate::timeline::wire::Place>>) -> Story {
    story.ask("first", heartbeat(epoch)).reply("first", Response::ConsumerGroupHeartbeat { error: 0, member: Some("m".into()), epoch: 1, assigned })
}

#[test]
fn joined_or_assigned_by_hand() {
    for yaml in [JOINED, BY_HAND, LEFT] {
        assert_says(&story(), yaml, "not shown: no request of `first` was seen on the wire", &[]);
    }
    let reads = || story().exchange("first", fetch(&[0]));
    assert_says(&reads(), BY_HAND, "holds (1)", &[]);
    assert_says(&reads(), JOINED, "not yet: `first` did not become a member of group g", &["another group id"]);
    assert_says(&reads().unread("first", Api::JOIN_GROUP), BY_HAND, "not shown", &[]);
    assert_says(&reads().unread("first", Api::JOIN_GROUP), JOINED, "not shown", &[]);
    assert_says(&reads().unread("first", Api::FETCH), BY_HAND, "holds", &[]);
    let only_asked = story().exchange("first", Request::FindCoordinator { transaction: false, keys: vec!["g".into()] });
    assert_says(&only_asked, BY_HAND, "not shown: `first` read nothing so far", &[]);
    assert_says(&member(story(), "m", "range"), JOINED, "holds (1)", &[]);
    assert_says(&member(story(), "m", "range"), BY_HAND, "violated: `first` asked to join group g", &["use assign()", "JoinGroup at"]);
    // MEMBER_ID_REQUIRED: the first of two rounds, no membership yet.
    let first_round = Response::JoinGroup { error: 79, generation: -1, member: "m".into(), leader: "".into(), assignor: None };
    let asked = reads().ask("first", join("", &["range"])).reply("first", first_round);
    assert_says(&asked, JOINED, "not yet", &[]);
    assert_says(&asked, BY_HAND, "violated", &[]);
    assert_says(&member(asked, "m", "range"), ONE, "holds (1)", &[]);
    assert_says(&beat(story(), 0, None), JOINED, "holds (1)", &[]);
    let other = story().ask("first", join("m", &["range"])).reply("first", joined("m", 1, "range"));
    assert_says(&other, "membership: { group: other, joined: true }", "not yet", &[]);
}

#[test]
fn leaving() {
    let inside = || member(story(), "m", "range");
    assert_says(&inside(), LEFT, "not yet: `first` is still a member of group g", &[]);
    assert_says(&leave(inside(), "m"), LEFT, "holds", &[]);
    assert_says(&leave(inside(), "m").exit("first", 0), LEFT, "holds", &[]);
    assert_says(&leave(inside(), "other").exit("first", 0), LEFT, "violated: `first` ended at 0.0", &["without leaving group g", "close the consumer before the program ends"]);
    assert_says(&inside().signal("first", Signal::Term).dies("first", 15), LEFT, "violated", &["was ended by SIGTERM: without a handler"]);
    assert_says(&inside().signal("first", Signal::Kill).dies("first", 9), LEFT, "holds", &[]);
    assert_says(&inside().exit("first", 0).unread("first", Api::LEAVE_GROUP), LEFT, "not shown", &[]);
    // One membership after the other, the last one left open.
    let again = member(leave(inside(), "m"), "n", "range").exit("first", 0);
    assert_says(&again, LEFT, "violated", &[]);
    let by_hand = story().exchange("first", fetch(&[0])).exit("first", 0);
    assert_says(&by_hand, LEFT, "holds (1)", &["was never a member of group g: there was nothing to leave"]);
    let new = || beat(story(), 0, Some(vec![place(0)]));
    assert_says(&new().exit("first", 0), LEFT, "violated", &[]);
    for epoch in [-1, -2] {
        assert_says(&beat(new(), epoch, None).exit("first", 0), LEFT, "holds", &[]);
    }
    let fixed = |mut request: Request| {
        if let Request::JoinGroup { instance_id, .. } = &mut request {
            *instance_id = Some("static-1".into());
        }
        story().ask("first", request).reply("first", joined("m", 1, "range")).exit("first", 0)
    };
    assert_says(&fixed(join("m", &["range"])), LEFT, "violated", &["it is a static member (group.instance.id)"]);
}

#[test]
fn assignors_and_protocols() {
    assert_says(&member(story(), "m", "cooperative-sticky"), STICKY, "holds (1)", &[]);
    assert_says(&member(story(), "m", "range"), STICKY, "not yet: group g shares its partitions out by `range`, not by `cooperative-sticky`", &["`first` offered `range`, `range`"]);
    assert_says(&beat(story(), 0, None), STICKY, "not shown: which assignor group g uses was not told", &[]);
    assert_says(&member(story(), "m", "range"), CLASSIC, "holds (1)", &[]);
    assert_says(&member(story(), "m", "range"), CONSUMER, "violated: `first` took part in group g by the classic protocol, not the consumer one", &[]);
    assert_says(&beat(story(), 0, None), CONSUMER, "holds (1)", &[]);
    assert_says(&beat(story(), 0, None), CLASSIC, "violated", &[]);
}

#[test]
fn rebalances_and_members() {
    let once = || member(story(), "m", "range");
    assert_says(&once(), STEADY, "holds (1)", &[]);
    assert_says(&member(once(), "m", "range"), STEADY, "violated: your program had 1 rebalance of group g", &["`first` was rebalanced at"]);
    assert_says(&once().unread("first", Api::JOIN_GROUP), STEADY, "not shown", &[]);
    assert_says(&member(once(), "n", "range"), ONE, "violated: your program had 2 memberships of group g", &[]);
    assert_says(&once(), "membership: { group: g, members: { at_least: 2 } }", "not yet: your program had 1 membership", &[]);
    let assigned = || beat(beat(story(), 0, None), 1, Some(vec![place(0)]));
    assert_says(&assigned(), STEADY, "holds (1)", &[]);
    assert_says(&beat(assigned(), 1, None), STEADY, "holds (1)", &[]);
    assert_says(&beat(assigned(), 1, Some(vec![place(0), place(1)])), STEADY, "violated: your program had 1 rebalance", &[]);
}
