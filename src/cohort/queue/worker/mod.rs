//! A worker: a member of the group that takes one submission at a time from its partitions, has it graded, and says what came of it.
//!
//! While one is graded, the next one is made ready. Nothing else is in hand, so nothing else can be lost with a worker; and the consumer
//! is polled all the time, so a grade may take as long as it likes.

mod examine;
mod hand;
mod partitions;
mod source;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::sync::watch;

use self::examine::{Examined, Labs, examine};
use self::hand::{Files, Hand, Held, Job};
use self::partitions::{Partitions, Place};
use super::lane::Said;
use super::published::{Ended, Published};
use super::reader::Reader;
use super::submitted::Submitted;
use super::{Access, Names, topics};
use crate::cohort::child::{Ending, Policy};
use crate::course::Rules;
use crate::report::cohort::mistakes::masked;
use crate::world::guard::Guard;

/// How many workers may end with the same submission in hand before it is given up.
const MOST_TRIES: u32 = 3;
/// When so many in a row, the first ones, fail for one reason that need not lie in them, it does not lie in them.
const ALIKE: usize = 3;
/// How often the consumer is polled while something is graded.
const TICK: Duration = Duration::from_millis(50);
/// How long an idle worker waits for records in one go.
const IDLE: Duration = Duration::from_millis(100);
/// How often an idle worker looks whether the whole queue is done.
const LOOK: Duration = Duration::from_secs(1);

/// What a worker is started with.
#[derive(Debug)]
pub struct Options {
    /// The queue's cluster.
    pub access: Access,
    /// The queue.
    pub names: Names,
    /// The worker's name: of its member in the group, and in results.
    pub worker: String,
    /// How submissions are graded; its lab is that of each submission.
    pub policy: Policy,
    /// The course's rules on late submissions; what a submission says of its own due time comes before them.
    pub rules: Option<Rules>,
    /// Where results are kept as files, too.
    pub out: PathBuf,
    /// The folders that submissions may be in; empty for any.
    pub roots: Vec<PathBuf>,
    /// Whether the next submission is made ready while one is graded.
    pub ahead: bool,
    /// Whether to end when the whole queue is done.
    pub drain: bool,
}

/// How a person wants a worker to end; each step follows from the one before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Not at all.
    #[default]
    No,
    /// After what is in hand.
    Soon,
    /// At once; what is in hand is put back.
    Now,
}

/// What a worker tells while it works.
#[derive(Debug)]
pub enum News<'a> {
    /// It has other partitions than before: so many.
    Partitions(usize),
    /// It has begun to grade.
    Began {
        /// The submission.
        id: &'a str,
        /// The lab.
        lab: &'a str,
        /// For the how manieth time.
        tries: u32,
    },
    /// What came of a submission is in the queue.
    Said(&'a Published),
    /// A submission was graded before.
    Again(&'a str),
    /// A submission is not graded here any more.
    Dropped {
        /// The submission.
        id: &'a str,
        /// Why.
        why: &'a str,
    },
    /// Something that is not right, and does not concern the queue.
    Trouble(anyhow::Error),
}

/// What a worker has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Submissions that it graded.
    pub graded: u64,
    /// Submissions that could not be graded, which the queue now says.
    pub errors: u64,
}

/// Works until it is told to stop, or, with [`Options::drain`], until the whole queue is done. Blocks the thread now and then, for as long as
/// a transaction takes: run it as the main task of a runtime with several threads. The guard removes what is left when the worker is killed.
///
/// # Errors
/// When the cluster does not answer or refuses for so long that there is no use in going on. Nothing is lost: what was in hand is graded by
/// another worker.
pub async fn work(options: &Options, guard: &Guard, stop: watch::Receiver<Stop>, tell: &mut (dyn FnMut(News<'_>) + Send)) -> Result<Tally> {
    let all = topics::check(&Reader::new(&options.access, &options.names, &options.worker)?, &options.names)?;
    let files = Files::new(&options.out, &options.worker, guard)?;
    let partitions = Partitions::join(options)?;
    let labs = Labs::new(options.policy.checks.clone());
    let (looked, tally) = (Instant::now(), Tally::default());
    let mut worker =
        Worker { options, all, partitions, labs, files, stop, tell, hand: None, held: None, looked, tally, doubts: Vec::new() };
    let ended = worker.run().await;
    if ended.is_ok() {
        worker.put_back();
    }
    ended.map(|()| worker.tally)
}

struct Worker<'a> {
    options: &'a Options,
    all: Vec<i32>,
    partitions: Partitions<'a>,
    labs: Labs,
    files: Files,
    stop: watch::Receiver<Stop>,
    tell: &'a mut (dyn FnMut(News<'_>) + Send),
    /// What is graded now.
    hand: Option<Hand>,
    /// What comes next: ready, or known already.
    held: Option<Held>,
    looked: Instant,
    tally: Tally,
    /// Why its first submissions could not be graded, as long as none could.
    doubts: Vec<String>,
}

impl Worker<'_> {
    async fn run(&mut self) -> Result<()> {
        loop {
            let stop = *self.stop.borrow();
            if stop == Stop::Now || stop == Stop::Soon && self.hand.is_none() {
                return Ok(());
            }
            let is_idle = self.hand.is_none() && self.held.is_none() && !self.partitions.has_some();
            if let Some(count) = self.partitions.listen(if is_idle { IDLE } else { Duration::ZERO })? {
                (self.tell)(News::Partitions(count));
            }
            self.drop_lost();
            self.partitions.open_one()?;
            if stop == Stop::No && self.held.is_none() && (self.hand.is_none() || self.options.ahead) {
                self.take_next()?;
            }
            match self.held.take() {
                Some(held) if self.hand.is_none() => self.begin(held)?,
                held => self.held = held,
            }
            if self.hand.is_some() {
                self.attend().await?;
            } else if is_idle && self.is_drained() {
                return Ok(());
            }
        }
    }

    /// Lets go of what is another worker's now.
    fn drop_lost(&mut self) {
        let why = "its partition went to another worker";
        if let Some(hand) = self.hand.take_if(|hand| !self.partitions.owns(hand.place)) {
            (self.tell)(News::Dropped { id: &hand.submitted.id, why });
        }
        self.held.take_if(|held| !self.partitions.owns(held.place()));
    }

    /// Makes the next submission ready.
    fn take_next(&mut self) -> Result<()> {
        let is_busy = self.hand.is_some();
        // Who has ended a worker before is alone with the next one: so it is known who did it.
        if self.hand.as_ref().is_some_and(|hand| hand.tries > 1) {
            return Ok(());
        }
        let Some((arrived, lane)) = self.partitions.first() else { return Ok(()) };
        let (place, before) = (arrived.place, lane.marker.tries(arrived.place.offset));
        if before > 0 && is_busy {
            return Ok(());
        }
        let examined = examine(&arrived.payload, lane, before, &mut self.labs);
        // The same learner's work for the same lab: whether it is to be graded depends on what comes of this one.
        let same = |hand: &Hand| matches!(&examined, Examined::Grade(next) if next.record_key() == hand.submitted.record_key());
        if self.hand.as_ref().is_some_and(same) {
            return Ok(());
        }
        self.partitions.pop();
        let worker = &self.options.worker;
        let known = |submitted: &Submitted, why| {
            let result = Published::of(submitted, place.source(), worker, before.max(1), Ended::Error { why });
            Held::Known(place, Box::new(result))
        };
        self.held = match examined {
            Examined::Unreadable(why) => Some(Held::Known(place, Box::new(Published::unreadable(place.source(), worker, &why)))),
            Examined::Again(submitted) => Some(Held::Again(place, submitted.id)),
            Examined::Not(submitted, why) => Some(known(&submitted, why)),
            Examined::Grade(submitted) => {
                // Said before anything is run: a worker that ends over it must have been seen with it.
                if !self.partitions.take(place)? {
                    return Ok(());
                }
                Some(Held::Grade(Box::new(Job::new(self.options, place, submitted, before + 1, &self.files)?)))
            }
        };
        Ok(())
    }

    fn begin(&mut self, held: Held) -> Result<()> {
        match held {
            Held::Grade(job) => {
                (self.tell)(News::Began { id: &job.submitted.id, lab: &job.submitted.lab, tries: job.tries });
                self.hand = Some(job.begin());
            }
            Held::Known(place, result) => {
                self.publish(place, *result, Vec::new())?;
            }
            Held::Again(place, id) => {
                if self.partitions.done(place, None)? {
                    (self.tell)(News::Again(&id));
                }
            }
        }
        Ok(())
    }

    /// Waits a moment for the grade.
    async fn attend(&mut self) -> Result<()> {
        let Some(hand) = &mut self.hand else { return Ok(()) };
        let (ending, into) = tokio::select! {
            ended = hand.ended() => ended,
            () = tokio::time::sleep(TICK) => return Ok(()),
            _ = self.stop.changed() => return Ok(()),
        };
        let Some(hand) = self.hand.take() else { return Ok(()) };
        if let Some(why) = self.doubt(&ending) {
            self.partitions.put_back(hand.place)?;
            bail!("the first {ALIKE} submissions could not be graded, all for the same reason, so this machine may be to blame: {why}");
        }
        let (ended, evidence) = hand.result(ending, &into);
        let result = Published::of(&hand.submitted, hand.place.source(), &self.options.worker, hand.tries, ended);
        let (id, lab, place) = (result.id.clone(), result.lab.clone(), hand.place);
        // Removed when this ends, unless it is kept.
        let _folder = hand.into_folder();
        if self.publish(place, result, evidence)?
            && let Err(error) = self.files.keep(&lab, &id, &into)
        {
            (self.tell)(News::Trouble(error));
        }
        Ok(())
    }

    /// Why no submission can be graded here, when that is how it looks. A worker on a machine that cannot grade must not go through the queue and
    /// make errors of everything.
    fn doubt(&mut self, ending: &Ending) -> Option<String> {
        let Ending::NotGraded { why, again: true } = ending else { return None };
        if self.tally.graded > 0 {
            return None;
        }
        let alike = masked(why);
        self.doubts.retain(|doubt| *doubt == alike);
        self.doubts.push(alike);
        (self.doubts.len() >= ALIKE).then(|| why.clone())
    }

    /// Says what came of a submission, in one transaction with the offset after it. False: it is another worker's.
    fn publish(&mut self, place: Place, result: Published, evidence: Vec<Vec<u8>>) -> Result<bool> {
        let said = Said::new(result.clone(), evidence)?;
        if !self.partitions.done(place, Some(&said))? {
            (self.tell)(News::Dropped { id: &result.id, why: "its partition went to another worker" });
            return Ok(false);
        }
        match result.ended {
            Ended::Graded(_) => self.tally.graded += 1,
            Ended::Error { .. } => self.tally.errors += 1,
        }
        (self.tell)(News::Said(&result));
        Ok(true)
    }

    fn is_drained(&mut self) -> bool {
        if !self.options.drain || self.looked.elapsed() < LOOK {
            return false;
        }
        self.looked = Instant::now();
        // A broker that is away for a moment is no reason to end.
        self.partitions.is_all_done(&self.all).unwrap_or_else(|error| {
            tracing::debug!("{error:#}");
            false
        })
    }

    /// Puts back what is in hand when the worker ends: that counts as no try. Where this cannot be said any more, it counts as one.
    fn put_back(&mut self) {
        let hand = self.hand.take().map(|hand| (hand.place, hand.submitted.id.clone()));
        let held = self.held.take().and_then(|held| if let Held::Grade(job) = held { Some((job.place, job.submitted.id)) } else { None });
        for (place, id) in hand.into_iter().chain(held) {
            if self.partitions.put_back(place).is_ok() {
                (self.tell)(News::Dropped { id: &id, why: "the worker ends; another one grades it" });
            }
        }
    }
}
