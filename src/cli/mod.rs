//! The command line: one file per command. Only this folder and `main.rs` print.

mod batch;
mod check_course;
mod checkpoint;
mod clean;
pub mod cluster;
mod completions;
mod doctor;
mod explain;
mod grade;
mod hint;
mod init;
mod interrupt;
mod learner;
mod lint;
mod list;
mod man;
mod merge;
mod new;
mod output;
mod plan;
mod queue;
mod regrade;
mod replay;
mod report;
mod review;
mod roadmap;
mod saved;
mod schema;
mod show;
mod sign;
mod status;
mod tap;
mod timeline;
mod verify;
mod watch;
mod worker;

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};

use crate::exit;
use crate::report::live::Live;
use crate::report::terminal::Style;
use crate::world::cluster::{CacheDir, ClusterContext, Host};
use crate::world::guard::Guard;
use crate::world::progress::Progress;

/// Grades Kafka labs: runs your programs against a real Apache Kafka and says what is right, what is wrong, and why.
#[derive(Debug, Parser)]
#[command(name = "kgrade", version, args_conflicts_with_subcommands = true, max_term_width = 100, disable_help_subcommand = true)]
#[command(after_help = "Exit codes: 0 all passed · 1 something failed · 2 usage or lab file · 3 environment, nothing graded · \
    4 nothing selected · 5 inconclusive or error · 130 interrupted")]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    grade: grade::GradeArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Grade a whole cohort.
    Batch(batch::BatchArgs),
    /// Put the results of several batches together.
    Merge(merge::MergeArgs),
    /// Check lab files without running anything.
    Lint(lint::LintArgs),
    /// Print the JSON Schema of lab files, of the JSON report, or of a cohort.
    Schema(schema::SchemaArgs),
    /// Explain a kind: what it does or asks, its settings, an example.
    Explain(explain::ExplainArgs),
    /// Show what grading a lab would do, without doing it.
    Plan(plan::PlanArgs),
    /// Show what a lab asks for: its checks and its handout.
    Show(show::ShowArgs),
    /// Give the next hint for a check: first a question, last the explanation.
    Hint(hint::HintArgs),
    /// Write the files that a lab begins with, never over yours.
    Init(init::InitArgs),
    /// Grade when something is saved: the front door.
    Watch(watch::WatchArgs),
    /// Begin a lab of your own.
    New(new::NewArgs),
    /// Is a course as it should be? Its files, and the programs that prove its labs, graded.
    CheckCourse(check_course::CheckCourseArgs),
    /// List the labs and their checks.
    List(list::ListArgs),
    /// Show the course: its weeks, days, tasks, goals, and what shows that they are reached.
    Roadmap(roadmap::RoadmapArgs),
    /// Show where you are in the course, and what to do next.
    Status(status::StatusArgs),
    /// Show whether a checkpoint of the course is reached, as a report that can be handed in.
    Checkpoint(checkpoint::CheckpointArgs),
    /// Look back on a week: answer its questions, and keep the answers.
    Review(review::ReviewArgs),
    /// Judge saved runs again, without a cluster.
    Replay(replay::ReplayArgs),
    /// Make a report of a run that is over.
    Report(report::ReportArgs),
    /// Sign results, where no program of a learner's runs.
    Sign(sign::SignArgs),
    /// Check the signature of a result, and say what that proves.
    Verify(verify::VerifyArgs),
    /// Show a saved run as a picture, with the moment of the mistake.
    Timeline(timeline::TimelineArgs),
    /// Watch what a client says to a Kafka that is there.
    Tap(tap::TapArgs),
    /// Put submissions into a queue for workers, say how far it is, and take the results out.
    Queue(queue::QueueArgs),
    /// Grade submissions from a queue, as one of its workers.
    Worker(worker::WorkerArgs),
    /// Look whether this machine has what kgrade needs, and say how to mend it.
    #[command(after_help = "Exit codes: 0 usable · 2 usage · 3 something that is needed is missing")]
    Doctor(doctor::DoctorArgs),
    /// Show what kgrade keeps on this machine, and remove it when you say so.
    Clean(clean::CleanArgs),
    /// Print what makes a shell complete kgrade's commands.
    Completions(completions::CompletionsArgs),
    /// Print the man page, or write those of all commands.
    Man(man::ManArgs),
    /// Start a Kafka for yourself and leave it running.
    Up(cluster::UpArgs),
    /// Stop the Kafka that `kgrade up` started.
    Down(cluster::DownArgs),
}

/// Runs a command that keeps a cluster. Until the broker is let go, the watchdog looks after it: a start that is broken off leaves nothing.
fn with_cluster(command: impl FnOnce(&ClusterContext, &mut dyn std::io::Write) -> anyhow::Result<u8>) -> Done {
    let guard = Guard::of_this_kgrade()?;
    let host = Host::from_env();
    let cache = CacheDir::of(&host);
    let live = Arc::new(Live::of_stderr(Style::of_stdout()));
    let context = ClusterContext { host, cache, guard, progress: Arc::clone(&live) as Arc<dyn Progress> };
    let mut out = Vec::new();
    let result = command(&context, &mut out);
    live.finish();
    output::print(&String::from_utf8_lossy(&out));
    result.map_err(Failure::environment)
}

/// Where labs come from.
#[derive(Debug, Clone, Args)]
pub struct LabSource {
    /// The folder with the labs; without it, the labs that kgrade carries.
    #[arg(long, value_name = "DIR", env = "KGRADE_CHECKS")]
    pub checks: Option<PathBuf>,
}

/// Runs the command line and returns the exit code.
#[must_use]
pub fn main() -> u8 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            if std::env::args_os().len() <= 1 {
                output::note(
                    "\n`kgrade watch` begins where you are in the course, `kgrade lab-02` grades one lab once, `kgrade status` says how far you are, \
                     and `kgrade --help` has the rest",
                );
            }
            return if error.use_stderr() { exit::USAGE } else { exit::ALL_PASSED };
        }
    };
    start_log();
    let result = match cli.command {
        None => grade::grade(&cli.grade),
        Some(Command::Batch(args)) => batch::batch(&args),
        Some(Command::Merge(args)) => merge::merge(&args),
        Some(Command::Lint(args)) => lint::lint(&args),
        Some(Command::Schema(args)) => schema::schema(&args),
        Some(Command::Explain(args)) => explain::explain(&args),
        Some(Command::Plan(args)) => plan::plan(&args),
        Some(Command::Show(args)) => show::show(&args),
        Some(Command::Hint(args)) => hint::hint(&args),
        Some(Command::Init(args)) => init::init(&args),
        Some(Command::Watch(args)) => watch::watch(&args),
        Some(Command::New(args)) => new::new(&args),
        Some(Command::CheckCourse(args)) => check_course::check_course(&args),
        Some(Command::List(args)) => list::list(&args),
        Some(Command::Roadmap(args)) => roadmap::roadmap(&args),
        Some(Command::Status(args)) => status::status(&args),
        Some(Command::Checkpoint(args)) => checkpoint::checkpoint(&args),
        Some(Command::Review(args)) => review::review(&args),
        Some(Command::Replay(args)) => replay::replay(&args),
        Some(Command::Report(args)) => report::report(&args),
        Some(Command::Sign(args)) => sign::sign(&args),
        Some(Command::Verify(args)) => verify::verify(&args),
        Some(Command::Timeline(args)) => timeline::timeline(&args),
        Some(Command::Tap(args)) => tap::tap(&args),
        Some(Command::Queue(args)) => queue::queue(&args),
        Some(Command::Worker(args)) => worker::worker(&args),
        Some(Command::Doctor(args)) => doctor::doctor(&args),
        Some(Command::Clean(args)) => clean::clean(&args),
        Some(Command::Completions(args)) => completions::completions(&args),
        Some(Command::Man(args)) => man::man(&args),
        Some(Command::Up(args)) => with_cluster(|context, out| cluster::up(&args, context, out)),
        Some(Command::Down(args)) => with_cluster(|context, out| cluster::down(&args, context, out)),
    };
    match result {
        Ok(code) => code,
        Err(failure) => {
            output::error(&failure.error);
            failure.code
        }
    }
}

/// Why a command ended without doing its work, and the exit code for it.
#[derive(Debug)]
pub struct Failure {
    /// What went wrong, with its context.
    pub error: anyhow::Error,
    /// See [`exit`].
    pub code: u8,
}

impl Failure {
    /// The command line or the lab file is wrong.
    pub fn usage(error: impl Into<anyhow::Error>) -> Self {
        Self { error: error.into(), code: exit::USAGE }
    }

    /// The environment cannot be used.
    pub fn environment(error: impl Into<anyhow::Error>) -> Self {
        Self { error: error.into(), code: exit::ENVIRONMENT }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::environment(error)
    }
}

/// What a command returns: its exit code.
pub type Done = Result<u8, Failure>;

/// Diagnostics for those who look for a defect in kgrade: `KGRADE_LOG=debug kgrade lab-02`.
fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("KGRADE_LOG").unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("off"));
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
