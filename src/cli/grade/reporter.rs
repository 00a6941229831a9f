//! What is shown and written while the run lasts.

use std::sync::{Arc, Mutex, PoisonError};

use indexmap::IndexMap;

use super::{Polish, Run, outcome};
use crate::lab::{Check, Lab};
use crate::outcome::{CheckOutcome, Disclosure, Outcome, RunFacts};
use crate::report::live::Live;
use crate::report::{ReportTarget, watch};
use crate::run::referee::blank;
use crate::run::{Observer, Scene};

/// Shows the run while it lasts, and keeps the reports up to date: a run that is cut short leaves what was finished.
pub struct Reporter {
    live: Arc<Live>,
    lab: Lab,
    order: Vec<Arc<Check>>,
    facts: RunFacts,
    targets: Vec<ReportTarget>,
    polish: Arc<Polish>,
    ended: Mutex<Vec<CheckOutcome>>,
}

impl Reporter {
    /// A reporter for a run whose scene is set.
    pub fn new(run: &Run<'_>, scene: &Scene, live: Arc<Live>) -> Self {
        Self {
            live,
            lab: run.lab.clone(),
            order: run.checks.clone(),
            facts: scene.facts.clone(),
            targets: run.args.reports.clone(),
            polish: Arc::clone(&run.polish),
            ended: Mutex::default(),
        }
    }

    fn disclosure(&self, id: &str) -> Disclosure {
        self.order.iter().find(|check| check.id == id).map(|check| check.disclosure).unwrap_or_default()
    }

    /// The outcome as far as it is known: what has not ended is inconclusive.
    fn so_far(&self, ended: &[CheckOutcome]) -> Outcome {
        let known = |check: &Arc<Check>| match ended.iter().find(|outcome| outcome.id == check.id) {
            Some(outcome) => outcome.clone(),
            None => {
                let mut open = CheckOutcome { message: watch::NOT_YET.to_owned(), ..blank(check, &self.lab.name) };
                check.disclosure.apply(&mut open);
                open
            }
        };
        let checks = self.order.iter().map(known).collect();
        let mut outcome = outcome(&self.lab, checks, self.facts.clone(), IndexMap::new(), true);
        self.polish.outcome(&mut outcome);
        outcome
    }
}

impl Observer for Reporter {
    fn check_begun(&self, id: &str, title: &str) {
        let title = if self.disclosure(id) == Disclosure::None { "a check that is not shown" } else { title };
        self.live.check_begun(id, title);
    }

    fn check_now(&self, id: &str, doing: &str) {
        if self.disclosure(id) <= Disclosure::Actual {
            self.live.check_now(id, doing);
        }
    }

    fn check_ended(&self, check: &CheckOutcome) {
        self.live.check_ended(check);
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.push(check.clone());
        let so_far = self.so_far(&ended);
        for target in &self.targets {
            // The last writing, at the end of the run, reports what goes wrong.
            if let Err(error) = target.write(&so_far) {
                tracing::warn!(error = format!("{error:#}"), "write a report");
            }
        }
    }
}
