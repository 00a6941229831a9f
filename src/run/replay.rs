//! Judging a saved run again: the same referees, fed from a file, without a cluster.

use std::sync::Arc;

use super::referee::{self, Referee};
use crate::lab::Check;
use crate::outcome::{CheckOutcome, Verdict};
use crate::timeline::Timeline;
use crate::timeline::event::{Event, What};

/// Judges the checks on these events, which stand in order of time.
#[must_use]
pub fn replay(checks: &[Arc<Check>], events: Vec<Event>, scale: f64, lab: &str) -> Vec<CheckOutcome> {
    let mut referees: Vec<_> = checks.iter().map(|check| Referee::new(Arc::clone(check), scale)).collect();
    let mut timeline = Timeline::default();
    for event in events {
        let seen = event.clone();
        timeline.append(event);
        for referee in &mut referees {
            referee.see(&seen, &timeline);
        }
    }
    let begun =
        |check: &Check| timeline.events().iter().any(|event| matches!(&event.what, What::CheckBegun { check: id } if **id == check.id));
    let verdict = |id: &str| blamed(id, &referees, &timeline, lab, referees.len());
    referees
        .iter()
        .map(|referee| {
            let check = referee.check();
            match check.needs.iter().find(|need| verdict(need).is_some_and(|verdict| verdict != Verdict::Passed)) {
                Some(need) if !begun(check) => referee::skipped(check, lab, need),
                _ => referee.outcome(&timeline, lab, verdict),
            }
        })
        .collect()
}

fn blamed(id: &str, referees: &[Referee], timeline: &Timeline, lab: &str, depth: usize) -> Option<Verdict> {
    let next = depth.checked_sub(1)?;
    let referee = referees.iter().find(|referee| referee.check().id == id)?;
    Some(referee.outcome(timeline, lab, |other| blamed(other, referees, timeline, lab, next)).verdict)
}
