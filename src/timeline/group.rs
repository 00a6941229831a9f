//! What is known of a consumer group.

use std::collections::{BTreeMap, HashMap};

use super::commit::Commit;
use super::event::{GroupSeen, Name};
use super::frontier::Frontier;
use super::topic::Topic;

/// How many commits back an answer is looked for: more than a client has open at once.
const MANY: usize = 4096;

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
    /// When a look showed a commit that the grader did not make, for the first time.
    pub moved: Option<u64>,
    /// The last state by partition.
    pub last: BTreeMap<i32, i64>,
    /// When the last look was asked, and when it was answered.
    pub last_look: Option<(u64, u64)>,
    /// When the state last changed.
    pub changed_at: u64,
    /// When the grader set the offsets last.
    pub(super) reset_at: Option<u64>,
    /// Looks that showed a committed offset beyond what was delivered, and commits on the wire that were.
    pub ahead: Vec<Ahead>,
    /// The commits that crossed the wire, in order.
    pub commits: Vec<Commit>,
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
    /// The commit, by its place in [`Offsets::commits`], when it was seen on the wire: then `at` is exact. Else it was seen by looking at the group.
    pub commit: Option<usize>,
}

impl Offsets {
    /// Takes one look: asked at `asked`, answered at `at`. What is ahead is told here, while the topic's frontier is that of this moment.
    pub(super) fn see(&mut self, at: u64, asked: u64, offsets: &BTreeMap<i32, i64>, topic: Option<&Topic>) {
        self.looks += 1;
        self.last_look = Some((asked, at));
        // A look that was asked before the grader set the offsets shows either state.
        let outdated = self.reset_at.is_some_and(|reset| asked < reset);
        if &self.last != offsets && !outdated {
            self.last.clone_from(offsets);
            self.changed_at = at;
            self.moved.get_or_insert(at);
        }
        let Some(topic) = topic else { return };
        for (&partition, &committed) in offsets {
            // Without an event that is due there is nothing to be ahead of: the commit may be of records that are not on the timeline yet.
            let Some(frontier) = topic.frontiers.get(&partition).and_then(Frontier::first_due) else { continue };
            let repeated = self.ahead.iter().rev().any(|known| known.partition == partition && known.committed == committed);
            if committed > frontier && !repeated {
                self.ahead.push(Ahead { at, partition, committed, frontier, commit: None });
            }
        }
    }

    /// Takes what the grader set, having asked for it at `asked`. A look in the meantime that showed it took it for a commit of somebody else's.
    pub(super) fn reset(&mut self, at: u64, asked: u64, offsets: &BTreeMap<i32, i64>) {
        self.last.clone_from(offsets);
        (self.changed_at, self.reset_at) = (at, Some(at));
        self.moved = self.moved.filter(|moved| *moved < asked);
    }

    /// Takes the broker's answer to the commit of one partition. Only a commit that the broker took can be ahead.
    pub(super) fn answer(&mut self, request: (u64, i32), partition: i32, at: u64, error: i16) {
        let found =
            self.commits.iter().enumerate().rev().take(MANY).find(|(_, commit)| commit.request == request && commit.partition == partition);
        let Some(place) = found.map(|(place, _)| place) else { return };
        let Some(commit) = self.commits.get_mut(place) else { return };
        commit.answered = Some((at, error));
        if error != 0 || commit.transactional || !commit.is_ahead() {
            return;
        }
        let ahead =
            Ahead { at: commit.at, partition, committed: commit.offset, frontier: commit.first_due.unwrap_or(0), commit: Some(place) };
        // A look may have shown the same commit before its answer came: the wire knows the moment.
        match self.ahead.iter_mut().rev().find(|known| known.partition == partition && known.committed == ahead.committed) {
            Some(known) if known.commit.is_none() && known.at >= ahead.at => *known = ahead,
            Some(_) => {}
            None => self.ahead.push(ahead),
        }
    }
}
