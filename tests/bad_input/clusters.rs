//! Clusters that are not there, are something else, or die: never the learner's failure.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;

use rustix::process::Signal;

use crate::grading::{Bench, check, verdicts};
use crate::processes::{broker_of, is_alive, send, until};

fn on(mut command: Command, address: &str) -> Command {
    command.args(["--cluster", address]);
    command
}

#[test]
fn an_address_where_nobody_listens_is_said() {
    let bench = Bench::with_solution();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let ended = bench.run(on(bench.reporting("lab-02"), &address));
    ended.expect(3, &[&format!("reach the cluster at {address}"), "refused", "nc -vz 127.0.0.1"]);
    assert!(!bench.path("out/report.json").exists(), "nothing was graded");
    let mut command = bench.command("lab-02");
    command.env("KAFKA_BOOTSTRAP_SERVERS", &address);
    bench.run(command).expect(3, &["unset KAFKA_BOOTSTRAP_SERVERS"]);
    bench.assert_clean();
}

#[test]
fn an_address_that_is_none_is_a_usage_error() {
    let bench = Bench::with_solution();
    for address in ["nonsense", "localhost:", "localhost:http", "localhost:99999"] {
        bench.run(on(bench.command("lab-02"), address)).expect(2, &["HOST:PORT"]);
    }
}

#[test]
fn what_is_no_kafka_is_not_taken_for_one() {
    let answers = [&b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"[..], b"SSH-2.0-OpenSSH_9.6\r\n", b"\0\0\0\x04", b""];
    let closing = answers.map(|answer| (answer, true));
    // Also one that hears, and never says a word.
    for (answer, closes) in closing.into_iter().chain([(&b""[..], false)]) {
        let bench = Bench::with_solution();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let speaking = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 256]).and_then(|_| stream.write_all(answer));
            if !closes {
                let _ = std::io::copy(&mut stream, &mut std::io::sink());
            }
        });
        bench.run(on(bench.command("lab-02"), &address)).expect(3, &[&format!("reach the cluster at {address}")]);
        speaking.join().unwrap();
    }
}

#[test]
fn a_port_that_is_taken_is_said() {
    let bench = Bench::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut command = bench.kgrade();
    command.args(["up", "--port", &port]).env("KGRADE_STATE", bench.path("state"));
    bench.run(command).expect(3, &[&format!("listen on port {port}"), "already using it"]);
    bench.assert_clean();
}

/// Whatever a check does when the broker dies, it cannot be decided any more. Each program ends by itself, with code 1, as a client without a broker
/// would: in the moment when the broker is gone, that looks like the learner's failure.
const DURING: &str = "
kgrade: 1
lab: lab-90
title: A broker that dies
vars: { topic: orders-$(check.id)-$(run.id), earlier: orders-earlier-$(run.id) }
data: { events: { generate: user-events, count: 100, users: 24 } }
programs:
  waits: { default: [sh, lab-90/waits.sh] }
  stays: { default: [sh, lab-90/stays.sh] }
checks:
  - id: earlier
    title: Something that was decided before
    points: 10
    hint: Wait.
    do: [ { create-topic: { name: $(topic), partitions: 1 } } ]
    expect: [ { topic: { name: $(topic), partitions: 1 } } ]
  - id: running
    title: A program runs
    points: 20
    hint: Wait.
    after: [earlier]
    do: [ { run: { program: waits } } ]
    expect: [ { exited: { instance: waits, codes: [0] } } ]
  - id: awaiting
    title: Something is awaited
    points: 20
    hint: Wait.
    after: [earlier]
    do:
      - start: { program: stays, as: one }
      - await: { until: { topic: { name: $(topic) } }, within: 60s }
    expect: [ { topic: { name: $(topic) } } ]
  - id: expecting
    title: Something is expected
    points: 20
    hint: Wait.
    after: [earlier]
    do: [ { start: { program: stays, as: one } } ]
    within: 60s
    expect: [ { topic: { name: $(topic), partitions: 6 } } ]
  - id: watching
    title: Something is watched
    points: 20
    hint: Wait.
    after: [earlier]
    do:
      - start: { program: stays, as: one }
      - watch: { for: 60s }
    always: [ { topic: { name: $(earlier) } } ]
    expect: [ { topic: { name: $(earlier) } } ]
  - id: living
    title: A program lives
    points: 5
    hint: Wait.
    after: [earlier]
    do:
      - start: { program: waits, as: one }
      - watch: { for: 60s }
    always: [ { alive: { instance: one } } ]
    expect: [ { alive: { instance: one } } ]
  - id: afterwards
    title: Something comes later
    points: 5
    hint: Wait.
    after: [running]
    do:
      - create-topic: { name: $(topic), partitions: 1 }
      - produce: { topic: $(topic), data: events }
    expect: [ { records: { topic: $(topic), of: events, count: { exactly: 100 } } } ]
";

/// Ends with an error when somebody says so.
const WAITS: &str = "touch \"runs-$$\"\nwhile [ ! -e ended ]; do sleep 0.1; done\nexit 1\n";
const STAYS: &str = "touch \"runs-$$\"\nwhile :; do sleep 1; done\n";

#[test]
fn a_broker_that_dies_is_an_error_of_every_check_that_still_ran() {
    let bench = Bench::new();
    bench.write("lab.yaml", DURING);
    bench.write("submission/lab-90/waits.sh", WAITS);
    bench.write("submission/lab-90/stays.sh", STAYS);
    let mut running = bench.start(bench.reporting("lab.yaml"));
    running.until("all programs run", || (bench.made("runs-") == 5).then_some(()));
    let broker = broker_of(running.pid()).unwrap();
    send(broker, Signal::KILL);
    until("the broker is dead", || (!is_alive(broker)).then_some(()));
    // Only now do the programs end: no sooner than a client without a broker would.
    let _ = bench.work().map(|folder| std::fs::write(folder.join("ended"), ""));
    let ended = running.ended();
    ended.expect(5, &[]);
    let report = bench.json();
    let expected = [
        ("earlier", "passed"),
        ("running", "error"),
        ("awaiting", "error"),
        ("expecting", "error"),
        ("watching", "error"),
        ("living", "error"),
        ("afterwards", "error"),
    ];
    assert_eq!(verdicts(&report), expected, "{ended}");
    for (id, _) in &expected[1..] {
        let message = check(&report, id)["message"].as_str().unwrap();
        assert!(message.contains("the broker died") && message.contains("signal: 9"), "{id}: {message}");
    }
    assert!(ended.stdout.contains("the broker died") && ended.stdout.contains("not a grade"), "{ended}");
    bench.assert_clean();
}

#[test]
fn a_foreign_cluster_that_dies_is_an_error_too() {
    let bench = Bench::new();
    let kept = Kept::up(&bench);
    bench.write("lab.yaml", DURING);
    bench.write("submission/lab-90/waits.sh", WAITS);
    bench.write("submission/lab-90/stays.sh", STAYS);
    let mut command = on(bench.reporting("lab.yaml"), &kept.address);
    command.args(["--only", "running,expecting"]);
    let mut running = bench.start(command);
    running.until("the program runs", || (bench.made("runs-") > 0).then_some(()));
    kept.kill();
    let _ = bench.work().map(|folder| std::fs::write(folder.join("ended"), ""));
    let ended = running.ended();
    ended.expect(5, &[]);
    assert_eq!(verdicts(&bench.json()), [("running", "error"), ("expecting", "error")], "{ended}");
    assert!(ended.stdout.contains("the cluster stopped answering"), "{ended}");
    drop(kept);
    bench.assert_clean();
}

/// A broker of `kgrade up`, taken down with the test.
struct Kept<'a> {
    bench: &'a Bench,
    address: String,
}

impl<'a> Kept<'a> {
    fn up(bench: &'a Bench) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let kept = Self { bench, address: address.to_string() };
        let ended = bench.run(kept.command(&["up", "--port", &address.port().to_string()]));
        ended.expect(0, &[]);
        kept
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.bench.kgrade();
        command.args(words).env("KGRADE_STATE", self.bench.path("state"));
        command
    }

    /// Kills the broker as a crash would.
    fn kill(&self) {
        let folder = self.bench.path("state");
        let found = crate::processes::belonging_to(&folder);
        let (broker, _) = found.iter().find(|(_, command)| command.contains("kafka.Kafka")).unwrap();
        send(*broker, Signal::KILL);
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        let _ = self.command(&["down", "--delete"]).output();
    }
}
