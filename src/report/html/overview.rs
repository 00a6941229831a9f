//! The list of all checks, and the choice which of them are shown. The choice is made by the style sheet: it needs no script.

use super::checks::{has_more, id};
use super::sign;
use crate::outcome::{CheckOutcome, Outcome, Verdict};
use crate::report::page::escape::text;

/// Writes the list.
pub fn write(page: &mut String, outcome: &Outcome) {
    page.push_str("<section id=\"checks\" aria-labelledby=\"checks-title\" tabindex=\"-1\">\n<h2 id=\"checks-title\">Checks</h2>\n");
    let open = outcome.checks.iter().filter(|check| check.verdict != Verdict::Passed).count();
    if open > 0 && open < outcome.checks.len() {
        page.push_str(&format!(
            "<fieldset class=\"filter\"><legend>Show</legend>\
             <label><input type=\"radio\" name=\"show\" id=\"show-all\" checked> all ({})</label>\
             <label><input type=\"radio\" name=\"show\" id=\"show-open\"> not passed ({open})</label></fieldset>\n",
            outcome.checks.len()
        ));
    }
    if outcome.checks.is_empty() {
        page.push_str("<p>no checks</p>\n");
    } else {
        page.push_str("<ol class=\"list\">\n");
        for (nth, check) in outcome.checks.iter().enumerate() {
            row(page, nth, check);
        }
        page.push_str("</ol>\n");
    }
    page.push_str("</section>\n");
}

fn row(page: &mut String, nth: usize, check: &CheckOutcome) {
    let title = text(&check.title);
    let title = if has_more(check) { format!("<a href=\"#{}\">{title}</a>", id(nth)) } else { title };
    let criterion = check.criterion.as_deref().map(|criterion| format!("<span class=\"criterion\">{}</span>", text(criterion)));
    page.push_str(&format!(
        "<li class=\"row of-{0}\"><span class=\"verdict {0}\"><span aria-hidden=\"true\">{1}</span> {0}</span>\
         <span class=\"what\"><span class=\"title\">{title}</span><code class=\"id\">{2}</code>{3}</span>\
         <span class=\"points\"><b>{4}</b> of {5}</span></li>\n",
        check.verdict.word(),
        sign(check.verdict),
        text(&check.id),
        criterion.unwrap_or_default(),
        points(check),
        check.max_points,
    ));
}

/// The points reached; a dash where they were neither won nor lost.
pub fn points(check: &CheckOutcome) -> String {
    match check.verdict {
        Verdict::Passed | Verdict::Failed | Verdict::Skipped => check.points.to_string(),
        Verdict::Error | Verdict::Inconclusive => "–".to_owned(),
    }
}
