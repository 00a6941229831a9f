//! Judging a saved run again: the same referees, fed from a file, without a cluster.

use std::sync::Arc;

use super::referee::{self, Referee};
use crate::lab::Check;
use crate::outcome::{CheckOutcome, Verdict};
use crate::timeline::Timeline;
use crate::timeline::event::Event;

/// Judges the checks on these events, which stand in order of time.
#[must_use]
pub fn replay(checks: &[Arc<Check>], events: Vec<Event>, scale: f64, lab: &str) -> Vec<CheckOutcome> {
    replay_all(checks, events, scale, lab).0
}

/// As [`replay`], with the timeline that the checks were judged on.
#[must_use]
pub fn replay_all(checks: &[Arc<Check>], events: Vec<Event>, scale: f64, lab: &str) -> (Vec<CheckOutcome>, Timeline) {
    let mut referees: Vec<_> = checks.iter().map(|check| Referee::new(Arc::clone(check), scale)).collect();
    let mut timeline = Timeline::default();
    for event in events {
        let seen = event.clone();
        timeline.append(event);
        for referee in &mut referees {
            referee.see(&seen, &timeline);
        }
    }
    let judged = Judged { referees, timeline, lab };
    let depth = judged.referees.len();
    let outcomes = judged.referees.iter().map(|referee| judged.outcome(referee, depth)).collect();
    (outcomes, judged.timeline)
}

/// A run that was judged to its end.
struct Judged<'a> {
    referees: Vec<Referee>,
    timeline: Timeline,
    lab: &'a str,
}

impl Judged<'_> {
    /// What a check came to. One that never began because of a check that it needs was skipped, also for those that blame it.
    fn outcome(&self, referee: &Referee, depth: usize) -> CheckOutcome {
        let check = referee.check();
        let unmet = |need: &&String| self.verdict(need, depth).is_some_and(|verdict| verdict != Verdict::Passed);
        match check.needs.iter().find(unmet) {
            Some(need) if self.timeline.check(&check.id).begun.is_none() => referee::skipped(check, self.lab, need),
            _ => referee.outcome(&self.timeline, self.lab, |other| self.verdict(other, depth)),
        }
    }

    /// The verdict of a check that another needs or blames. `depth` ends a circle, which lint refuses.
    fn verdict(&self, id: &str, depth: usize) -> Option<Verdict> {
        let next = depth.checked_sub(1)?;
        let referee = self.referees.iter().find(|referee| referee.check().id == id)?;
        Some(self.outcome(referee, next).verdict)
    }
}

#[cfg(test)]
mod tests;
