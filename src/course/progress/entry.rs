//! One graded run, as a line of the progress.

use std::time::{SystemTime, UNIX_EPOCH};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::course::Moment;
use crate::outcome::{Outcome, Verdict};

/// The version of a line's form. A line of a higher version is a newer kgrade's.
pub const SCHEMA: u32 = 1;

/// One graded run. Readers pass over keys that they do not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// The version of the line's form: [`SCHEMA`].
    pub schema: u32,
    /// When the run ended, UTC, to the second.
    #[schemars(with = "String")]
    pub time: Moment,
    /// The lab's name.
    pub lab: String,
    /// SHA-256 of the lab file that it was graded by, in hex.
    pub checks_digest: String,
    /// The version of kgrade that graded it.
    pub kgrade: String,
    /// The seed of the run.
    pub seed: u64,
    /// Points reached in this run.
    pub score: u32,
    /// Points of the checks that were selected.
    pub max_score: u32,
    /// The checks of the run. Of an interrupted run, those that were judged.
    pub checks: Vec<EntryCheck>,
}

/// What came of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EntryCheck {
    /// The check's id.
    pub id: String,
    /// The line of the course that it serves.
    #[serde(default)]
    pub criterion: Option<String>,
    /// What came of it.
    pub verdict: Verdict,
    /// Points reached.
    pub points: u32,
    /// Points that can be reached.
    pub max_points: u32,
}

/// What one line of the file is.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// A run.
    Run(Box<Entry>),
    /// A line of a newer kgrade.
    Newer,
    /// Nothing that a kgrade wrote whole.
    Unreadable,
}

impl Entry {
    /// The line for a run that ended now; `None` when nothing was judged. It holds no more than the outcome shows the learner.
    #[must_use]
    pub fn of(outcome: &Outcome, now: SystemTime) -> Option<Self> {
        let checks: Vec<EntryCheck> = outcome
            .checks
            .iter()
            .filter(|check| check.verdict.is_judged() || !outcome.interrupted)
            .map(|check| EntryCheck {
                id: check.id.clone(),
                criterion: check.criterion.clone(),
                verdict: check.verdict,
                points: if check.verdict == Verdict::Passed { check.points } else { 0 },
                max_points: check.max_points,
            })
            .collect();
        (!checks.is_empty()).then(|| Self {
            schema: SCHEMA,
            time: Moment(now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())),
            lab: outcome.lab.clone(),
            checks_digest: outcome.run.checks_digest.clone(),
            kgrade: outcome.run.kgrade.clone(),
            seed: outcome.run.seed,
            score: outcome.score,
            max_score: outcome.max_score,
            checks,
        })
    }

    /// The line, with its end.
    ///
    /// # Errors
    /// None in practice: an entry is plain data.
    pub fn line(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string(self)? + "\n")
    }

    /// How many of its checks were judged.
    #[must_use]
    pub fn judged(&self) -> usize {
        self.checks.iter().filter(|check| check.verdict.is_judged()).count()
    }
}

impl Line {
    /// Reads a line, without its end.
    pub fn read(line: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Version {
            schema: u64,
        }
        match serde_json::from_slice::<Version>(line) {
            Ok(Version { schema }) if schema > u64::from(SCHEMA) => Self::Newer,
            Ok(Version { schema }) if schema == u64::from(SCHEMA) => {
                serde_json::from_slice(line).map_or(Self::Unreadable, |entry| Self::Run(Box::new(entry)))
            }
            _ => Self::Unreadable,
        }
    }
}

/// The JSON Schema of a line, as it is checked in.
#[must_use]
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(Entry);
    schema.insert("title".to_owned(), json!("A line of a learner's progress: one graded run"));
    if let Some(version) = schema.pointer_mut("/properties/schema").and_then(Value::as_object_mut) {
        version.insert("const".to_owned(), json!(SCHEMA));
    }
    schema.to_value()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::outcome::{CheckOutcome, sample, sample_run};

    fn verdicts(verdicts: &[(&str, Verdict)]) -> Outcome {
        sample_run(verdicts.iter().map(|(id, verdict)| CheckOutcome { verdict: *verdict, ..sample(id) }).collect())
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let outcome = verdicts(&[("topic", Verdict::Passed), ("keyed", Verdict::Failed), ("json", Verdict::Inconclusive)]);
        let entry = Entry::of(&outcome, UNIX_EPOCH + Duration::from_secs(1_764_547_200)).unwrap();
        let line = entry.line().unwrap();
        assert!(line.starts_with(r#"{"schema":1,"time":"2025-12-01T00:00:00Z","lab":"lab-02","checks_digest":"c0ffee","#), "{line}");
        assert_eq!(line.matches('\n').count(), 1);
        assert_eq!((entry.judged(), entry.checks.len(), entry.checks[1].points), (2, 3, 0));
        assert_eq!(Line::read(line.trim_end().as_bytes()), Line::Run(Box::new(entry)));
    }

    #[test]
    fn an_interrupted_run_keeps_what_was_judged() {
        let mut outcome = verdicts(&[("topic", Verdict::Passed), ("keyed", Verdict::Inconclusive)]);
        outcome.interrupted = true;
        let entry = Entry::of(&outcome, UNIX_EPOCH).unwrap();
        assert_eq!(entry.checks.iter().map(|check| check.id.as_str()).collect::<Vec<_>>(), ["topic"]);
        outcome.checks.remove(0);
        assert_eq!(Entry::of(&outcome, UNIX_EPOCH), None);
    }

    #[test]
    fn what_is_no_line_is_told_from_what_is_newer() {
        let newer = br#"{"schema":2,"when":"another form"}"#;
        assert_eq!(Line::read(newer), Line::Newer);
        for line in [
            &b"<<<<<<< HEAD"[..],
            b"\xff\xfe",
            b"{}",
            b"1",
            br#"{"schema":1}"#,
            br#"{"schema":0}"#,
            br#"{"schema":"2"}"#,
            br#"{"schema":1,"time":"2025-12-"#,
        ] {
            assert_eq!(Line::read(line), Line::Unreadable, "{}", String::from_utf8_lossy(line));
        }
    }
}
