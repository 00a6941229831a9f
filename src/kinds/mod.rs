//! The vocabulary of the check language: one file per kind, one line here.
//!
//! An *action* does something ([`Act::act`]). An *expectation* looks at the world ([`Expect::observe`], which only appends to the timeline)
//! and judges the timeline ([`Expect::judge`], pure). The macro below turns each line into a module, a variant of the externally tagged enum
//! [`ActionSpec`] or [`ExpectSpec`], and a row of [`REGISTRY`]; nothing else lists the kinds.
//!
//! For one line `topic: Topic` the macro writes:
//!
//! ```text
//! pub mod topic;
//! enum ExpectSpec { #[serde(rename = "topic")] Topic(topic::Topic), … }
//! … match self { Self::Topic(spec) => spec.judge(view), … }
//! Row { name: "topic", doc: topic::Topic::DOC, example: topic::Topic::EXAMPLE, action: false }
//! ```

pub mod amount;
pub mod answer;
pub mod client;
pub mod containers;
pub mod error_name;
pub mod json_line;
pub mod manual;
pub mod reference;
#[cfg(test)]
pub(crate) mod testing;
pub mod traffic;
pub mod view;

use std::time::Duration;

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use answer::{Answer, Evidence};
pub use reference::{Finding, Reference};
pub use view::View;

use crate::outcome::Mismatch;
use crate::run::CheckCtx;

/// What every kind tells about itself.
pub trait Kind {
    /// What it is and why it matters in Kafka, for `kgrade explain`.
    const DOC: &'static str;
    /// A few lines of YAML that lint cleanly as one item of `do` or `expect`.
    const EXAMPLE: &'static str;

    /// The programs, data sets and instances that it names, so that lint can check them.
    fn references(&self) -> Vec<Reference> {
        Vec::new()
    }

    /// What is wrong with it beyond its types: vacuous or contradicting settings.
    fn lint(&self) -> Vec<Finding> {
        Vec::new()
    }
}

/// A kind that does something.
pub trait Act: Kind {
    /// Does it. `Some` is the learner's problem and fails the check.
    ///
    /// # Errors
    /// When the grader or its environment broke.
    fn act(&self, ctx: &CheckCtx) -> impl Future<Output = Result<Option<Mismatch>>> + Send;

    /// The longest it may take, before stretching.
    fn budget(&self) -> Duration {
        Duration::ZERO
    }

    /// The instance name that it starts, if it starts one.
    fn starts(&self) -> Option<&str> {
        None
    }

    /// The fault that it arms, if it arms one.
    fn arms(&self) -> Option<&str> {
        None
    }

    /// What the learner reads while it goes on, for example "holding delivery 17 for 6.5 s".
    fn now(&self) -> Option<String> {
        None
    }
}

/// A kind that looks and judges.
pub trait Expect: Kind {
    /// Looks at the world once and appends what it saw. Nothing to do for kinds whose evidence is pushed.
    ///
    /// # Errors
    /// When the grader or its environment broke.
    fn observe(&self, ctx: &CheckCtx) -> impl Future<Output = Result<()>> + Send {
        let _ = ctx;
        async { Ok(()) }
    }

    /// Judges what is on the timeline. Pure.
    fn judge(&self, view: &View<'_>) -> Answer;
}

/// One row of the registry.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The word in the lab file.
    pub name: &'static str,
    /// See [`Kind::DOC`].
    pub doc: &'static str,
    /// See [`Kind::EXAMPLE`].
    pub example: &'static str,
    /// Whether it stands in `do` (else in `expect`, `always`, `never`, `given`).
    pub action: bool,
    /// The JSON Schema of its settings.
    pub schema: fn() -> schemars::Schema,
}

macro_rules! kinds {
    (
        actions { $($act:ident: $Act:ident = $act_word:literal,)* }
        expectations { $($exp:ident: $Exp:ident = $exp_word:literal,)* }
    ) => {
        $(pub mod $act;)*
        $(pub mod $exp;)*

        /// One item of a check's `do` or `finally`.
        #[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
        pub enum ActionSpec { $(#[doc = $act_word] #[serde(rename = $act_word)] $Act($act::$Act),)* }

        /// One item of a check's `expect`, `always`, `never` or `given`.
        #[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
        pub enum ExpectSpec { $(#[doc = $exp_word] #[serde(rename = $exp_word)] $Exp($exp::$Exp),)* }

        /// Every kind, in the order of the documentation.
        pub const REGISTRY: &[Row] = &[
            $(Row { name: $act_word, doc: $act::$Act::DOC, example: $act::$Act::EXAMPLE, action: true, schema: || schemars::schema_for!($act::$Act) },)*
            $(Row { name: $exp_word, doc: $exp::$Exp::DOC, example: $exp::$Exp::EXAMPLE, action: false, schema: || schemars::schema_for!($exp::$Exp) },)*
        ];

        impl ActionSpec {
            /// The word in the lab file.
            #[must_use]
            pub fn word(&self) -> &'static str { match self { $(Self::$Act(_) => $act_word,)* } }
            /// See [`Kind::references`].
            #[must_use]
            pub fn references(&self) -> Vec<Reference> { match self { $(Self::$Act(spec) => spec.references(),)* } }
            /// See [`Kind::lint`].
            #[must_use]
            pub fn lint(&self) -> Vec<Finding> { match self { $(Self::$Act(spec) => spec.lint(),)* } }
            /// See [`Act::budget`].
            #[must_use]
            pub fn budget(&self) -> Duration { match self { $(Self::$Act(spec) => spec.budget(),)* } }
            /// See [`Act::starts`].
            #[must_use]
            pub fn starts(&self) -> Option<&str> { match self { $(Self::$Act(spec) => spec.starts(),)* } }
            /// See [`Act::arms`].
            #[must_use]
            pub fn arms(&self) -> Option<&str> { match self { $(Self::$Act(spec) => spec.arms(),)* } }
            /// See [`Act::now`].
            #[must_use]
            pub fn now(&self) -> Option<String> { match self { $(Self::$Act(spec) => spec.now(),)* } }
            /// See [`Act::act`].
            ///
            /// # Errors
            /// When the grader or its environment broke.
            pub async fn act(&self, ctx: &CheckCtx) -> Result<Option<Mismatch>> { match self { $(Self::$Act(spec) => spec.act(ctx).await,)* } }
        }

        impl ExpectSpec {
            /// The word in the lab file.
            #[must_use]
            pub fn word(&self) -> &'static str { match self { $(Self::$Exp(_) => $exp_word,)* } }
            /// See [`Kind::references`].
            #[must_use]
            pub fn references(&self) -> Vec<Reference> { match self { $(Self::$Exp(spec) => spec.references(),)* } }
            /// See [`Kind::lint`].
            #[must_use]
            pub fn lint(&self) -> Vec<Finding> { match self { $(Self::$Exp(spec) => spec.lint(),)* } }
            /// See [`Expect::observe`].
            ///
            /// # Errors
            /// When the grader or its environment broke.
            pub async fn observe(&self, ctx: &CheckCtx) -> Result<()> { match self { $(Self::$Exp(spec) => spec.observe(ctx).await,)* } }
            /// See [`Expect::judge`].
            #[must_use]
            pub fn judge(&self, view: &View<'_>) -> Answer { match self { $(Self::$Exp(spec) => spec.judge(view),)* } }
        }
    };
}

kinds! {
    actions {
        create_topic: CreateTopic = "create-topic",
        produce: Produce = "produce",
        keep_producing: KeepProducing = "keep-producing",
        keep_consuming: KeepConsuming = "keep-consuming",
        reset_offsets: ResetOffsets = "reset-offsets",
        run: Run = "run",
        start: Start = "start",
        signal: SignalAct = "signal",
        stop: Stop = "stop",
        kill: Kill = "kill",
        sink: Sink = "sink",
        fault: Fault = "fault",
        broker: Broker = "broker",
        wait: Await = "await",
        watch: Watch = "watch",
    }
    expectations {
        topic: Topic = "topic",
        records: Records = "records",
        reported: Reported = "reported",
        dead_letters: DeadLetters = "dead-letters",
        delivered: Delivered = "delivered",
        committed: Committed = "committed",
        group: Group = "group",
        said: Said = "said",
        exited: Exited = "exited",
        alive: Alive = "alive",
        findings: Findings = "findings",
        requests: Requests = "requests",
        commits: Commits = "commits",
        membership: Membership = "membership",
        produced: Produced = "produced",
        fault_used: FaultUsed = "fault-used",
        assignment: Assignment = "assignment",
        repeats: Repeats = "repeats",
        takeover: Takeover = "takeover",
        cluster_reachable: ClusterReachable = "cluster-reachable",
        caught_up: CaughtUp = "caught-up",
        answers: Answers = "answers",
        client_report: ClientReport = "client-report",
        container: Container = "container",
        compose: Compose = "compose",
        http: Http = "http",
        advertised_listeners: AdvertisedListeners = "advertised-listeners",
    }
}

#[cfg(test)]
mod moments;
#[cfg(test)]
mod tests;
