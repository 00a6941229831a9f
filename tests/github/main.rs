//! The workflows under `.github`: read as files, linted, and their steps run as a runner runs them.
//!
//! Only the runner is a fake ([`runner`]), and the actions of others ([`actions`]): the scripts of the steps are run by bash, and kgrade, where
//! it grades, is the real one with a real Kafka. `cargo test --test github policy` needs neither bash nor Kafka.

mod actions;
mod commands;
mod document;
mod ends;
mod expression;
mod gradings;
mod learner;
mod linters;
mod policy;
mod releases;
mod runner;
mod school;

use libtest_mimic::{Arguments, Failed, Trial};

type Test = (&'static str, fn() -> Result<(), Failed>);

fn main() {
    let tests: &[Test] = &[
        ("runner::expressions", expression::rules),
        ("runner::commands", commands::rules),
        ("policy::no_trigger_with_rights_for_strangers", policy::no_trigger_with_rights_for_strangers),
        ("policy::no_expression_in_a_script", policy::no_expression_in_a_script),
        ("policy::every_foreign_action_is_pinned", policy::every_foreign_action_is_pinned),
        ("policy::every_job_is_bounded", policy::every_job_is_bounded),
        ("policy::learners_code_meets_no_secret", policy::learners_code_meets_no_secret),
        ("learner::the_whole_workflow_is_short", learner::the_whole_workflow_is_short),
        ("learner::the_tables_are_whole", learner::the_tables_are_whole),
        ("learner::the_autograder_of_classroom_50_works", learner::the_autograder_of_classroom_50_works),
        ("ends::an_environment_error_is_no_zero", ends::an_environment_error_is_no_zero),
        ("ends::other_ends_are_told_apart", ends::other_ends_are_told_apart),
        ("ends::fail_on_never_is_green_for_failed_checks_only", ends::fail_on_never_is_green_for_failed_checks_only),
        ("ends::a_report_cannot_set_outputs", ends::a_report_cannot_set_outputs),
        ("ends::the_page_is_kgrades_and_bounded", ends::the_page_is_kgrades_and_bounded),
        ("ends::a_strange_lab_is_refused", ends::a_strange_lab_is_refused),
        ("ends::kgrade_gets_a_short_environment", ends::kgrade_gets_a_short_environment),
        ("ends::a_wrong_release_is_never_run", ends::a_wrong_release_is_never_run),
        ("ends::without_a_release_it_is_built", ends::without_a_release_it_is_built),
        ("ends::the_cache_is_filled_without_the_learner", ends::the_cache_is_filled_without_the_learner),
        ("ends::signing_is_a_job_of_its_own", ends::signing_is_a_job_of_its_own),
        ("releases::a_release_is_whole_and_has_its_checksums", releases::a_release_is_whole_and_has_its_checksums),
        ("releases::a_tag_of_another_version_is_refused", releases::a_tag_of_another_version_is_refused),
        ("gradings::a_right_submission_is_green", gradings::a_right_submission_is_green),
        ("gradings::a_hostile_mistake_is_red_and_gains_nothing", gradings::a_hostile_mistake_is_red_and_gains_nothing),
    ];
    let mut trials: Vec<_> = tests.iter().map(|(name, test)| Trial::test(*name, test)).collect();
    let needs = |what: &'static str, there: bool, name: &str, test: fn() -> Result<(), Failed>| {
        let trial = Trial::test(name, test).with_ignored_flag(!there);
        if there { trial } else { trial.with_kind(what) }
    };
    trials.push(needs("needs actionlint", linters::installed("actionlint"), "linters::actionlint", linters::actionlint));
    trials.push(needs("needs shellcheck", linters::installed("shellcheck"), "linters::shellcheck", linters::shellcheck));
    let root = rustix::process::geteuid().is_root() && linters::installed("setpriv") && cfg!(target_os = "linux");
    trials.push(needs("needs root", root, "ends::programs_have_a_user_of_their_own", ends::programs_have_a_user_of_their_own));
    let (name, test) = ("gradings::a_hostile_mistake_with_a_user_of_its_own", gradings::a_hostile_mistake_with_a_user_of_its_own);
    trials.push(needs("needs root, and Java and Python in /usr/bin", root && gradings::another_user_can_grade(), name, test));
    let (name, test) = ("gradings::a_hostile_mistake_in_a_cell", gradings::a_hostile_mistake_in_a_cell as fn() -> _);
    trials.push(needs("needs bubblewrap", gradings::has_cells(), name, test));
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}
