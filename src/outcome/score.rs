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

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Error, Failed, Inconclusive, Passed, Skipped};

    fn checks(verdicts: &[Verdict]) -> Vec<CheckOutcome> {
        verdicts
            .iter()
            .map(|verdict| CheckOutcome { verdict: *verdict, points: 10, max_points: 10, ..crate::outcome::sample("check") })
            .collect()
    }

    #[test]
    fn points_come_from_passed_checks_and_nothing_undecided_is_a_grade() {
        for (verdicts, points, max_points, complete, code) in [
            (&[][..], 0, 0, false, exit::NOTHING_SELECTED),
            (&[Passed, Passed], 20, 20, true, exit::ALL_PASSED),
            (&[Passed, Failed], 10, 20, true, exit::SOMETHING_FAILED),
            (&[Failed, Skipped], 0, 20, true, exit::SOMETHING_FAILED),
            (&[Passed, Error], 10, 20, false, exit::NOT_SHOWN),
            (&[Passed, Inconclusive, Skipped], 10, 30, false, exit::NOT_SHOWN),
            (&[Failed, Error], 0, 20, false, exit::SOMETHING_FAILED),
        ] {
            let checks = checks(verdicts);
            assert_eq!(Score::of(&checks), Score { points, max_points, complete }, "{verdicts:?}");
            assert_eq!(exit_code(&checks), code, "{verdicts:?}");
        }
    }
}
