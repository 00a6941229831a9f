//! The referee of one check: watches the timeline and says what the check came to. Pure, so a saved run is judged by the same code.

use std::sync::Arc;
use std::time::Duration;

use super::clock::{Answers, Clock, Decision, Times};
use crate::kinds::{Answer, ExpectSpec, View};
use crate::lab::{Check, Placed, Span};
use crate::outcome::{CheckOutcome, Mismatch, OutputLine, Place, Verdict};
use crate::timeline::Timeline;
use crate::timeline::event::{Event, Phase, What};

/// How many of a program's last lines are shown with a failure.
const LINES_SHOWN: usize = 12;

/// Judges one check, event by event.
#[derive(Debug)]
pub struct Referee {
    check: Arc<Check>,
    clock: Clock,
    scale: f64,
    decision: Option<Decision>,
    /// A `given` that did not hold when the check was decided: then another check is to blame.
    unmet: Option<Mismatch>,
    ended: u64,
}

impl Referee {
    /// A referee for a check, with its time words stretched by `scale`.
    #[must_use]
    pub fn new(check: Arc<Check>, scale: f64) -> Self {
        let times = Times { within: check.within.get().mul_f64(scale), stable: check.stable.map_or(Duration::ZERO, Span::get) };
        let clock = Clock::new(times, check.always.len());
        Self { check, clock, scale, decision: None, unmet: None, ended: 0 }
    }

    /// The check.
    #[must_use]
    pub fn check(&self) -> &Arc<Check> {
        &self.check
    }

    /// Whether the check is decided.
    #[must_use]
    pub fn is_decided(&self) -> bool {
        self.decision.is_some()
    }

    /// Takes an event that is on the timeline already. Events of other checks do not matter.
    pub fn see(&mut self, event: &Event, timeline: &Timeline) {
        let id = Arc::clone(&self.check);
        let own = |check: &str| check == id.id;
        let decision = match &event.what {
            _ if self.decision.is_some() => None,
            What::CheckBegun { check } if own(check) && !timeline.is_cluster_usable() => self.without_cluster(event.at, timeline),
            What::Expecting { check } if own(check) => {
                self.clock.expect_from(event.at);
                None
            }
            What::Look { check, phase } if own(check) => self.look(event.at, *phase, timeline),
            What::ActionEnded { check, problem: Some(problem), .. } if own(check) => Some(Clock::problem(problem.clone(), event.at)),
            What::Broke { check, error } if own(check) => Some(broke(error.clone(), event.at)),
            _ => None,
        };
        if let What::CheckEnded { check } = &event.what
            && own(check)
        {
            self.ended = event.at;
        }
        if let Some(decision) = decision {
            self.decide(decision, timeline);
        }
        if let What::Withheld { check, verdict } = &event.what
            && own(check)
        {
            // Decided when it happened; nothing of that is here to decide it again.
            self.decision = Some(Decision { verdict: *verdict, mismatch: None, reason: None, remarks: Vec::new(), first_seen: event.at });
        }
    }

    fn decide(&mut self, mut decision: Decision, timeline: &Timeline) {
        if let Some((at, reason)) = timeline.cluster_died() {
            // Whatever went wrong after that is not the learner's.
            decision = broke(reason.clone(), *at);
        }
        if decision.verdict == Verdict::Passed
            && let Some((name, fault)) = timeline.faults(&self.check.id).find(|(_, fault)| fault.times() == 0)
        {
            let reason = format!("the fault `{name}` never acted ({}), so nothing shows what the program does then", fault.text);
            decision = Decision { verdict: Verdict::Inconclusive, reason: Some(reason), remarks: Vec::new(), ..decision };
        }
        if decision.verdict == Verdict::Failed
            && !decision.mismatch.as_ref().is_some_and(|mismatch| mismatch.settled)
            && let Some(strain) = timeline.strain(&self.check.id)
        {
            let found = decision.mismatch.as_ref().map_or("it failed", |mismatch| &*mismatch.message);
            let reason = format!(
                "{found}; but {}: this machine had too much to do, and that may be why. Run it again with less beside it",
                strain.told()
            );
            decision = Decision { verdict: Verdict::Inconclusive, mismatch: None, reason: Some(reason), ..decision };
        }
        if matches!(decision.verdict, Verdict::Failed | Verdict::Inconclusive) {
            let view = self.view(timeline);
            self.unmet = self.check.given.iter().find_map(|given| match given.spec.judge(&view) {
                Answer::Holds(evidence) if evidence.seen > 0 => None,
                Answer::Holds(_) => Some(Mismatch::new("nothing was seen that could be judged", "", "")),
                Answer::NotYet(mismatch) | Answer::Violated(mismatch) => Some(mismatch),
                Answer::NotShown(reason) => Some(Mismatch::new(reason, "", "")),
            });
        }
        self.decision = Some(decision);
    }

    /// On a learner's cluster that cannot be used, a check whose `given` says so is not begun: it could only wait for answers in vain.
    fn without_cluster(&self, at: u64, timeline: &Timeline) -> Option<Decision> {
        let view = self.view(timeline);
        self.check.given.iter().find_map(|given| match given.spec.judge(&view) {
            Answer::NotYet(mismatch) | Answer::Violated(mismatch) => Some(Clock::problem(mismatch, at)),
            Answer::Holds(_) | Answer::NotShown(_) => None,
        })
    }

    fn view<'a>(&'a self, timeline: &'a Timeline) -> View<'a> {
        View::new(timeline, &self.check.id, &self.check.data).stretched(self.scale)
    }

    fn look(&mut self, at: u64, phase: Phase, timeline: &Timeline) -> Option<Decision> {
        let view = self.view(timeline);
        let judge = |specs: &[Placed<ExpectSpec>]| specs.iter().map(|placed| placed.spec.judge(&view)).collect::<Vec<_>>();
        let answers = Answers {
            always: judge(&self.check.always),
            never: judge(&self.check.never),
            expect: if phase == Phase::Expecting { judge(&self.check.expect) } else { Vec::new() },
        };
        self.clock.look(at, phase, answers)
    }

    /// What the check came to. `blamed` tells the verdict of another check, for a `given` that did not hold.
    #[must_use]
    pub fn outcome(&self, timeline: &Timeline, lab: &str, blamed: impl Fn(&str) -> Option<Verdict>) -> CheckOutcome {
        let mut outcome = blank(&self.check, lab);
        let Some(decision) = &self.decision else {
            outcome.verdict = Verdict::Inconclusive;
            outcome.message = "the run was interrupted before this was decided".to_owned();
            outcome.hint = None;
            return outcome;
        };
        let begun = timeline.check(&self.check.id).begun.unwrap_or(0);
        outcome.verdict = decision.verdict;
        outcome.looks = self.clock.looks();
        outcome.first_seen_ms = Some(decision.first_seen / 1_000_000);
        outcome.duration_ms = self.ended.max(decision.first_seen).saturating_sub(begun) / 1_000_000;
        outcome.remarks.clone_from(&decision.remarks);
        if let Some(mismatch) = &decision.mismatch {
            explain(&mut outcome, mismatch);
        }
        if outcome.verdict == Verdict::Failed {
            outcome.read = self.check.reading(decision.mismatch.as_ref().and_then(|mismatch| mismatch.about), lab);
        }
        if let Some(reason) = &decision.reason {
            outcome.message.clone_from(reason);
        }
        if let Some(unmet) = &self.unmet {
            blame(&mut outcome, unmet, &self.check.blame, blamed);
        }
        match outcome.verdict {
            Verdict::Passed => {
                outcome.points = outcome.max_points;
                outcome.hint = None;
                outcome.next = None;
            }
            Verdict::Error | Verdict::Skipped => {
                outcome.hint = None;
                outcome.next = None;
            }
            Verdict::Failed | Verdict::Inconclusive => outcome.output = self.output(timeline),
        }
        self.check.disclosure.apply(&mut outcome);
        outcome
    }

    /// The last lines that the check's programs wrote.
    fn output(&self, timeline: &Timeline) -> Vec<OutputLine> {
        let instances = timeline.instances_of(&self.check.id);
        let lines = instances.iter().flat_map(|(name, instance)| {
            let program = name.split_once('/').map_or(&***name, |(_, short)| short).to_owned();
            let mut last: Vec<_> = timeline.lines(instance).rev().take(LINES_SHOWN).collect();
            last.reverse();
            last.into_iter().map(move |(at, stream, text)| OutputLine {
                program: program.clone(),
                stream: stream.name().to_owned(),
                at_ms: at / 1_000_000,
                text: text.to_owned(),
            })
        });
        lines.collect()
    }
}

fn broke(reason: String, at: u64) -> Decision {
    Decision { verdict: Verdict::Error, mismatch: None, reason: Some(reason), remarks: Vec::new(), first_seen: at }
}

fn explain(outcome: &mut CheckOutcome, mismatch: &Mismatch) {
    let filled = |text: &String| (!text.is_empty()).then(|| text.clone());
    outcome.message.clone_from(&mismatch.message);
    outcome.expected = filled(&mismatch.expected);
    outcome.observed = filled(&mismatch.observed);
    outcome.witnesses.clone_from(&mismatch.witnesses);
    outcome.more_witnesses = mismatch.more;
    outcome.cause.clone_from(&mismatch.cause);
    outcome.moment.clone_from(&mismatch.moment);
}

/// What this check lacked is another's to answer for, when that one failed. When that one passed there is no excuse: the verdict stands.
fn blame(outcome: &mut CheckOutcome, unmet: &Mismatch, others: &[String], blamed: impl Fn(&str) -> Option<Verdict>) {
    let lacks = &unmet.message;
    let verdicts: Vec<_> = others.iter().filter_map(|other| blamed(other).map(|verdict| (other, verdict))).collect();
    let find = |wanted: &[Verdict]| verdicts.iter().find(|(_, verdict)| wanted.contains(verdict));
    if let Some((other, verdict)) = find(&[Verdict::Failed, Verdict::Skipped]) {
        let was = if *verdict == Verdict::Failed { "failed" } else { "could not be judged" };
        outcome.verdict = Verdict::Skipped;
        outcome.message = format!("not judged, because `{other}` {was}: {lacks}");
        (outcome.expected, outcome.observed, outcome.cause, outcome.read, outcome.moment) = (None, None, None, None, None);
        outcome.witnesses.clear();
        outcome.more_witnesses = 0;
    } else if let Some((other, _)) = find(&[Verdict::Error, Verdict::Inconclusive]) {
        outcome.verdict = Verdict::Inconclusive;
        outcome.message = format!("cannot be judged: {lacks}, and `{other}` could not be judged either");
    }
}

/// The outcome of a check of which nothing is known yet.
#[must_use]
pub fn blank(check: &Check, lab: &str) -> CheckOutcome {
    CheckOutcome {
        id: check.id.clone(),
        title: check.title.clone(),
        criterion: check.criterion.clone(),
        verdict: Verdict::Inconclusive,
        points: 0,
        max_points: check.points,
        message: String::new(),
        expected: None,
        observed: None,
        witnesses: Vec::new(),
        more_witnesses: 0,
        cause: None,
        read: None,
        moment: None,
        remarks: Vec::new(),
        hint: Some(check.hint.clone()),
        next: Some(format!("kgrade {lab} --only {}", check.id)),
        place: Some(Place { file: check.place.file.to_string(), line: check.place.line, column: check.place.col }),
        looks: 0,
        first_seen_ms: None,
        duration_ms: 0,
        output: Vec::new(),
        disclosure: check.disclosure,
    }
}

/// The outcome of a check that was not run because one that it needs did not pass.
#[must_use]
pub fn skipped(check: &Check, lab: &str, need: &str) -> CheckOutcome {
    let mut outcome = blank(check, lab);
    outcome.verdict = Verdict::Skipped;
    outcome.message = format!("not judged, because `{need}` did not pass");
    (outcome.hint, outcome.next) = (None, None);
    check.disclosure.apply(&mut outcome);
    outcome
}

#[cfg(test)]
mod tests;
