//! What is known of a consumer group.

use std::collections::{BTreeMap, HashMap};

use super::event::{GroupSeen, Name};
use super::frontier::Frontier;
use super::topic::Topic;

/// What is known of a consumer group.
#[derive(Debug, Default)]
pub struct Group {
    /// The last description; `None` inside when there is no such group.
    pub description: Option<(u64, Option<GroupSeen>)>,
    /// Per topic: the committed offsets, each time they changed.
    pub offsets: HashMap<Name, Offsets>,
}

/// The committed offsets of a group on a topic.
#[derive(Debug, Default)]
pub struct Offsets {
    /// How often they were looked at.
    pub looks: u64,
    /// Whether a commit was seen that the grader did not make.
    pub moved: bool,
    /// The last state by partition.
    pub last: BTreeMap<i32, i64>,
    /// When the last look was asked, and when it was answered.
    pub last_look: Option<(u64, u64)>,
    /// When the state last changed.
    pub changed_at: u64,
    /// Looks that showed a committed offset beyond what was delivered.
    pub ahead: Vec<Ahead>,
}

/// A committed offset beyond what was delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ahead {
    /// When it was seen.
    pub at: u64,
    /// The partition.
    pub partition: i32,
    /// The committed offset.
    pub committed: i64,
    /// The first offset that was not delivered.
    pub frontier: i64,
}

impl Offsets {
    /// Takes one look: asked at `asked`, answered at `at`. What is ahead is told here, while the topic's frontier is that of this moment.
    pub(super) fn see(&mut self, at: u64, asked: u64, offsets: &BTreeMap<i32, i64>, topic: Option<&Topic>) {
        self.looks += 1;
        self.last_look = Some((asked, at));
        if &self.last != offsets {
            self.last.clone_from(offsets);
            self.changed_at = at;
            self.moved = true;
        }
        let Some(topic) = topic else { return };
        for (&partition, &committed) in offsets {
            // Without an event that is due there is nothing to be ahead of: the commit may be of records that are not on the timeline yet.
            let Some(frontier) = topic.frontiers.get(&partition).and_then(Frontier::first_due) else { continue };
            let repeated = self.ahead.last().is_some_and(|last| last.partition == partition && last.committed == committed);
            if committed > frontier && !repeated {
                self.ahead.push(Ahead { at, partition, committed, frontier });
            }
        }
    }
}
