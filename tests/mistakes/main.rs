//! The promise of every lab: right programs pass every check, and each wrong one fails exactly the checks that name its mistake.
//!
//! One test for each folder of `fixtures/lab-NN/`: a folder in `mistakes/` says in its `expect.yaml` which checks fail and which are skipped
//! for that; every other folder is right. Each is graded by the real binary with a broker of its own.
//!
//! `cargo test --test mistakes no-key` runs one; `KGRADE_TEST_ROUNDS=10` grades each ten times. What the learner reads of each mistake is kept
//! beside it ([`golden`]).

#![allow(clippy::print_stderr, reason = "what is not run, and texts to be read, are told beside the results")]

mod expected;
mod golden;
mod room;

use std::path::Path;
use std::process::Command;

use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

use expected::{Expected, folders};

fn main() {
    let mut arguments = Arguments::from_args();
    // Most of the time goes into waiting for experiments: more at once than there are cores.
    arguments.test_threads.get_or_insert(4);
    // `.ci/run` grades them in a run of its own, beside the other tests.
    if std::env::var("KGRADE_TEST_ELSEWHERE").is_ok_and(|names| names.split(',').any(|name| name == "mistakes")) {
        eprintln!("the matrix of mistakes is graded elsewhere");
        return;
    }
    let mut trials = trials();
    assert!(!trials.is_empty(), "there are no fixtures");
    trials.push(Trial::test("golden::what_differs_from_run_to_run_is_masked", golden::masks));
    let conclusion = libtest_mimic::run(&arguments, trials);
    let graded = usize::try_from(conclusion.num_passed + conclusion.num_failed).unwrap_or_default();
    if golden::too_many_are_new(graded) {
        eprintln!("too many mistakes are told in a way that is in no failure.txt; read the texts above, and add them with SNAPSHOTS=add");
        std::process::exit(1);
    }
    conclusion.exit();
}

fn trials() -> Vec<Trial> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut trials = Vec::new();
    for lab in folders(&fixtures).into_iter().filter(|folder| name(folder).starts_with("lab-")) {
        // A lab on the learner's own cluster needs more than a submission: tests/environment grades these.
        if lab.join("steps.sh").exists() {
            continue;
        }
        let groups = folders(&lab).into_iter().flat_map(|folder| match name(&folder).as_str() {
            "mistakes" | "also-right" => folders(&folder),
            _ => vec![folder],
        });
        for submission in groups {
            let lab = name(&lab);
            let place = submission.strip_prefix(fixtures.join(&lab)).unwrap_or(&submission);
            let title = format!("{lab}::{}", place.display());
            let missing = missing_tool(&submission);
            let brokers = brokers(&fixtures, &lab);
            let trial = Trial::test(title, move || room::with(brokers, || rounds(&lab, &submission)));
            trials
                .push(trial.with_ignored_flag(missing.is_some()).with_kind(missing.map_or(String::new(), |tool| format!("needs {tool}"))));
        }
    }
    trials
}

/// How many brokers a lab has.
fn brokers(fixtures: &Path, lab: &str) -> usize {
    let text = std::fs::read_to_string(fixtures.with_file_name("checks").join(lab).join("lab.yaml")).unwrap_or_default();
    let number = text
        .lines()
        .find_map(|line| line.strip_prefix("cluster:")?.split_once("brokers:")?.1.trim().split([' ', ',', '}']).next()?.parse().ok());
    number.unwrap_or(1)
}

/// The tool that a submission in another language needs and this machine lacks.
fn missing_tool(submission: &Path) -> Option<&'static str> {
    let manifest = std::fs::read_to_string(submission.join("kgrade.yaml")).unwrap_or_default();
    let needs = [("npm", "node"), ("go", "go"), ("mvn", "mvn"), ("javac", "javac")];
    let has = |tool: &str| std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).any(|folder| folder.join(tool).is_file());
    needs.into_iter().find(|(word, tool)| manifest.contains(&format!("[{word},")) && !has(tool)).map(|(_, tool)| tool)
}

fn rounds(lab: &str, submission: &Path) -> Result<(), Failed> {
    let rounds = std::env::var("KGRADE_TEST_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    for round in 1..=rounds {
        grade(lab, submission).map_err(|failed| match failed.message() {
            Some(message) if rounds > 1 => Failed::from(format!("round {round} of {rounds}: {message}")),
            _ => failed,
        })?;
    }
    Ok(())
}

fn grade(lab: &str, submission: &Path) -> Result<(), Failed> {
    let expected = Expected::of(submission)?;
    let mut graded = Graded::of(lab, submission)?;
    if graded.is_undecided_for_the_machine() {
        // That is no verdict, right or wrong, and the report says what to do: run it again.
        graded = Graded::of(lab, submission)?;
    }
    expected.compare(&graded.outcome, graded.code, submission).map_err(|difference| Failed::from(format!("{difference}\n{}", graded.shown)))
}

/// What came of grading a fixture.
struct Graded {
    outcome: Value,
    code: Option<i32>,
    shown: String,
}

impl Graded {
    fn of(lab: &str, submission: &Path) -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        let report = folder.path().join("report.json");
        let output = Command::new(env!("CARGO_BIN_EXE_kgrade"))
            .arg(lab)
            .arg("--submission")
            .arg(submission)
            .arg("--checks")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("checks"))
            .arg("--report")
            .arg(format!("json={}", report.display()))
            .args(["--jobs", "6"])
            .env_remove("KAFKA_BOOTSTRAP_SERVERS")
            .output()?;
        let shown = format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let text = std::fs::read_to_string(&report).map_err(|error| format!("no report: {error}\n{shown}"))?;
        let outcome = serde_json::from_str(&text).map_err(|error| format!("{error}"))?;
        Ok(Self { outcome, code: output.status.code(), shown })
    }

    /// Whether a check says that this machine was too busy to decide it.
    fn is_undecided_for_the_machine(&self) -> bool {
        let checks = self.outcome["checks"].as_array().map(Vec::as_slice).unwrap_or_default();
        let is_busy = |check: &Value| check["message"].as_str().is_some_and(|message| message.contains("this machine was too busy"));
        checks.iter().any(|check| check["verdict"] == "inconclusive" && is_busy(check))
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
