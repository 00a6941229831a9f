//! What `kgrade watch` shows. Pure: the same view and style give the same text.

use console::{Style as Paint, measure_text_width};

use super::detail::{self, Layout};
use super::layout::hang;
use super::terminal::{Style, color, laid_out};
use super::words::count;
use crate::outcome::{CheckOutcome, Verdict, sanitize};

mod place;

pub use self::place::{Place, url};

/// The columns of the progress bar, at most.
const BAR: usize = 40;
/// Below this many columns titles have no room.
const NARROW: usize = 60;
/// Stands for a space at which no line is broken: a key and what it does belong together.
const TOGETHER: &str = "\u{a0}";
/// So many of the last lines that a program said are shown; all are in the timeline.
const SAID: usize = 8;
/// So many where there is little room.
const SAID_IN_SHORT: usize = 3;
/// So many lines at the head are shown in the lowest window.
const HEAD: usize = 4;

/// What a report that is written while the run lasts says of a check that has not ended.
pub const NOT_YET: &str = "not decided yet";

/// How what is known of a check stands to the work as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It was judged since the last change.
    Judged,
    /// It was judged before: what changed since cannot affect it.
    Earlier,
    /// It is to be judged, or is being judged.
    Due,
}

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
    /// How that stands to the work as it is now.
    pub state: State,
}

/// What there is to be shown.
#[derive(Debug, Clone)]
pub struct View<'a> {
    /// The lab's name and title.
    pub lab: (&'a str, &'a str),
    /// Its checks, in the order of the lab.
    pub checks: &'a [Shown],
    /// The program that the first failure is about.
    pub program: Option<&'a Place>,
    /// The lab that comes next.
    pub next: Option<&'a str>,
    /// What else is to be said: a hint that was asked for, why nothing could be graded.
    pub said: &'a [String],
    /// What is going on.
    pub doing: Option<&'a str>,
    /// Whether the lab is about a Kafka that is the learner's own: what is done there is not seen, as a file that is saved is.
    pub outside: bool,
    /// Whether keys can be pressed.
    pub keys: bool,
    /// Whether the terminal takes links.
    pub links: bool,
    /// The rows of the terminal, where it has any.
    pub rows: Option<usize>,
}

impl View<'_> {
    /// The first check that did not pass: of those that were judged since the last change, else of the others.
    #[must_use]
    pub fn first_open(&self) -> Option<&CheckOutcome> {
        self.first().and_then(|shown| shown.outcome.as_ref())
    }

    fn first(&self) -> Option<&Shown> {
        let of = |state: State, verdict: Verdict| {
            let is = move |shown: &&Shown| shown.state == state && shown.outcome.as_ref().is_some_and(|outcome| outcome.verdict == verdict);
            self.checks.iter().find(is)
        };
        let states = [State::Judged, State::Due, State::Earlier];
        let verdicts = [Verdict::Failed, Verdict::Error, Verdict::Inconclusive];
        verdicts
            .iter()
            .flat_map(|verdict| states.iter().map(move |state| (state, verdict)))
            .find_map(|(state, verdict)| of(*state, *verdict))
    }

    /// Whether every check has passed with the work as it is now.
    #[must_use]
    pub fn all_passed(&self) -> bool {
        let passed = |shown: &Shown| shown.outcome.as_ref().is_some_and(|outcome| outcome.verdict == Verdict::Passed);
        self.checks.iter().all(|shown| shown.state == State::Judged && passed(shown))
    }
}

/// A way to list the checks.
type Way = fn(&View<'_>, &Style) -> Vec<String>;

/// The screen. On one that has too few rows for all of it, checks share lines: those that passed, then all but the one that is told of, of which
/// only the most telling is said then. What is still too much of that is left out: neither the head, nor what somebody asked for, nor the keys.
#[must_use]
pub fn render(view: &View<'_>, style: &Style) -> String {
    let fits = |lines: usize| view.rows.is_none_or(|rows| lines < rows);
    let ways: [(Way, bool); 3] = [(list, false), (brief, false), (terse, true)];
    let (mut above, below) = (Vec::new(), below(view, style));
    for (way, short) in ways {
        above = told(view, style, way(view, style), short);
        if fits(above.len() + below.len()) {
            break;
        }
    }
    if let Some(rows) = view.rows.filter(|_| !fits(above.len() + below.len())) {
        let room = rows.saturating_sub(1 + below.len());
        cut(&mut above, room.max(HEAD), style);
    }
    above.iter().chain(&below).map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Leaves out the last lines, until so many are left, and says so in the last of them.
fn cut(lines: &mut Vec<String>, room: usize, style: &Style) {
    let head = room.saturating_sub(1);
    let Some(left_out) = lines.len().checked_sub(head).filter(|left_out| *left_out > 1) else { return };
    let sign = if style.unicode { "…" } else { "..." };
    let mut said = format!("{sign} {}", count(left_out as u64, "more line", "more lines"));
    if style.width >= NARROW {
        said.push_str("; a taller window shows them");
    }
    lines.truncate(head);
    lines.push(said);
}

/// Where the work stands.
fn told(view: &View<'_>, style: &Style, checks: Vec<String>, short: bool) -> Vec<String> {
    let heading = hang(&format!("{}  ", one(view.lab.0)), "  ", &one(view.lab.1), style.width);
    let mut lines: Vec<String> = heading.iter().map(|line| style.paint(&Paint::new().bold(), line)).collect();
    lines.extend(bar(view, style));
    lines.push(String::new());
    lines.extend(checks);
    lines.extend(failure(view, style, short));
    lines
}

/// What is said beside that, what is going on, and what can be done.
fn below(view: &View<'_>, style: &Style) -> Vec<String> {
    let mut lines = Vec::new();
    if view.all_passed() && view.doing.is_none() {
        let next = match view.next {
            None => "that was the last lab".to_owned(),
            Some(next) if view.keys => format!("press n for {next}"),
            Some(next) => format!("next is {next}"),
        };
        lines.push(String::new());
        let done = hang("", "", &format!("all checks passed: {next}"), style.width);
        lines.extend(done.iter().map(|line| style.paint(&Paint::new().green().bold(), line)));
    }
    for said in view.said {
        lines.push(String::new());
        for line in said.lines() {
            lines.extend(hang("", "", &sanitize::terminal(line), style.width));
        }
    }
    lines.push(String::new());
    if let Some(doing) = view.doing {
        lines.extend(hang("", "", &one(doing), style.width).iter().map(|line| style.paint(&Paint::new().cyan(), line)));
    }
    if view.outside && view.keys && view.doing.is_none() && !view.all_passed() {
        lines.extend(hang("", "", "only files are watched: press r after what you do in Docker or in Kafka", style.width));
    }
    let below = if view.keys { keys(view, style) } else { "saving a file grades again; Ctrl-C ends".to_owned() };
    lines.extend(hang("", "", &below, style.width).iter().map(|line| line.replace(TOGETHER, " ")));
    lines
}

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

/// What a grading is about that goes on.
#[must_use]
pub fn grading(checks: &[Shown], asked: usize) -> String {
    let open = checks.iter().filter(|check| check.state == State::Due).count().min(asked);
    format!("grading: {} of {} done", asked - open, count(asked as u64, "check", "checks"))
}

/// What is wrong with the first check that did not pass.
fn failure(view: &View<'_>, style: &Style, short: bool) -> Vec<String> {
    let Some((shown, open)) = view.first().and_then(|shown| Some((shown, shown.outcome.as_ref()?))) else { return Vec::new() };
    let when = match shown.state {
        State::Judged => "",
        State::Earlier => " (as before)",
        State::Due => " (before the last change; being graded)",
    };
    let heading = hang(&format!("{}  ", one(&open.id)), "  ", &one(&format!("{}{when}", open.title)), style.width);
    let mut lines = vec![String::new()];
    lines.extend(heading.iter().map(|line| style.paint(&Paint::new().fg(color(open.verdict)).bold(), line)));
    // The key says the hint, and what to type next is nothing here: saving is enough.
    let mut rows: Vec<_> =
        detail::rows(open).into_iter().filter(|row| !view.keys || !["hint", "place", "next"].contains(&row.label)).collect();
    if short {
        // Of each list the first: what is behind it tells the same of others.
        rows.retain(|row| !row.label.is_empty() || matches!(row.layout, Layout::Headline | Layout::Quote));
    }
    let quotes = rows.iter().filter(|row| row.layout == Layout::Quote).count();
    let (mut nth, most) = (0, if short { SAID_IN_SHORT } else { SAID });
    rows.retain(|row| {
        nth += usize::from(row.layout == Layout::Quote);
        row.layout != Layout::Quote || nth + most > quotes
    });
    lines.extend(laid_out(&rows, style));
    if let Some(program) = view.program {
        lines.push(format!("  program   {}", program.linked(view.links)));
    }
    lines
}

fn bar(view: &View<'_>, style: &Style) -> Vec<String> {
    let passed: Vec<&Shown> =
        view.checks.iter().filter(|check| check.outcome.as_ref().is_some_and(|outcome| outcome.verdict == Verdict::Passed)).collect();
    let points: u32 = passed.iter().map(|check| check.max_points).sum();
    let most: u32 = view.checks.iter().map(|check| check.max_points).sum();
    let checks = count(view.checks.len() as u64, "check", "checks");
    let said = format!("{} of {checks} passed, {points} of {}", passed.len(), count(most.into(), "point", "points"));
    // A shorter bar rather than a second line.
    let room = style.width.saturating_sub(2 + measure_text_width(&said));
    let width = BAR.min(if room >= BAR / 2 { room } else { style.width.saturating_sub(2) });
    let full = (width * points as usize).checked_div(most as usize).unwrap_or(0);
    let signs = if style.unicode { ("━", "─") } else { ("#", "-") };
    let drawn = format!("{}{}", style.paint(&Paint::new().green(), &signs.0.repeat(full)), signs.1.repeat(width - full));
    if width + 2 + measure_text_width(&said) <= style.width {
        return vec![format!("{drawn}  {said}")];
    }
    std::iter::once(drawn).chain(hang("", "", &said, style.width)).collect()
}

fn list(view: &View<'_>, style: &Style) -> Vec<String> {
    view.checks.iter().flat_map(|check| entry(check, width_of_ids(view.checks), style)).collect()
}

/// The checks that passed in one line, the others each in its own.
fn brief(view: &View<'_>, style: &Style) -> Vec<String> {
    let is_calm =
        |check: &&Shown| check.state != State::Due && check.outcome.as_ref().is_some_and(|outcome| outcome.verdict == Verdict::Passed);
    let (calm, open): (Vec<&Shown>, Vec<&Shown>) = view.checks.iter().partition(is_calm);
    let mut lines = together(&calm, style);
    lines.extend(open.into_iter().flat_map(|check| entry(check, width_of_ids(view.checks), style)));
    lines
}

/// The check that is told of in its own line, the others by what they came to.
fn terse(view: &View<'_>, style: &Style) -> Vec<String> {
    let first = view.first();
    let (own, others): (Vec<&Shown>, Vec<&Shown>) = view.checks.iter().partition(|check| first.is_some_and(|first| first.id == check.id));
    let came_to = |check: &Shown| (check.state == State::Due, check.outcome.as_ref().map(|outcome| outcome.verdict));
    let mut groups: Vec<Vec<&Shown>> = Vec::new();
    for check in others {
        match groups.iter_mut().find(|group| group.first().is_some_and(|first| came_to(first) == came_to(check))) {
            Some(group) => group.push(check),
            None => groups.push(vec![check]),
        }
    }
    let mut lines: Vec<String> = groups.iter().flat_map(|group| together(group, style)).collect();
    lines.extend(own.into_iter().flat_map(|check| entry(check, measure_text_width(&one(&check.id)), style)));
    lines
}

/// Checks that came to the same, in one line.
fn together(checks: &[&Shown], style: &Style) -> Vec<String> {
    let Some(first) = checks.first() else { return Vec::new() };
    let names: Vec<String> = checks.iter().map(|check| one(&check.id)).collect();
    let (mark, paint) = mark(first, style);
    hang(&format!("{} ", style.paint(&paint, mark)), "  ", &names.join(", "), style.width)
}

/// What a check came to, as a sign, and its colour.
fn mark(check: &Shown, style: &Style) -> (&'static str, Paint) {
    match (&check.outcome, check.state) {
        (_, State::Due) => (if style.unicode { "·" } else { "." }, Paint::new()),
        (Some(outcome), _) => (style.mark(outcome.verdict), Paint::new().fg(color(outcome.verdict))),
        (None, _) => (" ", Paint::new()),
    }
}

fn width_of_ids(checks: &[Shown]) -> usize {
    checks.iter().map(|check| measure_text_width(&one(&check.id))).max().unwrap_or(0)
}

/// One check on the list.
fn entry(check: &Shown, widest: usize, style: &Style) -> Vec<String> {
    let (mark, paint) = mark(check, style);
    let id = one(&check.id);
    let pad = " ".repeat(widest - measure_text_width(&id));
    let points = check.outcome.as_ref().map_or("-".to_owned(), |outcome| outcome.points.to_string());
    let when = if check.state == State::Earlier && check.outcome.is_some() { " (as before)" } else { "" };
    let sum = format!("{points}/{}", check.max_points);
    let first = format!("{} {}{pad} {sum:>7}  ", style.paint(&paint, mark), style.paint(&paint, &id));
    if style.width < NARROW {
        return vec![format!("{}{when}", first.trim_end())];
    }
    let rest = " ".repeat(measure_text_width(&first));
    hang(&first, &rest, &format!("{}{when}", one(&check.title)), style.width)
}

fn keys(view: &View<'_>, style: &Style) -> String {
    let mut keys = vec!["r run all", "h hint", "l list", "t timeline"];
    if view.next.is_some() {
        keys.push("n next lab");
    }
    keys.extend(["? help", "q quit"]);
    let between = if style.unicode { " · " } else { " - " };
    keys.iter().map(|key| key.replace(' ', TOGETHER)).collect::<Vec<_>>().join(between)
}

fn one(text: &str) -> String {
    sanitize::one_line(&sanitize::terminal(text))
}

#[cfg(test)]
mod tests;
