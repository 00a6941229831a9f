//! Several instances of one program at once, with real clients and a real Kafka: told apart, frozen and woken, and what it gets when
//! programs take part in their group in ways that no lab foresees.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A consumer that delivers and commits each event, in as many ways as the tests need.
const CONSUMER: &str = r#"
import os, signal, threading, time, requests
from confluent_kafka import Consumer, KafkaException

MODE = os.environ["MODE"]
running = True

def stop(*_):
    global running
    running = False

def consumer():
    group = "a-group-of-my-own" if MODE == "own-group" else os.environ["KAFKA_GROUP_ID"]
    topic = "^.*" if MODE == "every-topic" else os.environ["KAFKA_TOPIC"]
    made = Consumer({
        "bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"], "group.id": group,
        "auto.offset.reset": "earliest", "enable.auto.commit": False, "session.timeout.ms": 6000,
    })
    if MODE != "never-joins":
        made.subscribe([topic])
    return made

def work(session, made, rounds):
    try:
        while running and rounds != 0:
            rounds -= 1
            message = made.poll(0.2)
            if message is None or message.error():
                continue
            if requests.post(os.environ["SINK_URL"], data=message.value()).ok:
                try:
                    made.commit(message=message, asynchronous=False)
                except KafkaException:
                    pass
    finally:
        made.close()

signal.signal(signal.SIGTERM, stop)
session = requests.Session()
if MODE == "never-joins":
    made = consumer()
    made.list_topics(timeout=10)
    while running:
        time.sleep(0.1)
elif MODE == "in-and-out":
    while running:
        work(session, consumer(), 4)
elif MODE == "two-in-one":
    threads = [threading.Thread(target=work, args=(session, consumer(), -1)) for _ in range(2)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
else:
    work(session, consumer(), -1)
"#;

const HEAD: &str = "
kgrade: 1
lab: lab-90
title: Instances
vars: { topic: t-$(check.id)-$(run.id), group: g-$(check.id)-$(run.id) }
data: { events: { generate: user-events, count: 24, users: 8 } }
programs:
  consumer: { default: [python, lab-90/consumer.py], env: { KAFKA_TOPIC: $(topic), KAFKA_GROUP_ID: $(group), SINK_URL: $(sink.url) } }
checks:
";

/// What came of a run.
struct Graded {
    checks: Vec<Value>,
    shown: String,
}

impl Graded {
    fn check(&self, id: &str) -> &Value {
        self.checks.iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("no check {id}: {}", self.shown))
    }

    /// All that is said about a check that failed.
    #[track_caller]
    fn failure(&self, id: &str) -> String {
        let check = self.check(id);
        assert_eq!(check["verdict"], "failed", "{id}: {}", self.shown);
        format!("{} | {}", check["message"].as_str().unwrap(), check["cause"].as_str().unwrap_or_default())
    }
}

/// Grades the consumer by a lab, and looks that no process of it is left.
fn grade(checks: &str) -> Graded {
    let folder = TempDir::with_prefix("instances-").unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir_all(path("submission/lab-90")).unwrap();
    fs::create_dir(path("tmp")).unwrap();
    fs::write(path("submission/lab-90/consumer.py"), CONSUMER).unwrap();
    fs::write(path("lab.yaml"), format!("{HEAD}{checks}")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_kgrade"));
    command
        .arg(path("lab.yaml"))
        .arg("--submission")
        .arg(path("submission"))
        .arg("--report")
        .arg(format!("json={}", path("report.json").display()));
    command.env("TMPDIR", path("tmp")).env_remove("KAFKA_BOOTSTRAP_SERVERS").env_remove("KGRADE_CHECKS").stdin(Stdio::null());
    let output = command.output().unwrap();
    let shown = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let report = fs::read_to_string(path("report.json")).unwrap_or_else(|error| panic!("{error}: {shown}"));
    let outcome: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(processes_in(folder.path()), Vec::<String>::new(), "left behind");
    Graded { checks: outcome["checks"].as_array().unwrap().clone(), shown }
}

/// The command lines of the live processes that stand in a folder or were told of it.
fn processes_in(folder: &Path) -> Vec<String> {
    let name = folder.to_str().unwrap();
    let lines = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let process = entry.ok()?.path();
        let stands = fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
        let told = fs::read(process.join("environ")).is_ok_and(|environ| String::from_utf8_lossy(&environ).contains(name));
        let line = String::from_utf8_lossy(&fs::read(process.join("cmdline")).ok()?).replace('\0', " ");
        ((stands || told) && !line.is_empty()).then_some(line)
    });
    lines.collect()
}

#[test]
fn a_frozen_instance_loses_its_partitions_and_comes_back_when_it_is_woken() {
    let graded = grade(
        "
  - id: frozen
    title: Frozen and woken
    points: 100
    hint: h
    do:
      - create-topic: { name: $(topic), partitions: 2 }
      - start: { program: consumer, as: first, env: { MODE: plain } }
      - start: { program: consumer, as: second, env: { MODE: plain } }
      - await: { until: { assignment: { group: $(group), topic: $(topic), among: [first, second], each: 1 } } }
      - signal: { instance: first, signal: STOP }
      # Nobody evicts it: its session timeout of 6 s does.
      - await: { until: { assignment: { group: $(group), topic: $(topic), among: [second], each: 2 } }, within: 40s }
      - produce: { topic: $(topic), data: events, in_turn: true }
      - await: { until: { delivered: { every: [events], by: second } } }
      - signal: { instance: first, signal: CONT }
      - await: { until: { assignment: { group: $(group), topic: $(topic), among: [first, second], each: 1 } }, within: 40s }
      - await: { until: { alive: { instance: first } } }
      # Whoever is frozen at the end of the check is killed with the others.
      - signal: { instance: second, signal: STOP }
    expect:
      - delivered: { every: [events], times: exactly_once, by: second }
",
    );
    assert_eq!(graded.check("frozen")["verdict"], "passed", "{}", graded.shown);
}

#[test]
fn instances_are_told_apart_and_a_takeover_is_timed() {
    let graded = grade(
        "
  - id: takeover
    title: Taken over
    points: 100
    hint: h
    do:
      - create-topic: { name: $(topic), partitions: 3 }
      - start: { program: consumer, as: one, env: { MODE: plain } }
      - start: { program: consumer, as: two, env: { MODE: plain } }
      - start: { program: consumer, as: three, env: { MODE: plain } }
      - await: { until: { assignment: { group: $(group), topic: $(topic), among: [one, two, three], each: 1 } } }
      - kill: { owner_of: { topic: $(topic), partition: 1 }, group: $(group) }
      - produce: { topic: $(topic), data: events, in_turn: true }
      - await: { until: { delivered: { every: [events] } } }
    expect:
      - takeover: { group: $(group), topic: $(topic), within: 30s }
      - assignment: { group: $(group), topic: $(topic), among: [one, two, three] }
      - delivered: { every: [events], times: exactly_once }
",
    );
    let check = graded.check("takeover");
    assert_eq!(check["verdict"], "passed", "{}", graded.shown);
    let remark = check["remarks"][0].as_str().unwrap();
    assert!(
        remark.contains("` took over from `") && remark.contains(" s after it was ended by SIGKILL (first delivery from partition 1)"),
        "{remark}"
    );
}

#[test]
fn strange_members_get_a_friendly_verdict() {
    let check = |mode: &str| {
        format!(
            "
  - id: {mode}
    title: A strange member
    points: 20
    hint: h
    do:
      - create-topic: {{ name: $(topic), partitions: 2 }}
      - start: {{ program: consumer, as: first, env: {{ MODE: plain }} }}
      - start: {{ program: consumer, as: strange, env: {{ MODE: {mode} }} }}
      - await: {{ until: {{ assignment: {{ group: $(group), topic: $(topic), among: [first, strange], each: 1 }} }}, within: 60s }}
      - produce: {{ topic: $(topic), data: events, in_turn: true }}
      - await: {{ until: {{ delivered: {{ every: [events] }} }}, within: 20s }}
    stable: 1s
    expect:
      - assignment: {{ group: $(group), topic: $(topic), among: [first, strange], each: 1 }}
      - delivered: {{ every: [events], times: exactly_once }}
"
        )
    };
    let modes = ["never-joins", "in-and-out", "two-in-one", "own-group", "every-topic"];
    let graded = grade(&modes.map(check).concat());
    for (mode, words) in [
        ("never-joins", &["`strange` is no member of group", "neither joins a group nor reads"][..]),
        ("two-in-one", &["`strange` alone is 2 members of group", "starts several consumers"]),
        ("own-group", &["`strange` joined another group: a-group-of-my-own", "KAFKA_GROUP_ID"]),
    ] {
        let said = graded.failure(mode);
        for words in words {
            assert!(said.contains(words), "{mode}: `{words}` in: {said}");
        }
    }
    // Members that come and go are met in one moment or another: the cause is the same.
    let said = graded.failure("in-and-out");
    assert!(said.contains("`strange` joined the group") && said.contains("Create the consumer once"), "{said}");
    // Who reads the topics of other checks too is judged by what it does with this one's.
    let verdict = &graded.check("every-topic")["verdict"];
    assert!(verdict == "failed" || verdict == "passed", "{}", graded.shown);
}
