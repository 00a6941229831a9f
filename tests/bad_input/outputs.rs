//! Where kgrade writes: paths that cannot be written, a full disk, a reader that goes away.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::grading::{Bench, names, verdicts};

#[test]
fn a_path_that_cannot_be_written_is_said_before_anything_starts() {
    let bench = Bench::with_solution();
    bench.write("out/file", "kept");
    for (option, place, words) in [
        ("--report", "json=no/such/folder/report.json", "there is no folder"),
        ("--report", "junit=.", "is a folder"),
        ("--report", "json=file/report.json", "is not a folder"),
        ("--report", "json=/proc/report.json", "no file can be made in /proc"),
        ("--evidence", "no/such/folder/evidence", "there is no folder"),
        ("--evidence", "/proc/evidence", "no file can be made in /proc"),
    ] {
        let mut command = bench.command("lab-02");
        // The cache is the first thing that a start needs.
        command.args([option, place]).env("KGRADE_CACHE", bench.path("cache"));
        let path = place.split_once('=').map_or(place, |(_, path)| path);
        bench.run(command).expect(2, &[words, option, path]);
        assert!(!bench.path("cache").exists(), "{place}: something was prepared");
    }
    let mut command = bench.command("lab-02");
    command.args(["--report", "json=x", "--evidence", "x"]).env("KGRADE_CACHE", bench.path("cache"));
    bench.run(command).expect(2, &["same file"]);
    assert_eq!(names(&bench.path("out")), ["file"]);
    assert_eq!(bench.read("out/file"), "kept");
    bench.assert_clean();
}

/// A lab that needs no program, so that it is quick.
const QUICK: &str = "
kgrade: 1
lab: lab-90
title: A quick lab
vars: { topic: orders-$(run.id) }
checks:
  - id: quick
    title: The topic is there
    points: 100
    hint: Create it.
    do: [ { create-topic: { name: $(topic), partitions: 3 } } ]
    expect: [ { topic: { name: $(topic), partitions: 3 } } ]
";

#[test]
fn a_full_disk_leaves_the_old_report_as_it_was() {
    let can_mount = Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).output();
    if !can_mount.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: a_full_disk_leaves_the_old_report_as_it_was needs to mount a small file system");
        return;
    }
    let bench = Bench::with_program(QUICK, "true\n");
    bench.write("disk/none", "");
    // The mount is gone with the last process of its namespace.
    let script = "disk=$1; shift; mount -t tmpfs -o size=64k tmpfs $disk && cd $disk &&
        echo old > report.json && echo old > report.xml && echo old > evidence && { cat /dev/zero > full 2>&1; true; } &&
        \"$@\"; echo \"code $?\"; cat report.json report.xml evidence; ls -A";
    let kgrade = bench.reporting("lab.yaml");
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", script, "sh"]).arg(bench.path("disk")).arg(kgrade.get_program()).args(kgrade.get_args());
    command.args(["--evidence", "evidence"]).stdin(Stdio::null());
    for (name, value) in kgrade.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let ended = bench.run(command);
    let after = ended.stdout.split_once("code ").unwrap().1;
    assert_eq!(after, "3\nold\nold\nold\nevidence\nfull\nreport.json\nreport.xml\n", "{ended}");
    for word in ["No space left on device", "free some space", "report.json"] {
        assert!(ended.stderr.contains(word), "{word}: {ended}");
    }
    assert!(ended.stdout.contains("100 of 100 points"), "the result is on the screen all the same: {ended}");
    bench.assert_clean();
}

#[test]
fn a_reader_that_goes_away_changes_nothing() {
    let bench = Bench::with_program(QUICK, "true\n");
    let mut command = bench.reporting("lab.yaml");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(verdicts(&bench.json()), [("quick", "passed")]);
    assert_eq!(bench.junit().test_suites[0].test_cases.len(), 1);
    bench.assert_clean();

    // A disk that is full behind `>` is no reader that went away.
    let full = std::fs::File::create("/dev/full").unwrap();
    let output = bench.kgrade().arg("list").stdout(full).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("failed to write to standard output: No space left"), "{output:?}");

    for words in [&["schema"][..], &["list"], &["explain"], &["plan", "lab-02"], &["--help"]] {
        let mut child = bench.kgrade().args(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::with_capacity(1, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{words:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{words:?}");
        assert!(!line.is_empty(), "{words:?}");
    }
}
