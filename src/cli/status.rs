//! `kgrade status`.

use std::path::PathBuf;

use clap::Args;

use super::learner::Learner;
use super::{Done, Failure, LabSource, output};
use crate::course::status::Status;
use crate::exit;
use crate::report::course::status as page;
use crate::report::terminal::Style;

/// Show where you are in the course.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// The folder of your work.
    #[arg(default_value = ".")]
    folder: PathBuf,
    #[command(flatten)]
    source: LabSource,
    /// As JSON, for other programs (checks/schema/status.v1.json).
    #[arg(long)]
    json: bool,
}

/// Prints what the learner's own results come to, and what to do next.
pub fn status(args: &StatusArgs) -> Done {
    let learner = Learner::of(&args.folder, &args.source)?;
    let status = learner.known(Status::of)?;
    let text = if args.json {
        page::json(&status).map_err(Failure::environment)?
    } else {
        page::render(&status, &learner.place, &Style::of_stdout())
    };
    output::print(&text);
    Ok(exit::ALL_PASSED)
}
