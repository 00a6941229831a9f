//! Acknowledgements, idempotence, compression and batches, with what only looks alike.

use crate::kinds::testing::wire::{batch, fetch, produce};
use crate::kinds::testing::{Story, assert_says};
use crate::timeline::What;
use crate::timeline::event::{Pacing, Signal};
use crate::timeline::wire::{Api, Batch, Compression, Response};

fn of(settings: &str) -> String {
    format!("produced: {{ topic: t, by: first, {settings} }}")
}

fn story() -> Story {
    Story::new().start("first").connect_with("first", "confluent-kafka-python")
}

fn wrote(batches: Vec<Batch>) -> Story {
    story().exchange("first", produce(-1, batches))
}

fn idempotent(sequence: i32, records: u32) -> Batch {
    batch(records, |batch| (batch.producer_id, batch.producer_epoch, batch.base_sequence) = (7, 0, sequence))
}

fn zstd(records: u32) -> Batch {
    batch(records, |batch| batch.compression = Compression::Zstd)
}

#[test]
fn nothing_written_or_seen() {
    let acks = &of("acks: -1");
    assert_says(&Story::new().start("first"), acks, "not shown: no request of `first` was seen", &[]);
    assert_says(&story().exchange("first", fetch(&[0])), acks, "not yet: `first` wrote nothing to topic t", &[]);
    assert_says(&story().unread("first", Api::PRODUCE), acks, "not shown: 1 frame", &[]);
    let other = batch(1, |batch| batch.topic = "other".into());
    assert_says(&wrote(vec![other]), acks, "not yet: `first` wrote nothing to topic t", &[]);
    assert_says(&wrote(vec![batch(1, |_| {})]).spared("first", Api::PRODUCE, 3), acks, "not shown: of 3 frames", &[]);
}

#[test]
fn acks() {
    let once = || wrote(vec![batch(1, |_| {})]);
    assert_says(&once(), &of("acks: -1"), "holds (1)", &[]);
    assert_says(&once(), &of("acks: 1"), "violated: `first` asked for acks=-1 (all), not acks=1", &["Produce at", "what your client asks for, also when nothing is set"]);
    let mixed = || once().exchange("first", produce(1, vec![batch(2, |_| {})]));
    assert_says(&mixed(), &of("acks: -1"), "violated: `first` asked for acks=1, not acks=-1 (all)", &["!nothing is set", "acks=all", "observed 1 request otherwise"]);
    assert_says(&mixed().unread("first", Api::PRODUCE), &of("acks: -1"), "violated", &[]);
    // A request for another topic does not count.
    let elsewhere = produce(0, vec![batch(2, |batch| batch.topic = "other".into())]);
    assert_says(&once().exchange("first", elsewhere), &of("acks: -1"), "holds (1)", &[]);
}

#[test]
fn idempotence_and_transactions() {
    assert_says(&wrote(vec![idempotent(0, 3)]), &of("idempotent: true"), "holds (1)", &[]);
    assert_says(&wrote(vec![idempotent(0, 3)]), &of("idempotent: false"), "violated: a batch that `first` wrote to topic t is from an idempotent producer", &[]);
    // aiokafka writes a sequence number without a producer id.
    let plain = batch(3, |batch| batch.base_sequence = 0);
    assert_says(&wrote(vec![plain]), &of("idempotent: true"), "violated: a batch that `first` wrote to topic t is not from an idempotent producer", &["enable.idempotence=true"]);
    let transactional = |yes| idempotent(0, 1).clone_with(|batch| batch.transactional = yes);
    assert_says(&wrote(vec![transactional(true)]), &of("transactional: true"), "holds", &[]);
    assert_says(&wrote(vec![transactional(false)]), &of("transactional: true"), "violated: a batch that `first` wrote to topic t is outside any transaction", &[]);
}

impl Batch {
    fn clone_with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

#[test]
fn compression() {
    let mostly = || wrote(vec![zstd(90), batch(10, |_| {})]);
    assert_says(&mostly(), &of("compressed_percent: 90"), "holds", &[]);
    assert_says(&mostly(), &of("compressed_percent: 91"), "not yet: 90 of 100 records that `first` wrote are in compressed batches", &["observed 90 %", "compression.type"]);
    assert_says(&mostly(), &of("compression: zstd"), "holds", &[]);
    assert_says(&mostly(), &of("compression: gzip"), "violated: a batch that `first` wrote to topic t is compressed with zstd", &[]);
    assert_says(&mostly(), &of("compression: none"), "violated: a batch that `first` wrote to topic t is compressed with zstd", &[]);
    assert_says(&wrote(vec![batch(10, |_| {})]), &of("compression: none"), "holds", &[]);
}

#[test]
fn batches_and_requests() {
    let two = || wrote(vec![zstd(80), zstd(40).clone_with(|batch| batch.partition = 1)]).exchange("first", produce(-1, vec![zstd(30)]));
    assert_says(&two(), &of("records_per_batch: 50"), "holds (2)", &[]);
    assert_says(&two(), &of("records_per_batch: 51"), "not yet: a batch of `first` holds 50.0 records on average", &["150 records in 3 batches", "linger.ms"]);
    assert_says(&two(), &of("requests: { at_most: 2 }"), "holds (2)", &[]);
    assert_says(&two(), &of("requests: { at_most: 1 }"), "violated: `first` sent 2 Produce requests to topic t", &[]);
    assert_says(&two(), &of("requests: { at_least: 3 }"), "not yet: `first` sent 2 Produce requests", &[]);
    let plain = (1..=4).fold(two().start("plain"), |story, nth| story.exchange("plain", produce(-1, vec![batch(nth, |_| {})])));
    assert_says(&plain, &of("against: { instance: plain, percent: 50 }"), "holds", &[]);
    assert_says(&plain, &of("against: { instance: plain, percent: 49 }"), "not yet: `first` took 2 Produce requests, `plain` took 4", &["expected at most 49 %", "observed 50 %"]);
    assert_says(&two(), &of("against: { instance: plain, percent: 50 }"), "not shown: `plain` was not started", &[]);
}

#[test]
fn what_was_sent_again() {
    let (once, never) = (&of("resent: { exactly: 1 }"), &of("resent: { exactly: 0 }"));
    let twice = |first: Batch, second: Batch| wrote(vec![first]).exchange("first", produce(-1, vec![second]));
    assert_says(&twice(idempotent(0, 3), idempotent(3, 3)), never, "holds", &[]);
    assert_says(&twice(idempotent(0, 3), idempotent(3, 3)), once, "not yet: `first` sent again 0 batches", &[]);
    assert_says(&twice(idempotent(0, 3), idempotent(0, 3)), once, "holds", &[]);
    assert_says(&twice(idempotent(0, 3), idempotent(0, 3)), never, "violated: `first` sent again 1 batch to topic t", &["Produce at"]);
    // Another epoch: another life of the producer.
    let bumped = idempotent(0, 3).clone_with(|batch| batch.producer_epoch = 1);
    assert_says(&twice(idempotent(0, 3), bumped), never, "holds", &[]);
    let plain = |timestamp| batch(3, |batch| batch.first_timestamp = timestamp);
    assert_says(&twice(plain(5), plain(5)), once, "holds", &[]);
    // The program's own: made anew, with a time of its own.
    assert_says(&twice(plain(5), plain(6)), never, "holds", &[]);
    let elsewhere = plain(5).clone_with(|batch| batch.partition = 1);
    assert_says(&twice(plain(5), elsewhere), never, "holds", &[]);
    // What was sent again counts once among the records.
    assert_says(&twice(idempotent(0, 50), idempotent(0, 50)), &of("records_per_batch: 50"), "holds (2)", &[]);
}

/// What two programs made of input at 5,000 lines a second: (batches, records in each, percent of writes that found them behind, slow machine).
fn at_a_rate(own: (u32, u32, u8, bool), other: (u32, u32, u8, bool)) -> Story {
    [("first", own), ("plain", other)].into_iter().fold(Story::new(), |story, (name, (batches, records, behind_percent, slow))| {
        let wrote = (0..batches).fold(story.start(name).connect_with(name, "aiokafka"), |story, nth| {
            let batch = idempotent(i32::try_from(nth * records).unwrap(), records);
            story.exchange(name, produce(-1, vec![batch.clone_with(|batch| batch.compression = Compression::Gzip)]))
        });
        let second = 1_000_000_000;
        let pace = Pacing { rate: 5000, took: if slow { 2 * second } else { second }, blocked: 0, starved: if slow { second } else { 0 }, behind_percent };
        wrote.then(What::Fed { instance: format!("c/{name}").as_str().into(), data: "events".into(), count: 600, done: true, pace: Some(pace) })
    })
}

#[test]
fn batches_of_input_at_a_rate() {
    let other = (60, 10, 0, false);
    for (own, wanted) in [
        ((12, 50, 0, false), "holds"),
        ((12, 50, 90, false), "not shown: this machine was too busy in this run"),
        ((6, 100, 90, false), "holds"),
        ((20, 30, 0, false), "not yet: a batch of `first` holds 30.0 records on average"),
        ((20, 30, 0, true), "not shown: this machine was too busy to write 5000 lines a second: it was 2500"),
        ((30, 20, 0, true), "not yet: a batch of `first` holds 20.0"),
        ((60, 1, 0, true), "not yet: a batch of `first` holds 1.0 records on average"),
    ] {
        assert_says(&at_a_rate(own, other), &of("records_per_batch: 50"), wanted, &[]);
    }
    assert_says(&at_a_rate((60, 1, 99, false), other), &of("records_per_batch: 50"), "not yet", &["each event is sent alone", "linger_ms", "50 records take 10 ms to come at 5000 a second"]);
}

#[test]
fn requests_for_input_at_a_rate() {
    let against = &of("against: { instance: plain, percent: 50 }");
    for (own, other, wanted) in [
        ((6, 100, 0, false), (12, 50, 0, false), "holds"),
        ((6, 100, 90, false), (12, 50, 0, false), "not shown: this machine was too busy in this run and not in the other"),
        ((6, 100, 90, false), (24, 25, 0, false), "holds"),
        ((7, 86, 0, false), (12, 50, 0, false), "not yet: `first` took 7 Produce requests, `plain` took 12"),
        ((7, 86, 0, false), (12, 50, 90, false), "not shown: this machine was too busy in the run that this one is compared with"),
        ((7, 86, 0, true), (12, 50, 0, false), "not shown: this machine was too busy to write"),
        ((60, 10, 0, false), (60, 10, 90, false), "not yet: `first` took 60 Produce requests, `plain` took 60"),
    ] {
        assert_says(&at_a_rate(own, other), against, wanted, &[]);
    }
    assert_says(&at_a_rate((7, 86, 0, false), (12, 50, 0, false)), against, "not yet", &["`plain` batches as much as `first`"]);
    assert_says(&at_a_rate((60, 10, 0, false), (60, 10, 0, false)), against, "not yet", &["cause batches grow with linger_ms"]);
    // Kafka answered late, or the program waited long itself: a batch every so many ms, answered after so many.
    let kept = |every: u64, answered: u64| {
        let story = at_a_rate((7, 86, 0, false), (0, 0, 0, false));
        (0..12).fold(story, |story, nth| {
            let story = story.ask("plain", produce(-1, vec![idempotent(nth * 50, 50)])).later(answered - 1);
            story.reply("plain", Response::Plain { error: 0 }).later(every - answered - 1)
        })
    };
    assert_says(&kept(22, 20), against, "not shown: this machine was too busy in the run that this one is compared with: Kafka took 20 ms on average", &[]);
    assert_says(&kept(50, 20), against, "not yet: `first` took 7 Produce requests, `plain` took 12", &[]);
    assert_says(&kept(9, 7), against, "not yet: `first` took 7 Produce requests, `plain` took 12", &[]);
    // All of the input was there before anything was sent.
    let pace = Pacing { rate: 5000, took: 1, blocked: 0, starved: 0, behind_percent: 0 };
    let fed = What::Fed { instance: "c/plain".into(), data: "events".into(), count: 600, done: true, pace: Some(pace) };
    let slurps = story().exchange("first", produce(-1, vec![batch(50, |_| {})])).start("plain").connect("plain").then(fed);
    let slurps = slurps.exchange("plain", produce(-1, vec![batch(50, |_| {})]));
    assert_says(&slurps, against, "not yet: `first` took 1 Produce request, `plain` took 1", &["read all of its input before it sent anything"]);
}

#[test]
fn records_written() {
    let two = || wrote(vec![zstd(80)]).exchange("first", produce(-1, vec![zstd(80), zstd(20)]));
    assert_says(&two(), &of("records: { exactly: 100 }"), "holds", &[]);
    assert_says(&two(), &of("records: { at_least: 101 }"), "not yet: `first` wrote 100 records to topic t", &[]);
    let killed = two().signal("first", Signal::Kill).dies("first", 9);
    assert_says(&killed, &of("records: { at_least: 101 }"), "not yet: `first` wrote 100 records", &["still at work when kgrade killed it"]);
}
