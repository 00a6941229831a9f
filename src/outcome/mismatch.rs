//! Why something does not hold: what was expected, what was seen, and the witnesses.

use serde::{Deserialize, Serialize};

/// How many witnesses are shown; the rest is counted.
pub const WITNESSES: usize = 5;

/// The difference between what was expected and what was seen, in the learner's terms.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mismatch {
    /// One sentence that names the problem.
    pub message: String,
    /// What was expected.
    pub expected: String,
    /// What was seen.
    pub observed: String,
    /// This record, this offset, this moment: [`WITNESSES`] at the most.
    pub witnesses: Vec<String>,
    /// How many witnesses were left out.
    pub more: u64,
    /// What it probably means.
    pub cause: Option<String>,
}

impl Mismatch {
    /// A mismatch with its sentence, expectation and observation.
    pub fn new(message: impl Into<String>, expected: impl Into<String>, observed: impl Into<String>) -> Self {
        Self { message: message.into(), expected: expected.into(), observed: observed.into(), ..Self::default() }
    }

    /// Adds witnesses: the first [`WITNESSES`] are kept, the others counted.
    #[must_use]
    pub fn witnesses<I: IntoIterator<Item = String>>(mut self, witnesses: I) -> Self {
        for witness in witnesses {
            if self.witnesses.len() < WITNESSES {
                self.witnesses.push(witness);
            } else {
                self.more += 1;
            }
        }
        self
    }

    /// Adds what it probably means.
    #[must_use]
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }
}
