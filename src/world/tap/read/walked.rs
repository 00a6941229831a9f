//! A body whose every length has been checked.

use bytes::{Buf, Bytes};
use kafka_protocol::messages::ApiKey;
use kafka_protocol::protocol::{Decodable, Message};

use super::UNSUPPORTED_VERSION;
use super::header::{self, Head};
use crate::timeline::wire::{Api, Unread};
use crate::world::kafka::schema::{self, Flaw};

/// The body of a request or an answer that has been walked: nothing else may be decoded.
pub(in crate::world::tap) struct Walked {
    message: &'static schema::Message,
    version: i16,
    body: Bytes,
}

impl Walked {
    /// Walks a request.
    pub(super) fn request(frame: &Bytes) -> Result<(Head, Self), Unread> {
        let head = header::head(frame).ok_or(Unread::Damaged)?;
        let message = schema::request(head.api.0).filter(|message| message.has(head.version)).ok_or(Unread::Unknown)?;
        let (head, body) = header::split(frame).ok_or(Unread::Damaged)?;
        message.walk(head.version, body).map_err(unread)?;
        let body = frame.slice_ref(body);
        let version = head.version;
        Ok((head, Self { message, version, body }))
    }

    /// Walks an answer.
    pub(in crate::world::tap) fn response(api: Api, mut version: i16, frame: &Bytes) -> Result<Self, Unread> {
        let message = schema::response(api.0).ok_or(Unread::Unknown)?;
        let (_correlation, mut body) = frame.split_first_chunk::<4>().ok_or(Unread::Damaged)?;
        if api.0 == ApiKey::ApiVersions as i16 {
            // The header of this answer is never flexible, and to a version that the broker does not have it answers in version 0
            // (KIP-511): the client could not read another.
            if body.starts_with(&UNSUPPORTED_VERSION.to_be_bytes()) {
                version = 0;
            }
        } else if message.has(version) && message.is_flexible(version) {
            body = schema::tags(body).map_err(unread)?;
        }
        message.walk(version, body).map_err(unread)?;
        Ok(Self { message, version, body: frame.slice_ref(body) })
    }

    /// Whether the decoder has the version, or one that is written alike.
    pub(super) fn is_readable<M: Message>(&self) -> bool {
        self.version <= M::VERSIONS.max || self.message.are_alike(self.version, M::VERSIONS.max)
    }

    /// Shows the fields of a body whose version the decoder does not have.
    pub(super) fn visit<'a>(&'a self, visitor: impl FnMut(&str, Option<&'a [u8]>)) -> Result<(), Unread> {
        self.message.visit(self.version, &self.body, visitor).map_err(unread)
    }

    /// The version in which the decoded body is to be written again.
    pub(in crate::world::tap) fn written<M: Message>(&self) -> i16 {
        self.version.min(M::VERSIONS.max)
    }

    /// How long the header of the frame is that this is the body of.
    pub(in crate::world::tap) fn header_length(&self, frame: &Bytes) -> usize {
        frame.len().saturating_sub(self.body.len())
    }

    /// Decodes the body.
    pub(in crate::world::tap) fn decode<M: Decodable + Message>(self) -> Result<M, Unread> {
        let Self { message, version: told, mut body } = self;
        let version = told.min(M::VERSIONS.max);
        if version < M::VERSIONS.min || !message.are_alike(version, told) {
            return Err(Unread::Unknown);
        }
        // What is still refused here: text that is not UTF-8, null where Kafka has no null.
        let message = M::decode(&mut body, version).map_err(|_| Unread::Damaged)?;
        if body.has_remaining() { Err(Unread::Damaged) } else { Ok(message) }
    }
}

/// Why a frame with this flaw is not read.
pub(super) fn unread(flaw: Flaw) -> Unread {
    match flaw {
        Flaw::Version(_) => Unread::Unknown,
        Flaw::TooMany => Unread::TooLong,
        Flaw::Short { .. } | Flaw::Length | Flaw::LeftOver(_) => Unread::Damaged,
    }
}
