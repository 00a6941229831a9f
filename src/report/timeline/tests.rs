//! The pictures of told stories: what is in them, and how they look.

use snapbox::data::DataFormat;
use snapbox::{Assert, Data};

use super::*;
use crate::kinds::testing::{Story, event};
use crate::lab::{Bindings, Check, LabSource};
use crate::outcome::{Mismatch, Moment, RunFacts, Tier};
use crate::report::terminal::Style;
use crate::timeline::Payload;
use crate::timeline::event::{BrokerChange, Name, Signal, What};
use crate::timeline::wire::{Api, Assignor, Batch, Coded, Compression, FaultUse, Foreign, Place, Position, Request, Response};

const LAB: &str = r#"
kgrade: 1
lab: lab-91
title: A lab for pictures
points: 45
programs: { consumer: { default: [python, c.py] } }
data: { events: { generate: user-events, count: 6, users: 2 } }
checks:
  - id: c
    title: Offsets are committed after the work
    points: 25
    hint: h
    do:
      - create-topic: { name: t, partitions: 2 }
      - produce: { topic: t, data: events }
      - start: { program: consumer, as: first }
      - watch: { for: 6500ms }
      - kill: { instance: first, group: g }
    always: [ { alive: { instance: first } } ]
    expect: [ { topic: { name: t } } ]
  - { id: looks, title: It looks at another, points: 10, hint: h, after: [c], expect: [ { exited: { instance: c/first, codes: [0] } } ] }
  - { id: idle, title: It never began, points: 10, hint: h, expect: [ { topic: { name: t } } ] }
"#;

fn check(id: &str) -> Check {
    let bindings = Bindings { run_id: "r".into(), seed: 1 };
    LabSource::parse("checks/lab-91/lab.yaml", LAB).unwrap().resolve(&bindings).unwrap().check(id).unwrap().clone()
}

fn outcome(id: &str, verdict: Verdict, mismatch: Option<Mismatch>) -> CheckOutcome {
    let mismatch = mismatch.unwrap_or_default();
    CheckOutcome {
        verdict,
        title: "Offsets are committed after the work".to_owned(),
        points: if verdict == Verdict::Passed { 10 } else { 0 },
        message: mismatch.message,
        expected: Some(mismatch.expected).filter(|text| !text.is_empty()),
        observed: Some(mismatch.observed).filter(|text| !text.is_empty()),
        witnesses: mismatch.witnesses,
        cause: mismatch.cause,
        moment: mismatch.moment,
        ..crate::outcome::sample(id)
    }
}

fn picture(story: &Story, id: &str, outcome: &CheckOutcome) -> Option<Picture> {
    Picture::of(&Subject { check: &check(id), outcome, timeline: &story.timeline })
}

trait Tell: Sized {
    fn act(self, nth: u32, kind: &str) -> Self;
    fn acted(self, nth: u32) -> Self;
    fn requested(self, correlation: i32, api: Api, request: Request) -> Self;
    fn responded(self, correlation: i32, response: Response) -> Self;
    fn commits(self, correlation: i32, partition: i32, offset: i64) -> Self;
}

impl Tell for Story {
    fn act(self, nth: u32, kind: &str) -> Self {
        self.then(What::ActionBegun { check: "c".into(), nth, kind: kind.into() })
    }

    fn acted(self, nth: u32) -> Self {
        self.then(What::ActionEnded { check: "c".into(), nth, problem: None })
    }

    fn requested(self, correlation: i32, api: Api, request: Request) -> Self {
        self.then(What::Requested { connection: 1, correlation, api, version: 7, client: None, bytes: 80, request })
    }

    fn responded(self, correlation: i32, response: Response) -> Self {
        self.then(What::Responded { connection: 1, correlation, bytes: 30, response })
    }

    fn commits(self, correlation: i32, partition: i32, offset: i64) -> Self {
        let offsets = vec![Position { topic: "t".into(), partition, offset }];
        let request = Request::OffsetCommit { group: "g".into(), member: "m".into(), instance_id: None, generation: 1, offsets };
        let answer = Response::Partitions { partitions: vec![Coded { topic: "t".into(), partition, error: 0 }] };
        self.requested(correlation, Api::OFFSET_COMMIT, request).responded(correlation, answer)
    }
}

/// A consumer that is up, with two events delivered and committed, and the third in hand.
fn held() -> Story {
    let topics = vec![Assignor { name: "range".into(), topics: vec!["t".into()], owned: Vec::new() }];
    let join = Request::JoinGroup {
        group: "g".into(),
        member: "m".into(),
        instance_id: None,
        session_timeout_ms: 45_000,
        rebalance_timeout_ms: 300_000,
        assignors: topics,
    };
    let joined = Response::JoinGroup { error: 0, generation: 1, member: "m".into(), leader: "m".into(), assignor: Some("range".into()) };
    let sync = Request::SyncGroup { group: "g".into(), member: "m".into(), generation: 1, assignments: Vec::new() };
    let got = (0..2).map(|partition| Place { topic: "t".into(), partition }).collect();
    let story = Story::new().check_begun().act(0, "create-topic").later(60).acted(0).act(1, "produce").produce("events").acted(1);
    let story = story.act(2, "start").start("first").acted(2).act(3, "watch").later(1_400);
    let story = story.then(What::Connected { connection: 1, instance: "c/first".into(), node: 1 });
    let story = story.requested(1, Api::JOIN_GROUP, join).responded(1, joined).requested(2, Api(14), sync);
    let story = story.responded(2, Response::SyncGroup { error: 0, assigned: got }).later(30);
    let story =
        story.deliver("first", [1]).commits(3, 0, 1).later(20).deliver("first", [2, 4]).commits(4, 1, 1).later(12).begin("first", 3);
    let held = story.timeline.events().iter().filter(|event| matches!(event.what, What::DeliveryBegun { .. })).count() as u64;
    story.then(What::DeliveryHeld { delivery: held }).later(4_500)
}

/// It commits while the third event is in hand, and is killed.
fn ahead() -> (Story, CheckOutcome) {
    let story = held().commits(5, 0, 2);
    let at = story.timeline.events().iter().rev().find(|event| matches!(event.what, What::Requested { .. })).unwrap().at;
    let story = story.later(4).acted(3).act(4, "kill").signal("first", Signal::Kill).abandon(3).dies("first", 9);
    let story = story.then(What::Evicted { group: "g".into(), member: "m".to_owned() }).acted(4).check_ended();
    let mismatch = Mismatch::new("offset 2 was committed too early", "at most offset 1", "offset 2")
        .witnesses(["partition 0: offset 2 committed, offset 1 not delivered".to_owned()])
        .cause("the client commits by itself")
        .moment(Moment::at(at).in_partition("t", 0).of("c/first"));
    (story, outcome("c", Verdict::Failed, Some(mismatch)))
}

fn looks(lane: &Lane) -> Vec<Look> {
    lane.items.iter().map(|item| item.look).collect()
}

#[test]
fn what_happens_to_a_broker_is_a_moment_of_the_grader() {
    let change = |did| What::Broker { check: "another".into(), node: 2, did, name: None };
    let begun = Story::new().then(What::CheckBegun { check: "c".into() });
    let acting = begun.then(What::ActionBegun { check: "c".into(), nth: 0, kind: "create-topic".into() });
    let story = acting.then(change(BrokerChange::Killed)).then(change(BrokerChange::Started)).then(What::CheckEnded { check: "c".into() });
    let picture = picture(&story, "c", &outcome("c", Verdict::Passed, None)).unwrap();
    assert_eq!(looks(&picture.lanes[0]), [Look::Action, Look::Broker, Look::Broker]);
    let words: Vec<_> = picture.lanes[0].items.iter().skip(1).map(|item| (item.label.as_str(), item.words.as_str())).collect();
    assert_eq!(words, [("2", "broker 2 is killed"), ("2", "broker 2 is back")]);
}

#[test]
fn a_lane_for_the_grader_each_program_and_each_partition() {
    let (story, outcome) = ahead();
    let picture = picture(&story, "c", &outcome).unwrap();
    let names: Vec<&str> = picture.lanes.iter().map(|lane| lane.name.as_str()).collect();
    assert_eq!(names, ["grader", "first", "partition 0", "partition 1"]);
    assert_eq!(looks(&picture.lanes[0]), [Look::Action, Look::Action, Look::Action, Look::Action, Look::Action, Look::Evicted]);
    assert_eq!(picture.lanes[0].items[1].words, "produce: {topic: t, data: events}");
    assert_eq!(looks(&picture.lanes[1]), [Look::Running, Look::Started, Look::Joined, Look::Signal, Look::Exited]);
    assert_eq!(picture.lanes[1].items[2].words, "is a member of group g (generation 1) and gets partitions 0, 1");
    let behind_and_ahead = [Look::Written, Look::Delivered, Look::CommitAt, Look::Held, Look::CommitAhead];
    assert_eq!(looks(&picture.lanes[2]), behind_and_ahead);
    assert_eq!(looks(&picture.lanes[3]), [Look::Written, Look::Delivered, Look::Delivered, Look::CommitBehind]);
    assert_eq!(picture.lanes[3].items[3].words, "`first` commits offset 1: 2 would be right too, everything before that is delivered");
}

#[test]
fn the_mark_is_the_commit_and_the_delivery_that_it_passed_is_involved() {
    let (story, outcome) = ahead();
    let picture = picture(&story, "c", &outcome).unwrap();
    let mark = picture.mark.unwrap();
    assert_eq!((mark.lane, mark.item), (Some(2), Some(4)));
    assert_eq!(Some(mark.at), outcome.moment.map(|moment| moment.at_ns));
    let involved: Vec<_> = picture.lanes[2].items.iter().filter(|item| picture.involves(2, item)).map(|item| item.look).collect();
    assert_eq!(involved, [Look::Held]);
    let story = picture.story();
    let marked: Vec<_> = story.iter().filter(|line| line.marked).map(|line| line.words).collect();
    assert_eq!(marked, ["`first` commits offset 2, but offset 1 is not delivered yet"]);
    assert!(story.iter().any(|line| line.telling && line.look == Look::Held));
    assert!(story.iter().is_sorted_by_key(|line| line.at));
}

#[test]
fn without_a_wire_the_looks_tell_of_commits() {
    let story = Story::new().check_begun().produce("events").start("first").deliver("first", [1]).offsets(&[(0, 0), (1, 0)]);
    let story = story.offsets(&[(0, 1), (1, 0)]).begin("first", 3).offsets(&[(0, 2), (1, 0)]).offsets(&[(0, 2), (1, 0)]);
    let picture = picture(&story, "c", &outcome("c", Verdict::Passed, None)).unwrap();
    assert!(picture.mark.is_none());
    let seen: Vec<_> =
        picture.lanes[1].items.iter().filter(|item| item.look.is_commit()).map(|item| (item.look, item.label.as_str())).collect();
    assert_eq!(seen, [(Look::Seen, "0"), (Look::Seen, "1"), (Look::CommitAhead, "2")]);
}

#[test]
fn every_end_of_a_delivery_has_its_look() {
    let story = Story::new().check_begun().produce("events").start("first").deliver("first", [1]);
    let story = story.begin("first", 3).answer(3, 503).begin("first", 3).abandon(3).begin("first", 5);
    let story = story.post("first", None, b"nonsense").check_ended();
    let picture = picture(&story, "c", &outcome("c", Verdict::Passed, None)).unwrap();
    assert_eq!(looks(&picture.lanes[1]), [Look::Written, Look::Delivered, Look::Refused, Look::Abandoned, Look::Held]);
    assert_eq!(picture.lanes[1].items[4].to, story.timeline.now(), "a delivery without an answer lasts to the end");
    assert_eq!(picture.lanes[0].items.last().unwrap().words, "posts something that is no event");
}

#[test]
fn a_refused_delivery_that_was_committed_is_involved() {
    let story = Story::new().check_begun().produce("events").start("first").deliver("first", [1]);
    let story = story.begin("first", 3).answer(3, 503).offsets(&[(0, 2)]).check_ended();
    let mismatch = Mismatch::new("m", "", "").moment(Moment::at(story.timeline.now() - 1_000_000).in_partition("t", 0));
    let picture = picture(&story, "c", &outcome("c", Verdict::Failed, Some(mismatch))).unwrap();
    let involved: Vec<Look> = picture.lanes[1].items.iter().filter(|item| picture.involves(1, item)).map(|item| item.look).collect();
    assert_eq!(involved, [Look::Refused]);
    assert_eq!(picture.mark.map(|mark| picture.lanes[1].items[mark.item.unwrap()].look), Some(Look::CommitAhead));
}

#[test]
fn faults_have_a_lane_of_their_own() {
    let batch = |topic: &str| Batch {
        topic: topic.into(),
        partition: 0,
        records: 5,
        bytes: 400,
        compression: Compression::None,
        producer_id: -1,
        producer_epoch: -1,
        base_sequence: -1,
        transactional: false,
        first_timestamp: 0,
        crc: 1,
    };
    let produce = Request::Produce { acks: -1, timeout_ms: 1_000, transactional_id: None, batches: vec![batch("t")] };
    let refused = Response::Produce { partitions: vec![Coded { topic: "t".into(), partition: 0, error: 19 }], base_offsets: vec![-1] };
    let used = |did| What::FaultUsed { check: "c".into(), fault: "lost-ack".into(), connection: 1, correlation: Some(9), did };
    let story = Story::new().check_begun().start("first").then(What::Connected { connection: 1, instance: "c/first".into(), node: 1 });
    let story = story.then(What::FaultArmed { check: "c".into(), fault: "lost-ack".into(), text: "drops the first answer".to_owned() });
    let story = story.requested(9, Api::PRODUCE, produce.clone()).then(used(FaultUse::ResponseDropped));
    let story = story.then(What::FaultDisarmed { check: "c".into(), fault: "lost-ack".into() });
    let story = story.requested(10, Api::PRODUCE, produce).responded(10, refused);
    let story = story.then(What::Connected { connection: 2, instance: "c/first".into(), node: 1 });
    let story = story.then(What::NotKafka { connection: 2, speaks: Foreign::Tls }).check_ended();
    let picture = picture(&story, "c", &outcome("c", Verdict::Passed, None)).unwrap();
    assert_eq!(picture.lanes[0].name, "faults");
    assert_eq!(looks(&picture.lanes[0]), [Look::Armed, Look::Used]);
    let words = &picture.lanes[0].items[1].words;
    assert_eq!(words, "fault `lost-ack`: an answer is lost with its connection; the broker did what was asked (Produce)");
    assert!(picture.lanes[1].items.iter().any(|item| item.look == Look::Note && item.words.contains("speaks TLS")));
    assert_eq!(looks(&picture.lanes[1]), [Look::Running, Look::Started, Look::Note], "what was refused is told in its partition");
    let sent: Vec<&str> = picture.lanes[2].items.iter().map(|item| item.words.as_str()).collect();
    assert_eq!(sent, ["`first` sends 5 records (never answered)", "`first` sends 5 records (refused with NOT_ENOUGH_REPLICAS (19))"]);
}

#[test]
fn a_check_that_only_looks_shows_what_it_looks_at() {
    let (story, _) = ahead();
    let story = story.then(What::CheckBegun { check: "looks".into() }).then(What::CheckEnded { check: "looks".into() });
    let picture = picture(&story, "looks", &outcome("looks", Verdict::Passed, None)).unwrap();
    assert!(picture.lanes.iter().any(|lane| lane.name == "c/first" && looks(lane).contains(&Look::Exited)));
    assert!(super::tests::picture(&story, "idle", &outcome("idle", Verdict::Skipped, None)).is_none());
}

#[test]
fn a_mistake_without_a_place_is_marked_across_all_lanes() {
    let (story, failed) = ahead();
    let failed = CheckOutcome { moment: None, first_seen_ms: Some(1_600), ..failed };
    let picture = picture(&story, "c", &failed).unwrap();
    assert_eq!(picture.mark, Some(Mark { at: 1_600_000_000, lane: None, item: None, named: false }));
    assert!(text::render(&picture, &Style::FILE).contains("seen here, at 1.600 s"));
}

/// So many deliveries of one event, each answered with 200; then one is held.
fn crowd(count: u32) -> (Story, CheckOutcome) {
    let mut story = Story::new().check_begun().produce("events").start("first");
    for nth in 0..count {
        let what = What::DeliveryBegun {
            delivery: 1_000 + u64::from(nth),
            instance: "c/first".into(),
            nth: nth.into(),
            event: Some(Name::from(event(1).id)),
            body: Payload::default(),
        };
        story = story.then(what).then(What::DeliveryAnswered { delivery: 1_000 + u64::from(nth), status: 200 });
    }
    let story = story.begin("first", 3).later(100).offsets(&[(0, 2)]).check_ended();
    let at = story.timeline.now() - 1_000_000;
    let mismatch = Mismatch::new("too early", "", "").moment(Moment::at(at).in_partition("t", 0));
    (story, outcome("c", Verdict::Failed, Some(mismatch)))
}

#[test]
fn hundreds_of_deliveries_are_drawn_together_and_those_near_the_mistake_singly() {
    let (story, failed) = crowd(600);
    let picture = picture(&story, "c", &failed).unwrap();
    let lane = picture.lanes.iter().find(|lane| lane.name == "partition 0").unwrap();
    let delivered: Vec<&Item> = lane.items.iter().filter(|item| item.look == Look::Delivered).collect();
    assert!(delivered.len() < 20, "{}", delivered.len());
    assert_eq!(delivered.iter().map(|item| item.count).sum::<u64>(), 600, "none is lost");
    assert!(delivered.iter().rev().take(5).all(|item| item.count == 1), "the last ones stand alone");
    assert!(delivered.iter().any(|item| item.words.ends_with("deliveries answered with 2xx (offsets 0)")));
    assert!(looks(lane).contains(&Look::Held) && looks(lane).contains(&Look::CommitAhead));
}

#[test]
fn a_long_run_makes_no_long_page() {
    let (story, failed) = crowd(30_000);
    let mut picture = picture(&story, "c", &failed).unwrap();
    assert!(html(&[picture]).len() < 100_000);
    // The same when nothing can be drawn together.
    let items = (0..100_000).map(|nth| Item::bar(nth * 10, nth * 10 + 5, Look::Held, nth.to_string(), "w")).collect();
    let mut lane = Lane { name: "n".into(), about: String::new(), role: Role::Partition, items, more: 0, marked: false };
    crowd::thin(&mut lane, Some(500_000));
    assert_eq!((lane.items.len(), lane.more), (crowd::MOST, 100_000 - crowd::MOST as u64));
    assert!(lane.items.iter().all(|item| item.from.abs_diff(500_000) < 2_000), "those near the moment stay");
    let (story, failed) = ahead();
    picture = super::tests::picture(&story, "c", &failed).unwrap();
    picture.left_out.push("n: 99850 more".to_owned());
    assert!(html(&[picture]).contains("not drawn: n: 99850 more"));
}

#[test]
fn many_partitions_leave_those_of_the_mistake() {
    let offsets: Vec<(i32, i64)> = (0..40).map(|partition| (partition, 1)).collect();
    let story = Story::new().check_begun().produce("events").start("first").begin("first", 1).offsets(&offsets).check_ended();
    let mismatch = Mismatch::new("m", "", "").moment(Moment::at(story.timeline.now()).in_partition("t", 37));
    let picture = picture(&story, "c", &outcome("c", Verdict::Failed, Some(mismatch))).unwrap();
    let partitions: Vec<_> = picture.lanes.iter().filter(|lane| lane.role == Role::Partition).collect();
    assert_eq!(partitions.len(), LANES);
    assert!(partitions.iter().any(|lane| lane.name == "partition 37" && lane.marked));
    assert_eq!(picture.left_out, ["28 partitions more"]);
}

fn html(pictures: &[Picture]) -> String {
    let run = RunFacts {
        id: "r".into(),
        seed: 7,
        tier: Tier::Practice,
        kgrade: "0.1.0".into(),
        checks_digest: "0123456789abcdef".into(),
        submission_digest: None,
        commit: None,
        broker_version: Some("4.3.1".into()),
        cluster: "jvm".into(),
        started_at: 0,
        learner: None,
        committed_at: None,
        clients: Vec::new(),
        sandbox: crate::outcome::no_sandbox(),
        workflow: None,
    };
    page::render("lab-91", "A lab for pictures", &run, pictures, &[])
}

#[test]
fn the_page_is_whole_and_needs_nothing_else() {
    let (story, failed) = ahead();
    let page = html(&[picture(&story, "c", &failed).unwrap()]);
    for outside in ["http:", "https:", "src=", "@import", "url(", "<link", "<iframe", "<img"] {
        assert!(!page.contains(outside), "{outside}");
    }
    for text in ["failed 0/10", "offset 2 was committed too early", "the client commits by itself", "the mistake · ", "class=\"mark"] {
        assert!(page.contains(text), "{text}");
    }
    assert_eq!(page.matches("class=\"name ").count(), 5, "the axis and four lanes");
    // Each thing leads to its line in the table, and no two lines have one name.
    let ids: Vec<&str> = page.split("<tr id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let unique: std::collections::HashSet<_> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len());
    let links: Vec<&str> = page.split(" href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(links.len() >= 16 && links.iter().all(|link| ids.contains(link)), "{links:?} {ids:?}");
}

#[test]
fn a_learners_words_stay_words() {
    const HOSTILE: &str = "</script><script>alert(1)</script><b onload='x' a=\"\x1b[31m\u{202e}";
    let start = What::Started {
        instance: format!("c/{HOSTILE}").into(),
        program: HOSTILE.into(),
        pid: 1,
        restarts: 0,
        command: vec![HOSTILE.into()],
    };
    let story = Story::new().check_begun().then(start).check_ended();
    let mismatch = Mismatch::new(HOSTILE, HOSTILE, HOSTILE).cause(HOSTILE).witnesses([HOSTILE.to_owned()]);
    let failed = CheckOutcome { title: HOSTILE.to_owned(), first_seen_ms: Some(1), ..outcome("c", Verdict::Failed, Some(mismatch)) };
    let picture = picture(&story, "c", &failed).unwrap();
    let plain = text::render(&picture, &Style::FILE);
    assert!(plain.contains("alert(1)") && !plain.contains('\x1b') && !plain.contains('\u{202e}'));
    let page = html(&[picture]);
    assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script>alert") && !page.contains("<b onload"));
    assert_eq!(page.matches("</script>").count(), 1, "our own");
    assert!(!page.contains('\x1b') && !page.contains('\u{202e}'));
}

#[test]
fn looks_as_expected_in_a_terminal() {
    let (story, failed) = ahead();
    let picture = picture(&story, "c", &failed).unwrap();
    let expect = |text: String, name: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/timeline").join(name);
        let expected = Data::read_from(&path, Some(DataFormat::Text)).raw();
        Assert::new().action_env("SNAPSHOTS").eq(Data::text(text).raw(), expected);
    };
    for width in [44, 80, 120] {
        let text = text::render(&picture, &Style { width, ..Style::FILE });
        assert!(text.lines().all(|line| console::measure_text_width(line) <= width), "{text}");
        expect(text, &format!("ahead.{width}.txt"));
    }
    let ascii = text::render(&picture, &Style { width: 80, unicode: false, ..Style::FILE });
    assert!(ascii.is_ascii(), "{ascii}");
    expect(ascii, "ahead.ascii.txt");
    let coloured = text::render(&picture, &Style { width: 80, color: true, ..Style::FILE });
    assert!(coloured.contains("\x1b["));
    assert_eq!(console::strip_ansi_codes(&coloured), text::render(&picture, &Style { width: 80, ..Style::FILE }), "colour changes no word");
    let check = check("c");
    let (said, left) = around(&Subject { check: &check, outcome: &failed, timeline: &story.timeline });
    assert_eq!((said.len(), left), (5, 0));
    expect(text::exchanges(&said, left, &Style { width: 80, ..Style::FILE }), "ahead.wire.txt");
}
