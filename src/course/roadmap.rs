//! What the roadmap says around its weeks.

use serde::Deserialize;

/// Some words under a heading.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passage {
    /// The heading.
    pub title: String,
    /// The paragraphs.
    pub text: Vec<String>,
}

/// What to do first.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begin {
    /// Where a new learner is.
    pub status: String,
    /// One step after the other.
    pub steps: Vec<Step>,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What it is.
    pub title: String,
    /// What to type.
    #[serde(default)]
    pub commands: Vec<String>,
    /// What to heed.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// What to do, and why.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advice {
    /// What.
    #[serde(rename = "do")]
    pub what: String,
    /// Why.
    pub because: String,
}
