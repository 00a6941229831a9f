//! `kgrade batch LAB COHORT`: grades a whole cohort.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::Args;
use tokio::sync::watch;

use super::{Done, Failure, LabSource, output};
use crate::cohort::book::Person;
use crate::cohort::journal::{Line, Past, SCHEMA, Start};
use crate::cohort::key::Basis;
use crate::cohort::out::Out;
use crate::cohort::pool::{Pool, Settings, Stop, workers};
use crate::cohort::roster::Source;
use crate::cohort::source::Limits;
use crate::cohort::{Book, Policy, Roster, Shard};
use crate::course::{Length, Rules};
use crate::lab::Lab;
use crate::report::cohort::State;
use crate::report::words::count;
use crate::{exit, lab, plan};

mod progress;
pub mod summary;

use self::progress::Progress;

/// Grade a cohort.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 every submission has a grade, whatever it is · 2 usage, lab file or roster · 3 nothing could be graded, \
    or the disk is full · 5 some have no grade · 130 interrupted; --resume goes on"
)]
pub struct BatchArgs {
    /// The lab, for example lab-02, or the path of a lab file.
    lab: String,
    /// A folder with a folder for each submission, or a CSV table: id, and path or url; name, commit, due, extension.
    cohort: PathBuf,
    /// Where the results go.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    source: LabSource,
    /// Only these checks (ids or tags), with the checks that they need.
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    only: Vec<String>,
    /// Only these submissions.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    only_ids: Vec<String>,
    /// Only one part of the cohort, for one of several machines: 2/8 is the second of eight.
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Go on where a batch stopped: what is graded and has not changed is not graded again.
    #[arg(long)]
    resume: bool,
    /// With --resume: also grade those again that have no grade.
    #[arg(long, requires = "resume")]
    again: bool,
    /// How many submissions are graded at a time; without it, as many as there are cores, if there is memory for them.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=256))]
    workers: Option<u16>,
    /// How many are held ready, so that none waits for a broker.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u16).range(0..=64))]
    ahead: u16,
    /// Where the programs run: auto (docker or bwrap, whichever is there), docker, bwrap, none.
    #[arg(long, value_name = "WHERE", default_value = "auto", value_parser = super::grade::sandbox)]
    sandbox: String,
    /// The course's rules on late submissions; `due` and `extension` of a table come before them.
    #[arg(long, value_name = "FILE", env = "KGRADE_LATE")]
    late: Option<PathBuf>,
    /// One seed for all; without it, each submission gets one that nobody can know before.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// How many checks of a submission run side by side.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: Option<u16>,
    /// Stretches all time limits of the checks, for a slow machine.
    #[arg(long, value_name = "FACTOR", value_parser = super::grade::scale)]
    timeout_scale: Option<f64>,
    /// How long a submission may take to be made ready, and to be graded.
    #[arg(long, value_name = "TIME", default_value = "15m")]
    limit: Length,
    /// No submission is begun when less than this is free on the disk, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 1024)]
    keep_free: u64,
    /// Show nothing while it runs.
    #[arg(long, short)]
    quiet: bool,
    /// The kgrade that grades a submission.
    #[arg(long, value_name = "FILE", hide = true)]
    kgrade: Option<PathBuf>,
    /// Further options of `kgrade LAB`, for every submission, after `--`.
    #[arg(last = true, value_name = "OPTION")]
    options: Vec<String>,
}

/// Grades all, prints what came of it, and says the exit code.
pub fn batch(args: &BatchArgs) -> Done {
    let lab = resolve(args)?;
    let all = members(args).map_err(Failure::usage)?;
    let mut roster = all.clone();
    if !args.only_ids.is_empty() {
        roster.only(&args.only_ids).map_err(Failure::usage)?;
    }
    let rules = args.late.as_deref().map(Rules::load).transpose().map_err(Failure::usage)?;
    let policy = policy(args)?;
    let settings = Settings {
        basis: Basis::of(&policy, &lab.digest),
        policy,
        lab: lab.name.clone(),
        rules,
        workers: args.workers.map_or_else(|| workers(args.ahead.into()), usize::from),
        ahead: args.ahead.into(),
        again: args.again,
        keep_free: args.keep_free.saturating_mul(1 << 20),
        limits: Limits::default(),
    };
    for note in &roster.notes {
        output::note(note);
    }
    let undated = |member: &&crate::cohort::Member| {
        member.extension.is_some()
            && member.due.is_none()
            && settings.rules.as_ref().is_none_or(|rules| !rules.labs.contains_key(&lab.name))
    };
    if let Some(member) = roster.members.iter().find(undated) {
        return Err(Failure::usage(anyhow!(
            "{} has an extension, but nothing says when {} is due: add a column `due`, or rules with --late",
            member.id,
            lab.name
        )));
    }
    let (out, mut journal, past) = Out::open(&args.out, args.resume).map_err(Failure::usage)?;
    check_past(&past, &lab, args).map_err(Failure::usage)?;
    journal.add(&Line::Batch(Start {
        schema: SCHEMA.to_owned(),
        lab: lab.name.clone(),
        checks_digest: lab.digest.clone(),
        kgrade: env!("CARGO_PKG_VERSION").to_owned(),
        shard: args.shard.map(|shard| shard.to_string()),
        at: crate::cohort::book::now(),
    }))?;
    let book = book(args, &lab, &all, &out, &past);
    let progress = Arc::new(if args.quiet { Progress::quiet() } else { Progress::of_stderr(roster.members.len() as u64) });
    let root = out.root().to_owned();
    let pool = Pool::new(settings, (out, journal, past), book, roster.members, Arc::clone(&progress) as Arc<_>);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().context("start the runtime")?;
    let (book, stop, written) = runtime.block_on(async {
        let (interrupt, interrupted) = watch::channel(false);
        tokio::spawn(super::interrupt::listen(interrupt));
        pool.run(interrupted).await
    });
    runtime.shutdown_timeout(Duration::from_millis(500));
    progress.finish();
    written?;
    output::print(&summary::of(&book, &root, args.resume));
    match stop {
        Some(Stop::Interrupted) => {
            output::note("interrupted; --resume goes on");
            Ok(exit::INTERRUPTED)
        }
        Some(Stop::Broken(error)) => Err(Failure::environment(anyhow!("{error:#}"))),
        None => Ok(code(&book)),
    }
}

/// The exit code of a batch that came to its end.
pub fn code(book: &Book) -> u8 {
    let all = book.people.len() as u64;
    match (book.count(State::Graded), book.count(State::Incomplete)) {
        (graded, _) if graded == all => exit::ALL_PASSED,
        (0, 0) => exit::ENVIRONMENT,
        _ => exit::NOT_SHOWN,
    }
}

/// The lab, after everything about it has been looked at that every submission would stumble over.
fn resolve(args: &BatchArgs) -> Result<Lab, Failure> {
    let source = lab::find::find(&args.lab, args.source.checks.as_deref()).map_err(super::lint::not_found)?;
    let bindings = lab::Bindings { run_id: "batch".to_owned(), seed: args.seed.unwrap_or(1) };
    let lab = source.resolve(&bindings).map_err(super::lint::wrong)?;
    plan::select(&lab, &args.only).map_err(super::plan::nothing_selected)?;
    Ok(lab)
}

fn policy(args: &BatchArgs) -> Result<Policy, Failure> {
    let own = || std::env::current_exe().context("find kgrade's own file");
    let only = (!args.only.is_empty()).then(|| format!("--only={}", args.only.join(",")));
    Ok(Policy {
        kgrade: args.kgrade.clone().map_or_else(own, Ok)?,
        lab: args.lab.clone(),
        checks: args.source.checks.clone(),
        sandbox: args.sandbox.clone(),
        late: None,
        seed: args.seed,
        jobs: args.jobs,
        timeout_scale: args.timeout_scale,
        limit: Duration::from_secs(args.limit.0.max(1)),
        options: only.into_iter().chain(args.options.iter().cloned()).collect(),
    })
}

/// Says whether this batch can go on with what is there.
fn check_past(past: &Past, lab: &Lab, args: &BatchArgs) -> anyhow::Result<()> {
    let shown = args.out.display();
    let Some(start) = past.starts.last() else { return Ok(()) };
    if start.lab != lab.name {
        return Err(anyhow!("{shown} holds the results of {}; name another folder for {}", start.lab, lab.name));
    }
    let shard = args.shard.map(|shard| shard.to_string());
    if start.shard != shard {
        let said = |shard: &Option<String>| shard.as_ref().map_or("the whole cohort".to_owned(), |shard| format!("shard {shard}"));
        return Err(anyhow!("{shown} holds the results of {}; name another folder for {}", said(&start.shard), said(&shard)));
    }
    if start.checks_digest != lab.digest {
        output::note(&format!(
            "{} has changed since: all is graded again. Where only the judging changed, `kgrade replay` judges what was saved in \
             {shown}/evidence again, and runs no program",
            lab.name
        ));
    } else if start.kgrade != env!("CARGO_PKG_VERSION") {
        output::note(&format!("another kgrade ({}) graded here before: all is graded again", start.kgrade));
    }
    if past.damaged > 0 {
        let lines = count(past.damaged as u64, "damaged line", "damaged lines");
        output::note(&format!("the journal in {shown} has {lines}: what they told of is graded again"));
    }
    Ok(())
}

/// Everybody in the cohort, or in the shard of it.
fn members(args: &BatchArgs) -> anyhow::Result<Roster> {
    let mut roster = Roster::open(&args.cohort)?;
    // The results of a first batch may stand among the submissions of the second.
    let out = args.out.canonicalize().ok();
    roster.members.retain(|member| !matches!(&member.source, Source::Folder(folder) if folder.canonicalize().ok() == out && out.is_some()));
    if let Some(shard) = args.shard {
        roster.members.retain(|member| shard.holds(&member.id));
    }
    Ok(roster)
}

/// The books: everybody, also those who are left out this time, with what is there already.
fn book(args: &BatchArgs, lab: &Lab, all: &Roster, out: &Out, past: &Past) -> Book {
    let people: Vec<Person> = all.members.iter().map(|member| Person { id: member.id.clone(), name: member.name.clone() }).collect();
    let ids: HashSet<&str> = people.iter().map(|person| person.id.as_str()).collect();
    let (there, gone): (Vec<_>, Vec<_>) = past.records.values().partition(|record| ids.contains(record.id.as_str()));
    let shards = args.shard.iter().map(ToString::to_string).collect();
    let mut book = Book::new(&lab.name, &lab.title, &lab.digest, shards, people.clone());
    for record in there.into_iter().filter(|record| out.has(record)) {
        book.enter(record.clone(), out.outcome(record));
    }
    if !gone.is_empty() {
        let those = count(gone.len() as u64, "submission that was graded before is", "submissions that were graded before are");
        output::note(&format!("{those} not in the cohort any more, and left out of the gradebook"));
    }
    book
}
