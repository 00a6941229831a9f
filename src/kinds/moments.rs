//! Which moment each kind names when something went wrong: what `kgrade timeline` marks.

use super::Answer;
use super::testing::Story;
use crate::outcome::Moment;
use crate::timeline::event::What;

const AT_MOST: &str = "committed: { group: g, topic: t, at_most: delivered }";
const COVERS: &str = "committed: { group: g, topic: t, covers: delivered }";
const EVERY: &str = "delivered: { every: [events] }";
const ONCE: &str = "delivered: { every: [events], times: exactly_once }";

#[track_caller]
fn assert_moment(story: &Story, yaml: &str, moment: Option<Moment>) {
    match story.judge(yaml) {
        Answer::NotYet(mismatch) | Answer::Violated(mismatch) => assert_eq!(mismatch.moment, moment, "{yaml}: {}", mismatch.message),
        other => panic!("{yaml} should not hold, but: {other:?}"),
    }
}

fn story() -> Story {
    Story::new().produce("events").start("first")
}

#[test]
fn a_commit_that_is_ahead_is_where_it_was_seen() {
    let ahead = story().begin("first", 2).offsets(&[(1, 1)]);
    assert_moment(&ahead, AT_MOST, Some(Moment::at(ahead.timeline.now()).in_partition("t", 1)));
}

#[test]
fn a_commit_that_is_missing_is_at_the_last_look() {
    let missing = story().offsets(&[(0, 0), (1, 0)]).deliver("first", 1..=6).offsets(&[(0, 3), (1, 1)]);
    assert_moment(&missing, COVERS, Some(Moment::at(missing.timeline.now()).in_partition("t", 1)));
}

#[test]
fn a_lost_event_is_where_its_last_delivery_failed() {
    let refused = story().deliver("first", 1..=4).begin("first", 6).answer(6, 503);
    assert_moment(&refused, EVERY, None);
    let refused = refused.begin("first", 5).answer(5, 503);
    assert_moment(&refused, EVERY, Some(Moment::at(refused.timeline.now()).in_partition("t", 0).of("c/first")));
}

#[test]
fn a_repeated_event_is_where_it_came_again() {
    let again = story().deliver("first", 1..=6).begin("first", 3);
    let at = again.timeline.now();
    assert_moment(&again.answer(3, 200), ONCE, Some(Moment::at(at).in_partition("t", 0).of("c/first")));
}

#[test]
fn a_program_that_ended_is_at_its_end() {
    let ended = story().exit("first", 1);
    let end = Some(Moment::at(ended.timeline.now()).of("c/first"));
    let later = ended.then(What::GroupGone { instance: "c/first".into() });
    assert_moment(&later, "alive: { instance: first }", end.clone());
    assert_moment(&later, "exited: { instance: first, codes: [0] }", end);
}
