//! What is shown on standard error while a run lasts: bars that go away, plain lines, or nothing.

mod bars;
mod lines;

use std::io::Write;
use std::os::fd::AsFd;
use std::sync::{Mutex, MutexGuard, PoisonError};

use console::Term;
use indicatif::ProgressDrawTarget;

use super::terminal::Style;
use super::words::duration;
use crate::outcome::{CheckOutcome, sanitize};
use crate::world::progress::Progress;

/// Shows a run while it lasts. It may be shared between threads; every call is cheap.
pub struct Live {
    view: Mutex<Box<dyn View>>,
}

/// A way to show a run.
trait View: Send {
    /// A step of the preparation begins.
    fn step(&mut self, _what: &str) {}
    /// So many bytes of the step have arrived.
    fn bytes(&mut self, _done: u64, _total: Option<u64>) {}
    /// The step is over.
    fn step_ended(&mut self) {}
    /// The check has not begun.
    fn waiting(&mut self, _id: &str) {}
    /// The check has begun.
    fn begun(&mut self, _id: &str, _title: &str) {}
    /// What the check does now.
    fn now(&mut self, _id: &str, _what: &str) {}
    /// The check is over.
    fn ended(&mut self, _check: &CheckOutcome) {}
    /// Says something that stays.
    fn note(&mut self, _text: &str) {}
    /// Takes away what does not stay.
    fn finish(&mut self) {}
}

/// Shows nothing.
struct Nothing;

impl View for Nothing {}

impl Live {
    /// What suits standard error: bars in a terminal, plain lines elsewhere, nothing while a pager (`| less`) has the
    /// terminal.
    #[must_use]
    pub fn of_stderr(style: Style) -> Self {
        if !Term::stderr().is_term() {
            return Self::lines(style, std::io::stderr());
        }
        if is_pipe(std::io::stdout()) { Self::quiet() } else { Self::bars(style, ProgressDrawTarget::stderr()) }
    }

    /// Shows nothing, for `--quiet`.
    #[must_use]
    pub fn quiet() -> Self {
        Self::new(Nothing)
    }

    /// A plain line for each step and for each check that is over.
    pub fn lines(style: Style, to: impl Write + Send + 'static) -> Self {
        Self::new(lines::Lines::new(style, to))
    }

    /// Bars.
    #[must_use]
    pub fn bars(style: Style, target: ProgressDrawTarget) -> Self {
        Self::new(bars::Bars::new(style, target))
    }

    fn new(view: impl View + 'static) -> Self {
        Self { view: Mutex::new(Box::new(view)) }
    }

    /// Announces a check, in the lab's order, before any begins.
    pub fn check_waiting(&self, id: &str) {
        self.view().waiting(&line(id));
    }

    /// The check begins.
    pub fn check_begun(&self, id: &str, title: &str) {
        self.view().begun(&line(id), &line(title));
    }

    /// What the check does now, for example "holding delivery 17 for 6.5 s".
    pub fn check_now(&self, id: &str, what: &str) {
        self.view().now(&line(id), &line(what));
    }

    /// The check is over.
    pub fn check_ended(&self, check: &CheckOutcome) {
        self.view().ended(check);
    }

    /// Says something that stays on the screen, above what moves.
    pub fn note(&self, text: &str) {
        self.view().note(&sanitize::terminal(text));
    }

    /// Takes everything away that does not stay. Call it before the result is printed; dropping does it too.
    pub fn finish(&self) {
        self.view().finish();
    }

    fn view(&self) -> MutexGuard<'_, Box<dyn View>> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for Live {
    fn begin(&self, step: &str) {
        self.view().step(&line(step));
    }

    fn bytes(&self, done: u64, total: Option<u64>) {
        self.view().bytes(done, total);
    }

    fn end(&self) {
        self.view().step_ended();
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.finish();
    }
}

fn line(text: &str) -> String {
    sanitize::one_line(&sanitize::terminal(text))
}

/// A finished check in one line, without its mark.
fn ended(check: &CheckOutcome) -> String {
    let points = format!("{}/{}", check.points, check.max_points);
    let points = if check.verdict.is_judged() { points } else { check.verdict.word().to_owned() };
    format!("{}  {points}  {} ({})", line(&check.id), line(&check.title), duration(check.duration_ms))
}

fn is_pipe(stream: impl AsFd) -> bool {
    rustix::fs::fstat(stream).is_ok_and(|found| rustix::fs::FileType::from_raw_mode(found.st_mode) == rustix::fs::FileType::Fifo)
}
