//! Several submissions at a time, each in a process of its own, and the next ones made ready meanwhile.
//!
//! There are as many lanes as submissions being graded and held ready. A lane takes a submission, fetches it, boots its broker, waits for one
//! of the turns, grades, writes, and takes the next. So a turn that becomes free finds somebody who is ready.

mod machine;
mod one;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Error;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::child::Policy;
use super::journal::{Journal, Past, Record};
use super::key::Basis;
use super::out::{self, Out};
use super::source::Limits;
use super::{Book, Member};
use crate::course::Rules;
use crate::report::cohort::mistakes::masked;

pub use machine::workers;

/// How often the gradebook and the page are written while the batch runs.
const BOOKS: Duration = Duration::from_secs(20);
/// When so many in a row, the first ones, fail for one reason that need not lie in them, it does not lie in them.
const ALIKE: usize = 3;

/// How a cohort is graded.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How each submission is.
    pub policy: Policy,
    /// The lab's name.
    pub lab: String,
    /// What decides a grade beside the submission.
    pub basis: Basis,
    /// The course's rules on late submissions.
    pub rules: Option<Rules>,
    /// How many are graded at a time.
    pub workers: usize,
    /// How many are held ready beside.
    pub ahead: usize,
    /// Whether those without a grade are graded again.
    pub again: bool,
    /// No new submission is taken when less than this is free on the disk, in bytes.
    pub keep_free: u64,
    /// What fetching may cost.
    pub limits: Limits,
}

/// What a submission in hand is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Its source is fetched and looked at.
    Fetching,
    /// Its broker boots, its programs are prepared.
    Preparing,
    /// It waits for its turn.
    Waiting,
    /// It is graded.
    Grading,
}

/// Somebody who watches. Every call is short.
pub trait Watcher: Send + Sync {
    /// A submission comes to a step.
    fn step(&self, id: &str, step: Step);
    /// A submission is done; `score` when it was graded, after what lateness costs.
    fn done(&self, record: &Record, score: Option<(u32, u32)>);
    /// A submission was graded before, and nothing has changed.
    fn unchanged(&self, record: &Record);
    /// Something worth knowing.
    fn note(&self, text: &str);
}

/// Why no more submissions were taken.
#[derive(Debug, Clone)]
pub enum Stop {
    /// Somebody wanted it.
    Interrupted,
    /// It would not go on well; why.
    Broken(Arc<Error>),
}

/// A batch at work.
pub struct Pool {
    settings: Settings,
    out: Out,
    past: Past,
    journal: Mutex<Journal>,
    book: Mutex<Book>,
    queue: Mutex<VecDeque<Member>>,
    turns: Semaphore,
    watcher: Arc<dyn Watcher>,
    stop: watch::Sender<Option<Stop>>,
    /// The reasons why the first submissions could not be graded; `None` when one could.
    useless: Mutex<Option<Vec<String>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    /// A batch that has not begun.
    pub fn new(
        settings: Settings,
        (out, journal, past): (Out, Journal, Past),
        book: Book,
        members: Vec<Member>,
        watcher: Arc<dyn Watcher>,
    ) -> Self {
        Self {
            turns: Semaphore::new(settings.workers.max(1)),
            settings,
            out,
            past,
            journal: Mutex::new(journal),
            book: Mutex::new(book),
            queue: Mutex::new(members.into()),
            watcher,
            stop: watch::Sender::new(None),
            useless: Mutex::new(Some(Vec::new())),
        }
    }

    /// Grades all. Returns the books, and why it stopped before the end, if it did.
    pub async fn run(self, interrupted: watch::Receiver<bool>) -> (Book, Option<Stop>, anyhow::Result<()>) {
        let pool = Arc::new(self);
        let mut lanes = JoinSet::new();
        let count = (pool.settings.workers.max(1) + pool.settings.ahead).min(lock(&pool.queue).len());
        for _ in 0..count {
            let (pool, interrupted) = (Arc::clone(&pool), interrupted.clone());
            lanes.spawn(async move { pool.lane(interrupted).await });
        }
        let mut books = interval(BOOKS);
        books.set_missed_tick_behavior(MissedTickBehavior::Delay);
        books.tick().await;
        loop {
            tokio::select! {
                ended = lanes.join_next() => match ended {
                    None => break,
                    Some(Ok(())) => {}
                    Some(Err(error)) => pool.stop(Stop::Broken(Arc::new(Error::from(error).context("grade a submission")))),
                },
                _ = books.tick() => {
                    let pool = Arc::clone(&pool);
                    let written = tokio::task::spawn_blocking(move || pool.write()).await;
                    if let Ok(Err(error)) = written {
                        tracing::warn!(error = format!("{error:#}"), "write the books");
                    }
                }
            }
        }
        let written = pool.write();
        // Nobody else works here any more: what is left was in hand when it was interrupted.
        pool.out.sweep();
        let stop = pool.stop.borrow().clone();
        let book = lock(&pool.book).clone();
        (book, stop, written)
    }

    fn write(&self) -> anyhow::Result<()> {
        let book = lock(&self.book).clone();
        book.write(&self.out)
    }

    fn stop(&self, why: Stop) {
        self.stop.send_if_modified(|stop| {
            let first = stop.is_none();
            if first {
                *stop = Some(why);
            }
            first
        });
    }

    async fn lane(&self, mut interrupted: watch::Receiver<bool>) {
        while self.stop.borrow().is_none() {
            if let Some(why) = self.no_room() {
                return self.stop(Stop::Broken(Arc::new(why)));
            }
            let Some(member) = lock(&self.queue).pop_front() else { return };
            // What is dropped in the middle is as if it had not been begun: its processes are killed, its folder is removed.
            let done = tokio::select! {
                biased;
                _ = interrupted.wait_for(|interrupted| *interrupted) => return self.stop(Stop::Interrupted),
                done = self.one(&member) => done,
            };
            if let Err(error) = done {
                return self.stop(Stop::Broken(Arc::new(error.context(format!("write the results of {}", member.id)))));
            }
        }
    }

    /// Why no submission should be begun: the disk is nearly full.
    fn no_room(&self) -> Option<Error> {
        let temporary = std::env::temp_dir();
        let places = [self.out.root(), &temporary];
        let (free, place) = places.iter().filter_map(|place| Some((out::free(place)?, place))).min_by_key(|(free, _)| *free)?;
        let why = || {
            let (free, least) = (free >> 20, self.settings.keep_free >> 20);
            anyhow::anyhow!("only {free} MiB are free in {}, less than {least} MiB: make room, then go on with --resume", place.display())
        };
        (free < self.settings.keep_free).then(why)
    }

    /// Takes note of a submission that could not be graded for a reason that need not lie in it.
    fn failed(&self, why: &str) {
        let mut useless = lock(&self.useless);
        let Some(reasons) = useless.as_mut() else { return };
        reasons.push(masked(why));
        let enough = reasons.len() >= ALIKE.max(self.settings.workers);
        if enough && reasons.iter().all(|reason| Some(reason) == reasons.first()) {
            let count = reasons.len();
            self.stop(Stop::Broken(Arc::new(anyhow::anyhow!("the first {count} submissions could not be graded for one reason: {why}"))));
        }
    }

    /// Takes note of a submission that could be graded.
    fn worked(&self) {
        *lock(&self.useless) = None;
    }
}
