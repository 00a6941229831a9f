//! Reading records, without a group.

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{Offset, TopicPartitionList};

use super::Kafka;
use super::log::Log;
use super::offsets::End;
use crate::timeline::payload::RecordBlock;
use crate::world::access::Access;

/// How much is read by one call, in bytes: a topic may hold more than memory does.
const CAP: usize = 64 * 1024 * 1024;
/// What a record costs beside its bytes.
const ENTRY: usize = 48;
/// How much is fetched at once, in bytes, and of one partition. What a fetch brings is unpacked as a whole, and a broker that was told to compress makes a
/// hundred bytes of a megabyte of zeros.
const FETCH: &str = "32768";
/// How long nothing may arrive before a read is given up.
const SILENCE: Duration = Duration::from_secs(10);
/// How many idle consumers are kept.
const IDLE: usize = 4;

type Reader = BaseConsumer<Log>;

/// Consumers that are not reading now; making one costs threads and connections.
pub(super) struct Pool {
    access: Access,
    idle: Mutex<Vec<Reader>>,
}

impl Pool {
    pub(super) fn new(access: Access) -> Self {
        Self { access, idle: Mutex::default() }
    }

    fn take(&self) -> Result<Reader> {
        if let Some(reader) = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            return Ok(reader);
        }
        self.access
            .config()
            .set("client.id", "kgrade")
            // librdkafka wants a name to assign partitions; nothing is ever joined or committed under it.
            .set("group.id", "kgrade-reader")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("enable.partition.eof", "true")
            .set("isolation.level", "read_uncommitted")
            .set("auto.offset.reset", "earliest")
            .set("allow.auto.create.topics", "false")
            .set("fetch.wait.max.ms", "10")
            .set("fetch.error.backoff.ms", "50")
            .set("fetch.message.max.bytes", FETCH)
            .set("fetch.max.bytes", FETCH)
            // Only because librdkafka fetches at least as much as it would send.
            .set("message.max.bytes", FETCH)
            .set("queued.max.messages.kbytes", "16384")
            .create_with_context(Log)
            .context("no consumer can be made")
    }

    fn keep(&self, reader: Reader) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE {
            idle.push(reader);
        }
    }
}

impl Kafka {
    /// Reads the records from these offsets (0 where none is given) to the ends that the partitions have now, records of open and
    /// aborted transactions included. Gives them back by partition, with the offset up to which each partition was read: its end,
    /// or less when the call's memory was used up and the next call has to go on from there. No partitions: there is no such topic.
    ///
    /// # Errors
    /// When the brokers do not answer, or nothing arrives for ten seconds.
    pub async fn read(&self, topic: &str, from: &BTreeMap<i32, i64>) -> Result<(Vec<RecordBlock>, BTreeMap<i32, i64>)> {
        let Some(mut ends) = self.ends(topic, End::Next, |_| true).await? else { return Ok(Default::default()) };
        let begin = |partition: i32| from.get(&partition).copied().unwrap_or(0);
        let news = |partition| ends.get(&partition).is_some_and(|end| *end > begin(partition));
        if !ends.keys().any(|partition| news(*partition)) {
            return Ok((Vec::new(), ends));
        }
        let firsts = self.ends(topic, End::First, news).await?.unwrap_or_default();
        let mut wanted = BTreeMap::new();
        for (partition, first) in firsts {
            let (first, end) = (first.max(begin(partition)), ends.get(&partition).copied().unwrap_or(0));
            if first < end {
                wanted.insert(partition, first..end);
            }
        }
        if wanted.is_empty() {
            return Ok((Vec::new(), ends));
        }
        let (kafka, name) = (self.clone(), topic.to_owned());
        let reading = tokio::task::spawn_blocking(move || {
            let reader = kafka.shared.readers.take()?;
            let taken = drain(&reader, &name, wanted)?;
            reader.unassign()?;
            kafka.shared.readers.keep(reader);
            anyhow::Ok(taken)
        });
        let (blocks, reached) = reading.await?.with_context(|| format!("topic {topic} cannot be read"))?;
        ends.extend(reached);
        Ok((blocks, ends))
    }
}

/// Reads each partition's range, or as much as fits; gives back where each partition's reading stopped.
fn drain(reader: &Reader, topic: &str, wanted: BTreeMap<i32, Range<i64>>) -> Result<(Vec<RecordBlock>, BTreeMap<i32, i64>)> {
    let mut list = TopicPartitionList::with_capacity(wanted.len());
    for (partition, range) in &wanted {
        list.add_partition_offset(topic, *partition, Offset::Offset(range.start))?;
    }
    reader.assign(&list)?;
    // `start` moves on to what is read next.
    let mut open = wanted;
    let mut reached = BTreeMap::new();
    let mut blocks: BTreeMap<i32, RecordBlock> = BTreeMap::new();
    let mut size = 0;
    let mut heard = Instant::now();
    let mut last = None;
    while !open.is_empty() && size < CAP {
        match reader.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => {
                let partition = message.partition();
                let Some(range) = open.get_mut(&partition) else { continue };
                heard = Instant::now();
                if message.offset() < range.end {
                    let block = blocks.entry(partition).or_insert_with(|| RecordBlock::new(partition));
                    let before = block.size();
                    push(block, &message);
                    size += block.size() - before + ENTRY;
                    range.start = message.offset() + 1;
                }
                if message.offset() + 1 >= range.end {
                    reached.insert(partition, range.end);
                    open.remove(&partition);
                }
            }
            // What is left up to the end are control records and gaps.
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                if let Some(range) = open.remove(&partition) {
                    heard = Instant::now();
                    reached.insert(partition, range.end);
                }
            }
            Some(Err(error)) if is_passing(&error) => last = Some(error),
            Some(Err(error)) => return Err(error.into()),
            None => {}
        }
        if heard.elapsed() > SILENCE {
            let why = last.map_or_else(String::new, |error| format!(": {error}"));
            bail!("no record arrived for {} s, {} partitions are not read to their end{why}", SILENCE.as_secs(), open.len());
        }
    }
    reached.extend(open.into_iter().map(|(partition, range)| (partition, range.start)));
    Ok((blocks.into_values().collect(), reached))
}

/// librdkafka reports lost connections as errors and goes on by itself.
pub(super) fn is_passing(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{AllBrokersDown, BrokerTransportFailure, NodeUpdate, OperationTimedOut, Resolve};
    error
        .rdkafka_error_code()
        .is_some_and(|code| matches!(code, AllBrokersDown | BrokerTransportFailure | NodeUpdate | OperationTimedOut | Resolve))
}

fn push(block: &mut RecordBlock, message: &BorrowedMessage<'_>) {
    let headers = headers(message);
    block.push(message.offset(), message.timestamp().to_millis().unwrap_or(-1), message.key(), message.payload(), headers.as_bytes());
}

/// The headers as JSON text; empty for none.
fn headers(message: &BorrowedMessage<'_>) -> String {
    let Some(headers) = message.headers() else { return String::new() };
    let one = |nth| {
        // The binding panics on a name that is not UTF-8, which a learner's program may well send.
        let header = catch_unwind(AssertUnwindSafe(|| headers.try_get(nth)));
        header.map_or(Some(("(not UTF-8)", None)), |header| header.map(|header| (header.key, header.value.map(String::from_utf8_lossy))))
    };
    let pairs: Vec<_> = (0..headers.count()).filter_map(one).collect();
    serde_json::to_string(&pairs).unwrap_or_default()
}
