//! The head of the page: the score, whether it is a grade, and what came of the checks all together.

use super::facts;
use super::sentence;
use crate::outcome::{CheckOutcome, Outcome, Tier, Verdict};
use crate::report::page::escape::{prose, text};
use crate::report::summary;
use crate::report::words::count;

/// Writes the head.
pub fn write(page: &mut String, outcome: &Outcome) {
    let learner = outcome.run.learner.as_deref().map(|learner| format!(" · <span class=\"learner\">{}</span>", text(learner)));
    page.push_str(&format!(
        "<header>\n<p class=\"lab\">{}{}</p>\n<h1>{}</h1>\n",
        text(&outcome.lab),
        learner.unwrap_or_default(),
        text(&outcome.title)
    ));
    page.push_str(&format!(
        "<p class=\"score\"><strong>{}</strong> of {}</p>\n",
        outcome.score,
        count(u64::from(outcome.max_score), "point", "points")
    ));
    meter(page, outcome);
    match summary::why_no_grade(outcome, "below") {
        Some(why) => page.push_str(&format!("<p class=\"grade open\">{}</p>\n", prose(&sentence(&why)))),
        // On the learner's own machine nobody sees what was run.
        None if outcome.run.tier == Tier::Practice => page.push_str("<p class=\"grade\">Complete: every check came to a verdict.</p>\n"),
        None => page.push_str("<p class=\"grade\">This is a grade: every check came to a verdict.</p>\n"),
    }
    if let Some(late) = summary::late(outcome) {
        page.push_str(&format!("<p class=\"late\">{}</p>\n", text(&sentence(&late))));
    }
    page.push_str(&format!("<p class=\"tier\">{}</p>\n", facts::tier(outcome.run.tier)));
    page.push_str(&format!("<p class=\"counts\">{}</p>\n", summary::counts(&outcome.checks)));
    if let Some(hidden) = summary::hidden(outcome) {
        page.push_str(&format!("<p class=\"hidden-checks\">{}</p>\n", text(&sentence(&hidden))));
    }
    page.push_str("</header>\n");
}

/// The score as a bar: won, lost, not decided. The words beside it say the same.
fn meter(page: &mut String, outcome: &Outcome) {
    let all = |meant: fn(&CheckOutcome) -> bool| -> f64 {
        outcome.checks.iter().filter(|check| meant(check)).map(|check| f64::from(check.max_points)).sum()
    };
    let whole = all(|_| true);
    if whole <= 0.0 {
        return;
    }
    let won = f64::from(outcome.score).min(whole);
    let open = all(|check| matches!(check.verdict, Verdict::Error | Verdict::Inconclusive));
    page.push_str("<p class=\"meter\" aria-hidden=\"true\">");
    for (class, points) in [("won", won), ("lost", (whole - won - open).max(0.0)), ("undecided", open)] {
        if points > 0.0 {
            page.push_str(&format!("<i class=\"{class}\" style=\"width:{:.2}%\"></i>", points / whole * 100.0));
        }
    }
    page.push_str("</p>\n");
}
