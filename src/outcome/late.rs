//! What lateness makes of a score.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The decision about one submission under the course's rules on late submissions. All times are UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Late {
    /// When it was due for this learner, seconds since 1970-01-01.
    pub due: u64,
    /// Whether that is later than for the others.
    pub extended: bool,
    /// How long after `due` nothing is lost yet, in seconds.
    pub grace_s: u64,
    /// How long after `due` the commit was made, in seconds; 0 when it was in time, `None` when the time of the commit is not known.
    pub late_s: Option<u64>,
    /// How much of the score is lost, in percent.
    pub penalty_percent: u8,
    /// The points that are left. What is lost is rounded down to whole points.
    pub score: u32,
}

impl Late {
    /// The points that `percent` leave of a score.
    #[must_use]
    pub fn left(score: u32, percent: u8) -> u32 {
        let lost = u64::from(score) * u64::from(percent.min(100)) / 100;
        score - u32::try_from(lost).unwrap_or(score)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_is_rounded_down() {
        for (score, percent, left) in
            [(100, 0, 100), (100, 10, 90), (65, 10, 59), (9, 10, 9), (65, 100, 0), (0, 50, 0), (7, 255, 0), (u32::MAX, 100, 0)]
        {
            assert_eq!(Late::left(score, percent), left, "{score} less {percent} %");
        }
    }
}
