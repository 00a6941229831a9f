//! The sandbox, tried by programs that look for a way out: each in a cell by bubblewrap and in one by Docker, where these are there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod bench;
mod ending;
mod limits;
mod reach;
mod setup;

use kgrade::world::sandbox::Wanted;
use libtest_mimic::{Arguments, Trial};

use bench::World;

/// What a test is called, and what it does.
type Test = (&'static str, fn(&World));

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(4);
    let tests: Vec<Test> = [reach::TESTS, ending::TESTS, limits::TESTS, setup::TESTS].concat();
    let mut trials = Vec::new();
    for (way, wanted) in [("bwrap", Wanted::Bwrap), ("docker", Wanted::Docker)] {
        let missing = bench::missing(wanted);
        if let Some(reason) = &missing {
            eprintln!("the tests of the sandbox by {way} are ignored: {reason}");
        }
        for (name, test) in &tests {
            let test = *test;
            let trial = Trial::test(format!("{way}::{name}"), move || {
                test(&World::of(wanted));
                Ok(())
            });
            trials.push(trial.with_ignored_flag(missing.is_some()).with_kind(if missing.is_some() { "not here" } else { "" }));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}
