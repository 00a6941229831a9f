//! Requests of versions that `kafka-protocol` does not decode.
//!
//! Since Kafka 4.1 offsets are fetched and committed by topic id (version 10, KIP-848). And a client may begin with a version of
//! ApiVersions that is newer than the broker, which then tells it so (KIP-511): franz-go does with every connection.

use kafka_protocol::messages::ApiKey;

use super::walked::Walked;
use super::{TopicIds, header, text};
use crate::timeline::event::Name;
use crate::timeline::wire::{Position, Request, Unread};
use crate::world::kafka::schema;

/// `ApiVersions` in a version that is still to come: software and its version have been first since version 3.
pub(super) fn software(frame: &[u8]) -> Result<Request, Unread> {
    let message = schema::request(ApiKey::ApiVersions as i16).ok_or(Unread::Unknown)?;
    let head = header::head(frame).ok_or(Unread::Damaged)?;
    if head.api.0 != ApiKey::ApiVersions as i16 || head.version <= message.versions.max {
        return Err(Unread::Unknown);
    }
    let (_, body) = header::split(frame).ok_or(Unread::Damaged)?;
    let (mut software, mut software_version) = (None, None);
    // What comes after the two is not known, and so no flaw.
    let _ = message.visit(message.versions.max, body, |field, value| match field {
        "client_software_name" => software = value.map(text::lossy),
        "client_software_version" => software_version = value.map(text::lossy),
        _ => {}
    });
    if software_version.is_none() { Err(Unread::Damaged) } else { Ok(Request::ApiVersions { software, software_version }) }
}

/// `OffsetFetch`.
pub(super) fn fetch_offsets(body: &Walked) -> Result<Request, Unread> {
    let mut groups = Vec::new();
    body.visit(|field, value| {
        if field == "group_id" {
            groups.push(text::lossy(value.unwrap_or_default()));
        }
    })?;
    Ok(Request::OffsetFetch { groups })
}

/// `OffsetCommit`.
pub(super) fn commit(body: &Walked, topics: &TopicIds) -> Result<Request, Unread> {
    let (mut group, mut member, mut instance_id): (Name, Name, _) = ("".into(), "".into(), None);
    let (mut generation, mut topic, mut partition): (_, Name, _) = (-1, "".into(), -1);
    let mut offsets = Vec::new();
    body.visit(|field, value| match field {
        "group_id" => group = text::lossy(value.unwrap_or_default()),
        "member_id" => member = text::lossy(value.unwrap_or_default()),
        "group_instance_id" => instance_id = value.map(text::lossy),
        "generation_id_or_member_epoch" => generation = i32::from_be_bytes(number(value)),
        "topic_id" => topic = topics.name("", u128::from_be_bytes(number(value))),
        "partition_index" => partition = i32::from_be_bytes(number(value)),
        "committed_offset" => {
            offsets.push(Position { topic: topic.clone(), partition, offset: i64::from_be_bytes(number(value)) });
        }
        _ => {}
    })?;
    Ok(Request::OffsetCommit { group, member, instance_id, generation, offsets })
}

/// The bytes of a number. The table says how many there are; were it wrong, it would be 0.
fn number<const N: usize>(value: Option<&[u8]>) -> [u8; N] {
    value.and_then(|bytes| bytes.try_into().ok()).unwrap_or([0; N])
}
