//! The registry: every kind's own example is right.

use super::{REGISTRY, Row};
use crate::lab::{Code, LabSource};

/// A small lab that holds everything an example may name, and the example itself.
fn lab(row: &Row, example: &str) -> String {
    let starts = ["first", "plain", "with-bad"].into_iter().filter(|name| !example.contains(&format!("as: {name} ")));
    let starts: String = starts.map(|name| format!("      - start: {{ program: consumer, as: {name} }}\n")).collect();
    let fault = if example.contains("arm:") { "" } else { "      - fault: { arm: { name: lost-ack, do: { drop-response: {} } } }\n" };
    let (action, expectation) =
        if row.action { (format!("      - {example}\n"), String::new()) } else { (String::new(), format!("      - {example}\n")) };
    format!(
        "kgrade: 1\nlab: lab-90\ntitle: A lab for the tests\nvars: {{ topic: t, group: g }}\n\
         data: {{ events: {{ generate: user-events, count: 10, users: 2 }}, bad: {{ records: [ {{ value: null }} ] }} }}\n\
         programs:\n  producer: {{ default: [python, p.py] }}\n  consumer: {{ default: [python, c.py] }}\n\
         checks:\n  - id: one\n    title: One\n    points: 100\n    hint: h\n    do:\n{fault}{starts}{action}    \
         always: [ {{ alive: {{ instance: first }} }} ]\n    expect:\n      - alive: {{ instance: first }}\n{expectation}"
    )
}

#[test]
fn every_example_lints_cleanly() {
    for row in REGISTRY {
        let text = lab(row, row.example);
        let source = LabSource::parse("example", &text).unwrap_or_else(|errors| panic!("`{}`: {errors}\n{text}", row.name));
        let found = source.lint();
        let own: Vec<_> = found.found.iter().filter(|error| error.code != Code::UNUSED).collect();
        assert!(own.is_empty(), "`{}`: {found}\n{text}", row.name);
        assert!(row.example.starts_with(&format!("{}: ", row.name)), "the example of `{}` shows another kind", row.name);
    }
}

#[test]
fn an_example_with_a_slip_does_not() {
    for row in REGISTRY {
        let slip = row.example.replacen(": {", ": { nonsense: 1,", 1);
        let found = LabSource::parse("example", &lab(row, &slip)).map(|source| source.lint());
        assert!(found.unwrap_or_else(|errors| errors).to_string().contains("nonsense"), "`{}`", row.name);
    }
}

#[test]
fn every_kind_has_a_doc_of_whole_sentences() {
    for row in REGISTRY {
        assert!(row.doc.len() > 60 && row.doc.ends_with('.'), "`{}`: {}", row.name, row.doc);
        assert!(row.doc.chars().next().is_some_and(char::is_uppercase), "`{}`: {}", row.name, row.doc);
    }
}

/// What actions say about settings that leave open what is to be done.
#[test]
fn actions_that_name_nobody_or_two_are_refused() {
    for (yaml, words) in [
        ("kill: { group: g }", "who is to be killed"),
        ("kill: { instance: a, owner_of: { topic: t, partition: 0 }, group: g }", "who is to be killed"),
        ("kill: { owner_of: { topic: t, partition: 0 } }", "in a group only"),
        ("produce: { topic: t, data: d, partition: 1, in_turn: true }", "cannot go to all in turn"),
    ] {
        let spec: super::ActionSpec = serde_saphyr::from_str(yaml).unwrap_or_else(|error| panic!("{yaml}: {error}"));
        let found: Vec<_> = spec.lint().into_iter().map(|finding| finding.message).collect();
        assert!(found.iter().any(|message| message.contains(words)), "{yaml}: {found:?}");
    }
}

/// What the kinds of the wire say about settings that ask for nothing or contradict each other.
#[test]
fn vacuous_and_contradicting_settings_are_refused() {
    let lint = |yaml: &str| -> Vec<String> {
        let spec: super::ExpectSpec = serde_saphyr::from_str(yaml).unwrap_or_else(|error| panic!("{yaml}: {error}"));
        spec.lint().into_iter().map(|finding| finding.message).collect()
    };
    for (yaml, words) in [
        ("requests: { of: { api: [Fetch], acks: 1 } }", "only Produce requests"),
        ("requests: { of: { api: [Produce], isolation: read_committed } }", "only Fetch and ListOffsets"),
        ("requests: { of: { api: [Produce] }, every: {} }", "every request is of any kind"),
        ("requests: { of: { api: [Produce], acks: 5 } }", "acks is 0, 1 or -1"),
        ("requests: { of: { partition: 1, only_partitions: [0] } }", "is not among"),
        ("requests: { of: {}, none: true, count: { at_least: 1 } }", "contradicts"),
        ("requests: { of: {}, none: false }", "says nothing"),
        ("requests: { of: {}, count: { at_least: 0 } }", "always so"),
        ("commits: { group: g, topic: t }", "asks for nothing"),
        ("commits: { group: g, topic: t, behind: {} }", "without a bound"),
        ("membership: { group: g }", "asks for nothing"),
        ("membership: { group: g, joined: false, left: true }", "nothing to leave"),
        ("membership: { group: g, left: false }", "no program has to stay"),
        ("produced: { topic: t, acks: 2 }", "acks is 0, 1 or -1"),
        ("produced: { topic: t, acks: 1, idempotent: true }", "asks for acks=-1"),
        ("produced: { topic: t, compressed_percent: 101 }", "more than all"),
        ("produced: { topic: t, compression: none, compressed_percent: 90 }", "contradicts"),
        ("produced: { topic: t, records_per_batch: 1 }", "always holds"),
        ("fault-used: { name: f, times: { at_most: 2 } }", "also holds when the fault never acted"),
        ("assignment: { group: g, topic: t, among: [] }", "nobody shares"),
        ("assignment: { group: g, topic: t, among: [a], idle: 1 }", "somebody has to have the partitions"),
        ("assignment: { group: g, topic: t, among: [a], each: 0 }", "share nothing"),
        ("repeats: { group: g, of: [], at_most: 1 }", "no event counts"),
    ] {
        let found = lint(yaml);
        assert!(found.iter().any(|message| message.contains(words)), "{yaml}: {found:?}");
    }
    for yaml in [
        "requests: { of: { api: [JoinGroup] }, none: true }",
        "requests: { of: { api: [Produce], topic: t }, every: { acks: -1 }, count: { at_least: 1 } }",
        "commits: { group: g, topic: t, behind: { events: 50, time: 5s } }",
        "membership: { group: g, joined: false }",
        "produced: { topic: t, acks: -1, idempotent: true, compression: zstd, compressed_percent: 90, records_per_batch: 50 }",
    ] {
        assert!(lint(yaml).is_empty(), "{yaml}: {:?}", lint(yaml));
    }
}
