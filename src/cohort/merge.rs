//! Folders of results from several machines become one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use indexmap::IndexMap;

use super::Book;
use super::book::{DATA, Person, now};
use super::journal::{self, Journal, Line, Past, Record, SCHEMA, Start};
use super::out::Out;
use super::shard::Shard;
use crate::report::cohort::{Cohort, State};

/// The largest `cohort.json` that is read, in bytes.
const LARGEST: u64 = 1 << 30;

/// A folder of results that is read.
#[derive(Debug)]
pub struct Part {
    root: PathBuf,
    past: Past,
    cohort: Cohort,
}

/// What was merged.
#[derive(Debug)]
pub struct Merged {
    /// The books of all.
    pub book: Book,
    /// What is worth knowing: shards that are missing, parts that were graded by different checks.
    pub notes: Vec<String>,
    /// Whether something is missing.
    pub missing: bool,
}

impl Part {
    /// Reads a folder that a batch has written.
    ///
    /// # Errors
    /// When it is none, or another version wrote it.
    pub fn open(root: &Path) -> Result<Self> {
        let opening = || format!("read {}; name folders that `kgrade batch --out` has written", root.display());
        let bytes = fs::read(root.join("journal.jsonl")).with_context(opening)?;
        let (past, _) = journal::read(&bytes).with_context(opening)?;
        let data = root.join(DATA);
        if fs::metadata(&data).with_context(opening)?.len() > LARGEST {
            bail!("{} is too large", data.display());
        }
        let cohort = Cohort::read(&fs::read_to_string(&data).with_context(opening)?).with_context(|| format!("read {}", data.display()))?;
        Ok(Self { root: root.to_owned(), past, cohort })
    }

    fn shards(&self) -> Vec<String> {
        self.cohort.shards.clone()
    }
}

/// Puts the results of all parts into one folder.
///
/// # Errors
/// When they are of different labs, one submission has two results (with `newest`, the newer one is taken), or something cannot be read or
/// written.
pub fn merge(parts: &[Part], (out, journal, past): (&Out, &mut Journal, &Past), newest: bool) -> Result<Merged> {
    let Some(first) = parts.first() else { bail!("there is nothing to merge") };
    let mut notes = Vec::new();
    for part in parts {
        if part.cohort.lab != first.cohort.lab {
            bail!("{} is about {}, {} about {}", first.root.display(), first.cohort.lab, part.root.display(), part.cohort.lab);
        }
        if part.cohort.checks_digest != first.cohort.checks_digest {
            notes.push(format!("{} and {} were graded by different versions of the checks", first.root.display(), part.root.display()));
        }
        if part.past.damaged > 0 {
            notes.push(format!("the journal of {} has damaged lines: their submissions count as not done", part.root.display()));
        }
    }
    let chosen = choose(parts, newest)?;
    let mut people: IndexMap<&str, Person> = IndexMap::new();
    for entry in parts.iter().flat_map(|part| &part.cohort.submissions) {
        people.entry(&entry.id).or_insert_with(|| Person { id: entry.id.clone(), name: entry.name.clone() });
    }
    people.sort_keys();
    let (shards, missing) = shards(parts, &mut notes);
    let cohort = &first.cohort;
    let people: Vec<Person> = people.into_values().collect();
    let mut book = Book::new(&cohort.lab, &cohort.title, &cohort.checks_digest, shards.clone(), people);
    journal.add(&Line::Batch(Start {
        schema: SCHEMA.to_owned(),
        lab: cohort.lab.clone(),
        checks_digest: cohort.checks_digest.clone(),
        kgrade: env!("CARGO_PKG_VERSION").to_owned(),
        shard: (!shards.is_empty()).then(|| shards.join(", ")),
        at: now(),
    }))?;
    for (part, record) in chosen.values() {
        if !past.records.get(&record.id).is_some_and(|there| there == *record && out.has(there)) {
            copy(part, record, out)?;
            journal.add(&Line::Done((*record).clone()))?;
        }
        book.enter((*record).clone(), out.outcome(record));
    }
    book.write(out)?;
    Ok(Merged { book, notes, missing })
}

/// The result of each submission, from one of the parts.
fn choose(parts: &[Part], newest: bool) -> Result<BTreeMap<&str, (&Part, &Record)>> {
    let mut chosen: BTreeMap<&str, (&Part, &Record)> = BTreeMap::new();
    let mut conflicts = Vec::new();
    for part in parts {
        // What a part's cohort does not name any more is no part of it.
        let named: BTreeSet<&str> = part.cohort.submissions.iter().map(|entry| entry.id.as_str()).collect();
        for record in part.past.records.values().filter(|record| named.contains(record.id.as_str())) {
            let Some((earlier, other)) = chosen.get(record.id.as_str()) else {
                chosen.insert(&record.id, (part, record));
                continue;
            };
            let same = other.result == record.result && other.state == record.state;
            let better = match (other.state == State::Error, record.state == State::Error) {
                // A result is better than none.
                (true, false) => true,
                (false, true) => false,
                _ if same => continue,
                _ => {
                    if !newest {
                        conflicts.push(format!("{} in {} and in {}", record.id, earlier.root.display(), part.root.display()));
                    }
                    record.at > other.at
                }
            };
            if better {
                chosen.insert(&record.id, (part, record));
            }
        }
    }
    if conflicts.is_empty() {
        return Ok(chosen);
    }
    let shown = conflicts.iter().take(20).map(String::as_str).collect::<Vec<_>>().join("\n  ");
    let more = conflicts.len().saturating_sub(20);
    let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
    bail!("these were graded twice, with different results; --newest takes the newer one:\n  {shown}{more}");
}

/// The shards that are there, and whether one is missing.
fn shards(parts: &[Part], notes: &mut Vec<String>) -> (Vec<String>, bool) {
    let all: Vec<String> = parts.iter().flat_map(Part::shards).collect();
    if all.is_empty() || parts.iter().any(|part| part.shards().is_empty()) {
        return (Vec::new(), false);
    }
    let there: BTreeSet<Shard> = all.iter().filter_map(|shard| shard.parse().ok()).collect();
    let counts: BTreeSet<u32> = there.iter().map(|shard| shard.of).collect();
    let Some(of) = counts.first().copied().filter(|_| counts.len() == 1) else {
        notes.push("the parts were cut into different numbers of shards: whether one is missing cannot be said".to_owned());
        return (all, true);
    };
    let missing: Vec<String> = (1..=of).map(|nth| Shard { nth, of }).filter(|shard| !there.contains(shard)).map(|shard| shard.to_string()).collect();
    match missing.as_slice() {
        [] => (Vec::new(), false),
        [one] => {
            notes.push(format!("shard {one} is missing"));
            (there.iter().map(ToString::to_string).collect(), true)
        }
        many => {
            notes.push(format!("shards {} are missing", many.join(", ")));
            (there.iter().map(ToString::to_string).collect(), true)
        }
    }
}

/// Copies the results of a submission, and checks that they are those that the journal tells of.
fn copy(part: &Part, record: &Record, out: &Out) -> Result<()> {
    let from = part.root.join("results").join(&record.id);
    let copying = || format!("copy {}", from.display());
    super::roster::check_id(&record.id).map_err(anyhow::Error::msg).with_context(copying)?;
    let hand = out.hand(&record.id)?;
    let into = hand.results()?;
    for entry in fs::read_dir(&from).with_context(copying)? {
        let entry = entry.with_context(copying)?;
        // A batch writes files, and nothing else.
        if entry.file_type().with_context(copying)?.is_file() {
            fs::copy(entry.path(), into.join(entry.file_name())).with_context(copying)?;
        }
    }
    out.keep(&record.id, &into)?;
    if !out.has(record) {
        bail!("the results in {} are not those that the journal beside them tells of", from.display());
    }
    Ok(())
}
