//! What is known of a topic.

use std::collections::{BTreeMap, HashMap};

use super::event::{Name, PartitionSeen, What};
use super::frontier::Frontier;
use super::index::Timeline;
use super::payload::Record;
use super::wire::Compression;

/// What is known of a topic.
#[derive(Debug, Default)]
pub struct Topic {
    /// The last description and when it was first seen to be so; the inner `None` means that there is no such topic.
    pub description: Option<(u64, Option<Vec<PartitionSeen>>)>,
    /// Per partition, positions of the events that hold its records.
    pub(super) blocks: BTreeMap<i32, Vec<usize>>,
    /// Positions of the events that tell of batches for it that were refused.
    pub(super) oversized: Vec<usize>,
    /// The end offsets up to which everything was read.
    pub ends: BTreeMap<i32, i64>,
    /// What the grader wrote, in order.
    pub produced: Vec<Produced>,
    /// Event id to its place among what the grader wrote.
    pub(super) by_event: HashMap<Name, usize>,
    /// What was delivered of what the grader wrote, per partition.
    pub frontiers: BTreeMap<i32, Frontier>,
}

/// A record that the grader wrote.
#[derive(Debug, Clone)]
pub struct Produced {
    /// When.
    pub at: u64,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// The data set it belongs to.
    pub data: Name,
    /// The event's id; `None` for a record that is no event and must not be delivered.
    pub event: Option<Name>,
}

/// A batch that unpacks to too much and was not forwarded.
#[derive(Debug, Clone, Copy)]
pub struct Oversized {
    /// When.
    pub at: u64,
    /// The partition.
    pub partition: i32,
    /// Its compression.
    pub compression: Compression,
    /// What it has, in bytes.
    pub packed: u64,
    /// The limit that it goes beyond, in bytes.
    pub limit: u64,
}

impl Topic {
    /// The record that the grader wrote for an event.
    #[must_use]
    pub fn written(&self, event: &str) -> Option<&Produced> {
        self.by_event.get(event).and_then(|place| self.produced.get(*place))
    }

    /// Batches for it that unpack to too much and were not forwarded.
    pub fn oversized<'a>(&'a self, timeline: &'a Timeline) -> impl Iterator<Item = Oversized> + 'a {
        self.oversized.iter().filter_map(|position| timeline.events().get(*position)).filter_map(|event| match &event.what {
            What::Oversized { partition, compression, packed, limit, .. } => {
                Some(Oversized { at: event.at, partition: *partition, compression: *compression, packed: *packed, limit: *limit })
            }
            _ => None,
        })
    }

    /// The records that were read, partition by partition, each in offset order.
    pub fn records<'a>(&'a self, timeline: &'a Timeline) -> impl Iterator<Item = Record<'a>> {
        self.blocks.values().flatten().filter_map(|position| timeline.events().get(*position)).flat_map(|event| match &event.what {
            What::RecordsSeen { block, .. } => Some(block.records()).into_iter().flatten(),
            _ => None.into_iter().flatten(),
        })
    }
}
