//! `Fetch`.

use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::{FetchRequest, FetchResponse};

use super::TopicIds;
use super::batch::Batches;
use crate::timeline::event::Name;
use crate::timeline::wire::{Fetched, Isolation, Position, Request, Response};

pub(super) fn isolation(level: i8) -> Isolation {
    if level == 0 { Isolation::ReadUncommitted } else { Isolation::ReadCommitted }
}

pub(super) fn request(asked: &FetchRequest, topics: &TopicIds) -> Request {
    let mut partitions = Vec::new();
    for topic in &asked.topics {
        let name = topics.name(&topic.topic, topic.topic_id.as_u128());
        let positions = topic.partitions.iter();
        partitions.extend(positions.map(|partition| Position {
            topic: name.clone(),
            partition: partition.partition,
            offset: partition.fetch_offset,
        }));
    }
    Request::Fetch {
        isolation: isolation(asked.isolation_level),
        session: asked.session_id,
        epoch: asked.session_epoch,
        min_bytes: asked.min_bytes,
        max_bytes: asked.max_bytes,
        max_wait_ms: asked.max_wait_ms,
        partitions,
    }
}

pub(super) fn response(told: &FetchResponse, topics: &TopicIds) -> Response {
    let mut partitions = Vec::new();
    for topic in &told.responses {
        let name = topics.name(&topic.topic, topic.topic_id.as_u128());
        partitions.extend(topic.partitions.iter().map(|partition| fetched(&name, partition)));
    }
    Response::Fetch { error: told.error_code, session: told.session_id, partitions }
}

fn fetched(topic: &Name, partition: &PartitionData) -> Fetched {
    let (mut offsets, mut records) = (None, 0);
    for header in Batches::new(partition.records.as_ref()) {
        let first = offsets.map_or(header.base_offset, |(first, _)| first);
        offsets = Some((first, header.last_offset));
        if !header.control {
            records += u64::from(header.records);
        }
    }
    Fetched {
        topic: topic.clone(),
        partition: partition.partition_index,
        error: partition.error_code,
        high_watermark: partition.high_watermark,
        offsets,
        records,
    }
}
