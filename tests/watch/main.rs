//! `kgrade watch` in a real terminal.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test says what is wrong by panicking")]

mod course;
mod desk;
mod ends;
mod keys;
mod losses;
mod saves;
mod terminal;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// A test by its name.
type Test = (&'static str, fn());

fn main() -> ExitCode {
    let is_there = terminal::is_there();
    if !is_there {
        eprintln!("the tests in a terminal are ignored: there is no tmux. Install it (apt-get install tmux)");
    }
    let in_terminals = [course::TESTS, keys::TESTS, saves::TESTS, losses::TESTS, ends::TESTS].concat();
    let terminals = in_terminals.into_iter().map(|(name, test)| trial(name, test).with_ignored_flag(!is_there));
    let trials = terminals.chain(ends::PLAIN.iter().map(|(name, test)| trial(name, *test))).collect();
    // Each has a broker or two, and most of the time nothing to do.
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or(Some(3));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}
