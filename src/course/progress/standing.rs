//! What a learner's runs come to: for each check, whether it is shown, and by which run.

use schemars::JsonSchema;
use serde::Serialize;

use super::entry::{Entry, EntryCheck};
use crate::lab::{Check, Lab, Owner};
use crate::outcome::Verdict;

/// Whether a check is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Its latest verdict is a pass; on a cluster of the learner's own, any.
    Passed,
    /// Its latest verdict is a failure.
    Failed,
    /// Nothing was judged yet.
    Open,
}

/// Where a learner stands with a check.
#[derive(Debug, Clone)]
pub struct CheckStanding<'a> {
    /// The check, as the lab has it now.
    pub check: &'a Check,
    /// Whether it is shown.
    pub state: State,
    /// The run that says so; `None` when nothing was judged.
    pub by: Option<&'a Entry>,
    /// Whether that run was graded by an earlier version of the lab.
    pub earlier: bool,
}

/// Where a learner stands with a lab.
#[derive(Debug, Clone)]
pub struct LabStanding<'a> {
    /// The lab, as it is now.
    pub lab: &'a Lab,
    /// Its checks, in its order.
    pub checks: Vec<CheckStanding<'a>>,
    /// How many runs there were.
    pub runs: usize,
    /// The last of them.
    pub last: Option<&'a Entry>,
}

impl<'a> LabStanding<'a> {
    /// What these runs say of this lab. Their order means nothing.
    #[must_use]
    pub fn of(lab: &'a Lab, entries: &'a [Entry]) -> Self {
        let runs: Vec<&Entry> = entries.iter().filter(|entry| entry.lab == lab.name).collect();
        let checks = lab.checks.iter().map(|check| CheckStanding::of(lab, check, &runs)).collect();
        Self { lab, checks, runs: runs.len(), last: runs.iter().copied().max_by_key(|entry| entry.time) }
    }

    /// The points of the checks that are shown, as the lab counts them now.
    #[must_use]
    pub fn score(&self) -> u32 {
        self.checks.iter().filter(|standing| standing.state == State::Passed).map(|standing| standing.check.points).sum()
    }

    /// How many checks are shown.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.checks.iter().filter(|standing| standing.state == State::Passed).count()
    }

    /// Whether every check is shown.
    #[must_use]
    pub fn is_done(&self) -> bool {
        !self.checks.is_empty() && self.passed() == self.checks.len()
    }
}

impl<'a> CheckStanding<'a> {
    /// The latest verdict of this version of the lab decides; without one, the latest of earlier versions. What was neither right nor wrong
    /// (skipped, inconclusive, an error) takes nothing away. On a cluster of the learner's own nothing does: it is stopped one day, and what was
    /// seen on it stays shown.
    fn of(lab: &Lab, check: &'a Check, runs: &[&'a Entry]) -> Self {
        let keeps = lab.cluster.owner == Owner::Learner;
        let judged = |entry: &&'a Entry| -> Option<(&'a Entry, &'a EntryCheck)> {
            let said = entry.checks.iter().find(|said| said.id == check.id && said.verdict.is_judged())?;
            Some((*entry, said))
        };
        let latest = |now: bool| {
            let of_version = runs.iter().filter(|entry| (entry.checks_digest == lab.digest) == now);
            // Two runs within a second: the better one, whatever their order in the file.
            of_version.filter_map(judged).max_by_key(|(entry, said)| {
                let passed = said.verdict == Verdict::Passed;
                (keeps && passed, entry.time, passed, entry.seed)
            })
        };
        let (found, earlier) = latest(true).map_or_else(|| (latest(false), true), |found| (Some(found), false));
        let state = match found {
            None => State::Open,
            Some((_, said)) if said.verdict == Verdict::Passed => State::Passed,
            Some(_) => State::Failed,
        };
        Self { check, state, by: found.map(|(entry, _)| entry), earlier: earlier && found.is_some() }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::lab::{Bindings, find};
    use crate::outcome::{CheckOutcome, sample, sample_run};
    use Verdict::{Error, Failed, Inconclusive, Passed, Skipped};

    fn lab() -> Lab {
        find::find("lab-02", None).unwrap().resolve(&Bindings { run_id: "r".into(), seed: 0 }).unwrap()
    }

    /// A run at a second, of a version of the lab, with what came of `keyed`.
    fn run(second: u64, digest: &str, verdict: Verdict) -> Entry {
        let mut outcome = sample_run(vec![CheckOutcome { verdict, ..sample("keyed") }]);
        outcome.run.checks_digest = digest.to_owned();
        Entry::of(&outcome, UNIX_EPOCH + Duration::from_secs(second)).unwrap()
    }

    fn keyed(lab: &Lab, entries: &[Entry]) -> (State, bool) {
        let standing = LabStanding::of(lab, entries);
        let keyed = standing.checks.iter().find(|standing| standing.check.id == "keyed").unwrap();
        (keyed.state, keyed.earlier)
    }

    #[test]
    fn the_latest_verdict_of_this_version_decides() {
        let lab = lab();
        let now = lab.digest.as_str();
        for (runs, said) in [
            (vec![], (State::Open, false)),
            (vec![run(1, now, Passed)], (State::Passed, false)),
            (vec![run(1, now, Passed), run(2, now, Failed)], (State::Failed, false)),
            (vec![run(2, now, Passed), run(1, now, Failed)], (State::Passed, false)),
            // Nothing that was not judged takes a pass away.
            (vec![run(1, now, Passed), run(2, now, Skipped), run(3, now, Error), run(4, now, Inconclusive)], (State::Passed, false)),
            (vec![run(1, now, Inconclusive)], (State::Open, false)),
            // An earlier version counts as long as this one says nothing.
            (vec![run(1, "old", Failed), run(2, "older", Passed)], (State::Passed, true)),
            (vec![run(9, "old", Passed), run(1, now, Failed)], (State::Failed, false)),
            (vec![run(9, "old", Passed), run(10, now, Skipped)], (State::Passed, true)),
            (vec![run(1, "old", Failed)], (State::Failed, true)),
            // Within a second, in any order.
            (vec![run(1, now, Passed), run(1, now, Failed)], (State::Passed, false)),
            (vec![run(1, now, Failed), run(1, now, Passed)], (State::Passed, false)),
        ] {
            assert_eq!(keyed(&lab, &runs), said, "{runs:?}");
        }
    }

    #[test]
    fn what_was_seen_on_a_cluster_of_the_learners_own_stays_shown() {
        let mut lab = lab();
        lab.cluster.owner = Owner::Learner;
        let now = lab.digest.as_str();
        for (runs, said) in [
            (vec![run(1, now, Passed), run(2, now, Failed)], (State::Passed, false)),
            (vec![run(1, now, Failed), run(2, now, Failed)], (State::Failed, false)),
            (vec![run(1, "old", Passed), run(2, now, Failed)], (State::Failed, false)),
        ] {
            assert_eq!(keyed(&lab, &runs), said, "{runs:?}");
        }
    }

    #[test]
    fn the_score_counts_by_the_lab_as_it_is_now() {
        let lab = lab();
        let other = Entry { lab: "lab-03".to_owned(), ..run(7, &lab.digest, Passed) };
        let entries = [run(1, &lab.digest, Passed), run(2, &lab.digest, Passed), other];
        let standing = LabStanding::of(&lab, &entries);
        assert_eq!((standing.score(), standing.passed(), standing.runs, standing.is_done()), (20, 1, 2, false));
        assert_eq!(standing.last.map(|entry| entry.time.0), Some(2));
    }
}
