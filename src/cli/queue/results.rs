//! `kgrade queue results`: takes the results out of a queue, into a folder like that of a batch.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::Place;
use crate::cli::worker::said;
use crate::cli::{Done, Failure, batch, output};
use crate::cohort::out::Out;
use crate::cohort::queue::collect::{Collected, collect};
use crate::cohort::queue::state::State;
use crate::cohort::{Book, book};
use crate::report::cohort;
use crate::report::words::count;

/// Write the results, and say what is missing.
#[derive(Debug, Args)]
pub struct ResultsArgs {
    #[command(flatten)]
    place: Place,
    /// The folder for the results: a new one, or that of an earlier time.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The lab, where the queue has several.
    lab: Option<String>,
}

/// Writes, and says what is missing.
pub fn results(args: &ResultsArgs) -> Done {
    let (access, names) = args.place.open().map_err(Failure::usage)?;
    let state = State::read(&access, &names)?;
    let lab = lab(args.lab.as_deref(), &state.labs()).map_err(Failure::usage)?;
    let (out, journal, past) = Out::open(&args.out, true).map_err(Failure::usage)?;
    let done = collect((&access, &names), &state, &lab, (&out, journal, &past))?;
    output::print(&text(&state, &done, &lab, &out));
    Ok(batch::code(&done.book))
}

fn lab(asked: Option<&str>, there: &[String]) -> Result<String> {
    let list = || if there.is_empty() { "nothing".to_owned() } else { there.join(", ") };
    match (asked, there) {
        (Some(asked), _) if there.iter().any(|lab| lab == asked) => Ok(asked.to_owned()),
        (Some(asked), _) => Err(anyhow::anyhow!("nothing was added for {asked}; the queue has {}", list())),
        (None, [one]) => Ok(one.clone()),
        (None, []) => Err(anyhow::anyhow!("nothing was added to the queue")),
        (None, _) => Err(anyhow::anyhow!("name the lab whose results you want: the queue has {}", list())),
    }
}

fn text(state: &State, done: &Collected, lab: &str, out: &Out) -> String {
    let Collected { book, without_evidence } = done;
    let mut text = format!("{lab}: {} of {} graded", book.count(cohort::State::Graded), all(book));
    for other in [cohort::State::Incomplete, cohort::State::Error, cohort::State::Open] {
        if book.count(other) > 0 {
            text.push_str(&format!(", {} {}", book.count(other), other.word()));
        }
    }
    text.push('\n');
    for result in state.results_for(lab).into_iter().filter(|result| !result.is_final()) {
        text.push_str(&format!("  {}\n", said(result)));
    }
    for (id, worker) in without_evidence {
        text.push_str(&format!("  {id}: its evidence is not in the queue; worker {worker} had it\n"));
    }
    for source in &state.doubles {
        text.push_str(&format!("  defect: the record {}@{} has two results\n", source.partition, source.offset));
    }
    if state.unreadable_results > 0 {
        let records = count(state.unreadable_results, "record", "records");
        text.push_str(&format!("  {records} among the results cannot be read: who else writes there?\n"));
    }
    let root = out.root();
    text.push_str(&format!("gradebook: {}\npage: {}\n", root.join(book::GRADEBOOK).display(), root.join(book::PAGE).display()));
    text
}

fn all(book: &Book) -> String {
    count(book.people.len() as u64, "submission", "submissions")
}
