//! The header of a request.

use crate::timeline::event::Name;
use crate::timeline::wire::Api;
use crate::world::kafka::schema;

use super::text::lossy;

/// What the header of a request says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// What it asks.
    pub api: Api,
    /// In which version.
    pub version: i16,
    /// What its answer will begin with.
    pub correlation: i32,
    /// The client id, cut to [`LONGEST`](super::LONGEST) bytes.
    pub client: Option<Name>,
}

/// Reads the header of a request, a frame without its length, of which only the first bytes need to be there. A client id that
/// goes beyond them is cut. `None` for what is no Kafka request.
#[must_use]
pub fn head(frame: &[u8]) -> Option<Head> {
    let (head, client, rest) = front(frame)?;
    let client = client.map(|len| lossy(rest.get(..len).unwrap_or(rest)));
    Some(Head { client, ..head })
}

/// The acks that a Produce request asks for, read from its first bytes: header, transactional id, acks. 0 means that no answer will come.
#[must_use]
pub fn acks(frame: &[u8]) -> Option<i16> {
    let (_, rest) = produce(frame)?;
    rest.first_chunk().map(|acks| i16::from_be_bytes(*acks))
}

/// The version of a Produce request, and what comes behind its transactional id.
pub(super) fn produce(frame: &[u8]) -> Option<(i16, &[u8])> {
    let (head, mut rest) = split(frame)?;
    if head.api != Api::PRODUCE {
        return None;
    }
    // Of a version that is still to come it is assumed that it begins as those before it.
    if schema::request(head.api.0)?.is_flexible(head.version) {
        let (len, after) = compact(rest)?;
        rest = after.get(len..)?;
    } else if head.version >= 3 {
        let (len, after) = rest.split_first_chunk()?;
        rest = after.get(nullable(i16::from_be_bytes(*len))?.unwrap_or(0)..)?;
    }
    Some((head.version, rest))
}

/// The header of a request without its client id, and the body.
pub(super) fn split(frame: &[u8]) -> Option<(Head, &[u8])> {
    let (head, client, rest) = front(frame)?;
    let rest = rest.get(client.unwrap_or(0)..)?;
    // Even in a flexible header the client id has a length of two bytes (KIP-482); the tagged fields come after it.
    let flexible = schema::request(head.api.0).is_some_and(|message| message.is_flexible(head.version));
    let body = if flexible { schema::tags(rest).ok()? } else { rest };
    Some((head, body))
}

/// Everything before the client id, its length, and what comes after that.
fn front(frame: &[u8]) -> Option<(Head, Option<usize>, &[u8])> {
    let (api, rest) = frame.split_first_chunk()?;
    let (version, rest) = rest.split_first_chunk()?;
    let (correlation, rest) = rest.split_first_chunk()?;
    let (len, rest) = rest.split_first_chunk()?;
    let head = Head {
        api: Api(i16::from_be_bytes(*api)),
        version: i16::from_be_bytes(*version),
        correlation: i32::from_be_bytes(*correlation),
        client: None,
    };
    if head.api.0 < 0 || head.version < 0 {
        return None;
    }
    Some((head, nullable(i16::from_be_bytes(*len))?, rest))
}

/// A length of which −1 means null, and less nothing at all.
fn nullable(len: i16) -> Option<Option<usize>> {
    if len == -1 { Some(None) } else { usize::try_from(len).ok().map(Some) }
}

/// A compact length, 0 for null, and what comes after it.
pub(super) fn compact(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_usize;
    for (at, byte) in bytes.iter().take(4).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((value.saturating_sub(1), bytes.get(at + 1..)?));
        }
    }
    None
}
