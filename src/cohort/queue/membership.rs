//! What a worker owns: the partitions that its group gave it, as the consumer's callbacks tell.

use std::sync::{Mutex, PoisonError};

use rdkafka::ClientContext;
use rdkafka::TopicPartitionList;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, ConsumerContext, Rebalance};
use rdkafka::error::KafkaError;

/// The consumer's context. Its callbacks run inside `poll`, so what they note is complete when `poll` returns.
#[derive(Debug, Default)]
pub(super) struct Membership {
    changes: Mutex<Vec<Change>>,
}

/// A partition that came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Gained(i32),
    Lost(i32),
}

impl Membership {
    /// What changed since this was last asked, in order.
    pub(super) fn take(&self) -> Vec<Change> {
        std::mem::take(&mut *self.changes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, partitions: &TopicPartitionList, change: fn(i32) -> Change) {
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.extend(partitions.elements().iter().map(|element| change(element.partition())));
    }
}

impl ClientContext for Membership {
    fn log(&self, _level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", "{facility}: {message}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(target: "librdkafka", "{error}: {reason}");
    }
}

impl ConsumerContext for Membership {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Revoke(partitions) = rebalance {
            self.note(partitions, Change::Lost);
        }
    }

    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Assign(partitions) = rebalance {
            self.note(partitions, Change::Gained);
        }
    }
}
