//! Acknowledgements, idempotence, compression and batches, with what only looks alike.

use crate::kinds::testing::wire::{batch, fetch, produce};
use crate::kinds::testing::{Story, assert_says};
use crate::timeline::wire::{Api, Batch, Compression};

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
    assert_says(&once(), &of("acks: 1"), "violated: `first` asked for acks=-1, not acks=1", &["Produce at"]);
    let mixed = || once().exchange("first", produce(1, vec![batch(2, |_| {})]));
    assert_says(&mixed(), &of("acks: -1"), "violated: `first` asked for acks=1, not acks=-1", &["acks=all", "observed 1 request otherwise"]);
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
