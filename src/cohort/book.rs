//! The books of a cohort: who is in it, what came of each, and the three files that tell it.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};

use super::journal::Record;
use super::out::Out;
use crate::outcome::Outcome;
use crate::report::cohort::{Cohort, Entry, Graded, SCHEMA, State, render};
use crate::report::csv::{NotGraded, gradebook_of_all};
use crate::report::write_file;

/// The gradebook in the folder of results.
pub const GRADEBOOK: &str = "gradebook.csv";
/// The page.
pub const PAGE: &str = "cohort.html";
/// The same as data.
pub const DATA: &str = "cohort.json";

/// Somebody in the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The submission's id.
    pub id: String,
    /// The learner's name, when it is known.
    pub name: Option<String>,
}

/// The books.
#[derive(Debug, Clone)]
pub struct Book {
    /// The lab's name.
    pub lab: String,
    /// The lab's title.
    pub title: String,
    /// SHA-256 of the lab file, in hex.
    pub checks_digest: String,
    /// Which parts of the whole cohort this is; empty when it is the whole.
    pub shards: Vec<String>,
    /// Everybody, in the cohort's order.
    pub people: Vec<Person>,
    done: HashMap<String, (Record, Option<Outcome>)>,
}

impl Book {
    /// Books in which nothing is entered yet.
    #[must_use]
    pub fn new(lab: &str, title: &str, checks_digest: &str, shards: Vec<String>, people: Vec<Person>) -> Self {
        let own = |text: &str| text.to_owned();
        Self { lab: own(lab), title: own(title), checks_digest: own(checks_digest), shards, people, done: HashMap::new() }
    }

    /// Enters what came of a submission; its last entry holds.
    pub fn enter(&mut self, record: Record, outcome: Option<Outcome>) {
        self.done.insert(record.id.clone(), (record, outcome.map(slim)));
    }

    /// What is entered of a submission.
    #[must_use]
    pub fn record(&self, id: &str) -> Option<&Record> {
        self.done.get(id).map(|(record, _)| record)
    }

    /// How many are in a state.
    #[must_use]
    pub fn count(&self, state: State) -> u64 {
        let state_of = |person: &&Person| self.record(&person.id).map_or(State::Open, |record| record.state) == state;
        self.people.iter().filter(state_of).count() as u64
    }

    /// The cohort as it is now; `at` in seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn cohort(&self, at: u64) -> Cohort {
        let entry = |person: &Person| {
            let (id, name) = (person.id.clone(), person.name.clone());
            match self.done.get(&person.id) {
                Some((record, outcome)) => Entry {
                    id,
                    name,
                    state: record.state,
                    why: record.why.clone(),
                    tries: record.tries,
                    key: record.key.clone(),
                    at: record.at,
                    took_ms: record.took_ms,
                    graded: outcome.as_ref().map(Graded::of),
                },
                None => {
                    Entry { id, name, state: State::Open, why: None, tries: 0, key: String::new(), at: 0, took_ms: 0, graded: None }
                }
            }
        };
        Cohort {
            schema: SCHEMA.to_owned(),
            lab: self.lab.clone(),
            title: self.title.clone(),
            kgrade: env!("CARGO_PKG_VERSION").to_owned(),
            checks_digest: self.checks_digest.clone(),
            shards: self.shards.clone(),
            at,
            submissions: self.people.iter().map(entry).collect(),
        }
    }

    /// The gradebook: everybody has a row, also those without a grade.
    ///
    /// # Errors
    /// None in practice: the text is made in memory.
    pub fn gradebook(&self) -> Result<String> {
        let entries = || self.people.iter().map(|person| (person, self.done.get(&person.id)));
        let outcomes: Vec<&Outcome> = entries().filter_map(|(_, done)| done?.1.as_ref()).collect();
        let without = entries().filter(|(_, done)| done.is_none_or(|(_, outcome)| outcome.is_none()));
        let not_graded: Vec<NotGraded<'_>> = without
            .map(|(person, done)| {
                let why = done.map_or(Some("its turn has not come"), |(record, _)| record.why.as_deref());
                NotGraded { learner: &person.id, lab: &self.lab, why: why.unwrap_or_default() }
            })
            .collect();
        gradebook_of_all(&outcomes, &not_graded)
    }

    /// Writes gradebook, page and data; each is there whole, the old one or the new one.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, out: &Out) -> Result<()> {
        let cohort = self.cohort(now());
        let files = [(GRADEBOOK, self.gradebook()?), (PAGE, render(&cohort)), (DATA, cohort.json()?)];
        for (name, text) in files {
            write_file(&out.root().join(name), text.as_bytes()).with_context(|| format!("failed to write {name}"))?;
        }
        Ok(())
    }
}

/// Seconds since 1970-01-01 UTC.
#[must_use]
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// What the books need of an outcome: thousands of them are held.
fn slim(mut outcome: Outcome) -> Outcome {
    for check in &mut outcome.checks {
        check.output = Vec::new();
        check.witnesses = Vec::new();
        check.remarks = Vec::new();
        (check.expected, check.observed, check.hint, check.next) = (None, None, None, None);
    }
    outcome
}
