//! What the checks come to, in words.

use super::words::count;
use crate::outcome::{CheckOutcome, Outcome, RunFacts, Tier, Verdict, no_sandbox};

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

/// Why the score is not a grade, and what to do about it; `None` when it is one. For reports that end with it.
#[must_use]
pub fn not_a_grade(outcome: &Outcome) -> Option<String> {
    why_no_grade(outcome, "above")
}

/// As [`not_a_grade`], for reports in which the checks stand `above` or `below`.
#[must_use]
pub fn why_no_grade(outcome: &Outcome, checks: &str) -> Option<String> {
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
        (true, true) => ("no check was selected".to_owned(), "Select at least one.".to_owned()),
        (true, false) => ("the run did not reach its end".to_owned(), "Run it again.".to_owned()),
        (false, _) if errors.is_empty() => (why.join("; "), format!("See {checks} what was missing, then run it again.")),
        (false, _) => (why.join("; "), format!("Run it again; if it stays so, report it with the seed and the message {checks}.")),
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
    let mut facts = vec![format!("tier {tier}"), format!("kgrade {}", run.kgrade), broker];
    // A client names itself: a word of kgrade's comes first, so that its name cannot pass for another fact.
    facts.extend(run.clients.iter().map(|client| format!("client {client}")));
    facts.push(if run.sandbox == no_sandbox() { "no sandbox".to_owned() } else { format!("sandbox {}", run.sandbox) });
    facts.push(digest("checks", &run.checks_digest));
    facts.extend(run.submission_digest.as_deref().map(|hex| digest("submission", hex)));
    facts.extend(run.commit.as_deref().map(|hex| digest("commit", hex)));
    facts.extend(run.learner.as_deref().map(|learner| format!("learner {learner}")));
    facts.extend(run.workflow.as_ref().map(|workflow| format!("run {} of {}", workflow.url, workflow.workflow)));
    facts
}

/// What lateness makes of the score, for example `59 after the late penalty: 3 h after it was due, less 10 %`; `None` where no rules were given.
#[must_use]
pub fn late(outcome: &Outcome) -> Option<String> {
    let late = outcome.late.as_ref()?;
    let due = if late.extended { "the extended due time" } else { "the due time" };
    Some(match (late.late_s, late.penalty_percent) {
        (None, _) => "the time of the commit is not known, so nothing is taken off for lateness".to_owned(),
        (Some(0), _) => format!("committed before {due}"),
        (Some(after), 0) => format!("committed {} after {due}: nothing is taken off", long(after)),
        (Some(after), percent) => format!("{} after the late penalty of {percent} %: committed {} after {due}", late.score, long(after)),
    })
}

/// How many checks do not tell everything, in a sentence; `None` when all do.
#[must_use]
pub fn hidden(outcome: &Outcome) -> Option<String> {
    match outcome.hidden() {
        0 => None,
        1 => Some("1 check does not show all that was seen: its author wants it so".to_owned()),
        many => Some(format!("{many} checks do not show all that was seen: their author wants it so")),
    }
}

/// A length of time in its two largest units, rounded down.
fn long(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => count(seconds, "second", "seconds"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, 0) => format!("{hours} h"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, 0, _) => count(days, "day", "days"),
        (days, hours, _) => format!("{} {hours} h", count(days, "day", "days")),
    }
}

/// `a`, `a and b`, `a, b and c`.
fn list(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
