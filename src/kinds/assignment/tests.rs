//! Who has what, and what is said when that is not as it should be.

use crate::kinds::testing::wire::{fetch, join, joined};
use crate::kinds::testing::{Story, assert_says};
use crate::timeline::event::Signal;

const BOTH: &str = "assignment: { group: g, topic: t, among: [first, second], each: 1 }";
const EVEN: &str = "assignment: { group: g, topic: t, among: [first, second] }";
const ONE_IDLE: &str = "assignment: { group: g, topic: t, among: [first, second], each: 2, idle: 1 }";

/// Two instances, members `m1` and `m2`, and a topic of two partitions.
fn story() -> Story {
    Story::new().topic(Some(2)).start("first").start("second").member("first", "m1", &[0]).member("second", "m2", &[1])
}

#[test]
fn shares_by_the_coordinator_owners_by_the_wire() {
    assert_says(&Story::new(), BOTH, "not shown: group g and topic t were never looked at", &[]);
    let even = || story().shares("Stable", &[("m1", &[0]), ("m2", &[1])]);
    assert_says(&even(), BOTH, "holds (2)", &[]);
    assert_says(&even(), EVEN, "holds (2)", &[]);
    assert_says(&even(), ONE_IDLE, "not yet: the partitions are shared out otherwise: `first` 1, `second` 1", &["2 to each member, and 1 member without any"]);
    let all = || story().shares("Stable", &[("m1", &[0, 1]), ("m2", &[])]);
    assert_says(&all(), ONE_IDLE, "holds (2)", &[]);
    for yaml in [BOTH, EVEN] {
        assert_says(&all(), yaml, "not yet: the partitions are shared out otherwise: `first` 2, `second` 0", &["`second`: member m2 (client id rdkafka): no partition"]);
    }
}

#[test]
fn near_misses() {
    let rebalancing = story().shares("PreparingRebalance", &[("m1", &[0]), ("m2", &[1])]);
    assert_says(&rebalancing, BOTH, "not yet: group g is still sharing its partitions out (PreparingRebalance)", &[]);
    let twice = story().shares("Stable", &[("m1", &[0]), ("m2", &[0])]);
    assert_says(&twice, BOTH, "not yet: 1 of 2 partitions have one owner", &[]);
    let stranger = story().shares("Stable", &[("m1", &[0]), ("m2", &[1]), ("m3", &[])]);
    assert_says(&stranger, BOTH, "not yet: group g has 1 member more than there are running instances", &["member m3"]);
    let several = story().member("first", "m3", &[]).shares("Stable", &[("m1", &[0]), ("m2", &[1]), ("m3", &[])]);
    assert_says(&several, BOTH, "not yet: `first` alone is 2 members of group g", &["starts several consumers"]);
    assert_says(&story().shares("Stable", &[("m1", &[0, 1])]), BOTH, "not yet: `second` is no member of group g", &["it asked to join, and is not there"]);
}

#[test]
fn an_ended_instance_has_no_share_any_more() {
    let rest = |story: Story| story.shares("Stable", &[("m2", &[0, 1])]);
    let killed = rest(story().signal("first", Signal::Kill).dies("first", 9));
    assert_says(&killed, EVEN, "holds (2)", &[]);
    let crashed = rest(story().line("first", "KeyError: 'x'").exit("first", 1));
    assert_says(&crashed, EVEN, "not yet: `first` has ended", &["exit code 1", "KeyError"]);
    let frozen = rest(story().signal("first", Signal::Stop));
    assert_says(&frozen, EVEN, "not yet: `first` is no member of group g", &[]);
}

#[test]
fn why_an_instance_is_no_member() {
    let alone = |story: Story| story.topic(Some(2)).start("first").start("second").member("first", "m1", &[0, 1]);
    let none = |story: Story| story.shares("Stable", &[("m1", &[0, 1])]);
    assert_says(&none(alone(Story::new())), BOTH, "not yet: `second` is no member of group g", &["no request of `second` was seen"]);
    let assigned = alone(Story::new()).exchange("second", fetch(&[0]));
    assert_says(&none(assigned), BOTH, "not yet: `second` reads without being a member of group g", &["assign", "subscribe()"]);
    let other = crate::timeline::wire::Request::JoinGroup {
        group: "mine".into(),
        member: "".into(),
        instance_id: None,
        session_timeout_ms: 1,
        rebalance_timeout_ms: 1,
        assignors: Vec::new(),
    };
    let other = alone(Story::new()).ask("second", other).reply("second", joined("x", 1, "range"));
    assert_says(&none(other), BOTH, "not yet: `second` joined another group: mine, not g", &["KAFKA_GROUP_ID"]);
    let asked = alone(Story::new()).ask("second", join("", &["range"]));
    assert_says(&none(asked), BOTH, "not yet: `second` is no member of group g", &["it asked to join, and is not there"]);
    let idle = alone(Story::new()).connect_with("second", "kafka-python");
    assert_says(&none(idle), BOTH, "not yet: `second` is no member of group g", &["neither joins a group nor reads"]);
}

#[test]
fn members_that_come_and_go() {
    let again = |story: Story, id: &str| story.leave("second", id).member("second", &format!("{id}+"), &[]);
    let once = again(story(), "m2").shares("Stable", &[("m1", &[0, 1])]);
    assert_says(&once, BOTH, "not yet: `second` is no member", &["!Create the consumer once"]);
    let thrice = again(again(story(), "m2"), "m2+").leave("second", "m2++").shares("Stable", &[("m1", &[0, 1])]);
    assert_says(&thrice, BOTH, "violated: `second` joins group g and leaves it, again and again", &["joined the group 3 times and left it 3 times", "Create the consumer once"]);
    let asked = story().signal("second", Signal::Term).leave("second", "m2").shares("Stable", &[("m1", &[0, 1])]);
    assert_says(&asked, BOTH, "not yet: `second` is no member", &["!joined the group"]);
    // A client that gives its place up while its program is still at work.
    let busy = story().produce("events").deliver("second", [1]).begin("second", 2).leave("second", "m2").answer(2, 200);
    let back = |story: Story| story.member("second", "m4", &[]).deliver("second", [4]).shares("Stable", &[("m1", &[0, 1])]);
    assert_says(&back(busy.deliver("second", [3])), BOTH, "not yet: `second` is no member", &["had not polled for longer than max.poll.interval.ms"]);
    let closed = story().produce("events").deliver("second", 1..=2).leave("second", "m2");
    assert_says(&back(closed), BOTH, "not yet: `second` is no member", &["!max.poll.interval.ms"]);
}
