//! The result as a person reads it in a terminal. Pure: the same outcome and style give the same text.

use console::{Alignment, Color, Style as Paint, Term, measure_text_width, pad_str};

use super::detail::{self, LABEL, Layout, Row};
use super::layout::hang;
use super::{summary, words};
use crate::outcome::{CheckOutcome, Outcome, Verdict, sanitize};

/// Lines of a program are cut after this many characters.
const OUTPUT_WIDTH: usize = 400;
/// Other texts are cut after this many characters.
const TEXT_WIDTH: usize = 1_000;
/// Below this many columns, labels no longer stand in a column of their own.
const NARROW: usize = 60;
/// Above this many columns, lines would be hard to read.
const WIDE: usize = 110;

/// How the text is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Columns.
    pub width: usize,
    /// Whether to colour.
    pub color: bool,
    /// Whether more than ASCII can be shown.
    pub unicode: bool,
    /// Whether the text goes to the log of a GitHub job, where some lines are commands.
    pub github: bool,
    /// Whether to say where the time went.
    pub timings: bool,
}

impl Style {
    /// For a file: 100 columns, no colour, with timings.
    pub const FILE: Self = Self { width: 100, color: false, unicode: true, github: false, timings: true };

    /// For standard output as it is: its width, `NO_COLOR`, the locale, and whether a GitHub job reads it.
    #[must_use]
    pub fn of_stdout() -> Self {
        // Before a pager, standard output is a pipe; standard error still knows the terminal.
        let size = Term::stdout().size_checked().or_else(|| Term::stderr().size_checked());
        let columns = size.map_or(Self::FILE.width, |(_, columns)| usize::from(columns));
        Self {
            width: columns.min(WIDE),
            color: console::colors_enabled(),
            unicode: speaks_utf8(|name| std::env::var(name).ok()),
            github: std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true"),
            timings: false,
        }
    }

    /// The mark of a verdict.
    #[must_use]
    pub fn mark(self, verdict: Verdict) -> &'static str {
        match (verdict, self.unicode) {
            (Verdict::Passed, true) => "✓",
            (Verdict::Passed, false) => "+",
            (Verdict::Failed, true) => "✗",
            (Verdict::Failed, false) => "x",
            (Verdict::Error, _) => "!",
            (Verdict::Skipped, _) => "-",
            (Verdict::Inconclusive, _) => "?",
        }
    }

    /// The text in a colour, where colours are shown.
    pub(super) fn paint(self, paint: &Paint, text: &str) -> String {
        if self.color && !text.is_empty() { paint.clone().force_styling(true).apply_to(text).to_string() } else { text.to_owned() }
    }
}

/// The colour of a verdict.
#[must_use]
pub fn color(verdict: Verdict) -> Color {
    match verdict {
        Verdict::Passed => Color::Green,
        Verdict::Failed => Color::Red,
        Verdict::Error => Color::Magenta,
        Verdict::Inconclusive => Color::Yellow,
        Verdict::Skipped => Color::Cyan,
    }
}

/// Whether the locale can show more than ASCII; `get` reads an environment variable.
#[must_use]
pub fn speaks_utf8(get: impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(get).find(|value| !value.is_empty());
    locale.is_some_and(|locale| matches!(locale.to_lowercase().replace('-', ""), name if name.ends_with("utf8")))
}

/// The whole result: every check with what is wrong about it, then the sum.
///
/// Only the line of a check and of the summary begins in the first column, so no text of a learner can pass for one.
#[must_use]
pub fn render(outcome: &Outcome, style: &Style) -> String {
    let mut page = Page { style: *style, lines: Vec::new() };
    page.heading(outcome);
    let columns = Columns::of(&outcome.checks);
    for check in &outcome.checks {
        page.check(check, &columns);
    }
    page.summary(outcome);
    let text = page.lines.iter().map(|line| format!("{}\n", line.trim_end())).collect::<String>();
    if style.github { sanitize::github_log(&text) } else { text }
}

/// The text of one failure and its like, without its first line: what JUnit viewers show.
#[must_use]
pub fn explanation(check: &CheckOutcome, style: &Style) -> String {
    let said: Vec<Row> = detail::rows(check).into_iter().filter(|row| row.layout != Layout::Quote).collect();
    laid_out(&said, style).join("\n")
}

/// What is said about a check, line by line.
pub(super) fn laid_out(rows: &[Row], style: &Style) -> Vec<String> {
    let mut page = Page { style: *style, lines: Vec::new() };
    for row in rows {
        page.row(row);
    }
    page.lines
}

/// The widths that all lines of checks share.
struct Columns {
    id: usize,
    points: usize,
}

impl Columns {
    fn of(checks: &[CheckOutcome]) -> Self {
        let widest = |text: fn(&CheckOutcome) -> String| checks.iter().map(|check| measure_text_width(&text(check))).max().unwrap_or(0);
        Self { id: widest(id), points: widest(points) }
    }
}

struct Page {
    style: Style,
    lines: Vec<String>,
}

impl Page {
    fn heading(&mut self, outcome: &Outcome) {
        self.line(&Paint::new().bold(), &format!("{}  {}", tidy(&outcome.lab), tidy(&outcome.title)));
        self.lines.push(String::new());
    }

    fn check(&mut self, check: &CheckOutcome, columns: &Columns) {
        let (style, paint) = (self.style, Paint::new().fg(color(check.verdict)));
        let (id, points) = (id(check), points(check));
        let mark = style.paint(&paint, style.mark(check.verdict));
        let name = style.paint(&Paint::new().bold(), &id);
        let gap = |text: &str, width: usize| " ".repeat(width.saturating_sub(measure_text_width(text)));
        let lead = 2 + columns.id + 2 + columns.points + 2;
        let title = tidy(&check.title);
        if lead + 24 <= style.width && style.width >= NARROW {
            let first = format!("{mark} {name}{}  {}{points}  ", gap(&id, columns.id), gap(&points, columns.points));
            self.lines.extend(hang(&first, &" ".repeat(lead), &title, style.width));
        } else {
            let room = style.width.saturating_sub(2 + measure_text_width(&id) + measure_text_width(&points)).max(1);
            self.lines.push(format!("{mark} {name}{}{points}", " ".repeat(room)));
            self.lines.extend(hang("  ", "  ", &title, style.width));
        }
        let before = self.lines.len();
        for row in detail::rows(check) {
            self.row(&row);
        }
        if self.lines.len() > before && check.verdict != Verdict::Skipped {
            self.lines.push(String::new());
        }
    }

    fn row(&mut self, row: &Row) {
        let (width, narrow) = (self.style.width, self.style.width < NARROW);
        let text = clean(&row.text, if row.layout == Layout::Quote { OUTPUT_WIDTH } else { TEXT_WIDTH });
        let text = text.trim_end_matches('\n');
        let indent = if narrow { "    ".to_owned() } else { " ".repeat(2 + LABEL + 2) };
        let bar = if self.style.unicode { "│ " } else { "| " };
        if row.layout == Layout::Quote {
            let quote = format!("{indent}{bar}");
            self.lines.extend(hang(&quote, &quote, text, width));
            return;
        }
        let label = self.style.paint(&Paint::new().dim(), row.label);
        let (first, rest) = match (row.layout, row.label, narrow) {
            (Layout::Headline, ..) => ("  ".to_owned(), "  ".to_owned()),
            (_, "", _) => (indent.clone(), indent),
            (_, _, true) => (format!("  {label}: "), indent),
            (_, _, false) => (format!("  {}  ", pad_str(&label, LABEL, Alignment::Left, None)), indent),
        };
        let rest = if row.layout == Layout::Item { format!("{rest}  ") } else { rest };
        match row.layout {
            Layout::Whole => self.lines.push(format!("{first}{}", sanitize::one_line(text))),
            _ => self.lines.extend(hang(&first, &rest, text, width)),
        }
    }

    fn summary(&mut self, outcome: &Outcome) {
        if self.lines.last().is_some_and(|line| !line.is_empty()) {
            self.lines.push(String::new());
        }
        let bold = Paint::new().bold();
        let sum = format!("{} · {}", summary::score(outcome), summary::counts(&outcome.checks));
        self.line(&bold, &sum);
        if let Some(sentence) = summary::not_a_grade(outcome) {
            self.line(&Paint::new().fg(Color::Yellow), &clean(&sentence, TEXT_WIDTH));
        }
        for sentence in summary::late(outcome).into_iter().chain(summary::hidden(outcome)) {
            self.line(&Paint::new(), &clean(&sentence, TEXT_WIDTH));
        }
        if self.style.timings {
            self.timings(outcome);
        }
        let dim = Paint::new().dim();
        self.line(&dim, &format!("seed {} · --seed {} runs it again with the same data", outcome.run.seed, outcome.run.seed));
        self.line(&dim, &tidy(&summary::facts(outcome).join(" · ")));
    }

    /// Where the time went: a line for each phase.
    fn timings(&mut self, outcome: &Outcome) {
        let rows: Vec<(String, String)> = outcome
            .timings_ms
            .iter()
            .map(|(phase, ms)| (if phase == "grader" { "the grader's own share".to_owned() } else { tidy(phase) }, words::duration(*ms)))
            .collect();
        let widest = |texts: fn(&(String, String)) -> &String| rows.iter().map(|row| measure_text_width(texts(row))).max().unwrap_or(0);
        let (names, times) = (widest(|row| &row.0), widest(|row| &row.1));
        if !rows.is_empty() {
            self.lines.push("time".to_owned());
        }
        for (phase, time) in &rows {
            let phase = pad_str(phase, names, Alignment::Left, None);
            self.lines.push(format!("  {phase}  {}", pad_str(time, times, Alignment::Right, None)));
        }
    }

    /// Text from the first column on, hanging under itself.
    fn line(&mut self, paint: &Paint, text: &str) {
        let text = if self.style.unicode { text.to_owned() } else { text.replace('·', "-") };
        self.lines.extend(hang("", "  ", &text, self.style.width).iter().map(|line| self.style.paint(paint, line)).collect::<Vec<_>>());
    }
}

fn id(check: &CheckOutcome) -> String {
    tidy(&check.id)
}

/// The points of a check that was judged; a dash for one that was not, whose points are neither won nor lost.
fn points(check: &CheckOutcome) -> String {
    match check.verdict {
        verdict if verdict.is_judged() => format!("{}/{}", check.points, check.max_points),
        _ => format!("-/{}", check.max_points),
    }
}

/// Cleaned, on one line.
pub(super) fn tidy(text: &str) -> String {
    sanitize::cut(&sanitize::one_line(&sanitize::terminal(text)), TEXT_WIDTH)
}

/// Cleaned, no line longer than `limit` characters.
fn clean(text: &str, limit: usize) -> String {
    sanitize::terminal(text).split('\n').map(|line| sanitize::cut(line, limit)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_decides_on_the_marks() {
        let speaks =
            |set: &[(&str, &str)]| speaks_utf8(|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()));
        assert!(speaks(&[("LANG", "C.UTF-8")]));
        assert!(speaks(&[("LC_ALL", ""), ("LC_CTYPE", "de_DE.utf8")]));
        assert!(!speaks(&[("LC_ALL", "C"), ("LANG", "en_US.UTF-8")]));
        assert!(!speaks(&[]));
    }
}
