//! What a worker owns: its membership in the group, its partitions, and the records that wait in them.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::Options;
use crate::cohort::book::now;
use crate::cohort::queue::lane::{Lane, Said, Unsaid, Word};
use crate::cohort::queue::marker::Marker;
use crate::cohort::queue::membership::{Change, Membership};
use crate::cohort::queue::published::Source;
use crate::cohort::queue::reader::{Reader, is_passing};

/// How many records wait here before no more are fetched. They are in nobody's hand: the group does not count them.
const WAITING: usize = 4;
/// How often something is said again that was refused.
const ATTEMPTS: u32 = 6;
/// The first pause between these; it doubles.
const PAUSE: Duration = Duration::from_millis(100);

/// A record's place, and during which ownership it was fetched: a partition that was lost and came back is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub partition: i32,
    pub offset: i64,
    turn: u64,
}

impl Place {
    pub(super) fn source(self) -> Source {
        Source { partition: self.partition, offset: self.offset }
    }
}

/// A record that was fetched.
pub(super) struct Arrived {
    pub place: Place,
    pub payload: Vec<u8>,
}

/// The worker's partitions.
pub(super) struct Partitions<'a> {
    options: &'a Options,
    consumer: BaseConsumer<Membership>,
    reader: Reader,
    /// During which ownership each partition is ours.
    owned: BTreeMap<i32, u64>,
    turn: u64,
    lanes: HashMap<i32, Lane>,
    arrived: VecDeque<Arrived>,
    paused: bool,
    /// How often in a row no partition could be opened.
    failures: u32,
}

impl<'a> Partitions<'a> {
    /// Joins the group.
    pub(super) fn join(options: &'a Options) -> Result<Self> {
        let consumer = options.access.member(&options.names, &options.worker)?;
        consumer.subscribe(&[&options.names.submissions]).context("the workers' group cannot be joined")?;
        let reader = Reader::new(&options.access, &options.names, &options.worker)?;
        let (owned, lanes, arrived) = (BTreeMap::new(), HashMap::new(), VecDeque::new());
        Ok(Self { options, consumer, reader, owned, turn: 0, lanes, arrived, paused: false, failures: 0 })
    }

    /// Whether records wait here.
    pub(super) fn has_some(&self) -> bool {
        !self.arrived.is_empty()
    }

    /// Whether a record is still this worker's to grade.
    pub(super) fn owns(&self, place: Place) -> bool {
        self.owned.get(&place.partition) == Some(&place.turn)
    }

    /// Polls: hears of partitions that come and go, and takes in records while there is room. This is what keeps a worker in its group. When
    /// partitions came or went: how many there are now.
    pub(super) fn listen(&mut self, mut wait: Duration) -> Result<Option<usize>> {
        let mut changed = false;
        loop {
            let polled = match self.consumer.poll(wait) {
                Some(Ok(message)) => Some((message.partition(), message.offset(), message.payload().unwrap_or_default().to_vec())),
                Some(Err(error)) if is_passing(&error) || is_mended(&error) => None,
                Some(Err(error)) => return Err(error).context("the queue cannot be read"),
                None => None,
            };
            // The callbacks ran before the record was handed out.
            changed |= self.heed_changes();
            let Some((partition, offset, payload)) = polled else { break };
            if let Some(turn) = self.owned.get(&partition) {
                self.arrived.push_back(Arrived { place: Place { partition, offset, turn: *turn }, payload });
            }
            if self.arrived.len() >= WAITING {
                break;
            }
            wait = Duration::ZERO;
        }
        self.fetch_or_not()?;
        Ok(changed.then_some(self.owned.len()))
    }

    fn heed_changes(&mut self) -> bool {
        let changes = self.consumer.context().take();
        for change in &changes {
            match *change {
                Change::Gained(partition) => {
                    self.turn += 1;
                    self.owned.insert(partition, self.turn);
                    // It may deliver records also while the others are paused.
                    self.paused = false;
                }
                Change::Lost(partition) => {
                    self.owned.remove(&partition);
                    self.lanes.remove(&partition);
                    self.arrived.retain(|arrived| arrived.place.partition != partition);
                }
            }
        }
        !changes.is_empty()
    }

    fn fetch_or_not(&mut self) -> Result<()> {
        let full = self.arrived.len() >= WAITING;
        if full != self.paused {
            let all = self.consumer.assignment().context("the worker's partitions are not known")?;
            if full { self.consumer.pause(&all) } else { self.consumer.resume(&all) }.context("fetching cannot be held up")?;
            self.paused = full;
        }
        Ok(())
    }

    /// Takes over one partition that came, so that what its owner before had begun is ended. The one whose record is next comes first.
    pub(super) fn open_one(&mut self) -> Result<()> {
        let next = self.arrived.front().map(|arrived| arrived.place.partition);
        let closed = |partition: &i32| !self.lanes.contains_key(partition);
        let Some(partition) = next.filter(closed).or_else(|| self.owned.keys().copied().find(closed)) else { return Ok(()) };
        match self.open(partition, true) {
            Ok(()) => self.failures = 0,
            Err(error) if self.failures < ATTEMPTS => {
                tracing::debug!(partition, "{error:#}");
                std::thread::sleep(PAUSE * 2u32.pow(self.failures));
                self.failures += 1;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn open(&mut self, partition: i32, is_new: bool) -> Result<()> {
        let Options { access, names, worker, .. } = self.options;
        let mut lane = Lane::open(access, names, &self.reader, worker, partition)?;
        if is_new {
            let before = &lane.marker.worker;
            let busy = lane.marker.hand.iter().any(|taken| taken.now);
            let is_there = busy && (before == worker || self.reader.members(&names.group)?.contains(before));
            lane.marker.inherit(worker, is_there);
        }
        if let (true, Some(next), Some(group)) = (lane.is_behind, lane.next, self.consumer.group_metadata()) {
            let word = Word { next, marker: lane.marker.clone(), result: None };
            if let Err(Unsaid::Aborted(error) | Unsaid::Broken(error)) = lane.say(names, &group, &word) {
                return Err(error).with_context(|| format!("the offset of partition {partition} cannot be set right"));
            }
        }
        self.lanes.insert(partition, lane);
        Ok(())
    }

    /// The record that comes next, and how many workers have ended with it in hand. None while its partition is not opened.
    pub(super) fn first(&mut self) -> Option<(&Arrived, &Lane)> {
        while let Some(arrived) = self.arrived.front() {
            let lane = self.lanes.get(&arrived.place.partition)?;
            if lane.next.is_none_or(|next| next <= arrived.place.offset) {
                break;
            }
            // Whoever had the partition before said what came of it when this worker had already fetched it.
            self.arrived.pop_front();
        }
        let arrived = self.arrived.front()?;
        Some((arrived, self.lanes.get(&arrived.place.partition)?))
    }

    /// Takes the first record away from those that wait.
    pub(super) fn pop(&mut self) {
        self.arrived.pop_front();
    }

    /// Says that a submission is in hand, before anything of it is run. False: it is another worker's, or done.
    pub(super) fn take(&mut self, place: Place) -> Result<bool> {
        let since = now();
        self.say(place, None, |lane| (lane.next.unwrap_or(place.offset), lane.marker.taking(place.offset, since)))
    }

    /// Says what came of a submission, or that nothing needs to be said. False: it is another worker's.
    pub(super) fn done(&mut self, place: Place, said: Option<&Said>) -> Result<bool> {
        self.say(place, said, |lane| (place.offset + 1, lane.marker.without(place.offset)))
    }

    /// Says that a submission is in nobody's hand any more, and that it did not end its worker.
    pub(super) fn put_back(&mut self, place: Place) -> Result<bool> {
        self.say(place, None, |lane| (lane.next.unwrap_or(place.offset), lane.marker.putting_back(place.offset)))
    }

    fn say(&mut self, place: Place, result: Option<&Said>, word: impl Fn(&Lane) -> (i64, Marker)) -> Result<bool> {
        let mut last = None;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                std::thread::sleep(PAUSE * 2u32.pow(attempt - 1));
            }
            // A partition that is gone is heard of here, before anything is said.
            self.listen(Duration::ZERO)?;
            if !self.owns(place) {
                return Ok(false);
            }
            if !self.lanes.contains_key(&place.partition)
                && let Err(error) = self.open(place.partition, false)
            {
                last = Some(error);
                continue;
            }
            let Some(lane) = self.lanes.get_mut(&place.partition) else { continue };
            if lane.next.is_some_and(|next| next > place.offset) {
                // Said already: by the attempt before this one, or by whoever has the partition now.
                return Ok(lane.was_said_by(&self.options.worker, place.offset));
            }
            let Some(group) = self.consumer.group_metadata() else { bail!("the worker is in no group") };
            let (next, marker) = word(lane);
            match lane.say(&self.options.names, &group, &Word { next, marker, result }) {
                Ok(()) => return Ok(true),
                Err(Unsaid::Aborted(error)) => last = Some(error.into()),
                Err(Unsaid::Broken(error)) => {
                    self.lanes.remove(&place.partition);
                    last = Some(error.into());
                }
            }
            tracing::debug!(partition = place.partition, offset = place.offset, "not said: {last:?}");
        }
        let why = format!("nothing can be written to the queue, tried {ATTEMPTS} times");
        Err(last.map_or_else(|| anyhow::anyhow!(why.clone()), |error| error.context(why.clone())))
    }

    /// Whether everything in these partitions is said, by whomever.
    pub(super) fn is_all_done(&self, partitions: &[i32]) -> Result<bool> {
        let topic = &self.options.names.submissions;
        for (partition, next, _) in self.reader.committed_now(topic, partitions)? {
            if self.reader.end(topic, partition)? > next.unwrap_or(0) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whether an error is one that the consumer mends by itself: it was too slow, or the group has moved on, and it joins again.
fn is_mended(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{
        CoordinatorLoadInProgress, CoordinatorNotAvailable, IllegalGeneration, NotCoordinator, PollExceeded, RebalanceInProgress,
        UnknownMemberId, UnstableOffsetCommit,
    };
    error.rdkafka_error_code().is_some_and(|code| {
        matches!(
            code,
            CoordinatorLoadInProgress
                | CoordinatorNotAvailable
                | IllegalGeneration
                | NotCoordinator
                | PollExceeded
                | RebalanceInProgress
                | UnknownMemberId
                | UnstableOffsetCommit
        )
    })
}
