//! How far the records of one partition were delivered without a gap.

use std::collections::{BTreeMap, BTreeSet};

/// The delivered records of one partition, and the first that is not.
///
/// A consumer may commit up to the frontier: everything before it was delivered, or need not be (records that are no events).
#[derive(Debug, Clone, Default)]
pub struct Frontier {
    /// Offsets that must be delivered before the frontier may pass them.
    due: BTreeSet<i64>,
    /// Offset to how many times it was delivered.
    delivered: BTreeMap<i64, u32>,
    /// One past the last record the grader knows of.
    end: i64,
}

impl Frontier {
    /// A record is there; `due` when it has to be delivered.
    pub fn produced(&mut self, offset: i64, due: bool) {
        if due && !self.delivered.contains_key(&offset) {
            self.due.insert(offset);
        }
        self.end = self.end.max(offset + 1);
    }

    /// A record was delivered.
    pub fn delivered(&mut self, offset: i64) {
        self.due.remove(&offset);
        *self.delivered.entry(offset).or_default() += 1;
    }

    /// A delivery turned out not to have reached its client.
    pub fn undo(&mut self, offset: i64) {
        if let Some(times) = self.delivered.get_mut(&offset) {
            *times -= 1;
            if *times == 0 {
                self.delivered.remove(&offset);
                self.due.insert(offset);
            }
        }
    }

    /// The first offset that is still to be delivered.
    #[must_use]
    pub fn first_due(&self) -> Option<i64> {
        self.due.first().copied()
    }

    /// The first offset that is still to be delivered; the end when there is none. The highest offset that may be committed.
    #[must_use]
    pub fn at(&self) -> i64 {
        self.first_due().unwrap_or(self.end)
    }

    /// The highest delivered offset below the frontier.
    #[must_use]
    pub fn last_delivered(&self) -> Option<i64> {
        self.delivered.range(..self.at()).next_back().map(|(offset, _)| *offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_at_the_first_gap_and_passes_records_that_are_not_due() {
        let mut frontier = Frontier::default();
        for offset in 0..5 {
            frontier.produced(offset, offset != 2);
        }
        assert_eq!(frontier.at(), 0);
        frontier.delivered(1);
        assert_eq!(frontier.at(), 0, "offset 0 is still due");
        frontier.delivered(0);
        assert_eq!(frontier.at(), 3, "offset 2 is no event");
        assert_eq!(frontier.last_delivered(), Some(1));
        frontier.delivered(4);
        frontier.delivered(3);
        assert_eq!(frontier.at(), 5);
        frontier.undo(3);
        assert_eq!(frontier.at(), 3);
    }
}
