//! `await`: goes on as soon as something holds.

use std::time::Duration;

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Act, ExpectSpec, Finding, Kind, Reference};
use crate::lab::Span;
use crate::outcome::Mismatch;
use crate::run::CheckCtx;

/// How long to wait when the lab says nothing: a slow start on a loaded machine is not the learner's mistake.
const WITHIN: Duration = Duration::from_secs(30);

/// Waits for one expectation.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Await {
    /// What has to hold.
    pub until: Box<ExpectSpec>,
    /// The check fails when it takes longer (30s).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Span>,
}

impl Kind for Await {
    const DOC: &'static str = "Waits until an expectation holds, then goes on with the next action at once. The check fails with the expectation's own mismatch when it takes too long, or when it can never hold any more.";
    const EXAMPLE: &'static str = "await: { until: { delivered: { begun: 17 } }, within: 30s }";

    fn references(&self) -> Vec<Reference> {
        self.until.references()
    }

    fn lint(&self) -> Vec<Finding> {
        self.until.lint()
    }
}

impl Act for Await {
    fn budget(&self) -> Duration {
        self.within.map_or(WITHIN, Span::get)
    }

    fn now(&self) -> Option<String> {
        Some(format!("waiting for `{}`", self.until.word()))
    }

    async fn act(&self, ctx: &CheckCtx) -> Result<Option<Mismatch>> {
        ctx.wait_until(&self.until, self.budget()).await
    }
}
