//! Keeping a run in the learner's progress.

use std::io::IsTerminal as _;
use std::path::Path;
use std::time::SystemTime;

use super::GradeArgs;
use crate::cli::output;
use crate::course::progress::Store;
use crate::outcome::{Outcome, Tier};

/// Keeps a run that is the learner's own. What goes wrong is said; the grade stays what it is.
pub fn keep(args: &GradeArgs, outcome: &Outcome) {
    let store = Store::at(&args.submission);
    let ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    let here = args.submission == Path::new(".");
    let own = Own {
        of_practice: outcome.run.tier == Tier::Practice && !args.hold && !args.hold_early,
        ci,
        here,
        seen: std::io::stderr().is_terminal(),
    };
    if !own.is_kept(store.exists()) {
        return;
    }
    match store.record(outcome, SystemTime::now()) {
        Ok(note) => note.iter().for_each(|note| output::note(&note.to_string())),
        Err(error) => output::note(&format!("your progress was not kept: {error}")),
    }
}

/// What tells a learner's own run from others.
#[derive(Debug, Clone, Copy)]
struct Own {
    /// It is neither official nor part of a cohort.
    of_practice: bool,
    /// It runs in somebody's CI, in a checkout that is thrown away.
    ci: bool,
    /// The work is where the learner stands.
    here: bool,
    /// Somebody looks on.
    seen: bool,
}

impl Own {
    /// Whether the run is kept: in a store that is there, or in a new one.
    fn is_kept(self, there: bool) -> bool {
        self.of_practice && !self.ci && (there || (self.here && self.seen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_learners_own_run_begins_a_store() {
        let own = Own { of_practice: true, ci: false, here: true, seen: true };
        assert!(own.is_kept(false) && own.is_kept(true));
        for other in [Own { here: false, ..own }, Own { seen: false, ..own }] {
            assert!(!other.is_kept(false) && other.is_kept(true), "{other:?}: kept where there is a store, and none is begun");
        }
        for never in [Own { ci: true, ..own }, Own { of_practice: false, ..own }] {
            assert!(!never.is_kept(true) && !never.is_kept(false), "{never:?}");
        }
    }
}
