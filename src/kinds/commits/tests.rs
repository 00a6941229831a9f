//! The traces of research §3.3, each a story: what a program of that sort does, and what is said of it. Then the near misses.

use crate::kinds::testing::wire::{offset_commit, positions};
use crate::kinds::testing::{Story, assert_says, events};
use crate::timeline::event::Signal;
use crate::timeline::wire::{Api, Coded, FaultUse, Request, Response};

const DECIDED: &str = "commits: { group: g, topic: t, decided: program }";
const AHEAD: &str = "commits: { group: g, topic: t, never: ahead }";
const SYNC: &str = "commits: { group: g, topic: t, sync: true }";
const ASYNC: &str = "commits: { group: g, topic: t, sync: false }";

/// Sixty events on two partitions, and a program that begins.
fn story() -> Story {
    Story::new().data("all", events(1..=60)).produce("all").start("first").connect_with("first", "confluent-kafka-python")
}

/// Partition of the nth event, and the offset to commit after it.
fn after(nth: u32) -> (i32, i64) {
    (i32::from(nth.is_multiple_of(2)), i64::from(nth.div_ceil(2)))
}

/// The offsets to commit after all events up to the nth.
fn up_to(nth: u32) -> Vec<(i32, i64)> {
    if nth < 2 { vec![after(nth)] } else { vec![after(nth - 1), after(nth)] }
}

/// What a program does with a burst of events, at a pace of so many milliseconds for each.
type Burst = fn(Story, std::ops::RangeInclusive<u32>, u64) -> Story;

/// One delivery.
fn deliver(story: Story, nth: u32, pace: u64) -> Story {
    story.begin("first", nth).later(pace).answer(nth, 200)
}

fn per_message(story: Story, burst: std::ops::RangeInclusive<u32>, pace: u64) -> Story {
    burst.fold(story, |story, nth| deliver(story, nth, pace).commit("first", &[after(nth)]))
}

fn per_batch(story: Story, burst: std::ops::RangeInclusive<u32>, pace: u64) -> Story {
    let last = *burst.end();
    burst.fold(story, |story, nth| deliver(story, nth, pace)).commit("first", &up_to(last))
}

/// Every five events; what is left is committed at the first empty poll, a second later.
fn every_five(story: Story, burst: std::ops::RangeInclusive<u32>, pace: u64) -> Story {
    let last = *burst.end();
    let story = burst.fold(story, |story, nth| {
        let story = deliver(story, nth, pace);
        if nth.is_multiple_of(5) { story.commit("first", &up_to(nth)) } else { story }
    });
    if last.is_multiple_of(5) { story } else { story.later(990).commit("first", &up_to(last)) }
}

/// A burst at full speed, one event held for 6.5 s within it, and three bursts after pauses, one of them slow.
fn experiment(burst: Burst) -> Story {
    let held = |story: Story, nth: u32| story.begin("first", nth).later(6_500).answer(nth, 200);
    let before = burst(story(), 1..=14, 2);
    let held = held(before, 15).commit("first", &up_to(15));
    let story = burst(held, 16..=30, 2).later(2_300);
    let story = burst(story, 31..=37, 100).later(2_400);
    let story = burst(story, 38..=50, 2).later(2_500);
    burst(story, 51..=54, 2).later(2_200).line("first", "nothing to do")
}

#[test]
fn sync_per_message() {
    let story = experiment(per_message);
    assert_says(&story, DECIDED, "holds (54)", &["`first`: one commit after every 1 event"]);
    assert_says(&story, AHEAD, "holds (55)", &[]);
    assert_says(&story, SYNC, "not shown: the answer to a commit was not held back long enough", &[]);
    let commit = |story: Story| deliver(story, 55, 2).ask("first", offset_commit(&[after(55)])).fault("first", FaultUse::ResponseHeld).later(2_000);
    let waited = commit(story).fault("first", FaultUse::Released).committed("first", &[after(55)], 0).begin("first", 56);
    assert_says(&waited, SYNC, "holds (1)", &[]);
    assert_says(&waited, ASYNC, "violated: your program waits for the answer to each commit", &[]);
    assert_says(&waited, DECIDED, "holds", &["waits for the answer to its commit"]);
    let went_on = commit(experiment(per_message)).begin("first", 56).fault("first", FaultUse::Released);
    assert_says(&went_on, SYNC, "violated: `first` did not wait for its commit: it began to deliver event e-000056", &["held from"]);
    assert_says(&went_on, ASYNC, "holds (1)", &[]);
    // Nothing came after it that could have come earlier.
    let idle = commit(experiment(per_message)).fault("first", FaultUse::Released);
    assert_says(&idle, SYNC, "not shown", &[]);
    let brief = deliver(experiment(per_message), 55, 2).ask("first", offset_commit(&[after(55)])).fault("first", FaultUse::ResponseHeld).later(100);
    assert_says(&brief.fault("first", FaultUse::Released).begin("first", 56), SYNC, "not shown", &[]);
}

#[test]
fn async_per_batch_with_explicit_offsets() {
    let story = experiment(per_batch);
    assert_says(&story, DECIDED, "holds", &["`first`: what was delivered was committed soon at each of 4 pauses of input"]);
    assert_says(&story, AHEAD, "holds", &[]);
}

#[test]
fn async_per_batch_without_offsets_in_confluent_kafka() {
    // The commit of batch 1 is sent a moment later, when the first event of batch 2 is in hand and the whole batch counts as polled.
    let batch = |story: Story, first: u32| {
        let last = first + 9;
        let story = story.begin("first", first).commit("first", &up_to(last)).answer(first, 200);
        (first + 1..=last).fold(story, |story, nth| deliver(story, nth, 2))
    };
    let story = (1..=10).fold(story(), |story, nth| deliver(story, nth, 2));
    let story = batch(batch(story, 11), 21);
    assert_says(&story, AHEAD, "violated: your client committed offset 10 of partition 0 at", &["e-000011 (offset 5)", "commit() without arguments", "consumer.commit(message=msg, asynchronous=False)"]);
    let both = "commits: { group: g, topic: t, decided: program, never: ahead }";
    assert_says(&story, both, "violated: your client committed offset 10", &[]);
    assert_says(&story, DECIDED, "not shown", &[]);
}

#[test]
fn every_n() {
    let story = experiment(every_five);
    assert_says(&story, DECIDED, "holds", &["`first`: "]);
    assert_says(&story, AHEAD, "holds", &[]);
    // At several paces the number alone shows it.
    let steady = (1..=40).fold(story_with_paces(), |story, nth| {
        let story = deliver(story, nth, if nth < 20 { 2 } else { 300 });
        if nth.is_multiple_of(5) { story.commit("first", &up_to(nth)) } else { story }
    });
    assert_says(&steady, DECIDED, "holds (8)", &["one commit after every 5 events"]);
}

fn story_with_paces() -> Story {
    story()
}

#[test]
fn stored_offsets_and_a_timer() {
    // Deliveries of 300 ms, a commit every 5 s of what was delivered by then; the twentieth event is held.
    let mut told = story();
    let mut next = 5_000;
    for nth in 1..=30 {
        let pace = if nth == 20 { 6_500 } else { 300 };
        told = told.begin("first", nth);
        let mut left = pace;
        while told.millis() + left > next {
            let first = next.saturating_sub(told.millis());
            let offsets = up_to(nth - 1);
            told = told.later(first).commit("first", &offsets);
            left -= first;
            next += 5_000;
        }
        told = told.later(left).answer(nth, 200);
    }
    assert_says(&told, DECIDED, "holds", &["commits by a clock", "never ahead of what was delivered", "it commits up to the event in hand"]);
    assert_says(&told, AHEAD, "holds", &[]);
}

#[test]
fn plain_automatic_commits_in_confluent_kafka() {
    let held = (1..=16).fold(story().later(3_000), |story, nth| deliver(story, nth, 2)).begin("first", 17);
    let early = (1..=16).fold(story(), |story, nth| deliver(story, nth, 2)).begin("first", 17).later(1_800).commit("first", &[after(17)]);
    let story = held.later(1_900).commit("first", &[after(17), after(16)]).later(4_700).answer(17, 200);
    assert_says(
        &story,
        AHEAD,
        "violated: your client committed offset 9 of partition 0 at 5.0",
        &["while event e-000017 (offset 8) was still being delivered", "nothing in your code asked for that: `enable.auto.commit` is on (confluent-kafka commits every 5 s in the background)", "\"enable.auto.commit\": False"],
    );
    assert_says(&story, DECIDED, "violated: a clock decides when offsets are committed: `first` committed at", &["while it waited for an answer, 1.9 s after anything else had happened", "`enable.auto.commit` is on"]);
    // Not at the time of a client's own clock: it may be one of the program.
    assert_says(&early, AHEAD, "violated", &["either `enable.auto.commit` is on", "or a timer or thread of your own commits what was read"]);
}

#[test]
fn plain_automatic_commits_in_aiokafka() {
    let story = Story::new().data("all", events(1..=60)).produce("all").start("first").connect("first");
    let held = (1..=16).fold(story, |story, nth| deliver(story, nth, 2)).begin("first", 17);
    let story = held.later(1_200).commit("first", &[after(17), after(16)]).later(5_000).commit("first", &[after(17), after(16)]);
    assert_says(&story, DECIDED, "violated: a clock decides", &["1.2 s after anything else"]);
    // Not ahead, but the same again and again while nothing happens.
    let idle = (1..=16).fold(crate::kinds::commits::tests::story(), |story, nth| deliver(story, nth, 2));
    let idle = (0..4).fold(idle, |story, _| story.later(5_000).commit("first", &up_to(16)));
    assert_says(&idle, DECIDED, "violated: a clock decides when offsets are committed: `first` committed the same offsets again every 5.0 s", &["the same offsets at"]);
    assert_says(&idle, AHEAD, "holds", &[]);
}

#[test]
fn plain_automatic_commits_in_kafka_python() {
    // Only inside poll(): nothing while an event is held, and nothing soon after.
    let story = (1..=16).fold(story(), |story, nth| deliver(story, nth, 2)).begin("first", 17).later(6_500).answer(17, 200);
    assert_says(&story, AHEAD, "not shown: your program committed nothing for group g that could be judged", &[]);
    assert_says(&story, DECIDED, "not yet: your program sent no commit for group g on topic t", &[]);
    let story = (18..=40).fold(story, |story, nth| deliver(story, nth, 2)).commit("first", &up_to(40)).later(2_500);
    let story = (41..=44).fold(story, |story, nth| deliver(story, nth, 2)).later(2_500).commit("first", &up_to(44)).later(100).line("first", "x");
    assert_says(&story, DECIDED, "not shown: that offsets are committed by hand was not shown by `first`: it met 2 pauses of input", &[]);
    assert_says(&story, AHEAD, "holds", &[]);
}

/// Commits every 100 ms of all that was polled, while events take `pace` ms.
fn ticking(mut told: Story, burst: std::ops::RangeInclusive<u32>, pace: u64, next: &mut u64) -> Story {
    for nth in burst {
        told = told.begin("first", nth);
        let mut left = pace;
        while told.millis() + left > *next {
            let first = next.saturating_sub(told.millis());
            told = told.later(first).commit("first", &up_to(nth));
            left = left.saturating_sub(first + 2);
            *next += 100;
        }
        told = told.later(left).answer(nth, 200);
    }
    told
}

#[test]
fn automatic_commits_with_a_tiny_interval() {
    let mut next = 200;
    let story = ticking(story(), 1..=30, 8, &mut next);
    let story = ticking(story, 31..=50, 40, &mut next);
    assert_says(&story, DECIDED, "violated: a clock decides when offsets are committed: the", &["come every 1", "whatever the pace of the deliveries, and at", "was too early"]);
    assert_says(&story, AHEAD, "violated: your client committed", &["the commits come every 100 ms, whatever the pace of the deliveries", "or at the interval that you set"]);
}

#[test]
fn a_clock_of_the_programs_own_is_not_refuted() {
    // Every second it commits what was delivered, also when nothing was: kafka-python's automatic commits at that interval look the same.
    let mut told = story();
    for burst in 0..6_u32 {
        let first = burst * 8 + 1;
        told = (first..first + 8).fold(told, |story, nth| deliver(story, nth, 1)).later(960).commit("first", &up_to(first + 7));
        told = told.later(998).commit("first", &up_to(first + 7)).later(998).commit("first", &up_to(first + 7));
    }
    assert_says(&told, DECIDED, "not shown: `first` commits every 1.0 s, whether or not anything was delivered, and never too early", &["a clock of your own"]);
}

#[test]
fn a_commit_at_every_empty_poll_is_no_clock() {
    let mut told = story();
    for burst in 0..6_u32 {
        let first = burst * 8 + 1;
        told = (first..first + 8).fold(told, |story, nth| deliver(story, nth, 1)).commit("first", &up_to(first + 7));
        told = told.later(998).commit("first", &up_to(first + 7)).later(998).commit("first", &up_to(first + 7)).later(u64::from(100 + 130 * burst));
    }
    assert_says(&told, DECIDED, "holds", &[]);
}

#[test]
fn commits_by_the_frontier_of_a_thread_pool() {
    let told = (1..=10).fold(story(), |story, nth| deliver(story, nth, 2)).commit("first", &up_to(10));
    // Event 11 is held; others go on, and only the other partition moves.
    let told = told.begin("first", 11);
    let told = (12..=20).fold(told, |story, nth| deliver(story, nth, 2).later(100)).commit("first", &[(0, 5), (1, 10)]);
    let told = told.later(3_000).commit("first", &[(0, 5), (1, 10)]).later(3_000).answer(11, 200).commit("first", &up_to(20)).later(2_300);
    assert_says(&told, AHEAD, "holds", &[]);
    let told = (21..=24).fold(told, |story, nth| deliver(story, nth, 2)).commit("first", &up_to(24)).later(2_300);
    let told = (25..=28).fold(told, |story, nth| deliver(story, nth, 2)).later(80).commit("first", &up_to(28)).later(2_300).line("first", "x");
    assert_says(&told, DECIDED, "holds", &["each of 3 pauses"]);
    let highest = story().begin("first", 1).deliver("first", [3, 5]).commit("first", &[(0, 3)]);
    assert_says(&highest, AHEAD, "violated: your client committed offset 3 of partition 0", &["later events of the partition were delivered first"]);
}

#[test]
fn what_was_not_seen_shows_nothing() {
    assert_says(&Story::new().start("first"), DECIDED, "not shown: no request of your program was seen on the wire", &[]);
    let few = || per_message(story(), 1..=3, 2);
    assert_says(&few(), DECIDED, "not shown", &["it met 0 pauses of input, and 3 are needed"]);
    assert_says(&few(), AHEAD, "holds (3)", &[]);
    assert_says(&few().unread("first", Api::OFFSET_COMMIT), AHEAD, "not shown: 1 frame that your program exchanged could not be read", &[]);
    assert_says(&few().unread("first", Api::FETCH), AHEAD, "holds (3)", &[]);
    assert_says(&few(), "commits: { group: other, topic: t, decided: program }", "not yet: your program sent no commit for group other", &[]);
    let second = "commits: { group: g, topic: t, by: second, decided: program }";
    assert_says(&few().start("second"), second, "not shown: no request of `second` was seen on the wire", &[]);
}

#[test]
fn a_commit_that_the_broker_refused_is_no_promise() {
    let ahead = || story().begin("first", 1).ask("first", offset_commit(&[(0, 1)]));
    assert_says(&ahead().committed("first", &[(0, 1)], 25), AHEAD, "holds (0)", &[]);
    assert_says(&ahead(), AHEAD, "holds (0)", &[]);
    assert_says(&ahead().committed("first", &[(0, 1)], 0), AHEAD, "violated: your client committed offset 1 of partition 0 at 0.0", &["was still being delivered"]);
}

#[test]
fn offsets_in_a_transaction_count_when_it_is_committed() {
    let id = || "x".into();
    let begun = |story: Story| {
        let offsets = positions(&[(0, 1)]);
        let request = Request::TxnOffsetCommit { transactional_id: id(), group: "g".into(), producer_id: 1, producer_epoch: 0, member: "m".into(), generation: 1, offsets };
        story.ask("first", request).reply("first", Response::Partitions { partitions: vec![Coded { topic: "t".into(), partition: 0, error: 0 }] })
    };
    let end = |story: Story, commit| story.exchange("first", Request::EndTxn { transactional_id: id(), producer_id: 1, producer_epoch: 0, commit });
    let open = || begun(story().begin("first", 1));
    assert_says(&open(), AHEAD, "holds (1)", &[]);
    assert_says(&end(open(), false), AHEAD, "holds (1)", &[]);
    assert_says(&end(open().answer(1, 200), true), AHEAD, "holds (1)", &[]);
    assert_says(&end(open(), true), AHEAD, "violated: your client committed offset 1 of partition 0", &[]);
    assert_says(&end(end(open(), false), true), AHEAD, "holds (1)", &[]);
}

#[test]
fn behind() {
    let events = |number: u64| format!("commits: {{ group: g, topic: t, behind: {{ events: {number} }} }}");
    let time = |time: &str| format!("commits: {{ group: g, topic: t, behind: {{ time: {time} }} }}");
    let story = per_batch(story(), 1..=10, 2);
    assert_says(&story, &events(10), "holds (10)", &[]);
    assert_says(&story, &events(9), "violated: 10 events were delivered and not committed at", &["event e-000001 (partition 0, offset 0)", "and 5 more"]);
    assert_says(&story, &time("1s"), "holds (10)", &[]);
    let late = deliver(story, 11, 2).later(1_500);
    assert_says(&late, &time("1s"), "holds (10)", &[]);
    let late = late.line("first", "x");
    assert_says(&late, &time("1s"), "violated: event e-000011 was delivered at", &["not committed 1.0 s later", "not committed so far"]);
    assert_says(&late, &time("2s"), "holds (10)", &[]);
    // A program that was killed commits no more.
    let killed = deliver(per_batch(crate::kinds::commits::tests::story(), 1..=10, 2), 11, 2).signal("first", Signal::Kill).dies("first", 9).later(9_000).line("first", "x");
    assert_says(&killed, &time("1s"), "holds (11)", &[]);
}
