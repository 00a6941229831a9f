//! The attack suite: hostile submissions, each a real program in `fixtures/attacks/`, against the real `kgrade`.
//!
//! None may gain a point, harm the next submission, or learn what it should not; each is reported for what it is. What each must come to stands in
//! its `expect.yaml` ([`expected`]); what holds for all of them is in [`judge`] and [`left`].
//!
//! `cargo test --test attacks fork-bomb` runs one. Programs run in bubblewrap; `KGRADE_TEST_SANDBOX=docker` takes Docker. With
//! `KGRADE_TEST_SANDBOX=none` they run without a sandbox, one after another, and what fails then is what the sandbox is for: every program has a
//! ceiling of its own, so that the machine lives on.

mod canary;
mod expected;
mod graded;
mod judge;
mod left;
mod sandbox;
mod scene;
mod snapshot;
mod suite;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use libtest_mimic::{Arguments, Failed, Trial};

use expected::Expected;
use sandbox::Sandbox;
use scene::Scene;
use suite::Suite;

/// Whether any attack was run: only then is there something to look at in the end.
static STARTED: AtomicBool = AtomicBool::new(false);

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // `.ci/run` tries them in a run of its own, beside the other tests.
    if std::env::var("KGRADE_TEST_ELSEWHERE").is_ok_and(|names| names.split(',').any(|name| name == "attacks")) {
        say("the attacks are tried elsewhere");
        return ExitCode::SUCCESS;
    }
    let sandbox = Sandbox::wanted();
    // Most of the time goes into waiting. Without a sandbox one attack would disturb the next.
    arguments.test_threads.get_or_insert(if matches!(sandbox, Ok(Sandbox::None)) { 1 } else { 3 });
    let trials = trials(&sandbox);
    assert!(!trials.is_empty(), "there are no attacks");
    let conclusion = libtest_mimic::run(&arguments, trials);
    if STARTED.load(Ordering::Relaxed)
        && let Ok(sandbox) = sandbox
        && let Err(why) = Suite::get().and_then(|suite| after_all(suite, sandbox))
    {
        say(&format!("after all attacks: {why}"));
        return ExitCode::FAILURE;
    }
    conclusion.exit_code()
}

/// One test for each attack, those that take longest first.
fn trials(sandbox: &Result<Sandbox, String>) -> Vec<Trial> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/attacks");
    let entries = std::fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok);
    let mut attacks: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    attacks.sort();
    let mut trials: Vec<(u64, Trial)> = Vec::new();
    for attack in attacks {
        let name = attack.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let expected = Expected::of(&attack);
        let takes = expected.as_ref().map_or(0, |expected| expected.takes_s);
        let missing = match (sandbox, &expected) {
            (Err(why), _) => Some(why.clone()),
            (_, Ok(expected)) => expected.known.as_ref().map(|why| format!("known: {why}")).or_else(|| expected.missing_tool()),
            _ => None,
        };
        let sandbox = sandbox.clone().unwrap_or(Sandbox::Bwrap);
        let title = name.clone();
        let trial = Trial::test(title, move || run(&attack, &name, expected, sandbox));
        trials.push((takes, trial.with_ignored_flag(missing.is_some()).with_kind(missing.unwrap_or_default())));
    }
    trials.sort_by_key(|(takes, _)| std::cmp::Reverse(*takes));
    trials.into_iter().map(|(_, trial)| trial).collect()
}

fn run(attack: &Path, name: &str, expected: Result<Expected, String>, sandbox: Sandbox) -> Result<(), Failed> {
    STARTED.store(true, Ordering::Relaxed);
    let expected = expected?;
    let suite = Suite::get()?;
    let using = suite.using();
    let scene = Scene::set(attack, name, &expected, suite)?;
    let graded = graded::grade(&scene, &expected, sandbox)?;
    let mut wrong = judge::judge(&scene, &expected, &graded, sandbox);
    wrong.extend(left::left(&scene, &expected, sandbox));
    wrong.extend(suite.changes());
    if expected.after.solution_passes
        && let Err(why) = suite.solution_passes(sandbox)
    {
        wrong.push(format!("the next submission: {why}"));
    }
    drop(using);
    if wrong.is_empty() {
        return Ok(());
    }
    suite.mend(sandbox);
    Err(format!("{}\n- {}\n{graded}", expected.attack, wrong.join("\n- ")).into())
}

/// The right solution still passes, with the caches that all attacks had their hands on.
fn after_all(suite: &Suite, sandbox: Sandbox) -> Result<(), String> {
    suite.solution_passes(sandbox).map_err(|why| format!("the right solution: {why}"))
}

/// Says something to whoever runs the tests.
fn say(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{text}");
}
