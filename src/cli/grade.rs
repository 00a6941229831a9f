//! `kgrade lab-02`: grades a submission.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, anyhow};
use clap::Args;
use indexmap::IndexMap;
use tokio::sync::watch;

use super::{Done, Failure, LabSource, output};
use crate::cohort::child;
use crate::course::Rules;
use crate::lab::{Check, Lab};
use crate::outcome::{CheckOutcome, Outcome, RunFacts, SCHEMA, Score, score};
use crate::report::live::Live;
use crate::report::terminal::{self, Style};
use crate::report::{Graded, ReportTarget, check_targets, check_writable, graded, same_file};
use crate::run::{Observer, engine};
use crate::timeline::Recorder;
use crate::world::cluster::Runtime;
use crate::world::sandbox::Wanted;
use crate::{exit, lab, plan};

mod facts;
mod github;
mod hold;
mod keep;
mod polish;
mod reporter;
mod saving;
mod stage;

use self::hold::Hold;
use self::polish::Polish;
pub use self::polish::quoted;
use self::reporter::Reporter;
use self::saving::For;

/// Grade a submission.
#[derive(Debug, Args)]
pub struct GradeArgs {
    /// The lab, for example lab-02, or the path of a lab file.
    #[arg(required = true)]
    lab: Option<String>,
    /// The folder with your programs.
    #[arg(long, value_name = "DIR", default_value = ".")]
    submission: PathBuf,
    #[command(flatten)]
    source: LabSource,
    /// Only these checks (ids or tags, or FILE:LINE), with the checks that they need.
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    only: Vec<String>,
    /// Where Kafka runs: jvm (kgrade starts one), docker (it does so in a container), or HOST:PORT of one that is there.
    #[arg(long, value_name = "WHERE", env = "KAFKA_BOOTSTRAP_SERVERS")]
    cluster: Option<Runtime>,
    /// Another host that the cluster at HOST:PORT may send programs to; may be repeated.
    #[arg(long = "allow-endpoint", value_name = "HOST")]
    allow_endpoint: Vec<String>,
    /// Whose submission it is, for the reports and the gradebook.
    #[arg(long, value_name = "NAME", env = "KGRADE_LEARNER")]
    learner: Option<String>,
    /// The course's rules on late submissions, which make a grade of the score and the time of the commit.
    #[arg(long, value_name = "FILE", env = "KGRADE_LATE")]
    late: Option<PathBuf>,
    /// Also write a report; may be repeated.
    #[arg(long = "report", value_name = "FORMAT=PATH")]
    reports: Vec<ReportTarget>,
    /// Save everything that happened, to judge it again or to ask about it; without what the lab's author does not show.
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,
    /// Save everything that happened, also in checks that are not shown: for the instructor.
    #[arg(long, value_name = "FILE")]
    full_evidence: Option<PathBuf>,
    /// The seed of all data and moments; the same seed gives the same experiment.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// How many checks run side by side.
    #[arg(long, value_name = "NUMBER", default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
    /// What keeps the programs from everything but their task: docker, bwrap (bubblewrap), auto (the first of these that works), or none.
    #[arg(long, value_name = "WHICH", env = "KGRADE_SANDBOX", default_value = "none")]
    sandbox: Wanted,
    /// In a sandbox, let the setup commands of kgrade.yaml reach the network, this machine's own services included.
    #[arg(long)]
    setup_network: bool,
    /// Stretches all time limits, for a slow machine.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = scale)]
    timeout_scale: f64,
    /// Show where the time went.
    #[arg(long)]
    timings: bool,
    /// Show nothing while it runs.
    #[arg(long, short)]
    quiet: bool,
    /// Wait, when all is ready, for a line on standard input: for a kgrade that grades a cohort.
    #[arg(long, hide = true)]
    hold: bool,
    /// Wait with the cluster up and before the submission is read: for a kgrade that watches it. The line then names the checks.
    #[arg(long, hide = true, conflicts_with = "hold")]
    hold_early: bool,
    /// The run is the instructor's. It proves nothing by itself: signatures do.
    #[arg(long, hide = true)]
    official: bool,
}

/// A sandbox by its name, kept as the name.
pub fn sandbox(text: &str) -> Result<String, String> {
    text.parse::<Wanted>().map(|_| text.to_owned())
}

/// Reads a factor of time.
pub fn scale(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(factor) if (0.1..=100.0).contains(&factor) => Ok(factor),
        Ok(_) => Err("a factor from 0.1 to 100".to_owned()),
        Err(_) => Err("not a number".to_owned()),
    }
}

/// So many bits fewer than 64 has a seed that is drawn: more than anybody tries out, and a number that every reader of JSON keeps exactly.
const UNSEEN: u32 = 64 - 53;

/// Grades, prints the result, and says the exit code.
pub fn grade(args: &GradeArgs) -> Done {
    let began = Instant::now();
    let source = lab::find::find(args.lab.as_deref().unwrap_or_default(), args.source.checks.as_deref()).map_err(super::lint::not_found)?;
    let seed = args.seed.unwrap_or_else(|| rand::random::<u64>() >> UNSEEN);
    let bindings = lab::Bindings { run_id: run_id(), seed };
    let resolved = source.resolve(&bindings).map_err(super::lint::wrong)?;
    let chosen = plan::select(&resolved, &args.only).map_err(super::plan::nothing_selected)?;
    check_paths(args).map_err(Failure::usage)?;
    let rules = args.late.as_deref().map(Rules::load).transpose().map_err(Failure::usage)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        // Judges of several checks may take long at once, and the tap must go on beside them: two are not enough under load.
        .worker_threads(4)
        .enable_all()
        .build()
        .map_err(|error| Failure::environment(anyhow::Error::from(error).context("start the runtime")))?;
    let run = Run {
        args,
        began,
        lab: resolved,
        checks: chosen,
        source,
        rules,
        polish: Arc::new(polish(args).on(args.cluster.as_ref(), &args.allow_endpoint)),
    };
    let result = runtime.block_on(run.go());
    // A blocking call that is still under way (a dead broker) must not keep the person waiting.
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
    result
}

/// What is to be typed next is for the learner, who has neither the instructor's folders nor their names.
fn polish(args: &GradeArgs) -> Polish {
    let lab = args.lab.as_deref().unwrap_or_default();
    if args.official { Polish::new(lab, None, Path::new(".")) } else { Polish::new(lab, args.source.checks.as_deref(), &args.submission) }
}

/// Says before anything is started whether all that was asked for can be written.
fn check_paths(args: &GradeArgs) -> anyhow::Result<()> {
    check_targets(&args.reports)?;
    let mut taken: Vec<&Path> = args.reports.iter().map(|report| report.path.as_path()).collect();
    for (option, path) in [("evidence", &args.evidence), ("full-evidence", &args.full_evidence)] {
        let Some(path) = path else { continue };
        let named = || format!("--{option} {}", path.display());
        check_writable(path).with_context(named)?;
        if taken.iter().any(|other| same_file(other, path)) {
            return Err(anyhow!("a report or other evidence goes to the same file; give each a path of its own")).with_context(named);
        }
        taken.push(path);
    }
    Ok(())
}

/// Part of every topic and group name of the run.
fn run_id() -> String {
    const SIGNS: &[u8] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let sign = |_| SIGNS.get(usize::from(rand::random::<u8>()) % SIGNS.len()).copied().map_or('0', char::from);
    (0..8).map(sign).collect()
}

struct Run<'a> {
    args: &'a GradeArgs,
    began: Instant,
    lab: Lab,
    checks: Vec<Arc<Check>>,
    source: lab::LabSource,
    rules: Option<Rules>,
    polish: Arc<Polish>,
}

impl Run<'_> {
    async fn go(mut self) -> Done {
        let style = Style { timings: self.args.timings, ..Style::of_stdout() };
        let live = Arc::new(if self.args.quiet { Live::quiet() } else { Live::of_stderr(style) });
        let (interrupt, interrupted) = watch::channel(false);
        let hold = (self.args.hold || self.args.hold_early).then(|| Hold::listen(interrupt.clone()));
        let early = hold.as_ref().filter(|_| self.args.hold_early);
        tokio::spawn(super::interrupt::listen(interrupt));
        let recorder = Recorder::starting(self.began);
        let mut timings = IndexMap::from([("lab".to_owned(), self.millis())]);

        let staged = tokio::select! {
            staged = stage::build(&self, &recorder, &live, (early, interrupted.clone())) => staged,
            () = super::interrupt::happened(interrupted.clone()) => {
                live.finish();
                if early.is_none() {
                    output::note("interrupted before grading began");
                }
                return Ok(exit::INTERRUPTED);
            }
        };
        let stage::Stage { scene, phases, asked } = staged.inspect_err(|_| live.finish())?;
        timings.extend(phases);
        timings.insert("ready".to_owned(), self.millis());
        if !asked.is_empty() {
            self.checks = plan::select(&self.lab, &asked).map_err(super::plan::nothing_selected)?;
            // Failures are wanted first; what a check rests on comes before it all the same.
            self.checks.sort_by_key(|check| asked.iter().position(|id| *id == check.id).unwrap_or(0));
        }
        if let Some(hold) = hold.as_ref().filter(|_| !self.args.hold_early) {
            output::print(&format!("{}\n", child::READY));
            if hold.released(interrupted.clone()).await.is_none() {
                live.finish();
                stage::strike(scene).await;
                output::note("interrupted before grading began");
                return Ok(exit::INTERRUPTED);
            }
            // Nobody's time but that of the one who waited.
            timings.insert("held".to_owned(), self.millis() - timings.get("ready").copied().unwrap_or(0));
        }

        let reporter = Arc::new(Reporter::new(&self, &scene, Arc::clone(&live)));
        for check in &self.checks {
            live.check_waiting(&check.id);
        }
        let observer: Arc<dyn Observer> = Arc::clone(&reporter) as Arc<dyn Observer>;
        let graded_from = self.millis();
        let checks = engine::run(&scene, &self.checks, usize::from(self.args.jobs), &observer).await;
        timings.insert("experiments".to_owned(), self.millis() - graded_from);
        drop(observer);
        live.finish();

        let stopping_from = self.millis();
        let mut facts = scene.facts.clone();
        facts.clients = recorder.timeline().clients();
        stage::strike(scene).await;
        timings.insert("stop".to_owned(), self.millis() - stopping_from);
        let reporting_from = self.millis();
        let interrupted = *interrupted.borrow();
        let mut outcome = outcome(&self.lab, checks, facts, timings, interrupted);
        outcome.late = self.rules.as_ref().and_then(|rules| rules.apply(&outcome.lab, &outcome.run, outcome.score));
        self.polish.outcome(&mut outcome);
        let unwritten = self.write(&mut outcome, &recorder, reporting_from);
        let mut text = terminal::render(&outcome, &style);
        if unwritten.is_empty()
            && let Some(file) = &self.args.evidence
        {
            text.push_str(&self.polish.picture(file, &outcome));
        }
        tell(&text, &outcome);
        keep::keep(self.args, &outcome);
        for error in &unwritten {
            output::error(error);
        }
        if !unwritten.is_empty() {
            return Ok(exit::ENVIRONMENT);
        }
        Ok(if interrupted { exit::INTERRUPTED } else { score::exit_code(&outcome.checks) })
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Writes the evidence and the reports, and fills in what that took: a report cannot hold the time of its own writing, so that is left out.
    /// Returns why each of those that could not be written was not.
    fn write(&self, outcome: &mut Outcome, recorder: &Recorder, from: u64) -> Vec<anyhow::Error> {
        let saved = [(&self.args.evidence, For::Learner), (&self.args.full_evidence, For::Instructor)];
        let evidence: Vec<_> =
            saved.iter().filter_map(|(path, whom)| Some(saving::save(self, path.as_deref()?, *whom, outcome, recorder))).collect();
        self.stamp(&mut outcome.timings_ms, from);
        let pictures = graded::pictures(&self.args.reports, outcome, &self.checks, &recorder.timeline(), &self.polish.redactor);
        let graded = Graded { outcome, pictures: &pictures };
        let reports: Vec<_> = self.args.reports.iter().map(|target| target.write_graded(&graded)).collect();
        // What is printed comes after the reports and can tell how long they took.
        self.stamp(&mut outcome.timings_ms, from);
        evidence.into_iter().chain(reports).filter_map(Result::err).collect()
    }

    fn stamp(&self, timings: &mut IndexMap<String, u64>, reporting_from: u64) {
        let now = self.millis();
        let total = now - timings.get("held").copied().unwrap_or(0);
        timings.insert("reports".to_owned(), now - reporting_from);
        let experiments = timings.get("experiments").copied().unwrap_or(0);
        timings.insert("grader".to_owned(), total - experiments);
        timings.insert("total".to_owned(), total);
    }
}

/// Prints the result; in a step of a GitHub workflow, also where GitHub shows it.
fn tell(text: &str, outcome: &Outcome) {
    let Some(step) = github::Step::of(|name| std::env::var(name).ok()) else {
        return output::print(text);
    };
    // All programs have ended before there is a token, so none can know it.
    match step.log(text, outcome, &github::token()) {
        Ok(log) => output::print(&log),
        Err(error) => {
            output::print(text);
            output::error(&error);
        }
    }
    // The grade does not depend on a page that only repeats it.
    if let Err(error) = step.summarize(outcome) {
        output::error(&error);
    }
}

fn outcome(lab: &Lab, checks: Vec<CheckOutcome>, run: RunFacts, timings_ms: IndexMap<String, u64>, interrupted: bool) -> Outcome {
    let Score { points, max_points, complete } = Score::of(&checks);
    Outcome {
        schema: SCHEMA.to_owned(),
        lab: lab.name.clone(),
        title: lab.title.clone(),
        score: points,
        max_score: max_points,
        complete: complete && !interrupted,
        interrupted,
        checks,
        run,
        timings_ms,
        late: None,
    }
}
