//! How long a check takes: at least its own experiment, at most all its limits.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::graph::{waits_for, waves};
use crate::lab::{Check, Span};

/// The least and the most time that something takes, without the grader's own share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// What passes even if every wait ends at once: `watch` and `stable`.
    pub least: Duration,
    /// What passes if every wait takes as long as it may.
    pub most: Duration,
}

impl Budget {
    /// The budget of one check; `scale` stretches limits, not experiments.
    #[must_use]
    pub fn of(check: &Check, scale: f64) -> Self {
        let stable = check.stable.map_or(Duration::ZERO, Span::get);
        let within = stretched(check.within.get(), scale);
        let mut budget = Self { least: stable, most: stable.saturating_add(within) };
        for action in check.actions.iter().map(|action| &action.spec) {
            let time = action.budget();
            if action.word() == "watch" {
                budget.least = budget.least.saturating_add(time);
                budget.most = budget.most.saturating_add(time);
            } else {
                budget.most = budget.most.saturating_add(stretched(time, scale));
            }
        }
        budget
    }

    /// The budget of the longest chain of checks.
    pub(super) fn of_chain(checks: &[Arc<Check>], scale: f64) -> Self {
        let mut ends = vec![Self::default(); checks.len()];
        for index in waves(checks).into_iter().flatten() {
            let Some(check) = checks.get(index) else { continue };
            let before = waits_for(check, checks).filter_map(|other| ends.get(other).copied()).fold(Self::default(), Self::longer);
            let own = Self::of(check, scale);
            if let Some(end) = ends.get_mut(index) {
                *end = Self { least: before.least.saturating_add(own.least), most: before.most.saturating_add(own.most) };
            }
        }
        ends.into_iter().fold(Self::default(), Self::longer)
    }

    fn longer(self, other: Self) -> Self {
        Self { least: self.least.max(other.least), most: self.most.max(other.most) }
    }
}

fn stretched(time: Duration, scale: f64) -> Duration {
    Duration::try_from_secs_f64(time.as_secs_f64() * scale).unwrap_or(Duration::MAX)
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0} to {:.0} s", self.least.as_secs_f64().ceil(), self.most.as_secs_f64().ceil())
    }
}
