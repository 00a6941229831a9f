//! The batches that a program wrote to a topic, and which of them it had sent before.

use std::collections::HashSet;

use crate::timeline::Exchange;
use crate::timeline::wire::{Batch, Request};

/// What a program wrote to a topic.
pub struct Written<'a> {
    /// The Produce requests with batches for the topic.
    pub requests: Vec<&'a Exchange<'a>>,
    /// Their batches for the topic, each once: without what was sent again.
    pub batches: Vec<(&'a Exchange<'a>, &'a Batch)>,
    /// The requests of batches that were sent again, one for each batch.
    pub resent: Vec<&'a Exchange<'a>>,
}

/// What a batch keeps when a client library sends it again.
#[derive(PartialEq, Eq, Hash)]
enum Identity {
    /// Of an idempotent producer: partition, producer id, epoch, first sequence number.
    Sequence(i32, i64, i16, i32),
    /// Of any other: partition, checksum, records, timestamp. A program that sends again makes a new timestamp.
    Contents(i32, u32, u32, i64),
}

impl<'a> Written<'a> {
    /// What these exchanges wrote to a topic.
    pub fn of(exchanges: &'a [Exchange<'a>], topic: &str) -> Self {
        let mut written = Self { requests: Vec::new(), batches: Vec::new(), resent: Vec::new() };
        let mut known = HashSet::new();
        for exchange in exchanges {
            let Request::Produce { batches, .. } = exchange.request else { continue };
            let mut any = false;
            for batch in batches.iter().filter(|batch| *batch.topic == *topic) {
                any = true;
                if known.insert(identity(batch)) {
                    written.batches.push((exchange, batch));
                } else {
                    written.resent.push(exchange);
                }
            }
            if any {
                written.requests.push(exchange);
            }
        }
        written
    }

    /// How many records are in batches of some sort.
    pub fn records(&self, of: impl Fn(&Batch) -> bool) -> u64 {
        self.batches.iter().filter(|(_, batch)| of(batch)).map(|(_, batch)| u64::from(batch.records)).sum()
    }
}

fn identity(batch: &Batch) -> Identity {
    if batch.producer_id >= 0 {
        Identity::Sequence(batch.partition, batch.producer_id, batch.producer_epoch, batch.base_sequence)
    } else {
        Identity::Contents(batch.partition, batch.crc, batch.records, batch.first_timestamp)
    }
}
