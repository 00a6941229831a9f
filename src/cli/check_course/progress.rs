//! What is shown while the programs of a course are graded: a line for each that has ended, and below them what is in hand.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use console::Term;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::output;

/// How many in hand are named.
const NAMED: usize = 4;

/// How far it is.
pub struct Progress {
    bar: Option<ProgressBar>,
    hand: Mutex<Vec<String>>,
}

impl Progress {
    /// With a bar when standard error is a terminal.
    pub fn of_stderr(all: u64) -> Self {
        let bar = (Term::stderr().is_term() && all > 0).then(|| {
            let style = ProgressStyle::with_template("{elapsed} {wide_bar} {pos}/{len}\n{wide_msg}");
            let bar = ProgressBar::new(all).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.enable_steady_tick(Duration::from_millis(250));
            bar
        });
        Self { bar, hand: Mutex::new(Vec::new()) }
    }

    /// A program is in hand.
    pub fn begun(&self, name: &str) {
        self.change(|hand| hand.push(name.to_owned()));
    }

    /// A program has ended; what came of it stays on standard output.
    pub fn ended(&self, name: &str, line: &str) {
        match &self.bar {
            Some(bar) => {
                bar.suspend(|| output::print(line));
                bar.inc(1);
            }
            None => output::print(line),
        }
        self.change(|hand| hand.retain(|other| other != name));
    }

    /// Takes away what does not stay.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn change(&self, change: impl FnOnce(&mut Vec<String>)) {
        let mut hand = self.hand.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut hand);
        let Some(bar) = &self.bar else { return };
        let more = hand.len().saturating_sub(NAMED);
        let mut said: Vec<String> = hand.iter().take(NAMED).cloned().collect();
        said.extend((more > 0).then(|| format!("and {more} more")));
        bar.set_message(said.join(" · "));
    }
}
