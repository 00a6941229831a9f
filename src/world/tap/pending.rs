//! Requests of a connection that wait for their answer, in the order in which they were forwarded.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use super::fault::Armed;
use crate::timeline::wire::Api;

const SHARE_FETCH: Api = Api(78);

/// What waits for an answer.
#[derive(Debug)]
pub(super) enum Waiting {
    /// A request that the broker has.
    Request(Asked),
    /// A SASL token without a header: whatever comes next answers it.
    Token,
    /// An answer of the tap's own, whose turn comes when all before it are answered.
    Own { asked: Asked, answer: Bytes },
}

/// What is remembered of a request.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) api: Api,
    pub(super) version: i16,
    pub(super) correlation: i32,
    /// Its answer goes on the timeline.
    pub(super) detailed: bool,
    /// What faults do to its answer.
    pub(super) acts: Vec<Arc<Armed>>,
}

/// They, in order.
#[derive(Debug)]
pub(super) struct Pending {
    waiting: VecDeque<Waiting>,
    limit: usize,
}

impl Pending {
    pub(super) fn new(limit: usize) -> Self {
        Self { waiting: VecDeque::new(), limit }
    }

    /// One more. Beyond the limit the oldest is forgotten, and its answer will be passed on unread.
    pub(super) fn push(&mut self, waiting: Waiting) {
        if self.waiting.len() >= self.limit
            && let Some(oldest) = self.waiting.iter().position(|waiting| !matches!(waiting, Waiting::Own { .. }))
        {
            self.waiting.remove(oldest);
        }
        self.waiting.push_back(waiting);
    }

    /// Whether answers of the tap's own are so many, and nothing else, that no more may come before some have gone out.
    pub(super) fn is_clogged(&self) -> bool {
        self.waiting.len() >= self.limit && self.waiting.iter().all(|waiting| matches!(waiting, Waiting::Own { .. }))
    }

    /// Whether it is the turn of an answer of the tap's own.
    pub(super) fn has_own(&self) -> bool {
        matches!(self.waiting.front(), Some(Waiting::Own { .. }))
    }

    /// Takes it.
    pub(super) fn own(&mut self) -> Option<(Asked, Bytes)> {
        if !self.has_own() {
            return None;
        }
        match self.waiting.pop_front() {
            Some(Waiting::Own { asked, answer }) => Some((asked, answer)),
            _ => None,
        }
    }

    /// Whether nothing waits but what the broker answers only when there is something new.
    pub(super) fn only_polls(&self) -> bool {
        let polls = |waiting: &Waiting| matches!(waiting, Waiting::Request(asked) if asked.api == Api::FETCH || asked.api == SHARE_FETCH);
        self.waiting.iter().all(polls)
    }

    /// The request that an answer with this correlation id answers.
    pub(super) fn next(&self, correlation: Option<i32>) -> Option<&Asked> {
        self.waiting.iter().find_map(|waiting| match waiting {
            Waiting::Request(asked) if Some(asked.correlation) == correlation => Some(asked),
            _ => None,
        })
    }

    /// What an answer with this correlation id answers. Brokers answer in order, but that is not relied on.
    pub(super) fn answered(&mut self, correlation: Option<i32>) -> Option<Waiting> {
        let is = |waiting: &Waiting| matches!(waiting, Waiting::Request(asked) if Some(asked.correlation) == correlation);
        match self.waiting.iter().position(is) {
            Some(position) => {
                // Tokens before it that the broker did not answer: not every last one is.
                let token = |waiting: &Waiting| matches!(waiting, Waiting::Token);
                let tokens = self.waiting.iter().take(position).filter(|waiting| token(waiting)).count();
                let found = self.waiting.remove(position);
                if tokens > 0 {
                    self.waiting.retain(|waiting| !token(waiting));
                }
                found
            }
            None if matches!(self.waiting.front(), Some(Waiting::Token)) => self.waiting.pop_front(),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(correlation: i32) -> Asked {
        Asked { api: Api(3), version: 0, correlation, detailed: true, acts: Vec::new() }
    }

    fn found(pending: &mut Pending, correlation: i32) -> Option<i32> {
        match pending.answered(Some(correlation)) {
            Some(Waiting::Request(asked)) => Some(asked.correlation),
            _ => None,
        }
    }

    #[test]
    fn answers_find_their_request_in_any_order() {
        let mut pending = Pending::new(10);
        (1..=3).for_each(|id| pending.push(Waiting::Request(asked(id))));
        assert_eq!([2, 2, 1, 3, 9].map(|id| found(&mut pending, id)), [Some(2), None, Some(1), Some(3), None]);
    }

    #[test]
    fn the_oldest_is_forgotten() {
        let mut pending = Pending::new(2);
        (1..=3).for_each(|id| pending.push(Waiting::Request(asked(id))));
        assert_eq!([1, 2, 3].map(|id| found(&mut pending, id)), [None, Some(2), Some(3)]);
    }

    #[test]
    fn an_answer_of_the_taps_own_waits_for_those_before_it() {
        let mut pending = Pending::new(2);
        pending.push(Waiting::Request(asked(1)));
        pending.push(Waiting::Own { asked: asked(2), answer: Bytes::from_static(b"x") });
        assert!(pending.own().is_none() && !pending.is_clogged());
        assert_eq!(found(&mut pending, 1), Some(1));
        assert_eq!(pending.own().map(|(asked, answer)| (asked.correlation, answer)), Some((2, Bytes::from_static(b"x"))));
        (3..=4).for_each(|id| pending.push(Waiting::Own { asked: asked(id), answer: Bytes::new() }));
        assert!(pending.is_clogged());
    }

    #[test]
    fn tokens_are_answered_by_what_comes_next() {
        let mut pending = Pending::new(10);
        pending.push(Waiting::Token);
        pending.push(Waiting::Token);
        assert!(matches!(pending.answered(None), Some(Waiting::Token)));
        pending.push(Waiting::Request(asked(7)));
        // The last token had no answer.
        assert_eq!(found(&mut pending, 7), Some(7));
        assert!(pending.answered(Some(8)).is_none());
    }
}
