//! What the checks come to, in words.

use super::words::count;
use crate::outcome::{CheckOutcome, Outcome, RunFacts, Tier, Verdict};

/// The score, for example `65 of 100 points`.
#[must_use]
pub fn score(outcome: &Outcome) -> String {
    format!("{} of {}", outcome.score, count(u64::from(outcome.max_score), "point", "points"))
}

/// How many checks had which verdict, for example `5 passed, 1 failed, 1 skipped`.
#[must_use]
pub fn counts(checks: &[CheckOutcome]) -> String {
    let said: Vec<String> = [Verdict::Passed, Verdict::Failed, Verdict::Error, Verdict::Inconclusive, Verdict::Skipped]
        .into_iter()
        .filter_map(|verdict| {
            let n = checks.iter().filter(|check| check.verdict == verdict).count() as u64;
            let many = if verdict == Verdict::Error { "errors" } else { verdict.word() };
            (n > 0).then(|| count(n, verdict.word(), many))
        })
        .collect();
    if said.is_empty() { "no checks".to_owned() } else { said.join(", ") }
}

/// Why the score is not a grade, and what to do about it; `None` when it is one.
#[must_use]
pub fn not_a_grade(outcome: &Outcome) -> Option<String> {
    if outcome.interrupted {
        return Some("this is not a grade: the run was interrupted. Run it again to its end.".to_owned());
    }
    if outcome.complete {
        return None;
    }
    let ids = |verdict: Verdict| -> Vec<&str> {
        outcome.checks.iter().filter(|check| check.verdict == verdict).map(|check| check.id.as_str()).collect()
    };
    let (errors, undecided) = (ids(Verdict::Error), ids(Verdict::Inconclusive));
    let mut why = Vec::new();
    if !errors.is_empty() {
        why.push(format!("{} met an error of the grader or of its environment, which is not your mistake", list(&errors)));
    }
    if !undecided.is_empty() {
        why.push(format!("{} could be shown neither right nor wrong", list(&undecided)));
    }
    let (why, then) = match (why.is_empty(), outcome.checks.is_empty()) {
        (true, true) => ("no check was selected".to_owned(), "Select at least one."),
        (true, false) => ("the run did not reach its end".to_owned(), "Run it again."),
        (false, _) if errors.is_empty() => (why.join("; "), "See above what was missing, then run it again."),
        (false, _) => (why.join("; "), "Run it again; if it stays so, report it with the seed and the message above."),
    };
    Some(format!("this is not a grade: {why}. {then}"))
}

/// What the run was made with, one fact each: tier, versions, digests, commit.
#[must_use]
pub fn facts(outcome: &Outcome) -> Vec<String> {
    facts_of(&outcome.run)
}

/// As [`facts`], of a run.
#[must_use]
pub fn facts_of(run: &RunFacts) -> Vec<String> {
    let tier = match run.tier {
        Tier::Practice => "practice",
        Tier::Ci => "ci",
        Tier::Official => "official",
    };
    let broker = run
        .broker_version
        .as_deref()
        .map_or_else(|| format!("no Kafka reached ({})", run.cluster), |version| format!("Kafka {version} ({})", run.cluster));
    let digest = |name: &str, digest: &str| format!("{name} {}", digest.chars().take(12).collect::<String>());
    let mut facts = vec![format!("tier {tier}"), format!("kgrade {}", run.kgrade), broker, digest("checks", &run.checks_digest)];
    facts.extend(run.submission_digest.as_deref().map(|hex| digest("submission", hex)));
    facts.extend(run.commit.as_deref().map(|hex| digest("commit", hex)));
    facts
}

/// `a`, `a and b`, `a, b and c`.
fn list(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
