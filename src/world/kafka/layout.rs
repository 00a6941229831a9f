//! How the answers that we read look on the wire, so that every length in them is checked before the decoder allocates by it.
//!
//! `kafka-protocol` reserves memory for as many elements as an array claims to have; a claim of two thousand million ends the
//! process. So an answer is walked by its layout first. Only versions with compact ("flexible") encoding are spoken: every broker
//! since Kafka 3.0 has them, and one way of writing lengths is enough.

use anyhow::{Context, Result, bail};
use bytes::Buf;
use kafka_protocol::messages as api;
use kafka_protocol::protocol::Request;

/// A field of an answer.
#[derive(Debug)]
pub(super) enum Field {
    /// So many bytes: numbers, booleans, ids.
    Fixed(usize),
    /// A string or bytes, which may be null.
    Text,
    /// An array of the fields, which may be null.
    Many(&'static [Field]),
    /// The fields, or null.
    Maybe(&'static [Field]),
    /// Tagged fields.
    Tags,
}

use Field::{Fixed, Many, Maybe, Tags, Text};

/// A request that we send, and what may come back.
pub(super) trait Asked: Request {
    /// The oldest version that we speak.
    const OLDEST: i16;

    /// The fields of the answer in a version.
    fn answer(version: i16) -> &'static [Field];
}

macro_rules! asked {
    ($request:ty, $oldest:literal, $version:ident => $answer:expr) => {
        impl Asked for $request {
            const OLDEST: i16 = $oldest;
            fn answer($version: i16) -> &'static [Field] {
                $answer
            }
        }
    };
}

const IDS: Field = Many(&[Fixed(4)]);
const BROKERS: Field = Many(&[Fixed(4), Text, Fixed(4), Text, Tags]);
const PARTITIONS: Field = Many(&[Fixed(2), Fixed(4), Fixed(4), Fixed(4), IDS, IDS, IDS, Tags]);
const TOPICS: Field = Many(&[Fixed(2), Text, Fixed(16), Fixed(1), PARTITIONS, Fixed(4), Tags]);
const ASSIGNMENT: Field = Many(&[Fixed(16), Text, IDS, Tags]);
const MEMBER: &[Field] = &[Text, Text, Text, Fixed(4), Text, Text, Many(&[Text]), Text, ASSIGNMENT, Tags, ASSIGNMENT, Tags, Tags];
const MEMBER_TYPED: &[Field] =
    &[Text, Text, Text, Fixed(4), Text, Text, Many(&[Text]), Text, ASSIGNMENT, Tags, ASSIGNMENT, Tags, Fixed(1), Tags];
const CLASSIC_MEMBERS: Field = Many(&[Text, Text, Text, Text, Text, Text, Tags]);

asked!(api::MetadataRequest, 11, version => if version >= 13 {
    &[Fixed(4), BROKERS, Text, Fixed(4), TOPICS, Fixed(2), Tags]
} else {
    &[Fixed(4), BROKERS, Text, Fixed(4), TOPICS, Tags]
});
asked!(api::CreateTopicsRequest, 7, _version => {
    const CONFIGS: Field = Many(&[Text, Text, Fixed(1), Fixed(1), Fixed(1), Tags]);
    &[Fixed(4), Many(&[Text, Fixed(16), Fixed(2), Text, Fixed(4), Fixed(2), CONFIGS, Tags]), Tags]
});
asked!(api::FindCoordinatorRequest, 4, _version => {
    &[Fixed(4), Many(&[Text, Fixed(4), Text, Fixed(4), Fixed(2), Text, Tags]), Tags]
});
asked!(api::ListOffsetsRequest, 6, _version => {
    &[Fixed(4), Many(&[Text, Many(&[Fixed(4), Fixed(2), Fixed(8), Fixed(8), Fixed(4), Tags]), Tags]), Tags]
});
asked!(api::OffsetFetchRequest, 8, _version => {
    const OFFSETS: Field = Many(&[Fixed(4), Fixed(8), Fixed(4), Text, Fixed(2), Tags]);
    &[Fixed(4), Many(&[Text, Many(&[Text, OFFSETS, Tags]), Fixed(2), Tags]), Tags]
});
asked!(api::OffsetCommitRequest, 8, _version => {
    &[Fixed(4), Many(&[Text, Many(&[Fixed(4), Fixed(2), Tags]), Tags]), Tags]
});
asked!(api::DescribeGroupsRequest, 5, version => if version >= 6 {
    &[Fixed(4), Many(&[Fixed(2), Text, Text, Text, Text, Text, CLASSIC_MEMBERS, Fixed(4), Tags]), Tags]
} else {
    &[Fixed(4), Many(&[Fixed(2), Text, Text, Text, Text, CLASSIC_MEMBERS, Fixed(4), Tags]), Tags]
});
asked!(api::ConsumerGroupDescribeRequest, 0, version => if version >= 1 {
    &[Fixed(4), Many(&[Fixed(2), Text, Text, Text, Fixed(4), Fixed(4), Text, Many(MEMBER_TYPED), Fixed(4), Tags]), Tags]
} else {
    &[Fixed(4), Many(&[Fixed(2), Text, Text, Text, Fixed(4), Fixed(4), Text, Many(MEMBER), Fixed(4), Tags]), Tags]
});
asked!(api::LeaveGroupRequest, 4, _version => {
    &[Fixed(4), Fixed(2), Many(&[Text, Text, Fixed(2), Tags]), Tags]
});
asked!(api::ConsumerGroupHeartbeatRequest, 0, _version => {
    const NEXT: Field = Maybe(&[Many(&[Fixed(16), IDS, Tags]), Tags]);
    &[Fixed(4), Fixed(2), Text, Text, Fixed(4), Fixed(4), NEXT, Tags]
});

/// Walks `frame` by `fields` and refuses any length that the frame does not hold.
///
/// # Errors
/// When the frame is shorter than its fields claim.
pub(super) fn walk(frame: &mut &[u8], fields: &[Field]) -> Result<()> {
    for field in fields {
        match field {
            Fixed(len) => skip(frame, *len)?,
            Text => match uvarint(frame)? {
                0 => {}
                len => skip(frame, len as usize - 1)?,
            },
            Many(element) => {
                for _ in 1..uvarint(frame)? {
                    walk(frame, element)?;
                }
            }
            Maybe(inner) => {
                if frame.try_get_i8().context("the answer ends early")? >= 0 {
                    walk(frame, inner)?;
                }
            }
            Tags => {
                for _ in 0..uvarint(frame)? {
                    uvarint(frame)?;
                    let len = uvarint(frame)?;
                    skip(frame, len as usize)?;
                }
            }
        }
    }
    Ok(())
}

fn skip(frame: &mut &[u8], len: usize) -> Result<()> {
    *frame = frame.get(len..).with_context(|| format!("the answer claims {len} more bytes and has {}", frame.len()))?;
    Ok(())
}

fn uvarint(frame: &mut &[u8]) -> Result<u32> {
    let mut value: u64 = 0;
    for shift in [0, 7, 14, 21, 28] {
        let byte = frame.try_get_u8().context("the answer ends early")?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return u32::try_from(value).context("a length is out of range");
        }
    }
    bail!("a length has more than five bytes")
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use kafka_protocol::protocol::{Encodable, Message};

    use super::*;

    /// The crate encodes what the layout then has to consume to the last byte, in every version that we speak.
    fn agrees<R: Asked>(answer: &R::Response)
    where
        R::Response: Encodable,
    {
        let newest = R::VERSIONS.intersect(&R::Response::VERSIONS).max;
        for version in R::OLDEST..=newest {
            let mut frame = BytesMut::new();
            answer.encode(&mut frame, version).unwrap();
            let mut rest = &frame[..];
            walk(&mut rest, R::answer(version)).unwrap_or_else(|error| panic!("{} v{version}: {error:#}", R::KEY));
            assert!(rest.is_empty(), "{} v{version}: {} bytes left", R::KEY, rest.len());
            for cut in 0..frame.len() {
                assert!(walk(&mut &frame[..cut], R::answer(version)).is_err(), "{} v{version} cut at {cut}", R::KEY);
            }
        }
    }

    #[test]
    fn the_layouts_are_those_of_the_decoder() {
        use api::metadata_response::{MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic};
        let partition = MetadataResponsePartition::default()
            .with_replica_nodes(vec![1.into(), 2.into()])
            .with_isr_nodes(vec![1.into()])
            .with_offline_replicas(vec![2.into()]);
        agrees::<api::MetadataRequest>(
            &api::MetadataResponse::default()
                .with_brokers(vec![MetadataResponseBroker::default().with_host("host".into()).with_rack(Some("r".into()))])
                .with_topics(vec![MetadataResponseTopic::default().with_partitions(vec![partition])]),
        );

        use api::create_topics_response::{CreatableTopicConfigs, CreatableTopicResult};
        agrees::<api::CreateTopicsRequest>(&api::CreateTopicsResponse::default().with_topics(vec![
            CreatableTopicResult::default()
                .with_topic_config_error_code(29)
                .with_configs(Some(vec![CreatableTopicConfigs::default().with_value(Some("v".into()))])),
        ]));

        use api::find_coordinator_response::Coordinator;
        agrees::<api::FindCoordinatorRequest>(
            &api::FindCoordinatorResponse::default().with_coordinators(vec![Coordinator::default().with_host("h".into())]),
        );

        use api::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
        agrees::<api::ListOffsetsRequest>(
            &api::ListOffsetsResponse::default()
                .with_topics(vec![ListOffsetsTopicResponse::default().with_partitions(vec![ListOffsetsPartitionResponse::default()])]),
        );

        use api::offset_fetch_response::{OffsetFetchResponseGroup, OffsetFetchResponsePartitions, OffsetFetchResponseTopics};
        agrees::<api::OffsetFetchRequest>(&api::OffsetFetchResponse::default().with_groups(vec![
            OffsetFetchResponseGroup::default().with_topics(vec![
                OffsetFetchResponseTopics::default().with_partitions(vec![OffsetFetchResponsePartitions::default()]),
            ]),
        ]));

        use api::offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
        agrees::<api::OffsetCommitRequest>(
            &api::OffsetCommitResponse::default()
                .with_topics(vec![OffsetCommitResponseTopic::default().with_partitions(vec![OffsetCommitResponsePartition::default()])]),
        );

        use api::describe_groups_response::{DescribedGroup, DescribedGroupMember};
        agrees::<api::DescribeGroupsRequest>(&api::DescribeGroupsResponse::default().with_groups(vec![
            DescribedGroup::default().with_members(vec![DescribedGroupMember::default().with_member_assignment(vec![1, 2].into())]),
        ]));

        use api::consumer_group_describe_response as described;
        let assignment =
            described::Assignment::default().with_topic_partitions(vec![described::TopicPartitions::default().with_partitions(vec![0, 1])]);
        let member = described::Member::default()
            .with_subscribed_topic_names(vec![api::TopicName("t".into())])
            .with_assignment(assignment.clone())
            .with_target_assignment(assignment);
        agrees::<api::ConsumerGroupDescribeRequest>(
            &api::ConsumerGroupDescribeResponse::default()
                .with_groups(vec![described::DescribedGroup::default().with_members(vec![member])]),
        );

        use api::leave_group_response::MemberResponse;
        agrees::<api::LeaveGroupRequest>(&api::LeaveGroupResponse::default().with_members(vec![MemberResponse::default()]));

        use api::consumer_group_heartbeat_response as beaten;
        let next = beaten::Assignment::default().with_topic_partitions(vec![beaten::TopicPartitions::default().with_partitions(vec![3])]);
        agrees::<api::ConsumerGroupHeartbeatRequest>(&api::ConsumerGroupHeartbeatResponse::default().with_assignment(Some(next)));
        agrees::<api::ConsumerGroupHeartbeatRequest>(&api::ConsumerGroupHeartbeatResponse::default());
    }

    #[test]
    fn an_array_that_claims_more_than_the_frame_holds_is_refused() {
        // Metadata: throttle time, then 2,147,483,647 brokers.
        let frame = [0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x07];
        let error = walk(&mut &frame[..], api::MetadataRequest::answer(12)).unwrap_err();
        assert!(error.to_string().contains("the answer claims"), "{error}");
        assert!(uvarint(&mut &[0xff, 0xff, 0xff, 0xff, 0xff][..]).is_err());
    }
}
