//! `ListOffsets`, `OffsetFetch`, `OffsetCommit`.

use kafka_protocol::messages::{
    ListOffsetsRequest, ListOffsetsResponse, OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse,
};

use super::fetch::isolation;
use super::{TopicIds, first_error, text};
use crate::timeline::wire::{Coded, Position, Request, Response};

pub(super) fn list(asked: &ListOffsetsRequest) -> Request {
    let mut partitions = Vec::new();
    for topic in &asked.topics {
        let name = text::name(&topic.name);
        let positions = topic.partitions.iter();
        partitions.extend(positions.map(|partition| Position {
            topic: name.clone(),
            partition: partition.partition_index,
            offset: partition.timestamp,
        }));
    }
    Request::ListOffsets { isolation: isolation(asked.isolation_level), partitions }
}

pub(super) fn listed(told: &ListOffsetsResponse) -> Response {
    let mut offsets = Vec::new();
    let mut error = 0;
    for topic in &told.topics {
        let name = text::name(&topic.name);
        error = first_error([error].into_iter().chain(topic.partitions.iter().map(|partition| partition.error_code)));
        let positions = topic.partitions.iter();
        offsets.extend(positions.map(|partition| Position {
            topic: name.clone(),
            partition: partition.partition_index,
            offset: partition.offset,
        }));
    }
    Response::Offsets { error, offsets }
}

pub(super) fn fetch(asked: &OffsetFetchRequest) -> Request {
    // Version 8 and newer ask for several groups at once.
    let groups = if asked.groups.is_empty() {
        vec![text::name(&asked.group_id)]
    } else {
        asked.groups.iter().map(|group| text::name(&group.group_id)).collect()
    };
    Request::OffsetFetch { groups }
}

pub(super) fn fetched(told: &OffsetFetchResponse, topics: &TopicIds) -> Response {
    let mut offsets = Vec::new();
    let mut errors = vec![told.error_code];
    for topic in &told.topics {
        let name = text::name(&topic.name);
        for partition in &topic.partitions {
            errors.push(partition.error_code);
            offsets.push(Position { topic: name.clone(), partition: partition.partition_index, offset: partition.committed_offset });
        }
    }
    for group in &told.groups {
        errors.push(group.error_code);
        for topic in &group.topics {
            let name = topics.name(&topic.name, topic.topic_id.as_u128());
            for partition in &topic.partitions {
                errors.push(partition.error_code);
                offsets.push(Position { topic: name.clone(), partition: partition.partition_index, offset: partition.committed_offset });
            }
        }
    }
    Response::Offsets { error: first_error(errors), offsets }
}

pub(super) fn commit(asked: &OffsetCommitRequest) -> Request {
    let mut offsets = Vec::new();
    for topic in &asked.topics {
        let name = text::name(&topic.name);
        let positions = topic.partitions.iter();
        offsets.extend(positions.map(|partition| Position {
            topic: name.clone(),
            partition: partition.partition_index,
            offset: partition.committed_offset,
        }));
    }
    Request::OffsetCommit {
        group: text::name(&asked.group_id),
        member: text::name(&asked.member_id),
        instance_id: asked.group_instance_id.as_ref().map(|id| text::name(id)),
        generation: asked.generation_id_or_member_epoch,
        offsets,
    }
}

pub(super) fn committed(told: &OffsetCommitResponse, topics: &TopicIds) -> Response {
    let mut partitions = Vec::new();
    for topic in &told.topics {
        let name = topics.name(&topic.name, topic.topic_id.as_u128());
        let coded = topic.partitions.iter();
        partitions.extend(coded.map(|partition| Coded {
            topic: name.clone(),
            partition: partition.partition_index,
            error: partition.error_code,
        }));
    }
    Response::Partitions { partitions }
}
