//! What a run costs beside its experiments: the phases of `kgrade lab-02` on the solution, as the run itself states them, and the commands
//! that need no broker.
//!
//! `cargo bench --bench overhead` measures three runs after one that fills the cache; `cargo bench --bench overhead -- 10` ten.
//! Numbers are worth reading only on a machine that does nothing else.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a program for people, not for learners")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

/// The phases that are shown, with what they are and the most they should take, in milliseconds.
const PHASES: &[(&str, &str, Option<u64>)] = &[
    ("lab", "reading the lab, making its data", None),
    ("cluster", "the broker, from nothing to ready", None),
    ("programs", "copying and preparing the programs", None),
    ("ready", "from the command to the first check", Some(1200)),
    ("experiments", "the checks", None),
    ("stop", "stopping the broker, removing its files", None),
    ("reports", "writing reports", None),
    ("grader", "the grader's own share: all but the checks", Some(3000)),
    ("total", "the whole run", None),
];

/// Commands that look at labs only, and the most one should take, in milliseconds.
const QUICK: &[&[&str]] = &[&["list"], &["plan", "lab-02"], &["lint"], &["explain", "committed"], &["schema"]];
const QUICK_LIMIT: u64 = 50;
const QUICK_RUNS: usize = 10;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn kgrade(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kgrade"));
    command.args(arguments).current_dir(root()).env_remove("KAFKA_BOOTSTRAP_SERVERS").env_remove("KGRADE_CHECKS");
    command
}

fn main() {
    // `cargo test` starts benches too; only `cargo bench` means it.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runs = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(3_usize).max(1);
    grade(&["--only", "topic"]);
    let phases: Vec<BTreeMap<String, u64>> = (1..=runs)
        .map(|run| {
            println!("run {run} of {runs}");
            grade(&[])
        })
        .collect();
    println!("\nkgrade lab-02 --submission fixtures/lab-02/solution, {runs} runs\n");
    header();
    for (phase, about, limit) in PHASES {
        row(&format!("{phase}: {about}"), phases.iter().filter_map(|run| run.get(*phase).copied()).collect(), *limit);
    }
    println!("\nwithout a broker, {QUICK_RUNS} runs\n");
    header();
    for arguments in QUICK {
        row(&format!("kgrade {}", arguments.join(" ")), (0..QUICK_RUNS).map(|_| millis(quick(arguments))).collect(), Some(QUICK_LIMIT));
    }
}

/// One run on the solution: its phases in milliseconds.
fn grade(more: &[&str]) -> BTreeMap<String, u64> {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.json");
    let target = format!("json={}", report.display());
    let mut arguments = vec!["lab-02", "--submission", "fixtures/lab-02/solution", "--checks", "checks", "--report", &target];
    arguments.extend(more);
    let output = kgrade(&arguments).output().unwrap();
    let shown = format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "the solution did not pass:\n{shown}");
    let outcome: Value = serde_json::from_str(&std::fs::read_to_string(&report).unwrap()).unwrap();
    let timings = outcome["timings_ms"].as_object().expect("the report has timings_ms");
    timings.iter().map(|(phase, ms)| (phase.clone(), ms.as_u64().unwrap())).collect()
}

fn quick(arguments: &[&str]) -> Duration {
    let began = Instant::now();
    let output = kgrade(arguments).output().unwrap();
    let took = began.elapsed();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    took
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap()
}

fn header() {
    println!("| what | min | median | max | target |\n|---|---|---|---|---|");
}

fn row(what: &str, mut times: Vec<u64>, limit: Option<u64>) {
    times.sort_unstable();
    let (Some(min), Some(max)) = (times.first(), times.last()) else { panic!("no run states `{what}`") };
    let median = times[times.len() / 2];
    let target = match limit {
        Some(limit) if median <= limit => format!("{limit} ms"),
        Some(limit) => format!("{limit} ms, **missed**"),
        None => String::new(),
    };
    println!("| {what} | {min} ms | {median} ms | {max} ms | {target} |");
}
