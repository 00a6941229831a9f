//! `stop`: asks a program to stop and waits until it has.

use std::time::Duration;

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Act, Kind, Reference};
use crate::lab::Span;
use crate::outcome::Mismatch;
use crate::run::CheckCtx;
use crate::timeline::event::Signal;

/// How long a program has to stop: the contract of every lab.
const WITHIN: Duration = Duration::from_secs(10);

/// SIGTERM, then SIGKILL when it takes too long.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// The instance.
    pub instance: String,
    /// The consumer group that a member is removed from when the program ended without leaving.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// It is killed when it takes longer (10s).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Span>,
}

impl Kind for Stop {
    const DOC: &'static str = "Asks an instance to stop with SIGTERM and waits until its process group is gone; kills it after ten seconds.\n\n\
        It never fails a check by itself: use `exited` where stopping is what is graded. With `group`, a member that did not leave is removed, so that the next instance does not wait for its session timeout.";
    const EXAMPLE: &'static str = "stop: { instance: first }";

    fn references(&self) -> Vec<Reference> {
        vec![Reference::Instance(self.instance.clone())]
    }
}

impl Act for Stop {
    fn budget(&self) -> Duration {
        self.within.map_or(WITHIN, Span::get)
    }

    fn now(&self) -> Option<String> {
        Some("stopping your program".to_owned())
    }

    async fn act(&self, ctx: &CheckCtx) -> Result<Option<Mismatch>> {
        ctx.signal(&self.instance, Signal::Term).await?;
        ctx.finish(&self.instance, ctx.scaled(self.budget())).await;
        if let Some(group) = &self.group {
            ctx.evict_dead(group).await?;
        }
        Ok(None)
    }
}
