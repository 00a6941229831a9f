//! Topics and the cluster.

use kafka_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use kafka_protocol::messages::create_topics_response::CreatableTopicResult;
use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest,
    DeleteTopicsResponse, DescribeClusterRequest, DescribeClusterResponse,
};

pub(super) fn create(asked: CreateTopicsRequest) -> CreateTopicsResponse {
    let topics = asked
        .topics
        .into_iter()
        .map(|topic| CreatableTopicResult::default().with_name(topic.name).with_error_message(None).with_configs(None));
    CreateTopicsResponse::default().with_topics(topics.collect())
}

/// By name up to version 5, by name or id since.
pub(super) fn delete(asked: DeleteTopicsRequest, version: i16) -> DeleteTopicsResponse {
    let told = |name, id| DeletableTopicResult::default().with_name(name).with_topic_id(id);
    let responses = if version <= 5 {
        asked.topic_names.into_iter().map(|name| told(Some(name), Default::default())).collect()
    } else {
        asked.topics.into_iter().map(|topic| told(topic.name, topic.topic_id)).collect()
    };
    DeleteTopicsResponse::default().with_responses(responses)
}

pub(super) fn create_partitions(asked: CreatePartitionsRequest) -> CreatePartitionsResponse {
    let results = asked.topics.into_iter().map(|topic| CreatePartitionsTopicResult::default().with_name(topic.name));
    CreatePartitionsResponse::default().with_results(results.collect())
}

pub(super) fn describe_cluster(_: DescribeClusterRequest) -> DescribeClusterResponse {
    DescribeClusterResponse::default()
}
