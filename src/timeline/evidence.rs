//! A timeline in a file: JSON Lines, a header first, then one event a line.

use std::io::{BufRead, BufReader, Read, Write};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::event::Event;
use crate::outcome::{CheckOutcome, Late, RunFacts, Verdict};

/// The version of the file's form that is written.
pub const SCHEMA: &str = "kgrade/evidence/v2";

/// The version before, which is read, too: it told neither what was judged nor which facts of a run came later. What it lacks is filled in.
const BEFORE: &str = "kgrade/evidence/v1";

/// The longest line that is read back, in bytes.
const LONGEST_LINE: u64 = 64 * 1024 * 1024;

/// The first line of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The lab's name.
    pub lab: String,
    /// The lab file's text, so that the run can be judged again without it.
    pub lab_text: String,
    /// The ids of the checks that were selected.
    pub selected: Vec<String>,
    /// How all time budgets were stretched.
    pub timeout_scale: f64,
    /// What the run was made with.
    pub run: RunFacts,
    /// What the checks came to when the run ended; empty in a file of version 1.
    #[serde(default)]
    pub judged: Vec<Judged>,
    /// What the rules on late submissions made of the score, where there were any.
    #[serde(default)]
    pub late: Option<Late>,
    /// Of how many checks the file holds only what came of them: their author does not show them.
    #[serde(default)]
    pub withheld: u64,
}

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    /// The check's id.
    pub check: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// Points reached.
    pub points: u32,
    /// Points that could be reached.
    pub max_points: u32,
}

impl Judged {
    /// Of an outcome.
    #[must_use]
    pub fn of(check: &CheckOutcome) -> Self {
        Self { check: check.id.clone(), verdict: check.verdict, points: check.points, max_points: check.max_points }
    }
}

/// Why a file cannot be read as evidence.
#[derive(Debug, Error)]
pub enum EvidenceError {
    /// The file cannot be read at all.
    #[error("read the evidence: {0}")]
    Io(#[from] std::io::Error),
    /// The file has no header.
    #[error("the file is empty: a run saves its evidence with `kgrade LAB --evidence FILE`")]
    Empty,
    /// The first line is no header of evidence.
    #[error("this is no evidence of a run: save it with `kgrade LAB --evidence FILE`, and name that file")]
    Foreign,
    /// Another version wrote it.
    #[error("the evidence has the form {found}, this kgrade reads {SCHEMA} and {BEFORE}: use the kgrade version that wrote it")]
    Schema {
        /// What the header says.
        found: String,
    },
    /// A line is damaged.
    #[error("line {line} is damaged: {reason}")]
    Damaged {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}

/// Writes the header and all events.
///
/// # Errors
/// When the writer fails.
pub fn write(header: &Header, events: &[Event], out: &mut impl Write) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, header)?;
    out.write_all(b"\n")?;
    for event in events {
        serde_json::to_writer(&mut *out, event)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Reads the header and all events.
///
/// # Errors
/// See [`EvidenceError`].
pub fn read(input: impl Read) -> Result<(Header, Vec<Event>), EvidenceError> {
    let mut input = BufReader::new(input);
    let mut line = String::new();
    let mut header = None;
    let mut events = Vec::new();
    let mut last = 0;
    for number in 1.. {
        line.clear();
        if input.by_ref().take(LONGEST_LINE).read_line(&mut line)? == 0 {
            break;
        }
        let damaged = |reason: String| EvidenceError::Damaged { line: number, reason };
        if header.is_none() {
            header = Some(read_header(&line, number)?);
            continue;
        }
        let event: Event = serde_json::from_str(&line).map_err(|error| damaged(error.to_string()))?;
        if event.at < last {
            return Err(damaged("its time is before the line above".to_owned()));
        }
        last = event.at;
        events.push(event);
    }
    header.map(|header| (header, events)).ok_or(EvidenceError::Empty)
}

fn read_header(line: &str, number: usize) -> Result<Header, EvidenceError> {
    #[derive(Deserialize)]
    struct Version {
        schema: String,
    }
    let damaged = |error: serde_json::Error| EvidenceError::Damaged { line: number, reason: error.to_string() };
    let version: Version = serde_json::from_str(line).map_err(|_| EvidenceError::Foreign)?;
    if ![SCHEMA, BEFORE].contains(&version.schema.as_str()) {
        return Err(EvidenceError::Schema { found: version.schema });
    }
    let header: Header = serde_json::from_str(line).map_err(damaged)?;
    Ok(Header { schema: SCHEMA.to_owned(), ..header })
}
