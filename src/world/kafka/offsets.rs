//! Offsets: a group's committed ones, a topic's first and end offsets.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::{BrokerId, GroupId, ListOffsetsRequest, OffsetCommitRequest, OffsetFetchRequest};
use kafka_protocol::protocol::StrBytes;

use super::Kafka;
use super::code::Code;
use super::nodes::patiently;
use super::topics::topic_name;

/// Which end of a partition's log.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    /// The first offset that is still there.
    First,
    /// One past the last offset, transactions that are open included.
    Next,
}

impl Kafka {
    /// The group's committed offsets in a topic, for the partitions that have one. Empty for a group that does not exist.
    ///
    /// # Errors
    /// When the coordinator does not answer or refuses.
    pub async fn committed(&self, group: &str, topic: &str) -> Result<BTreeMap<i32, i64>> {
        self.fetch_committed(group, topic).await.with_context(|| format!("the committed offsets of group {group} cannot be read"))
    }

    /// Sets committed offsets of a group that has no members.
    ///
    /// # Errors
    /// When the coordinator does not answer or refuses: with `UNKNOWN_MEMBER_ID` when the group has members.
    pub async fn reset_offsets(&self, group: &str, topic: &str, offsets: &BTreeMap<i32, i64>) -> Result<()> {
        self.commit(group, topic, offsets).await.with_context(|| format!("the offsets of group {group} in topic {topic} cannot be set"))
    }

    /// One past the last offset of each of the topic's partitions.
    ///
    /// # Errors
    /// When there is no such topic, or the brokers do not answer.
    pub async fn end_offsets(&self, topic: &str) -> Result<BTreeMap<i32, i64>> {
        self.ends(topic, End::Next, |_| true).await?.with_context(|| format!("there is no topic {topic}"))
    }

    async fn fetch_committed(&self, group: &str, topic: &str) -> Result<BTreeMap<i32, i64>> {
        // All topics: so the partitions need not be known.
        let asked = OffsetFetchRequestGroup::default().with_group_id(group_id(group)).with_topics(None).with_member_epoch(-1);
        let request = OffsetFetchRequest::default().with_groups(vec![asked]);
        let answer =
            self.nodes().ask_coordinator(group, &request, |answer| answer.groups.first().map_or(0, |group| group.error_code)).await?;
        let seen = answer.groups.into_iter().next().context("the broker's answer leaves the group out")?;
        match Code::of(seen.error_code) {
            Some(code) if code.is(ResponseError::GroupIdNotFound) => return Ok(BTreeMap::new()),
            Some(code) => return Err(code.into()),
            None => {}
        }
        let mut offsets = BTreeMap::new();
        for partition in seen.topics.into_iter().filter(|seen| seen.name.as_str() == topic).flat_map(|seen| seen.partitions) {
            Code::check(partition.error_code)?;
            if partition.committed_offset >= 0 {
                offsets.insert(partition.partition_index, partition.committed_offset);
            }
        }
        Ok(offsets)
    }

    async fn commit(&self, group: &str, topic: &str, offsets: &BTreeMap<i32, i64>) -> Result<()> {
        let partitions = offsets
            .iter()
            .map(|(&partition, &offset)| {
                OffsetCommitRequestPartition::default()
                    .with_partition_index(partition)
                    .with_committed_offset(offset)
                    .with_committed_leader_epoch(-1)
                    .with_committed_metadata(Some(StrBytes::new()))
            })
            .collect();
        let request = OffsetCommitRequest::default()
            .with_group_id(group_id(group))
            .with_generation_id_or_member_epoch(-1)
            .with_topics(vec![OffsetCommitRequestTopic::default().with_name(topic_name(topic)).with_partitions(partitions)]);
        let codes = |answer: &kafka_protocol::messages::OffsetCommitResponse| -> Vec<(i32, i16)> {
            let partitions = answer.topics.iter().flat_map(|topic| &topic.partitions);
            partitions.map(|partition| (partition.partition_index, partition.error_code)).collect()
        };
        let refusal = |answer: &_| codes(answer).into_iter().map(|(_, code)| code).find(|code| *code != 0).unwrap_or(0);
        // The coordinator may be another broker than the one that created the topic, and hear of it a moment later.
        let answered = patiently(async || {
            let answered = codes(&self.nodes().ask_coordinator(group, &request, refusal).await?);
            for (partition, code) in &answered {
                Code::check(*code).with_context(|| format!("partition {partition} was refused"))?;
            }
            Ok(answered)
        })
        .await?;
        match offsets.keys().find(|partition| !answered.iter().any(|(seen, _)| seen == *partition)) {
            Some(partition) => Err(anyhow!("the broker's answer leaves partition {partition} out")),
            None => Ok(()),
        }
    }

    /// An end of each of the topic's partitions that `wanted` accepts; `None` when there is no such topic.
    pub(super) async fn ends(&self, topic: &str, end: End, wanted: impl Fn(i32) -> bool) -> Result<Option<BTreeMap<i32, i64>>> {
        patiently(async || {
            let Some(partitions) = self.describe_topic(topic).await? else { return Ok(None) };
            let mut leaders: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
            for seen in partitions.iter().filter(|seen| wanted(seen.partition)) {
                leaders.entry(seen.leader).or_default().push(seen.partition);
            }
            let mut ends = BTreeMap::new();
            for (leader, partitions) in leaders {
                if leader < 0 {
                    return Err(Code::check(ResponseError::LeaderNotAvailable.code())
                        .err()
                        .map_or_else(|| anyhow!("no leader"), Into::into));
                }
                ends.extend(self.list_offsets(topic, leader, &partitions, end).await?);
            }
            Ok(Some(ends))
        })
        .await
        .with_context(|| format!("the offsets of topic {topic} cannot be read"))
    }

    async fn list_offsets(&self, topic: &str, leader: i32, partitions: &[i32], end: End) -> Result<BTreeMap<i32, i64>> {
        let timestamp = match end {
            End::First => -2,
            End::Next => -1,
        };
        let asked = partitions
            .iter()
            .map(|&partition| {
                ListOffsetsPartition::default().with_partition_index(partition).with_current_leader_epoch(-1).with_timestamp(timestamp)
            })
            .collect();
        let request = ListOffsetsRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_isolation_level(0)
            .with_topics(vec![ListOffsetsTopic::default().with_name(topic_name(topic)).with_partitions(asked)]);
        let answer = self.nodes().ask_node(leader, &request).await?;
        let mut offsets = BTreeMap::new();
        for seen in answer.topics.into_iter().flat_map(|topic| topic.partitions) {
            Code::check(seen.error_code)?;
            offsets.insert(seen.partition_index, seen.offset);
        }
        match partitions.iter().find(|partition| !offsets.contains_key(partition)) {
            Some(partition) => Err(anyhow!("the broker's answer leaves partition {partition} out")),
            None => Ok(offsets),
        }
    }
}

pub(super) fn group_id(group: &str) -> GroupId {
    GroupId(StrBytes::from_string(group.to_owned()))
}
