//! What a check comes to: its own failure, another's, or nobody's.

use std::sync::Arc;

use super::Referee;
use crate::kinds::testing::Story;
use crate::kinds::testing::wire::{batch, fetch, heartbeat, join, place, produce};
use crate::lab::{Bindings, Check, LabSource};
use crate::outcome::{CheckOutcome, Mismatch, Verdict};
use crate::timeline::event::ClusterState;
use crate::timeline::event::Phase::{Acting, Expecting};
use crate::timeline::wire::{Coded, FaultUse, NewTopic, Request, Response};
use crate::timeline::{Timeline, What};

const LAB: &str = r#"
kgrade: 1
lab: lab-90
title: A lab for the tests
programs: { consumer: { default: [python, c.py] } }
checks:
  - { id: blamed, title: B, points: 40, hint: h, expect: [ { topic: { name: t } } ] }
  - id: c
    title: C
    points: 60
    hint: look at the offsets
    after: [blamed]
    given: [ { committed: { group: g, topic: t, any: true } } ]
    blame: blamed
    do: [ { start: { program: consumer, as: first } } ]
    within: 4s
    expect: [ { topic: { name: t, partitions: 6 } } ]
    never: [ { group: { name: g, members: 9 } } ]
"#;

fn check() -> Arc<Check> {
    let bindings = Bindings { run_id: "r".into(), seed: 1 };
    let lab = LabSource::parse("checks/lab-90/lab.yaml", LAB).unwrap().resolve(&bindings).unwrap();
    Arc::new(lab.check("c").unwrap().clone())
}

fn referee(story: &Story, scale: f64) -> Referee {
    let mut referee = Referee::new(check(), scale);
    let mut timeline = Timeline::default();
    for event in &story.events {
        timeline.append(event.clone());
        referee.see(event, &timeline);
    }
    referee
}

fn outcome(story: &Story, blamed: Option<Verdict>) -> CheckOutcome {
    referee(story, 1.0).outcome(&story.timeline, "lab-90", |id| blamed.filter(|_| id == "blamed"))
}

/// A commit was seen: `given` holds.
fn given() -> Story {
    Story::new().check_begun().start("first").reset().offsets(&[(0, 1), (1, 0)]).members(&[])
}

/// It was looked at until its time was over, and there was one partition.
fn late(story: Story) -> Story {
    story.topic(Some(1)).expecting().look(Expecting).later(4_000).look(Expecting).check_ended()
}

#[test]
fn passed() {
    let story = given().topic(Some(6)).expecting().look(Expecting).later(2_000).check_ended();
    let outcome = outcome(&story, None);
    assert_eq!((outcome.verdict, outcome.points, outcome.max_points, outcome.looks), (Verdict::Passed, 60, 60, 1));
    assert_eq!((outcome.hint, outcome.next, outcome.message.as_str()), (None, None, ""));
    assert_eq!((outcome.duration_ms, outcome.output.len()), (2_008, 0));
}

#[test]
fn failed() {
    let lines = (1..=14).fold(given(), |story, nth| story.line("first", &format!("line {nth}")));
    let outcome = outcome(&late(lines), None);
    assert_eq!((outcome.verdict, outcome.points), (Verdict::Failed, 0));
    assert_eq!(outcome.message, "topic t has 1 partition, not 6");
    assert_eq!(outcome.expected.as_deref(), Some("topic t with 6 partitions"));
    assert_eq!((outcome.hint.as_deref(), outcome.looks), (Some("look at the offsets"), 2));
    assert_eq!(outcome.first_seen_ms, Some(22), "when it was first seen so, not when time was over");
    let place = outcome.place.unwrap();
    assert_eq!((place.file.as_str(), place.line), ("checks/lab-90/lab.yaml", 8));
    let shown: Vec<_> = outcome.output.iter().map(|line| line.text.as_str()).collect();
    assert_eq!((shown.len(), shown[0], shown[11]), (12, "line 3", "line 14"));
    assert_eq!((outcome.output[0].program.as_str(), outcome.output[0].stream.as_str()), ("first", "stderr"));
}

#[test]
fn time_is_stretched() {
    let story = late(given());
    let referee = referee(&story, 2.0);
    assert!(!referee.is_decided());
    let outcome = referee.outcome(&story.timeline, "lab-90", |_| None);
    assert_eq!((outcome.verdict, outcome.message.contains("interrupted"), outcome.hint), (Verdict::Inconclusive, true, None));
}

#[test]
fn without_its_given_another_check_may_be_at_fault() {
    let unmet = late(Story::new().check_begun().start("first").reset().offsets(&[(0, 0), (1, 0)]));
    for (blamed, verdict, message) in [
        (Some(Verdict::Failed), Verdict::Skipped, "not judged, because `blamed` failed: group g has committed nothing"),
        (Some(Verdict::Skipped), Verdict::Skipped, "not judged, because `blamed` could not be judged: group g has committed nothing"),
        (
            Some(Verdict::Inconclusive),
            Verdict::Inconclusive,
            "cannot be judged: group g has committed nothing, and `blamed` could not be judged either",
        ),
        (
            Some(Verdict::Error),
            Verdict::Inconclusive,
            "cannot be judged: group g has committed nothing, and `blamed` could not be judged either",
        ),
        (Some(Verdict::Passed), Verdict::Failed, "topic t has 1 partition, not 6"),
        (None, Verdict::Failed, "topic t has 1 partition, not 6"),
    ] {
        let outcome = outcome(&unmet, blamed);
        assert_eq!((outcome.verdict, outcome.message.as_str()), (verdict, message), "{blamed:?}");
        assert_eq!(outcome.points, 0);
        if verdict == Verdict::Skipped {
            assert_eq!((outcome.expected, outcome.observed, outcome.cause, outcome.hint), (None, None, None, None));
        }
    }
}

#[test]
fn with_its_given_a_failure_is_its_own() {
    assert_eq!(outcome(&late(given()), Some(Verdict::Failed)).verdict, Verdict::Failed);
}

#[test]
fn the_given_counts_as_it_was_when_the_check_was_decided() {
    let story = late(Story::new().check_begun().reset().offsets(&[(0, 0), (1, 0)])).offsets(&[(0, 3), (1, 0)]);
    assert_eq!(outcome(&story, Some(Verdict::Failed)).verdict, Verdict::Skipped);
    let passed = Story::new().check_begun().topic(Some(6)).members(&[]).expecting().look(Expecting);
    assert_eq!(outcome(&passed, Some(Verdict::Failed)).verdict, Verdict::Passed, "what holds needs no excuse");
}

#[test]
fn what_was_never_seen_is_inconclusive_and_another_check_may_explain_it() {
    let unseen = Story::new().check_begun().expecting().look(Expecting).later(4_000).look(Expecting);
    let alone = outcome(&unseen, Some(Verdict::Passed));
    assert_eq!((alone.verdict, alone.message.as_str()), (Verdict::Inconclusive, "topic t was never looked at"));
    assert_eq!(outcome(&unseen, Some(Verdict::Failed)).verdict, Verdict::Skipped);
}

#[test]
fn a_problem_of_an_action_is_the_learners() {
    let problem = Some(Mismatch::new("your consumer cannot be started", "", "no such program").cause("it is not there"));
    let story = given().then(What::ActionEnded { check: "c".into(), nth: 0, problem });
    let outcome = outcome(&story.check_ended(), None);
    assert_eq!((outcome.verdict, outcome.message.as_str()), (Verdict::Failed, "your consumer cannot be started"));
    assert_eq!((outcome.expected, outcome.cause.as_deref()), (None, Some("it is not there")));
}

#[test]
fn what_broke_is_an_error_and_what_follows_changes_nothing() {
    let story = late(given().then(What::Broke { check: "c".into(), error: "no disk space".into() }));
    let outcome = outcome(&story, Some(Verdict::Failed));
    assert_eq!((outcome.verdict, outcome.message.as_str(), outcome.hint), (Verdict::Error, "no disk space", None));
}

#[test]
fn a_dead_cluster_is_nobodys_failure() {
    let died = |story: Story| story.then(What::ClusterDied { reason: "the broker ended".into() });
    let problem = || What::ActionEnded { check: "c".into(), nth: 0, problem: Some(Mismatch::new("nothing was delivered", "", "")) };
    for story in [late(died(given())), died(given()).then(problem()), died(given()).topic(Some(6)).expecting().look(Expecting)] {
        let outcome = outcome(&story, Some(Verdict::Failed));
        assert_eq!((outcome.verdict, outcome.message.as_str()), (Verdict::Error, "the broker ended"));
    }
    // What was decided before stays.
    assert_eq!(outcome(&died(late(given())), None).verdict, Verdict::Failed);
}

#[test]
fn events_of_other_checks_do_not_matter() {
    let other = |what: fn(crate::timeline::event::Name) -> What| what("other".into());
    let story = given()
        .then(other(|check| What::Broke { check, error: "x".into() }))
        .then(other(|check| What::ActionEnded { check, nth: 0, problem: Some(Mismatch::default()) }))
        .topic(Some(1))
        .expecting()
        .look(Expecting)
        .later(9_000)
        .then(other(|check| What::Look { check, phase: Expecting }));
    assert!(!referee(&story, 1.0).is_decided());
}

#[test]
fn what_must_never_happen_decides_while_the_actions_run() {
    let story = given().members(&["1", "2", "3", "4", "5", "6", "7", "8", "9"]).look(Acting);
    let outcome = outcome(&story, None);
    assert_eq!((outcome.verdict, outcome.observed.as_deref()), (Verdict::Failed, Some("seen 1 time")));
    assert!(!referee(&given().members(&["1"]).look(Acting), 1.0).is_decided());
}

#[test]
fn a_pass_rests_on_faults_that_acted() {
    let armed = || given().then(What::FaultArmed { check: "c".into(), fault: "f".into(), text: "refuses Produce".into() });
    let passed = |story: Story| outcome(&story.topic(Some(6)).expecting().look(Expecting).check_ended(), None);
    let unused = passed(armed());
    assert_eq!((unused.verdict, unused.points), (Verdict::Inconclusive, 0));
    assert!(unused.message.contains("the fault `f` never acted (refuses Produce)"), "{}", unused.message);
    let used = What::FaultUsed { check: "c".into(), fault: "f".into(), connection: 1, correlation: None, did: FaultUse::Refused };
    assert_eq!(passed(armed().then(used)).verdict, Verdict::Passed);
    // A failure stands: what was seen was seen.
    assert_eq!(outcome(&late(armed()), None).verdict, Verdict::Failed);
}

#[test]
fn on_a_cluster_that_cannot_be_used_a_check_that_asks_for_it_is_not_begun() {
    let needs = LAB.replace("committed: { group: g, topic: t, any: true }", "cluster-reachable: {}");
    let lab = LabSource::parse("t.yaml", &needs).unwrap().resolve(&Bindings { run_id: "r".into(), seed: 1 }).unwrap();
    let decided = |lab: &crate::lab::Lab, id: &str, state: ClusterState| {
        let story = Story::new().then(What::ClusterSeen { bootstrap: "localhost:9092".into(), state }).check_begun();
        let mut referee = Referee::new(Arc::new(crate::lab::Check { id: "c".into(), ..lab.check(id).unwrap().clone() }), 1.0);
        referee.see(story.events.last().unwrap(), &story.timeline);
        referee.is_decided().then(|| referee.outcome(&story.timeline, "t", |_| Some(Verdict::Failed)))
    };
    let silent = || ClusterState::Silent { reason: "connection refused".into() };
    let outcome = decided(&lab, "c", silent()).unwrap();
    let message = "not judged, because `blamed` failed: no Kafka answers at localhost:9092";
    assert_eq!((outcome.verdict, outcome.message.as_str()), (Verdict::Skipped, message));
    assert!(decided(&lab, "c", ClusterState::Reachable { version: None }).is_none());
    // A check that does not ask for the cluster is begun all the same.
    assert!(decided(&lab, "blamed", silent()).is_none());
}

/// A program creates a topic, and asks for it `later` ms afterwards: the broker does not know it.
fn unknown_after(story: Story, later: u64) -> Story {
    let topics = vec![NewTopic { name: "t".into(), partitions: 6, replication_factor: 1 }];
    let create = Request::CreateTopics { topics, validate_only: false };
    let ask = Request::Metadata { topics: Some(vec!["t".into()]), create: false };
    let answer = |error| Response::Topics { topics: vec![("t".into(), error)] };
    story.ask("first", create).reply("first", answer(0)).later(later).ask("first", ask).reply("first", answer(3))
}

#[test]
fn a_failure_beside_a_broker_that_got_no_turn_decides_nothing() {
    let slow = outcome(&late(unknown_after(given(), 9_000)), None);
    assert_eq!((slow.verdict, slow.points, slow.expected.as_deref()), (Verdict::Inconclusive, 0, None));
    let why = "topic t has 1 partition, not 6; but the broker did not know topic t 9.0 s after it had created it: this machine had too \
               much to do, and that may be why. Run it again with less beside it";
    assert_eq!(slow.message, why);
    // Brokers take a moment, and a topic that was deleted is rightly unknown.
    assert_eq!(outcome(&late(unknown_after(given(), 7_000)), None).verdict, Verdict::Failed);
    let delete = Request::DeleteTopics { topics: vec!["t".into()] };
    assert_eq!(outcome(&late(unknown_after(given(), 9_000).exchange("first", delete)), None).verdict, Verdict::Failed);
    // What passes in spite of it has passed.
    let passed = unknown_after(given(), 9_000).topic(Some(6)).expecting().look(Expecting).later(2_000).check_ended();
    assert_eq!(outcome(&passed, None).verdict, Verdict::Passed);
}

#[test]
fn an_answer_that_took_too_long_excuses_unless_the_grader_kept_it_back() {
    let ask = || given().ask("first", Request::OffsetFetch { groups: vec!["g".into()] });
    let slow = outcome(&late(ask().later(9_000).reply("first", Response::Plain { error: 0 })), None);
    assert_eq!(slow.verdict, Verdict::Inconclusive);
    assert!(slow.message.contains("the broker took 9.0 s to answer OffsetFetch"), "{}", slow.message);
    let held = ask().fault("first", FaultUse::ResponseHeld).later(9_000).reply("first", Response::Plain { error: 0 });
    assert_eq!(outcome(&late(held), None).verdict, Verdict::Failed);
    // Behind another one it had to wait.
    let behind = given().ask("first", fetch(&[0])).ask("first", Request::OffsetFetch { groups: vec!["g".into()] });
    let behind = behind.later(9_000).answer_to("first", 1, Response::Plain { error: 0 }).reply("first", Response::Plain { error: 0 });
    assert_eq!(outcome(&late(behind), None).verdict, Verdict::Failed);
    // Others wait for somebody: a fetch for records, a join for the other members.
    let fetch = given().ask("first", fetch(&[0])).later(9_000).reply("first", Response::Plain { error: 0 });
    assert_eq!(outcome(&late(fetch), None).verdict, Verdict::Failed);
}

#[test]
fn a_member_that_never_sends_a_heartbeat_decides_nothing() {
    let story = |beats: bool, later: u64| {
        let sync = Request::SyncGroup { group: "g".into(), member: "m".into(), generation: 1, assignments: Vec::new() };
        let story = given().exchange("first", join("m", &["range"])).ask("first", sync);
        let story = story.reply("first", Response::SyncGroup { error: 0, assigned: vec![place(0)] });
        let beat = Request::Heartbeat { group: "g".into(), member: "m".into(), generation: 1 };
        let story = if beats { story.later(3_000).exchange("first", beat) } else { story };
        outcome(&late(story.later(later).exchange("first", fetch(&[0]))), None)
    };
    let flaw = story(false, 16_000);
    assert_eq!(flaw.verdict, Verdict::Inconclusive);
    assert!(flaw.message.contains("joined group g and sent no heartbeat for 16.0 s"), "{}", flaw.message);
    // A third of the session of 45 s is a matter of settings.
    assert_eq!(story(false, 14_000).verdict, Verdict::Failed);
    assert_eq!(story(true, 16_000).verdict, Verdict::Failed);
}

/// A failure beside a program that was starved for so many seconds.
fn starved_as(instance: &str, seconds: u64) -> CheckOutcome {
    let second =
        |story: Story, _| story.later(1_000).then(What::Starved { instance: instance.into(), waited: 900_000_000, ran: 20_000_000 });
    outcome(&late((0..seconds).fold(given(), second)), None)
}

#[test]
fn a_program_that_got_no_turn_decides_nothing() {
    let starved = |seconds: u64| starved_as("c/first", seconds);
    assert_eq!(starved_as("blamed/first", 30).verdict, Verdict::Failed, "another check's program");
    assert_eq!(starved(0).verdict, Verdict::Failed);
    assert_eq!(starved(12).verdict, Verdict::Failed, "a busy machine is no slow one");
    let undecided = starved(17);
    assert_eq!((undecided.verdict, undecided.points), (Verdict::Inconclusive, 0));
    let why = "`first` waited 15.3 s for a processor, and had 0.3 s of one meanwhile: this machine had too much to do";
    assert!(undecided.message.contains(why), "{}", undecided.message);
}

#[test]
fn what_a_program_did_counts_however_slow_the_machine_was() {
    let starved = What::Starved { instance: "c/first".into(), waited: 60_000_000_000, ran: 20_000_000 };
    for (settled, verdict) in [(true, Verdict::Failed), (false, Verdict::Inconclusive)] {
        let mismatch = Mismatch::new("it committed ahead", "behind", "ahead");
        let problem = if settled { mismatch.settled() } else { mismatch };
        let story = given().then(starved.clone()).then(What::ActionEnded { check: "c".into(), nth: 0, problem: Some(problem) });
        assert_eq!(outcome(&story.check_ended(), None).verdict, verdict);
    }
}

#[test]
fn records_that_the_broker_refuses_for_its_own_flaw_decide_nothing() {
    let answered = |sequence: i32, error: i16| {
        let sent = batch(102, |batch| (batch.producer_id, batch.base_sequence) = (1002, sequence));
        let partitions = vec![Coded { topic: sent.topic.clone(), partition: sent.partition, error }];
        given().ask("first", produce(-1, vec![sent])).reply("first", Response::Produce { partitions, base_offsets: vec![-1] })
    };
    let outcome = |sequence, error| outcome(&late(answered(sequence, error)), None);
    let flaw = outcome(0, 45);
    assert_eq!(flaw.verdict, Verdict::Inconclusive);
    assert!(flaw.message.contains("the broker was not ready for the first records of partition 0 of topic t"), "{}", flaw.message);
    // A gap in the middle is not it, and neither is another error.
    assert_eq!((outcome(7, 45).verdict, outcome(0, 10).verdict), (Verdict::Failed, Verdict::Failed));
}

#[test]
fn a_client_that_never_asks_for_the_partitions_of_its_topic_decides_nothing() {
    let story = |asked: Option<Vec<crate::timeline::event::Name>>, shared: Vec<crate::timeline::wire::Place>, later: u64| {
        let metadata = Request::Metadata { topics: asked, create: true };
        let sync = Request::SyncGroup { group: "g".into(), member: "m".into(), generation: 1, assignments: vec![("m".into(), shared)] };
        let story = given().exchange("first", metadata).exchange("first", join("m", &["range"])).exchange("first", sync);
        outcome(&late(story.later(later).exchange("first", heartbeat(1))), None)
    };
    let flaw = story(Some(Vec::new()), Vec::new(), 9_000);
    assert_eq!(flaw.verdict, Verdict::Inconclusive);
    assert!(flaw.message.contains("the client subscribed to topic t, never asked for its partitions"), "{}", flaw.message);
    // Who asked has himself to blame, and so has who shared something out; a moment is nothing.
    for other in [
        story(Some(vec!["t".into()]), Vec::new(), 9_000),
        story(None, Vec::new(), 9_000),
        story(Some(Vec::new()), vec![place(0)], 9_000),
        story(Some(Vec::new()), Vec::new(), 7_000),
    ] {
        assert_eq!(other.verdict, Verdict::Failed, "{}", other.message);
    }
}
