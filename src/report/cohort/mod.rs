//! A cohort as a whole: its data, and the page for the one who teaches it.
//!
//! The page is a pure function of a [`Cohort`]. Everything in it may come from a learner, ids and check titles included, and goes through
//! [`super::page::escape`].

mod help;
pub mod mistakes;
mod page;
mod rates;

use anyhow::{Context as _, bail};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::outcome::{CheckOutcome, Late, Outcome, Tier, Verdict, sanitize};

pub use page::render;

/// The version of the JSON form of a [`Cohort`].
pub const SCHEMA: &str = "kgrade/cohort/v1";

/// A cohort and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cohort {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The lab's name.
    pub lab: String,
    /// The lab's title.
    pub title: String,
    /// The version of the kgrade that wrote this.
    pub kgrade: String,
    /// SHA-256 of the lab file, in hex.
    pub checks_digest: String,
    /// Which parts of the whole cohort this is, `2/8`; empty when it is the whole.
    pub shards: Vec<String>,
    /// When this was written, seconds since 1970-01-01 UTC.
    pub at: u64,
    /// The submissions, in the cohort's order.
    pub submissions: Vec<Entry>,
}

/// What came of a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It was graded, and that is a grade.
    Graded,
    /// It was graded, and at least one check came to no verdict: that is not a grade.
    Incomplete,
    /// It was not graded.
    Error,
    /// Its turn has not come.
    Open,
}

impl State {
    /// The state in a word or two.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Graded => "graded",
            Self::Incomplete => "incomplete",
            Self::Error => "not graded",
            Self::Open => "not done yet",
        }
    }
}

/// A submission in a cohort.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its id in the cohort.
    pub id: String,
    /// The learner's name, when it is known.
    pub name: Option<String>,
    /// What came of it.
    pub state: State,
    /// Why it was not graded.
    pub why: Option<String>,
    /// How often it was tried.
    pub tries: u32,
    /// What the grade depends on: a submission with the same key is not graded again.
    pub key: String,
    /// When it was done, seconds since 1970-01-01 UTC.
    pub at: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// What it was graded with; `None` when it was not.
    pub graded: Option<Graded>,
}

/// The part of an outcome that a cohort tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Graded {
    /// Points reached.
    pub score: u32,
    /// Points that could be reached.
    pub max_score: u32,
    /// The points for the gradebook: the score, less what lateness costs.
    pub grade: u32,
    /// What the rules on late submissions made of it.
    pub late: Option<Late>,
    /// How far the grade may be trusted.
    pub tier: Tier,
    /// Where the programs ran.
    pub sandbox: String,
    /// The seed, to run it again.
    pub seed: u64,
    /// The commit.
    pub commit: Option<String>,
    /// The checks, in the lab's order.
    pub checks: Vec<Check>,
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Its id in the lab.
    pub id: String,
    /// What it asks for.
    pub title: String,
    /// What came of it.
    pub verdict: Verdict,
    /// Points reached.
    pub points: u32,
    /// Points that could be reached.
    pub max_points: u32,
    /// Why.
    pub message: String,
    /// What it probably means.
    pub cause: Option<String>,
}

impl Graded {
    /// Of an outcome.
    #[must_use]
    pub fn of(outcome: &Outcome) -> Self {
        let check = |check: &CheckOutcome| Check {
            id: check.id.clone(),
            title: check.title.clone(),
            verdict: check.verdict,
            points: check.points,
            max_points: check.max_points,
            // What differs between two runs of one program is no other mistake.
            message: check.message.replace(&outcome.run.id, "…"),
            cause: check.cause.as_ref().map(|cause| cause.replace(&outcome.run.id, "…")),
        };
        Self {
            score: outcome.score,
            max_score: outcome.max_score,
            grade: outcome.grade(),
            late: outcome.late.clone(),
            tier: outcome.run.tier,
            sandbox: outcome.run.sandbox.clone(),
            seed: outcome.run.seed,
            commit: outcome.run.commit.clone(),
            checks: outcome.checks.iter().map(check).collect(),
        }
    }
}

impl Cohort {
    /// How many submissions are in a state.
    #[must_use]
    pub fn count(&self, state: State) -> u64 {
        self.submissions.iter().filter(|entry| entry.state == state).count() as u64
    }

    /// The submissions that were graded, with what came of them; also those whose sum is not a grade.
    fn graded(&self) -> impl Iterator<Item = (&Entry, &Graded)> {
        self.submissions.iter().filter_map(|entry| Some((entry, entry.graded.as_ref()?)))
    }

    /// As JSON. Its schema is `checks/schema/cohort.v1.json`.
    ///
    /// # Errors
    /// None in practice: a cohort is plain data.
    pub fn json(&self) -> anyhow::Result<String> {
        Ok(sanitize::json(&(serde_json::to_string_pretty(self).context("write the cohort as JSON")? + "\n")))
    }

    /// Reads it back.
    ///
    /// # Errors
    /// When it is not JSON, of another version, or not what the schema says.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        let cohort: Self = serde_json::from_str(text).context("it does not fit the schema of a cohort")?;
        if cohort.schema != SCHEMA {
            bail!("it is of schema `{}`, this kgrade reads `{SCHEMA}`", cohort.schema);
        }
        Ok(cohort)
    }
}

/// The JSON Schema of a cohort, as it is checked in.
#[must_use]
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Cohort);
    schema.insert("title".to_owned(), serde_json::json!("What kgrade found: the outcomes of a cohort and one lab"));
    if let Some(version) = schema.pointer_mut("/properties/schema").and_then(serde_json::Value::as_object_mut) {
        version.insert("const".to_owned(), serde_json::json!(SCHEMA));
    }
    schema.to_value()
}

#[cfg(test)]
mod tests;
