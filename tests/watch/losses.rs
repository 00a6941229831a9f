//! What waits may be lost: brokers and graders die.

use std::fs;

use super::Test;
use super::desk::{Desk, ENDLESS, RIGHT};

pub const TESTS: &[Test] = &[
    ("a_lost_broker_is_replaced", broker),
    ("graders_that_die_again_and_again_are_given_up_until_r", graders),
    ("progress_that_cannot_be_kept_is_said", progress),
];

fn broker() {
    let desk = Desk::new();
    let terminal = desk.watch((80, 30), &[], "");
    terminal.shows("1 of 2 checks passed");
    let brokers = || desk.processes(&["kafka.Kafka"]);
    desk.waits_until("a broker that waits", || brokers().len() == 1);
    let lost = brokers();
    desk.kills(&["kafka.Kafka"]);
    desk.waits_until("another broker", || brokers().len() == 1 && brokers() != lost);
    desk.saves("lab-90/second.py", RIGHT);
    terminal.shows("all checks passed");
    // In the middle of a grading: it is tried once more.
    desk.saves("lab-90/second.py", ENDLESS);
    terminal.shows("grading: 0 of 1 check done");
    let starts = desk.starts("lab-90/second.py");
    desk.kills(&["kafka.Kafka"]);
    desk.waits_until("a second try", || desk.starts("lab-90/second.py") > starts);
    terminal.press(&["q"]);
    terminal.shows("the code is 0");
    desk.is_left_clean();
}

fn graders() {
    let desk = Desk::new();
    let terminal = desk.watch((80, 30), &[], "");
    terminal.shows("1 of 2 checks passed");
    desk.waits_until("that they are given up", || {
        desk.kills(&["--hold-early"]);
        terminal.screen().contains("press r to try again")
    });
    let screen = terminal.screen();
    assert!(screen.contains("nothing can be graded") && screen.contains("1 of 2 checks passed"), "what is known stays: {screen}");
    let before = desk.starts("lab-90/first.py");
    terminal.press(&["r"]);
    desk.waits_until("a new grading", || desk.starts("lab-90/first.py") > before);
    terminal.press(&["q"]);
    terminal.shows("the code is 0");
    desk.is_left_clean();
}

fn progress() {
    let desk = Desk::new();
    fs::write(desk.work().join(".kgrade"), "not a folder").unwrap();
    let terminal = desk.watch((80, 30), &[], "");
    let screen = terminal.waits_for("the reason", |screen| screen.contains("your progress") && screen.contains("1 of 2 checks passed"));
    assert!(screen.contains("is not a folder"), "{screen}");
    desk.saves("lab-90/second.py", RIGHT);
    terminal.shows("all checks passed");
    terminal.press(&["q"]);
    terminal.shows("the code is 0");
    desk.is_left_clean();
}
