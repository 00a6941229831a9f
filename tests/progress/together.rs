//! More than one writer: processes at once, and machines that git brings together.

use std::process::{Command, Stdio};
use std::time::{Duration, UNIX_EPOCH};

use kgrade::course::progress::Store;
use kgrade::outcome::Verdict;

use super::desk::{Desk, MONDAY, outcome};

/// The work that a writer's process records into.
const WORK: &str = "KGRADE_TEST_WORK";
/// Which of the writers it is.
const WRITER: &str = "KGRADE_TEST_WRITER";
const WRITERS: u64 = 20;
const RUNS: u64 = 10;

#[test]
#[ignore = "a process of twenty_processes_lose_nothing"]
fn a_writer() {
    let (work, writer) = (std::env::var_os(WORK).unwrap(), std::env::var(WRITER).unwrap().parse::<u64>().unwrap());
    let run = outcome("lab-01", writer, |_| Verdict::Passed);
    for nth in 0..RUNS {
        let now = UNIX_EPOCH + Duration::from_secs(MONDAY + nth);
        assert_eq!(Store::at(std::path::Path::new(&work)).record(&run, now).unwrap(), None);
    }
}

#[test]
fn twenty_processes_lose_nothing() {
    let desk = Desk::new();
    let start = |writer: u64| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "together::a_writer", "--ignored"]).env(WORK, desk.work()).env(WRITER, writer.to_string());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let mut writers: Vec<_> = (0..WRITERS).map(start).collect();
    // A reader meanwhile sees no damage where there is only somebody writing.
    while writers.iter_mut().any(|writer| writer.try_wait().unwrap().is_none()) {
        assert_eq!(desk.kgrade(&["status"]).stderr, "");
    }
    for writer in writers {
        let ended = writer.wait_with_output().unwrap();
        let said = [ended.stdout, ended.stderr].concat();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&said));
    }
    let read = Store::at(desk.work()).read().unwrap();
    assert!(read.notes.is_empty(), "{:?}", read.notes);
    let mut seen: Vec<(u64, u64)> = read.entries.iter().map(|entry| (entry.seed, entry.time.0)).collect();
    seen.sort_unstable();
    let all: Vec<_> = (0..WRITERS).flat_map(|writer| (0..RUNS).map(move |nth| (writer, MONDAY + nth))).collect();
    assert_eq!(seen, all);
}

fn git(desk: &Desk, words: &[&str]) -> bool {
    let mut command = Command::new("git");
    let person = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main"];
    command.args(person).args(words).current_dir(desk.work()).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
}

/// Two machines that began with the same result and went on apart.
fn apart(desk: &Desk, change: impl Fn()) {
    desk.passes(0, "lab-01");
    change();
    let commit = || assert!(git(desk, &["add", "-A"]) && git(desk, &["commit", "-qm", "x"]));
    assert!(git(desk, &["init", "-q"]));
    commit();
    assert!(git(desk, &["checkout", "-qb", "laptop"]));
    desk.result(1, "lab-02", |id| if id == "keyed" { Verdict::Failed } else { Verdict::Passed });
    commit();
    assert!(git(desk, &["checkout", "-q", "main"]));
    desk.passes(2, "lab-02");
    desk.passes(3, "lab-03");
    commit();
}

const TOGETHER: [&str; 3] = ["lab-01  100 of 100 points, passed", "lab-02  100 of 100 points, passed", "lab-03  100 of 100 points, passed"];

#[test]
fn git_merges_two_machines() {
    let desk = Desk::new();
    apart(&desk, || ());
    assert!(git(&desk, &["merge", "-q", "laptop", "-m", "both"]), "no conflict");
    let said = desk.kgrade(&["status"]);
    assert_eq!(said.stderr, "");
    for lab in TOGETHER {
        assert!(said.stdout.contains(lab), "{}", said.stdout);
    }
    assert_eq!(Store::at(desk.work()).read().unwrap().entries.len(), 4, "each run once");
}

#[test]
fn a_conflict_that_git_left_loses_nothing() {
    let desk = Desk::new();
    apart(&desk, || std::fs::remove_file(desk.work().join(".kgrade/.gitattributes")).unwrap());
    // The attributes come back with the next result, after git has decided on its own.
    std::fs::remove_file(desk.work().join(".kgrade/.gitattributes")).unwrap_or_default();
    assert!(git(&desk, &["rm", "-q", "--cached", "--ignore-unmatch", ".kgrade/.gitattributes"]));
    let _ = git(&desk, &["commit", "-qm", "no attributes"]);
    assert!(!git(&desk, &["-c", "merge.default=text", "merge", "-q", "laptop", "-m", "both"]), "a conflict");
    assert!(std::fs::read_to_string(desk.file()).unwrap().contains("<<<<<<<"));
    let said = desk.kgrade(&["status"]);
    assert!(said.stderr.contains("was damaged: 3 lines could not be read"), "{}", said.stderr);
    for lab in TOGETHER {
        assert!(said.stdout.contains(lab), "{}", said.stdout);
    }
}
