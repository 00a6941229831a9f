//! What a learner does next.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Known, ReviewStatus, is_done};
use crate::course::progress::{LabStanding, State};

/// What to do next: one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "do", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Next {
    /// Begin a lab.
    Init {
        /// The lab.
        lab: String,
    },
    /// Work on a lab.
    Grade {
        /// The lab.
        lab: String,
        /// The checks that failed when they were judged last.
        failed: Vec<String>,
        /// How many checks are not shown yet, these included.
        open: usize,
    },
    /// Look back on a week.
    Review {
        /// The week.
        week: u32,
    },
    /// Hand in a checkpoint: all that this kgrade grades is done.
    Checkpoint {
        /// After which week.
        week: u32,
    },
    /// Go on without kgrade: there is nothing left that it grades.
    Nothing,
}

impl Next {
    /// A week whose labs have passed is looked back on while it is fresh; then the first lab that is not done; then what else is due.
    pub(super) fn of(known: &Known<'_>, reviews: &[ReviewStatus]) -> Self {
        let due = || reviews.iter().filter(|review| review.due);
        if let Some(review) = due().find(|review| is_done(review.week, known)) {
            return Self::Review { week: review.week };
        }
        let labs = known.course.labs();
        if let Some(standing) = labs.filter_map(|lab| standing(known, lab)).find(|standing| !standing.is_done()) {
            return Self::work_on(known, standing);
        }
        if let Some(review) = due().next() {
            return Self::Review { week: review.week };
        }
        known.course.checkpoints.last().map_or(Self::Nothing, |last| Self::Checkpoint { week: last.after_week })
    }

    /// Work on this lab; `None` for one that is not graded.
    #[must_use]
    pub fn on(known: &Known<'_>, lab: &str) -> Option<Self> {
        standing(known, lab).map(|standing| Self::work_on(known, standing))
    }

    fn work_on(known: &Known<'_>, standing: &LabStanding<'_>) -> Self {
        let lab = standing.lab.name.clone();
        if standing.runs == 0 && !known.begun.contains(&lab) {
            return Self::Init { lab };
        }
        let failed = standing.checks.iter().filter(|check| check.state == State::Failed).map(|check| check.check.id.clone()).collect();
        Self::Grade { lab, failed, open: standing.checks.len() - standing.passed() }
    }
}

fn standing<'a>(known: &'a Known<'a>, lab: &str) -> Option<&'a LabStanding<'a>> {
    known.labs.iter().find(|standing| standing.lab.name == lab)
}
