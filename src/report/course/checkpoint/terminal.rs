//! A checkpoint in a terminal.

use super::super::sheet::Sheet;
use super::super::{verdict, word};
use super::{Report, run};
use crate::outcome::Verdict;
use crate::report::terminal::Style;

/// The widest word of a check's mark.
const WORD: usize = "passed".len();
/// Where the facts about a run begin, under the check's name.
const INDENT: &str = "            ";

/// The report; `next` is the command that leads on.
#[must_use]
pub fn render(report: &Report, next: Option<&str>, style: &Style) -> String {
    let mut sheet = Sheet::new(style);
    sheet.heading(&format!("{}: {}", report.title(), report.result()));
    sheet.aside("", &report.facts().join(", "));
    for line in &report.checkpoint.lines {
        sheet.gap();
        let (mark, said) = if line.shown { (Verdict::Passed, "shown") } else { (Verdict::Skipped, "not shown yet") };
        sheet.marked("", mark, said, "not shown yet".len(), &line.line);
        for check in &line.checks {
            sheet.marked("  ", verdict(check.state), word(check.state), WORD, &check.check);
            if check.by.is_some() {
                sheet.aside(INDENT, &run(check));
            }
        }
    }
    sheet.gap();
    sheet.text("", &report.basis);
    if let Some(next) = next {
        sheet.command("Next: ", next);
    }
    sheet.finish()
}
