//! Writing records.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, anyhow, ensure};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::future_producer::Delivery;
use rdkafka::producer::{DeliveryFuture, FutureProducer, FutureRecord};

use super::Kafka;
use super::log::Log;
use crate::world::access::Access;

/// A record to be written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// The key; `None` is null.
    pub key: Option<Vec<u8>>,
    /// The value; `None` is null (a tombstone).
    pub value: Option<Vec<u8>>,
    /// The headers, in order; names may repeat.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The partition; by the key (murmur2, as Java does) when `None`.
    pub partition: Option<i32>,
}

type Producer = FutureProducer<Log>;

/// The one producer, made when first needed.
pub(super) struct Slot {
    access: Access,
    producer: Mutex<Option<Arc<Producer>>>,
}

impl Slot {
    pub(super) fn new(access: Access) -> Self {
        Self { access, producer: Mutex::default() }
    }

    fn get(&self) -> Result<Arc<Producer>> {
        let mut slot = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(producer) = &*slot {
            return Ok(Arc::clone(producer));
        }
        let made: Producer = self
            .access
            .config()
            .set("client.id", "kgrade")
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("partitioner", "murmur2_random")
            .set("linger.ms", "2")
            .set("message.timeout.ms", "20000")
            .set("topic.metadata.propagation.max.ms", "5000")
            .create_with_context(Log)
            .context("no producer can be made")?;
        Ok(Arc::clone(slot.insert(Arc::new(made))))
    }

    /// Gives a producer up: after a fatal error it accepts nothing more.
    fn discard(&self, producer: &Arc<Producer>) {
        let mut slot = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.as_ref().is_some_and(|kept| Arc::ptr_eq(kept, producer)) {
            *slot = None;
        }
    }
}

impl Kafka {
    /// Makes the producer now and lets it connect on its own. librdkafka needs half a second until an idempotent producer has its
    /// id; called early, that time is not spent when the first records are to be written.
    ///
    /// # Errors
    /// When the producer cannot be made.
    pub fn prepare_producer(&self) -> Result<()> {
        self.shared.producer.get().map(drop)
    }

    /// Writes records: idempotent, `acks=all`, in this order within each partition. Gives back where each went.
    ///
    /// # Errors
    /// When the topic or a partition does not exist, or a record is not acknowledged; some of the others may have been written.
    pub async fn produce(&self, topic: &str, records: Vec<Outgoing>) -> Result<Vec<(i32, i64)>> {
        let slot = &self.shared.producer;
        let written = async {
            // librdkafka would wait seconds for a topic that is not there.
            let partitions = self.describe_topic(topic).await?.context("there is no such topic")?;
            let wrong = records
                .iter()
                .filter_map(|record| record.partition)
                .find(|wanted| !partitions.iter().any(|seen| seen.partition == *wanted));
            ensure!(wrong.is_none(), "there is no partition {}", wrong.unwrap_or_default());
            let producer = slot.get()?;
            let written = send(&producer, topic, &records).await;
            if written.is_err() {
                slot.discard(&producer);
            }
            written
        };
        written.await.with_context(|| format!("records cannot be written to topic {topic}"))
    }
}

async fn send(producer: &Producer, topic: &str, records: &[Outgoing]) -> Result<Vec<(i32, i64)>> {
    let mut placed = Vec::with_capacity(records.len());
    let mut waiting: VecDeque<DeliveryFuture> = VecDeque::new();
    for outgoing in records {
        let mut record = record(topic, outgoing);
        loop {
            match producer.send_result(record) {
                Ok(delivery) => break waiting.push_back(delivery),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    record = back;
                    match waiting.pop_front() {
                        Some(oldest) => placed.push(acknowledged(oldest).await?),
                        // Another caller's records fill the queue.
                        None => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
                    }
                }
                Err((error, _)) => return Err(error).with_context(|| format!("record {} was not accepted", placed.len() + waiting.len())),
            }
        }
    }
    for delivery in waiting {
        placed.push(acknowledged(delivery).await?);
    }
    Ok(placed)
}

fn record<'a>(topic: &'a str, outgoing: &'a Outgoing) -> FutureRecord<'a, [u8], [u8]> {
    let headers = outgoing
        .headers
        .iter()
        .fold(OwnedHeaders::new_with_capacity(outgoing.headers.len()), |all, (key, value)| all.insert(Header { key, value: Some(value) }));
    FutureRecord {
        topic,
        partition: outgoing.partition,
        payload: outgoing.value.as_deref(),
        key: outgoing.key.as_deref(),
        timestamp: None,
        headers: (!outgoing.headers.is_empty()).then_some(headers),
    }
}

async fn acknowledged(delivery: DeliveryFuture) -> Result<(i32, i64)> {
    match delivery.await {
        Ok(Ok(Delivery { partition, offset, .. })) => Ok((partition, offset)),
        Ok(Err((error, _))) => Err(error).context("a record was not acknowledged"),
        Err(_) => Err(anyhow!("the producer was closed before a record was acknowledged")),
    }
}
