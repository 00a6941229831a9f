//! Offsets ahead of what was delivered, behind it, and where they should be.

use crate::kinds::testing::{Story, assert_says, bad, event};
use crate::kinds::testing::wire::{offset_commit, positions};
use crate::timeline::event::{Signal, What};
use crate::timeline::wire::Request;

const AT_MOST: &str = "committed: { group: g, topic: t, at_most: delivered }";
const EQUALS: &str = "committed: { group: g, topic: t, equals: delivered }";
const COVERS: &str = "committed: { group: g, topic: t, covers: delivered }";
const PAST: &str = "committed: { group: g, topic: t, past: bad }";
const ANY: &str = "committed: { group: g, topic: t, any: true }";

/// Three events on each partition, no commit yet.
fn story() -> Story {
    Story::new().reset().produce("events").start("first")
}

/// Two bad records on partition 1, at offsets 3 and 4.
fn with_bad() -> Story {
    story().data("bad", bad(&["cut JSON", "empty value"])).produce("bad")
}

#[test]
fn never_looked_at_or_never_moved() {
    assert_says(&story(), AT_MOST, "not shown: the offsets of group g were never looked at", &[]);
    assert_says(&story().offsets(&[(0, 0), (1, 0)]), AT_MOST, "holds (0)", &[]);
    assert_says(&story().offsets(&[(0, 0), (1, 0)]), ANY, "not yet: group g has committed nothing", &["your program did not commit in that time"]);
    let none = story().deliver("first", 1..=6).offsets(&[(0, 0), (1, 0)]);
    for spec in [EQUALS, COVERS] {
        assert_says(&none, spec, "not yet: group g has committed nothing", &["partition 0: offset 0 committed, 3 is due"]);
    }
    let unset = Story::new().produce("events").start("first").deliver("first", 1..=6).offsets(&[]);
    assert_says(&unset, EQUALS, "not yet: group g has committed nothing", &["partition 0: nothing committed, 3 is due"]);
    let crashed = story().line("first", "NameError").exit("first", 1).offsets(&[(0, 0), (1, 0)]);
    assert_says(&crashed, ANY, "not yet", &["cause `first` ended with exit code 1", "NameError"]);
}

#[test]
fn a_program_that_commits_as_another_group() {
    let other = || Request::OffsetCommit { group: "reporting".into(), member: "m".into(), instance_id: None, generation: 1, offsets: positions(&[(0, 3)]) };
    let elsewhere = story().deliver("first", 1..=6).ask("first", other()).committed("first", &[(0, 3)], 0).offsets(&[(0, 0), (1, 0)]);
    for spec in [ANY, EQUALS] {
        assert_says(&elsewhere, spec, "not yet: group g has committed nothing", &["cause your program does commit, but as group reporting"]);
    }
    let refused = story().deliver("first", 1..=6).ask("first", other()).committed("first", &[(0, 3)], 22).offsets(&[(0, 0), (1, 0)]);
    assert_says(&refused, ANY, "not yet: group g has committed nothing", &["!reporting"]);
}

#[test]
fn a_look_from_before_the_grader_set_the_offsets_moves_nothing() {
    let late = What::OffsetsSeen { group: "g".into(), topic: "t".into(), asked: 0, offsets: std::collections::BTreeMap::new() };
    let told = story().deliver("first", 1..=6).then(late).offsets(&[(0, 0), (1, 0)]);
    assert_says(&told, EQUALS, "not yet: group g has committed nothing", &[]);
}

#[test]
fn commits_that_the_broker_refused() {
    let refused = |story: Story| story.ask("first", offset_commit(&[(0, 3)])).committed("first", &[(0, 3)], 22).offsets(&[(0, 0), (1, 0)]);
    let words = "your program did commit, but the broker refused it at 0.0";
    assert_says(&refused(story().deliver("first", 1..=6)), EQUALS, "not yet: group g has committed nothing", &[words, "ILLEGAL_GENERATION (22)"]);
    assert_says(&refused(story().deliver("first", 1..=6)), ANY, "not yet: group g has committed nothing", &[words]);
}

#[test]
fn commits_that_a_slow_broker_has_not_answered() {
    let sent = |offset| story().deliver("first", 1..=4).ask("first", offset_commit(&[(0, offset), (1, 2)])).offsets(&[(0, 0), (1, 0)]);
    for spec in [EQUALS, COVERS, ANY] {
        assert_says(&sent(2), spec, "holds (1)", &[]);
        assert_says(&sent(2).committed("first", &[(0, 2), (1, 2)], 0), spec, "holds (1)", &[]);
    }
    for spec in [EQUALS, COVERS] {
        assert_says(&sent(2).committed("first", &[(0, 2), (1, 2)], 22), spec, "not yet: group g has committed nothing", &["refused it"]);
        let seen = sent(2).committed("first", &[(0, 2), (1, 2)], 0).offsets(&[(0, 0), (1, 2)]);
        assert_says(&seen, spec, "not yet: what was delivered is not committed", &["partition 0: offset 0 committed, 2 is due", "!partition 1"]);
        assert_says(&sent(2).disconnect("first"), spec, "not yet: group g has committed nothing", &["partition 0: offset 0 committed, 2 is due"]);
    }
    assert_says(&sent(0), COVERS, "not yet", &["partition 0: offset 0 committed, 2 is due", "!partition 1"]);
    assert_says(&sent(3), EQUALS, "not yet", &["partition 0: offset 3 committed, 2 is due"]);
    let bad = with_bad().deliver("first", 1..=6).ask("first", offset_commit(&[(0, 3), (1, 5)])).offsets(&[(0, 3), (1, 3)]);
    assert_says(&bad, PAST, "holds (1)", &[]);
}

#[test]
fn where_it_should_be_and_one_off() {
    let offsets = |p0, p1| story().deliver("first", 1..=4).offsets(&[(0, p0), (1, p1)]);
    for spec in [EQUALS, COVERS, AT_MOST, ANY] {
        assert_says(&offsets(2, 2), spec, "holds (1)", &[]);
    }
    assert_says(&offsets(1, 1), EQUALS, "not yet: the committed offset is that of the last delivered event", &["the next one to read: that of the delivered event plus one"]);
    assert_says(&offsets(1, 1), COVERS, "holds (1)", &[]);
    assert_says(&offsets(1, 2), EQUALS, "not yet: the committed offset is that of the last", &["partition 0: offset 1 committed, 2 is due", "!partition 1"]);
    assert_says(&offsets(0, 1), EQUALS, "not yet: what was delivered is not committed", &["or also when input pauses"]);
    assert_says(&offsets(0, 1), COVERS, "not yet: what was delivered is not committed", &["partition 0: offset 0 committed, 2 is due", "!partition 1"]);
    assert_says(&offsets(3, 2), EQUALS, "not yet: an offset was committed beyond the last delivered event", &["partition 0: offset 3 committed, 2 is due"]);
    assert_says(&offsets(3, 2), AT_MOST, "violated: offset 3 of partition 0 was committed while event e-000005 (offset 2) had not been delivered at all", &[]);
    let untouched = story().deliver("first", [1, 3, 5]).offsets(&[(0, 3), (1, 0)]);
    assert_says(&untouched, EQUALS, "holds (1)", &[]);
    let beyond = story().deliver("first", [1, 3, 5]).offsets(&[(0, 3), (1, 1)]);
    assert_says(&beyond, EQUALS, "not yet: an offset was committed beyond", &["partition 1: offset 1 committed, 0 is due"]);
}

#[test]
fn what_was_right_when_it_was_committed_is_not_one_less() {
    let commit = |story: Story, offset| story.ask("first", offset_commit(&[(0, offset)])).committed("first", &[(0, offset)], 0);
    let stopped = |story: Story| story.signal("first", Signal::Term).exit("first", 0).offsets(&[(0, 1), (1, 0)]);
    // Offset 1 after one delivery, and one delivery more: nothing was committed since.
    let left = stopped(commit(story().deliver("first", [1]), 1).deliver("first", [3]));
    assert_says(&left, EQUALS, "not yet: what was delivered is not committed", &["cause `first` committed last at 0.0", "before you close the consumer"]);
    // Offset 1 after two deliveries.
    let less = stopped(commit(story().deliver("first", [1, 3]), 1));
    assert_says(&less, EQUALS, "not yet: the committed offset is that of the last delivered event", &["the next one to read: that of the delivered event plus one"]);
}

#[test]
fn a_gap_stops_the_frontier() {
    let gap = || story().begin("first", 1).deliver("first", [3, 5]);
    assert_says(&gap().offsets(&[(0, 0), (1, 0)]), EQUALS, "holds (0)", &[]);
    let words = "violated: offset 3 of partition 0 was committed while event e-000001 (offset 0) was still being delivered";
    assert_says(&gap().offsets(&[(0, 3), (1, 0)]), AT_MOST, words, &["later events of the partition were delivered first", "a crash at that moment loses it"]);
}

#[test]
fn ahead_of_a_held_event() {
    let held = || story().deliver("first", 1..=2).begin("first", 3);
    assert_says(&held().offsets(&[(0, 1), (1, 1)]), AT_MOST, "holds (1)", &[]);
    let words = "violated: offset 2 of partition 0 was committed while event e-000003 (offset 1) was still being delivered (its delivery began at 0.0";
    assert_says(&held().offsets(&[(0, 2), (1, 1)]), AT_MOST, words, &["expected group g commits at most offset 1 there", "committed before the POST was answered"]);
    assert_says(&held().offsets(&[(0, 3), (1, 1)]), AT_MOST, "violated", &["covers what was read, not only what was delivered", "offset + 1"]);
    let timer = held().later(4_000).offsets(&[(0, 2), (1, 1)]);
    assert_says(&timer, AT_MOST, "violated", &["by itself, on a timer", "enable.auto.commit=false"]);
    // What is ahead once stays so, also when the event is delivered afterwards.
    assert_says(&held().offsets(&[(0, 2), (1, 1)]).answer(3, 200).offsets(&[(0, 2), (1, 1)]), AT_MOST, "violated", &["was still being delivered"]);
    assert_says(&held().answer(3, 200).offsets(&[(0, 2), (1, 1)]), AT_MOST, "holds (1)", &[]);
}

#[test]
fn ahead_of_an_event_that_was_refused_given_up_or_cut_off() {
    let passed = |story: Story| story.offsets(&[(0, 1), (1, 0)]);
    let refused = || story().begin("first", 1).answer(1, 503);
    let words = "violated: offset 1 of partition 0 was committed while event e-000001 (offset 0) was refused with 503 (at 0.0";
    assert_says(&passed(refused()), AT_MOST, words, &["!still being delivered", "and not delivered; after a restart it is never read again", "posted again until it is delivered, or left uncommitted"]);
    assert_says(&passed(refused().deliver("first", [3])), AT_MOST, "violated", &["refused with 503", "posted again"]);
    // A later one was committed: somebody went on, unless it was begun before, as another thread would.
    let two = |story: Story| story.offsets(&[(0, 2), (1, 0)]);
    assert_says(&two(refused().deliver("first", [3])), AT_MOST, "violated", &["posted again until it is delivered", "!several threads"]);
    let threads = story().begin("first", 1).begin("first", 3).answer(1, 503).answer(3, 200);
    assert_says(&two(threads), AT_MOST, "violated", &["refused with 503"]);
    // It is being tried again at that moment.
    assert_says(&passed(refused().begin("first", 1)), AT_MOST, "violated", &["was still being delivered"]);
    // Tried again and delivered.
    assert_says(&passed(refused().begin("first", 1).answer(1, 200)), AT_MOST, "holds (1)", &[]);
    assert_says(&passed(story().begin("first", 1).abandon(1)), AT_MOST, "violated", &["your program gave up its POST at 0.0", "a timeout or a broken connection is no delivery"]);
    let killed = story().begin("first", 1).signal("first", Signal::Kill).abandon(1).dies("first", 9);
    assert_says(&passed(killed), AT_MOST, "violated", &["its POST was cut off by the crash"]);
    // Another program of this check may have been the one that tried.
    assert_says(&passed(refused().start("second")), AT_MOST, "violated", &["refused with 503"]);
}

#[test]
fn bad_records() {
    let all = || with_bad().deliver("first", 1..=6);
    assert_says(&all().offsets(&[(0, 3), (1, 5)]), PAST, "holds (1)", &[]);
    assert_says(&all().offsets(&[(0, 3), (1, 6)]), PAST, "holds (1)", &[]);
    let stuck = all().offsets(&[(0, 3), (1, 3)]);
    assert_says(&stuck, PAST, "not yet: the commits do not pass the bad records", &["partition 1: offset 3 committed, 4 is due: the record at offset 3 is to be passed (cut JSON)"]);
    let at_second = all().offsets(&[(0, 3), (1, 4)]);
    assert_says(&at_second, PAST, "not yet: the commits do not pass", &["5 is due: the record at offset 4 is to be passed (empty value)"]);
    assert_says(&all().offsets(&[(0, 0), (1, 0)]), PAST, "not yet: group g has committed nothing", &["is past the bad records"]);
    // Behind the last event, bad records may be passed or not.
    for offset in [3, 4, 5] {
        assert_says(&all().offsets(&[(0, 3), (1, offset)]), EQUALS, "holds (1)", &[]);
        assert_says(&all().offsets(&[(0, 3), (1, offset)]), AT_MOST, "holds (1)", &[]);
    }
    assert_says(&all().offsets(&[(0, 3), (1, 6)]), EQUALS, "not yet: an offset was committed beyond", &[]);
}

#[test]
fn bad_records_before_an_event_are_passed_with_it() {
    let later = || story().data("bad", bad(&["cut JSON"])).produce("bad").data("more", crate::kinds::testing::events(7..=8)).produce("more");
    let behind = later().deliver("first", 1..=6).offsets(&[(0, 3), (1, 4)]);
    assert_says(&behind, AT_MOST, "holds (1)", &[]);
    let skipped = later().deliver("first", 1..=6).offsets(&[(0, 3), (1, 5)]);
    assert_says(&skipped, AT_MOST, &format!("violated: offset 5 of partition 1 was committed while event {} (offset 4) had not", event(8).id), &[]);
    assert_says(&later().deliver("first", 1..=8).offsets(&[(0, 4), (1, 5)]), EQUALS, "holds (1)", &[]);
}
