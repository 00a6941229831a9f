//! `kgrade queue add`: puts the submissions of a cohort into a queue.

use std::path::PathBuf;

use clap::Args;

use super::Place;
use crate::cli::{Done, Failure, LabSource, lint, output};
use crate::cohort::queue::add::{Added, add as put};
use crate::cohort::queue::topics;
use crate::cohort::{Roster, key};
use crate::report::words;
use crate::{exit, lab};

/// Add the submissions of a cohort.
#[derive(Debug, Args)]
pub struct AddArgs {
    #[command(flatten)]
    place: Place,
    /// The lab, for example lab-02.
    lab: String,
    /// A folder with a folder for each submission, or a CSV table: id, and path or url; name, commit, due, extension.
    cohort: PathBuf,
    #[command(flatten)]
    source: LabSource,
    /// How many partitions a new queue gets: so many workers can share it.
    #[arg(long, value_name = "NUMBER", default_value_t = topics::PARTITIONS, value_parser = clap::value_parser!(i32).range(1..=1000))]
    partitions: i32,
}

/// Adds, and says what was added.
pub fn add(args: &AddArgs) -> Done {
    let (access, names) = args.place.open().map_err(Failure::usage)?;
    let source = lab::find::find(&args.lab, args.source.checks.as_deref()).map_err(lint::not_found)?;
    let resolved = source.resolve(&lab::Bindings { run_id: "queue".to_owned(), seed: 0 }).map_err(lint::wrong)?;
    let known = lab::find::names(args.source.checks.as_deref()).unwrap_or_default();
    if !known.contains(&resolved.name) {
        return Err(Failure::usage(anyhow::anyhow!("name a lab that the workers have: {} is a path", args.lab)));
    }
    let digest = key::digest(source.source.text.as_bytes());
    let roster = Roster::open(&args.cohort).map_err(Failure::usage)?;
    for note in &roster.notes {
        output::note(note);
    }
    let done = super::runtime()?.block_on(async {
        topics::ensure(&access, &names, args.partitions).await?;
        put(&access, &names, &resolved.name, &digest, &roster.members).await
    })?;
    output::print(&text(&done, &args.lab));
    for (id, why) in &done.refused {
        output::note(&format!("{id} was not added: {why}"));
    }
    Ok(if done.refused.is_empty() { exit::ALL_PASSED } else { exit::NOT_SHOWN })
}

fn text(done: &Added, lab: &str) -> String {
    let count = |number: usize| words::count(number as u64, "submission", "submissions");
    let mut text = format!("{} added for {lab}\n", count(done.added));
    if done.waiting > 0 {
        text.push_str(&format!("{} in the queue already\n", count(done.waiting)));
    }
    if done.graded > 0 {
        text.push_str(&format!("{} graded already\n", count(done.graded)));
    }
    if !done.refused.is_empty() {
        text.push_str(&format!("{} not added\n", count(done.refused.len())));
    }
    text
}
