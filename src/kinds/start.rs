//! `start`: a program that goes on running.

use anyhow::Result;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::run::useless_rate;
use super::{Act, Finding, Kind, Reference};
use crate::outcome::Mismatch;
use crate::run::{CheckCtx, StartSpec};

/// Starts a program and goes on with the next action.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// The program.
    pub program: String,
    /// The name of this instance.
    #[serde(rename = "as")]
    pub name: String,
    /// The data set for its standard input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<String>,
    /// Lines a second on its standard input, evenly written; as fast as the program takes them without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
    /// Environment variables beside those of the program.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub env: IndexMap<String, String>,
    /// How often it is started again when it ends by itself (0).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarts: Option<u32>,
    /// The consumer group that a member is removed from when it ended without leaving, before the program is started again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

impl Kind for Start {
    const DOC: &'static str = "Starts one of the learner's programs and does not wait for it. Whatever still runs at the end of the check is killed.\n\n\
        With `restarts` it is started again when it ends by itself, as a process manager would: a consumer may stop on an error it cannot handle and go on after its restart.";
    const EXAMPLE: &'static str = "start: { program: consumer, as: first }";

    fn references(&self) -> Vec<Reference> {
        let data = self.stdin.iter().map(|name| Reference::Data(name.clone()));
        std::iter::once(Reference::Program(self.program.clone())).chain(data).collect()
    }

    fn lint(&self) -> Vec<Finding> {
        let restarts = self.restarts.unwrap_or(0);
        let many = (restarts > 20).then(|| Finding::at("restarts", format!("{restarts} restarts take too long"), "use at most 20"));
        useless_rate(self.rate, self.stdin.as_deref()).into_iter().chain(many).collect()
    }
}

impl Act for Start {
    fn starts(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn now(&self) -> Option<String> {
        Some(format!("starting your {}", self.program))
    }

    async fn act(&self, ctx: &CheckCtx) -> Result<Option<Mismatch>> {
        let restarts = self.restarts.unwrap_or(0);
        let (stdin, group) = (self.stdin.as_deref(), self.group.as_deref());
        ctx.start(StartSpec { program: &self.program, name: &self.name, stdin, rate: self.rate, env: &self.env, restarts, group }).await
    }
}
