//! Every answer in every version, read again as a client would.

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::add_partitions_to_txn_request::{AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction};
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::metadata_response::{MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic};
use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::txn_offset_commit_request::{TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::{Encodable, StrBytes};

use super::{answer, can_answer, replace};
use crate::timeline::wire::{Api, Request, Response};
use crate::world::tap::read::{self, TopicIds};

const ERROR: i16 = 19;
const ID: &str = "00000000-0000-0000-0000-000000000007";
const NIL: &str = "00000000-0000-0000-0000-000000000000";

fn text(text: &'static str) -> StrBytes {
    StrBytes::from_static_str(text)
}

fn topic() -> TopicName {
    TopicName(text("t"))
}

/// A request of each API with two partitions, topics, members or keys.
fn body(key: ApiKey, version: i16) -> Option<RequestKind> {
    let produce = [0, 1].map(|index| PartitionProduceData::default().with_index(index).with_records(Some(Bytes::new())));
    let fetch = [0, 1].map(|index| FetchPartition::default().with_partition(index));
    let list = [0, 1].map(|index| ListOffsetsPartition::default().with_partition_index(index));
    let commit = [0, 1].map(|index| OffsetCommitRequestPartition::default().with_partition_index(index));
    let txn = [0, 1].map(|index| TxnOffsetCommitRequestPartition::default().with_partition_index(index));
    let added = vec![AddPartitionsToTxnTopic::default().with_name(topic()).with_partitions(vec![0, 1])];
    let (named, id) = if version >= 13 { (TopicName::default(), ID) } else { (topic(), NIL) };
    Some(match key {
        ApiKey::Produce => RequestKind::Produce(ProduceRequest::default().with_acks(-1).with_topic_data(vec![
            TopicProduceData::default().with_name(named).with_topic_id(id.parse().unwrap()).with_partition_data(produce.to_vec()),
        ])),
        ApiKey::Fetch => {
            RequestKind::Fetch(FetchRequest::default().with_topics(vec![
                FetchTopic::default().with_topic(named).with_topic_id(id.parse().unwrap()).with_partitions(fetch.to_vec()),
            ]))
        }
        ApiKey::ListOffsets => RequestKind::ListOffsets(
            ListOffsetsRequest::default().with_topics(vec![ListOffsetsTopic::default().with_name(topic()).with_partitions(list.to_vec())]),
        ),
        ApiKey::OffsetCommit => {
            let asked = OffsetCommitRequestTopic::default().with_partitions(commit.to_vec());
            let asked = if version >= 10 { asked.with_topic_id(ID.parse().unwrap()) } else { asked.with_name(topic()) };
            RequestKind::OffsetCommit(OffsetCommitRequest::default().with_topics(vec![asked]))
        }
        ApiKey::OffsetFetch if version <= 7 => {
            let asked = OffsetFetchRequestTopic::default().with_name(topic()).with_partition_indexes(vec![0, 1]);
            RequestKind::OffsetFetch(OffsetFetchRequest::default().with_topics(Some(vec![asked])))
        }
        ApiKey::OffsetFetch => {
            let asked = OffsetFetchRequestTopics::default().with_partition_indexes(vec![0, 1]);
            let asked = if version >= 10 { asked.with_topic_id(ID.parse().unwrap()) } else { asked.with_name(topic()) };
            let group = OffsetFetchRequestGroup::default().with_group_id(GroupId(text("g"))).with_topics(Some(vec![asked]));
            RequestKind::OffsetFetch(OffsetFetchRequest::default().with_groups(vec![group]))
        }
        ApiKey::FindCoordinator if version <= 3 => RequestKind::FindCoordinator(FindCoordinatorRequest::default().with_key(text("g"))),
        ApiKey::FindCoordinator => {
            RequestKind::FindCoordinator(FindCoordinatorRequest::default().with_coordinator_keys(vec![text("g"), text("h")]))
        }
        ApiKey::JoinGroup => RequestKind::JoinGroup(JoinGroupRequest::default().with_member_id(text("m"))),
        ApiKey::SyncGroup => RequestKind::SyncGroup(SyncGroupRequest::default()),
        ApiKey::Heartbeat => RequestKind::Heartbeat(HeartbeatRequest::default()),
        ApiKey::LeaveGroup if version <= 2 => RequestKind::LeaveGroup(LeaveGroupRequest::default().with_member_id(text("m"))),
        ApiKey::LeaveGroup => {
            RequestKind::LeaveGroup(LeaveGroupRequest::default().with_members(vec![MemberIdentity::default().with_member_id(text("m"))]))
        }
        ApiKey::ConsumerGroupHeartbeat => {
            RequestKind::ConsumerGroupHeartbeat(ConsumerGroupHeartbeatRequest::default().with_member_id(text("m")))
        }
        ApiKey::ShareGroupHeartbeat => RequestKind::ShareGroupHeartbeat(ShareGroupHeartbeatRequest::default().with_member_id(text("m"))),
        ApiKey::InitProducerId => RequestKind::InitProducerId(InitProducerIdRequest::default()),
        ApiKey::AddPartitionsToTxn if version <= 3 => {
            RequestKind::AddPartitionsToTxn(AddPartitionsToTxnRequest::default().with_v3_and_below_topics(added))
        }
        ApiKey::AddPartitionsToTxn => RequestKind::AddPartitionsToTxn(
            AddPartitionsToTxnRequest::default().with_transactions(vec![AddPartitionsToTxnTransaction::default().with_topics(added)]),
        ),
        ApiKey::AddOffsetsToTxn => RequestKind::AddOffsetsToTxn(AddOffsetsToTxnRequest::default()),
        ApiKey::TxnOffsetCommit => RequestKind::TxnOffsetCommit(
            TxnOffsetCommitRequest::default()
                .with_topics(vec![TxnOffsetCommitRequestTopic::default().with_name(topic()).with_partitions(txn.to_vec())]),
        ),
        ApiKey::EndTxn => RequestKind::EndTxn(EndTxnRequest::default()),
        ApiKey::CreateTopics => {
            RequestKind::CreateTopics(CreateTopicsRequest::default().with_topics(vec![CreatableTopic::default().with_name(topic())]))
        }
        ApiKey::DeleteTopics if version <= 5 => RequestKind::DeleteTopics(DeleteTopicsRequest::default().with_topic_names(vec![topic()])),
        ApiKey::DeleteTopics => RequestKind::DeleteTopics(
            DeleteTopicsRequest::default().with_topics(vec![DeleteTopicState::default().with_name(Some(topic()))]),
        ),
        ApiKey::CreatePartitions => RequestKind::CreatePartitions(
            CreatePartitionsRequest::default().with_topics(vec![CreatePartitionsTopic::default().with_name(topic())]),
        ),
        ApiKey::DescribeCluster => RequestKind::DescribeCluster(DescribeClusterRequest::default()),
        _ => return None,
    })
}

fn frame(key: ApiKey, version: i16) -> Option<Bytes> {
    let header = RequestHeader::default().with_request_api_key(key as i16).with_request_api_version(version).with_correlation_id(42);
    let mut bytes = BytesMut::new();
    header.encode(&mut bytes, key.request_header_version(version)).unwrap();
    // The crate has some versions by number only, of which no request can be written and none can be read.
    body(key, version)?.encode(&mut bytes, version).ok()?;
    Some(bytes.freeze())
}

/// How many places in an answer carry the error.
fn errors(response: &Response) -> usize {
    let of = |codes: &mut dyn Iterator<Item = i16>| codes.filter(|code| *code == ERROR).count();
    match response {
        Response::Partitions { partitions } | Response::Produce { partitions, .. } => of(&mut partitions.iter().map(|one| one.error)),
        Response::Topics { topics } => of(&mut topics.iter().map(|(_, error)| *error)),
        Response::Fetch { error, partitions, .. } if *error == 0 => of(&mut partitions.iter().map(|one| one.error)),
        other => usize::from(other.error() == Some(ERROR)),
    }
}

#[test]
fn every_answer_has_the_error_of_every_partition_that_was_asked_about() {
    let mut tried = 0;
    for key in ApiKey::iter() {
        for version in key.valid_versions().min..=key.valid_versions().max {
            let api = Api(key as i16);
            let Some(asked) = frame(key, version) else {
                assert!(body(key, version).is_some() || !can_answer(api, version), "{api} v{version}: no request to try");
                continue;
            };
            assert!(can_answer(api, version), "{api} v{version}");
            let told = answer(&asked, ERROR).unwrap_or_else(|| panic!("{api} v{version}: no answer"));
            assert_eq!(told[..4], 42_i32.to_be_bytes(), "{api} v{version}");
            let topics = TopicIds::default();
            let response = read::response(api, version, &told, &topics).unwrap_or_else(|why| panic!("{api} v{version}: {why:?}"));
            let places = match read::request(&asked, &topics).unwrap() {
                Request::AddPartitionsToTxn { .. } => 2,
                Request::Produce { .. } => 2,
                other => other.places().len().max(1),
            };
            if response != Response::Other {
                let places = if matches!(response, Response::Offsets { .. }) { 1 } else { places };
                assert_eq!(errors(&response), places, "{api} v{version}: {response:?}");
            }
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried}");
}

#[test]
fn a_version_that_only_tells_more_of_its_sender_is_answered_too() {
    // Kafka 4.2 has ListOffsets 11, which is written as 10.
    let asked = frame(ApiKey::ListOffsets, 10).unwrap();
    let mut newer = asked.to_vec();
    newer[3] = 11;
    let told = answer(&newer.into(), ERROR).unwrap();
    let response = read::response(Api(2), 11, &told, &TopicIds::default()).unwrap();
    assert_eq!(response.error(), Some(ERROR));
    assert_eq!(told, answer(&asked, ERROR).unwrap());
}

#[test]
fn a_fetch_answer_has_no_null_records() {
    let told = answer(&frame(ApiKey::Fetch, 11).unwrap(), ERROR).unwrap();
    let mut body = told.slice(4..);
    let told = <FetchResponse as kafka_protocol::protocol::Decodable>::decode(&mut body, 11).unwrap();
    assert!(told.responses[0].partitions.iter().all(|partition| partition.records == Some(Bytes::new())));
}

#[test]
fn a_changed_answer_keeps_everything_else() {
    let broker = MetadataResponseBroker::default().with_node_id(1.into()).with_host(text("h")).with_port(9092);
    let partition = MetadataResponsePartition::default().with_error_code(5).with_leader_id(1.into());
    let topic = MetadataResponseTopic::default().with_name(Some(topic())).with_partitions(vec![partition]);
    let told = MetadataResponse::default().with_brokers(vec![broker]).with_topics(vec![topic]);
    for version in 0..=13 {
        let header = ResponseHeader::default().with_correlation_id(1);
        let mut bytes = BytesMut::new();
        header.encode(&mut bytes, ApiKey::Metadata.response_header_version(version)).unwrap();
        told.encode(&mut bytes, version).unwrap();
        let bytes = bytes.freeze();
        let changed = replace(Api::METADATA, version, &bytes, 3).unwrap();
        let differ = bytes.iter().zip(&changed).filter(|(one, other)| one != other).count();
        assert_eq!((bytes.len(), differ), (changed.len(), 1), "v{version}: the last byte of the topic's code, and not the partition's");
        let read = read::response(Api::METADATA, version, &changed, &TopicIds::default()).unwrap();
        assert_eq!(read, Response::Topics { topics: vec![("t".into(), 3)] });
    }
}

#[test]
fn what_is_damaged_is_not_changed() {
    assert!(replace(Api::METADATA, 1, &Bytes::from_static(&[0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff]), 3).is_none());
    assert!(answer(&Bytes::from_static(&[0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0x7f]), 3).is_none());
}
