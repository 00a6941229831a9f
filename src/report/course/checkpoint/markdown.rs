//! A checkpoint as Markdown.

use super::super::{verdict, word};
use super::{Report, run};
use crate::report::markdown::escape::{code, inline};
use crate::report::terminal::Style;

/// The report.
pub fn render(report: &Report) -> String {
    let mut page = format!("# {}\n\n**{}**\n\n", report.title(), report.result());
    report.facts().iter().for_each(|fact| page.push_str(&format!("- {}\n", inline(fact))));
    page.push_str(&format!("\n{}\n", inline(&report.basis)));
    for line in &report.checkpoint.lines {
        let (mark, said) = if line.shown { ("✓ ", "shown") } else { ("", "not shown yet") };
        page.push_str(&format!("\n## {mark}{}: {said}\n\n", inline(&line.line)));
        page.push_str("| | check | what it asks for | by |\n|---|---|---|---|\n");
        for check in &line.checks {
            let title = check.title.as_deref().map(inline).unwrap_or_default();
            let state = check.state;
            let mark = Style::FILE.mark(verdict(state));
            page.push_str(&format!("| {mark} {} | {} | {title} | {} |\n", word(state), code(&check.check), inline(&run(check))));
        }
    }
    page
}
