//! What `kgrade watch` shows. Pure: the same view and style give the same text.

use std::path::Path;

use console::{Style as Paint, measure_text_width};

use super::layout::hang;
use super::terminal::{Style, color, explanation};
use super::words::count;
use crate::outcome::{CheckOutcome, Verdict, sanitize};

/// The columns of the progress bar, at most.
const BAR: usize = 40;

/// A check on the screen.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The points it may bring.
    pub max_points: u32,
    /// What it came to last; `None` before the first run.
    pub outcome: Option<CheckOutcome>,
    /// It was judged in an earlier run than the last: what changed since cannot affect it.
    pub earlier: bool,
}

/// What there is to be shown.
#[derive(Debug, Clone)]
pub struct View<'a> {
    /// The lab's name and title.
    pub lab: (&'a str, &'a str),
    /// Its checks, in the order of the lab.
    pub checks: &'a [Shown],
    /// The folder of the work.
    pub work: &'a Path,
    /// The program that the first failure is about, relative to the work, with the line if one is known.
    pub program: Option<&'a Path>,
    /// The lab that comes next.
    pub next: Option<&'a str>,
    /// What else is to be said: a hint that was asked for, why nothing could be graded.
    pub said: &'a [String],
    /// Whether keys can be pressed.
    pub keys: bool,
    /// Whether the terminal takes links.
    pub links: bool,
}

impl View<'_> {
    /// The first check that did not pass in the last run, or in one before.
    #[must_use]
    pub fn first_open(&self) -> Option<&CheckOutcome> {
        let judged = || self.checks.iter().filter_map(|check| check.outcome.as_ref());
        let of = |verdict: Verdict| judged().find(move |check| check.verdict == verdict);
        of(Verdict::Failed).or_else(|| of(Verdict::Error)).or_else(|| of(Verdict::Inconclusive))
    }

    /// Whether every check passed.
    #[must_use]
    pub fn all_passed(&self) -> bool {
        self.checks.iter().all(|check| check.outcome.as_ref().is_some_and(|outcome| outcome.verdict == Verdict::Passed))
    }
}

/// The screen after a run.
#[must_use]
pub fn render(view: &View<'_>, style: &Style) -> String {
    let mut lines = vec![style.paint(&Paint::new().bold(), &one(&format!("{}  {}", view.lab.0, view.lab.1)))];
    lines.extend(bar(view, style));
    lines.push(String::new());
    lines.extend(list(view.checks, style));
    if let Some(open) = view.first_open() {
        lines.push(String::new());
        lines.push(style.paint(&Paint::new().fg(color(open.verdict)).bold(), &one(&format!("{}  {}", open.id, open.title))));
        lines.extend(explanation(open, style).lines().map(str::to_owned));
        if let Some(program) = view.program {
            lines.push(format!("  program   {}", link(program, view)));
        }
    } else if view.all_passed() {
        lines.push(String::new());
        let next = view.next.map_or("that was the last lab".to_owned(), |next| {
            if view.keys { format!("press n for {next}") } else { format!("next is {next}") }
        });
        lines.extend(hang("", "", &format!("all checks passed: {next}"), style.width));
    }
    for said in view.said {
        lines.push(String::new());
        for line in said.lines() {
            lines.extend(hang("", "", &sanitize::terminal(line), style.width));
        }
    }
    lines.push(String::new());
    if view.keys {
        lines.extend(hang("", "", &keys(view), style.width));
    } else {
        lines.extend(hang("", "", "saving a file grades again; Ctrl-C ends", style.width));
    }
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// The verdicts as they come, on one line.
#[must_use]
pub fn running(done: &[CheckOutcome], asked: usize, style: &Style) -> String {
    let judged: Vec<&CheckOutcome> = done.iter().filter(|check| check.message != NOT_YET).collect();
    let mut line = format!("grading: {} of {asked}", judged.len());
    let mut width = measure_text_width(&line);
    for check in judged {
        let text = format!("  {} {}", style.mark(check.verdict), one(&check.id));
        width += measure_text_width(&text);
        if width >= style.width {
            break;
        }
        line.push_str(&style.paint(&Paint::new().fg(color(check.verdict)), &text));
    }
    line
}

/// What a report that is written while the run lasts says of a check that has not ended.
pub const NOT_YET: &str = "not decided yet";

/// What each key does.
#[must_use]
pub fn help() -> String {
    [
        "r  grade everything now",
        "h  a hint for the first check that is not passed; again: the next one",
        "l  all checks, with what they are about",
        "t  the last run as a picture, in a file for the browser",
        "n  the next lab          p  the one before",
        "i  write the files that this lab begins with, never over yours",
        "q  quit; so does Ctrl-C",
    ]
    .join("\n")
}

/// All checks, with the line of the course that they are about.
#[must_use]
pub fn everything(checks: &[Shown], criterion: impl Fn(&str) -> Option<String>) -> String {
    let line = |check: &Shown| {
        let verdict = check.outcome.as_ref().map_or("not graded yet", |outcome| outcome.verdict.word());
        let about = criterion(&check.id).map(|line| format!("\n   {line}")).unwrap_or_default();
        format!("{}: {verdict}{about}", check.id)
    };
    checks.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn bar(view: &View<'_>, style: &Style) -> Vec<String> {
    let passed: Vec<&Shown> =
        view.checks.iter().filter(|check| check.outcome.as_ref().is_some_and(|outcome| outcome.verdict == Verdict::Passed)).collect();
    let points: u32 = passed.iter().map(|check| check.max_points).sum();
    let most: u32 = view.checks.iter().map(|check| check.max_points).sum();
    let width = BAR.min(style.width.saturating_sub(2));
    let full = (width * points as usize).checked_div(most as usize).unwrap_or(0);
    let signs = if style.unicode { ("━", "─") } else { ("#", "-") };
    let drawn = format!("{}{}", style.paint(&Paint::new().green(), &signs.0.repeat(full)), signs.1.repeat(width - full));
    let checks = count(view.checks.len() as u64, "check", "checks");
    let said = format!("{} of {checks} passed, {points} of {most} points", passed.len());
    if width + 2 + measure_text_width(&said) <= style.width { vec![format!("{drawn}  {said}")] } else { vec![drawn, said] }
}

fn list(checks: &[Shown], style: &Style) -> Vec<String> {
    let widest = checks.iter().map(|check| measure_text_width(&one(&check.id))).max().unwrap_or(0);
    let line = |check: &Shown| {
        let (mark, paint) = match &check.outcome {
            Some(outcome) => (style.mark(outcome.verdict), Paint::new().fg(color(outcome.verdict))),
            None => (" ", Paint::new()),
        };
        let id = one(&check.id);
        let pad = " ".repeat(widest - measure_text_width(&id));
        let points = check.outcome.as_ref().map_or("-".to_owned(), |outcome| outcome.points.to_string());
        let earlier = if check.earlier { " (as before)" } else { "" };
        let first =
            format!("{} {}{pad} {:>7}  ", style.paint(&paint, mark), style.paint(&paint, &id), format!("{points}/{}", check.max_points));
        // Titles have no room on a narrow terminal.
        if style.width < 60 {
            return vec![format!("{}{earlier}", first.trim_end())];
        }
        let rest = " ".repeat(measure_text_width(&first));
        hang(&first, &rest, &format!("{}{earlier}", one(&check.title)), style.width)
    };
    checks.iter().flat_map(line).collect()
}

fn keys(view: &View<'_>) -> String {
    let mut keys = vec!["r run all", "h hint", "l list", "t timeline"];
    if view.next.is_some() {
        keys.push("n next lab");
    }
    keys.extend(["? help", "q quit"]);
    keys.join(" · ")
}

/// A path to click on: a link where the terminal takes one, and the path itself everywhere.
fn link(program: &Path, view: &View<'_>) -> String {
    let shown = one(&program.display().to_string());
    let absolute = view.work.join(program);
    let Some(url) = absolute.to_str().filter(|path| view.links && path.chars().all(|sign| sign.is_ascii_graphic() && sign != '%')) else {
        return shown;
    };
    format!("\x1b]8;;file://{url}\x1b\\{shown}\x1b]8;;\x1b\\")
}

fn one(text: &str) -> String {
    sanitize::one_line(&sanitize::terminal(text))
}
