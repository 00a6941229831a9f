//! Which reports are right, and what is said about those that are not.

use crate::kinds::testing::{Story, assert_says};
use crate::timeline::event::{Stream, What};

const FAULTS: &str = "findings: { by: diagnose, faults: [ \
    { problem: stuck-partition, topic: t, partition: 2, group: g }, { problem: hot-key, topic: h, partition: 1 }, \
    { problem: growing-lag, topic: l, group: s }, { problem: wrong-retention, topic: r } ] }";
const NONE: &str = "findings: { by: diagnose, faults: [] }";
const RIGHT: [&str; 4] = [
    r#"{"problem": "stuck-partition", "topic": "t", "partition": 2, "group": "g"}"#,
    r#"{"problem": "hot-key", "topic": "h", "partition": 1, "group": null}"#,
    r#"{"problem": "growing-lag", "topic": "l", "partition": null, "group": "s"}"#,
    r#"{"problem": "wrong-retention", "topic": "r"}"#,
];

fn printed(line: &str) -> Story {
    Story::new()
        .start("diagnose")
        .then(What::Line { instance: "c/diagnose".into(), stream: Stream::Stdout, text: line.to_owned() })
        .exit("diagnose", 0)
}

fn reports(findings: &[&str]) -> Story {
    printed(&format!(r#"{{"findings": [{}]}}"#, findings.join(", ")))
}

#[test]
fn the_faults_as_a_set() {
    assert_says(&Story::new(), FAULTS, "not shown: `diagnose` was not started", &[]);
    assert_says(&Story::new().start("diagnose"), FAULTS, "not yet: `diagnose` is still running", &[]);
    assert_says(&reports(&RIGHT), FAULTS, "holds (4)", &[]);
    let reversed: Vec<&str> = RIGHT.iter().rev().copied().collect();
    assert_says(&reports(&reversed), FAULTS, "holds (4)", &[]);
    // Twice the same, and more than the place asks for: a lag told partition by partition.
    let lag = [r#"{"problem": "growing-lag", "topic": "l", "partition": 0, "group": "s"}"#, r#"{"problem": "growing-lag", "topic": "l", "partition": 1, "group": "s"}"#];
    assert_says(&reports(&[RIGHT[0], RIGHT[1], lag[0], lag[1], RIGHT[3], RIGHT[3]]), FAULTS, "holds (6)", &[]);
}

#[test]
fn what_is_missing_is_said_with_its_place() {
    assert_says(&reports(&[]), FAULTS, "violated: `diagnose` reports nothing, and there are 4 faults to find", &["stuck-partition in partition 2 of topic t for group g: not reported"]);
    assert_says(&reports(&RIGHT[1..]), FAULTS, "violated: `diagnose` misses 1 of 4 faults", &["observed 3 of 4 found", "look twice", "!false alarm"]);
    for (instead, says) in [
        (r#"{"problem": "stuck-partition", "topic": "t", "group": "g"}"#, "reported without its partition"),
        (r#"{"problem": "stuck-partition", "topic": "t"}"#, "reported without its partition and group"),
        (r#"{"problem": "stuck-partition"}"#, "reported without its topic and partition and group"),
    ] {
        assert_says(&reports(&[RIGHT[1], RIGHT[2], RIGHT[3], instead]), FAULTS, "violated: `diagnose` misses 1 of 4 faults", &[says, "!false alarm"]);
    }
    for (instead, says) in [
        (r#"{"problem": "stuck-partition", "topic": "t", "partition": 1, "group": "g"}"#, "reported in another place: stuck-partition in partition 1 of topic t for group g"),
        (r#"{"problem": "growing-lag", "topic": "t", "group": "g"}"#, "reported as growing-lag"),
        (r#"{"problem": "stuck-partition", "topic": "t", "partition": 2, "group": "other"}"#, "not reported"),
    ] {
        let story = reports(&[RIGHT[1], RIGHT[2], RIGHT[3], instead]);
        assert_says(&story, FAULTS, "violated: `diagnose` misses 1 of 4 faults", &[says, "observed 3 of 4 found, 1 false alarm"]);
    }
}

#[test]
fn false_alarms() {
    let extra = r#"{"problem": "dead-group", "topic": "t", "group": "nightly"}"#;
    let story = reports(&[&RIGHT[..], &[extra]].concat());
    assert_says(&story, FAULTS, "violated: `diagnose` finds every fault, but also reports 1 problem where all is well", &["nightly", "has done its work"]);
    assert_says(&reports(&[extra, extra]), NONE, "violated: `diagnose` reports 1 problem where all is well", &["expected no findings", "observed 1 false alarm"]);
}

#[test]
fn a_report_that_cannot_be_read() {
    for (line, says) in [
        (r#"{"findings": {}}"#, "`findings`, printed by `diagnose`, is no JSON array"),
        (r#"{"findings": ["hot-key"]}"#, "finding 1 of `diagnose` is no JSON object"),
        (r#"{"findings": [{"problem": "lag"}]}"#, "finding 1 of `diagnose` names no problem of the handout"),
        (r#"{"findings": [{"topic": "t"}]}"#, "finding 1 of `diagnose` names no problem"),
        (r#"{"findings": [{"problem": "hot-key", "partition": "2"}]}"#, "`partition` in finding 1 of `diagnose` is not a whole number"),
        (r#"{"findings": [{"problem": "hot-key", "topic": 5}]}"#, "`topic` in finding 1 of `diagnose` is not text"),
        (r#"{"problems": []}"#, "`diagnose` did not print one JSON object: the object has no `findings`"),
    ] {
        assert_says(&printed(line), FAULTS, &format!("violated: {says}"), &[]);
    }
}

#[test]
fn who_reports_nothing_must_have_looked() {
    assert_says(&reports(&[]), NONE, "violated: `diagnose` reports nothing, but it has not looked", &["OffsetFetch"]);
}

#[test]
fn a_topic_that_was_not_as_it_should_have_been_judges_nobody() {
    let stall = |check: &str, topic: &str| What::Stalled { check: check.into(), what: "consumer".into(), topic: topic.into(), millis: 3200 };
    let during = |stall: What, findings: &[&str]| {
        let line = format!(r#"{{"findings": [{}]}}"#, findings.join(", "));
        let story = Story::new().then(What::Stalled { check: "c".into(), what: "producer".into(), topic: "h".into(), millis: 9000 }).start("diagnose").then(stall);
        story.then(What::Line { instance: "c/diagnose".into(), stream: Stream::Stdout, text: line }).exit("diagnose", 0)
    };
    assert_says(&during(stall("c", "t"), &RIGHT[1..]), FAULTS, "not shown: the grader's own consumer of t stood still for 3.2 s", &[]);
    assert_says(&during(stall("c", "t"), &RIGHT), FAULTS, "holds (4)", &[]);
    // What is about other topics is judged, and so is everything after a stall before the program began, or in another check.
    assert_says(&during(stall("c", "t"), &[]), FAULTS, "violated", &["hot-key in partition 1 of topic h: not reported", "!stuck-partition in partition 2"]);
    assert_says(&during(stall("c", "l"), &RIGHT[1..]), FAULTS, "violated", &[]);
    assert_says(&during(stall("other", "t"), &RIGHT[1..]), FAULTS, "violated", &[]);
    assert_says(&during(stall("other", "t"), &[RIGHT[0], RIGHT[2], RIGHT[3]]), FAULTS, "violated", &["hot-key"]);
    let alarm = r#"{"problem": "growing-lag", "topic": "t", "group": "g"}"#;
    assert_says(&during(stall("c", "t"), &[alarm]), NONE, "not shown", &[]);
    assert_says(&during(stall("c", "h"), &[alarm]), NONE, "violated", &[]);
}

#[test]
fn places_are_complete() {
    for (yaml, says) in [
        ("{ problem: stuck-partition, topic: t, group: g }", Some("needs its partition")),
        ("{ problem: hot-key, topic: t, partition: 1, group: g }", Some("no problem of one group")),
        ("{ problem: dead-group, topic: t }", Some("needs its group")),
        ("{ problem: wrong-retention, topic: t, partition: 0 }", Some("no problem of one partition")),
        ("{ problem: under-replicated, topic: t, partition: 0 }", None),
    ] {
        let fault: super::Fault = serde_saphyr::from_str(yaml).expect("it parses");
        let found = fault.lint().map(|finding| finding.message);
        assert_eq!(found.is_some(), says.is_some(), "{yaml}: {found:?}");
        assert!(says.is_none_or(|says| found.as_deref().is_some_and(|found| found.contains(says))), "{yaml}: {found:?}");
    }
}
