//! Runs of real clients that were recorded once (`fixtures/evidence/lab-02`) are judged again by the lab as it is now: the verdict, and the
//! words that tell a learner what their client did.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::read::GzDecoder;
use kgrade::lab::{Bindings, LabSource};
use kgrade::outcome::{CheckOutcome, Verdict};
use kgrade::run::replay::replay;
use kgrade::timeline::evidence::{self, Header};
use kgrade::timeline::wire::{Api, Request};
use kgrade::timeline::{Commit, Event, Timeline};

const CHECK: &str = "manual-commit";
/// A commit that comes so long after everything else was not asked for by the program.
const LONG: u64 = 1_000_000_000;

/// A recording that passes: nothing was ahead, and the program decided.
const PASSED: [&str; 17] = [
    "aio-batch",
    "aio-idle-commits",
    "aio-per-message",
    "ck-async-per-message",
    "ck-batch-explicit",
    "ck-every-n",
    "ck-kip848",
    "ck-manual-assignment",
    "ck-store-offsets",
    "ck-sync-per-message",
    "ck-thread-pool",
    "franz-go-marks",
    "franz-go-per-message",
    "java-per-message",
    "kafkajs-per-message",
    "kp-batch",
    "kp-per-message",
];

/// kafkajs commits by itself after each batch that was processed: that cannot be told from a program that does so, and is accepted.
const ACCEPTED: [&str; 1] = ["kafkajs-auto"];

/// A recording that fails, and what the message and its cause say.
const FAILED: [(&str, &str, &str); 11] = [
    ("aio-auto", "your client committed offset", "enable_auto_commit"),
    ("aio-auto-blocking", "committed", "timer"),
    ("ck-auto", "was still being delivered", "`enable.auto.commit` is on (confluent-kafka commits every 5 s in the background)"),
    // One commit 53 ms after the event in hand began: it cannot be told from a commit() without arguments.
    ("ck-auto-100ms", "was still being delivered", "confluent-kafka"),
    ("ck-batch-no-argument", "your client committed offset", "commit() without arguments"),
    ("ck-commit-first", "had not been delivered at all", "before its delivery began"),
    ("ck-thread-pool-highest", "was still being delivered", "the highest of their offsets"),
    ("franz-go-auto", "committed", "timer"),
    ("java-auto", "committed", "timer"),
    ("kp-auto", "committed", "timer"),
    ("kp-auto-finally-close", "was refused with 503", "on the way out"),
];

struct Recording {
    header: Header,
    events: Vec<Event>,
    text: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/evidence/lab-02")
}

impl Recording {
    fn open(name: &str) -> Self {
        let file = std::fs::File::open(folder().join(format!("{name}.jsonl.gz"))).unwrap_or_else(|error| panic!("{name}: {error}"));
        let text = std::io::read_to_string(GzDecoder::new(file)).unwrap();
        let (header, events) = evidence::read(text.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self { header, events, text }
    }

    fn timeline(&self) -> Timeline {
        let mut timeline = Timeline::default();
        self.events.iter().for_each(|event| timeline.append(event.clone()));
        timeline
    }

    /// Judges it by the lab as it is now.
    fn judge(&self) -> CheckOutcome {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("checks/lab-02/lab.yaml")).unwrap();
        let bindings = Bindings { run_id: self.header.run.id.clone(), seed: self.header.run.seed };
        let lab = LabSource::parse("checks/lab-02/lab.yaml", &text).unwrap().resolve(&bindings).unwrap();
        let checks: Vec<_> = lab.checks.iter().filter(|check| check.id == CHECK).cloned().map(Arc::new).collect();
        replay(&checks, self.events.clone(), self.header.timeout_scale, &lab.name).remove(0)
    }
}

fn all() -> BTreeSet<String> {
    let names = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| name.strip_suffix(".jsonl.gz").map(str::to_owned)).collect()
}

/// The commits of the only group on the only topic.
fn commits(timeline: &Timeline, header: &Header) -> Vec<Commit> {
    let group = format!("analytics-{CHECK}-{}", header.run.id);
    timeline.group(&group).unwrap().offsets.values().flat_map(|offsets| offsets.commits.clone()).collect()
}

#[test]
fn every_recording_is_listed_judged_and_free_of_the_machine_it_was_made_on() {
    let judged = PASSED.iter().chain(&ACCEPTED).copied().chain(FAILED.iter().map(|(name, _, _)| *name));
    assert_eq!(all(), judged.map(str::to_owned).collect());
    let readme = std::fs::read_to_string(folder().join("README.md")).unwrap();
    for name in all() {
        assert!(readme.contains(&format!("| {name} |")), "{name} has no row in README.md");
        let recording = Recording::open(&name);
        assert_eq!(recording.header.selected, [CHECK], "{name}");
        for path in ["/tmp/", "/root/", "/home/", "/Users/"] {
            assert!(!recording.text.contains(path), "{name} has a path of the machine: {path}");
        }
        let size = std::fs::metadata(folder().join(format!("{name}.jsonl.gz"))).unwrap().len();
        assert!(size < 150_000, "{name} has {size} bytes");
    }
}

#[test]
fn programs_that_decide_after_the_delivery_pass() {
    for name in PASSED.iter().chain(&ACCEPTED) {
        let outcome = Recording::open(name).judge();
        assert_eq!(outcome.verdict, Verdict::Passed, "{name}: {outcome:#?}");
    }
}

#[test]
fn the_others_fail_and_are_told_what_their_client_did() {
    let mut wrong = Vec::new();
    for (name, message, cause) in FAILED {
        let outcome = Recording::open(name).judge();
        let told = outcome.cause.clone().unwrap_or_default();
        if outcome.verdict != Verdict::Failed || !outcome.message.contains(message) || !told.contains(cause) {
            wrong.push(format!("{name}: {:?} {}\n  probably {told}\n  wanted: {message} … {cause}", outcome.verdict, outcome.message));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What clients do, as far as graders rely on it (measured on Kafka 4.3.1).
#[test]
fn confluent_kafka_commits_the_event_in_hand_when_its_clock_strikes() {
    let recording = Recording::open("ck-auto");
    let timeline = recording.timeline();
    let ahead: Vec<_> = commits(&timeline, &recording.header).into_iter().filter(|commit| commit.accepted() && commit.is_ahead()).collect();
    let first = &ahead[0];
    assert_eq!(Some(first.offset - 1), first.first_due, "one past the event in hand: {first:?}");
    let instance = timeline.instance(&first.instance).unwrap();
    let held = timeline.deliveries(instance).filter(|delivery| delivery.begun < first.at).last().unwrap();
    assert!(held.answered.is_none_or(|(at, _)| at > first.at), "the event is in hand: {held:?}");
    assert!(first.at - held.begun >= LONG, "long after anything that the program did: {held:?}");
}

#[test]
fn clocks_that_commit_what_was_stored_or_marked_are_never_ahead() {
    for name in ["ck-store-offsets", "franz-go-marks", "franz-go-auto", "kp-auto", "java-auto"] {
        let recording = Recording::open(name);
        let ahead: Vec<_> = commits(&recording.timeline(), &recording.header).into_iter().filter(Commit::is_ahead).collect();
        assert!(ahead.is_empty(), "{name}: {ahead:#?}");
    }
}

#[test]
fn one_commit_for_each_event_or_for_each_batch() {
    // 132 events. Repeats of a commit do not count, and a place where nothing was delivered yet is none.
    let moves = |name: &str| {
        let recording = Recording::open(name);
        let commits = commits(&recording.timeline(), &recording.header);
        commits.iter().filter(|commit| commit.offset > 0).map(|commit| (commit.partition, commit.offset)).collect::<BTreeSet<_>>().len()
    };
    for name in ["ck-batch-explicit", "ck-every-n", "kp-batch", "aio-batch"] {
        assert!((10..100).contains(&moves(name)), "{name}: {}", moves(name));
    }
}

#[test]
fn who_assigns_by_hand_never_joins_and_who_speaks_the_new_protocol_beats_only() {
    let joins = |name: &str, api: Api| {
        let timeline = Recording::open(name).timeline();
        let instances = timeline.instances_of(CHECK);
        instances.iter().flat_map(|(instance, _)| timeline.exchanges(instance)).filter(|exchange| exchange.api == api).count()
    };
    for (name, classic, consumer) in
        [("ck-manual-assignment", false, false), ("ck-kip848", false, true), ("ck-sync-per-message", true, false)]
    {
        assert_eq!(joins(name, Api::JOIN_GROUP) > 0, classic, "{name}");
        assert_eq!(joins(name, Api::CONSUMER_GROUP_HEARTBEAT) > 0, consumer, "{name}");
    }
    let recording = Recording::open("ck-manual-assignment");
    let by_hand = |commit: &Commit| commit.generation == -1 && commit.member.is_empty();
    assert!(commits(&recording.timeline(), &recording.header).iter().all(by_hand));
}

#[test]
fn kafka_python_commits_on_the_way_out_what_was_refused() {
    let recording = Recording::open("kp-auto-finally-close");
    let timeline = recording.timeline();
    let commit = commits(&timeline, &recording.header).into_iter().find(|commit| commit.accepted() && commit.is_ahead()).unwrap();
    let mut after = timeline.exchanges(&commit.instance).filter(|exchange| exchange.at > commit.at);
    assert!(after.any(|exchange| matches!(exchange.request, Request::LeaveGroup { .. })), "then it leaves");
}
