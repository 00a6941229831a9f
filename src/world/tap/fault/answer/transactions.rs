//! Transactions.

use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::add_partitions_to_txn_response::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnResult, AddPartitionsToTxnTopicResult,
};
use kafka_protocol::messages::txn_offset_commit_response::{TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddOffsetsToTxnResponse, AddPartitionsToTxnRequest, AddPartitionsToTxnResponse, EndTxnRequest, EndTxnResponse,
    InitProducerIdRequest, InitProducerIdResponse, TxnOffsetCommitRequest, TxnOffsetCommitResponse,
};

pub(super) fn init(_: InitProducerIdRequest) -> InitProducerIdResponse {
    InitProducerIdResponse::default().with_producer_epoch(-1)
}

/// With the topics themselves up to version 3, with transactions since.
pub(super) fn add_partitions(asked: AddPartitionsToTxnRequest, version: i16) -> AddPartitionsToTxnResponse {
    if version <= 3 {
        return AddPartitionsToTxnResponse::default().with_results_by_topic_v3_and_below(results(asked.v3_and_below_topics));
    }
    let transactions = asked
        .transactions
        .into_iter()
        .map(|one| AddPartitionsToTxnResult::default().with_transactional_id(one.transactional_id).with_topic_results(results(one.topics)));
    AddPartitionsToTxnResponse::default().with_results_by_transaction(transactions.collect())
}

fn results(topics: Vec<AddPartitionsToTxnTopic>) -> Vec<AddPartitionsToTxnTopicResult> {
    let result = |index: &i32| AddPartitionsToTxnPartitionResult::default().with_partition_index(*index);
    let topic = |topic: AddPartitionsToTxnTopic| {
        let results = topic.partitions.iter().map(result).collect();
        AddPartitionsToTxnTopicResult::default().with_name(topic.name).with_results_by_partition(results)
    };
    topics.into_iter().map(topic).collect()
}

pub(super) fn add_offsets(_: AddOffsetsToTxnRequest) -> AddOffsetsToTxnResponse {
    AddOffsetsToTxnResponse::default()
}

pub(super) fn commit_offsets(asked: TxnOffsetCommitRequest) -> TxnOffsetCommitResponse {
    let topics = asked.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter();
        let partitions = partitions.map(|one| TxnOffsetCommitResponsePartition::default().with_partition_index(one.partition_index));
        TxnOffsetCommitResponseTopic::default().with_name(topic.name).with_partitions(partitions.collect())
    });
    TxnOffsetCommitResponse::default().with_topics(topics.collect())
}

pub(super) fn end(_: EndTxnRequest) -> EndTxnResponse {
    EndTxnResponse::default()
}
