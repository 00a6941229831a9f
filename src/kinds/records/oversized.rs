//! Batches that kgrade did not let through to Kafka, because they unpack to more than a broker and its readers have memory for.

use super::super::View;
use super::super::view::count;
use crate::outcome::Mismatch;
use crate::timeline::Topic;

/// What is wrong with a topic for which there were such batches: what a program wrote to it is not all there.
pub fn judge(topic: &Topic, view: &View<'_>) -> Option<Mismatch> {
    let batches: Vec<_> = topic.oversized(view.timeline).collect();
    let (first, limit) = (batches.first()?, batches.iter().map(|batch| batch.limit).min()?);
    let most = limit >> 20;
    let (packed, compression, partition) = (first.packed, first.compression.name(), first.partition);
    let message = format!("a batch of {} of {compression} unpacks to more than {most} MiB", count(packed, "byte"));
    let observed = format!("{} not let through, the first for partition {partition}", count(batches.len() as u64, "batch"));
    let mismatch = Mismatch::new(message, format!("batches that unpack to {most} MiB at most"), observed);
    Some(mismatch.cause("a broker unpacks every batch that it gets, and so does every consumer: one that is small on the wire and huge behind it takes their memory. Send the events, one record each"))
}
