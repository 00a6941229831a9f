//! Idempotence and transactions: `InitProducerId`, `AddPartitionsToTxn`, `AddOffsetsToTxn`, `TxnOffsetCommit`, `EndTxn`.

use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, AddPartitionsToTxnResponse, EndTxnRequest, InitProducerIdRequest,
    InitProducerIdResponse, TxnOffsetCommitRequest, TxnOffsetCommitResponse,
};

use super::text;
use crate::timeline::wire::{Coded, Place, Position, Request, Response};

pub(super) fn init(asked: &InitProducerIdRequest) -> Request {
    Request::InitProducerId {
        transactional_id: asked.transactional_id.as_ref().map(|id| text::name(id)),
        transaction_timeout_ms: asked.transaction_timeout_ms,
        producer_id: asked.producer_id.0,
        producer_epoch: asked.producer_epoch,
    }
}

pub(super) fn initialised(told: &InitProducerIdResponse) -> Response {
    Response::InitProducerId { error: told.error_code, producer_id: told.producer_id.0, producer_epoch: told.producer_epoch }
}

pub(super) fn add_partitions(asked: &AddPartitionsToTxnRequest, version: i16) -> Request {
    // Version 4 and newer are the brokers' own, for several transactions at once; the first stands for all.
    let (transactional_id, producer_id, producer_epoch, topics) = match asked.transactions.first() {
        Some(first) if version >= 4 => (&first.transactional_id, first.producer_id, first.producer_epoch, &first.topics),
        _ => (
            &asked.v3_and_below_transactional_id,
            asked.v3_and_below_producer_id,
            asked.v3_and_below_producer_epoch,
            &asked.v3_and_below_topics,
        ),
    };
    Request::AddPartitionsToTxn {
        transactional_id: text::name(transactional_id),
        producer_id: producer_id.0,
        producer_epoch,
        partitions: places(topics),
    }
}

fn places(topics: &[AddPartitionsToTxnTopic]) -> Vec<Place> {
    let mut places = Vec::new();
    for topic in topics {
        let name = text::name(&topic.name);
        places.extend(topic.partitions.iter().map(|partition| Place { topic: name.clone(), partition: *partition }));
    }
    places
}

pub(super) fn partitions_added(told: &AddPartitionsToTxnResponse) -> Response {
    let several = told.results_by_transaction.iter().flat_map(|transaction| &transaction.topic_results);
    let mut partitions = Vec::new();
    for topic in several.chain(&told.results_by_topic_v3_and_below) {
        let name = text::name(&topic.name);
        let results = topic.results_by_partition.iter();
        partitions.extend(results.map(|partition| Coded {
            topic: name.clone(),
            partition: partition.partition_index,
            error: partition.partition_error_code,
        }));
    }
    Response::Partitions { partitions }
}

pub(super) fn add_offsets(asked: &AddOffsetsToTxnRequest) -> Request {
    Request::AddOffsetsToTxn {
        transactional_id: text::name(&asked.transactional_id),
        producer_id: asked.producer_id.0,
        producer_epoch: asked.producer_epoch,
        group: text::name(&asked.group_id),
    }
}

pub(super) fn commit_offsets(asked: &TxnOffsetCommitRequest) -> Request {
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
    Request::TxnOffsetCommit {
        transactional_id: text::name(&asked.transactional_id),
        group: text::name(&asked.group_id),
        producer_id: asked.producer_id.0,
        producer_epoch: asked.producer_epoch,
        member: text::name(&asked.member_id),
        generation: asked.generation_id,
        offsets,
    }
}

pub(super) fn offsets_committed(told: &TxnOffsetCommitResponse) -> Response {
    let mut partitions = Vec::new();
    for topic in &told.topics {
        let name = text::name(&topic.name);
        let coded = topic.partitions.iter();
        partitions.extend(coded.map(|partition| Coded {
            topic: name.clone(),
            partition: partition.partition_index,
            error: partition.error_code,
        }));
    }
    Response::Partitions { partitions }
}

pub(super) fn end(asked: &EndTxnRequest) -> Request {
    Request::EndTxn {
        transactional_id: text::name(&asked.transactional_id),
        producer_id: asked.producer_id.0,
        producer_epoch: asked.producer_epoch,
        commit: asked.committed,
    }
}
