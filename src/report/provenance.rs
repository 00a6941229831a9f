//! What a run was made with, as data: for the formats that other programs read.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::terminal::tidy;
use super::{detail, summary, terminal};
use crate::outcome::{CheckOutcome, Outcome, Tier};

/// The most lines of text about one check in a format that has no other bound.
const LINES: usize = 200;

/// A tier as one word.
pub fn tier(tier: Tier) -> &'static str {
    match tier {
        Tier::Practice => "practice",
        Tier::Ci => "ci",
        Tier::Official => "official",
    }
}

/// A moment in UTC, as RFC 3339 to the second; `None` when no calendar has it.
pub fn moment(unix: u64) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(i64::try_from(unix).ok()?).ok()?.format(&Rfc3339).ok()
}

/// The run: score and grade, why it is not one, what lateness costs, how much is hidden, and all facts. Texts are cleaned, each on one line.
pub fn run(outcome: &Outcome) -> Map<String, Value> {
    let run = &outcome.run;
    let text = |text: &String| tidy(text);
    let late = outcome.late.as_ref().map(|late| {
        json!({ "due": moment(late.due), "extended": late.extended, "grace_s": late.grace_s, "late_s": late.late_s,
            "penalty_percent": late.penalty_percent, "score": late.score })
    });
    let workflow = run.workflow.as_ref().map(|workflow| {
        json!({ "repository": tidy(&workflow.repository), "workflow": tidy(&workflow.workflow), "reference": tidy(&workflow.reference),
            "event": tidy(&workflow.event), "actor": tidy(&workflow.actor), "url": tidy(&workflow.url), "attempt": workflow.attempt })
    });
    let facts = [
        ("lab", json!(tidy(&outcome.lab))),
        ("title", json!(tidy(&outcome.title))),
        ("score", json!(outcome.score)),
        ("max_score", json!(outcome.max_score)),
        ("grade", json!(outcome.complete.then(|| outcome.grade()))),
        ("complete", json!(outcome.complete)),
        ("not_a_grade", json!(summary::not_a_grade(outcome).as_ref().map(text))),
        ("late", json!(late)),
        ("hidden_checks", json!(outcome.hidden())),
        ("tier", json!(tier(run.tier))),
        ("kgrade", json!(tidy(&run.kgrade))),
        ("kafka", json!(run.broker_version.as_ref().map(text))),
        ("cluster", json!(tidy(&run.cluster))),
        ("clients", json!(run.clients.iter().map(text).collect::<Vec<_>>())),
        ("sandbox", json!(tidy(&run.sandbox))),
        ("checks_digest", json!(tidy(&run.checks_digest))),
        ("submission_digest", json!(run.submission_digest.as_ref().map(text))),
        ("commit", json!(run.commit.as_ref().map(text))),
        ("committed_at", json!(run.committed_at.and_then(moment))),
        ("learner", json!(run.learner.as_ref().map(text))),
        ("seed", json!(run.seed)),
        ("run", json!(tidy(&run.id))),
        ("started_at", json!(moment(run.started_at))),
        ("workflow", json!(workflow)),
    ];
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The same for people, a line each: score, why it is not a grade, lateness, what is hidden, the seed, the facts.
pub fn lines(outcome: &Outcome) -> Vec<String> {
    let mut said = vec![format!("score: {}", summary::score(outcome)), format!("checks: {}", summary::counts(&outcome.checks))];
    said.extend(summary::not_a_grade(outcome));
    said.extend(summary::late(outcome));
    said.extend(summary::hidden(outcome));
    said.push(format!("seed {}", outcome.run.seed));
    said.extend(summary::facts(outcome));
    said.iter().map(|line| tidy(line)).filter(|line| !line.is_empty()).collect()
}

/// All that is said about a check that did not pass, and the remarks about one that did, as plain lines of at most 100 columns.
pub fn explained(check: &CheckOutcome) -> Vec<String> {
    let mut lines = terminal::laid_out(&detail::rows(check), &terminal::Style::FILE);
    let more = lines.len().saturating_sub(LINES);
    if more > 0 {
        lines.truncate(LINES);
        lines.push(format!("  ({more} more lines are not shown)"));
    }
    lines
}
