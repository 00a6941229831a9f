//! Words for what crossed the wire.

use kafka_protocol::ResponseError;

use super::Subject;
use crate::timeline::event::What;
use crate::timeline::wire::{Api, FaultUse, Foreign};

/// The API of the request that a fault acted on: the last one of that id before the moment.
pub fn request(subject: &Subject<'_>, connection: u64, correlation: i32, by: u64) -> Option<Api> {
    let events = subject.timeline.events();
    let until = events.partition_point(|event| event.at <= by);
    events.get(..until)?.iter().rev().find_map(|event| match &event.what {
        What::Requested { connection: on, correlation: id, api, .. } if (*on, *id) == (connection, correlation) => Some(*api),
        _ => None,
    })
}

/// What a fault did.
pub fn done(did: FaultUse) -> String {
    match did {
        FaultUse::RequestHeld => "a request is held back".to_owned(),
        FaultUse::ResponseHeld => "an answer is held back".to_owned(),
        FaultUse::Released => "what was held goes on".to_owned(),
        FaultUse::RequestDropped => "a request is lost with its connection".to_owned(),
        FaultUse::ResponseDropped => "an answer is lost with its connection; the broker did what was asked".to_owned(),
        FaultUse::Answered(error) => format!("a request is answered with {}; the broker never sees it", code(error)),
        FaultUse::Replaced(error) => format!("the broker's answer is changed to {}", code(error)),
        FaultUse::Refused => "a connection is refused".to_owned(),
    }
}

/// What a peer speaks instead of Kafka, and what to do.
pub fn foreign(speaks: Foreign) -> &'static str {
    match speaks {
        Foreign::Tls => "speaks TLS to a port without TLS: leave security.protocol at PLAINTEXT",
        Foreign::Http => "speaks HTTP to Kafka's port: is the sink's address meant?",
        Foreign::Unknown => "sends something that is no Kafka request",
    }
}

/// An error code with Kafka's name for it.
pub fn code(error: i16) -> String {
    match ResponseError::try_from_code(error) {
        Some(known) => format!("error {error} {known:?}"),
        None => format!("error {error}"),
    }
}
