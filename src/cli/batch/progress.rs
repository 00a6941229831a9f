//! What is shown while a batch runs: how far it is, how fast it goes, how long it will take, and what is in hand.

use std::collections::VecDeque;
use std::io::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use console::Term;
use indexmap::IndexMap;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cohort::journal::Record;
use crate::cohort::pool::{Step, Watcher};
use crate::outcome::sanitize;
use crate::report::cohort::State;
use crate::report::words::count;

/// The speed is that of the last so many submissions.
const RECENT: usize = 30;
/// How many in hand are named.
const NAMED: usize = 6;

/// How a batch is shown.
pub struct Progress {
    show: Show,
    begun: Instant,
    state: Mutex<Seen>,
}

enum Show {
    Nothing,
    Lines,
    Bar(ProgressBar),
}

#[derive(Default)]
struct Seen {
    all: u64,
    done: u64,
    unchanged: u64,
    without: u64,
    hand: IndexMap<String, Step>,
    recent: VecDeque<Instant>,
}

impl Progress {
    /// Shows nothing.
    pub fn quiet() -> Self {
        Self::new(Show::Nothing, 0)
    }

    /// What suits standard error: a bar in a terminal, a line for each submission elsewhere.
    pub fn of_stderr(all: u64) -> Self {
        if !Term::stderr().is_term() {
            return Self::new(Show::Lines, all);
        }
        let bar = ProgressBar::new(all);
        let style = ProgressStyle::with_template("{elapsed} {wide_bar} {pos}/{len}\n{wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(250));
        Self::new(Show::Bar(bar), all)
    }

    fn new(show: Show, all: u64) -> Self {
        Self { show, begun: Instant::now(), state: Mutex::new(Seen { all, ..Seen::default() }) }
    }

    /// Takes away what does not stay.
    pub fn finish(&self) {
        if let Show::Bar(bar) = &self.show {
            bar.finish_and_clear();
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line(&self, text: &str) {
        match &self.show {
            Show::Nothing => {}
            Show::Lines => _ = writeln!(std::io::stderr().lock(), "{text}"),
            Show::Bar(bar) => bar.println(text),
        }
    }

    fn redraw(&self, seen: &Seen) {
        if let Show::Bar(bar) = &self.show {
            bar.set_position(seen.done);
            bar.set_message(seen.told(self.begun));
        }
    }

    fn ended(&self, record: &Record, what: &str, graded_now: bool) {
        let mut seen = self.seen();
        seen.hand.shift_remove(&record.id);
        seen.done += 1;
        seen.without += u64::from(record.state != State::Graded);
        if graded_now {
            seen.recent.push_back(Instant::now());
            if seen.recent.len() > RECENT {
                seen.recent.pop_front();
            }
            let pace = seen.pace(self.begun).map(|pace| format!(" ({pace})")).unwrap_or_default();
            let text = format!("{}/{} {}: {what}{pace}", seen.done, seen.all, plain(&record.id));
            self.line(&text);
        } else {
            seen.unchanged += 1;
        }
        self.redraw(&seen);
    }
}

impl Seen {
    /// Speed and time left, once there is something to go by.
    fn pace(&self, begun: Instant) -> Option<String> {
        let last = self.recent.back()?;
        let (first, steps) = match self.recent.front() {
            Some(first) if self.recent.len() > 2 => (*first, self.recent.len() - 1),
            _ => (begun, self.recent.len()),
        };
        let seconds = last.duration_since(first).as_secs_f64();
        let per_minute = if seconds > 0.0 { steps as f64 / seconds * 60.0 } else { return None };
        let left = (self.all - self.done.min(self.all)) as f64 / per_minute;
        Some(format!("{per_minute:.1} a minute, {} left", minutes(left)))
    }

    /// The line under the bar.
    fn told(&self, begun: Instant) -> String {
        let mut parts: Vec<String> = self.pace(begun).into_iter().collect();
        if self.without > 0 {
            parts.push(format!("{} without a grade", self.without));
        }
        if self.unchanged > 0 {
            parts.push(format!("{} unchanged", self.unchanged));
        }
        let hand = self.hand.iter().rev().take(NAMED).map(|(id, step)| format!("{} {}", plain(id), word(*step)));
        parts.extend(hand);
        parts.join(" · ")
    }
}

impl Watcher for Progress {
    fn step(&self, id: &str, step: Step) {
        let mut seen = self.seen();
        seen.hand.insert(id.to_owned(), step);
        self.redraw(&seen);
    }

    fn done(&self, record: &Record, score: Option<(u32, u32)>) {
        let what = match (score, &record.why) {
            (Some((score, most)), _) if record.state == State::Graded => format!("{score} of {}", count(most.into(), "point", "points")),
            (Some((score, most)), _) => format!("{score} of {}, not a grade", count(most.into(), "point", "points")),
            (None, why) => format!("not graded: {}", sanitize::cut(&plain(why.as_deref().unwrap_or_default()), 200)),
        };
        self.ended(record, &what, true);
    }

    fn unchanged(&self, record: &Record) {
        self.ended(record, "unchanged", false);
    }

    fn note(&self, text: &str) {
        self.line(&plain(text));
    }
}

fn plain(text: &str) -> String {
    let clean = sanitize::one_line(&sanitize::terminal(text));
    // In a GitHub job no line may be a command.
    sanitize::github_log(&clean)
}

fn word(step: Step) -> &'static str {
    match step {
        Step::Fetching => "fetched",
        Step::Preparing => "made ready",
        Step::Waiting => "ready",
        Step::Grading => "graded",
    }
}

fn minutes(minutes: f64) -> String {
    match minutes {
        short if short < 1.0 => "under a minute".to_owned(),
        short if short < 90.0 => format!("{short:.0} min"),
        long => format!("{:.1} h", long / 60.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_and_time_left_are_told_once_they_are_known() {
        let begun = Instant::now();
        let mut seen = Seen { all: 100, ..Seen::default() };
        assert_eq!(seen.pace(begun), None);
        for nth in 1..=20 {
            seen.recent.push_back(begun + Duration::from_secs(nth * 6));
            seen.done += 1;
        }
        assert_eq!(seen.pace(begun).as_deref(), Some("10.0 a minute, 8 min left"));
        seen.hand.insert("ada\x1b[2J\n::error::x".to_owned(), Step::Grading);
        assert_eq!(seen.told(begun), "10.0 a minute, 8 min left · ada ::error::x graded");
        assert_eq!((minutes(0.4), minutes(125.0)), ("under a minute".to_owned(), "2.1 h".to_owned()));
    }
}
