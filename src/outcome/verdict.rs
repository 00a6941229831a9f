//! The five verdicts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What came of a check. Only `Passed` and `Failed` say something about the learner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Shown to be right, with positive evidence.
    Passed,
    /// Shown to be wrong.
    Failed,
    /// The grader or its environment broke.
    Error,
    /// Not judged, because of another check that failed.
    Skipped,
    /// Neither right nor wrong could be shown.
    Inconclusive,
}

impl Verdict {
    /// The verdict as one word, as in the reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Error => "error",
            Self::Skipped => "skipped",
            Self::Inconclusive => "inconclusive",
        }
    }

    /// Whether it says something about the learner's work: points are won or lost.
    #[must_use]
    pub fn is_judged(self) -> bool {
        matches!(self, Self::Passed | Self::Failed)
    }
}
