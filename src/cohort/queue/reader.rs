//! Reading a topic of the queue from its beginning to its end, and nothing of transactions that are open or were aborted.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
use rdkafka::{Message, Offset, TopicPartitionList};

use super::access::Quiet;
use super::{Access, Names};

/// How long a broker may take to answer a question.
pub(super) const ANSWER: Duration = Duration::from_secs(20);
/// How long a leader or coordinator that is not there yet is asked for again, and how often.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);
/// How long nothing may arrive before reading is given up.
const SILENCE: Duration = Duration::from_secs(30);

/// A consumer that reads topics and asks for offsets, without being a member of the group.
pub(super) struct Reader {
    consumer: BaseConsumer<Quiet>,
    /// Asks for offsets without waiting for transactions: that of a worker that was killed stays open until its partition is taken over.
    glance: BaseConsumer<Quiet>,
}

impl Reader {
    pub(super) fn new(access: &Access, names: &Names, client: &str) -> Result<Self> {
        Ok(Self { consumer: access.reader(names, client, true)?, glance: access.reader(names, client, false)? })
    }

    /// The topic's partitions; `None` when there is no such topic.
    pub(super) fn partitions(&self, topic: &str) -> Result<Option<Vec<i32>>> {
        let metadata = patiently(|| self.consumer.fetch_metadata(Some(topic), ANSWER)).context("the queue's cluster does not answer")?;
        let Some(seen) = metadata.topics().iter().find(|seen| seen.name() == topic) else { return Ok(None) };
        match seen.error().map(RDKafkaErrorCode::from) {
            None => Ok(Some(seen.partitions().iter().map(|partition| partition.id()).collect())),
            Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => Ok(None),
            Some(code) => bail!("topic {topic} cannot be described: {code}"),
        }
    }

    /// Reads these partitions to the ends that they have now.
    pub(super) fn read(&self, topic: &str, partitions: &[i32], each: &mut dyn FnMut(&BorrowedMessage<'_>)) -> Result<()> {
        self.drain(topic, partitions, each).with_context(|| format!("topic {topic} cannot be read"))
    }

    fn drain(&self, topic: &str, partitions: &[i32], each: &mut dyn FnMut(&BorrowedMessage<'_>)) -> Result<()> {
        let mut open: BTreeSet<i32> = partitions.iter().copied().collect();
        let mut list = TopicPartitionList::with_capacity(open.len());
        for partition in &open {
            list.add_partition_offset(topic, *partition, Offset::Beginning)?;
        }
        self.consumer.assign(&list)?;
        let (mut heard, mut last) = (Instant::now(), None);
        while !open.is_empty() {
            match self.consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => {
                    heard = Instant::now();
                    if message.topic() == topic && open.contains(&message.partition()) {
                        each(&message);
                    }
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    heard = Instant::now();
                    open.remove(&partition);
                }
                Some(Err(error)) if is_passing(&error) => last = Some(error),
                Some(Err(error)) => return Err(error.into()),
                None => {}
            }
            if heard.elapsed() > SILENCE {
                let why = last.map_or_else(String::new, |error| format!(": {error}"));
                bail!("nothing arrived for {} s{why}", SILENCE.as_secs());
            }
        }
        self.consumer.unassign()?;
        Ok(())
    }

    /// One past the last offset of a partition, open transactions included.
    pub(super) fn end(&self, topic: &str, partition: i32) -> Result<i64> {
        let asked = patiently(|| self.consumer.fetch_watermarks(topic, partition, ANSWER));
        asked.map(|(_, end)| end).with_context(|| format!("the end of topic {topic} is not known"))
    }

    /// What the group has committed for these partitions, each with its metadata; waits for transactions that are about to say more.
    pub(super) fn committed(&self, topic: &str, partitions: &[i32]) -> Result<Vec<(i32, Option<i64>, String)>> {
        committed(&self.consumer, topic, partitions)
    }

    /// As [`Self::committed`], as it is now.
    pub(super) fn committed_now(&self, topic: &str, partitions: &[i32]) -> Result<Vec<(i32, Option<i64>, String)>> {
        committed(&self.glance, topic, partitions)
    }

    /// The group's members by the names of their clients; empty when there are none.
    pub(super) fn members(&self, group: &str) -> Result<Vec<String>> {
        let list = patiently(|| self.consumer.fetch_group_list(Some(group), ANSWER)).context("the workers cannot be listed")?;
        let members = list.groups().iter().filter(|seen| seen.name() == group).flat_map(|seen| seen.members());
        Ok(members.map(|member| member.client_id().to_owned()).collect())
    }
}

/// What a group has committed, with the metadata.
fn committed(consumer: &BaseConsumer<Quiet>, topic: &str, partitions: &[i32]) -> Result<Vec<(i32, Option<i64>, String)>> {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for partition in partitions {
        list.add_partition(topic, *partition);
    }
    let seen =
        patiently(|| consumer.committed_offsets(list.clone(), ANSWER)).context("the committed offsets of the workers are not known")?;
    let mut all = Vec::with_capacity(partitions.len());
    for element in seen.elements() {
        element.error().with_context(|| format!("the committed offset of partition {} is not known", element.partition()))?;
        let offset = if let Offset::Offset(offset) = element.offset() { Some(offset) } else { None };
        // The binding panics on metadata that is not UTF-8, which anybody with a right to the group may have written.
        let metadata = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| element.metadata().to_owned()));
        all.push((element.partition(), offset, metadata.unwrap_or_default()));
    }
    Ok(all)
}

/// Asks again while a leader or coordinator is not there yet, as it may be with topics and groups that are new.
fn patiently<T>(ask: impl Fn() -> KafkaResult<T>) -> KafkaResult<T> {
    use RDKafkaErrorCode::{
        BrokerTransportFailure, CoordinatorLoadInProgress, CoordinatorNotAvailable, LeaderNotAvailable, NotCoordinator,
        NotLeaderForPartition,
    };
    let begun = Instant::now();
    loop {
        match ask() {
            Err(error)
                if begun.elapsed() < PATIENCE
                    && error.rdkafka_error_code().is_some_and(|code| {
                        matches!(
                            code,
                            BrokerTransportFailure
                                | CoordinatorLoadInProgress
                                | CoordinatorNotAvailable
                                | LeaderNotAvailable
                                | NotCoordinator
                                | NotLeaderForPartition
                        )
                    }) =>
            {
                std::thread::sleep(PAUSE);
            }
            done => return done,
        }
    }
}

/// librdkafka reports lost connections as errors and goes on by itself.
pub(super) fn is_passing(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{AllBrokersDown, BrokerTransportFailure, NodeUpdate, OperationTimedOut, Resolve};
    error
        .rdkafka_error_code()
        .is_some_and(|code| matches!(code, AllBrokersDown | BrokerTransportFailure | NodeUpdate | OperationTimedOut | Resolve))
}
