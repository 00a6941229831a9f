//! What came of a submission, as a record; and its evidence, as records beside it.

use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use super::submitted::{Submitted, record_key, safe_name};
use crate::cohort::book::now;
use crate::cohort::key::digest;
use crate::cohort::roster::check_id;
use crate::outcome::Outcome;

/// The version of the record's form.
pub const SCHEMA: &str = "kgrade/queue-result/v1";
/// The largest record of a result, in bytes, before compression.
pub(super) const MOST_BYTES: usize = 8 << 20;
/// A part of the evidence, in bytes.
const PART: usize = 512 << 10;
/// The most evidence that goes through the queue, in bytes of gzip. More stays with the worker that has it.
const MOST_EVIDENCE: usize = 16 << 20;
/// The largest evidence file that is read, in bytes.
const MOST_FILE: u64 = 512 << 20;

/// What came of a submission.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The submission's id; for a record that could not be read, one made from its place.
    pub id: String,
    /// The lab; empty for a record that could not be read.
    pub lab: String,
    /// The learner's name, as the submission told it.
    pub name: Option<String>,
    /// The submission's key; empty for a record that could not be read.
    pub key: String,
    /// The submission's record: two results of one record would be a defect.
    pub source: Source,
    /// The worker that says so.
    pub worker: String,
    /// How many workers had it in hand, this one included.
    pub tries: u32,
    /// When, in seconds since 1970-01-01 UTC.
    pub at: u64,
    /// What came of it.
    pub ended: Ended,
}

/// The place of a record in the submissions' topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
}

/// What came of a submission.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Ended {
    /// It was graded.
    Graded(Graded),
    /// It was not, and this is why.
    Error {
        /// The reason, for the instructor.
        why: String,
    },
}

/// The grade.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Graded {
    /// The run's outcome.
    pub outcome: Box<Outcome>,
    /// The evidence, where there is some and it is not too much.
    pub evidence: Option<EvidenceOf>,
}

/// What the parts of the evidence come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceOf {
    /// How many records it is in.
    pub parts: u32,
    /// SHA-256 of all of them together, in hex.
    pub digest: String,
}

impl Published {
    /// What is said of a submission that could be read.
    pub(super) fn of(submitted: &Submitted, source: Source, worker: &str, tries: u32, ended: Ended) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            id: submitted.id.clone(),
            lab: submitted.lab.clone(),
            name: submitted.name.clone(),
            key: submitted.key.clone(),
            source,
            worker: worker.to_owned(),
            tries,
            at: now(),
            ended,
        }
    }

    /// What is said of a record that could not be read.
    pub(super) fn unreadable(source: Source, worker: &str, why: &str) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            id: format!("unreadable-{}-{}", source.partition, source.offset),
            lab: String::new(),
            name: None,
            key: String::new(),
            source,
            worker: worker.to_owned(),
            tries: 1,
            at: now(),
            ended: Ended::Error { why: format!("the record cannot be read: {why}") },
        }
    }

    /// Whether this is the last word on the submission: it was graded, and every check was decided.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(&self.ended, Ended::Graded(graded) if graded.outcome.complete)
    }

    /// The outcome, where there is one.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.ended {
            Ended::Graded(graded) => Some(&graded.outcome),
            Ended::Error { .. } => None,
        }
    }

    pub(super) fn record_key(&self) -> String {
        record_key(&self.lab, &self.id)
    }

    /// The record's bytes. A result that is too large for the topic becomes an error that says so: it could never be written.
    pub(super) fn bytes(&self) -> Result<Vec<u8>> {
        let bytes = serde_json::to_vec(self).context("failed to write a result as JSON")?;
        if bytes.len() + 1024 <= MOST_BYTES {
            return Ok(bytes);
        }
        let why = format!("its result has {} bytes, more than the {MOST_BYTES} that a record may have", bytes.len());
        let small = Self { ended: Ended::Error { why }, ..self.clone() };
        serde_json::to_vec(&small).context("failed to write a result as JSON")
    }

    /// Reads a record.
    ///
    /// # Errors
    /// When it is not of this form.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        ensure!(bytes.len() <= MOST_BYTES, "a result has {} bytes", bytes.len());
        let read: Self = serde_json::from_slice(bytes).context("a result is not of the form that results have")?;
        ensure!(read.schema == SCHEMA, "a result is of schema {:?}; this kgrade reads {SCHEMA:?}", read.schema);
        ensure!(check_id(&read.id).is_ok() && (read.lab.is_empty() || safe_name(&read.lab)), "a result's id or lab is no name");
        Ok(read)
    }
}

/// The gzip of an evidence file, in parts. None when there is no such file, or it is too much.
pub(super) fn evidence(file: &Path) -> Result<Option<(EvidenceOf, Vec<Vec<u8>>)>> {
    let Ok(opened) = std::fs::File::open(file) else { return Ok(None) };
    if opened.metadata()?.len() > MOST_FILE {
        return Ok(None);
    }
    let mut packed = GzEncoder::new(Vec::new(), Compression::new(6));
    std::io::copy(&mut opened.take(MOST_FILE), &mut packed).with_context(|| format!("read {}", file.display()))?;
    packed.flush()?;
    let bytes = packed.finish()?;
    if bytes.len() > MOST_EVIDENCE {
        return Ok(None);
    }
    let parts: Vec<Vec<u8>> = bytes.chunks(PART).map(<[u8]>::to_vec).collect();
    Ok(Some((EvidenceOf { parts: u32::try_from(parts.len())?, digest: digest(&bytes) }, parts)))
}

/// Puts the parts together again; `None` when some are missing or others.
pub(super) fn joined(of: &EvidenceOf, parts: &[Vec<u8>]) -> Option<Vec<u8>> {
    let bytes = parts.concat();
    (parts.len() == usize::try_from(of.parts).ok()? && digest(&bytes) == of.digest).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cohort::queue::submitted::tests::sample;
    use crate::outcome::{sample as check, sample_run};

    fn graded() -> Published {
        let ended = Ended::Graded(Graded { outcome: Box::new(sample_run(vec![check("topic")])), evidence: None });
        Published::of(&sample("ada"), Source { partition: 3, offset: 7 }, "host-1", 1, ended)
    }

    #[test]
    fn a_result_is_read_back_and_one_that_is_too_large_says_so() {
        let mut result = graded();
        assert_eq!(Published::read(&result.bytes().unwrap()).unwrap(), result);
        assert!(result.is_final());
        let Ended::Graded(inner) = &mut result.ended else { unreachable!() };
        inner.outcome.title = "x".repeat(MOST_BYTES);
        let small = Published::read(&result.bytes().unwrap()).unwrap();
        assert!(matches!(&small.ended, Ended::Error { why } if why.contains("more than")) && !small.is_final());
        let unreadable = Published::unreadable(Source { partition: 0, offset: 9 }, "w", "no JSON");
        assert_eq!(Published::read(&unreadable.bytes().unwrap()).unwrap().id, "unreadable-0-9");
        assert!(Published::read(b"{}").is_err());
    }

    #[test]
    fn evidence_is_put_together_again_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("evidence.jsonl");
        assert!(evidence(&file).unwrap().is_none());
        // Random bytes do not shrink: several parts.
        let content: Vec<u8> = (0..1_200_000).map(|_| rand::random::<u8>()).collect();
        std::fs::write(&file, &content).unwrap();
        let (of, mut parts) = evidence(&file).unwrap().unwrap();
        assert_eq!((of.parts, parts.len()), (3, 3));
        let mut back = Vec::new();
        flate2::read::GzDecoder::new(&*joined(&of, &parts).unwrap()).read_to_end(&mut back).unwrap();
        assert_eq!(back, content);
        parts.swap(0, 1);
        assert_eq!(joined(&of, &parts), None);
        parts.pop();
        assert_eq!(joined(&of, &parts), None);
    }
}
