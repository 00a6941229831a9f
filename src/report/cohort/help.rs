//! Who may need help, by rules that the page tells.

use super::{Cohort, Entry, Graded, rates};
use crate::outcome::Verdict;
use crate::report::words::count;

/// Below this share of the points, in percent, somebody may need help.
const LOW: u64 = 50;
/// A check that so many pass, in percent, is one that nearly everybody can.
const EASY: u64 = 80;
/// So many of those missed are a pattern.
const MISSED: usize = 2;
/// Fewer graded submissions say nothing of what nearly everybody can.
const ENOUGH: usize = 5;

/// The rules, in words.
pub fn rule() -> String {
    format!(
        "Named are those with less than {LOW} % of the points, and those who did not pass at least {MISSED} checks that {EASY} % of the cohort \
         passed (when {ENOUGH} or more were graded). It is a hint where to look first, not a judgement."
    )
}

/// Those who may need help, each with the reason, the lowest score first.
pub fn needed(cohort: &Cohort) -> Vec<(&Entry, String)> {
    let graded: Vec<(&Entry, &Graded)> = cohort.graded().collect();
    let easy: Vec<&str> = rates::rates(cohort).iter().filter(|rate| rate.percent() >= Some(EASY)).map(|rate| rate.id).collect();
    let enough = graded.len() >= ENOUGH;
    let mut needed: Vec<(u64, &Entry, String)> = Vec::new();
    for (entry, graded) in graded {
        // What came to no verdict is nobody's fault.
        let (mut won, mut decided) = (0, 0);
        for check in graded.checks.iter().filter(|check| !matches!(check.verdict, Verdict::Error | Verdict::Inconclusive)) {
            won += u64::from(check.points);
            decided += u64::from(check.max_points);
        }
        let lost = |id: &str| graded.checks.iter().any(|check| check.id == id && matches!(check.verdict, Verdict::Failed | Verdict::Skipped));
        let missed: Vec<&str> = easy.iter().copied().filter(|id| enough && lost(id)).collect();
        let percent = (won * 100).checked_div(decided);
        let mut reasons = Vec::new();
        reasons.extend(percent.filter(|percent| *percent < LOW).map(|_| format!("{won} of {}", count(decided, "point", "points"))));
        if missed.len() >= MISSED {
            reasons.push(format!("did not pass {}, which nearly everybody did", missed.join(" and ")));
        }
        if !reasons.is_empty() {
            needed.push((percent.unwrap_or(0), entry, reasons.join("; ")));
        }
    }
    needed.sort_by_key(|(percent, ..)| *percent);
    needed.into_iter().map(|(_, entry, reason)| (entry, reason)).collect()
}
