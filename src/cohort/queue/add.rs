//! Adding submissions to a queue. Adding is idempotent: what waits or was graded already is not added again.

use std::path::PathBuf;

use anyhow::{Context, Result};
use rdkafka::producer::FutureRecord;

use super::state::State;
use super::submitted::{Content, Submitted};
use super::{Access, Names, safe_name};
use crate::world::program::Submission;

/// A submission as the person names it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its id.
    pub id: String,
    /// The learner's name.
    pub learner: Option<String>,
    /// Where it is.
    pub place: At,
    /// When it is due, as the roster says.
    pub due: Option<String>,
    /// How much more time this learner has, as the roster says.
    pub extension: Option<String>,
}

/// Where a submission is.
#[derive(Debug, Clone)]
pub enum At {
    /// In a folder.
    Folder(PathBuf),
    /// In a git repository, at a commit.
    Git {
        /// The repository.
        url: String,
        /// The commit's whole name.
        commit: String,
    },
}

/// What came of adding.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// How many were added.
    pub added: usize,
    /// How many were in the queue already and wait.
    pub waiting: usize,
    /// How many were graded already.
    pub graded: usize,
    /// Those that could not be added, each with the reason.
    pub refused: Vec<(String, String)>,
}

/// Adds what is not there yet. The topics must exist. Should it fail half-way, it can be called again.
///
/// # Errors
/// When the cluster does not answer, or a record is not acknowledged.
pub async fn add(access: &Access, names: &Names, lab: &str, checks_digest: &str, entries: &[Entry]) -> Result<Added> {
    let state = State::read(access, names)?;
    let mut done = Added::default();
    let producer = access.adder("kgrade-queue")?;
    let mut sent = Vec::new();
    for entry in entries {
        let submitted = match record(entry, lab, checks_digest) {
            Ok(submitted) => submitted,
            Err(error) => {
                done.refused.push((entry.id.clone(), format!("{error:#}")));
                continue;
            }
        };
        match known(&state, &submitted) {
            Some(Known::Waiting) => done.waiting += 1,
            Some(Known::Graded) => done.graded += 1,
            None => {
                let (key, bytes) = (submitted.record_key(), submitted.bytes()?);
                let record = FutureRecord::to(&names.submissions).key(&key).payload(&bytes);
                sent.push(producer.send_result(record).map_err(|(error, _)| error).context("a submission cannot be added")?);
            }
        }
    }
    for delivery in sent {
        delivery.await.context("the producer was closed")?.map_err(|(error, _)| error).context("a submission was not acknowledged; add again")?;
        done.added += 1;
    }
    Ok(done)
}

fn record(entry: &Entry, lab: &str, checks_digest: &str) -> Result<Submitted> {
    anyhow::ensure!(safe_name(&entry.id), "its id cannot name a folder: use letters, digits, dots, hyphens, underscores, @ and +");
    let content = match &entry.place {
        At::Folder(path) => {
            let found = Submission::open(path)?;
            Content::Folder { path: found.folder().to_owned(), digest: found.digest().to_owned() }
        }
        At::Git { url, commit } => Content::Git { url: url.clone(), commit: commit.to_lowercase() },
    };
    let (learner, due, extension) = (entry.learner.clone(), entry.due.clone(), entry.extension.clone());
    let (lab, checks_digest) = (lab.to_owned(), checks_digest.to_owned());
    let (schema, key) = (String::new(), String::new());
    Submitted { schema, id: entry.id.clone(), learner, lab, checks_digest, content, due, extension, key }.new()
}

enum Known {
    Waiting,
    Graded,
}

fn known(state: &State, submitted: &Submitted) -> Option<Known> {
    let same = |other: &Submitted| other.lab == submitted.lab && other.id == submitted.id;
    // The last one counts: an earlier version that was added before another one is to be graded again.
    let (_, last) = state.submissions.iter().rev().find(|(_, entry)| entry.submitted.as_ref().is_some_and(same))?;
    if last.submitted.as_ref()?.key != submitted.key {
        return None;
    }
    if !last.is_done {
        return Some(Known::Waiting);
    }
    let result = state.results.get(&(submitted.lab.clone(), submitted.id.clone()))?;
    (result.key == submitted.key && result.is_final()).then_some(Known::Graded)
}
