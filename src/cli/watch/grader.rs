//! A kgrade process of its own for each grading: its cluster is up before anything is saved, and nobody has used it.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::cohort::child::READY;
use crate::outcome::Outcome;
use crate::report::json;

/// The result in its folder.
const RESULT: &str = "result.json";
/// Everything that happened, for the picture.
const EVIDENCE: &str = "evidence.jsonl";
/// How many of its last lines on standard error are kept.
const LINES: usize = 20;
/// How long it may take to end in order.
const PATIENCE: Duration = Duration::from_secs(10);

/// A grader that waits, or grades.
pub struct Grader {
    process: Child,
    input: Option<ChildStdin>,
    ready: watch::Receiver<bool>,
    said: JoinHandle<VecDeque<String>>,
    folder: PathBuf,
    /// When the result was last written that somebody has seen.
    seen: Option<SystemTime>,
}

/// What is graded.
#[derive(Debug, Clone)]
pub struct Task {
    /// The lab, as `kgrade LAB` takes it.
    pub lab: String,
    /// The folder with the labs.
    pub checks: Option<PathBuf>,
    /// The folder of the work.
    pub work: PathBuf,
}

impl Grader {
    /// Starts one. Its results go into the folder, which is made.
    pub fn start(task: &Task, folder: PathBuf) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        let kgrade = std::env::current_exe().context("find kgrade's own file")?;
        let mut process = Command::new(&kgrade)
            .args(words(task, &folder))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own: Ctrl-C in the terminal is for the one that started it, and that ends it in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {}", kgrade.display()))?;
        let (told, ready) = watch::channel(false);
        let (Some(output), Some(errors)) = (process.stdout.take(), process.stderr.take()) else { anyhow::bail!("it has no pipes") };
        tokio::spawn(async move {
            let mut lines = BufReader::new(output).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if line == READY {
                    told.send_replace(true);
                }
            }
        });
        let said = tokio::spawn(async move {
            let (mut lines, mut last) = (BufReader::new(errors).lines(), VecDeque::new());
            while let Ok(Some(line)) = lines.next_line().await {
                last.push_back(line);
                if last.len() > LINES {
                    last.pop_front();
                }
            }
            last
        });
        let input = process.stdin.take();
        Ok(Self { process, input, ready, said, folder, seen: None })
    }

    /// Whether its cluster is up.
    pub fn is_ready(&self) -> bool {
        *self.ready.borrow()
    }

    /// Waits until its cluster is up, if it is not, or until it has ended: then how. May be asked again when it was not waited for to the end.
    pub async fn turned(&mut self) -> Option<Option<ExitStatus>> {
        if self.is_ready() {
            return Some(self.ended().await);
        }
        tokio::select! {
            biased;
            Ok(_) = self.ready.wait_for(|ready| *ready) => None,
            status = self.process.wait() => Some(status.ok()),
        }
    }

    /// Says which checks are to be graded, those first that are to be known first. A grader that has ended does not hear it.
    pub async fn go(&mut self, checks: &[String]) {
        if let Some(input) = &mut self.input {
            _ = input.write_all(format!("go {}\n", checks.join(",")).as_bytes()).await;
            _ = input.flush().await;
        }
    }

    /// Waits for its end. May be asked again when it was not waited for to the end.
    pub async fn ended(&mut self) -> Option<ExitStatus> {
        self.process.wait().await.ok()
    }

    /// The result so far; while it grades, of the checks that have ended.
    pub fn result(&self) -> Option<Outcome> {
        json::read(&std::fs::read_to_string(self.folder.join(RESULT)).ok()?).ok()
    }

    /// The result so far, if it is another one than when this was last asked.
    pub fn news(&mut self) -> Option<Outcome> {
        let written = std::fs::metadata(self.folder.join(RESULT)).and_then(|known| known.modified()).ok()?;
        if self.seen.replace(written) == Some(written) {
            return None;
        }
        self.result()
    }

    /// Where everything is that happened.
    pub fn evidence(&self) -> PathBuf {
        self.folder.join(EVIDENCE)
    }

    /// What it said on standard error; to be asked when it has ended.
    pub async fn said(&mut self) -> String {
        match timeout(PATIENCE, &mut self.said).await {
            Ok(Ok(lines)) => Vec::from(lines).join("\n"),
            _ => String::new(),
        }
    }

    /// Lets it take everything down, and waits for that.
    pub async fn end(mut self) {
        drop(self.input.take());
        if timeout(PATIENCE, self.process.wait()).await.is_err() {
            _ = self.process.start_kill();
            _ = self.process.wait().await;
        }
    }
}

fn words(task: &Task, folder: &Path) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec![task.lab.clone().into(), "--hold-early".into(), "--quiet".into()];
    let mut say = |name: &str, value: &Path| {
        let mut word = OsString::from(name);
        word.push(value);
        words.push(word);
    };
    say("--submission=", &task.work);
    if let Some(checks) = &task.checks {
        say("--checks=", checks);
    }
    say("--report=json=", &folder.join(RESULT));
    say("--evidence=", &folder.join(EVIDENCE));
    words
}
