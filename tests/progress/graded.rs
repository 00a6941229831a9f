//! Real runs with a real Kafka, and what is kept of them.

use std::path::Path;

use kgrade::course::progress::Store;

use super::desk::{Desk, Said};
use super::terminal::in_terminal;

/// A desk with the right programs of lab-02.
fn solved() -> Desk {
    let desk = Desk::new();
    let solution = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lab-02/solution/lab-02");
    std::fs::create_dir(desk.work().join("lab-02")).unwrap();
    for entry in std::fs::read_dir(solution).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
        std::fs::copy(entry.path(), desk.work().join("lab-02").join(entry.file_name())).unwrap();
    }
    desk
}

/// Grades with the environment of whoever runs the tests: Java and Python are theirs.
fn grade(desk: &Desk, arguments: &[&str]) -> Said {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_kgrade"));
    command.args(["lab-02", "--only", "topic", "--quiet"]).args(arguments).current_dir(desk.work()).env_remove("CI");
    Said::of(command.output().unwrap())
}

#[test]
fn a_run_is_kept_where_there_is_a_store() {
    let desk = solved();
    let said = grade(&desk, &[]);
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    assert!(!desk.work().join(".kgrade").exists(), "nobody looks on: no store is begun");

    Store::at(desk.work()).make().unwrap();
    let said = grade(&desk, &["--seed", "42"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{}", said.stdout);
    let entries = Store::at(desk.work()).read().unwrap().entries;
    let kept: Vec<_> = entries.iter().map(|entry| (entry.lab.as_str(), entry.seed, entry.score, entry.checks.len())).collect();
    assert_eq!(kept, [("lab-02", 42, 10, 1)], "only what was selected");
    let status = desk.kgrade(&["status"]).stdout;
    assert!(status.contains("lab-02  10 of 100 points, 1 of 7 checks"), "{status}");

    // The next run sees the same work: the record is no part of it.
    let digest = |said: &Said| said.stdout.split("submission ").nth(1).map(|rest| rest.chars().take(12).collect::<String>()).unwrap();
    let again = grade(&desk, &["--seed", "43"]);
    assert_eq!(digest(&again), digest(&said));

    std::fs::remove_dir_all(desk.work().join(".kgrade")).unwrap();
    std::os::unix::fs::symlink("/nowhere", desk.work().join(".kgrade")).unwrap();
    let said = grade(&desk, &[]);
    assert_eq!(said.code, Some(0), "the grade stays what it is: {}", said.stdout);
    assert!(said.stderr.contains("your progress was not kept: ") && said.stderr.contains("is a symbolic link"), "{}", said.stderr);
}

#[test]
fn a_learner_in_a_terminal_gets_a_store() {
    let desk = solved();
    let said = in_terminal(&desk, &["lab-02", "--only", "topic"], &[], &[("CI", "true")]);
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    assert!(!desk.work().join(".kgrade").exists(), "a CI keeps nothing");
    let said = in_terminal(&desk, &["lab-02", "--only", "topic"], &[], &[]);
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    assert_eq!(Store::at(desk.work()).read().unwrap().entries.len(), 1);
    assert!(desk.work().join(".kgrade/README.md").exists() && desk.work().join(".kgrade/.gitattributes").exists());
}
