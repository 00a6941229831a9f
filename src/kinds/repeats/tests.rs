//! How many come again, and whose they were.

use crate::kinds::testing::{Story, assert_says};
use crate::timeline::event::Signal;

const TWO: &str = "repeats: { group: g, of: [events], at_most: 2 }";
const NONE: &str = "repeats: { group: g, of: [events], by: first, at_most: 0 }";

/// The first delivered four events and committed the first two.
fn story() -> Story {
    let story = Story::new().produce("events").start("first").start("second").deliver("first", 1..=2);
    story.commit("first", &[(0, 1), (1, 1)]).deliver("first", 3..=4).signal("first", Signal::Kill).dies("first", 9)
}

#[test]
fn at_most_so_many() {
    assert_says(&Story::new(), TWO, "holds (0)", &[]);
    assert_says(&story().deliver("second", 5..=6), TWO, "holds (6)", &[]);
    assert_says(&story().deliver("second", 3..=6), TWO, "holds (8)", &[]);
    let three = story().deliver("second", 2..=6);
    assert_says(&three, TWO, "violated: 3 events that `first` had delivered came again\nexpected at most 2", &["2 events that came again had been delivered after it", "by `second` at"]);
    assert_says(&story().deliver("second", [3]), NONE, "violated: 1 event that `first` had delivered came again\nexpected none", &[]);
}

#[test]
fn only_what_was_delivered_and_counts() {
    // Refused, abandoned, or another's.
    let refused = Story::new().produce("events").start("first").begin("first", 1).answer(1, 503).begin("first", 2).abandon(2).deliver("first", 1..=2);
    assert_says(&refused, NONE, "holds (2)", &[]);
    let of_another = story().deliver("second", [5, 5, 6, 6]);
    assert_says(&of_another, NONE, "holds (8)", &[]);
    assert_says(&of_another, TWO, "holds (8)", &[]);
    let stranger = story().post("second", Some("e-000099"), b"{}").post("second", Some("e-000099"), b"{}");
    assert_says(&stranger, NONE, "holds (4)", &[]);
}

#[test]
fn why_they_came_again() {
    let never = Story::new().produce("events").start("first").deliver("first", 1..=3).dies("first", 9).start("second").deliver("second", 1..=3);
    assert_says(&never, TWO, "violated: 3 events", &["`first` had committed nothing for group g"]);
    let refused = Story::new().produce("events").start("first").deliver("first", 1..=3);
    let refused = refused.ask("first", crate::kinds::testing::wire::offset_commit(&[(0, 2)])).committed("first", &[(0, 2)], 25);
    let refused = refused.start("second").deliver("second", 1..=3);
    assert_says(&refused, TWO, "violated: 3 events", &["the broker refused its commit at", "UNKNOWN_MEMBER_ID"]);
}
