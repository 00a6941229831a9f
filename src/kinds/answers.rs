//! `answers`: what the learner wrote down about a topic, against what the broker says.

mod facts;
mod sheet;
mod wrong;

use anyhow::Result;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::facts::Facts;
use super::view::{count, part};
use super::{Answer, Expect, Finding, Kind, View};
use crate::outcome::Mismatch;
use crate::run::CheckCtx;

/// The most that is read of a file of answers, in bytes.
const MOST: u64 = 64 * 1024;

/// The answers in a file of the submission are right, each compared with what is there.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// The file's path in the submission; YAML or JSON, a mapping of names to answers.
    pub file: String,
    /// The topic that is asked about.
    pub topic: String,
    /// The questions, by the names that the answers have in the file.
    pub questions: IndexMap<String, Question>,
}

/// A question about a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Question {
    /// How many partitions has it? A number.
    Partitions {},
    /// Where does a partition end? The end offset, as the tools show it.
    EndOffset {
        /// The partition.
        partition: i32,
    },
    /// Which offset does the next record of a partition get?
    NextOffset {
        /// The partition.
        partition: i32,
    },
    /// Where does a record stand that the learner chooses? A mapping of `text`, `partition` and `offset`.
    Record {},
}

impl Kind for Answers {
    const DOC: &'static str = "The learner's answers about a topic, in a file of the submission, each compared with what is found on the cluster. A wrong one is explained with the real value.\n\n\
        A partition numbers its records by itself, from 0: the offset. Its end offset is the number that the next record gets, one more than that of the last record. \
        Records may be sent after an answer was written down: an offset is also right when it was the end at the time the file was saved, by the records' timestamps.";
    const EXAMPLE: &'static str = "answers: { file: lab-01/answers.yaml, topic: $(topic), questions: { partitions: { partitions: {} } } }";

    fn lint(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        if self.questions.is_empty() {
            found.push(Finding::at("questions", "nothing is asked", "add a question, such as `partitions: { partitions: {} }`"));
        }
        let inside = self.file.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
        if !inside {
            found.push(Finding::at("file", format!("`{}` is no path inside a submission", self.file), "write it as `lab-01/answers.yaml`"));
        }
        found
    }
}

impl Expect for Answers {
    async fn observe(&self, ctx: &CheckCtx) -> Result<()> {
        ctx.look_at_file(&self.file, MOST).await?;
        ctx.read_topic(&self.topic).await
    }

    fn judge(&self, view: &View<'_>) -> Answer {
        let Self { file, topic, questions } = self;
        let Some(seen) = view.timeline.file(file) else { return Answer::NotShown(format!("{file} was never looked at")) };
        let Some(facts) = Facts::of(view, topic, seen.saved_ms) else {
            return Answer::NotShown(format!("topic {topic} was never looked at, or is not there"));
        };
        let total = questions.len() as u64;
        let expected = format!("{} about {topic} in {file}: {}", count(total, "answer"), questions.keys().cloned().collect::<Vec<_>>().join(", "));
        let Some(text) = &seen.text else {
            let mismatch = Mismatch::new(format!("there is no file {file} in your submission"), expected, "no such file");
            return Answer::NotYet(mismatch.cause("copy it from the starter, and write down what you saw"));
        };
        let sheet = match sheet::read(text) {
            Ok(sheet) => sheet,
            Err(reason) => {
                let mismatch = Mismatch::new(format!("{file} cannot be read: {reason}"), expected, "not a mapping of answers");
                return Answer::NotYet(mismatch.cause("write one line for each answer, such as `partitions: 1`, with a space after the colon"));
            }
        };
        let blank = questions.keys().filter(|name| sheet::is_blank(&sheet, name)).count() as u64;
        let wrong: Vec<_> = questions.iter().filter_map(|(name, question)| Some((name, wrong::explain(&facts, question, &sheet, name)?))).collect();
        if wrong.is_empty() {
            return Answer::holds(total);
        }
        let message = match wrong.as_slice() {
            _ if blank == total => format!("{file} is not filled in yet"),
            [(name, _)] => format!("1 of {} in {file} is not right: {name}", count(total, "answer")),
            several => format!("{} in {file} are not right", part(several.len() as u64, total, "answer")),
        };
        let observed = format!("{} right", part(total - wrong.len() as u64, total, "answer"));
        let mismatch = Mismatch::new(message, expected, observed).witnesses(wrong.into_iter().map(|(name, why)| format!("{name}: {why}")));
        Answer::NotYet(mismatch)
    }
}

#[cfg(test)]
mod tests;
