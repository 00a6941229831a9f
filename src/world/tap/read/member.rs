//! What the members of a classic group tell each other through the coordinator, to which it is bytes only.

use bytes::{Buf, Bytes};
use kafka_protocol::messages::{ConsumerProtocolAssignment, ConsumerProtocolSubscription, TopicName};
use kafka_protocol::protocol::{Decodable, Message};

use super::text;
use crate::timeline::event::Name;
use crate::timeline::wire::{Assignor, Place, Unread};
use crate::world::kafka::schema::{self, Flaw, MOST};

/// The protocol type of consumers. Other programs use groups too: Kafka Connect, Schema Registry.
const CONSUMER: &str = "consumer";

/// The members' data in one frame, which all together has at most [`MOST`] elements.
pub(super) struct Members {
    consumers: bool,
    elements: usize,
}

impl Members {
    /// Of a protocol type, which SyncGroup tells since version 5 only: without one it is tried.
    pub(super) fn of(protocol_type: Option<&str>) -> Self {
        Self { consumers: protocol_type.is_none_or(|name| name == CONSUMER), elements: MOST }
    }

    /// An assignor with the subscription that goes with it; its name only when that cannot be read.
    pub(super) fn assignor(&mut self, name: &str, metadata: &Bytes) -> Result<Assignor, Unread> {
        let read: Option<ConsumerProtocolSubscription> = self.read("ConsumerProtocolSubscription", metadata)?;
        let (topics, owned) = read.map_or_else(Default::default, |read| {
            let topics = read.topics.iter().map(|topic| text::name(topic)).collect();
            (topics, places(read.owned_partitions.iter().map(|owned| (&owned.topic, &*owned.partitions))))
        });
        Ok(Assignor { name: text::name(name), topics, owned })
    }

    /// The partitions of an assignment; none when it cannot be read.
    pub(super) fn assigned(&mut self, assignment: &Bytes) -> Result<Vec<Place>, Unread> {
        let read: Option<ConsumerProtocolAssignment> = self.read("ConsumerProtocolAssignment", assignment)?;
        Ok(read
            .map_or_else(Vec::new, |read| places(read.assigned_partitions.iter().map(|assigned| (&assigned.topic, &*assigned.partitions)))))
    }

    /// `None` for bytes that are something else: to Kafka they are no part of the frame, so the frame is not damaged by them.
    fn read<M: Decodable + Message>(&mut self, name: &str, bytes: &Bytes) -> Result<Option<M>, Unread> {
        let mut bytes = bytes.clone();
        let (true, Some(message), Ok(told)) = (self.consumers, schema::data(name), bytes.try_get_i16()) else { return Ok(None) };
        // A newer version only adds fields at the end: it is read as the newest that is known (ConsumerProtocol.java).
        let version = told.min(message.versions.max).min(M::VERSIONS.max);
        match message.walk_within(version, &bytes, &mut self.elements) {
            Ok([]) => {}
            Ok(_) if told > version => {}
            Err(Flaw::TooMany) => return Err(Unread::TooLong),
            Ok(_) | Err(_) => return Ok(None),
        }
        Ok(M::decode(&mut bytes, version).ok())
    }
}

fn places<'a>(topics: impl Iterator<Item = (&'a TopicName, &'a [i32])>) -> Vec<Place> {
    let mut places = Vec::new();
    for (topic, partitions) in topics {
        let topic: Name = text::name(topic);
        places.extend(partitions.iter().map(|partition| Place { topic: topic.clone(), partition: *partition }));
    }
    places
}
