//! `kgrade watch`: grades when something is saved.

mod board;
mod clocks;
mod course;
mod files;
mod grader;
mod graders;
mod keys;
mod listener;
mod screen;
mod session;
mod signals;
mod typed;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

pub use self::course::Course;
use self::session::Session;
use self::signals::Signals;
use super::{Done, Failure, LabSource};

/// Grade when something is saved.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// The lab; without it, the one that you are at.
    lab: Option<String>,
    /// The folder of your work.
    #[arg(long, value_name = "DIR", default_value = ".")]
    submission: PathBuf,
    #[command(flatten)]
    source: LabSource,
}

/// Watches until the person quits.
pub fn watch(args: &WatchArgs) -> Done {
    let course = Course::of(args.lab.as_deref(), &args.submission, &args.source)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("start the runtime").map_err(Failure::environment)?;
    let result = runtime.block_on(async {
        // Before the terminal is taken: it is given back whatever comes.
        let signals = Signals::listen()?;
        Session::begin(course)?.run(signals).await
    });
    runtime.shutdown_background();
    result
}
