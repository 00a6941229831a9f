//! Consumer groups of both protocols: describe, evict.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use bytes::Buf;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::{ConsumerGroupDescribeRequest, ConsumerGroupHeartbeatRequest, DescribeGroupsRequest, LeaveGroupRequest};
use kafka_protocol::protocol::StrBytes;

use super::Kafka;
use super::code::Code;
use super::offsets::group_id;
use crate::timeline::event::{GroupSeen, MemberSeen};

impl Kafka {
    /// The group as its coordinator describes it; `None` when there is no such group.
    ///
    /// # Errors
    /// When the coordinator does not answer or refuses.
    pub async fn describe_group(&self, group: &str) -> Result<Option<GroupSeen>> {
        let described = async {
            // A coordinator knows a group of one protocol as "not found" when asked for the other.
            match self.describe_consumer(group).await? {
                Some(seen) => Ok(Some(seen)),
                None => self.describe_classic(group).await,
            }
        };
        described.await.with_context(|| format!("group {group} cannot be described"))
    }

    /// Removes a member that died without leaving, so that its partitions are free at once and not after its session timeout.
    /// A member that is already gone is no error.
    ///
    /// # Errors
    /// When the coordinator does not answer or refuses.
    pub async fn evict(&self, group: &str, member: &str) -> Result<()> {
        self.leave(group, member).await.with_context(|| format!("member {member} of group {group} cannot be removed"))
    }

    async fn describe_consumer(&self, group: &str) -> Result<Option<GroupSeen>> {
        if !self.nodes().coordinator_speaks::<ConsumerGroupDescribeRequest>(group).await? {
            return Ok(None);
        }
        let request = ConsumerGroupDescribeRequest::default().with_group_ids(vec![group_id(group)]);
        let refusal =
            |answer: &kafka_protocol::messages::ConsumerGroupDescribeResponse| answer.groups.first().map_or(0, |group| group.error_code);
        let answer = self.nodes().ask_coordinator(group, &request, refusal).await?;
        let seen = answer.groups.into_iter().next().context("the broker's answer leaves the group out")?;
        match Code::of(seen.error_code) {
            Some(code) if code.is(ResponseError::GroupIdNotFound) || code.is(ResponseError::UnsupportedVersion) => return Ok(None),
            Some(code) => return Err(code.into()),
            None => {}
        }
        let members = seen.members.into_iter().map(|member| {
            let mut assigned: BTreeMap<String, Vec<i32>> = BTreeMap::new();
            for topic in member.assignment.topic_partitions {
                assigned.entry(topic.topic_name.to_string()).or_default().extend(topic.partitions);
            }
            MemberSeen { member: member.member_id.to_string(), client: member.client_id.to_string(), assigned: sorted(assigned) }
        });
        let members = members.collect();
        Ok(Some(GroupSeen { state: seen.group_state.to_string(), protocol: "consumer".to_owned(), members }))
    }

    async fn describe_classic(&self, group: &str) -> Result<Option<GroupSeen>> {
        let request = DescribeGroupsRequest::default().with_groups(vec![group_id(group)]);
        let refusal = |answer: &kafka_protocol::messages::DescribeGroupsResponse| answer.groups.first().map_or(0, |group| group.error_code);
        let answer = self.nodes().ask_coordinator(group, &request, refusal).await?;
        let seen = answer.groups.into_iter().next().context("the broker's answer leaves the group out")?;
        match Code::of(seen.error_code) {
            Some(code) if code.is(ResponseError::GroupIdNotFound) => return Ok(None),
            Some(code) => return Err(code.into()),
            None => {}
        }
        if seen.group_state.as_str() == "Dead" {
            return Ok(None);
        }
        let mut members = Vec::new();
        for member in seen.members {
            // The bytes were made by the group's leader, a learner's program: what is no assignment counts as none.
            let assigned = assignment(&member.member_assignment).unwrap_or_else(|error| {
                tracing::debug!(group, member = %member.member_id, "the assignment cannot be read: {error:#}");
                BTreeMap::new()
            });
            members.push(MemberSeen { member: member.member_id.to_string(), client: member.client_id.to_string(), assigned });
        }
        Ok(Some(GroupSeen { state: seen.group_state.to_string(), protocol: "classic".to_owned(), members }))
    }

    async fn leave(&self, group: &str, member: &str) -> Result<()> {
        let reason = Some(StrBytes::from_static_str("its process was killed"));
        let identity = MemberIdentity::default().with_member_id(text(member)).with_group_instance_id(None).with_reason(reason);
        let request = LeaveGroupRequest::default().with_group_id(group_id(group)).with_members(vec![identity]);
        let answer = self.nodes().ask_coordinator(group, &request, |answer| answer.error_code).await?;
        let codes = std::iter::once(answer.error_code).chain(answer.members.iter().map(|member| member.error_code));
        match codes.filter_map(Code::of).next() {
            None => Ok(()),
            Some(code) if code.is(ResponseError::UnknownMemberId) || code.is(ResponseError::GroupIdNotFound) => {
                self.leave_by_heartbeat(group, member).await
            }
            Some(code) => Err(code.into()),
        }
    }

    /// The way out of KIP-848 groups, for coordinators that take LeaveGroup from classic members only.
    async fn leave_by_heartbeat(&self, group: &str, member: &str) -> Result<()> {
        if !self.nodes().coordinator_speaks::<ConsumerGroupHeartbeatRequest>(group).await? {
            return Ok(());
        }
        let request = ConsumerGroupHeartbeatRequest::default()
            .with_group_id(group_id(group))
            .with_member_id(text(member))
            .with_member_epoch(-1)
            .with_topic_partitions(None)
            .with_subscribed_topic_names(None);
        let answer = self.nodes().ask_coordinator(group, &request, |answer| answer.error_code).await?;
        match Code::of(answer.error_code) {
            Some(code) if code.is(ResponseError::UnknownMemberId) || code.is(ResponseError::GroupIdNotFound) => Ok(()),
            Some(code) => Err(code.into()),
            None => Ok(()),
        }
    }
}

fn text(value: &str) -> StrBytes {
    StrBytes::from_string(value.to_owned())
}

fn sorted(mut assigned: BTreeMap<String, Vec<i32>>) -> BTreeMap<String, Vec<i32>> {
    assigned.values_mut().for_each(|partitions| partitions.sort_unstable());
    assigned
}

/// Reads a member's assignment in the classic protocol: version, then topics with their partitions.
fn assignment(bytes: &[u8]) -> Result<BTreeMap<String, Vec<i32>>> {
    let mut rest = bytes;
    let mut assigned: BTreeMap<String, Vec<i32>> = BTreeMap::new();
    if rest.is_empty() {
        return Ok(assigned);
    }
    let version = rest.try_get_i16()?;
    ensure!(version >= 0, "it has version {version}");
    for _ in 0..rest.try_get_i32()? {
        let len = usize::try_from(rest.try_get_i16()?).context("a topic's name has a negative length")?;
        let (name, after) = rest.split_at_checked(len).context("a topic's name is cut off")?;
        rest = after;
        let partitions = assigned.entry(String::from_utf8_lossy(name).into_owned()).or_default();
        for _ in 0..rest.try_get_i32()? {
            partitions.push(rest.try_get_i32()?);
        }
    }
    Ok(sorted(assigned))
}

#[cfg(test)]
mod tests {
    use super::assignment;

    #[test]
    fn an_assignment_is_read_and_a_broken_one_refused() {
        let bytes = [0, 1, 0, 0, 0, 1, 0, 2, b'a', b'b', 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0, 3, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(assignment(&bytes).unwrap(), [("ab".to_owned(), vec![3, 5])].into());
        assert!(assignment(&[]).unwrap().is_empty());
        for cut in 1..bytes.len() - 4 {
            assert!(assignment(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        assert!(assignment(&[0, 0, 0x7f, 0xff, 0xff, 0xff]).is_err());
        assert!(assignment(&[0, 0, 0, 0, 0, 1, 0xff, 0xff]).is_err());
    }
}
