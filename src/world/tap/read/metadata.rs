//! What a client asks of the cluster as such: `ApiVersions`, `Metadata`, `FindCoordinator`, `CreateTopics`, `DeleteTopics`.

use kafka_protocol::messages::{
    ApiVersionsRequest, CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest, DeleteTopicsResponse, FindCoordinatorRequest,
    FindCoordinatorResponse, MetadataRequest, MetadataResponse,
};

use super::{TopicIds, first_error, text};
use crate::timeline::event::Name;
use crate::timeline::wire::{NewTopic, Request, Response};

/// The type of a transaction coordinator's key; 0 is a group's, 2 a share group's (KIP-932).
const TRANSACTION: i8 = 1;

pub(super) fn software(asked: &ApiVersionsRequest) -> Request {
    let told = |text: &str| (!text.is_empty()).then(|| text::name(text));
    Request::ApiVersions { software: told(&asked.client_software_name), software_version: told(&asked.client_software_version) }
}

pub(super) fn asked(asked: MetadataRequest, topics: &TopicIds) -> Request {
    let named = asked.topics.map(|listed| {
        let names = listed.iter().map(|topic| topics.name(topic.name.as_ref().map_or("", |name| name), topic.topic_id.as_u128()));
        names.collect()
    });
    Request::Metadata { topics: named, create: asked.allow_auto_topic_creation }
}

pub(super) fn told(told: &MetadataResponse, topics: &TopicIds) -> Response {
    let topics = told.topics.iter().map(|topic| {
        let (name, id) = (topic.name.as_ref().map_or("", |name| name), topic.topic_id.as_u128());
        topics.learn(id, &text::name(name));
        (topics.name(name, id), topic.error_code)
    });
    Response::Topics { topics: topics.collect() }
}

pub(super) fn coordinators(asked: FindCoordinatorRequest) -> Request {
    // Version 4 and newer ask for several at once.
    let mut keys: Vec<Name> = asked.coordinator_keys.iter().map(|key| text::name(key)).collect();
    if keys.is_empty() {
        keys.push(text::name(&asked.key));
    }
    Request::FindCoordinator { transaction: asked.key_type == TRANSACTION, keys }
}

pub(super) fn coordinator(told: &FindCoordinatorResponse) -> Response {
    let Some(first) = told.coordinators.first() else {
        return Response::FindCoordinator { error: told.error_code, node: told.node_id.0 };
    };
    Response::FindCoordinator { error: first_error(told.coordinators.iter().map(|found| found.error_code)), node: first.node_id.0 }
}

pub(super) fn create(asked: &CreateTopicsRequest) -> Request {
    let topics = asked.topics.iter().map(|topic| NewTopic {
        name: text::name(&topic.name),
        // With replicas assigned by hand the count is −1 and their number counts.
        partitions: if topic.assignments.is_empty() {
            topic.num_partitions
        } else {
            i32::try_from(topic.assignments.len()).unwrap_or(i32::MAX)
        },
        replication_factor: match topic.assignments.first() {
            Some(first) => i16::try_from(first.broker_ids.len()).unwrap_or(i16::MAX),
            None => topic.replication_factor,
        },
    });
    Request::CreateTopics { topics: topics.collect(), validate_only: asked.validate_only }
}

pub(super) fn created(told: &CreateTopicsResponse, topics: &TopicIds) -> Response {
    let created = told.topics.iter().map(|topic| {
        let name = text::name(&topic.name);
        topics.learn(topic.topic_id.as_u128(), &name);
        (name, topic.error_code)
    });
    Response::Topics { topics: created.collect() }
}

pub(super) fn delete(asked: &DeleteTopicsRequest, topics: &TopicIds) -> Request {
    let listed = asked.topics.iter().map(|topic| topics.name(topic.name.as_ref().map_or("", |name| name), topic.topic_id.as_u128()));
    // Up to version 5 there are names only.
    let named = asked.topic_names.iter().map(|name| text::name(name));
    Request::DeleteTopics { topics: listed.chain(named).collect() }
}

pub(super) fn deleted(told: &DeleteTopicsResponse, topics: &TopicIds) -> Response {
    let deleted = told.responses.iter().map(|topic| {
        let name = topics.name(topic.name.as_ref().map_or("", |name| name), topic.topic_id.as_u128());
        (name, topic.error_code)
    });
    Response::Topics { topics: deleted.collect() }
}
