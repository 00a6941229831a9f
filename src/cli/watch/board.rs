//! What is known of the checks of a lab, and what of it has to be found out anew.

use std::collections::BTreeSet;

use crate::lab::Lab;
use crate::outcome::{CheckOutcome, Outcome, Verdict};
use crate::report::watch::{NOT_YET, Shown, State};

/// The checks of a lab.
pub struct Board {
    checks: Vec<Shown>,
    due: BTreeSet<String>,
}

impl Board {
    /// Nothing is known, and everything is due.
    pub fn of(lab: &Lab) -> Self {
        let shown = |check: &crate::lab::Check| Shown {
            id: check.id.clone(),
            title: check.title.clone(),
            max_points: check.points,
            outcome: None,
            state: State::Due,
        };
        let mut board = Self { checks: lab.checks.iter().map(shown).collect(), due: BTreeSet::new() };
        board.all_due();
        board
    }

    /// The checks, in the order of the lab.
    pub fn checks(&self) -> &[Shown] {
        &self.checks
    }

    /// Whether something is to be graded.
    pub fn is_due(&self) -> bool {
        !self.due.is_empty()
    }

    /// Everything is to be graded.
    pub fn all_due(&mut self) {
        self.due_are(self.checks.iter().map(|check| check.id.clone()).collect());
    }

    /// These, too, are to be graded.
    pub fn due_are(&mut self, ids: BTreeSet<String>) {
        for check in self.checks.iter_mut().filter(|check| ids.contains(&check.id)) {
            check.state = State::Due;
        }
        self.due.extend(ids);
    }

    /// The work is another one now, and these checks may come to something else. The others keep what they came to, and it is said that it is from before.
    pub fn changed(&mut self, affected: BTreeSet<String>) {
        for check in self.checks.iter_mut().filter(|check| check.state == State::Judged) {
            check.state = State::Earlier;
        }
        self.due_are(affected);
    }

    /// What is due, to be graded now: first what failed, then what was never judged, then the rest.
    pub fn take_due(&mut self) -> Vec<String> {
        let rank = |shown: &&Shown| match shown.outcome.as_ref().map(|outcome| outcome.verdict) {
            Some(Verdict::Failed) => 0,
            Some(Verdict::Error | Verdict::Inconclusive | Verdict::Skipped) => 1,
            None => 2,
            Some(Verdict::Passed) => 3,
        };
        let due = std::mem::take(&mut self.due);
        let mut asked: Vec<&Shown> = self.checks.iter().filter(|check| due.contains(&check.id)).collect();
        asked.sort_by_key(rank);
        asked.into_iter().map(|check| check.id.clone()).collect()
    }

    /// Gives back what [`Self::take_due`] took: it came to nothing.
    pub fn due_again(&mut self, asked: Vec<String>) {
        self.due_are(asked.into_iter().collect());
    }

    /// Enters what has been judged; a result that is not complete has checks that are not.
    pub fn enter(&mut self, outcome: &Outcome) {
        for judged in outcome.checks.iter().filter(|check| check.message != NOT_YET) {
            if let Some(shown) = self.checks.iter_mut().find(|shown| shown.id == judged.id) {
                (shown.outcome, shown.state) = (Some(judged.clone()), State::Judged);
            }
        }
    }

    /// What was not entered though it was asked for is no longer being graded; what is known of it is from before.
    pub fn give_up(&mut self) {
        for check in self.checks.iter_mut().filter(|check| check.state == State::Due && !self.due.contains(&check.id)) {
            check.state = State::Earlier;
        }
    }

    /// The checks that met an error of the machine or of kgrade in this result.
    pub fn broken(outcome: &Outcome) -> BTreeSet<String> {
        let of = |check: &&CheckOutcome| check.verdict == Verdict::Error;
        outcome.checks.iter().filter(of).map(|check| check.id.clone()).collect()
    }

    /// When all have passed, those of which it is known only from before the last change: what a change can affect is worked out from the files, and before
    /// somebody is told that all is right, it is looked at.
    pub fn doubtful(&self) -> BTreeSet<String> {
        let passed = |check: &Shown| check.outcome.as_ref().is_some_and(|outcome| outcome.verdict == Verdict::Passed);
        if !self.checks.iter().all(passed) {
            return BTreeSet::new();
        }
        self.checks.iter().filter(|check| check.state == State::Earlier).map(|check| check.id.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{Bindings, LabSource};
    use crate::report::json;

    fn board() -> Board {
        let check = |id: &str| format!("  - {{ id: {id}, title: T, points: 25, hint: h, expect: [ {{ topic: {{ name: t }} }} ] }}\n");
        let checks: String = ["a", "b", "c", "d"].map(check).concat();
        let text = format!("kgrade: 1\nlab: lab-90\ntitle: T\nchecks:\n{checks}");
        Board::of(&LabSource::parse("lab.yaml", &text).unwrap().resolve(&Bindings { run_id: "r".into(), seed: 1 }).unwrap())
    }

    fn outcome(verdicts: &[(&str, Verdict)]) -> Outcome {
        let mut outcome =
            json::read(&std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/outcomes/full-pass.json")).unwrap())
                .unwrap();
        let blank = outcome.checks[0].clone();
        let of = |(id, verdict): &(&str, Verdict)| CheckOutcome {
            id: (*id).to_owned(),
            verdict: *verdict,
            message: "m".to_owned(),
            ..blank.clone()
        };
        outcome.checks = verdicts.iter().map(of).collect();
        outcome
    }

    fn states(board: &Board) -> Vec<State> {
        board.checks().iter().map(|check| check.state).collect()
    }

    fn ids(ids: &[&str]) -> BTreeSet<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn failures_come_first_and_each_is_asked_for_once() {
        use Verdict::{Failed, Passed, Skipped};
        let mut board = board();
        assert_eq!(board.take_due(), ["a", "b", "c", "d"]);
        assert!(!board.is_due());
        board.enter(&outcome(&[("a", Passed), ("b", Skipped), ("c", Failed), ("d", Passed)]));
        board.all_due();
        assert_eq!(board.take_due(), ["c", "b", "a", "d"]);
    }

    #[test]
    fn what_a_change_cannot_affect_keeps_its_verdict_and_is_looked_at_before_all_is_right() {
        use Verdict::{Failed, Passed};
        let mut board = board();
        board.take_due();
        board.enter(&outcome(&[("a", Passed), ("b", Passed), ("c", Failed), ("d", Passed)]));
        board.changed(ids(&["c"]));
        assert_eq!(states(&board), [State::Earlier, State::Earlier, State::Due, State::Earlier]);
        assert_eq!((board.take_due(), board.doubtful()), (vec!["c".to_owned()], ids(&[])), "one has failed");
        board.enter(&outcome(&[("c", Passed)]));
        assert_eq!(board.doubtful(), ids(&["a", "b", "d"]));
        board.due_are(board.doubtful());
        board.take_due();
        board.enter(&outcome(&[("a", Passed), ("b", Passed), ("d", Passed)]));
        assert_eq!((states(&board), board.doubtful()), (vec![State::Judged; 4], ids(&[])));
    }

    #[test]
    fn what_is_not_decided_yet_is_not_entered_and_what_came_to_nothing_is_asked_for_again() {
        let mut board = board();
        let asked = board.take_due();
        let mut so_far = outcome(&[("a", Verdict::Failed), ("b", Verdict::Inconclusive)]);
        so_far.checks[1].message = NOT_YET.to_owned();
        board.enter(&so_far);
        assert_eq!(states(&board), [State::Judged, State::Due, State::Due, State::Due]);
        board.due_again(asked);
        assert_eq!(board.take_due(), ["a", "b", "c", "d"]);
        board.give_up();
        assert_eq!(states(&board), [State::Earlier; 4]);
    }
}
