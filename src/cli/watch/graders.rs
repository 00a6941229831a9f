//! The graders: one that waits with its cluster up, one that grades, and those that are on their way out.

use std::path::Path;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::task::JoinSet;

use super::grader::{Grader, Task};
use crate::outcome::Outcome;
use crate::world::folder::PrivateFolder;
use crate::world::guard::Guard;

/// So many may end in a row before they were of use.
const DEATHS: u32 = 3;
/// One that waited so long was of use, whatever ended it then.
const LONG: Duration = Duration::from_secs(60);

/// All graders of a kgrade that watches. Their folders go away with this, and by the watchdog when kgrade is killed.
pub struct Graders {
    waiting: Option<Waiting>,
    running: Option<Running>,
    ending: JoinSet<()>,
    deaths: u32,
    begun: u64,
    folder: PrivateFolder,
}

struct Waiting {
    grader: Grader,
    since: Instant,
}

struct Running {
    grader: Grader,
    asked: Vec<String>,
}

/// What happened to them.
pub enum News {
    /// One waits now with its cluster up.
    Ready,
    /// The one that waited has ended; what it said, where no other is tried any more.
    Lost(Option<String>),
    /// A grading is over.
    Over(Box<Over>),
    /// One that was not wanted any more has ended.
    Gone,
}

/// A grading that is over.
pub struct Over {
    /// The checks that it was asked for.
    pub asked: Vec<String>,
    /// What it came to, or why it came to nothing.
    pub result: Result<Outcome, String>,
    /// Everything that happened.
    pub evidence: std::path::PathBuf,
}

impl Graders {
    /// None yet.
    pub fn none() -> anyhow::Result<Self> {
        let folder = PrivateFolder::make(&Guard::of_this_kgrade()?, "kgrade-watch-").context("make a folder for the results")?;
        Ok(Self { waiting: None, running: None, ending: JoinSet::new(), deaths: 0, begun: 0, folder })
    }

    /// The folder of everything that goes away with the end.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Whether one grades.
    pub fn is_grading(&self) -> bool {
        self.running.is_some()
    }

    /// How many checks are being graded.
    pub fn asked(&self) -> usize {
        self.running.as_ref().map_or(0, |running| running.asked.len())
    }

    /// Whether it is of no use to try another one.
    pub fn gave_up(&self) -> bool {
        self.deaths >= DEATHS
    }

    /// Tries again.
    pub fn take_heart(&mut self) {
        self.deaths = 0;
    }

    /// Sees to it that one waits.
    pub fn keep_one(&mut self, task: &Task) -> anyhow::Result<()> {
        if self.waiting.is_some() || self.gave_up() {
            return Ok(());
        }
        self.begun += 1;
        let folder = self.folder.path().join(self.begun.to_string());
        match Grader::start(task, folder) {
            Ok(grader) => self.waiting = Some(Waiting { grader, since: Instant::now() }),
            Err(error) => {
                self.deaths = DEATHS;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Lets the one that waits grade these checks, those first that are to be known first. Whether one could.
    pub async fn grade(&mut self, asked: Vec<String>) -> bool {
        let Some(Waiting { mut grader, .. }) = self.waiting.take_if(|waiting| waiting.grader.is_ready()) else { return false };
        self.deaths = 0;
        grader.go(&asked).await;
        self.running = Some(Running { grader, asked });
        true
    }

    /// Ends the grading, and says what it was for: nobody wants to know it any more.
    pub fn break_off(&mut self) -> Vec<String> {
        let Some(running) = self.running.take() else { return Vec::new() };
        self.ending.spawn(running.grader.end());
        running.asked
    }

    /// Ends the one that waits: its cluster is not what it was, or it is for another lab.
    pub fn renew(&mut self) {
        if let Some(waiting) = self.waiting.take() {
            self.ending.spawn(waiting.grader.end());
        }
    }

    /// The result so far, if it is another one than before.
    pub fn so_far(&mut self) -> Option<Outcome> {
        self.running.as_mut()?.grader.news()
    }

    /// What happens next. May be asked again when it was not waited for to the end.
    pub async fn news(&mut self) -> News {
        let (waiting, running) = (&mut self.waiting, &mut self.running);
        tokio::select! {
            ended = turned(waiting) => match ended {
                None => News::Ready,
                Some(status) => self.lost(status).await,
            },
            status = over(running) => self.over(status).await,
            Some(_) = self.ending.join_next() => News::Gone,
        }
    }

    async fn lost(&mut self, status: Option<ExitStatus>) -> News {
        let Some(mut waiting) = self.waiting.take() else { return News::Gone };
        self.deaths = if waiting.since.elapsed() > LONG { 1 } else { self.deaths + 1 };
        if !self.gave_up() {
            return News::Lost(None);
        }
        let said = waiting.grader.said().await;
        News::Lost(Some(if said.is_empty() { ended_by(status) } else { said }))
    }

    async fn over(&mut self, status: Option<ExitStatus>) -> News {
        let Some(mut running) = self.running.take() else { return News::Gone };
        let result = match running.grader.result().filter(|outcome| !outcome.interrupted && !outcome.checks.is_empty()) {
            Some(outcome) => Ok(outcome),
            None => {
                let said = running.grader.said().await;
                Err(if said.is_empty() { ended_by(status) } else { said })
            }
        };
        News::Over(Box::new(Over { asked: running.asked, result, evidence: running.grader.evidence() }))
    }

    /// Ends all in order, and waits for that.
    pub async fn end(&mut self) {
        self.break_off();
        self.renew();
        while self.ending.join_next().await.is_some() {}
    }
}

fn ended_by(status: Option<ExitStatus>) -> String {
    status.map_or_else(|| "the grader ended".to_owned(), |status| format!("the grader ended without a result ({status})"))
}

/// Waits until the one that waits is ready, or has ended: then how.
async fn turned(waiting: &mut Option<Waiting>) -> Option<Option<ExitStatus>> {
    match waiting {
        Some(waiting) => waiting.grader.turned().await,
        None => std::future::pending().await,
    }
}

async fn over(running: &mut Option<Running>) -> Option<ExitStatus> {
    match running {
        Some(running) => running.grader.ended().await,
        None => std::future::pending().await,
    }
}
