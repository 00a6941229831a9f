//! What a producer says of its losses, against what is really missing; six events are in the set.

use crate::kinds::testing::wire::{batch, produce};
use crate::kinds::testing::{Story, assert_says};
use crate::timeline::What;
use crate::timeline::event::{Signal, Stream};
use crate::timeline::wire::{Batch, Coded, Request, Response};

const REPORTED: &str = "reported: { by: first, topic: t, of: events }";

/// The producer has stored these events.
fn stored(numbers: &[u32]) -> Story {
    let story = Story::new().start("first").connect_with("first", "kafka-python").exchange("first", produce(-1, vec![batch(1, |_| {})]));
    story.topic(Some(2)).arrived(numbers.iter().copied())
}

#[test]
fn the_truth_is_told() {
    let loses = || stored(&[1, 2, 4]);
    assert_says(&loses().line("first", "event e-000003 was not stored: policy").exit("first", 1), REPORTED, "holds (1)", &[]);
    let many = loses().line("first", "lost: [\"e-000003\",'e-000005'] e-000006;").exit("first", 3);
    assert_says(&many, REPORTED, "holds (3)", &[]);
    assert_says(&stored(&[]).line("first", "Failed{e-000001}").exit("first", 1), REPORTED, "holds (1)", &[]);
    // Who tries again and succeeds has nothing to report.
    let tried_again = stored(&[1, 2, 3, 4, 5, 6]).line("first", "trying e-000003 again");
    assert_says(&tried_again.exit("first", 0), REPORTED, "holds (6)", &[]);
}

#[test]
fn silence_is_told_in_the_clients_words() {
    let story = stored(&[1, 2, 4, 5, 6]).exit("first", 0);
    let holds = ["1 of 6 events is not in Kafka", "- event e-000003", "comes later, in the future that send() returns"];
    assert_says(&story, REPORTED, "not yet: `first` ended with exit code 0, as if all were well", &holds);
    // Also when it names the event: another program looks at the exit code only.
    let story = stored(&[1, 2, 4, 5, 6]).line("first", "e-000003 failed").exit("first", 0);
    assert_says(&story, REPORTED, "not yet: `first` ended with exit code 0", &[]);
}

#[test]
fn names_are_those_of_missing_events() {
    let loses = || stored(&[1, 2, 4]);
    let none = loses().line("first", "3 events failed: e-00000, e-0000033, xe-000003").exit("first", 1);
    assert_says(&none, REPORTED, "not yet: 3 of 6 events are not in Kafka, and standard error of `first` names none of them", &["remember the event_id"]);
    let all = loses().line("first", "e-000003 e-000004").exit("first", 1);
    assert_says(&all, REPORTED, "not yet: standard error of `first` names event e-000004, which is in Kafka", &["partition 1, offset 1"]);
    let elsewhere = What::Line { instance: "c/first".into(), stream: Stream::Stdout, text: "e-000003".into() };
    assert_says(&loses().then(elsewhere).exit("first", 1), REPORTED, "not yet: 3 of 6 events are not in Kafka", &[]);
}

#[test]
fn false_alarm() {
    let all = || stored(&[1, 2, 3, 4, 5, 6]);
    let story = all().line("first", "something went wrong").exit("first", 2);
    assert_says(&story, REPORTED, "not yet: `first` ended with exit code 2, but all 6 events are in Kafka", &["something went wrong"]);
    assert_says(&all(), REPORTED, "not yet: `first` is still running", &[]);
}

#[test]
fn how_it_ended() {
    let hangs = stored(&[1]).line("first", "e-000003").signal("first", Signal::Kill).dies("first", 9);
    assert_says(&hangs, REPORTED, "not yet: `first` did not end by itself: kgrade killed it", &[]);
    let crash = stored(&[1]).line("first", "e-000003").dies("first", 11);
    assert_says(&crash, REPORTED, "not yet: `first` did not end by itself with an exit code", &["SIGSEGV"]);
}

#[test]
fn what_was_not_seen_shows_nothing() {
    assert_says(&Story::new(), REPORTED, "not shown: `first` was not started", &[]);
    assert_says(&Story::new().start("first").exit("first", 1), REPORTED, "not shown: topic t was never seen", &[]);
    let cut = || What::Cut { instance: "c/first".into(), stream: Stream::Stderr, bytes: 10 };
    let story = stored(&[1, 2, 4]).then(cut()).line("first", "e-000003").exit("first", 1);
    assert_says(&story, REPORTED, "not shown: `first` wrote more on standard error than is kept", &[]);
    let wrong = stored(&[1, 2, 4]).then(cut()).line("first", "e-000004").exit("first", 1);
    assert_says(&wrong, REPORTED, "not yet: standard error of `first` names event e-000004", &[]);
}

/// A Produce of a single record for partition 1, by an idempotent producer; each with another sequence number.
fn sends(sequence: i32) -> Request {
    produce(-1, vec![batch(1, |batch: &mut Batch| (batch.partition, batch.producer_id, batch.base_sequence) = (1, 7, sequence))])
}

fn answers(error: i16, offset: i64) -> Response {
    Response::Produce { partitions: vec![Coded { topic: "t".into(), partition: 1, error }], base_offsets: vec![offset] }
}

const POLICY_VIOLATION: i16 = 44;

/// Event 2 is stored and heard of. Of two more that are under way the first is refused for good, and event 4 is stored, which is answered `then`.
fn refused(then: impl FnOnce(Story) -> Story) -> Story {
    let story = Story::new().start("first").connect_with("first", "kafka-python");
    let story = story.ask("first", sends(0)).reply("first", answers(0, 0)).ask("first", sends(1)).ask("first", sends(2));
    then(story.answer_to("first", 1, answers(POLICY_VIOLATION, -1)))
}

#[test]
fn what_a_producer_that_gave_up_did_not_hear() {
    let gives_up = || refused(|story| story.reply("first", answers(0, 1))).topic(Some(2)).arrived([2, 4]);
    let open = gives_up().line("first", "e-000001 e-000003 e-000004 e-000005 e-000006").exit("first", 1);
    assert_says(&open, REPORTED, "holds (4)", &[]);
    let heard = gives_up().line("first", "e-000001 e-000002 e-000004").exit("first", 1);
    assert_says(&heard, REPORTED, "not yet: standard error of `first` names event e-000002, which is in Kafka", &[]);
    let nothing_else = gives_up().line("first", "e-000004").exit("first", 1);
    assert_says(&nothing_else, REPORTED, "not yet: 4 of 6 events are not in Kafka, and standard error of `first` names none of them", &[]);
}

#[test]
fn a_producer_that_goes_on_hears_all() {
    let goes_on = refused(|story| story.reply("first", answers(0, 1)).ask("first", sends(3)).reply("first", answers(0, 2)));
    let story = goes_on.topic(Some(2)).arrived([2, 4, 6]).line("first", "e-000001 e-000004").exit("first", 1);
    assert_says(&story, REPORTED, "not yet: standard error of `first` names event e-000004, which is in Kafka", &[]);
    // Who has sent everything has not given up, though all of it is answered afterwards.
    let all = refused(|story| (3..6).fold(story, |story, sequence| story.ask("first", sends(sequence))).answer_to("first", 3, answers(0, 1)));
    let story = all.topic(Some(2)).arrived([2, 4]).line("first", "e-000001 e-000004").exit("first", 1);
    assert_says(&story, REPORTED, "not yet: standard error of `first` names event e-000004, which is in Kafka", &[]);
    // Nothing was refused.
    let story = Story::new().start("first").ask("first", sends(0)).reply("first", answers(0, 0)).topic(Some(2)).arrived([2]);
    let story = story.line("first", "e-000001 e-000002").exit("first", 1);
    assert_says(&story, REPORTED, "not yet: standard error of `first` names event e-000002, which is in Kafka", &[]);
}
