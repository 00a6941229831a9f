//! A kgrade process of its own for each submission: a crash or a hang of one is that one's error, and no other's.
//!
//! The process makes everything ready, says so, and waits for a word before it grades (`--hold`): so the next broker boots while the last
//! submission is still being graded. It ends by itself when this process is gone, because its standard input then ends.

use std::fmt;
use std::fs::OpenOptions;
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use rustix::fs::OFlags;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStdin, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::exit;
use crate::outcome::{Outcome, Score, score};
use crate::report::json;

/// The line that says that everything is ready.
pub const READY: &str = "ready";
/// The result in the folder of an order.
pub const RESULT: &str = "result.json";
/// Everything that happened, as the child writes it into the folder of an order.
pub const EVIDENCE: &str = "evidence.jsonl";
/// What the learner may have of it.
pub const LEARNERS_EVIDENCE: &str = "learner-evidence.jsonl";
/// The other reports in the folder of an order: their formats and their names.
pub const REPORTS: [(&str, &str); 3] = [("html", "report.html"), ("markdown", "report.md"), ("junit", "junit.xml")];

/// The largest result that is read, in bytes.
const LARGEST_RESULT: u64 = 32 << 20;
/// How much of what a child says on standard error is kept, in bytes.
const SAID: usize = 16 << 10;
/// How long its pipes may stay open after it has ended, and how long it may take to end in order.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a child must not inherit: what would change how it grades, and what is nobody's business there.
const WITHHELD: [&str; 4] = ["KAFKA_BOOTSTRAP_SERVERS", "KGRADE_LEARNER", "KGRADE_LATE", "KGRADE_CHECKS"];
/// Words in the names of variables that hold secrets. A program that breaks out of its sandbox finds none in the grader's environment.
const SECRET: [&str; 6] = ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "_KEY"];

/// How the submissions of a cohort are graded: the same for all.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// The kgrade that is started for each submission.
    pub kgrade: PathBuf,
    /// The lab, as `kgrade LAB` takes it.
    pub lab: String,
    /// The folder with the labs; without it, those that kgrade carries.
    pub checks: Option<PathBuf>,
    /// Where programs run, as `--sandbox` takes it.
    pub sandbox: String,
    /// The rules on late submissions.
    pub late: Option<PathBuf>,
    /// The seed, when it is to be the same for all; else each run draws its own.
    pub seed: Option<u64>,
    /// How many checks run side by side.
    pub jobs: Option<u16>,
    /// Stretches all time limits of the checks.
    pub timeout_scale: Option<f64>,
    /// How long making ready, and how long grading one submission may take.
    pub limit: Duration,
    /// Further words for kgrade.
    pub options: Vec<String>,
}

/// A submission to be graded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its name in the cohort.
    pub id: String,
    /// Whose it is, for the reports and the rules on late submissions.
    pub learner: Option<String>,
    /// The folder with the programs.
    pub folder: PathBuf,
    /// An empty folder for the results, made by the caller.
    pub into: PathBuf,
}

/// What came of a submission.
#[derive(Debug)]
pub enum Ending {
    /// It was graded; whether that is a grade, the outcome says.
    Graded(Box<Outcome>),
    /// It was not.
    NotGraded {
        /// Why, in a sentence.
        why: String,
        /// Whether another try may go better: the reason need not lie in the submission.
        again: bool,
    },
}

/// A kgrade process that grades one submission. Dropping it kills it; its watchdog then removes everything that it started.
#[derive(Debug)]
pub struct Child {
    process: tokio::process::Child,
    input: Option<ChildStdin>,
    ready: watch::Receiver<bool>,
    listening: JoinHandle<()>,
    said: JoinHandle<String>,
    limit: Duration,
    result: PathBuf,
    /// It was not ready in time.
    late: bool,
}

impl Child {
    /// Starts the process. It begins to make everything ready. To be called in a tokio runtime.
    ///
    /// # Errors
    /// When the process cannot be started, or the folders have no absolute paths.
    pub fn start(policy: &Policy, order: &Order) -> anyhow::Result<Self> {
        let mut process = Command::new(&policy.kgrade)
            .args(words(policy, order)?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own: Ctrl-C in the terminal is for the one who started it.
            .process_group(0)
            .kill_on_drop(true)
            .withhold()
            .spawn()
            .with_context(|| format!("start {}", policy.kgrade.display()))?;
        let (told, ready) = watch::channel(false);
        let (input, output, errors) = (process.stdin.take(), process.stdout.take(), process.stderr.take());
        let (Some(output), Some(errors)) = (output, errors) else { bail!("start {}: it has no pipes", policy.kgrade.display()) };
        Ok(Self {
            process,
            input,
            ready,
            listening: tokio::spawn(listen(output, told)),
            said: tokio::spawn(last_words(errors)),
            limit: policy.limit,
            result: order.into.join(RESULT),
            late: false,
        })
    }

    /// The id of the process; `None` when it has ended.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process.id()
    }

    /// Waits until its broker answers and its programs are prepared, or until it has ended or its time is over: [`Self::grade`] tells why then.
    pub async fn ready(&mut self) {
        // The channel closes when standard output does, which is when the process ends.
        match timeout(self.limit, self.ready.wait_for(|ready| *ready)).await {
            Ok(_) => {}
            Err(_) => self.late = true,
        }
    }

    /// Says "go", waits for the end within the limit, and reads the result.
    pub async fn grade(mut self) -> Ending {
        if self.late {
            self.kill().await;
            let said = self.said().await;
            return Ending::NotGraded { why: with(&format!("it was not ready after {}", minutes(self.limit)), &said), again: false };
        }
        if let Some(input) = &mut self.input {
            // One that has ended cannot read it, and its exit says why.
            _ = input.write_all(b"go\n").await;
            _ = input.flush().await;
        }
        match timeout(self.limit, self.process.wait()).await {
            Ok(Ok(status)) => {
                let said = self.said().await;
                ending(status, &said, &self.result)
            }
            Ok(Err(error)) => Ending::NotGraded { why: format!("it cannot be waited for: {error}"), again: true },
            Err(_) => {
                self.kill().await;
                let said = self.said().await;
                Ending::NotGraded {
                    why: with(&format!("it was not done after {} and was ended", minutes(self.limit)), &said),
                    again: false,
                }
            }
        }
    }

    /// Lets it take everything down, and waits for that.
    pub async fn end(mut self) {
        drop(self.input.take());
        if timeout(PATIENCE, self.process.wait()).await.is_err() {
            self.kill().await;
        }
    }

    async fn kill(&mut self) {
        self.kill_group();
        _ = self.process.start_kill();
        _ = timeout(PATIENCE, self.process.wait()).await;
    }

    /// What it said on standard error; to be asked when it has ended.
    async fn said(&mut self) -> String {
        match timeout(PATIENCE, &mut self.said).await {
            Ok(Ok(said)) => said,
            // Something that it started holds the pipe.
            _ => String::new(),
        }
    }
}

impl Child {
    /// Kills what is in its process group. Its watchdog is in another: it removes what is elsewhere.
    fn kill_group(&self) {
        if let Some(group) = self.process.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
            _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill_group();
        self.listening.abort();
        self.said.abort();
    }
}

/// Takes from a command's environment what a child must not have.
trait Withhold {
    fn withhold(&mut self) -> &mut Self;
}

impl Withhold for Command {
    fn withhold(&mut self) -> &mut Self {
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_none_or(is_withheld) {
                self.env_remove(name);
            }
        }
        self
    }
}

fn is_withheld(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    // In a step of a GitHub workflow each child would write a summary of its own.
    WITHHELD.contains(&name) || upper.starts_with("GITHUB_") || SECRET.iter().any(|word| upper.contains(word))
}

/// The command line of a child.
fn words(policy: &Policy, order: &Order) -> anyhow::Result<Vec<std::ffi::OsString>> {
    let mut words: Vec<std::ffi::OsString> = Vec::new();
    let mut say = |name: &str, value: &dyn AsRef<std::ffi::OsStr>| {
        let mut word = std::ffi::OsString::from(name);
        // One word: a value that begins with a dash is no option.
        word.push("=");
        word.push(value.as_ref());
        words.push(word);
    };
    let absolute = |path: &Path| std::path::absolute(path).with_context(|| format!("find {}", path.display()));
    let into = absolute(&order.into)?;
    say("--submission", &absolute(&order.folder)?);
    if let Some(learner) = &order.learner {
        say("--learner", learner);
    }
    if let Some(checks) = &policy.checks {
        // As it was given: it stands in the reports, and a learner need not know where it is.
        say("--checks", checks);
    }
    // Without the option there is none.
    if policy.sandbox != "none" {
        say("--sandbox", &policy.sandbox);
    }
    if let Some(late) = &policy.late {
        say("--late", &absolute(late)?);
    }
    if let Some(seed) = policy.seed {
        say("--seed", &seed.to_string());
    }
    if let Some(jobs) = policy.jobs {
        say("--jobs", &jobs.to_string());
    }
    if let Some(scale) = policy.timeout_scale {
        say("--timeout-scale", &scale.to_string());
    }
    for (format, name) in [("json", RESULT)].into_iter().chain(REPORTS) {
        let mut target = std::ffi::OsString::from(format!("{format}="));
        target.push(into.join(name));
        say("--report", &target);
    }
    say("--full-evidence", &into.join(EVIDENCE));
    say("--evidence", &into.join(LEARNERS_EVIDENCE));
    let own = ["--hold", "--official", "--quiet"].map(Into::into);
    Ok([policy.lab.clone().into()].into_iter().chain(own).chain(words).chain(policy.options.iter().map(Into::into)).collect())
}

/// Tells when the first line is the word, and takes everything else, so that nobody waits at a full pipe.
async fn listen(mut output: impl AsyncRead + Unpin, told: watch::Sender<bool>) {
    let (mut first, mut block) = (Vec::new(), vec![0; 4096]);
    let mut open = true;
    while let Ok(count @ 1..) = output.read(&mut block).await {
        if !open {
            continue;
        }
        first.extend_from_slice(block.get(..count).unwrap_or_default());
        if let Some(end) = first.iter().position(|byte| *byte == b'\n') {
            open = false;
            if first.get(..end).is_some_and(|line| line == READY.as_bytes()) {
                told.send_replace(true);
            }
        } else {
            open = first.len() < 64;
        }
    }
}

/// The end of what it says.
async fn last_words(mut errors: impl AsyncRead + Unpin) -> String {
    let (mut kept, mut block) = (Vec::new(), vec![0; 4096]);
    while let Ok(count @ 1..) = errors.read(&mut block).await {
        kept.extend_from_slice(block.get(..count).unwrap_or_default());
        let over = kept.len().saturating_sub(SAID);
        kept.drain(..over);
    }
    String::from_utf8_lossy(&kept).trim().to_owned()
}

/// What the end of a process means.
fn ending(status: ExitStatus, said: &str, result: &Path) -> Ending {
    let reason = |what: &str| with(what, said);
    let not_graded = |why: String, again: bool| Ending::NotGraded { why, again };
    let Some(code) = status.code().and_then(|code| u8::try_from(code).ok()) else {
        let signal = status.signal().map_or_else(|| "a signal".to_owned(), |signal| format!("signal {signal}"));
        return not_graded(reason(&format!("the kgrade that graded it was ended by {signal}")), true);
    };
    match code {
        exit::ALL_PASSED | exit::SOMETHING_FAILED | exit::NOT_SHOWN => match read(result, code) {
            Ok(outcome) => Ending::Graded(Box::new(outcome)),
            Err(error) => not_graded(format!("its result cannot be taken: {error:#}"), true),
        },
        exit::ENVIRONMENT => not_graded(bare(said, "the environment could not be used"), true),
        exit::USAGE => not_graded(bare(said, "kgrade did not take the command line"), true),
        exit::NOTHING_SELECTED => not_graded(bare(said, "no check was selected"), true),
        exit::INTERRUPTED => not_graded("it was interrupted".to_owned(), true),
        other => not_graded(reason(&format!("the kgrade that graded it ended with code {other}")), true),
    }
}

/// What it said itself, else this.
fn bare(said: &str, otherwise: &str) -> String {
    let said = said.strip_prefix("error: ").unwrap_or(said);
    if said.is_empty() { otherwise.to_owned() } else { said.to_owned() }
}

fn with(what: &str, said: &str) -> String {
    if said.is_empty() { what.to_owned() } else { format!("{what}: {said}") }
}

/// Reads a result. It was written where a learner's program ran: nothing about it is taken on trust that can be checked.
fn read(path: &Path, code: u8) -> anyhow::Result<Outcome> {
    let file = OpenOptions::new().read(true).custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed()).open(path);
    let file = file.with_context(|| format!("open {RESULT}"))?;
    let metadata = file.metadata().with_context(|| format!("read {RESULT}"))?;
    if !metadata.is_file() {
        bail!("{RESULT} is no file");
    }
    let mut text = String::new();
    file.take(LARGEST_RESULT + 1).read_to_string(&mut text).with_context(|| format!("read {RESULT}"))?;
    if text.len() as u64 > LARGEST_RESULT {
        bail!("{RESULT} has more than {} MiB", LARGEST_RESULT >> 20);
    }
    let outcome = json::read(&text)?;
    let sum = Score::of(&outcome.checks);
    if (outcome.score, outcome.max_score, outcome.complete) != (sum.points, sum.max_points, sum.complete) {
        bail!("{RESULT} does not add up");
    }
    if outcome.interrupted || score::exit_code(&outcome.checks) != code {
        bail!("{RESULT} is not the one that kgrade ended with");
    }
    Ok(outcome)
}

fn minutes(limit: Duration) -> String {
    crate::report::words::duration(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX))
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Graded(outcome) => write!(f, "{} of {}", outcome.score, outcome.max_score),
            Self::NotGraded { why, .. } => write!(f, "not graded: {why}"),
        }
    }
}

#[cfg(test)]
#[path = "child/tests.rs"]
mod tests;
