//! Requests of versions that `kafka-protocol` does not decode: since Kafka 4.1 offsets are fetched and committed by topic id
//! (version 10, KIP-848).

use bytes::Bytes;
use kafka_protocol::messages::ApiKey;

use super::walked::Walked;
use super::{TopicIds, header, text};
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

/// `ApiVersions` in a version that is still to come, which is how a client begins that is newer than the broker (franz-go sends version 5).
/// The broker answers in version 0 and the client asks again in an older one (KIP-511). It begins as it has since version 3.
pub(super) fn software(frame: &Bytes) -> Option<Request> {
    let (head, body) = header::split(frame)?;
    if head.api.0 != ApiKey::ApiVersions as i16 {
        return None;
    }
    let (len, rest) = header::compact(body)?;
    let (name, rest) = rest.split_at_checked(len)?;
    let (len, rest) = header::compact(rest)?;
    let told = |bytes: &[u8]| Some(text::lossy(bytes)).filter(|told| !told.is_empty());
    Some(Request::ApiVersions { software: told(name), software_version: told(rest.get(..len)?) })
}

/// The bytes of a number. The table says how many there are; were it wrong, it would be 0.
fn number<const N: usize>(value: Option<&[u8]>) -> [u8; N] {
    value.and_then(|bytes| bytes.try_into().ok()).unwrap_or([0; N])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::wire::Unread;
    use crate::world::tap::read::request;

    #[test]
    fn a_client_newer_than_the_broker_still_tells_what_it_is() {
        let version_5 = b"\0\x12\0\x05\0\0\0\x01\0\x02me\0\x04kgo\x08v1.22.2\x01\xff\xff\xff\xff\0";
        let read = |bytes: &[u8]| request(&Bytes::copy_from_slice(bytes), &TopicIds::default());
        let told = Request::ApiVersions { software: Some("kgo".into()), software_version: Some("v1.22.2".into()) };
        assert_eq!(read(version_5), Ok(told));
        for end in 0..25 {
            assert!(read(&version_5[..end]).is_err(), "{end}");
        }
        let mut other = version_5.to_vec();
        other[1] = 3;
        other[3] = 99;
        assert_eq!(read(&other), Err(Unread::Unknown));
    }
}
