//! The outcome as Markdown: a table of the checks, then each that has something to say.
//!
//! Nothing of a learner's is Markdown: all of it goes through [`escape`].

pub(super) mod escape;

use self::escape::{block, code, inline};
use super::terminal::{Style, tidy};
use super::{provenance, summary};
use crate::outcome::{CheckOutcome, Outcome, sanitize};

/// Titles in the table are cut after this many characters.
const TITLE: usize = 200;

/// The report.
///
/// # Errors
/// None: every outcome can be told.
pub fn render(outcome: &Outcome) -> anyhow::Result<String> {
    let mut page = head(outcome);
    for check in &outcome.checks {
        let lines = provenance::explained(check);
        if !lines.is_empty() {
            page.push_str(&format!("\n## {}\n\n{}", named(check), block(&lines)));
        }
    }
    page.push_str(&facts(outcome));
    Ok(page)
}

/// The heading, the sum and the table.
pub(super) fn head(outcome: &Outcome) -> String {
    let mut page = format!("# {}: {}\n\n", inline(&outcome.lab), inline(&outcome.title));
    page.push_str(&format!("**{}** · {}\n", summary::score(outcome), summary::counts(&outcome.checks)));
    let notes = [summary::not_a_grade(outcome), summary::late(outcome), summary::hidden(outcome)];
    for note in notes.into_iter().flatten() {
        page.push_str(&format!("\n{}\n", inline(&note)));
    }
    if !outcome.checks.is_empty() {
        page.push_str("\n| | check | points | what it asks for |\n|---|---|---:|---|\n");
    }
    for check in &outcome.checks {
        let (title, mark) = (sanitize::cut(&tidy(&check.title), TITLE), Style::FILE.mark(check.verdict));
        page.push_str(&format!("| {mark} {} | {} | {} | {} |\n", check.verdict.word(), code(&check.id), points(check), inline(&title)));
    }
    page
}

/// What the run was made with.
pub(super) fn facts(outcome: &Outcome) -> String {
    let mut lines = vec![format!("seed {}", outcome.run.seed)];
    lines.extend(summary::facts(outcome).iter().map(|fact| tidy(fact)));
    let list: String = lines.iter().map(|line| format!("- {}\n", inline(line))).collect();
    format!("\n## How this was graded\n\n{list}")
}

/// A check in a heading.
fn named(check: &CheckOutcome) -> String {
    format!("{} {} {}", Style::FILE.mark(check.verdict), code(&check.id), check.verdict.word())
}

/// The points of a check that was judged; a dash for one whose points are neither won nor lost.
pub(super) fn points(check: &CheckOutcome) -> String {
    match check.verdict {
        verdict if verdict.is_judged() => format!("{}/{}", check.points, check.max_points),
        _ => format!("–/{}", check.max_points),
    }
}
