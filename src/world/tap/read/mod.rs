//! Frames as events: what a request asks and what its answer says, read from a copy of the bytes.
//!
//! Nothing here trusts the bytes. A body is walked by the table of Kafka's messages ([`crate::world::kafka::schema`]) before
//! `kafka-protocol` decodes it, so no claim in it allocates more than the bytes that are there account for, and a frame has at most
//! [`MOST`](crate::world::kafka::schema::MOST) elements. APIs whose contents are not kept are walked all the same, so that damage is told.

mod batch;
mod consumer;
mod fetch;
mod groups;
mod header;
mod member;
mod metadata;
mod newer;
mod offsets;
mod produce;
mod text;
mod topic_ids;
mod transactions;
mod walked;

#[cfg(test)]
mod tests;

use bytes::Bytes;
use kafka_protocol::messages::{self as api, ApiKey};
use kafka_protocol::protocol::{Decodable, Message};

pub use self::header::{Head, acks, head};
pub(in crate::world::tap) use self::produce::{is_plain, packed};
pub use self::text::LONGEST;
pub use self::topic_ids::TopicIds;
pub(in crate::world::tap) use self::walked::Walked;
use crate::timeline::wire::{Api, Request, Response, Unread};

/// Kafka's error code for an API or a version of it that the broker does not have.
const UNSUPPORTED_VERSION: i16 = 35;

/// Reads a request: a frame without its length.
///
/// # Errors
/// Why it cannot be read. It is to be forwarded all the same.
pub fn request(frame: &Bytes, topics: &TopicIds) -> Result<Request, Unread> {
    let (head, body) = match Walked::request(frame) {
        Err(Unread::Unknown) => return newer::software(frame),
        walked => walked?,
    };
    let Ok(key) = ApiKey::try_from(head.api.0) else { return Ok(Request::Other) };
    match key {
        ApiKey::ApiVersions => body.decode().map(|asked| metadata::software(&asked)),
        ApiKey::Metadata => body.decode().map(|asked| metadata::asked(asked, topics)),
        ApiKey::FindCoordinator => body.decode().map(metadata::coordinators),
        ApiKey::CreateTopics => body.decode().map(|asked| metadata::create(&asked)),
        ApiKey::DeleteTopics => body.decode().map(|asked| metadata::delete(&asked, topics)),
        ApiKey::Produce => produce::request(&body.decode()?, topics),
        ApiKey::Fetch => body.decode().map(|asked| fetch::request(&asked, topics)),
        ApiKey::ListOffsets => body.decode().map(|asked| offsets::list(&asked)),
        ApiKey::OffsetFetch if !body.is_readable::<api::OffsetFetchRequest>() => newer::fetch_offsets(&body),
        ApiKey::OffsetFetch => body.decode().map(|asked| offsets::fetch(&asked)),
        ApiKey::OffsetCommit if !body.is_readable::<api::OffsetCommitRequest>() => newer::commit(&body, topics),
        ApiKey::OffsetCommit => body.decode().map(|asked| offsets::commit(&asked)),
        ApiKey::TxnOffsetCommit => body.decode().map(|asked| transactions::commit_offsets(&asked)),
        ApiKey::JoinGroup => groups::join(&body.decode()?),
        ApiKey::SyncGroup => groups::sync(&body.decode()?),
        ApiKey::Heartbeat => body.decode().map(|asked| groups::heartbeat(&asked)),
        ApiKey::LeaveGroup => body.decode().map(|asked| groups::leave(&asked)),
        ApiKey::ConsumerGroupHeartbeat => body.decode().map(|asked| consumer::heartbeat(&asked, topics)),
        ApiKey::ShareGroupHeartbeat => body.decode().map(|asked| consumer::share_heartbeat(&asked)),
        ApiKey::InitProducerId => body.decode().map(|asked| transactions::init(&asked)),
        ApiKey::AddPartitionsToTxn => body.decode().map(|asked| transactions::add_partitions(&asked, head.version)),
        ApiKey::AddOffsetsToTxn => body.decode().map(|asked| transactions::add_offsets(&asked)),
        ApiKey::EndTxn => body.decode().map(|asked| transactions::end(&asked)),
        ApiKey::SaslHandshake => {
            body.decode().map(|asked: api::SaslHandshakeRequest| Request::SaslHandshake { mechanism: text::name(&asked.mechanism) })
        }
        ApiKey::SaslAuthenticate => Ok(Request::SaslAuthenticate),
        _ => Ok(Request::Other),
    }
}

/// Reads the answer to a request of `api` in `version`: a frame without its length.
///
/// # Errors
/// Why it cannot be read. It is to be passed on all the same.
pub fn response(api: Api, version: i16, frame: &Bytes, topics: &TopicIds) -> Result<Response, Unread> {
    let body = Walked::response(api, version, frame)?;
    let Ok(key) = ApiKey::try_from(api.0) else { return Ok(Response::Other) };
    match key {
        ApiKey::ApiVersions => body.decode().map(|told: api::ApiVersionsResponse| plain(told.error_code)),
        ApiKey::Metadata => body.decode().map(|told| metadata::told(&told, topics)),
        ApiKey::FindCoordinator => body.decode().map(|told| metadata::coordinator(&told)),
        ApiKey::CreateTopics => body.decode().map(|told| metadata::created(&told, topics)),
        ApiKey::DeleteTopics => body.decode().map(|told| metadata::deleted(&told, topics)),
        ApiKey::Produce => body.decode().map(|told| produce::response(&told, topics)),
        ApiKey::Fetch => body.decode().map(|told| fetch::response(&told, topics)),
        ApiKey::ListOffsets => body.decode().map(|told| offsets::listed(&told)),
        ApiKey::OffsetFetch => body.decode().map(|told| offsets::fetched(&told, topics)),
        ApiKey::OffsetCommit => body.decode().map(|told| offsets::committed(&told, topics)),
        ApiKey::TxnOffsetCommit => body.decode().map(|told| transactions::offsets_committed(&told)),
        ApiKey::JoinGroup => body.decode().map(|told| groups::joined(&told)),
        ApiKey::SyncGroup => groups::synced(&body.decode()?),
        ApiKey::Heartbeat => body.decode().map(|told: api::HeartbeatResponse| plain(told.error_code)),
        ApiKey::LeaveGroup => body.decode().map(|told| groups::left(&told)),
        ApiKey::ConsumerGroupHeartbeat => body.decode().map(|told| consumer::beaten(&told, topics)),
        ApiKey::ShareGroupHeartbeat => body.decode().map(|told| consumer::share_beaten(&told, topics)),
        ApiKey::InitProducerId => body.decode().map(|told| transactions::initialised(&told)),
        ApiKey::AddPartitionsToTxn => body.decode().map(|told| transactions::partitions_added(&told)),
        ApiKey::AddOffsetsToTxn => body.decode().map(|told: api::AddOffsetsToTxnResponse| plain(told.error_code)),
        ApiKey::EndTxn => body.decode().map(|told: api::EndTxnResponse| plain(told.error_code)),
        ApiKey::SaslHandshake => body.decode().map(|told: api::SaslHandshakeResponse| plain(told.error_code)),
        ApiKey::SaslAuthenticate => body.decode().map(|told: api::SaslAuthenticateResponse| plain(told.error_code)),
        _ => Ok(Response::Other),
    }
}

fn plain(error: i16) -> Response {
    Response::Plain { error }
}

/// The first code that is an error, else 0.
fn first_error(codes: impl IntoIterator<Item = i16>) -> i16 {
    codes.into_iter().find(|code| *code != 0).unwrap_or(0)
}

/// The body of a request, walked and decoded as what it is taken for. `None` when it is something else.
pub(super) fn decoded<M: Decodable + Message>(frame: &Bytes) -> Option<M> {
    Walked::request(frame).ok()?.1.decode().ok()
}
