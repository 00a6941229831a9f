//! Which checks run side by side: a check waits for those it needs and those it comes after.

use std::sync::Arc;

use crate::lab::Check;

/// The checks that a check waits for, as far as they are selected.
pub(super) fn waits_for<'a>(check: &'a Check, checks: &'a [Arc<Check>]) -> impl Iterator<Item = usize> + 'a {
    let before = check.needs.iter().chain(&check.after);
    before.filter_map(|id| checks.iter().position(|other| other.id == *id))
}

/// The checks in waves: those of one wave may run side by side once the waves before it have ended. Lint refuses cycles, so every check has a wave.
#[must_use]
pub fn waves(checks: &[Arc<Check>]) -> Vec<Vec<usize>> {
    let mut waves: Vec<Vec<usize>> = Vec::new();
    let mut done: Vec<usize> = Vec::new();
    while done.len() < checks.len() {
        let ready = |index: &usize, check: &Check| !done.contains(index) && waits_for(check, checks).all(|before| done.contains(&before));
        let wave: Vec<usize> = checks.iter().enumerate().filter(|(index, check)| ready(index, check)).map(|(index, _)| index).collect();
        if wave.is_empty() {
            break;
        }
        done.extend(&wave);
        waves.push(wave);
    }
    waves
}
