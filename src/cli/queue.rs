//! `kgrade queue`: puts submissions into a queue, says how far it is, and takes the results out.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Done, Failure};
use crate::cohort::queue::{Access, Names};

mod add;
mod results;
mod status;

/// A queue of submissions in a Kafka.
#[derive(Debug, Args)]
pub struct QueueArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Add the submissions of a cohort; what waits or was graded already is not added again.
    Add(add::AddArgs),
    /// Say what waits, what is in whose hand, and what is done.
    Status(status::StatusArgs),
    /// Write the results, and say what is missing.
    Results(results::ResultsArgs),
}

/// Which queue is meant.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// The Kafka that holds the queue; not one that learners' programs can reach.
    #[arg(long, value_name = "HOST:PORT")]
    queue: String,
    /// The queue's name: its topics are NAME-submissions, NAME-results and NAME-evidence.
    #[arg(long, value_name = "NAME", default_value = "kgrade")]
    name: String,
    /// Settings for that Kafka in librdkafka's names, key=value on each line: SASL, TLS, timeouts.
    #[arg(long, value_name = "FILE")]
    queue_config: Option<PathBuf>,
}

impl Place {
    /// How it is reached, and its names.
    pub(super) fn open(&self) -> anyhow::Result<(Access, Names)> {
        Ok((Access::new(&self.queue, self.queue_config.as_deref())?, Names::of(&self.name)?))
    }
}

/// Runs one of the commands.
pub fn queue(args: &QueueArgs) -> Done {
    match &args.command {
        Command::Add(args) => add::add(args),
        Command::Status(args) => status::status(args),
        Command::Results(args) => results::results(args),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let built = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    built.map_err(|error| Failure::environment(anyhow::Error::from(error).context("start the runtime")))
}
