//! Who goes on, and when; or why nobody does.

use crate::kinds::testing::{Story, assert_says};
use crate::timeline::event::Signal;
use crate::timeline::wire::Request;

const OF_FIRST: &str = "takeover: { group: g, topic: t, of: first, within: 5s }";
const OF_ANY: &str = "takeover: { group: g, topic: t, within: 5s }";

/// The first has partition 0 (odd events), the second partition 1 (even events).
fn story() -> Story {
    let story = Story::new().produce("events").start("first").start("second");
    story.member("first", "m1", &[0]).member("second", "m2", &[1]).deliver("first", [1]).deliver("second", [2])
}

fn killed(story: Story) -> Story {
    story.signal("first", Signal::Kill).dies("first", 9)
}

#[test]
fn the_time_from_the_end_to_the_first_delivery_is_told() {
    for yaml in [OF_FIRST, OF_ANY] {
        let taken = killed(story()).later(1200).deliver("second", [3]);
        assert_says(&taken, yaml, "holds (1)", &["`second` took over from `first` 1.2 s after it was ended by SIGKILL (first delivery from partition 0)"]);
        assert_says(&killed(story()).later(1200).deliver("second", [4]), yaml, "not yet: nobody took over the partitions of `first`", &["has partitions 0 within 5 s"]);
        assert_says(&killed(story()).later(5100).deliver("second", [3]), yaml, "violated: nobody took over the partitions of `first`", &["1 instance is still running"]);
        assert_says(&killed(story()).later(6000).begin("second", 4), yaml, "violated: nobody took over", &[]);
    }
    let slower = killed(story()).later(6000).begin("second", 4).stretched(2.0);
    assert_says(&slower, OF_FIRST, "not yet: nobody took over", &["within 10 s"]);
}

#[test]
fn who_took_over_may_have_work_of_its_own_to_finish_first() {
    let taken = killed(story()).later(1200).member("second", "m2", &[0, 1]).later(6000).deliver("second", [4]);
    assert_says(&taken, OF_FIRST, "not yet: nobody took over", &[]);
    assert_says(&taken.deliver("second", [3]), OF_FIRST, "holds (1)", &["7.2 s after it was ended by SIGKILL"]);
    let too_late = killed(story()).later(6000).member("second", "m2", &[0, 1]).deliver("second", [3]);
    assert_says(&too_late, OF_FIRST, "violated: nobody took over", &[]);
    let of_others = killed(story()).later(1200).member("second", "m2", &[1]).later(6000).deliver("second", [3]);
    assert_says(&of_others, OF_FIRST, "violated: nobody took over", &[]);
}

#[test]
fn without_an_end_or_partitions_there_is_nothing_to_take_over() {
    assert_says(&story(), OF_FIRST, "not yet: `first` is still running", &[]);
    assert_says(&story(), OF_ANY, "not shown: no instance has ended", &[]);
    let idle = Story::new().produce("events").start("first").member("first", "m1", &[]);
    assert_says(&killed(idle), OF_FIRST, "not shown: `first` had no partition of t when it ended", &[]);
    let gone_before = story().member("first", "m1", &[]);
    assert_says(&killed(gone_before).deliver("second", [3]), OF_FIRST, "not shown", &[]);
}

#[test]
fn why_nobody_does() {
    let over = |story: Story| story.later(5100).look(crate::timeline::event::Phase::Expecting);
    let stopped = |story: Story| over(story.signal("first", Signal::Term).exit("first", 0));
    assert_says(&stopped(story()), OF_FIRST, "violated: nobody took over", &["`first` ended without leaving its group", "call the consumer's close()"]);
    assert_says(&over(story().signal("first", Signal::Term).dies("first", 15)), OF_FIRST, "violated", &["without a handler"]);
    assert_says(&stopped(story().leave("first", "m1")), OF_FIRST, "violated", &["the place of `first` is free"]);
    let fixed = Request::JoinGroup {
        group: "g".into(),
        member: "m1".into(),
        instance_id: Some("host-1".into()),
        session_timeout_ms: 45_000,
        rebalance_timeout_ms: 300_000,
        assignors: Vec::new(),
    };
    let fixed = story().ask("first", fixed).reply("first", crate::kinds::testing::wire::joined("m1", 2, "range"));
    assert_says(&stopped(fixed), OF_FIRST, "violated", &["static member (group.instance.id is set)"]);
}
