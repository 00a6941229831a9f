//! The clock of a check: turns answers over time into a decision. Pure: it is told the time.
//!
//! Four words: `within` (eventually), `stable` (and still so), `always` (an invariant, sampled) and `never` (its mirror for events).
//! It keeps the last real mismatch, so that a failure says what was seen and not "timeout", and it refuses to pass on no evidence.

use std::time::Duration;

use crate::kinds::view::count;
use crate::kinds::{Answer, Evidence};
use crate::outcome::{Mismatch, Verdict};
use crate::timeline::event::Phase;

/// An invariant passes only when it was sampled at least so often.
const FEWEST_SAMPLES: u64 = 3;

/// The time words of a check, stretched already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// How long the expectations may take to hold, from the end of the actions.
    pub within: Duration,
    /// How long they must go on holding.
    pub stable: Duration,
}

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Never `Skipped`: that is decided above the check.
    pub verdict: Verdict,
    /// Why, when something does not hold.
    pub mismatch: Option<Mismatch>,
    /// Why, when it is no mismatch.
    pub reason: Option<String>,
    /// What is right but worth knowing.
    pub remarks: Vec<String>,
    /// When the final state was first seen, in nanoseconds since the run began.
    pub first_seen: u64,
}

/// The answers of one look, in the order of the lab file.
#[derive(Debug, Default)]
pub struct Answers {
    /// Of `always`.
    pub always: Vec<Answer>,
    /// Of `never`.
    pub never: Vec<Answer>,
    /// Of `expect`; empty while the actions run.
    pub expect: Vec<Answer>,
}

/// The state of a check between looks.
#[derive(Debug)]
pub struct Clock {
    times: Times,
    /// Per invariant: how often it was sampled, and whether its subject ever moved.
    samples: Vec<(u64, bool)>,
    /// Why something of `never` could not be seen at the last look, if that was so.
    unseen: Option<String>,
    expecting: Option<u64>,
    holds_since: Option<u64>,
    last: Option<(Mismatch, u64)>,
    looks: u64,
}

impl Clock {
    /// A clock for a check with so many invariants.
    #[must_use]
    pub fn new(times: Times, invariants: usize) -> Self {
        Self { times, samples: vec![(0, false); invariants], unseen: None, expecting: None, holds_since: None, last: None, looks: 0 }
    }

    /// The actions are done: `within` starts now.
    pub fn expect_from(&mut self, at: u64) {
        self.expecting = Some(at);
    }

    /// How often the check was looked at.
    #[must_use]
    pub fn looks(&self) -> u64 {
        self.looks
    }

    /// Takes one look's answers. `Some` when that decides the check.
    pub fn look(&mut self, at: u64, phase: Phase, answers: Answers) -> Option<Decision> {
        self.looks += 1;
        if let Some(decision) = self.invariants(at, &answers) {
            return Some(decision);
        }
        if phase == Phase::Acting {
            return None;
        }
        let began = self.expecting.unwrap_or(at);
        let elapsed = Duration::from_nanos(at.saturating_sub(began));
        match weigh(answers.expect) {
            Weight::Violated(mismatch) => {
                let first_seen = self.first_seen(&mismatch, at);
                Some(failed(mismatch, first_seen))
            }
            Weight::Holds(evidence) => {
                let since = *self.holds_since.get_or_insert(at);
                if Duration::from_nanos(at.saturating_sub(since)) < self.times.stable {
                    return None;
                }
                Some(self.conclude(evidence, since))
            }
            Weight::NotYet(mismatch) => {
                self.holds_since = None;
                let first_seen = self.first_seen(&mismatch, at);
                self.last = Some((mismatch.clone(), first_seen));
                (elapsed >= self.times.within).then(|| failed(mismatch, first_seen))
            }
            Weight::NotShown(reason) => {
                self.holds_since = None;
                (elapsed >= self.times.within).then(|| inconclusive(reason, at))
            }
        }
    }

    /// The learner's problem ended the actions.
    #[must_use]
    pub fn problem(mismatch: Mismatch, at: u64) -> Decision {
        failed(mismatch, at)
    }

    /// When this mismatch was first seen without a change since.
    fn first_seen(&self, mismatch: &Mismatch, at: u64) -> u64 {
        match &self.last {
            Some((last, since)) if last.message == mismatch.message && last.witnesses == mismatch.witnesses => *since,
            _ => at,
        }
    }

    fn invariants(&mut self, at: u64, answers: &Answers) -> Option<Decision> {
        for (sample, answer) in self.samples.iter_mut().zip(&answers.always) {
            match answer {
                Answer::Holds(evidence) => {
                    sample.0 += 1;
                    sample.1 |= evidence.seen > 0;
                }
                Answer::NotYet(mismatch) | Answer::Violated(mismatch) => return Some(failed(mismatch.clone(), at)),
                Answer::NotShown(_) => {}
            }
        }
        self.unseen = answers.never.iter().find_map(|answer| match answer {
            Answer::NotShown(reason) => Some(reason.clone()),
            _ => None,
        });
        for answer in &answers.never {
            if let Answer::Holds(evidence) = answer
                && evidence.seen > 0
            {
                let mismatch = Mismatch::new(
                    "what must never happen has happened",
                    "it never happens",
                    format!("seen {}", count(evidence.seen, "time")),
                );
                return Some(failed(mismatch.witnesses(evidence.witnesses.iter().cloned()), at));
            }
        }
        None
    }

    /// All expectations hold for long enough. Whether that is a pass depends on the invariants having seen something.
    fn conclude(&self, evidence: Evidence, since: u64) -> Decision {
        for (samples, moved) in &self.samples {
            if *samples < FEWEST_SAMPLES {
                return inconclusive(
                    format!("the invariant was sampled only {}: {FEWEST_SAMPLES} are needed", count(*samples, "time")),
                    since,
                );
            }
            if !moved {
                return inconclusive("what the invariant watches never moved, so it shows nothing".to_owned(), since);
            }
        }
        if let Some(reason) = &self.unseen {
            return inconclusive(reason.clone(), since);
        }
        Decision { verdict: Verdict::Passed, mismatch: None, reason: None, remarks: evidence.remarks, first_seen: since }
    }
}

fn failed(mismatch: Mismatch, first_seen: u64) -> Decision {
    Decision { verdict: Verdict::Failed, mismatch: Some(mismatch), reason: None, remarks: Vec::new(), first_seen }
}

fn inconclusive(reason: String, first_seen: u64) -> Decision {
    Decision { verdict: Verdict::Inconclusive, mismatch: None, reason: Some(reason), remarks: Vec::new(), first_seen }
}

enum Weight {
    Holds(Evidence),
    NotYet(Mismatch),
    Violated(Mismatch),
    NotShown(String),
}

/// All answers as one: a violation outweighs a mismatch, which outweighs what was not shown.
fn weigh(answers: Vec<Answer>) -> Weight {
    let mut evidence = Evidence::default();
    let mut not_yet = None;
    let mut not_shown = None;
    if answers.is_empty() {
        return Weight::NotShown("the check expects nothing".to_owned());
    }
    for answer in answers {
        match answer {
            Answer::Holds(more) if more.seen == 0 => not_shown = not_shown.or(Some("nothing was seen that could be judged".to_owned())),
            Answer::Holds(more) => {
                evidence.seen += more.seen;
                evidence.remarks.extend(more.remarks);
            }
            Answer::Violated(mismatch) => return Weight::Violated(mismatch),
            Answer::NotYet(mismatch) => not_yet = not_yet.or(Some(mismatch)),
            Answer::NotShown(reason) => not_shown = not_shown.or(Some(reason)),
        }
    }
    match (not_yet, not_shown) {
        (Some(mismatch), _) => Weight::NotYet(mismatch),
        (None, Some(reason)) => Weight::NotShown(reason),
        (None, None) => Weight::Holds(evidence),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn times(within: u64, stable: u64) -> Times {
        Times { within: Duration::from_secs(within), stable: Duration::from_secs(stable) }
    }

    fn expect(answer: Answer) -> Answers {
        Answers { expect: vec![answer], ..Answers::default() }
    }

    fn mismatch(message: &str) -> Mismatch {
        Mismatch::new(message, "", "")
    }

    #[test]
    fn passes_at_the_first_look_that_holds() {
        let mut clock = Clock::new(times(10, 0), 0);
        clock.expect_from(0);
        assert_eq!(clock.look(SECOND, Phase::Expecting, expect(Answer::NotYet(mismatch("no")))), None);
        let decision = clock.look(2 * SECOND, Phase::Expecting, expect(Answer::holds(1))).unwrap();
        assert_eq!(decision.verdict, Verdict::Passed);
    }

    #[test]
    fn fails_at_the_deadline_with_the_last_mismatch_and_when_it_was_first_seen() {
        let mut clock = Clock::new(times(3, 0), 0);
        clock.expect_from(0);
        assert_eq!(clock.look(SECOND, Phase::Expecting, expect(Answer::NotYet(mismatch("599")))), None);
        assert_eq!(clock.look(2 * SECOND, Phase::Expecting, expect(Answer::NotYet(mismatch("599")))), None);
        let decision = clock.look(3 * SECOND, Phase::Expecting, expect(Answer::NotYet(mismatch("599")))).unwrap();
        assert_eq!(decision.verdict, Verdict::Failed);
        assert_eq!(decision.mismatch.unwrap().message, "599");
        assert_eq!(decision.first_seen, SECOND);
    }

    #[test]
    fn stable_catches_one_record_too_many() {
        let mut clock = Clock::new(times(3, 2), 0);
        clock.expect_from(0);
        assert_eq!(clock.look(SECOND, Phase::Expecting, expect(Answer::holds(600))), None);
        assert_eq!(clock.look(2 * SECOND, Phase::Expecting, expect(Answer::NotYet(mismatch("601")))), None);
        let decision = clock.look(4 * SECOND, Phase::Expecting, expect(Answer::NotYet(mismatch("601")))).unwrap();
        assert_eq!(decision.verdict, Verdict::Failed);
    }

    #[test]
    fn stable_may_end_after_within() {
        let mut clock = Clock::new(times(3, 2), 0);
        clock.expect_from(0);
        assert_eq!(clock.look(2 * SECOND, Phase::Expecting, expect(Answer::holds(600))), None);
        assert_eq!(clock.look(3 * SECOND, Phase::Expecting, expect(Answer::holds(600))), None);
        assert_eq!(clock.look(4 * SECOND, Phase::Expecting, expect(Answer::holds(600))).unwrap().verdict, Verdict::Passed);
    }

    #[test]
    fn one_violation_of_an_invariant_decides_while_the_actions_run() {
        let mut clock = Clock::new(times(3, 0), 1);
        let sample = |answer| Answers { always: vec![answer], ..Answers::default() };
        assert_eq!(clock.look(1, Phase::Acting, sample(Answer::holds(1))), None);
        let decision = clock.look(2, Phase::Acting, sample(Answer::Violated(mismatch("ahead")))).unwrap();
        assert_eq!((decision.verdict, decision.first_seen), (Verdict::Failed, 2));
    }

    #[test]
    fn an_invariant_with_two_samples_or_a_still_subject_shows_nothing() {
        for (samples, seen) in [(2, 1), (5, 0)] {
            let mut clock = Clock::new(times(3, 0), 1);
            clock.expect_from(0);
            let mut decision = None;
            for look in 1..=samples {
                let phase = if look == samples { Phase::Expecting } else { Phase::Acting };
                let answers = Answers { always: vec![Answer::holds(seen)], expect: vec![Answer::holds(1)], never: Vec::new() };
                decision = clock.look(look, phase, answers);
            }
            assert_eq!(decision.unwrap().verdict, Verdict::Inconclusive);
        }
    }

    #[test]
    fn what_never_happens_is_told_with_witnesses_and_must_have_been_watched() {
        let never = |answer| Answers { never: vec![answer], expect: vec![Answer::holds(1)], always: Vec::new() };
        let mut clock = Clock::new(times(1, 0), 0);
        clock.expect_from(0);
        assert_eq!(clock.look(1, Phase::Expecting, never(Answer::NotYet(mismatch("no")))).unwrap().verdict, Verdict::Passed);
        let decision = clock.look(2, Phase::Expecting, never(Answer::NotShown("no connection was seen".to_owned()))).unwrap();
        assert_eq!((decision.verdict, decision.reason.as_deref()), (Verdict::Inconclusive, Some("no connection was seen")));
        let seen = Evidence { seen: 1, witnesses: vec!["JoinGroup at 1 s".to_owned()], ..Evidence::default() };
        let decision = clock.look(3, Phase::Acting, never(Answer::Holds(seen))).unwrap();
        assert_eq!(decision.mismatch.unwrap().witnesses, ["JoinGroup at 1 s"]);
    }

    #[test]
    fn holding_on_nothing_never_passes() {
        let mut clock = Clock::new(times(1, 0), 0);
        clock.expect_from(0);
        assert_eq!(clock.look(0, Phase::Expecting, expect(Answer::holds(0))), None);
        assert_eq!(clock.look(SECOND, Phase::Expecting, expect(Answer::holds(0))).unwrap().verdict, Verdict::Inconclusive);
    }
}
