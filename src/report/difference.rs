//! What changed between two judgements of the same run, and how that is told.

use crate::outcome::{CheckOutcome, Late, Outcome, Verdict};
use crate::timeline::evidence::{Header, Judged};

/// The difference for one learner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The grade before, after what lateness cost, and the points that could be reached; `None` where the evidence does not tell.
    pub before: Option<(u32, u32)>,
    /// The same now.
    pub after: (u32, u32),
    /// Checks whose verdict or points differ.
    pub changes: Vec<Change>,
    /// The penalties for lateness in percent, before and now, where they differ.
    pub penalty: Option<(u8, u8)>,
}

/// A check that came to something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The check's id.
    pub check: String,
    /// Verdict, points and points that could be reached, before; `None` when it was not judged then.
    pub before: Option<(Verdict, u32, u32)>,
    /// The same now; `None` when there is no such check any more.
    pub after: Option<(Verdict, u32, u32)>,
}

impl Difference {
    /// Between what the evidence says that was judged and what it is judged now.
    #[must_use]
    pub fn between(header: &Header, now: &Outcome) -> Self {
        let late = |late: Option<&Late>| late.map_or(0, |late| late.penalty_percent);
        let (then, today) = (late(header.late.as_ref()), late(now.late.as_ref()));
        let sum = |part: fn(&Judged) -> u32| header.judged.iter().map(part).sum::<u32>();
        let score = header.late.as_ref().map_or_else(|| sum(|judged| judged.points), |late| late.score);
        let before = (!header.judged.is_empty()).then(|| (score, sum(|judged| judged.max_points)));
        let told = |judged: &Judged| (judged.verdict, judged.points, judged.max_points);
        let tells = |check: &CheckOutcome| (check.verdict, check.points, check.max_points);
        let mut changes = Vec::new();
        for check in now.checks.iter().filter(|_| before.is_some()) {
            let old = header.judged.iter().find(|judged| judged.check == check.id).map(told);
            let new = Some(tells(check));
            if old != new {
                changes.push(Change { check: check.id.clone(), before: old, after: new });
            }
        }
        let gone = header.judged.iter().filter(|judged| !now.checks.iter().any(|check| check.id == judged.check));
        changes.extend(gone.map(|judged| Change { check: judged.check.clone(), before: Some(told(judged)), after: None }));
        Self { before, after: (now.grade(), now.max_score), changes, penalty: (then != today).then_some((then, today)) }
    }

    /// Whether all is as it was.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.before == Some(self.after) && self.changes.is_empty() && self.penalty.is_none()
    }
}

/// One line for a learner, with a line for each check that changed. Not cleaned: a learner's name may hold anything.
#[must_use]
pub fn words(who: &str, difference: &Difference) -> Vec<String> {
    let (points, most) = difference.after;
    let head = match difference.before {
        None => format!("{who}: {points} of {most}; what it came to before is not in the file"),
        Some((before, old)) if old == most => format!("{who}: {before} → {points} of {most}"),
        Some((before, old)) => format!("{who}: {before} of {old} → {points} of {most}"),
    };
    let told = |side: Option<(Verdict, u32, u32)>, none: &str| match side {
        None => none.to_owned(),
        Some((verdict, points, most)) => format!("{} {points}/{most}", verdict.word()),
    };
    let mut lines = vec![head];
    lines.extend(difference.penalty.map(|(before, after)| format!("  late penalty {before} % → {after} %")));
    lines.extend(difference.changes.iter().map(|change| {
        format!("  {}: {} → {}", change.check, told(change.before, "not judged"), told(change.after, "no such check any more"))
    }));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::evidence::SCHEMA;

    fn outcome() -> Outcome {
        crate::report::json::read(include_str!("../../fixtures/outcomes/no-flush.json")).unwrap()
    }

    fn header(outcome: &Outcome) -> Header {
        Header {
            schema: SCHEMA.to_owned(),
            lab: outcome.lab.clone(),
            lab_text: String::new(),
            selected: Vec::new(),
            timeout_scale: 1.0,
            run: outcome.run.clone(),
            judged: outcome.checks.iter().map(Judged::of).collect(),
            late: None,
            withheld: 0,
        }
    }

    #[test]
    fn the_same_is_no_difference() {
        let outcome = outcome();
        let difference = Difference::between(&header(&outcome), &outcome);
        assert!(difference.is_none(), "{difference:?}");
    }

    #[test]
    fn every_kind_of_change_is_told() {
        let mut now = outcome();
        let mut header = header(&now);
        let before = now.score;
        let at = now.checks.iter().position(|check| check.verdict == Verdict::Passed).unwrap();
        let (id, points) = (now.checks[at].id.clone(), now.checks[at].points);
        (now.checks[at].verdict, now.checks[at].points) = (Verdict::Failed, 0);
        now.score -= points;
        header.judged.push(Judged { check: "gone".to_owned(), verdict: Verdict::Failed, points: 0, max_points: 5 });
        now.checks.push(CheckOutcome { id: "new".to_owned(), ..crate::outcome::sample("new") });
        now.late = Some(Late { due: 0, extended: false, grace_s: 0, late_s: Some(7), penalty_percent: 10, score: 1 });
        let said = words("ada", &Difference::between(&header, &now));
        let most = now.max_score;
        assert_eq!(said[0], format!("ada: {before} of {} → 1 of {most}", most + 5));
        assert_eq!(said[1], "  late penalty 0 % → 10 %");
        assert!(said.contains(&format!("  {id}: passed {points}/{points} → failed 0/{points}")), "{said:?}");
        assert!(said.contains(&"  new: not judged → passed 10/10".to_owned()), "{said:?}");
        assert_eq!(said.last().unwrap(), "  gone: failed 0/5 → no such check any more");
    }

    #[test]
    fn an_older_file_does_not_tell_what_was_before() {
        let now = outcome();
        let header = Header { judged: Vec::new(), ..header(&now) };
        let difference = Difference::between(&header, &now);
        assert!(!difference.is_none() && difference.changes.is_empty());
        assert!(words("ada", &difference)[0].ends_with("what it came to before is not in the file"));
    }
}
