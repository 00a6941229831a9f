//! Every YAML block of the pages is right: labs and parts of labs lint without an error, manifests and `expect.yaml` are read.

use kgrade::course::expect::ExpectFile;
use kgrade::lab::{Code, LabSource, Severity};

use super::markdown::blocks;
use super::{pages, read};

/// What a part of a lab may use without saying so.
const SURROUNDINGS: &str = "kgrade: 1
lab: example
title: An example
vars: { topic: events-$(check.id)-$(run.id), group: example-$(check.id)-$(run.id) }
data:
  events: { generate: user-events, count: 30, users: 6 }
programs:
  producer: { default: [python, producer.py] }
  consumer: { default: [python, consumer.py] }
  relay: { default: [python, relay.py] }
";

/// What a check has when a block shows only a part of one.
const CHECK: &[(&str, &str)] = &[
    ("id", "id: example"),
    ("title", "title: An example"),
    ("points", "points: 100"),
    ("hint", "hint: Look again."),
    ("expect", "expect: [ { topic: { name: $(topic) } } ]"),
];

/// The keys that begin in the first column.
fn keys(text: &str) -> Vec<&str> {
    let begins = |line: &&str| line.starts_with(|c: char| c.is_ascii_alphabetic());
    text.lines().filter(begins).filter_map(|line| line.split_once(':')).map(|(key, _)| key).collect()
}

fn indented(text: &str, by: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("{by}{line}\n") }).collect()
}

/// The surroundings without what the block brings itself.
fn surroundings(brought: &[&str]) -> String {
    let mut kept = true;
    let mut text = String::new();
    for line in SURROUNDINGS.lines() {
        if !line.starts_with(' ') {
            kept = !brought.iter().any(|key| line.starts_with(&format!("{key}:")));
        }
        if kept {
            text.push_str(&format!("{line}\n"));
        }
    }
    text
}

/// A whole lab around a block.
fn as_lab(block: &str) -> String {
    let keys = keys(block);
    let check = |text: &str| {
        let missing = CHECK.iter().filter(|(key, _)| !text.lines().any(|line| line.starts_with(&format!("{key}:"))));
        let whole = missing.fold(text.to_owned(), |whole, (_, line)| format!("{whole}{line}\n"));
        format!("checks:\n  -\n{}", indented(&whole, "    "))
    };
    match keys.as_slice() {
        ["kgrade", ..] => block.to_owned(),
        ["checks"] => format!("{SURROUNDINGS}{block}"),
        // A list of checks.
        [] => format!("{SURROUNDINGS}checks:\n{}", indented(block, "  ")),
        keys if keys.iter().all(|key| ["cluster", "programs", "sections"].contains(key)) => {
            format!("{}{block}{}", surroundings(keys), check(""))
        }
        _ => format!("{SURROUNDINGS}{}", check(block)),
    }
}

/// Reads a learner's `kgrade.yaml` as a run does.
fn read_manifest(text: &str) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("kgrade.yaml"), text).unwrap();
    let submission = kgrade::world::program::Submission::open(folder.path()).unwrap();
    let command = submission.command("lab-02", "producer", &["python".to_owned()]);
    assert!(command.is_ok(), "the manifest names no producer: {command:?}");
}

#[test]
fn every_yaml_block_is_right() {
    let (mut labs, mut parts, mut others) = (0, 0, 0);
    // The page of all kinds is made from the examples of the code, which have a test there.
    for page in pages().iter().filter(|page| *page != "docs/kinds.md") {
        for block in blocks(&read(page)).iter().filter(|block| block.language == "yaml") {
            let place = format!("{page}:{}", block.line);
            let keys = keys(&block.text);
            if keys.contains(&"jobs") {
                // A workflow of GitHub's: tests/github takes it through its steps.
                continue;
            }
            if keys.contains(&"steps") {
                assert!(kgrade::course::Rules::parse(&block.text).is_ok(), "{place}: {:?}", kgrade::course::Rules::parse(&block.text));
                others += 1;
                continue;
            }
            if keys.contains(&"labs") {
                read_manifest(&block.text);
                others += 1;
                continue;
            }
            if keys.contains(&"fails") {
                let read = ExpectFile::parse(&place, &block.text).unwrap_or_else(|errors| panic!("{errors}"));
                assert!(!read.expect.fails.is_empty(), "{place}: a mistake that fails nothing");
                others += 1;
                continue;
            }
            let whole = keys.contains(&"kgrade");
            *if whole { &mut labs } else { &mut parts } += 1;
            let source = LabSource::parse(&place, &as_lab(&block.text)).unwrap_or_else(|errors| panic!("{errors}"));
            let mut findings = source.lint();
            // A whole lab has nothing to say; a part need not add up and may leave things unused.
            findings.found.retain(|finding| whole || (finding.severity == Severity::Error && finding.code != Code::POINTS));
            assert!(findings.found.is_empty(), "{place}\n{findings}\nof\n{}", source.source.text);
        }
    }
    assert!(labs >= 2 && parts >= 8 && others >= 2, "{labs} labs, {parts} parts, {others} others");
}
