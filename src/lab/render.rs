//! Findings as text: code, message, the line with a caret, help.

use std::fmt::Write as _;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report};

use super::error::{LabError, LabErrors, Severity};
use super::plural::count;

/// Columns to wrap messages at; the quoted line of the file is never wrapped.
const WIDTH: usize = 100;

/// All findings of a file, then how many they are.
pub fn render(errors: &LabErrors, colour: bool) -> String {
    let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(WIDTH).with_context_lines(1);
    let mut out = String::new();
    for error in &errors.found {
        one(&mut out, errors, error, &handler);
    }
    let wrong = errors.errors();
    let warned = errors.found.len() - wrong;
    let total = match (wrong, warned) {
        (0, 0) => "nothing wrong".into(),
        (0, _) => count(warned, "warning"),
        (_, 0) => count(wrong, "error"),
        _ => format!("{}, {}", count(wrong, "error"), count(warned, "warning")),
    };
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{}: {total}", errors.source.name);
    out
}

fn one(out: &mut String, errors: &LabErrors, error: &LabError, handler: &GraphicalReportHandler) {
    let mut diagnostic = MietteDiagnostic::new(&error.message).with_code(error.code.to_string()).with_severity(match error.severity {
        Severity::Error => miette::Severity::Error,
        Severity::Warning => miette::Severity::Warning,
    });
    if let Some(help) = &error.help {
        diagnostic = diagnostic.with_help(help);
    }
    if let Some(span) = error.span {
        diagnostic = diagnostic.with_label(LabeledSpan::underline(span.start..span.end));
    }
    let name = errors.source.name.to_string();
    let report = Report::from(diagnostic).with_source_code(NamedSource::new(name, errors.source.text.clone()));
    if handler.render_report(out, report.as_ref()).is_err() {
        // A snippet that cannot be drawn must not hide the finding.
        let _ = writeln!(out, "{}: {}", errors.source.name, error);
    }
    out.push('\n');
}
