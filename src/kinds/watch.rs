//! `watch`: time passes while the invariants are sampled.

use std::time::Duration;

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Act, Kind};
use crate::lab::Span;
use crate::outcome::Mismatch;
use crate::run::CheckCtx;

/// Goes on after a while.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Watch {
    /// For how long.
    #[serde(rename = "for")]
    pub time: Span,
}

impl Kind for Watch {
    const DOC: &'static str = "Lets time pass while the check's `always` and `never` are sampled. Refused by lint in a check that has neither: then nobody would be watching.";
    const EXAMPLE: &'static str = "watch: { for: 6500ms }";
}

impl Act for Watch {
    fn budget(&self) -> Duration {
        self.time.get()
    }

    fn now(&self) -> Option<String> {
        Some(format!("watching for {}", self.time))
    }

    async fn act(&self, ctx: &CheckCtx) -> Result<Option<Mismatch>> {
        // Not stretched: the length of a pause is part of the experiment, not a limit.
        ctx.pass(self.time.get()).await;
        Ok(None)
    }
}
