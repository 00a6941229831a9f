//! `Produce`.

use kafka_protocol::messages::{ProduceRequest, ProduceResponse};

use bytes::Bytes;

use super::batch::{self, Batches};
use super::header::{compact, produce};
use super::walked::Walked;
use super::{TopicIds, text};
use crate::timeline::wire::{Api, Batch, Coded, Request, Response, Unread};
use crate::world::kafka::schema::{self, MOST};
use crate::world::tap::unpack::Packed;

pub(super) fn request(asked: &ProduceRequest, topics: &TopicIds) -> Result<Request, Unread> {
    let mut batches = Vec::new();
    for topic in &asked.topic_data {
        let name = topics.name(&topic.name, topic.topic_id.as_u128());
        for partition in &topic.partition_data {
            let mut headers = Batches::new(partition.records.as_ref());
            for header in headers.by_ref() {
                if batches.len() == MOST {
                    return Err(Unread::TooLong);
                }
                batches.push(Batch {
                    topic: name.clone(),
                    partition: partition.index,
                    records: header.records,
                    bytes: header.bytes,
                    compression: header.compression,
                    producer_id: header.producer_id,
                    producer_epoch: header.producer_epoch,
                    base_sequence: header.base_sequence,
                    transactional: header.transactional,
                    first_timestamp: header.first_timestamp,
                    crc: header.crc,
                });
            }
            if headers.partial() {
                return Err(Unread::Damaged);
            }
        }
    }
    let transactional_id = asked.transactional_id.as_ref().map(|id| text::name(id));
    Ok(Request::Produce { acks: asked.acks, timeout_ms: asked.timeout_ms, transactional_id, batches })
}

/// The compressed batches of a request.
///
/// # Errors
/// Why it cannot be read.
pub(in crate::world::tap) fn packed(frame: &Bytes, topics: &TopicIds) -> Result<Vec<Packed>, Unread> {
    let asked: ProduceRequest = Walked::request(frame)?.1.decode()?;
    let mut packed = Vec::new();
    for topic in &asked.topic_data {
        let name = topics.name(&topic.name, topic.topic_id.as_u128());
        for partition in &topic.partition_data {
            let batches = partition.records.iter().flat_map(batch::packed);
            packed.extend(batches.map(|(compression, records)| Packed {
                topic: name.clone(),
                partition: partition.index,
                compression,
                records,
            }));
        }
    }
    Ok(packed)
}

/// Whether a request of which only the first bytes are there has one batch and that is not compressed. Since Produce 3, brokers take one batch
/// for each partition.
pub(in crate::world::tap) fn is_plain(start: &[u8]) -> bool {
    let only_batch = || {
        let (version, rest) = produce(start)?;
        let flexible = schema::request(Api::PRODUCE.0)?.is_flexible(version);
        let one = |bytes: &mut &[u8]| {
            let count = if flexible { length(bytes)? } else { i32::from_be_bytes(chunk(bytes)?).try_into().ok()? };
            (count == 1).then_some(())
        };
        let mut rest = rest.get(6..).filter(|_| version >= 3)?;
        one(&mut rest)?;
        let name = match version {
            13.. => 16,
            _ if flexible => length(&mut rest)?,
            _ => u16::from_be_bytes(chunk(&mut rest)?).into(),
        };
        rest = rest.get(name..)?;
        one(&mut rest)?;
        let _partition: [u8; 4] = chunk(&mut rest)?;
        if flexible {
            length(&mut rest)?;
        } else {
            let _length: [u8; 4] = chunk(&mut rest)?;
        }
        Some(rest)
    };
    only_batch().is_some_and(batch::is_plain)
}

/// Takes a compact length from the front.
fn length(bytes: &mut &[u8]) -> Option<usize> {
    let (length, rest) = compact(bytes)?;
    *bytes = rest;
    Some(length)
}

/// Takes some bytes from the front.
fn chunk<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (chunk, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*chunk)
}

pub(super) fn response(told: &ProduceResponse, topics: &TopicIds) -> Response {
    let (mut partitions, mut base_offsets) = (Vec::new(), Vec::new());
    for topic in &told.responses {
        let name = topics.name(&topic.name, topic.topic_id.as_u128());
        for partition in &topic.partition_responses {
            partitions.push(Coded { topic: name.clone(), partition: partition.index, error: partition.error_code });
            base_offsets.push(partition.base_offset);
        }
    }
    Response::Produce { partitions, base_offsets }
}
