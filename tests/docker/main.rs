//! Containers for real: a Docker daemon, containers in every state that a learner's may be in, and Kafka in a container.
//!
//! `docker/test/daemon.sh` and `docker/test/images.sh` find or make the daemon and the images. Where that is impossible the tests are ignored,
//! each by its name, and the reason is told.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr, reason = "a test fails by panicking")]

mod machine;
mod owned;
mod problems;
mod states;
mod ui;

use libtest_mimic::{Arguments, Failed, Trial};

type Test = fn();

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(2);
    let tests: [(&str, Test); 21] = [
        ("states::runs_and_answers", states::runs_and_answers),
        ("states::publishes_no_port", states::publishes_no_port),
        ("states::has_ended", states::has_ended),
        ("states::ends_again_and_again", states::ends_again_and_again),
        ("states::is_unhealthy", states::is_unhealthy),
        ("states::could_not_have_its_port", states::could_not_have_its_port),
        ("states::keeps_nothing", states::keeps_nothing),
        ("states::a_compose_project", states::a_compose_project),
        ("states::sends_clients_where_they_cannot_go", states::sends_clients_where_they_cannot_go),
        ("problems::not_installed", problems::not_installed),
        ("problems::daemon_is_down", problems::daemon_is_down),
        ("problems::nobody_there_speaks_docker", problems::nobody_there_speaks_docker),
        ("problems::no_permission", problems::no_permission),
        ("problems::no_image", problems::no_image),
        ("owned::a_port_is_taken", owned::a_port_is_taken),
        ("owned::kafka_answers_and_goes_away", owned::kafka_answers_and_goes_away),
        ("owned::nothing_is_left_of_a_killed_kgrade", owned::nothing_is_left_of_a_killed_kgrade),
        ("owned::what_a_dead_kgrade_left_is_swept", owned::what_a_dead_kgrade_left_is_swept),
        ("ui::up_with_its_ui_and_down", ui::up_with_its_ui_and_down),
        ("ui::the_ui_goes_with_its_broker", ui::the_ui_goes_with_its_broker),
        ("ui::without_docker_kafka_is_up_all_the_same", ui::without_docker_kafka_is_up_all_the_same),
    ];
    let daemon = if arguments.list { None } else { Some(machine::set_up()) };
    let missing = daemon.as_ref().and_then(|daemon| daemon.as_ref().err().cloned());
    if let Some(reason) = &missing {
        eprintln!("the tests with containers are ignored: {reason}");
    }
    let trials = tests.into_iter().map(|(name, test)| {
        let trial = Trial::test(name, move || -> Result<(), Failed> {
            test();
            Ok(())
        });
        trial.with_ignored_flag(missing.is_some()).with_kind(if missing.is_some() { "needs Docker" } else { "" })
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    drop(daemon);
    conclusion.exit();
}
