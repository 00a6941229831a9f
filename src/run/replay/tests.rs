//! A saved run is judged as it was judged live.

use std::sync::Arc;

use proptest::prelude::*;

use super::{Referee, replay};
use crate::kinds::testing::{Story, bad, events};
use crate::lab::{Bindings, Check, LabSource};
use crate::outcome::{CheckOutcome, Mismatch, RunFacts, Tier, Verdict};
use crate::timeline::event::{Event, Phase, Signal};
use crate::timeline::evidence::{self, Header};
use crate::timeline::{Timeline, What};

const LAB: &str = r#"
kgrade: 1
lab: lab-90
title: A lab for the tests
programs: { consumer: { default: [python, c.py] } }
data: { events: { generate: user-events, count: 6, users: 2 }, bad: { records: [ { value: null } ] } }
checks:
  - id: c
    title: C
    points: 60
    hint: h
    do:
      - start: { program: consumer, as: first }
      - start: { program: consumer, as: second }
    within: 1s
    stable: 20ms
    always: [ { committed: { group: g, topic: t, at_most: delivered } } ]
    expect:
      - delivered: { every: [events], times: at_least_once }
      - committed: { group: g, topic: t, covers: delivered, past: bad }
      - records: { topic: t, of: events, values: equal, order: { by: seq, per: user_id } }
      - said: { by: second, stream: stderr, unlike: first }
      - exited: { instance: first, codes: [0], after_signal: 1s }
  - { id: needing, title: N, points: 20, hint: h, needs: [c], expect: [ { group: { name: g, members: 0 } } ] }
  - { id: blaming, title: B, points: 20, hint: h, after: [needing], given: [ { topic: { name: t } } ], blame: needing, expect: [ { topic: { name: t, partitions: 6 } } ] }
"#;

fn checks() -> Vec<Arc<Check>> {
    let bindings = Bindings { run_id: "r".into(), seed: 1 };
    let lab = LabSource::parse("checks/lab-90/lab.yaml", LAB).unwrap().resolve(&bindings).unwrap();
    let story = story();
    let told = |mut check: Check| {
        check.data.clone_from(&story.data);
        Arc::new(check)
    };
    lab.checks.into_iter().map(told).collect()
}

fn story() -> Story {
    Story::new().data("events", events(1..=6)).data("bad", bad(&["cut JSON"]))
}

fn judged(story: &Story) -> Vec<CheckOutcome> {
    replay(&checks(), story.events.clone(), 1.0, "lab-90")
}

fn verdicts(outcomes: &[CheckOutcome]) -> Vec<Verdict> {
    outcomes.iter().map(|outcome| outcome.verdict).collect()
}

/// A run in which all is well, up to the last look.
fn good() -> Story {
    let story = story().check_begun().reset().topic(Some(2)).produce("events").start("first").deliver("first", 1..=4);
    let story = story.offsets(&[(0, 2), (1, 2)]).look(Phase::Acting).signal("first", Signal::Term).exit("first", 0).gone("first");
    let story = story.produce("bad").start("second").line("second", "bad record").deliver("second", 5..=6).offsets(&[(0, 3), (1, 4)]);
    story.arrived(1..=6).look(Phase::Acting).expecting()
}

fn last_looks(story: Story) -> Story {
    story.look(Phase::Expecting).later(25).look(Phase::Expecting).check_ended()
}

#[test]
fn a_good_run_passes_and_what_was_not_run_is_interrupted() {
    let outcomes = judged(&last_looks(good()));
    assert_eq!(verdicts(&outcomes), [Verdict::Passed, Verdict::Inconclusive, Verdict::Inconclusive], "{}", outcomes[0].message);
    assert_eq!(outcomes[0].points, 60);
    assert!(outcomes[1].message.contains("interrupted"));
}

#[test]
fn one_record_too_many_after_it_held_fails() {
    let story = good().look(Phase::Expecting).record(0, None, Some(b"{}")).later(2_000).look(Phase::Expecting).check_ended();
    let outcomes = judged(&story);
    assert_eq!((outcomes[0].verdict, outcomes[0].message.as_str()), (Verdict::Failed, "one record is none of the events"));
}

#[test]
fn what_needs_a_failed_check_is_skipped_and_so_is_what_blames_that() {
    let ahead = story().check_begun().reset().produce("events").start("first").offsets(&[(0, 1), (1, 0)]).look(Phase::Acting).check_ended();
    let name = || "blaming".into();
    let story = ahead
        .then(What::CheckBegun { check: name() })
        .topic(None)
        .then(What::Expecting { check: name() })
        .later(10_000)
        .then(What::Look { check: name(), phase: Phase::Expecting });
    let outcomes = judged(&story);
    assert_eq!(verdicts(&outcomes), [Verdict::Failed, Verdict::Skipped, Verdict::Skipped]);
    assert_eq!(outcomes[1].message, "not judged, because `c` did not pass");
    assert_eq!(outcomes[2].message, "not judged, because `needing` could not be judged: topic t does not exist");
}

#[test]
fn what_is_withheld_came_to_what_it_came_to_and_the_rest_is_judged_as_before() {
    let ahead = story().check_begun().reset().produce("events").start("first").offsets(&[(0, 1), (1, 0)]).look(Phase::Acting).check_ended();
    for (story, came_to) in [(ahead, Verdict::Failed), (last_looks(good()), Verdict::Passed)] {
        let name = || "needing".into();
        let story = story
            .then(What::CheckBegun { check: name() })
            .then(What::Expecting { check: name() })
            .later(10_000)
            .then(What::CheckEnded { check: name() });
        let before = judged(&story);
        let hidden = [("c".into(), before[0].verdict)].into();
        let left = crate::timeline::withhold(&story.events, &hidden, |_| false);
        let text = serde_json::to_string(&left).unwrap();
        assert_eq!((text.matches("\"c\"").count(), text.matches("\"c/").count()), (1, 0), "{text}");
        let after = replay(&checks(), left, 1.0, "lab-90");
        assert_eq!((before[0].verdict, before[0].points), (came_to, after[0].points));
        assert_eq!((verdicts(&before), &before[1..]), (verdicts(&after), &after[1..]));
    }
}

/// As the engine does it: the check's own steps are shown to its referee the moment they are on the timeline, and nothing else is.
fn live(events: &[Event]) -> CheckOutcome {
    let mut referee = Referee::new(checks().remove(0), 1.0);
    let mut timeline = Timeline::default();
    for event in events {
        timeline.append(event.clone());
        let own = matches!(
            event.what,
            What::CheckBegun { .. }
                | What::ActionEnded { .. }
                | What::Expecting { .. }
                | What::Look { .. }
                | What::Broke { .. }
                | What::ClusterDied { .. }
                | What::CheckEnded { .. }
        );
        if own {
            referee.see(event, &timeline);
        }
    }
    referee.outcome(&timeline, "lab-90", |_| None)
}

fn saved_and_read(story: &Story) -> Vec<Event> {
    let run = RunFacts {
        id: "r".into(),
        seed: 1,
        tier: Tier::Practice,
        kgrade: "0".into(),
        checks_digest: String::new(),
        submission_digest: None,
        commit: None,
        broker_version: None,
        cluster: "jvm".into(),
        started_at: 0,
        learner: None,
        committed_at: None,
        clients: Vec::new(),
        sandbox: crate::outcome::no_sandbox(),
        workflow: None,
    };
    let selected = vec!["c".to_owned()];
    let header = Header {
        schema: evidence::SCHEMA.into(),
        lab: "lab-90".into(),
        lab_text: LAB.into(),
        selected,
        timeout_scale: 1.0,
        run,
        judged: Vec::new(),
        late: None,
        withheld: 0,
    };
    let mut file = Vec::new();
    evidence::write(&header, story.timeline.events(), &mut file).unwrap();
    evidence::read(&*file).unwrap().1
}

/// One step of a story; what cannot happen is left out.
fn step(story: Story, (what, number): (u8, u32)) -> Story {
    let nth = number % 6 + 1;
    let instance = if number % 5 == 0 { "second" } else { "first" };
    let begun = story.has_begun(nth);
    match what % 20 {
        0 => story.start_again(instance, number % 3),
        1 | 2 => story.begin(instance, nth),
        3 | 4 if begun => story.answer(nth, if number % 4 == 0 { 503 } else { 200 }),
        5 if begun => story.abandon(nth),
        6 | 7 => story.offsets(&[(0, i64::from(number % 4)), (1, i64::from(nth % 5))]),
        8 => story.line(instance, ["ready", "bad record", "offset 9"][number as usize % 3]),
        9 => story.signal(instance, if number % 2 == 0 { Signal::Term } else { Signal::Kill }),
        10 => story.exit(instance, i32::from(number % 7 == 0)),
        11 => story.dies(instance, 15).gone(instance),
        12 => story.topic((number % 6 > 0).then_some(2)),
        13 => story.arrived([nth]),
        14 => story.post(instance, None, b"\xff{"),
        15 => story.expecting(),
        16 => story.later(u64::from(number % 900)),
        17 if number % 40 == 0 => story.then(What::ClusterDied { reason: "gone".into() }),
        18 if number % 40 == 0 => story.then(What::ActionEnded { check: "c".into(), nth: 0, problem: Some(Mismatch::default()) }),
        _ => story.look(if number % 3 == 0 { Phase::Acting } else { Phase::Expecting }),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn replay_says_what_the_run_said(steps in prop::collection::vec((any::<u8>(), 0_u32..10_000), 0..60), well in any::<bool>()) {
        let begun = if well { good() } else { story().check_begun().reset().produce("events").produce("bad") };
        let told = steps.into_iter().fold(begun, step).check_ended();
        let outcome = live(&told.events);
        prop_assert_eq!(&judged(&told)[0], &outcome);
        let read = saved_and_read(&told);
        prop_assert_eq!(&read, &told.events);
        prop_assert_eq!(&replay(&checks(), read, 1.0, "lab-90")[0], &outcome);
    }
}
