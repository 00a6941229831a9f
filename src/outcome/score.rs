//! The one scoring function: every report takes its numbers from here.

use super::{CheckOutcome, Verdict};
use crate::exit;

/// The sum over checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    /// Points reached.
    pub points: u32,
    /// Points that can be reached.
    pub max_points: u32,
    /// Whether it is a grade: nothing inconclusive, no error, at least one check.
    pub complete: bool,
}

impl Score {
    /// Adds up the checks. Points count for passed checks only.
    #[must_use]
    pub fn of(checks: &[CheckOutcome]) -> Self {
        Self {
            points: checks.iter().filter(|check| check.verdict == Verdict::Passed).map(|check| check.points).sum(),
            max_points: checks.iter().map(|check| check.max_points).sum(),
            complete: !checks.is_empty() && checks.iter().all(|check| !matches!(check.verdict, Verdict::Error | Verdict::Inconclusive)),
        }
    }
}

/// The exit code for a run with these checks.
#[must_use]
pub fn exit_code(checks: &[CheckOutcome]) -> u8 {
    let has = |verdict| checks.iter().any(|check| check.verdict == verdict);
    if checks.is_empty() {
        exit::NOTHING_SELECTED
    } else if has(Verdict::Failed) {
        exit::SOMETHING_FAILED
    } else if checks.iter().all(|check| check.verdict == Verdict::Passed) {
        exit::ALL_PASSED
    } else {
        exit::NOT_SHOWN
    }
}
