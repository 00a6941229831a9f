//! Records and their offsets.

use bytes::Bytes;
use kafka_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use kafka_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{FetchRequest, FetchResponse, ListOffsetsRequest, ListOffsetsResponse, ProduceRequest, ProduceResponse};

pub(super) fn produce(asked: ProduceRequest) -> ProduceResponse {
    let topics = asked.topic_data.into_iter().map(|topic| {
        let partitions = topic.partition_data.iter();
        let partitions = partitions.map(|data| PartitionProduceResponse::default().with_index(data.index).with_base_offset(-1));
        let told = TopicProduceResponse::default().with_name(topic.name).with_topic_id(topic.topic_id);
        told.with_partition_responses(partitions.collect())
    });
    ProduceResponse::default().with_responses(topics.collect())
}

/// Without a session: the client begins a new one.
pub(super) fn fetch(asked: FetchRequest) -> FetchResponse {
    let topics = asked.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            // No records, but never null: librdkafka before 1.6 refuses that.
            let data = PartitionData::default().with_partition_index(partition.partition).with_records(Some(Bytes::new()));
            data.with_high_watermark(-1).with_aborted_transactions(None)
        });
        let told = FetchableTopicResponse::default().with_topic(topic.topic).with_topic_id(topic.topic_id);
        told.with_partitions(partitions.collect())
    });
    FetchResponse::default().with_responses(topics.collect())
}

pub(super) fn list_offsets(asked: ListOffsetsRequest) -> ListOffsetsResponse {
    let topics = asked.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter();
        let partitions = partitions.map(|one| ListOffsetsPartitionResponse::default().with_partition_index(one.partition_index));
        ListOffsetsTopicResponse::default().with_name(topic.name).with_partitions(partitions.collect())
    });
    ListOffsetsResponse::default().with_topics(topics.collect())
}
