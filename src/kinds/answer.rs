//! What a judge answers about the timeline as it is now.

use crate::outcome::Mismatch;

/// A judge's answer. The clock turns answers over time into a verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It holds now.
    Holds(Evidence),
    /// It does not hold yet, or not any more.
    NotYet(Mismatch),
    /// It does not hold and never will again in this run.
    Violated(Mismatch),
    /// Nothing can be said, and more time will not change that.
    NotShown(String),
}

/// What a positive answer rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// How many records, requests, samples or events were judged. Zero never passes.
    pub seen: u64,
    /// What is right but worth knowing.
    pub remarks: Vec<String>,
    /// Some of what was seen, for a `never` that it breaks.
    pub witnesses: Vec<String>,
}

impl Evidence {
    /// Evidence of this many things.
    #[must_use]
    pub fn of(seen: u64) -> Self {
        Self { seen, ..Self::default() }
    }
}

impl Answer {
    /// It holds, on evidence of this many things.
    #[must_use]
    pub fn holds(seen: u64) -> Self {
        Self::Holds(Evidence::of(seen))
    }
}
