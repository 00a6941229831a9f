//! Error answers of the tap's own, to requests that the broker never sees.
//!
//! An answer names every partition, topic, member or key that was asked about, as the broker's would. The error code is then set
//! where Kafka has it ([`super::codes`]).

mod data;
mod groups;
mod topics;
mod transactions;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, Message};

use super::codes;
use crate::timeline::wire::Api;
use crate::world::kafka::schema;
use crate::world::tap::read;

/// Whether [`answer`] has an answer to a request of this API in this version.
pub(in super::super) fn can_answer(api: Api, version: i16) -> bool {
    ANSWERED.iter().any(|key| *key as i16 == api.0) && schema::response(api.0).is_some_and(|message| message.has(version))
}

/// The APIs that are answered.
const ANSWERED: [ApiKey; 21] = [
    ApiKey::Produce,
    ApiKey::Fetch,
    ApiKey::ListOffsets,
    ApiKey::OffsetCommit,
    ApiKey::OffsetFetch,
    ApiKey::FindCoordinator,
    ApiKey::JoinGroup,
    ApiKey::SyncGroup,
    ApiKey::Heartbeat,
    ApiKey::LeaveGroup,
    ApiKey::ConsumerGroupHeartbeat,
    ApiKey::ShareGroupHeartbeat,
    ApiKey::InitProducerId,
    ApiKey::AddPartitionsToTxn,
    ApiKey::AddOffsetsToTxn,
    ApiKey::TxnOffsetCommit,
    ApiKey::EndTxn,
    ApiKey::CreateTopics,
    ApiKey::DeleteTopics,
    ApiKey::CreatePartitions,
    ApiKey::DescribeCluster,
];

/// The answer with this error to a request, both without the length before them. `None` when the request cannot be read or answered.
pub(in super::super) fn answer(frame: &Bytes, error: i16) -> Option<Bytes> {
    let asked = Question::of(frame)?;
    let answer = match asked.key {
        ApiKey::Produce => asked.put(data::produce),
        ApiKey::Fetch => asked.put(data::fetch),
        ApiKey::ListOffsets => asked.put(data::list_offsets),
        ApiKey::OffsetCommit => asked.put(groups::offset_commit),
        ApiKey::OffsetFetch => asked.put(groups::offset_fetch),
        ApiKey::FindCoordinator => asked.put(groups::find_coordinator),
        ApiKey::JoinGroup => asked.put(|join| groups::join(join, asked.version)),
        ApiKey::SyncGroup => asked.put(groups::sync),
        ApiKey::Heartbeat => asked.put(groups::heartbeat),
        ApiKey::LeaveGroup => asked.put(|leave| groups::leave(leave, asked.version)),
        ApiKey::ConsumerGroupHeartbeat => asked.put(groups::consumer_heartbeat),
        ApiKey::ShareGroupHeartbeat => asked.put(groups::share_heartbeat),
        ApiKey::InitProducerId => asked.put(transactions::init),
        ApiKey::AddPartitionsToTxn => asked.put(|add| transactions::add_partitions(add, asked.version)),
        ApiKey::AddOffsetsToTxn => asked.put(transactions::add_offsets),
        ApiKey::TxnOffsetCommit => asked.put(transactions::commit_offsets),
        ApiKey::EndTxn => asked.put(transactions::end),
        ApiKey::CreateTopics => asked.put(topics::create),
        ApiKey::DeleteTopics => asked.put(|delete| topics::delete(delete, asked.version)),
        ApiKey::CreatePartitions => asked.put(topics::create_partitions),
        ApiKey::DescribeCluster => asked.put(topics::describe_cluster),
        _ => None,
    }?;
    codes::set(Api(asked.key as i16), asked.version, &answer, error)
}

/// A request that is to be answered.
struct Question<'a> {
    key: ApiKey,
    version: i16,
    correlation: i32,
    frame: &'a Bytes,
}

impl<'a> Question<'a> {
    fn of(frame: &'a Bytes) -> Option<Self> {
        let head = read::head(frame)?;
        let key = ApiKey::try_from(head.api.0).ok()?;
        can_answer(head.api, head.version).then_some(Self { key, version: head.version, correlation: head.correlation, frame })
    }

    fn put<Q: Decodable + Message, A: Encodable + Message>(&self, make: impl Fn(Q) -> A) -> Option<Bytes> {
        let answer = make(read::decoded(self.frame)?);
        let mut bytes = BytesMut::new();
        let header = ResponseHeader::default().with_correlation_id(self.correlation);
        header.encode(&mut bytes, self.key.response_header_version(self.version)).ok()?;
        // A version that is written as an older one, which the crate has.
        let version = self.version.min(A::VERSIONS.max);
        schema::response(self.key as i16).filter(|message| message.are_alike(version, self.version))?;
        answer.encode(&mut bytes, version).ok()?;
        Some(bytes.freeze())
    }
}
