//! `run`: a program from its start to its end.

use std::time::Duration;

use anyhow::Result;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Act, Finding, Kind, Reference};
use crate::lab::Span;
use crate::outcome::Mismatch;
use crate::run::{CheckCtx, StartSpec};

/// How long a program may run when the lab says nothing.
const WITHIN: Duration = Duration::from_secs(60);

/// Starts a program, writes a data set to its standard input, and waits for its end.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The program.
    pub program: String,
    /// The name of this instance; the program's name when left out.
    #[serde(rename = "as", default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The data set for its standard input, one JSON object a line; closed after the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<String>,
    /// Lines a second on its standard input, evenly written; as fast as the program takes them without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
    /// Environment variables beside those of the program.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub env: IndexMap<String, String>,
    /// It is killed when it runs longer (60s).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Span>,
}

impl Kind for Run {
    const DOC: &'static str = "Runs one of the learner's programs to its end.\n\n\
        How it ended is judged by `exited`; what it did to Kafka by `topic`, `records` and the others. A program that runs too long is killed, which `exited` reports.";
    const EXAMPLE: &'static str = "run: { program: producer, stdin: events, within: 60s }";

    fn references(&self) -> Vec<Reference> {
        let data = self.stdin.iter().map(|name| Reference::Data(name.clone()));
        std::iter::once(Reference::Program(self.program.clone())).chain(data).collect()
    }

    fn lint(&self) -> Vec<Finding> {
        useless_rate(self.rate, self.stdin.as_deref()).into_iter().collect()
    }
}

impl Act for Run {
    fn starts(&self) -> Option<&str> {
        Some(self.name.as_deref().unwrap_or(&self.program))
    }

    fn budget(&self) -> Duration {
        self.within.map_or(WITHIN, Span::get)
    }

    fn now(&self) -> Option<String> {
        Some(format!("running your {}", self.program))
    }

    async fn act(&self, ctx: &CheckCtx) -> Result<Option<Mismatch>> {
        let name = self.name.as_deref().unwrap_or(&self.program);
        let start =
            StartSpec { program: &self.program, name, stdin: self.stdin.as_deref(), rate: self.rate, env: &self.env, restarts: 0, group: None };
        if let Some(problem) = ctx.start(start).await? {
            return Ok(Some(problem));
        }
        ctx.finish(name, ctx.scaled(self.budget())).await;
        Ok(None)
    }
}

/// Why a rate of standard input says nothing.
pub(super) fn useless_rate(rate: Option<u32>, stdin: Option<&str>) -> Option<Finding> {
    match (rate?, stdin) {
        (0, _) => Some(Finding::at("rate", "no line a second never ends", "write at least 1 line a second")),
        (_, None) => Some(Finding::at("rate", "there is no standard input to write at a rate", "add `stdin`, or leave `rate` out")),
        _ => None,
    }
}
