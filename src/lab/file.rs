//! A lab file's keys, as serde types: what is read, and what the JSON Schema is made of.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::data::DataSpec;
use super::draw::DrawSpec;
use super::scalar::Scalar;
use super::span::Span;
use crate::kinds::{ActionSpec, ExpectSpec};
use crate::outcome::{Disclosure, Subject};

/// The version of the check language that this kgrade reads.
pub const VERSION: u32 = 1;

/// A part that is read at another moment, with the variables of a check; here only its key counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Later;

impl<'de> Deserialize<'de> for Later {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

/// A lab: one file of checks.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LabFile {
    /// The version of the check language: 1.
    pub kgrade: u32,
    /// The lab's name, as in `kgrade lab-02`.
    pub lab: String,
    /// What the lab is about.
    pub title: String,
    /// What the checks' points add up to (100).
    #[serde(default)]
    pub points: Option<u32>,
    /// The cluster that the lab needs.
    #[serde(default)]
    pub cluster: ClusterSpec,
    /// Which section of the lab's handout explains what a failure is about: a section is a heading, or the bold words that a paragraph begins with.
    #[serde(default)]
    pub sections: IndexMap<Subject, String>,
    /// Values by name, for `$(name)`.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, Scalar>")]
    pub vars: Later,
    /// Values drawn from the run's seed, for `$(draw.name)`.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, DrawSpec>")]
    pub draws: Later,
    /// Data sets by name.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, DataSpec>")]
    pub data: Later,
    /// The learner's programs by name.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, ProgramSpec>")]
    pub programs: Later,
    /// The checks.
    #[schemars(with = "Vec<CheckFile>")]
    pub checks: Later,
}

/// Where to read about a failure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadSpec {
    /// A section of the lab's handout, by its title.
    #[serde(default)]
    pub handout: Option<String>,
    /// A place in Kafka's documentation, by its title, such as `Consumer Configs: enable.auto.commit`.
    #[serde(default)]
    pub kafka: Option<String>,
}

/// The cluster that a lab needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClusterSpec {
    /// Whose cluster it is (kgrade).
    pub owner: Owner,
    /// How many brokers (1).
    pub brokers: u16,
    /// Broker settings beside kgrade's own.
    pub settings: IndexMap<String, String>,
}

impl Default for ClusterSpec {
    fn default() -> Self {
        Self { owner: Owner::Kgrade, brokers: 1, settings: IndexMap::new() }
    }
}

/// Whose cluster a lab is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Owner {
    /// kgrade's: started for the run, and removed after it.
    #[default]
    Kgrade,
    /// The learner's own: at `localhost:9092`, or where `--cluster` says. Nothing there is changed; when it does not answer, checks fail.
    Learner,
}

/// One of the learner's programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgramSpec {
    /// The command when the submission's manifest names none: a list of arguments, no shell.
    pub default: Vec<String>,
    /// Its environment beside `KAFKA_BOOTSTRAP_SERVERS`.
    #[serde(default)]
    pub env: IndexMap<String, String>,
}

/// One check: do this, expect that, worth so many points.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckFile {
    /// The check's id: small letters, digits and dashes.
    pub id: String,
    /// What is right when it passes, as a sentence.
    pub title: String,
    /// The roadmap's line that it serves, word for word.
    #[serde(default)]
    pub criterion: Option<String>,
    /// What it is worth. With `each`: what every item is worth.
    pub points: u32,
    /// The first hint, which reports show when it fails: a question, not the answer.
    #[serde(default)]
    pub hint: Option<String>,
    /// Where to read when it fails and what was seen names nothing nearer by itself.
    #[serde(default)]
    pub read: ReadSpec,
    /// The second hint, for who asks again: the setting or the call to look at, and the part of the handout.
    #[serde(default)]
    pub pointer: Option<String>,
    /// The third hint: what happens in Kafka and why, what to change, and the part of Kafka's documentation.
    #[serde(default)]
    pub explanation: Option<String>,
    /// Checks without which this one makes no sense: it is skipped when one of them fails.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Checks that come before this one, whatever becomes of them.
    #[serde(default)]
    pub after: Vec<String>,
    /// Words to select it by.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Values by name; they hide the lab's.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, Scalar>")]
    pub vars: Later,
    /// Draws by name; they hide the lab's.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, DrawSpec>")]
    pub draws: Later,
    /// Makes one check of each item, with the id `id[item]`; `$(each)` is the item, `$(each.field)` a field of it.
    #[serde(default)]
    #[schemars(with = "Vec<serde_json::Value>")]
    pub each: Later,
    /// Data sets of this check; they hide the lab's.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, DataSpec>")]
    pub data: Later,
    /// What is done, in order.
    #[serde(default, rename = "do")]
    pub actions: Vec<ActionSpec>,
    /// What must hold for a failure to be this check's: without it the check named by `blame` is at fault.
    #[serde(default)]
    pub given: Vec<ExpectSpec>,
    /// The check that is at fault when `given` does not hold.
    #[serde(default)]
    pub blame: Option<String>,
    /// How long `expect` may take to hold (10s).
    #[serde(default)]
    pub within: Option<Span>,
    /// For how long it must go on holding.
    #[serde(default)]
    pub stable: Option<Span>,
    /// What must hold whenever one looks, from the first action to the end.
    #[serde(default)]
    pub always: Vec<ExpectSpec>,
    /// What must never hold.
    #[serde(default)]
    pub never: Vec<ExpectSpec>,
    /// What must hold at the end.
    #[serde(default)]
    pub expect: Vec<ExpectSpec>,
    /// What is done at the very end, also after a failure.
    #[serde(default)]
    pub finally: Vec<ActionSpec>,
    /// What the learner sees of a failure (full).
    #[serde(default)]
    pub disclosure: Disclosure,
}
