//! What a producer says of its losses, against what is really missing; six events are in the set.

use crate::kinds::testing::wire::{batch, produce};
use crate::kinds::testing::{Story, assert_says};
use crate::timeline::What;
use crate::timeline::event::{Signal, Stream};

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
