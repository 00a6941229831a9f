//! The programs of a course, graded side by side, each by a kgrade process with a broker of its own.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::progress::Progress;
use crate::cli::grade::quoted;
use crate::cli::{Failure, interrupt};
use crate::cohort::{Child, Ending as Graded, Order, Policy};
use crate::course::audit::Audit;
use crate::course::conform::Wanted;
use crate::course::fixtures::Program;
use crate::lab::Lab;
use crate::outcome::{Outcome, Verdict};
use crate::report::course::audit::{self as report, Columns, Ending, Tried};
use crate::report::terminal::Style;
use crate::world::folder::{PrivateFolder, remove};
use crate::world::guard::Guard;
use crate::world::program::Submission;

/// How often a program is tried when a run comes to no verdict, or breaks off: a machine with too much to do may do better then.
const TRIES: u32 = 2;
/// When so many, the first ones, cannot be graded, none can.
const USELESS: usize = 3;

/// How the programs are graded.
pub struct Settings {
    /// The kgrade that is started for each.
    pub kgrade: PathBuf,
    /// The folder with the labs.
    pub checks: PathBuf,
    /// How many are graded at a time.
    pub jobs: usize,
    /// The seed of all runs.
    pub seed: Option<u64>,
    /// Stretches all time limits.
    pub timeout_scale: Option<f64>,
    /// How long one may take.
    pub limit: Duration,
}

/// Why it came to no end.
#[derive(Debug, Clone)]
pub enum Stop {
    /// Somebody wanted it.
    Interrupted,
    /// None could be graded; why.
    Useless(String),
}

/// A program that waits for its turn.
struct Job {
    lab: Lab,
    program: Program,
    wanted: Wanted,
}

/// What all lanes share.
struct Hall {
    settings: Settings,
    folder: PrivateFolder,
    queue: Mutex<VecDeque<Job>>,
    turns: Semaphore,
    tried: Mutex<Vec<Tried>>,
    stop: watch::Sender<Option<Stop>>,
    progress: Progress,
    columns: Columns,
    style: Style,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Grades all programs of a course that can be graded here, and prints a line for each as it ends.
///
/// # Errors
/// When there can be no private folder, or no runtime.
pub fn all(audit: &Audit, settings: Settings, style: &Style) -> Result<(Vec<Tried>, Option<Stop>), Failure> {
    let queue: VecDeque<Job> = audit
        .labs
        .iter()
        .filter(|lab| lab.left.is_none())
        .filter_map(|lab| Some((lab.lab.as_ref()?, &lab.programs)))
        .flat_map(|(lab, programs)| {
            programs.iter().map(|(program, wanted)| Job { lab: lab.clone(), program: program.clone(), wanted: wanted.clone() })
        })
        .collect();
    let guard = Guard::of_this_kgrade()?;
    let folder = PrivateFolder::make(&guard, "kgrade-course-").context("make a private folder")?;
    let hall = Arc::new(Hall {
        folder,
        turns: Semaphore::new(settings.jobs),
        tried: Mutex::new(Vec::new()),
        stop: watch::Sender::new(None),
        progress: Progress::of_stderr(queue.len() as u64),
        columns: Columns::of(audit),
        style: *style,
        queue: Mutex::new(queue),
        settings,
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().context("start the runtime")?;
    runtime.block_on(hall.run());
    runtime.shutdown_timeout(Duration::from_millis(500));
    hall.progress.finish();
    let stop = hall.stop.borrow().clone();
    let tried = std::mem::take(&mut *lock(&hall.tried));
    drop(hall);
    drop(guard);
    Ok((tried, stop))
}

impl Hall {
    async fn run(self: &Arc<Self>) {
        let (interrupt, interrupted) = watch::channel(false);
        tokio::spawn(interrupt::listen(interrupt));
        let mut lanes = JoinSet::new();
        // One more than there are turns: it makes the next one ready.
        for _ in 0..(self.settings.jobs + 1).min(lock(&self.queue).len()) {
            let (hall, mut interrupted) = (Arc::clone(self), interrupted.clone());
            lanes.spawn(async move {
                let mut stopped = hall.stop.subscribe();
                tokio::select! {
                    biased;
                    // What was begun is dropped: its processes are killed.
                    _ = interrupted.wait_for(|interrupted| *interrupted) => { hall.stop.send_replace(Some(Stop::Interrupted)); }
                    _ = stopped.wait_for(Option::is_some) => {}
                    () = hall.lane() => {}
                }
            });
        }
        while lanes.join_next().await.is_some() {}
    }

    async fn lane(&self) {
        loop {
            let Some(job) = lock(&self.queue).pop_front() else { return };
            let name = format!("{} {}", job.lab.name, job.program.name);
            self.progress.begun(&name);
            let tried = self.one(&job).await;
            self.progress.ended(&name, &report::tried(&tried, self.columns, &self.style));
            let mut all = lock(&self.tried);
            all.push(tried);
            let graded = all.iter().filter(|tried| !matches!(tried.ending, Ending::Left(_)));
            let why = graded.map(|tried| if let Ending::NotGraded(why) = &tried.ending { Some(why) } else { None });
            // As long as one could be graded, the others have their own reasons.
            if let Some(reasons) = why.collect::<Option<Vec<_>>>()
                && let Some(first) = reasons.first()
                && (reasons.len() >= USELESS || lock(&self.queue).is_empty())
            {
                self.stop.send_replace(Some(Stop::Useless((*first).clone())));
            }
        }
    }

    async fn one(&self, job: &Job) -> Tried {
        let begun = Instant::now();
        let mut seed = self.settings.seed;
        let ending = match self.missing_tool(job) {
            Some(tool) => Ending::Left(format!("it needs {tool}, which is not on the PATH")),
            None => match self.graded(job).await {
                Graded::Graded(outcome) => {
                    seed = Some(outcome.run.seed);
                    ending(&job.wanted, &outcome)
                }
                Graded::NotGraded { why, .. } => Ending::NotGraded(why),
            },
        };
        Tried {
            lab: job.lab.name.clone(),
            program: job.program.name.clone(),
            role: job.program.role,
            ending,
            took_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            alone: self.alone(job, seed),
        }
    }

    async fn graded(&self, job: &Job) -> Graded {
        for _ in 1..TRIES {
            match self.attempt(job).await {
                Graded::Graded(outcome) if outcome.complete => return Graded::Graded(outcome),
                Graded::NotGraded { why, again: false } => return Graded::NotGraded { why, again: false },
                Graded::Graded(_) | Graded::NotGraded { .. } => {}
            }
        }
        self.attempt(job).await
    }

    async fn attempt(&self, job: &Job) -> Graded {
        let broken = |error: anyhow::Error| Graded::NotGraded { why: format!("{error:#}"), again: true };
        let into = match tempfile::Builder::new().make_in(self.folder.path(), |path| std::fs::create_dir(path)) {
            Ok(made) => made.into_temp_path(),
            Err(error) => return broken(anyhow::Error::from(error).context("make a folder for the results")),
        };
        let order = Order { id: job.program.name.clone(), learner: None, folder: job.program.folder.clone(), into: into.to_path_buf() };
        let ending = match Child::start(&self.policy(job), &order) {
            Ok(mut child) => {
                child.ready().await;
                // Nobody closes it.
                let _turn = self.turns.acquire_many(self.share(&job.lab)).await;
                child.grade().await
            }
            Err(error) => broken(error),
        };
        _ = remove(&into);
        ending
    }

    /// How many turns a lab takes: the more brokers, the more.
    fn share(&self, lab: &Lab) -> u32 {
        let most = u32::try_from(self.settings.jobs).unwrap_or(u32::MAX);
        u32::from(lab.cluster.brokers).saturating_sub(1).clamp(1, most.max(1))
    }

    fn policy(&self, job: &Job) -> Policy {
        Policy {
            kgrade: self.settings.kgrade.clone(),
            lab: job.lab.name.clone(),
            checks: Some(self.settings.checks.clone()),
            // The author's own programs.
            sandbox: "none".to_owned(),
            late: None,
            seed: self.settings.seed,
            jobs: None,
            timeout_scale: self.settings.timeout_scale,
            limit: self.settings.limit,
            options: Vec::new(),
        }
    }

    /// The command that grades a program alone, with the data of this run.
    fn alone(&self, job: &Job, seed: Option<u64>) -> String {
        let seed = seed.map(|seed| format!(" --seed {seed}")).unwrap_or_default();
        let scale = self.settings.timeout_scale.map(|scale| format!(" --timeout-scale {scale}")).unwrap_or_default();
        let (checks, folder) = (quoted(&self.settings.checks), quoted(&job.program.folder));
        format!("kgrade {} --checks {checks} --submission {folder}{seed}{scale}", job.lab.name)
    }

    /// The tool that a program's setup or command needs and this machine lacks.
    fn missing_tool(&self, job: &Job) -> Option<String> {
        // What is wrong with the folder is told when it is graded.
        let submission = Submission::open(&job.program.folder).ok()?;
        let programs = job.lab.checks.iter().flat_map(|check| &check.programs);
        let commands = programs.filter_map(|(name, program)| submission.command(&job.lab.name, name, &program.command).ok());
        let tools = submission.setup().into_iter().chain(commands).filter_map(|command| command.into_iter().next());
        let path = std::env::var_os("PATH").unwrap_or_default();
        let there = |tool: &str| std::env::split_paths(&path).any(|folder| folder.join(tool).is_file());
        // A path is in the submission; Python is kgrade's own matter.
        tools.into_iter().find(|tool| !tool.contains('/') && !tool.starts_with("python") && !there(tool))
    }
}

fn ending(wanted: &Wanted, outcome: &Outcome) -> Ending {
    let differences = wanted.differences(outcome);
    if !differences.is_empty() {
        return Ending::Otherwise(differences);
    }
    let failed = outcome.checks.iter().filter(|check| check.verdict == Verdict::Failed).map(|check| check.id.clone());
    Ending::AsWanted { failed: failed.collect(), score: outcome.score, max_score: outcome.max_score }
}
