//! A request at the sink.

use std::sync::OnceLock;

use super::event::Name;

/// A request at the sink.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Who sent it.
    pub instance: Name,
    /// The event in its body, when there is one.
    pub event: Option<Name>,
    /// When it arrived.
    pub begun: u64,
    /// Where the event was written, as far as the grader knows: topic, partition, offset.
    pub record: Option<(Name, i32, i64)>,
    /// Whether the answer was kept back.
    pub held: bool,
    /// When it was answered, and with which status.
    pub answered: Option<(u64, u16)>,
    /// When the client was found to have gone away.
    pub abandoned: Option<u64>,
    /// Whether its body is that event, field by field, once a judge has asked: a body never changes, and judges look again and again.
    pub is_its_event: OnceLock<bool>,
    /// The position of the event that holds its body.
    pub(super) position: usize,
}

impl Delivery {
    /// Whether the event counts as delivered: a 2xx answer to a client that was still there.
    #[must_use]
    pub fn done(&self) -> bool {
        self.abandoned.is_none() && self.answered.is_some_and(|(_, status)| (200..300).contains(&status))
    }
}
