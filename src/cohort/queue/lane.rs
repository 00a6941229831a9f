//! A partition in the hands of its owner: the one place where the queue's topics and offsets are written.
//!
//! Why nothing is lost or said twice:
//!
//! 1. Everything that a worker says of a partition is said in transactions: a result, its evidence and the offset after the submission
//!    together. A transaction is seen whole or not at all.
//! 2. The transactional id is the partition's. Opening a lane (`init_transactions`) ends what the owner before had begun, and shuts that
//!    owner out for good: Kafka refuses whatever it says later.
//! 3. The committed offset and the results are read *after* that. So what the new owner knows cannot change behind its back.
//! 4. Offsets are sent with the group's metadata (KIP-447), so that the coordinator refuses a worker which is no member any more, or of
//!    an older generation; it does so for all its partitions, also those that nobody has opened since.
//! 5. What the results tell counts, when the group's offsets are gone or were set back.
//! 6. When it is not known whether a transaction was committed, the lane is opened again: that decides it, and the committed offset tells.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Message, Offset, TopicPartitionList};

use super::access::Quiet;
use super::marker::Marker;
use super::published::Published;
use super::reader::Reader;
use super::{Access, Names};

/// How long one step of a transaction may take.
const STEP: Duration = Duration::from_secs(20);
/// How long a commit that could not be finished is tried again.
const PATIENCE: Duration = Duration::from_secs(60);

/// A partition that this worker owns.
pub(super) struct Lane {
    partition: i32,
    producer: BaseProducer<Quiet>,
    /// Up to which offset everything is said; `None` before the first word.
    pub next: Option<i64>,
    /// Whether the group's offset is behind that.
    pub is_behind: bool,
    /// What was in hand when that was last committed.
    pub marker: Marker,
    /// The latest final result of each submission: record key → submission key.
    graded: HashMap<String, String>,
    /// Which worker said what came of a record, by its offset.
    by: HashMap<i64, String>,
}

/// What is said in one transaction.
pub(super) struct Word<'a> {
    /// Up to which offset everything is said.
    pub next: i64,
    /// What is in hand after that.
    pub marker: Marker,
    /// What came of a submission.
    pub result: Option<&'a Said>,
}

/// What came of a submission, ready to be written.
pub(super) struct Said {
    result: Published,
    bytes: Vec<u8>,
    evidence: Vec<Vec<u8>>,
}

impl Said {
    /// A result, and the parts of its evidence.
    pub(super) fn new(result: Published, evidence: Vec<Vec<u8>>) -> Result<Self> {
        Ok(Self { bytes: result.bytes()?, result, evidence })
    }
}

/// Why something could not be said.
pub(super) enum Unsaid {
    /// It was taken back: it can be said again, if the partition is still ours.
    Aborted(KafkaError),
    /// Whether it was said is not known, or this producer can say nothing more: the lane has to be opened again.
    Broken(KafkaError),
}

impl Lane {
    /// Takes a partition over. Blocks.
    pub(super) fn open(access: &Access, names: &Names, reader: &Reader, worker: &str, partition: i32) -> Result<Self> {
        let producer = access.owner(names, worker, partition)?;
        producer.init_transactions(STEP).with_context(|| format!("partition {partition} cannot be taken over"))?;
        // Only now: nobody else can change these any more.
        let mut lane = Self {
            partition,
            producer,
            next: None,
            is_behind: false,
            marker: Marker::default(),
            graded: HashMap::new(),
            by: HashMap::new(),
        };
        for (_, next, metadata) in reader.committed(&names.submissions, &[partition])? {
            lane.next = next;
            lane.marker = Marker::read(&metadata);
        }
        reader.read(&names.results, &[partition], &mut |message| match Published::read(message.payload().unwrap_or_default()) {
            Ok(result) => lane.note(&result),
            Err(error) => tracing::debug!(partition, offset = message.offset(), "{error:#}"),
        })?;
        // Kafka forgets the offsets of a group that has had no member for some days, and people set them back. Results are said in order, so
        // what comes before one is done.
        let said = lane.by.keys().max().map(|offset| offset + 1);
        if said > lane.next {
            (lane.next, lane.is_behind, lane.marker) = (said, true, Marker::default());
        }
        Ok(lane)
    }

    /// Whether the last word on a submission was of exactly this content, and final.
    pub(super) fn has_graded(&self, record_key: &str, key: &str) -> bool {
        self.graded.get(record_key).is_some_and(|graded| graded == key)
    }

    /// Whether this worker said what came of a record.
    pub(super) fn was_said_by(&self, worker: &str, offset: i64) -> bool {
        self.by.get(&offset).is_some_and(|by| by == worker)
    }

    fn note(&mut self, result: &Published) {
        if result.is_final() {
            self.graded.insert(result.record_key(), result.key.clone());
        } else {
            self.graded.remove(&result.record_key());
        }
        self.by.insert(result.source.offset, result.worker.clone());
    }

    /// Says something, whole or not at all. Blocks.
    pub(super) fn say(&mut self, names: &Names, group: &ConsumerGroupMetadata, word: &Word<'_>) -> Result<(), Unsaid> {
        match self.attempt(names, group, word) {
            Ok(()) => {
                (self.next, self.is_behind) = (Some(word.next), false);
                self.marker = word.marker.clone();
                if let Some(said) = word.result {
                    self.note(&said.result);
                }
                Ok(())
            }
            Err(error) => {
                let abortable = matches!(&error, KafkaError::Transaction(why) if why.txn_requires_abort() && !why.is_fatal())
                    || matches!(&error, KafkaError::MessageProduction(_));
                if abortable && self.producer.abort_transaction(STEP).is_ok() {
                    Err(Unsaid::Aborted(error))
                } else {
                    Err(Unsaid::Broken(error))
                }
            }
        }
    }

    fn attempt(&self, names: &Names, group: &ConsumerGroupMetadata, word: &Word<'_>) -> Result<(), KafkaError> {
        self.producer.begin_transaction()?;
        if let Some(Said { result, bytes, evidence }) = word.result {
            let key = result.record_key();
            let record = BaseRecord::to(&names.results).partition(self.partition).key(key.as_str()).payload(bytes);
            self.send(record)?;
            let source = format!("{}@{}", result.source.partition, result.source.offset);
            for (nth, part) in evidence.iter().enumerate() {
                let header = |key, value| Header { key, value: Some(value) };
                let nth = nth.to_string();
                let headers = OwnedHeaders::new().insert(header("source", source.as_str())).insert(header("part", nth.as_str()));
                let record = BaseRecord::to(&names.evidence).partition(self.partition).key(key.as_str()).payload(part);
                self.send(record.headers(headers))?;
            }
        }
        let mut offsets = TopicPartitionList::new();
        {
            let mut element = offsets.add_partition(&names.submissions, self.partition);
            element.set_offset(Offset::Offset(word.next))?;
            element.set_metadata(word.marker.text());
        }
        self.producer.send_offsets_to_transaction(&offsets, group, STEP)?;
        let begun = Instant::now();
        loop {
            match self.producer.commit_transaction(STEP) {
                // Asked again, a commit goes on where it was.
                Err(KafkaError::Transaction(why)) if why.is_retriable() && begun.elapsed() < PATIENCE => {}
                done => return done,
            }
        }
    }

    fn send(&self, mut record: BaseRecord<'_, str, Vec<u8>>) -> Result<(), KafkaError> {
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(rdkafka::types::RDKafkaErrorCode::QueueFull), back)) => {
                    record = back;
                    self.producer.poll(Duration::from_millis(50));
                }
                Err((error, _)) => return Err(error),
            }
        }
    }
}
