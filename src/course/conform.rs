//! Whether a program of a course was graded as its author says.

use super::expect::Expect;
use crate::outcome::{CheckOutcome, Outcome, Verdict};

/// What a program is to come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// It passes every check.
    Right,
    /// It fails exactly these checks, and those that need them are skipped.
    Wrong(Expect),
    /// It fails at least one check, and is graded without an error.
    Untouched,
}

/// Something that came to be other than it was to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What was to be.
    pub expected: String,
    /// What came.
    pub observed: String,
}

impl Wanted {
    /// Each difference between what was to be and what came; none when it is as it should be.
    #[must_use]
    pub fn differences(&self, outcome: &Outcome) -> Vec<Difference> {
        let checks = &outcome.checks;
        if checks.is_empty() {
            return vec![Difference { expected: "a grade".to_owned(), observed: "no check was graded".to_owned() }];
        }
        match self {
            Self::Right => checks.iter().filter_map(|check| difference(check, Verdict::Passed)).collect(),
            Self::Wrong(expect) => {
                let wanted = |check: &CheckOutcome| match &check.id {
                    id if expect.fails.contains(id) => Verdict::Failed,
                    id if expect.skips.contains(id) => Verdict::Skipped,
                    _ => Verdict::Passed,
                };
                let mut found: Vec<_> = checks.iter().filter_map(|check| difference(check, wanted(check))).collect();
                let named = expect.fails.iter().map(|id| (id, "fails")).chain(expect.skips.iter().map(|id| (id, "is skipped")));
                let absent = named.filter(|(id, _)| checks.iter().all(|check| check.id != **id));
                found.extend(
                    absent
                        .map(|(id, verb)| Difference { expected: format!("`{id}` {verb}"), observed: "there is no such check".to_owned() }),
                );
                found
            }
            Self::Untouched => untouched(checks),
        }
    }
}

fn untouched(checks: &[CheckOutcome]) -> Vec<Difference> {
    let broken = checks.iter().filter(|check| check.verdict == Verdict::Error);
    let mut found: Vec<_> =
        broken.map(|check| Difference { expected: format!("`{}` comes to a verdict", check.id), observed: observed(check) }).collect();
    if checks.iter().all(|check| check.verdict != Verdict::Failed) {
        let all = checks.iter().map(|check| format!("`{}` {}", check.id, was(check.verdict))).collect::<Vec<_>>().join(", ");
        let observed = if checks.iter().all(|check| check.verdict == Verdict::Passed) { "every check passed".to_owned() } else { all };
        found.push(Difference { expected: "at least one check fails".to_owned(), observed });
    }
    found
}

fn difference(check: &CheckOutcome, wanted: Verdict) -> Option<Difference> {
    let is = match wanted {
        Verdict::Passed => "passes",
        Verdict::Failed => "fails",
        Verdict::Skipped => "is skipped",
        Verdict::Error => "meets an error",
        Verdict::Inconclusive => "is inconclusive",
    };
    (check.verdict != wanted).then(|| Difference { expected: format!("`{}` {is}", check.id), observed: observed(check) })
}

fn observed(check: &CheckOutcome) -> String {
    let what = format!("`{}` {}", check.id, was(check.verdict));
    if check.message.is_empty() || check.verdict == Verdict::Passed { what } else { format!("{what}: {}", check.message) }
}

fn was(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::Skipped => "was skipped",
        Verdict::Error => "met an error",
        Verdict::Inconclusive => "was inconclusive",
    }
}

#[cfg(test)]
mod tests {
    use Verdict::{Error, Failed, Inconclusive, Passed, Skipped};

    use super::*;
    use crate::outcome::{sample, sample_run};

    fn told(wanted: &Wanted, verdicts: &[(&str, Verdict)]) -> Vec<String> {
        let check = |(id, verdict): &(&str, Verdict)| CheckOutcome { verdict: *verdict, message: format!("what {id} saw"), ..sample(id) };
        let outcome = sample_run(verdicts.iter().map(check).collect());
        wanted.differences(&outcome).into_iter().map(|found| format!("{} | {}", found.expected, found.observed)).collect()
    }

    fn wrong(fails: &[&str], skips: &[&str]) -> Wanted {
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        Wanted::Wrong(Expect { fails: ids(fails), skips: ids(skips), ..Expect::default() })
    }

    #[test]
    fn a_right_program_passes_everything() {
        assert!(told(&Wanted::Right, &[("a", Passed), ("b", Passed)]).is_empty());
        assert_eq!(
            told(&Wanted::Right, &[("a", Passed), ("b", Failed), ("c", Inconclusive)]),
            ["`b` passes | `b` failed: what b saw", "`c` passes | `c` was inconclusive: what c saw"]
        );
        assert_eq!(told(&Wanted::Right, &[]), ["a grade | no check was graded"]);
    }

    #[test]
    fn a_mistake_fails_what_it_names_and_nothing_else() {
        let wanted = wrong(&["a"], &["b"]);
        assert!(told(&wanted, &[("a", Failed), ("b", Skipped), ("c", Passed)]).is_empty());
        assert_eq!(
            told(&wanted, &[("a", Passed), ("b", Passed), ("c", Failed)]),
            ["`a` fails | `a` passed", "`b` is skipped | `b` passed", "`c` passes | `c` failed: what c saw"]
        );
        assert_eq!(told(&wrong(&["x"], &[]), &[("a", Passed)]), ["`x` fails | there is no such check"]);
        assert_eq!(told(&wrong(&["a"], &[]), &[("a", Error)]), ["`a` fails | `a` met an error: what a saw"]);
    }

    #[test]
    fn a_starter_fails_something_and_breaks_nothing() {
        assert!(told(&Wanted::Untouched, &[("a", Failed), ("b", Passed), ("c", Inconclusive)]).is_empty());
        assert_eq!(told(&Wanted::Untouched, &[("a", Passed), ("b", Passed)]), ["at least one check fails | every check passed"]);
        assert_eq!(
            told(&Wanted::Untouched, &[("a", Passed), ("b", Inconclusive)]),
            ["at least one check fails | `a` passed, `b` was inconclusive"]
        );
        assert_eq!(told(&Wanted::Untouched, &[("a", Failed), ("b", Error)]), ["`b` comes to a verdict | `b` met an error: what b saw"]);
    }
}
