//! Requests of versions that `kafka-protocol` does not decode: since Kafka 4.1 offsets are fetched and committed by topic id
//! (version 10, KIP-848).

use super::walked::Walked;
use super::{TopicIds, text};
use crate::timeline::event::Name;
use crate::timeline::wire::{Position, Request, Unread};

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
