//! What a queue holds: what waits, what is in whose hand, and what came of the rest. Read from the topics and offsets alone.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use anyhow::{Context, Result};
use rdkafka::Message;
use rdkafka::message::{BorrowedMessage, Headers};

use super::marker::Marker;
use super::published::{self, Ended, EvidenceOf, Published, Source};
use super::reader::Reader;
use super::submitted::Submitted;
use super::{Access, Names, topics};
use crate::report::write_file;

/// A queue at one moment.
#[derive(Debug, Default)]
pub struct State {
    /// Everything that was ever added, by partition and offset.
    pub submissions: BTreeMap<Source, Entry>,
    /// The latest result of each submission, by lab and id.
    pub results: BTreeMap<(String, String), Published>,
    /// Records that have two results: there must be none.
    pub doubles: Vec<Source>,
    /// How many results could not be read.
    pub unreadable_results: u64,
    /// What is in whose hand.
    pub in_hand: Vec<InHand>,
    /// The workers, by name.
    pub workers: Vec<String>,
    /// How many records of each partition wait, those in hand included.
    pub lag: BTreeMap<i32, i64>,
}

/// A record in the queue.
#[derive(Debug)]
pub struct Entry {
    /// The submission; `None` when the record cannot be read.
    pub submitted: Option<Submitted>,
    /// Whether everything is said of it.
    pub is_done: bool,
}

/// A submission in a worker's hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InHand {
    /// The record.
    pub source: Source,
    /// The worker.
    pub worker: String,
    /// For the how manieth time.
    pub tries: u32,
    /// Since when, in seconds since 1970-01-01 UTC.
    pub since: u64,
}

impl State {
    /// Reads it. Blocks.
    ///
    /// # Errors
    /// When there is no such queue, or its cluster does not answer.
    pub fn read(access: &Access, names: &Names) -> Result<Self> {
        let reader = Reader::new(access, names, CLIENT)?;
        let all = topics::check(&reader, names)?;
        let mut state = Self { workers: reader.members(&names.group)?, ..Self::default() };
        let mut next = HashMap::new();
        for (partition, offset, metadata) in reader.committed_now(&names.submissions, &all)? {
            let offset = offset.unwrap_or(0);
            next.insert(partition, offset);
            state.lag.insert(partition, (reader.end(&names.submissions, partition)? - offset).max(0));
            let marker = Marker::read(&metadata);
            // A worker that has died has nothing in hand, whatever it wrote last.
            for taken in marker.hand.iter().filter(|taken| taken.now && taken.offset >= offset && state.workers.contains(&marker.worker)) {
                let source = Source { partition, offset: taken.offset };
                state.in_hand.push(InHand { source, worker: marker.worker.clone(), tries: taken.tries, since: taken.since });
            }
        }
        reader.read(&names.submissions, &all, &mut |message| {
            let source = Source { partition: message.partition(), offset: message.offset() };
            let submitted = Submitted::read(message.payload().unwrap_or_default()).ok();
            let is_done = next.get(&source.partition).is_some_and(|next| source.offset < *next);
            state.submissions.insert(source, Entry { submitted, is_done });
        })?;
        let mut sources = HashSet::new();
        // After the offsets: whatever they say is done has its result by now.
        reader.read(&names.results, &all, &mut |message| match Published::read(message.payload().unwrap_or_default()) {
            Ok(result) => {
                if !sources.insert(result.source) {
                    state.doubles.push(result.source);
                }
                state.results.insert((result.lab.clone(), result.id.clone()), result);
            }
            Err(_) => state.unreadable_results += 1,
        })?;
        // Results are said in order: what comes before one is done, also when the group's offsets are gone.
        for source in sources {
            for (_, entry) in state.submissions.range_mut(Source { offset: i64::MIN, ..source }..=source) {
                entry.is_done = true;
            }
        }
        Ok(state)
    }

    /// The labs that anything was added for.
    #[must_use]
    pub fn labs(&self) -> Vec<String> {
        let mut labs: Vec<String> = self.submissions.values().filter_map(|entry| Some(entry.submitted.as_ref()?.lab.clone())).collect();
        labs.sort();
        labs.dedup();
        labs
    }

    /// The latest results for a lab, in the order of their ids. Records that could not be read are of no lab, and told with every lab.
    #[must_use]
    pub fn results_for(&self, lab: &str) -> Vec<&Published> {
        self.results.values().filter(|result| result.lab == lab || result.lab.is_empty()).collect()
    }

    /// How many results are grades, and how many are errors.
    #[must_use]
    pub fn tally(&self) -> (usize, usize) {
        let graded = self.results.values().filter(|result| matches!(result.ended, Ended::Graded(_))).count();
        (graded, self.results.len() - graded)
    }
}

/// The name of clients that only look.
const CLIENT: &str = "kgrade-queue";

/// Writes the evidence of these results, each to its file, as it comes in from the topic. Gives back the results whose evidence is not
/// whole in the queue. Blocks.
///
/// # Errors
/// When the cluster does not answer, or a file cannot be written.
pub fn evidence<'r>(access: &Access, names: &Names, wanted: &[(&'r Published, &Path)]) -> Result<Vec<&'r Published>> {
    let mut open: HashMap<Source, Parts<'_, 'r>> = HashMap::new();
    for (result, path) in wanted {
        if let Ended::Graded(graded) = &result.ended
            && let Some(of) = &graded.evidence
        {
            open.insert(result.source, Parts { result, of, path, parts: Vec::new() });
        }
    }
    let reader = Reader::new(access, names, CLIENT)?;
    let all = topics::check(&reader, names)?;
    let (mut written, mut failed) = (HashSet::new(), None);
    reader.read(&names.evidence, &all, &mut |message| {
        let Some((source, nth)) = part(message) else { return };
        let Some(parts) = open.get_mut(&source) else { return };
        if nth != parts.parts.len() || failed.is_some() {
            return;
        }
        parts.parts.push(message.payload().unwrap_or_default().to_vec());
        if let Some(whole) = published::joined(parts.of, &parts.parts) {
            match write_file(parts.path, &whole) {
                Ok(()) => _ = written.insert(source),
                Err(error) => failed = Some(error),
            }
            open.remove(&source);
        }
    })?;
    match failed {
        Some(error) => Err(error).context("the evidence cannot be written"),
        None => Ok(open.into_values().map(|parts| parts.result).collect()),
    }
}

struct Parts<'p, 'r> {
    result: &'r Published,
    of: &'r EvidenceOf,
    path: &'p Path,
    parts: Vec<Vec<u8>>,
}

/// Whose evidence a record is a part of, and the how manieth, from 0.
fn part(message: &BorrowedMessage<'_>) -> Option<(Source, usize)> {
    let headers = message.headers()?;
    // The binding panics on a name that is not UTF-8, which another program may have written.
    let seen = |nth| std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| headers.try_get(nth))).ok()?;
    let text = |nth, name| {
        let header = seen(nth)?;
        (header.key == name).then(|| header.value.and_then(|value| std::str::from_utf8(value).ok()))?
    };
    let (partition, offset) = text(0, "source")?.split_once('@')?;
    let source = Source { partition: partition.parse().ok()?, offset: offset.parse().ok()? };
    // Only who owns the partition may speak of it.
    (source.partition == message.partition()).then_some((source, text(1, "part")?.parse().ok()?))
}
