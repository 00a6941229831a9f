//! How much the compressed batches of a Produce request unpack to. A broker unpacks each to validate it, and whoever reads it unpacks it again,
//! so what a few kilobytes unpack to must not be more than they have memory for.
//!
//! Nothing is kept. Snappy and LZ4 say how long what they packed is, block by block. gzip and Zstandard tell no more than a bound, which for a
//! handful of records is far too high; what may be beyond the usual by its bound is unpacked into a small buffer and counted, as far as the limit.

mod gzip;
mod lz4;
mod snappy;
#[cfg(test)]
mod tests;
mod zstd;

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use super::Limits;
use crate::timeline::event::Name;
use crate::timeline::wire::Compression;

/// What unpacks to no more is counted at once, in a millisecond at most.
const SHORT: u64 = 1 << 20;

/// A batch whose records are compressed.
#[derive(Debug, Clone)]
pub struct Packed {
    /// The topic.
    pub topic: Name,
    /// The partition.
    pub partition: i32,
    /// How they are compressed.
    pub compression: Compression,
    /// They, without the batch's header.
    pub records: Bytes,
}

/// What the batches that are packed most tightly have come to in this run, in bytes.
#[derive(Debug, Default)]
pub(super) struct Tight(AtomicU64);

/// A batch that is not forwarded.
#[derive(Debug, Clone)]
pub(super) struct Oversized {
    pub(super) batch: Packed,
    /// The limit that it goes beyond, in bytes.
    pub(super) limit: u64,
}

/// The first batch that unpacks to more than one batch may, or that is packed so tightly that all such batches of the run come to more than they may.
pub(super) async fn oversized(batches: Vec<Packed>, limits: &Limits, tight: &Tight) -> Option<Oversized> {
    for batch in batches {
        let packed = batch.records.len() as u64;
        let limit = limits.unpacked;
        let bound = most(&batch);
        let count = match batch.compression {
            Compression::Gzip => Some(gzip::unpacked as fn(&[u8], u64) -> u64),
            Compression::Zstd => Some(zstd::unpacked as _),
            _ => None,
        };
        let unpacked = match count.filter(|_| bound > limits.loose(packed)) {
            None => bound,
            Some(count) if bound <= SHORT => count(&batch.records, limit),
            Some(count) => {
                // Tens of milliseconds for as much as is allowed: too long for others to wait.
                let records = batch.records.clone();
                tokio::task::spawn_blocking(move || count(&records, limit)).await.unwrap_or(u64::MAX)
            }
        };
        if unpacked > limit {
            return Some(Oversized { batch, limit });
        }
        if unpacked > limits.loose(packed) && !tight.add(unpacked, limits.tight) {
            return Some(Oversized { batch, limit: limits.tight });
        }
    }
    None
}

/// The most that a batch can unpack to, in bytes, told without unpacking it. Where its bytes are not what its codec writes, whoever unpacks it
/// stops there too.
fn most(batch: &Packed) -> u64 {
    match batch.compression {
        Compression::Gzip => gzip::most(batch.records.len() as u64),
        Compression::Snappy => snappy::unpacked(&batch.records),
        Compression::Lz4 => lz4::unpacked(&batch.records),
        Compression::Zstd => zstd::most(&batch.records),
        // Brokers refuse what they have no codec for.
        Compression::None | Compression::Unknown => 0,
    }
}

impl Tight {
    /// Adds a batch, if all of them stay within the limit. Whether they do.
    fn add(&self, bytes: u64, limit: u64) -> bool {
        let within = |so_far: u64| so_far.checked_add(bytes).filter(|sum| *sum <= limit);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, within).is_ok()
    }
}

/// Takes so many bytes from the front. `None` when there are not as many.
fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (front, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(front)
}

/// Takes a number of so many bytes, at most eight, the lowest first.
fn number(bytes: &mut &[u8], count: usize) -> Option<u64> {
    take(bytes, count).map(|front| front.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}
