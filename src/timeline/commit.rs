//! Commits of a group as they crossed the wire, each with what was delivered at that moment.

use std::collections::HashMap;

use super::event::Name;
use super::topic::Topic;
use super::wire::Position;

/// One offset in an `OffsetCommit` or `TxnOffsetCommit` request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// When the request arrived at the tap. Every delivery that was answered before is counted in `frontier`.
    pub at: u64,
    /// The program instance, `check/as`.
    pub instance: Name,
    /// The connection, and the correlation id on it: equal for all partitions of one request.
    pub request: (u64, i32),
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// The member id; empty for a consumer that assigned partitions to itself.
    pub member: Name,
    /// The generation, or the member epoch in a KIP-848 group; −1 for a consumer that assigned partitions to itself.
    pub generation: i32,
    /// Part of a transaction: valid only when that is committed.
    pub transactional: bool,
    /// The first offset that was still to be delivered at that moment; `None` when nothing was due.
    pub first_due: Option<i64>,
    /// The highest offset that could be committed at that moment without passing an event that was not delivered.
    pub frontier: i64,
    /// When it was answered, and with which error code (0 for none).
    pub answered: Option<(u64, i16)>,
}

impl Commit {
    /// Whether it passes an event that was not delivered at that moment.
    #[must_use]
    pub fn is_ahead(&self) -> bool {
        self.first_due.is_some_and(|due| self.offset > due)
    }

    /// Whether the broker took it.
    #[must_use]
    pub fn accepted(&self) -> bool {
        self.answered.is_some_and(|(_, error)| error == 0)
    }
}

/// Who commits, and how: what all offsets of one request share.
pub(super) struct Committing<'a> {
    pub(super) at: u64,
    pub(super) instance: &'a Name,
    pub(super) request: (u64, i32),
    pub(super) member: &'a Name,
    pub(super) generation: i32,
    pub(super) transactional: bool,
}

impl Committing<'_> {
    /// The commit of one partition, with what was delivered of it by now.
    pub(super) fn of(&self, position: &Position, topic: Option<&Topic>) -> Commit {
        let frontier = topic.and_then(|topic| topic.frontiers.get(&position.partition));
        Commit {
            at: self.at,
            instance: self.instance.clone(),
            request: self.request,
            partition: position.partition,
            offset: position.offset,
            member: self.member.clone(),
            generation: self.generation,
            transactional: self.transactional,
            first_due: frontier.and_then(super::frontier::Frontier::first_due),
            frontier: frontier.map_or(0, super::frontier::Frontier::at),
            answered: None,
        }
    }
}

/// Commits that were not answered yet, by connection and correlation id: the group of each.
pub(super) type Unanswered = HashMap<(u64, i32), Name>;
