//! Real clients, recorded: what `commits` says of each timeline in `fixtures/evidence/lab-02`, and whether the check comes to the same as when it was recorded.
//!
//! Each row of the table is a row of research §3.3 or a client's own way: who decides when to commit, and whether a commit was ahead.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use kgrade::kinds::{Answer, ExpectSpec, View};
use kgrade::lab::{Bindings, Check, LabSource};
use kgrade::timeline::{Timeline, evidence};

/// A recorded run, and the check that it is of.
struct Recorded {
    timeline: Timeline,
    check: Check,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/evidence/lab-02")
}

fn read(name: &str) -> Recorded {
    let file = File::open(folder().join(format!("{name}.jsonl.gz"))).unwrap_or_else(|error| panic!("{name}: {error}"));
    let (header, events) = evidence::read(GzDecoder::new(file)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let bindings = Bindings { run_id: header.run.id.clone(), seed: header.run.seed };
    let lab = LabSource::parse("lab.yaml", &header.lab_text).unwrap().resolve(&bindings).unwrap();
    let check = lab.check("manual-commit").unwrap().clone();
    let mut timeline = Timeline::default();
    for event in events {
        timeline.append(event);
    }
    Recorded { timeline, check }
}

/// An answer in one line.
fn judge(recorded: &Recorded, words: &str) -> String {
    let (group, topic) = recorded
        .timeline
        .events()
        .iter()
        .find_map(|event| match &event.what {
            kgrade::timeline::What::OffsetsSeen { group, topic, .. } => Some((group.to_string(), topic.to_string())),
            _ => None,
        })
        .unwrap();
    let spec: ExpectSpec = serde_saphyr::from_str(&format!("commits: {{ group: {group}, topic: {topic}, {words} }}")).unwrap();
    match spec.judge(&View::new(&recorded.timeline, &recorded.check.id, &recorded.check.data)) {
        Answer::Holds(evidence) => format!("holds: {} {}", evidence.witnesses.join("; "), evidence.remarks.join("; ")),
        Answer::NotYet(mismatch) => format!("not yet: {}", mismatch.message),
        Answer::Violated(mismatch) => format!("violated: {}\n{}", mismatch.message, mismatch.cause.unwrap_or_default()),
        Answer::NotShown(reason) => format!("not shown: {reason}"),
    }
}

/// A recorded timeline, who decides, and whether it was ahead; then words of the answer to each.
type Row = (&'static str, &'static str, &'static str, &'static [&'static str]);

const NONE: &[&str] = &[];
const ONE_BY_ONE: &str = "holds: `second`: one commit after every 1 event";
const FIRST: &str = "holds: `first`: one commit after every 1 event";
const EVERY_TEN: &str = "holds: `second`: one commit after every 10 events";
const AT_PAUSES: &str = "holds: `second`: what was delivered was committed soon at each of";
const CLEAN: &str = "holds";
const CUT_SHORT: &str = "not shown: that offsets are committed by hand was not shown by `first`";
const AHEAD: &str = "violated: your client committed offset";

/// The first run that shows it is named; runs of programs that fail are cut short at the failure.
const ROWS: &[Row] = &[
    ("ck-sync-per-message", FIRST, CLEAN, NONE),
    ("ck-async-per-message", ONE_BY_ONE, CLEAN, NONE),
    ("ck-batch-explicit", AT_PAUSES, CLEAN, NONE),
    ("ck-batch-no-argument", CUT_SHORT, AHEAD, &["commit() without arguments, which commits all that poll() or consume() has returned"]),
    ("ck-every-n", AT_PAUSES, CLEAN, NONE),
    ("ck-store-offsets", AT_PAUSES, CLEAN, NONE),
    (
        "ck-auto",
        "violated: a clock decides when offsets are committed",
        AHEAD,
        &["nothing in your code asked for that: `enable.auto.commit` is on (confluent-kafka commits every 5 s in the background)"],
    ),
    ("ck-auto-100ms", CUT_SHORT, AHEAD, &["covers what was read, not only what was delivered", "automatic commits, when"]),
    ("ck-kip848", FIRST, CLEAN, NONE),
    ("ck-manual-assignment", FIRST, CLEAN, NONE),
    ("ck-thread-pool", FIRST, CLEAN, NONE),
    ("ck-thread-pool-highest", CUT_SHORT, AHEAD, &["later events of the partition were delivered first"]),
    ("ck-commit-first", CUT_SHORT, AHEAD, &["when the event was read, before its delivery began"]),
    ("kp-per-message", FIRST, CLEAN, NONE),
    ("kp-batch", EVERY_TEN, CLEAN, NONE),
    ("kp-auto", "not yet: your program sent no commit", "not shown: your program committed nothing", NONE),
    (
        "kp-auto-finally-close",
        FIRST,
        AHEAD,
        &[
            "was refused with 503",
            "on the way out",
            "`enable_auto_commit` is on, kafka-python commits every 5 s inside poll(), and once more in close()",
        ],
    ),
    ("aio-per-message", FIRST, CLEAN, NONE),
    ("aio-batch", EVERY_TEN, CLEAN, NONE),
    ("aio-idle-commits", EVERY_TEN, CLEAN, NONE),
    (
        "aio-auto",
        "violated: a clock decides",
        AHEAD,
        &[
            "was still being delivered",
            "nothing in your code asked for that: `enable_auto_commit` is on (aiokafka commits every 5 s in a task of its own",
        ],
    ),
    ("aio-auto-blocking", "not yet: your program sent no commit", "not shown: your program committed nothing", NONE),
    ("kafkajs-per-message", FIRST, CLEAN, NONE),
    ("kafkajs-auto", AT_PAUSES, CLEAN, NONE),
    ("franz-go-per-message", FIRST, CLEAN, NONE),
    ("franz-go-marks", AT_PAUSES, CLEAN, NONE),
    ("franz-go-auto", "not yet: your program sent no commit", "not shown: your program committed nothing", NONE),
    ("java-per-message", FIRST, CLEAN, NONE),
    ("java-auto", "not yet: your program sent no commit", "not shown: your program committed nothing", NONE),
];

#[test]
fn every_recorded_program_is_judged_as_what_it_is() {
    let mut wrong = Vec::new();
    let recordings = recordings();
    for (name, decided, ahead, words) in ROWS.iter().filter(|(name, ..)| recordings.contains(*name)) {
        let recorded = read(name);
        let (seen_decided, seen_ahead) = (judge(&recorded, "decided: program"), judge(&recorded, "never: ahead"));
        let right =
            seen_decided.starts_with(decided) && seen_ahead.starts_with(ahead) && words.iter().all(|word| seen_ahead.contains(word));
        if !right {
            wrong.push(format!("{name}\n  {seen_decided}\n  {seen_ahead}\n  {words:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_recording_stands_in_the_table() {
    let rows: BTreeSet<String> = ROWS.iter().map(|(name, ..)| (*name).to_owned()).collect();
    let recordings = recordings();
    assert!(recordings.is_subset(&rows), "without a row: {:?}", recordings.difference(&rows).collect::<Vec<_>>());
    assert!(recordings.len() >= 24, "only {} recordings", recordings.len());
}

fn recordings() -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name());
    entries.filter_map(|name| name.to_str()?.strip_suffix(".jsonl.gz").map(str::to_owned)).collect()
}
