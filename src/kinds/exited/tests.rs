//! Ends of all kinds.

use crate::kinds::testing::{Story, assert_says};
use crate::timeline::event::{Signal, What};

const CLEAN: &str = "exited: { instance: first, codes: [0] }";
const STOPPED: &str = "exited: { instance: first, codes: [0, 130, 143], after_signal: 10s }";

fn story() -> Story {
    Story::new().start("first")
}

fn asked() -> Story {
    story().signal("first", Signal::Term)
}

#[test]
fn by_itself() {
    assert_says(&Story::new(), CLEAN, "not shown: `first` was not started", &[]);
    assert_says(&story(), CLEAN, "not yet: `first` is still running\nexpected exit code 0", &[]);
    assert_says(&story().exit("first", 0), CLEAN, "holds (1)", &[]);
    let crashed = story().line("first", "Traceback").line("first", "KeyError: 'x'").exit("first", 1);
    assert_says(&crashed, CLEAN, "violated: `first` ended with exit code 1", &["cause it last wrote: KeyError: 'x'"]);
    assert_says(&story().dies("first", 11), CLEAN, "violated: `first` was ended by SIGSEGV", &[]);
    // Nobody asked: a signal is no exit code.
    assert_says(&story().dies("first", 15), STOPPED, "violated: `first` was ended by SIGTERM", &["!handler"]);
    let again = Story::new().start_again("first", 1).exit("first", 1).start("first");
    assert_says(&again, CLEAN, "not yet: `first` is still running", &[]);
    assert_says(&again.exit("first", 0), CLEAN, "holds (1)", &[]);
}

#[test]
fn by_kgrade() {
    let killed = story().later(60_000).signal("first", Signal::Kill).dies("first", 9);
    assert_says(&killed, CLEAN, "violated: `first` did not end by itself: kgrade killed it at 60.00", &["observed killed by kgrade", "has to end when the input ends"]);
    let ignored = asked().later(10_000).signal("first", Signal::Kill).dies("first", 9).gone("first");
    assert_says(&ignored, STOPPED, "violated: `first` did not stop: kgrade killed it 10.001 s after SIGTERM", &["ignores the signal"]);
    let interrupted = story().signal("first", Signal::Int).later(10_000).signal("first", Signal::Kill).dies("first", 9);
    assert_says(&interrupted, STOPPED, "violated: `first` did not stop: kgrade killed it 10.001 s after SIGINT", &[]);
    let limit = story().then(What::LimitHit { instance: "c/first".into(), limit: "it used more than 60 s of CPU".into() }).dies("first", 9);
    assert_says(&limit, CLEAN, "violated: `first` hit a limit: it used more than 60 s of CPU", &[]);
    // Killed after its end, to clean up: that is not how it ended.
    assert_says(&story().exit("first", 0).signal("first", Signal::Kill), CLEAN, "holds (1)", &[]);
}

#[test]
fn when_asked_to_stop() {
    for code in [0, 130, 143] {
        assert_says(&asked().exit("first", code).gone("first"), STOPPED, "holds (1)", &[]);
    }
    assert_says(&asked().exit("first", 1).gone("first"), STOPPED, "violated: `first` ended with exit code 1\nexpected exit code 0, 130 or 143", &[]);
    // Node programs send themselves the signal again when all is done, Python does so after an interrupt.
    assert_says(&asked().dies("first", 15).gone("first"), STOPPED, "holds (1)", &[]);
    assert_says(&asked().dies("first", 2).gone("first"), STOPPED, "holds (1)", &[]);
    assert_says(&asked().dies("first", 6).gone("first"), STOPPED, "violated: `first` was ended by SIGABRT", &[]);
    assert_says(&asked().dies("first", 15), CLEAN, "violated: `first` was ended by SIGTERM", &["without a handler for it"]);
}

#[test]
fn in_time_with_all_its_processes() {
    assert_says(&asked().exit("first", 0), STOPPED, "not yet: `first` has ended, but a process that it started is still there", &["not a wrapper"]);
    assert_says(&asked().later(9_000).exit("first", 0).later(900).gone("first"), STOPPED, "holds (1)", &[]);
    let slow = asked().later(10_001).exit("first", 0).gone("first");
    assert_says(&slow, STOPPED, "violated: `first` took 10.002 s to stop after SIGTERM", &["gone within 10 s of SIGTERM"]);
    assert_says(&slow.stretched(2.0), STOPPED, "holds (1)", &[]);
    let child = asked().exit("first", 0).later(11_000).gone("first");
    assert_says(&child, STOPPED, "violated: `first` ended in time, but a process that it started was still there 11.002 s after SIGTERM", &[]);
    // Without `after_signal` only the code counts.
    assert_says(&child, CLEAN, "holds (1)", &[]);
}
