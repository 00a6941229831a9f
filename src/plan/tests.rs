//! Plans of a small lab.

use std::time::Duration;

use super::*;
use crate::lab::{Bindings, LabSource};

const LAB: &str = r#"
kgrade: 1
lab: lab-90
title: A lab for the tests
programs: { consumer: { default: [python, c.py] } }
checks:
  - { id: a, title: A, points: 10, hint: h, tags: [fast], within: 4s, expect: [ { topic: { name: t, partitions: 6 } } ] }
  - id: b
    title: B
    points: 30
    hint: h
    needs: [a]
    each: [x, y]
    within: 10s
    stable: 1s
    do:
      - start: { program: consumer, as: one }
      - watch: { for: 6500ms }
    always: [ { alive: { instance: one } } ]
    expect: [ { topic: { name: t } } ]
  - id: c
    title: C
    points: 10
    after: [a]
    given: [ { topic: { name: t } } ]
    blame: a
    hint: >-
      several
      lines
    expect: [ { topic: { name: t } } ]
  - { id: d, title: D, points: 20, hint: h, after: [c], tags: [fast], expect: [ { topic: { name: t } } ] }
"#;

fn lab() -> Lab {
    let bindings = Bindings { run_id: "r".into(), seed: 1 };
    LabSource::parse("checks/lab-90/lab.yaml", LAB).unwrap().resolve(&bindings).unwrap()
}

fn ids(only: &[&str]) -> Result<Vec<String>, SelectError> {
    let only: Vec<String> = only.iter().map(|word| (*word).to_owned()).collect();
    select(&lab(), &only).map(|checks| checks.iter().map(|check| check.id.clone()).collect())
}

#[test]
fn selection_brings_what_a_check_rests_on() {
    assert_eq!(ids(&[]).unwrap(), ["a", "b[x]", "b[y]", "c", "d"]);
    assert_eq!(ids(&["b"]).unwrap(), ["a", "b[x]", "b[y]"]);
    assert_eq!(ids(&["b[y]"]).unwrap(), ["a", "b[y]"]);
    assert_eq!(ids(&["c"]).unwrap(), ["a", "c"]);
    assert_eq!(ids(&["d"]).unwrap(), ["d"]);
    assert_eq!(ids(&["fast"]).unwrap(), ["a", "d"]);
}

#[test]
fn a_line_selects_the_check_around_it() {
    assert_eq!(ids(&["lab.yaml:7"]).unwrap(), ["a"]);
    assert_eq!(ids(&["./checks/lab-90/lab.yaml:18"]).unwrap(), ["a", "b[x]", "b[y]"]);
    assert_eq!(ids(&["lab.yaml:29"]).unwrap(), ["a", "c"]);
    assert_eq!(ids(&["lab.yaml:30"]).unwrap(), ["a", "c"]);
    assert!(matches!(ids(&["lab.yaml:2"]), Err(SelectError::NothingThere { .. })));
    assert!(matches!(ids(&["other.yaml:7"]), Err(SelectError::NothingThere { .. })));
}

#[test]
fn an_unknown_word_gets_a_suggestion() {
    assert_eq!(ids(&["fats"]).unwrap_err().to_string(), "there is no check and no tag `fats` in lab-90; did you mean `fast`?");
}

#[test]
fn waves_follow_the_edges() {
    let plan = Plan::of(lab(), &[], 1.0).unwrap();
    assert_eq!(waves(&plan.checks), [vec![0], vec![1, 2, 3], vec![4]]);
}

#[test]
fn limits_stretch_and_experiments_do_not() {
    let budget = |scale| {
        let plan = Plan::of(lab(), &[], scale).unwrap();
        (plan.budget(&plan.checks[1]), plan.total())
    };
    let (one, all) = budget(1.0);
    assert_eq!((one.least, one.most), (Duration::from_millis(7500), Duration::from_millis(17_500)));
    assert_eq!((all.least, all.most), (Duration::from_millis(7500), Duration::from_secs(24)));
    let (one, _) = budget(2.0);
    assert_eq!((one.least, one.most), (Duration::from_millis(7500), Duration::from_millis(27_500)));
}

#[test]
fn the_plan_shows_what_will_be_done() {
    let text = Plan::of(lab(), &["b[x]".to_owned()], 1.0).unwrap().to_string();
    snapbox::assert_data_eq!(
        text,
        snapbox::str![[r#"
lab-90  A lab for the tests
2 checks, 40 points, 8 to 22 s with enough of them side by side

from the start, side by side:

  a  10 points  0 to 4 s  checks/lab-90/lab.yaml:7:7
    A
    expect  topic: { name: t, partitions: 6 }
            within 4s

then, side by side:

  b[x]  30 points  8 to 18 s  checks/lab-90/lab.yaml:8:5
    B
    needs   a: skipped when it does not pass
    do      start: { program: consumer, as: one }
            watch: { for: 6500ms }
    always  alive: { instance: one }
    expect  topic: { name: t }
            within 10s, stable 1s

"#]]
    );
}

#[test]
fn a_check_that_looks_at_anothers_programs_brings_it_along() {
    let lab = crate::lab::find::find("lab-03", None).unwrap().resolve(&Bindings { run_id: "r".into(), seed: 0 }).unwrap();
    let chosen = select(&lab, &["throughput-pays".to_owned()]).unwrap();
    assert_eq!(chosen.iter().map(|check| check.id.as_str()).collect::<Vec<_>>(), ["throughput-batches", "throughput-pays"]);
}
