//! What a worker writes beside a partition's committed offset: which submissions it has in hand, and for the how manieth time.
//!
//! It stands in the metadata of the offset commit, so it changes in the same transactions as the offset, goes away with it, and needs no
//! topic of its own. Whoever gets the partition next reads both at once.

use serde::{Deserialize, Serialize};

/// Kafka's default limit for the metadata of an offset, in bytes.
const MOST_BYTES: usize = 4096;

/// What a worker has in hand of a partition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marker {
    /// The worker's name, which is also the client id of its member.
    pub worker: String,
    /// The submissions.
    pub hand: Vec<Taken>,
}

/// A submission that a worker has in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taken {
    /// Its offset.
    pub offset: i64,
    /// How many workers have had it in hand, this one included, without putting it back.
    pub tries: u32,
    /// Whether it is in hand now; else a worker before had it.
    pub now: bool,
    /// Since when, in seconds since 1970-01-01 UTC.
    pub since: u64,
}

impl Marker {
    /// As the metadata of an offset. Nothing in hand: nothing to say.
    pub fn text(&self) -> String {
        if self.hand.is_empty() { String::new() } else { serde_json::to_string(self).unwrap_or_default() }
    }

    /// Reads the metadata of an offset. What is no marker counts as none: somebody has set the group's offsets by hand.
    pub fn read(text: &str) -> Self {
        if text.len() > MOST_BYTES { Self::default() } else { serde_json::from_str(text).unwrap_or_default() }
    }

    /// How many workers have had this submission in hand and never said what came of it.
    pub fn tries(&self, offset: i64) -> u32 {
        self.hand.iter().find(|taken| taken.offset == offset).map_or(0, |taken| taken.tries)
    }

    /// Makes this the marker of the next owner, who has nothing in hand yet. Where the worker before is still there, what it had in hand did
    /// not end it: the partition was given to another one, and that does not count.
    pub fn inherit(&mut self, worker: &str, is_there: bool) {
        worker.clone_into(&mut self.worker);
        for taken in &mut self.hand {
            taken.tries -= u32::from(is_there && taken.now && taken.tries > 0);
            taken.now = false;
        }
    }

    /// The marker with this submission in hand, once more than before.
    pub fn taking(&self, offset: i64, since: u64) -> Self {
        let mut marker = self.without(offset);
        marker.hand.push(Taken { offset, tries: self.tries(offset) + 1, now: true, since });
        marker
    }

    /// The marker with this submission put back: that worker did not end over it.
    pub fn putting_back(&self, offset: i64) -> Self {
        let mut marker = self.clone();
        for taken in marker.hand.iter_mut().filter(|taken| taken.offset == offset && taken.now) {
            (taken.now, taken.tries) = (false, taken.tries.saturating_sub(1));
        }
        marker.hand.retain(|taken| taken.tries > 0);
        marker
    }

    /// The marker without this submission, of which everything is said.
    pub fn without(&self, offset: i64) -> Self {
        let hand = self.hand.iter().filter(|taken| taken.offset != offset).copied().collect();
        Self { worker: self.worker.clone(), hand }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_count_workers_that_ended_and_no_others() {
        let empty = Marker { worker: "a".to_owned(), hand: Vec::new() };
        let mut marker = empty.taking(7, 0).taking(8, 0);
        marker.inherit("b", false);
        assert_eq!((marker.tries(7), marker.tries(8)), (1, 1), "a ended with both in hand");
        let taken = marker.taking(7, 0);
        assert_eq!((taken.tries(7), taken.tries(8)), (2, 1));
        assert_eq!(taken.putting_back(7).tries(7), 1);
        assert_eq!(empty.taking(7, 0).putting_back(7), empty);
        assert_eq!(taken.without(7).tries(7), 0);
    }

    #[test]
    fn a_marker_is_read_back_and_anything_else_is_none() {
        let taken = |offset, tries| Taken { offset, tries, now: true, since: 1_764_547_200 };
        let mut marker = Marker { worker: "host-1".to_owned(), hand: vec![taken(7, 1), taken(8, 3)] };
        assert_eq!(Marker::read(&marker.text()), marker);
        assert_eq!((marker.tries(7), marker.tries(8), marker.tries(9)), (1, 3, 0));
        marker.inherit("host-2", true);
        assert_eq!((marker.tries(7), marker.tries(8), marker.worker.as_str()), (0, 2, "host-2"));
        marker.inherit("host-3", true);
        assert_eq!(marker.tries(8), 2, "host-2 never had it in hand");
        assert_eq!(Marker { hand: Vec::new(), ..marker }.text(), "");
        for other in ["", "null", "[]", "{}", "reset by hand", "{\"worker\":\"w\",\"hand\":[],\"more\":1}", &"[".repeat(5000)] {
            assert_eq!(Marker::read(other), Marker::default(), "{other}");
        }
    }
}
