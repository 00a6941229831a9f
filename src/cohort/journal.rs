//! What was done, a line for each submission, in the order in which it was done. A line is on the disk before the next submission is taken.
//!
//! The file is only ever added to. What the last line of a submission says, holds. A line that was being written when everything stopped is
//! taken away when the journal is opened again: its submission counts as not done.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::report::cohort::State;

/// The version of the file's form.
pub const SCHEMA: &str = "kgrade/journal/v1";

/// The largest journal that is read, in bytes: a line has about 500.
const LARGEST: u64 = 1 << 30;

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "lowercase", deny_unknown_fields)]
pub enum Line {
    /// A batch begins, or goes on.
    Batch(Start),
    /// A submission is done.
    Done(Record),
}

/// The begin of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The lab's name.
    pub lab: String,
    /// SHA-256 of the lab file, in hex.
    pub checks_digest: String,
    /// kgrade's version.
    pub kgrade: String,
    /// Which part of the cohort, `2/8`, when it is not the whole.
    pub shard: Option<String>,
    /// When, seconds since 1970-01-01 UTC.
    pub at: u64,
}

/// What came of a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The submission.
    pub id: String,
    /// What the grade depends on, see [`super::key`]; empty where it could not be known.
    pub key: String,
    /// What came of it.
    pub state: State,
    /// Why there is no grade.
    pub why: Option<String>,
    /// How often it was tried.
    pub tries: u32,
    /// SHA-256 of its `result.json`, in hex, when it was graded.
    pub result: Option<String>,
    /// When it was done, seconds since 1970-01-01 UTC.
    pub at: u64,
    /// How long it took, from taking it until its result was written, in milliseconds.
    pub took_ms: u64,
}

/// What a journal says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Past {
    /// How the batches began.
    pub starts: Vec<Start>,
    /// What holds for each submission.
    pub records: IndexMap<String, Record>,
    /// How many lines were damaged.
    pub damaged: usize,
}

/// A journal that is added to.
#[derive(Debug)]
pub struct Journal {
    file: File,
}

impl Journal {
    /// Opens a journal, makes it when there is none, and repairs its end.
    ///
    /// # Errors
    /// When it cannot be read or written, or another version wrote it.
    pub fn open(path: &Path) -> Result<(Self, Past)> {
        let opening = || format!("open the journal {}", path.display());
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path).with_context(opening)?;
        let mut bytes = Vec::new();
        let size = file.metadata().with_context(opening)?.len();
        if size > LARGEST {
            bail!("the journal {} has {size} bytes, which no batch writes", path.display());
        }
        file.read_to_end(&mut bytes).with_context(opening)?;
        let (past, whole) = read(&bytes).with_context(|| format!("read the journal {}", path.display()))?;
        if whole < bytes.len() {
            file.set_len(whole as u64).and_then(|()| file.sync_all()).with_context(|| format!("repair the journal {}", path.display()))?;
        }
        Ok((Self { file }, past))
    }

    /// Adds a line; it is on the disk when this returns.
    ///
    /// # Errors
    /// When it cannot be written. What was written of it is taken back.
    pub fn add(&mut self, line: &Line) -> Result<()> {
        let mut text = serde_json::to_string(line).context("write the journal")?;
        text.push('\n');
        let before = self.file.metadata().context("write the journal")?.len();
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data());
        if written.is_err() {
            _ = self.file.set_len(before);
        }
        written.context("write the journal; is the disk full?")
    }
}

/// Reads a journal; also how many of its bytes are whole lines.
///
/// # Errors
/// When another version wrote it.
pub fn read(bytes: &[u8]) -> Result<(Past, usize)> {
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let mut past = Past::default();
    for text in bytes.get(..whole).unwrap_or_default().split(|byte| *byte == b'\n').filter(|text| !text.is_empty()) {
        match serde_json::from_slice(text) {
            Ok(Line::Batch(start)) => {
                if start.schema != SCHEMA {
                    bail!("it has the form {}, this kgrade reads {SCHEMA}: use the kgrade that wrote it", start.schema);
                }
                past.starts.push(start);
            }
            Ok(Line::Done(record)) => {
                past.records.insert(record.id.clone(), record);
            }
            // Its submission is graded again.
            Err(_) => past.damaged += 1,
        }
    }
    Ok((past, whole))
}

#[cfg(test)]
mod tests;
