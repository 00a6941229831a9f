//! What all connections together keep in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that are kept, and how many may be. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    bytes: Arc<AtomicUsize>,
    limit: usize,
}

/// A share of it, given back when dropped.
#[derive(Debug)]
pub(super) struct Share {
    kept: Kept,
    bytes: usize,
}

impl Kept {
    pub(super) fn new(limit: usize) -> Self {
        Self { bytes: Arc::default(), limit }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// An empty share.
    pub(super) fn share(&self) -> Share {
        Share { kept: self.clone(), bytes: 0 }
    }
}

impl Share {
    /// Makes the share as large as this if the limit allows it; less is always allowed. Whether it is so now.
    pub(super) fn set(&mut self, bytes: usize) -> bool {
        let fits = if bytes > self.bytes {
            let more = bytes - self.bytes;
            let within = |held: usize| held.checked_add(more).filter(|held| *held <= self.kept.limit);
            self.kept.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, within).is_ok()
        } else {
            self.kept.bytes.fetch_sub(self.bytes - bytes, Ordering::Relaxed);
            true
        };
        if fits {
            self.bytes = bytes;
        }
        fits
    }

    /// Whether others may soon need what is not needed here.
    pub(super) fn is_scarce(&self) -> bool {
        self.kept.bytes() > self.kept.limit / 4
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_never_go_beyond_the_limit_and_come_back() {
        let kept = Kept::new(100);
        let (mut one, mut two) = (kept.share(), kept.share());
        assert!(one.set(60) && !two.set(41) && two.set(40) && !one.set(61));
        assert_eq!(kept.bytes(), 100);
        assert!(one.set(10) && two.set(90));
        drop(two);
        assert_eq!(kept.bytes(), 10);
    }
}
