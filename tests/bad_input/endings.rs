//! A kgrade that is told to end, or is killed: valid reports of what was known, and nothing left running.

use std::os::unix::process::CommandExt;

use quick_junit::{NonSuccessKind, TestCaseStatus};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::grading::{Bench, Running, check, verdicts};
use crate::processes::{belonging_to, broker_of, until};

/// One check is soon over, one runs until somebody ends it, one comes after that.
const LONG: &str = "
kgrade: 1
lab: lab-90
title: A long lab
vars: { topic: orders-$(run.id) }
programs: { program: { default: [sh, lab-90/program.sh] } }
checks:
  - id: quick
    title: The topic is there
    points: 40
    hint: Create it.
    do: [ { create-topic: { name: $(topic), partitions: 3 } } ]
    expect: [ { topic: { name: $(topic), partitions: 3 } } ]
  - id: long
    title: The program ends
    points: 30
    hint: Let it end.
    after: [quick]
    do: [ { run: { program: program, within: 120s } } ]
    expect: [ { exited: { instance: program, codes: [0] } } ]
  - id: later
    title: The program ends again
    points: 30
    hint: Let it end.
    after: [long]
    do: [ { run: { program: program, within: 120s } } ]
    expect: [ { exited: { instance: program, codes: [0] } } ]
";

/// Has a child in its own session, and does not hear.
const PROGRAM: &str = "trap '' TERM INT HUP\nsetsid sleep 600 &\ntouch started\nwhile :; do sleep 1; done\n";

/// Starts the long lab in a process group of its own, as a shell does.
fn start(bench: &Bench) -> Running<'_> {
    let mut command = bench.reporting("lab.yaml");
    command.process_group(0);
    bench.start(command)
}

fn bench() -> Bench {
    Bench::with_program(LONG, PROGRAM)
}

/// What the terminal does on Ctrl-C: the signal goes to the whole process group.
fn to_group(running: &Running<'_>, signal: Signal) {
    kill_process_group(Pid::from_raw(running.pid().cast_signed()).unwrap(), signal).unwrap();
}

#[test]
fn ctrl_c_and_sigterm_in_the_middle_end_in_order() {
    for signal in [Signal::INT, Signal::TERM] {
        let bench = bench();
        let mut running = start(&bench);
        running.until("the program runs", || (bench.made("started") > 0).then_some(()));
        // Written as soon as the first check was over.
        let report = bench.json();
        assert_eq!(verdicts(&report)[0], ("quick", "passed"));
        to_group(&running, signal);
        let ended = running.ended();
        ended.expect(130, &[]);
        bench.assert_clean();

        let report = bench.json();
        assert_eq!(verdicts(&report), [("quick", "passed"), ("long", "inconclusive"), ("later", "inconclusive")], "{ended}");
        assert_eq!((&report["interrupted"], &report["complete"]), (&true.into(), &false.into()));
        for id in ["long", "later"] {
            assert!(check(&report, id)["message"].as_str().unwrap().contains("interrupted"), "{report}");
        }
        assert!(ended.stdout.contains("interrupted") && ended.stdout.contains("quick"), "{ended}");
        let junit = bench.junit();
        let cases = &junit.test_suites[0].test_cases;
        assert_eq!(cases.len(), 3);
        assert!(matches!(cases[0].status, TestCaseStatus::Success { .. }));
        assert!(matches!(cases[1].status, TestCaseStatus::NonSuccess { kind: NonSuccessKind::Error, .. }));
    }
}

#[test]
fn ctrl_c_during_the_preparation_leaves_nothing() {
    let bench = bench();
    bench.write("out/report.json", "old");
    let mut running = start(&bench);
    running.until("a broker is being started", || bench.broker_folder());
    to_group(&running, Signal::INT);
    running.ended().expect(130, &["interrupted before grading began"]);
    assert_eq!(bench.read("out/report.json"), "old");
    bench.assert_clean();
}

#[test]
fn ctrl_c_during_a_setup_command_leaves_nothing() {
    let bench = bench();
    bench.write("submission/kgrade.yaml", "kgrade: 1\nsetup:\n  - [sh, lab-90/program.sh]\n");
    let mut command = bench.command("lab.yaml");
    command.process_group(0).env("KGRADE_CACHE", bench.path("tmp/cache")).args(["--cluster", "127.0.0.1:1"]);
    let mut running = bench.start(command);
    let started = || belonging_to(&bench.path("tmp")).into_iter().find(|(_, command)| command.contains("sleep 600"));
    running.until("the setup command runs", started);
    to_group(&running, Signal::INT);
    running.ended().expect(130, &["interrupted before grading began"]);
    std::fs::remove_dir_all(bench.path("tmp/cache")).unwrap();
    bench.assert_clean();
}

#[test]
fn ctrl_c_while_a_broker_to_keep_comes_up_leaves_none() {
    let bench = Bench::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = bench.kgrade();
    command.process_group(0).args(["up", "--port", &port.to_string()]).env("KGRADE_STATE", bench.path("state"));
    let mut running = bench.start(command);
    let pid = running.pid();
    running.until("the broker is being started", || broker_of(pid));
    to_group(&running, Signal::INT);
    assert_eq!(running.ended().signal, Some(Signal::INT.as_raw()));
    until("no broker is left", || belonging_to(&bench.path("state")).is_empty().then_some(()));
    bench.assert_clean();
}

#[test]
fn a_second_ctrl_c_ends_at_once() {
    let bench = bench();
    // A report that nobody reads: after the first Ctrl-C this run would never end.
    assert!(std::process::Command::new("mkfifo").arg(bench.path("pipe")).status().unwrap().success());
    let mut command = bench.command("lab.yaml");
    command.process_group(0).arg("--evidence").arg(bench.path("pipe"));
    let mut running = bench.start(command);
    running.until("the program runs", || (bench.made("started") > 0).then_some(()));
    to_group(&running, Signal::INT);
    running.until("the broker is gone", || bench.broker_folder().is_none().then_some(()));
    to_group(&running, Signal::INT);
    running.ended().expect(130, &[]);
    bench.assert_clean();
}

#[test]
fn a_kgrade_that_is_killed_leaves_nothing() {
    for (signal, prepared) in [(Signal::KILL, true), (Signal::KILL, false), (Signal::HUP, true)] {
        let bench = bench();
        let mut running = start(&bench);
        if prepared {
            running.until("the program runs", || (bench.made("started") > 0).then_some(()));
        } else {
            running.until("a broker is being started", || bench.broker_folder());
        }
        running.send(signal);
        let ended = running.ended();
        assert_eq!(ended.signal, Some(signal.as_raw()), "{ended}");
        bench.assert_clean();
        if prepared {
            assert_eq!(verdicts(&bench.json())[0], ("quick", "passed"), "what was decided is in the reports");
        }
    }
}
