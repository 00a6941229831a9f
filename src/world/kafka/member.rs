//! A member of a consumer group that the lab itself makes: somebody else's service on the same cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use super::Kafka;
use super::log::Log;
use super::read::is_passing;

/// A consumer that has subscribed to one topic. Dropped, it leaves its group, which may take a moment. Its methods block.
pub struct Member {
    topic: String,
    consumer: BaseConsumer<Log>,
}

impl Kafka {
    /// A new member of `group` that subscribes to `topic`. It joins while it is asked for records; it commits nothing by itself.
    ///
    /// # Errors
    /// When no consumer can be made.
    pub fn join(&self, group: &str, topic: &str) -> Result<Member> {
        let made = || {
            let consumer: BaseConsumer<Log> = self
                .shared
                .access
                .config()
                .set("client.id", "service")
                .set("group.id", group)
                .set("enable.auto.commit", "false")
                .set("enable.auto.offset.store", "false")
                .set("auto.offset.reset", "earliest")
                .set("allow.auto.create.topics", "false")
                .set("fetch.wait.max.ms", "50")
                .create_with_context(Log)?;
            consumer.subscribe(&[topic])?;
            Ok::<_, KafkaError>(Member { topic: topic.to_owned(), consumer })
        };
        made().with_context(|| format!("no member of group {group} can be made"))
    }
}

/// A broker that is short of processors does not know for a while a topic that was just made; librdkafka says so and asks again.
fn is_unknown(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{UnknownPartition, UnknownTopic, UnknownTopicOrPartition};
    error.rdkafka_error_code().is_some_and(|code| matches!(code, UnknownTopicOrPartition | UnknownTopic | UnknownPartition))
}

impl Member {
    /// Takes at most `most` records, waiting at most `wait`. Gives back for each partition the offset that comes next.
    ///
    /// # Errors
    /// When the broker refuses for good.
    pub fn take(&self, most: usize, wait: Duration) -> Result<BTreeMap<i32, i64>> {
        let mut next = BTreeMap::new();
        let (until, mut taken) = (Instant::now() + wait, 0);
        // Polling goes on without room for more: it is what keeps a member in its group.
        while taken < most.max(1) {
            let left = until.saturating_duration_since(Instant::now());
            match self.consumer.poll(left) {
                Some(Ok(message)) => {
                    next.insert(message.partition(), message.offset() + 1);
                    taken += 1;
                }
                Some(Err(error)) if is_passing(&error) || is_unknown(&error) => {}
                Some(Err(error)) => bail!(error),
                None => break,
            }
        }
        Ok(next)
    }

    /// Commits offsets and waits for the answer.
    ///
    /// # Errors
    /// When the coordinator refuses, for example during a rebalance.
    pub fn commit(&self, offsets: &BTreeMap<i32, i64>) -> Result<()> {
        if offsets.is_empty() {
            return Ok(());
        }
        let mut list = TopicPartitionList::with_capacity(offsets.len());
        for (partition, offset) in offsets {
            list.add_partition_offset(&self.topic, *partition, Offset::Offset(*offset))?;
        }
        self.consumer.commit(&list, CommitMode::Sync).with_context(|| format!("the offsets of topic {} are not committed", self.topic))
    }

    /// The partitions that it has now.
    ///
    /// # Errors
    /// When the client has ended.
    pub fn assigned(&self) -> Result<BTreeSet<i32>> {
        let list = self.consumer.assignment()?;
        Ok(list.elements().iter().map(|element| element.partition()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_that_is_not_known_yet_is_waited_for() {
        let said = |code| KafkaError::MessageConsumption(code);
        assert!(is_unknown(&said(RDKafkaErrorCode::UnknownTopicOrPartition)) && is_unknown(&said(RDKafkaErrorCode::UnknownTopic)));
        assert!(!is_unknown(&said(RDKafkaErrorCode::TopicAuthorizationFailed)) && !is_unknown(&KafkaError::Canceled));
    }
}
