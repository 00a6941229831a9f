//! What the timeline and the judges cost: a million records in memory, and one look at them.
//!
//! `cargo bench --bench judge`; `cargo bench --bench judge -- 100000` takes fewer records. Memory is read from /proc, so Linux only.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a program for people, not for learners")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use kgrade::kinds::{Answer, ExpectSpec, View};
use kgrade::lab::data::{DataSet, DataSets};
use kgrade::timeline::{Event, Payload, RecordBlock, Timeline, What};
use serde_json::{Value, json};

/// Records that are read together, as a fetch brings them.
const BLOCK: usize = 500;
const PARTITIONS: usize = 6;
/// Events that are delivered one by one, and looks at the committed offsets between them.
const DELIVERIES: u32 = 20_000;
const LOOK_EVERY: usize = 20;
/// The most that a million records should take, in MiB.
const TARGET: u64 = 200;

fn main() {
    // `cargo test` starts benches too; only `cargo bench` means it.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let records = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000_usize);
    println!("| what | time | resident | peak |\n|---|---|---|---|");
    // The small one first: what it frees would hide what the large one takes.
    many_deliveries();
    many_records(records);
}

/// A topic with many records: what keeping them costs, and what a look at them costs.
fn many_records(records: usize) {
    let lines = events(1000);
    let before = memory("VmRSS");
    let began = Instant::now();
    let mut timeline = Timeline::default();
    let mut kept = 0;
    for (at, first) in (0..records).step_by(BLOCK).enumerate() {
        let block = block(&lines, at, first, records.min(first + BLOCK));
        kept += block.size();
        timeline.append(Event { at: at as u64, what: What::RecordsSeen { topic: "t".into(), block } });
    }
    let (took, resident) = (began.elapsed(), memory("VmRSS").saturating_sub(before));
    let missed = if records >= 1_000_000 && resident > TARGET { ", **missed**" } else { "" };
    row(&format!("{records} records of {} bytes on the timeline (target {TARGET} MiB{missed})", kept / records.max(1)), took, resident);

    let data = DataSets::default();
    for spec in [
        json!({ "records": { "topic": "t", "count": { "exactly": records } } }),
        json!({ "records": { "topic": "t", "partition": "consistent", "partitions_used": { "at_least": 2 } } }),
    ] {
        judge(&format!("a look at them: {spec}"), &timeline, &data, spec, before);
    }
}

/// The records of one block: an event's user decides the partition, offsets go on.
fn block(lines: &DataSet, nth: usize, first: usize, end: usize) -> RecordBlock {
    let partition = nth % PARTITIONS;
    let mut block = RecordBlock::new(i32::try_from(partition).unwrap());
    let own: Vec<_> = lines.events.iter().filter(|event| partition_of(&event.key) == partition).collect();
    for (place, number) in (first..end).enumerate() {
        let event = own[number % own.len()];
        let offset = i64::try_from(nth / PARTITIONS * BLOCK + place).unwrap();
        block.push(offset, 1_767_225_600_000, Some(event.key.as_bytes()), Some(event.line.as_bytes()), b"");
    }
    block
}

fn partition_of(key: &str) -> usize {
    key.bytes().map(usize::from).sum::<usize>() % PARTITIONS
}

/// A consumer that delivers and commits: what a look at its deliveries and offsets costs.
fn many_deliveries() {
    let set = events(DELIVERIES);
    let before = memory("VmRSS");
    let began = Instant::now();
    let mut timeline = Timeline::default();
    let mut at = 0;
    let mut add = |what| {
        at += 1;
        timeline.append(Event { at, what });
    };
    for (offset, event) in (0_i64..).zip(set.events.iter()) {
        let id = Some(event.id.as_str().into());
        add(What::Produced { topic: "t".into(), partition: 0, offset, data: "c/events".into(), event: id });
    }
    for (nth, (delivery, event)) in (1_u64..).zip(set.events.iter()).enumerate() {
        let id = Some(event.id.as_str().into());
        let body = Payload::new(event.line.as_bytes());
        add(What::DeliveryBegun { delivery, instance: "c/only".into(), nth: delivery, event: id, body });
        add(What::DeliveryAnswered { delivery, status: 200 });
        if nth % LOOK_EVERY == 0 {
            let offsets = BTreeMap::from([(0, i64::try_from(delivery).unwrap())]);
            add(What::OffsetsSeen { group: "g".into(), topic: "t".into(), asked: 0, offsets });
        }
    }
    let resident = memory("VmRSS").saturating_sub(before);
    row(&format!("{DELIVERIES} deliveries on the timeline"), began.elapsed(), resident);
    let mut data = DataSets::default();
    data.insert("events".to_owned(), set);
    for spec in [
        json!({ "delivered": { "every": ["events"], "times": "exactly_once" } }),
        json!({ "committed": { "group": "g", "topic": "t", "at_most": "delivered" } }),
    ] {
        judge(&format!("a look at them: {spec}"), &timeline, &data, spec, before);
    }
}

/// One look: the median of five.
fn judge(what: &str, timeline: &Timeline, data: &DataSets, spec: Value, before: u64) {
    let spec: ExpectSpec = serde_json::from_value(spec).unwrap();
    let mut times: Vec<Duration> = (0..5)
        .map(|_| {
            let began = Instant::now();
            let answer = spec.judge(&View::new(timeline, "c", data));
            assert!(matches!(answer, Answer::Holds(_)), "{answer:?}");
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    row(what, times[times.len() / 2], memory("VmRSS").saturating_sub(before));
}

fn events(count: u32) -> DataSet {
    let spec: kgrade::lab::data::DataSpec =
        serde_json::from_value(json!({ "generate": "user-events", "count": count, "users": 100 })).unwrap();
    spec.make(1).map_err(|bad| bad.message).unwrap()
}

/// A line of /proc/self/status, in MiB.
fn memory(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc/self/status, which is Linux only");
    let value = status.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(':')).unwrap();
    value.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

fn row(what: &str, took: Duration, resident: u64) {
    println!("| {what} | {:.1} ms | {resident} MiB | {} MiB |", took.as_secs_f64() * 1000.0, memory("VmHWM"));
}
