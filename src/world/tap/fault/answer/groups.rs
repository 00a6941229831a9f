//! Consumer groups.

use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::leave_group_response::MemberResponse;
use kafka_protocol::messages::offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions, OffsetFetchResponseTopic,
    OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, FindCoordinatorRequest, FindCoordinatorResponse, HeartbeatRequest,
    HeartbeatResponse, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, LeaveGroupResponse, OffsetCommitRequest,
    OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse, ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse,
    SyncGroupRequest, SyncGroupResponse,
};
use kafka_protocol::protocol::StrBytes;

pub(super) fn offset_commit(asked: OffsetCommitRequest) -> OffsetCommitResponse {
    let topics = asked.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter();
        let partitions = partitions.map(|one| OffsetCommitResponsePartition::default().with_partition_index(one.partition_index));
        let told = OffsetCommitResponseTopic::default().with_name(topic.name).with_topic_id(topic.topic_id);
        told.with_partitions(partitions.collect())
    });
    OffsetCommitResponse::default().with_topics(topics.collect())
}

/// With the topics themselves up to version 7, with groups since.
pub(super) fn offset_fetch(asked: OffsetFetchRequest) -> OffsetFetchResponse {
    let topics = asked.topics.into_iter().flatten().map(|topic| {
        let partition = |index: &i32| OffsetFetchResponsePartition::default().with_partition_index(*index).with_committed_offset(-1);
        let partitions = topic.partition_indexes.iter().map(partition).collect();
        OffsetFetchResponseTopic::default().with_name(topic.name).with_partitions(partitions)
    });
    let groups = asked.groups.into_iter().map(|group| {
        let topics = group.topics.into_iter().flatten().map(|topic| {
            let partition = |index: &i32| OffsetFetchResponsePartitions::default().with_partition_index(*index).with_committed_offset(-1);
            let partitions = topic.partition_indexes.iter().map(partition).collect();
            OffsetFetchResponseTopics::default().with_name(topic.name).with_topic_id(topic.topic_id).with_partitions(partitions)
        });
        OffsetFetchResponseGroup::default().with_group_id(group.group_id).with_topics(topics.collect())
    });
    OffsetFetchResponse::default().with_topics(topics.collect()).with_groups(groups.collect())
}

/// With the coordinator itself up to version 3, with one for each key since.
pub(super) fn find_coordinator(asked: FindCoordinatorRequest) -> FindCoordinatorResponse {
    if asked.coordinator_keys.is_empty() {
        return FindCoordinatorResponse::default().with_error_message(None).with_node_id((-1).into()).with_port(-1);
    }
    let coordinators = asked.coordinator_keys.into_iter();
    let coordinators = coordinators.map(|key| Coordinator::default().with_key(key).with_node_id((-1).into()).with_port(-1));
    FindCoordinatorResponse::default().with_coordinators(coordinators.collect())
}

pub(super) fn join(asked: JoinGroupRequest, version: i16) -> JoinGroupResponse {
    let protocol = (version < 7).then(StrBytes::default);
    JoinGroupResponse::default().with_member_id(asked.member_id).with_protocol_name(protocol)
}

pub(super) fn sync(_: SyncGroupRequest) -> SyncGroupResponse {
    SyncGroupResponse::default()
}

pub(super) fn heartbeat(_: HeartbeatRequest) -> HeartbeatResponse {
    HeartbeatResponse::default()
}

/// With the members since version 3.
pub(super) fn leave(asked: LeaveGroupRequest, version: i16) -> LeaveGroupResponse {
    let members = asked
        .members
        .into_iter()
        .filter(|_| version >= 3)
        .map(|member| MemberResponse::default().with_member_id(member.member_id).with_group_instance_id(member.group_instance_id));
    LeaveGroupResponse::default().with_members(members.collect())
}

pub(super) fn consumer_heartbeat(asked: ConsumerGroupHeartbeatRequest) -> ConsumerGroupHeartbeatResponse {
    ConsumerGroupHeartbeatResponse::default().with_member_id(Some(asked.member_id)).with_member_epoch(asked.member_epoch)
}

pub(super) fn share_heartbeat(asked: ShareGroupHeartbeatRequest) -> ShareGroupHeartbeatResponse {
    ShareGroupHeartbeatResponse::default().with_member_id(Some(asked.member_id)).with_member_epoch(asked.member_epoch)
}
