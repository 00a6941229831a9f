//! The kinds that judge the wire, and faults, with a real Kafka and real programs: the lab in `tests/wire` on right programs of several sorts.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Grades a submission by the lab of these tests; the verdict and the message of each check.
fn grade(submission: &str) -> BTreeMap<String, (String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.json");
    let output = Command::new(env!("CARGO_BIN_EXE_kgrade"))
        .args(["lab-02", "--jobs", "5", "--checks"])
        .arg(root.join("tests/wire/checks"))
        .arg("--submission")
        .arg(root.join("fixtures/lab-02").join(submission))
        .arg("--report")
        .arg(format!("json={}", report.display()))
        .env_remove("KAFKA_BOOTSTRAP_SERVERS")
        .output()
        .unwrap();
    let text = std::fs::read_to_string(&report).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let outcome: Value = serde_json::from_str(&text).unwrap();
    let checks = outcome["checks"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    checks.map(|check| (text(&check["id"]), (text(&check["verdict"]), text(&check["message"])))).collect()
}

#[track_caller]
fn assert_verdicts(submission: &str, expected: &[(&str, &str, &str)]) {
    let outcome = grade(submission);
    assert_eq!(outcome.len(), expected.len(), "{outcome:?}");
    for (check, verdict, words) in expected {
        let (seen, message) = &outcome[*check];
        assert!(seen == verdict && message.contains(words), "{submission}, {check}: {seen}: {message}");
    }
}

#[test]
fn a_program_that_subscribes_and_waits_for_its_commits() {
    assert_verdicts(
        "solution",
        &[
            ("lost-ack", "passed", ""),
            ("refused", "passed", ""),
            ("never-acts", "inconclusive", "the fault `nothing` never acted"),
            ("waits", "passed", ""),
            ("by-hand", "failed", "what must never happen has happened"),
        ],
    );
}

#[test]
fn a_program_that_assigns_partitions_to_itself() {
    assert_verdicts(
        "also-right/manual-assignment",
        &[
            ("lost-ack", "passed", ""),
            ("refused", "passed", ""),
            ("never-acts", "inconclusive", "never acted"),
            ("waits", "failed", "`first` did not become a member of group"),
            ("by-hand", "passed", ""),
        ],
    );
}

#[test]
fn a_program_that_does_not_wait_for_its_commits() {
    assert_verdicts(
        "also-right/async-per-message",
        &[
            ("lost-ack", "passed", ""),
            ("refused", "passed", ""),
            ("never-acts", "inconclusive", "never acted"),
            ("waits", "failed", "`first` did not wait for its commit"),
            ("by-hand", "failed", "what must never happen has happened"),
        ],
    );
}
