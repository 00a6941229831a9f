//! An outcome with the pictures of what happened.

use std::sync::Arc;

use super::timeline::{Picture, Subject};
use super::{Format, ReportTarget};
use crate::lab::Check;
use crate::outcome::redact::Redactor;
use crate::outcome::{Disclosure, Outcome, Verdict};
use crate::timeline::Timeline;

/// What a report is made from.
#[derive(Debug, Clone, Copy)]
pub struct Graded<'a> {
    /// What the run came to.
    pub outcome: &'a Outcome,
    /// Pictures of some of its checks; none while the run lasts, and none where its timeline is not at hand.
    pub pictures: &'a [Picture],
}

impl<'a> From<&'a Outcome> for Graded<'a> {
    fn from(outcome: &'a Outcome) -> Self {
        Self { outcome, pictures: &[] }
    }
}

/// The pictures for these reports: of each failed check that hides nothing. None when no report has a place for them.
#[must_use]
pub fn pictures(
    targets: &[ReportTarget],
    outcome: &Outcome,
    checks: &[Arc<Check>],
    timeline: &Timeline,
    redactor: &Redactor,
) -> Vec<Picture> {
    let illustrated = targets.iter().find(|target| target.format.is_illustrated());
    illustrated.map(|target| pictures_for(target.format, outcome, checks, timeline, redactor)).unwrap_or_default()
}

/// As [`pictures`], for one format.
#[must_use]
pub fn pictures_for(format: &Format, outcome: &Outcome, checks: &[Arc<Check>], timeline: &Timeline, redactor: &Redactor) -> Vec<Picture> {
    if !format.is_illustrated() {
        return Vec::new();
    }
    let open = outcome.checks.iter().filter(|check| check.verdict == Verdict::Failed && check.disclosure == Disclosure::Full);
    open.filter_map(|outcome| {
        let check = checks.iter().find(|check| check.id == outcome.id && check.disclosure == Disclosure::Full)?;
        let mut picture = Picture::of(&Subject { check, outcome, timeline })?;
        picture.redact(redactor);
        Some(picture)
    })
    .collect()
}
