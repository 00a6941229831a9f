//! A lab from its text to its checks.

use super::*;
use crate::lab::span::Span;

const LAB: &str = r#"
kgrade: 1
lab: lab-90
title: A lab for the tests
vars: { topic: events-$(check.id)-$(run.id), level: none }
draws: { nth: { from: 11, to: 39, not_multiple_of: 5 } }
data:
  events: { generate: user-events, count: $(draw.nth) }
programs:
  consumer: { default: [python, "lab-90/consumer.py"], env: { KAFKA_TOPIC: $(topic), LEVEL: $(level), NTH: $(draw.nth), SINK_URL: $(sink.url) } }
checks:
  - id: first
    title: The first
    points: 40
    hint: Look there.
    data: { bad: { records: [ { label: cut JSON, key: u-1, value: { text: "{" } }, { value: null }, { value: { base64: "/w==" } }, { value: { json: 17 } } ] } }
    do: [ { start: { program: consumer, as: one, stdin: events, env: { ME: $(instance) } } }, { start: { program: consumer, as: two, stdin: bad } } ]
    expect: [ { topic: { name: $(topic), partitions: 6 } } ]
  - id: levels
    title: Level $(each.level)
    points: $(each.points)
    hint: Look there.
    needs: [first]
    each: [ { level: none, points: 20 }, { level: lost ack, points: 40 } ]
    vars: { level: $(each.level) }
    within: 2500ms
    do: [ { start: { program: consumer, as: one } } ]
    expect:
      - alive: { instance: one }
"#;

fn bindings(seed: u64) -> Bindings {
    Bindings { run_id: "r1".into(), seed }
}

fn lab(seed: u64) -> Lab {
    LabSource::parse("lab.yaml", LAB).unwrap().resolve(&bindings(seed)).unwrap()
}

#[test]
fn every_check_has_values_of_its_own() {
    let lab = lab(7);
    assert_eq!(lab.checks.iter().map(|check| check.id.as_str()).collect::<Vec<_>>(), ["first", "levels[none]", "levels[lost ack]"]);
    let ExpectSpec::Topic(topic) = &lab.checks[0].expect[0].spec else { panic!() };
    assert_eq!((topic.name.as_str(), topic.partitions), ("events-first-r1", Some(6)));
    let env = |check: usize, name: &str| lab.checks[check].programs["consumer"].env[name].clone();
    assert_eq!(env(2, "KAFKA_TOPIC"), "events-levels-lost-ack-r1");
    assert_eq!((env(0, "LEVEL").as_str(), env(2, "LEVEL").as_str()), ("none", "lost ack"));
    assert_eq!(env(0, "SINK_URL"), "$(sink.url)");
    assert_eq!(env(0, "NTH").parse::<usize>().unwrap(), lab.checks[0].data["events"].len());
    assert_eq!(lab.checks[2].title, "Level lost ack");
    assert_eq!((lab.checks[1].points, lab.checks[2].points, lab.points), (20, 40, 100));
    assert_eq!(lab.checks[2].needs, ["first"]);
    assert_eq!((lab.checks[2].within, lab.checks[0].within), (Span::millis(2500), WITHIN));
}

#[test]
fn places_are_those_of_the_file() {
    let lab = lab(7);
    assert_eq!(lab.checks[0].place.to_string(), "lab.yaml:12:5");
    assert_eq!(lab.checks[0].actions[1].place.to_string(), "lab.yaml:17:97");
    assert_eq!(lab.checks[2].expect[0].place.to_string(), "lab.yaml:29:9");
    assert_eq!((lab.checks[0].last_line, lab.checks[2].last_line), (18, 29));
}

#[test]
fn written_records_are_bytes() {
    let records = lab(7).checks[0].data["bad"].records();
    let values: Vec<_> = records.iter().map(|record| record.value.as_deref()).collect();
    assert_eq!(values, [Some(&b"{"[..]), None, Some(&[0xff][..]), Some(&b"17"[..])]);
    assert_eq!((records[0].key.as_deref(), records[0].label.as_deref()), (Some(&b"u-1"[..]), Some("cut JSON")));
}

#[test]
fn the_seed_decides_the_lab() {
    let texts = |seed| format!("{:?}", lab(seed).checks);
    assert_eq!(texts(7), texts(7));
    assert_ne!(texts(7), texts(8));
}

#[test]
fn a_good_lab_has_no_findings() {
    assert_eq!(LabSource::parse("lab.yaml", LAB).unwrap().lint().found, []);
}
