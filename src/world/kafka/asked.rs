//! What the grader itself asks of Kafka, and how old an answer may be.

use kafka_protocol::messages as api;
use kafka_protocol::protocol::Request;

/// A request that we send.
pub(super) trait Asked: Request {
    /// The oldest version that has what we need and writes it where we look: several groups or keys in one request, topic ids.
    /// Every broker since Kafka 3.1 has it.
    const OLDEST: i16;
}

macro_rules! asked {
    ($($request:ident since $oldest:literal;)*) => {
        $(impl Asked for api::$request { const OLDEST: i16 = $oldest; })*
    };
}

asked! {
    MetadataRequest since 11;
    CreateTopicsRequest since 7;
    FindCoordinatorRequest since 4;
    ListOffsetsRequest since 6;
    OffsetFetchRequest since 8;
    OffsetCommitRequest since 8;
    DescribeGroupsRequest since 5;
    ConsumerGroupDescribeRequest since 0;
    LeaveGroupRequest since 4;
    ConsumerGroupHeartbeatRequest since 0;
    DescribeQuorumRequest since 0;
}

#[cfg(test)]
mod tests {
    use kafka_protocol::protocol::Message;

    use super::*;
    use crate::world::kafka::schema;

    /// How many versions of it we speak, all of which must be in the table that answers are walked by.
    fn versions<R: Asked>() -> usize {
        let ours = R::VERSIONS.intersect(&R::Response::VERSIONS);
        let answer = schema::response(R::KEY).unwrap();
        for version in R::OLDEST..=ours.max {
            assert!(answer.has(version) && answer.is_flexible(version), "{} v{version}", R::KEY);
        }
        (R::OLDEST..=ours.max).len()
    }

    #[test]
    fn the_table_has_what_we_speak() {
        assert_eq!(versions::<api::MetadataRequest>(), 3);
        assert_eq!(versions::<api::CreateTopicsRequest>(), 1);
        assert_eq!(versions::<api::FindCoordinatorRequest>(), 3);
        assert_eq!(versions::<api::ListOffsetsRequest>(), 5);
        assert_eq!(versions::<api::OffsetFetchRequest>(), 2);
        assert_eq!(versions::<api::OffsetCommitRequest>(), 2);
        assert_eq!(versions::<api::DescribeGroupsRequest>(), 2);
        assert_eq!(versions::<api::ConsumerGroupDescribeRequest>(), 2);
        assert_eq!(versions::<api::LeaveGroupRequest>(), 2);
        assert_eq!(versions::<api::ConsumerGroupHeartbeatRequest>(), 2);
        assert_eq!(versions::<api::DescribeQuorumRequest>(), 3);
    }
}
