//! `kgrade worker --queue HOST:PORT`: grades submissions from a queue.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::queue::Place;
use super::{Done, Failure, LabSource, output};
use crate::cohort::child::Policy;
use crate::cohort::queue::worker::{News, Options, Stop, work};
use crate::cohort::queue::{Ended, Published};
use crate::course::{Length, Rules};
use crate::exit;
use crate::outcome::sanitize;
use crate::world::guard::Guard;

/// Grade submissions from a queue, as one of its workers.
#[derive(Debug, Args)]
pub struct WorkerArgs {
    #[command(flatten)]
    place: Place,
    /// The folder for results and evidence; the queue has them, too.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    source: LabSource,
    /// What learners' programs run in: auto, docker, bwrap, or none. The worker says it, never a submission.
    #[arg(long, value_name = "WHERE", default_value = "auto", value_parser = super::grade::sandbox)]
    sandbox: String,
    /// Only submissions in this folder; may be repeated. Without it, in any folder that the queue names.
    #[arg(long = "root", value_name = "DIR")]
    roots: Vec<PathBuf>,
    /// The course's rules on late submissions; `due` and `extension` of the cohort's table come before them.
    #[arg(long, value_name = "FILE", env = "KGRADE_LATE")]
    late: Option<PathBuf>,
    /// End when the whole queue is done.
    #[arg(long)]
    drain: bool,
    /// Do not make the next submission ready while one is graded.
    #[arg(long)]
    no_ahead: bool,
    /// How long a submission may take to be made ready, and to be graded.
    #[arg(long, value_name = "TIME", default_value = "15m")]
    limit: Length,
    /// How many checks of a submission run side by side.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: Option<u16>,
    /// Stretches all time limits, for a slow machine.
    #[arg(long, value_name = "FACTOR", value_parser = super::grade::scale)]
    timeout_scale: Option<f64>,
    /// The kgrade that grades, when it is not this one.
    #[arg(long, value_name = "PATH", hide = true)]
    kgrade: Option<PathBuf>,
    /// Further options of `kgrade LAB`, for every submission, after `--`.
    #[arg(last = true, value_name = "OPTION")]
    options: Vec<String>,
}

/// Works until it is told to stop, or the queue is done.
pub fn worker(args: &WorkerArgs) -> Done {
    let options = options(args).map_err(Failure::usage)?;
    let guard = Guard::of_this_kgrade()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().context("start the runtime")?;
    let name = &options.worker;
    let mut tell = |news: News<'_>| match news {
        News::Trouble(error) => output::error(&error),
        news => output::print(&line(name, &news)),
    };
    let (stop, seen) = watch::channel(Stop::No);
    let ended = runtime.block_on(async {
        tokio::spawn(listen(stop));
        work(&options, &guard, seen.clone(), &mut tell).await
    });
    let stopped = *seen.borrow() != Stop::No;
    // A question that a dead broker does not answer must not keep the person waiting.
    runtime.shutdown_timeout(Duration::from_millis(500));
    let tally = ended?;
    output::print(&format!("{name}: {} graded, {} not graded\n", tally.graded, tally.errors));
    Ok(if stopped {
        exit::INTERRUPTED
    } else if tally.errors > 0 {
        exit::NOT_SHOWN
    } else {
        exit::ALL_PASSED
    })
}

fn options(args: &WorkerArgs) -> anyhow::Result<Options> {
    let (access, names) = args.place.open()?;
    let kgrade = match &args.kgrade {
        Some(path) => path.clone(),
        None => std::env::current_exe().context("find kgrade's own file")?,
    };
    let policy = Policy {
        kgrade,
        lab: String::new(),
        checks: args.source.checks.clone(),
        sandbox: args.sandbox.clone(),
        late: None,
        // Each submission's own, drawn when it is graded: nobody can know it before.
        seed: None,
        jobs: args.jobs,
        timeout_scale: args.timeout_scale,
        limit: Duration::from_secs(args.limit.0.max(1)),
        options: args.options.clone(),
    };
    let worker = name();
    let rules = args.late.as_deref().map(Rules::load).transpose()?;
    Ok(Options {
        access,
        names,
        worker,
        policy,
        rules,
        out: args.out.clone(),
        roots: args.roots.clone(),
        ahead: !args.no_ahead,
        drain: args.drain,
    })
}

/// A name for this worker: the machine, the process, and something that no worker before had.
fn name() -> String {
    let host: String = rustix::system::uname().nodename().to_string_lossy().chars().filter(char::is_ascii_alphanumeric).take(30).collect();
    format!("{host}-{}-{:04x}", std::process::id(), rand::random::<u16>())
}

/// The first signal ends the worker after what is in hand, the second at once, the third without a word.
async fn listen(stop: watch::Sender<Stop>) {
    let (Ok(mut int), Ok(mut term)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) else {
        return std::future::pending().await;
    };
    for next in [Some(Stop::Soon), Some(Stop::Now), None] {
        tokio::select! {
            _ = int.recv() => {}
            _ = term.recv() => {}
        }
        match next {
            Some(next) => _ = stop.send_replace(next),
            // The watchdog removes what is left, and another worker grades what was in hand.
            None => std::process::exit(i32::from(exit::INTERRUPTED)),
        }
    }
    std::future::pending().await
}

fn line(name: &str, news: &News<'_>) -> String {
    match news {
        News::Partitions(0) => format!("{name}: no partitions of the queue\n"),
        News::Partitions(1) => format!("{name}: 1 partition of the queue\n"),
        News::Partitions(count) => format!("{name}: {count} partitions of the queue\n"),
        News::Began { id, lab, tries: 1 } => format!("{name}: grading {id} for {lab}\n"),
        News::Began { id, lab, tries } => format!("{name}: grading {id} for {lab}, worker {tries} to try\n"),
        News::Said(result) => format!("{name}: {}\n", said(result)),
        News::Again(id) => format!("{name}: {id} was graded already\n"),
        News::Dropped { id, why } => format!("{name}: {id} is not graded here: {why}\n"),
        News::Trouble(error) => format!("{name}: {error:#}\n"),
    }
}

/// A result on one line.
pub(super) fn said(result: &Published) -> String {
    match &result.ended {
        Ended::Graded(graded) => {
            let outcome = &graded.outcome;
            let rest = if outcome.complete { "" } else { ", which is not a grade: some checks were not decided" };
            format!("{}: {} of {}{rest}", result.id, outcome.grade(), outcome.max_score)
        }
        Ended::Error { why } => sanitize::terminal(&format!("{}: error: {}", result.id, why.replace(['\n', '\r'], " "))),
    }
}
