//! A learner for tests: the course and the labs that kgrade carries, and results that are made up.

use std::time::{Duration, UNIX_EPOCH};

use crate::course::Course;
use crate::course::progress::{Entry, LabStanding};
use crate::lab::{Bindings, Lab, find};
use crate::outcome::{CheckOutcome, Verdict, sample, sample_run};

/// Monday, 5 January 2026, nine in the morning.
const MONDAY: u64 = 1_767_603_600;

/// The course and its labs.
pub fn carried() -> (Course, Vec<Lab>) {
    let bindings = Bindings { run_id: "course".into(), seed: 1 };
    let labs = find::names(None).unwrap().iter().map(|name| find::find(name, None).unwrap().resolve(&bindings).unwrap()).collect();
    (Course::of(None).unwrap().unwrap(), labs)
}

/// A learner with results.
pub struct Learner<'a> {
    /// The labs.
    pub labs: &'a [Lab],
    /// The results.
    pub entries: Vec<Entry>,
}

impl<'a> Learner<'a> {
    /// A learner without results.
    pub fn new(labs: &'a [Lab]) -> Self {
        Self { labs, entries: Vec::new() }
    }

    /// Where the learner stands.
    pub fn standings(&self) -> Vec<LabStanding<'_>> {
        self.labs.iter().map(|lab| LabStanding::of(lab, &self.entries)).collect()
    }

    /// On a day (0 is the first), all checks of a lab pass.
    pub fn passes_all(&mut self, day: u64, lab: &str) {
        self.runs(day, lab, |_| Verdict::Passed);
    }

    /// On a day, all checks but one pass.
    pub fn fails(&mut self, day: u64, lab: &str, failed: &str) {
        self.runs(day, lab, |id| if id == failed { Verdict::Failed } else { Verdict::Passed });
    }

    /// On a day, a run of a lab comes to this.
    pub fn runs(&mut self, day: u64, lab: &str, verdict: impl Fn(&str) -> Verdict) {
        let lab = self.labs.iter().find(|known| known.name == lab).unwrap();
        let checks = lab.checks.iter().map(|check| {
            let (verdict, max_points) = (verdict(&check.id), check.points);
            let points = if verdict == Verdict::Passed { max_points } else { 0 };
            CheckOutcome { verdict, points, max_points, criterion: check.criterion.clone(), ..sample(&check.id) }
        });
        let mut outcome = sample_run(checks.collect());
        (outcome.lab, outcome.run.checks_digest) = (lab.name.clone(), lab.digest.clone());
        let now = UNIX_EPOCH + Duration::from_secs(MONDAY + day * 86_400 + self.entries.len() as u64 * 60);
        self.entries.extend(Entry::of(&outcome, now));
    }
}
