//! Why something does not hold: what was expected, what was seen, and the witnesses.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Subject;

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
    /// What it is about, for those who want to read more; the check's own `read` counts without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<Subject>,
    /// When and where it went wrong, when one moment can be named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moment: Option<Moment>,
    /// What the program did shows it, and no time would have changed that: it counts however slow the machine was.
    #[serde(skip)]
    pub settled: bool,
}

/// When and where something went wrong: what a picture of the run marks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Moment {
    /// Nanoseconds since the run began.
    pub at_ns: u64,
    /// The topic.
    pub topic: Option<String>,
    /// The partition of the topic.
    pub partition: Option<i32>,
    /// The program instance, `check/as`.
    pub instance: Option<String>,
}

impl Moment {
    /// A moment, in nanoseconds since the run began.
    #[must_use]
    pub fn at(at_ns: u64) -> Self {
        Self { at_ns, ..Self::default() }
    }

    /// In this partition.
    #[must_use]
    pub fn in_partition(mut self, topic: &str, partition: i32) -> Self {
        self.topic = Some(topic.to_owned());
        self.partition = Some(partition);
        self
    }

    /// Of this program instance, `check/as`.
    #[must_use]
    pub fn of(mut self, instance: &str) -> Self {
        self.instance = Some(instance.to_owned());
        self
    }
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

    /// Says what it is about.
    #[must_use]
    pub fn about(mut self, subject: Subject) -> Self {
        self.about = Some(subject);
        self
    }

    /// Says that it counts however slow the machine was.
    #[must_use]
    pub fn settled(mut self) -> Self {
        self.settled = true;
        self
    }

    /// Names the moment at which it went wrong.
    #[must_use]
    pub fn moment(mut self, moment: Moment) -> Self {
        self.moment = Some(moment);
        self
    }
}
