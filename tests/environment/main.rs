//! lab-01 on a real Docker: each folder of `fixtures/lab-01/` is a learner with a machine of their own.
//!
//! A folder may hold `docker/compose.yaml`, the compose file as that learner has it (else the course's), and `steps.sh`, what they typed after
//! they had started it (else `fixtures/lab-01/steps.sh`). Folders that agree in both share one environment. Everything is serial: there is
//! one port 9092. Where Docker is impossible the tests are ignored, each by its name.
//!
//! `cargo test --test environment no-ui` runs one.

#![allow(clippy::panic, reason = "a test says what is wrong by panicking")]

mod docker;
#[path = "../mistakes/expected.rs"]
mod expected;
mod fixture;
#[expect(dead_code, reason = "that it masks well is tested there")]
#[path = "../mistakes/golden.rs"]
mod golden;
mod setup;
mod untouched;

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use libtest_mimic::{Arguments, Failed, Trial};

use docker::{Docker, Environment};
use fixture::Fixture;

/// The environment that is up, and what it was made of.
type Up = Arc<Mutex<Option<Environment>>>;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    // Listing the tests must not install anything.
    let docker = if arguments.list { Err("not looked for".to_owned()) } else { Docker::find() };
    let up = Up::default();
    let mut trials = setup::trials();
    let mut fixtures = Fixture::all();
    assert!(!fixtures.is_empty(), "there are no fixtures");
    fixtures.sort_by_key(|fixture| (fixture.environment(), fixture.name.clone()));
    trials.extend(fixtures.into_iter().map(|fixture| {
        let name = format!("lab-01::{}", fixture.name);
        on_docker(name, &docker, &up, move |docker, up| fixture.graded(in_environment(docker, up, &fixture)?))
    }));
    trials.push(on_docker("lab-01::nothing-of-the-learner's-is-touched".to_owned(), &docker, &up, |docker, up| {
        untouched::test(docker, in_environment(docker, up, &Fixture::solution())?)
    }));
    let conclusion = libtest_mimic::run(&arguments, trials);
    let left = up.lock().unwrap_or_else(PoisonError::into_inner).take();
    drop(left);
    conclusion.exit_code()
}

/// A test on Docker; ignored by name, with the reason, where there is none.
fn on_docker(
    name: String,
    docker: &Result<Docker, String>,
    up: &Up,
    test: impl FnOnce(&Docker, &mut Option<Environment>) -> Result<(), Failed> + Send + 'static,
) -> Trial {
    let up = Arc::clone(up);
    match docker.clone() {
        Ok(docker) => Trial::test(name, move || test(&docker, &mut up.lock().unwrap_or_else(PoisonError::into_inner))),
        Err(reason) => Trial::test(name, || Ok(())).with_ignored_flag(true).with_kind(reason),
    }
}

/// The environment of a fixture: the one that is up, when it is the same.
fn in_environment<'a>(docker: &Docker, up: &'a mut Option<Environment>, fixture: &Fixture) -> Result<&'a Environment, Failed> {
    let wanted = fixture.environment();
    if up.as_ref().is_none_or(|up| up.made_of != wanted) {
        // The old one goes first: it has the ports.
        drop(up.take());
        *up = Some(docker.up(wanted)?);
    }
    up.as_ref().ok_or_else(|| "no environment".into())
}
