//! `kgrade queue status`: what a queue holds.

use std::fmt::Write;

use clap::Args;

use super::Place;
use crate::cli::{Done, Failure, output};
use crate::cohort::book::now;
use crate::cohort::queue::state::{InHand, State};
use crate::exit;

/// Say what waits, what is in whose hand, and what is done.
#[derive(Debug, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    place: Place,
}

/// Prints it.
pub fn status(args: &StatusArgs) -> Done {
    let (access, names) = args.place.open().map_err(Failure::usage)?;
    let state = State::read(&access, &names)?;
    output::print(&text(&state, now()));
    Ok(exit::ALL_PASSED)
}

fn text(state: &State, now: u64) -> String {
    let mut text = String::new();
    let waiting: i64 = state.lag.values().sum::<i64>() - i64::try_from(state.in_hand.len()).unwrap_or(i64::MAX);
    let (graded, errors) = state.tally();
    let spread: Vec<String> = state.lag.iter().filter(|(_, lag)| **lag > 0).map(|(partition, lag)| format!("{partition}: {lag}")).collect();
    let mut row = |name: &str, value: String| _ = writeln!(text, "{name:<12} {value}");
    row("waiting", waiting.max(0).to_string());
    row("in hand", state.in_hand.len().to_string());
    row("graded", graded.to_string());
    row("errors", errors.to_string());
    row("workers", if state.workers.is_empty() { "none".to_owned() } else { state.workers.len().to_string() });
    row("partitions", state.lag.len().to_string());
    if !spread.is_empty() {
        row("not done in", spread.join(", "));
    }
    for hand in &state.in_hand {
        let InHand { source, worker, tries, since } = hand;
        let submitted = state.submissions.get(source).and_then(|entry| entry.submitted.as_ref());
        let what = submitted.map_or_else(|| "a record".to_owned(), |submitted| format!("{} for {}", submitted.id, submitted.lab));
        let again = if *tries > 1 { format!(", worker {tries} to try") } else { String::new() };
        _ = writeln!(text, "  {worker}: {what}, since {} s{again}", now.saturating_sub(*since));
    }
    for source in &state.doubles {
        _ = writeln!(text, "  defect: the record {}@{} has two results", source.partition, source.offset);
    }
    text
}
