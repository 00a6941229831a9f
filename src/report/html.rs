//! One page for a browser or for paper: the score, every check, what is wrong with those that did not pass, and what the run was made with.
//!
//! Everything is in the page's own text, so it can be read without its script; that only adds buttons. What is a learner's goes through
//! [`super::page::escape`], without exception.

mod checks;
mod facts;
mod overview;
mod result;

use super::Graded;
use super::page::Document;
use super::summary;
use crate::outcome::Verdict;

/// The word for it in `--report html=PATH`.
pub const NAME: &str = "html";

const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");

/// The page.
///
/// # Errors
/// None: every outcome can be told.
pub fn render(graded: &Graded<'_>) -> anyhow::Result<String> {
    let outcome = graded.outcome;
    let mut page = String::from("<a class=\"skip\" href=\"#checks\">to the checks</a>\n");
    result::write(&mut page, outcome);
    page.push_str("<main>\n");
    overview::write(&mut page, outcome);
    checks::write(&mut page, graded);
    facts::write(&mut page, outcome);
    page.push_str("</main>\n");
    let title = format!("{} · {} · kgrade", summary::score(outcome), outcome.lab);
    Ok(Document { title: &title, style: STYLE, script: SCRIPT, body: &page }.render())
}

/// A verdict as a sign: what its colour says, for those who do not see colours.
pub(super) fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "✓",
        Verdict::Failed => "✗",
        Verdict::Error => "!",
        Verdict::Inconclusive => "?",
        Verdict::Skipped => "–",
    }
}

/// A sentence with a capital letter at its beginning.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
