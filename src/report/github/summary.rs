//! The outcome as the summary of a step in a GitHub workflow: Markdown, with each check's story folded.

use crate::outcome::{CheckOutcome, Outcome};
use crate::report::markdown::escape::block;
use crate::report::markdown::{facts, head};
use crate::report::page::escape::text;
use crate::report::provenance;
use crate::report::terminal::Style;
use crate::report::words::count;

/// The most bytes that GitHub takes from one step.
pub const LIMIT: usize = 1024 * 1024;

/// The summary of a step that has no other.
///
/// # Errors
/// None: every outcome can be told.
pub fn render(outcome: &Outcome) -> anyhow::Result<String> {
    Ok(within(outcome, LIMIT))
}

/// The summary in at most `limit` bytes; what is left out is said. Nothing when not even the table fits.
#[must_use]
pub fn within(outcome: &Outcome, limit: usize) -> String {
    let (mut page, facts) = (head(outcome), facts(outcome));
    let told: Vec<String> = outcome.checks.iter().filter_map(folded).collect();
    let mut left = 0;
    for story in &told {
        // The last hundred bytes are for the sentence below.
        if left == 0 && page.len() + story.len() + facts.len() + 100 <= limit {
            page.push_str(story);
        } else {
            left += 1;
        }
    }
    if left > 0 {
        page.push_str(&format!("\n{} not explained here: this page would be too long.\n", count(left, "check is", "checks are")));
    }
    page.push_str(&facts);
    page.push('\n');
    if page.len() <= limit { page } else { String::new() }
}

/// What there is to say about a check, folded up.
fn folded(check: &CheckOutcome) -> Option<String> {
    let lines = provenance::explained(check);
    let mark = Style::FILE.mark(check.verdict);
    let name = format!("{mark} <code>{}</code> {}", text(&check.id), check.verdict.word());
    (!lines.is_empty()).then(|| format!("\n<details><summary>{name}</summary>\n\n{}\n</details>\n", block(&lines)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Verdict, sample, sample_run};

    #[test]
    fn a_cut_is_said_and_the_table_stays() {
        let checks = (0..30).map(|at| {
            let mut check = sample(&format!("c{at}"));
            (check.verdict, check.points, check.message) = (Verdict::Failed, 0, "word ".repeat(150));
            check
        });
        let outcome = sample_run(checks.collect());
        let whole = within(&outcome, LIMIT);
        assert_eq!((whole.matches("<details>").count(), whole.contains("too long")), (30, false));
        let cut = within(&outcome, 12_000);
        let shown = cut.matches("<details>").count();
        assert!(cut.len() <= 12_000 && shown > 0 && cut.contains("| `c29` |"), "{cut}");
        assert!(cut.contains(&format!("{} checks are not explained here", 30 - shown)), "{cut}");
        assert_eq!(within(&outcome, 500), "");
    }
}
