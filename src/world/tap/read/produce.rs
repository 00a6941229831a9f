//! `Produce`.

use kafka_protocol::messages::{ProduceRequest, ProduceResponse};

use super::batch::Batches;
use super::{TopicIds, text};
use crate::timeline::wire::{Batch, Coded, Request, Response, Unread};
use crate::world::kafka::schema::MOST;

pub(super) fn request(asked: &ProduceRequest, topics: &TopicIds) -> Result<Request, Unread> {
    let mut batches = Vec::new();
    for topic in &asked.topic_data {
        let name = topics.name(&topic.name, topic.topic_id.as_u128());
        for partition in &topic.partition_data {
            let mut headers = Batches::new(partition.records.as_ref());
            for header in headers.by_ref() {
                if batches.len() == MOST {
                    return Err(Unread::TooLong);
                }
                batches.push(Batch {
                    topic: name.clone(),
                    partition: partition.index,
                    records: header.records,
                    bytes: header.bytes,
                    compression: header.compression,
                    producer_id: header.producer_id,
                    producer_epoch: header.producer_epoch,
                    base_sequence: header.base_sequence,
                    transactional: header.transactional,
                    first_timestamp: header.first_timestamp,
                    crc: header.crc,
                });
            }
            if headers.partial() {
                return Err(Unread::Damaged);
            }
        }
    }
    let transactional_id = asked.transactional_id.as_ref().map(|id| text::name(id));
    Ok(Request::Produce { acks: asked.acks, timeout_ms: asked.timeout_ms, transactional_id, batches })
}

pub(super) fn response(told: &ProduceResponse, topics: &TopicIds) -> Response {
    let (mut partitions, mut base_offsets) = (Vec::new(), Vec::new());
    for topic in &told.responses {
        let name = topics.name(&topic.name, topic.topic_id.as_u128());
        for partition in &topic.partition_responses {
            partitions.push(Coded { topic: name.clone(), partition: partition.index, error: partition.error_code });
            base_offsets.push(partition.base_offset);
        }
    }
    Response::Produce { partitions, base_offsets }
}
