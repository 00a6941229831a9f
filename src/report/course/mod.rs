//! The course as a person reads it: the roadmap, where a learner stands, a checkpoint, a week in review. Pure: the same data and style give
//! the same text.

pub mod audit;
pub mod checkpoint;
pub mod commands;
pub mod handout;
pub mod hint;
pub mod review;
pub mod roadmap;
pub(super) mod sheet;
pub mod status;

use super::provenance::moment;
use crate::course::Stretch;
use crate::course::progress::State;
use crate::outcome::Verdict;

/// The day of a moment, as ISO 8601 writes it, in UTC.
fn day(unix: u64) -> String {
    moment(unix).and_then(|moment| moment.get(..10).map(str::to_owned)).unwrap_or_else(|| "an unknown day".to_owned())
}

/// `3-5`, or `5` when it is one.
fn stretch(stretch: Stretch) -> String {
    if stretch.from == stretch.to { stretch.from.to_string() } else { format!("{}-{}", stretch.from, stretch.to) }
}

/// The verdict whose mark and colour stand for a state.
fn verdict(state: State) -> Verdict {
    match state {
        State::Passed => Verdict::Passed,
        State::Failed => Verdict::Failed,
        State::Open => Verdict::Skipped,
    }
}

/// A state as a word.
fn word(state: State) -> &'static str {
    match state {
        State::Passed => "passed",
        State::Failed => "failed",
        State::Open => "open",
    }
}

/// `a`, `a and b`, `a, b and c`.
fn list(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests;
