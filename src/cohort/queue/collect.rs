//! Results of a queue become a folder like that of a batch, which can be merged with others.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::published::{Ended, Published};
use super::state::{self, State};
use super::{Access, Names};
use crate::cohort::book::{Person, now};
use crate::cohort::child::{EVIDENCE, REPORTS, RESULT};
use crate::cohort::journal::{Journal, Line, Past, Record, SCHEMA, Start};
use crate::cohort::out::{Hand, Out, WHY};
use crate::cohort::{Book, key};
use crate::outcome::sanitize;
use crate::report::cohort::State as Reached;
use crate::report::{FORMATS, json, write_file};

/// What was taken out of a queue.
#[derive(Debug)]
pub struct Collected {
    /// The books of all.
    pub book: Book,
    /// Those whose evidence is not in the queue, each with the worker that had it.
    pub without_evidence: Vec<(String, String)>,
}

/// Writes the results for a lab: each submission's, then gradebook and page. What is there already is not written again. Blocks.
///
/// # Errors
/// When the cluster does not answer, or something cannot be written.
pub fn collect(
    (access, names): (&Access, &Names),
    state: &State,
    lab: &str,
    (out, mut journal, past): (&Out, Journal, &Past),
) -> Result<Collected> {
    let results = state.results_for(lab);
    let (title, checks_digest) = about(state, &results, lab);
    let mut book = Book::new(lab, &title, &checks_digest, Vec::new(), people(state, lab));
    let at = now();
    let (lab, kgrade) = (lab.to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    journal.add(&Line::Batch(Start { schema: SCHEMA.to_owned(), lab, checks_digest, kgrade, shard: None, at }))?;
    let mut new = Vec::new();
    for result in results {
        let record = record(result)?;
        if past.records.get(&record.id) == Some(&record) && out.has(&record) {
            book.enter(record.clone(), out.outcome(&record));
            continue;
        }
        let hand = out.hand(&result.id)?;
        let folder = hand.results()?;
        write(result, &folder)?;
        new.push(New { result, record, hand, evidence: folder.join(format!("{EVIDENCE}.gz")), folder });
    }
    let wanted: Vec<(&Published, &Path)> = new.iter().map(|new| (new.result, new.evidence.as_path())).collect();
    let without = if wanted.is_empty() { Vec::new() } else { state::evidence(access, names, &wanted)? };
    for New { result, record, hand, folder, .. } in new {
        out.keep(&result.id, &folder)?;
        drop(hand);
        journal.add(&Line::Done(record.clone()))?;
        book.enter(record, result.outcome().cloned());
    }
    book.write(out)?;
    Ok(Collected { book, without_evidence: without.into_iter().map(|result| (result.id.clone(), result.worker.clone())).collect() })
}

/// A result that was not there before.
struct New<'a> {
    result: &'a Published,
    record: Record,
    hand: Hand,
    folder: PathBuf,
    evidence: PathBuf,
}

/// Everybody of whom the queue knows, in the order of their ids.
fn people(state: &State, lab: &str) -> Vec<Person> {
    let mut people: BTreeMap<&str, Option<&String>> = BTreeMap::new();
    for submitted in state.submissions.values().filter_map(|entry| entry.submitted.as_ref()).filter(|submitted| submitted.lab == lab) {
        people.insert(&submitted.id, submitted.name.as_ref());
    }
    for result in state.results_for(lab) {
        people.entry(&result.id).or_insert(result.name.as_ref());
    }
    people.into_iter().map(|(id, name)| Person { id: id.to_owned(), name: name.cloned() }).collect()
}

/// The lab's title and digest, from what it was last graded with.
fn about(state: &State, results: &[&Published], lab: &str) -> (String, String) {
    let last = results.iter().max_by_key(|result| (result.outcome().is_some(), result.at));
    if let Some(outcome) = last.and_then(|result| result.outcome()) {
        return (outcome.title.clone(), outcome.run.checks_digest.clone());
    }
    let mut added = state.submissions.values().filter_map(|entry| entry.submitted.as_ref()).filter(|submitted| submitted.lab == lab);
    (lab.to_owned(), added.next_back().map(|submitted| submitted.checks_digest.clone()).unwrap_or_default())
}

fn record(result: &Published) -> Result<Record> {
    let mut record = Record {
        id: result.id.clone(),
        key: result.key.clone(),
        state: Reached::Error,
        why: None,
        tries: result.tries,
        result: None,
        at: result.at,
        took_ms: 0,
    };
    match &result.ended {
        Ended::Graded(graded) => {
            record.result = Some(key::digest(json::render(&graded.outcome)?.as_bytes()));
            record.state = if graded.outcome.complete { Reached::Graded } else { Reached::Incomplete };
            record.took_ms = graded.outcome.timings_ms.get("total").copied().unwrap_or_default();
        }
        Ended::Error { why } => record.why = Some(why.clone()),
    }
    Ok(record)
}

fn write(result: &Published, folder: &Path) -> Result<()> {
    match &result.ended {
        Ended::Graded(graded) => {
            for (name, file) in [("json", RESULT)].into_iter().chain(REPORTS) {
                let format = FORMATS.iter().find(|format| format.name == name).with_context(|| format!("there is no format {name}"))?;
                write_file(&folder.join(file), (format.render)(&graded.outcome)?.as_bytes())?;
            }
            Ok(())
        }
        Ended::Error { why } => {
            write_file(&folder.join(WHY), format!("This submission was not graded: {}\n", sanitize::terminal(why)).as_bytes())
        }
    }
}
