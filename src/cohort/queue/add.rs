//! Adding submissions to a queue. Adding is idempotent: what waits or was graded already is not added again.

use anyhow::{Context, Result};
use rdkafka::producer::FutureRecord;

use super::state::State;
use super::submitted::{Content, Submitted};
use super::{Access, Names};
use crate::cohort::roster::{Member, Repository, Source};
use crate::cohort::source::Limits;
use crate::world::git;
use crate::world::program::Submission;

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
pub async fn add(access: &Access, names: &Names, lab: &str, checks_digest: &str, members: &[Member]) -> Result<Added> {
    let state = State::read(access, names)?;
    let mut done = Added::default();
    let producer = access.adder("kgrade-queue")?;
    let mut sent = Vec::new();
    for member in members {
        let submitted = match record(member, lab, checks_digest).await {
            Ok(submitted) => submitted,
            Err(error) => {
                done.refused.push((member.id.clone(), format!("{error:#}")));
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
        delivery
            .await
            .context("the producer was closed")?
            .map_err(|(error, _)| error)
            .context("a submission was not acknowledged; add again")?;
        done.added += 1;
    }
    Ok(done)
}

async fn record(member: &Member, lab: &str, checks_digest: &str) -> Result<Submitted> {
    let content = match &member.source {
        Source::Folder(path) => {
            let found = Submission::open(path)?;
            Content::Folder { path: found.folder().to_owned(), digest: found.digest().to_owned() }
        }
        Source::Git { from, commit } => {
            let commit = commit_of(&member.source, commit.as_deref()).await?;
            match from {
                Repository::Remote(url) => Content::Git { url: url.clone(), commit },
                Repository::Local(path) => Content::Repository { path: path.canonicalize()?, commit },
            }
        }
    };
    let Member { id, name, due, extension, .. } = member.clone();
    let (lab, checks_digest) = (lab.to_owned(), checks_digest.to_owned());
    Submitted { schema: String::new(), id, name, lab, checks_digest, content, due, extension, key: String::new() }.new()
}

/// The whole name of the commit that is meant: what was added is what is graded, wherever the branch goes meanwhile.
async fn commit_of(source: &Source, commit: Option<&str>) -> Result<String> {
    if let Some(commit) = commit.filter(|commit| matches!(commit.len(), 40 | 64) && commit.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        return Ok(commit.to_lowercase());
    }
    let folder = tempfile::tempdir().context("make a folder to fetch into")?;
    let fetched = source.fetch(&folder.path().join("source"), Limits::default()).await?;
    git::head(&fetched).await.map(|head| head.commit).context("git does not say which commit it has fetched")
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
