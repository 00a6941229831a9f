//! Consumer groups of the new protocol (KIP-848) and share groups (KIP-932): one heartbeat does it all.

use kafka_protocol::messages::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse, TopicName,
};

use super::{TopicIds, text};
use crate::timeline::event::Name;
use crate::timeline::wire::{Place, Request, Response};

pub(super) fn heartbeat(asked: &ConsumerGroupHeartbeatRequest, topics: &TopicIds) -> Request {
    Request::ConsumerGroupHeartbeat {
        group: text::name(&asked.group_id),
        member: text::name(&asked.member_id),
        instance_id: asked.instance_id.as_ref().map(|id| text::name(id)),
        epoch: asked.member_epoch,
        assignor: asked.server_assignor.as_ref().map(|name| text::name(name)),
        topics: asked.subscribed_topic_names.as_deref().map(names),
        owned: asked
            .topic_partitions
            .as_deref()
            .map(|owned| places(topics, owned.iter().map(|one| (one.topic_id.as_u128(), &*one.partitions)))),
    }
}

pub(super) fn beaten(told: &ConsumerGroupHeartbeatResponse, topics: &TopicIds) -> Response {
    Response::ConsumerGroupHeartbeat {
        error: told.error_code,
        member: told.member_id.as_ref().map(|id| text::name(id)),
        epoch: told.member_epoch,
        assigned: told
            .assignment
            .as_ref()
            .map(|assignment| places(topics, assignment.topic_partitions.iter().map(|one| (one.topic_id.as_u128(), &*one.partitions)))),
    }
}

pub(super) fn share_heartbeat(asked: &ShareGroupHeartbeatRequest) -> Request {
    Request::ShareGroupHeartbeat {
        group: text::name(&asked.group_id),
        member: text::name(&asked.member_id),
        epoch: asked.member_epoch,
        topics: asked.subscribed_topic_names.as_deref().map(names),
    }
}

/// It has the same fields.
pub(super) fn share_beaten(told: &ShareGroupHeartbeatResponse, topics: &TopicIds) -> Response {
    Response::ConsumerGroupHeartbeat {
        error: told.error_code,
        member: told.member_id.as_ref().map(|id| text::name(id)),
        epoch: told.member_epoch,
        assigned: told
            .assignment
            .as_ref()
            .map(|assignment| places(topics, assignment.topic_partitions.iter().map(|one| (one.topic_id.as_u128(), &*one.partitions)))),
    }
}

fn names(topics: &[TopicName]) -> Vec<Name> {
    topics.iter().map(|topic| text::name(topic)).collect()
}

fn places<'a>(topics: &TopicIds, listed: impl Iterator<Item = (u128, &'a [i32])>) -> Vec<Place> {
    let mut places = Vec::new();
    for (id, partitions) in listed {
        let topic = topics.name("", id);
        places.extend(partitions.iter().map(|partition| Place { topic: topic.clone(), partition: *partition }));
    }
    places
}
