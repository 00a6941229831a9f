//! How many pass each check.

use super::Cohort;
use crate::outcome::Verdict;

/// A check over the whole cohort.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate<'a> {
    /// The check's id.
    pub id: &'a str,
    /// Its title.
    pub title: &'a str,
    /// How many passed it.
    pub passed: u64,
    /// How many did not: failed, or skipped because of another that failed.
    pub lost: u64,
    /// For how many it came to no verdict.
    pub undecided: u64,
}

impl Rate<'_> {
    /// How many passed of those for whom it was decided, in percent; `None` when it was for nobody.
    pub fn percent(&self) -> Option<u64> {
        (self.passed * 100).checked_div(self.passed + self.lost)
    }
}

/// The checks of any submission, in the order in which they come first.
pub fn rates(cohort: &Cohort) -> Vec<Rate<'_>> {
    let mut rates: Vec<Rate<'_>> = Vec::new();
    for check in cohort.graded().flat_map(|(_, graded)| &graded.checks) {
        let nth = rates.iter().position(|rate| rate.id == check.id).unwrap_or_else(|| {
            rates.push(Rate { id: &check.id, title: &check.title, passed: 0, lost: 0, undecided: 0 });
            rates.len() - 1
        });
        let Some(rate) = rates.get_mut(nth) else { continue };
        match check.verdict {
            Verdict::Passed => rate.passed += 1,
            Verdict::Failed | Verdict::Skipped => rate.lost += 1,
            Verdict::Error | Verdict::Inconclusive => rate.undecided += 1,
        }
    }
    rates
}
