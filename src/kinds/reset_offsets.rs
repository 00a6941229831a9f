//! `reset-offsets`: the grader sets where a group begins.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Act, Kind};
use crate::outcome::Mismatch;
use crate::run::CheckCtx;
use crate::timeline::What;

/// Commits an end of every partition for a group that has no members yet.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetOffsets {
    /// The consumer group.
    pub group: String,
    /// The topic.
    pub topic: String,
    /// `earliest`: offset 0. `latest`: behind the last record that is there now, as if all had been read (earliest).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<To>,
}

/// Where a group is to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum To {
    /// With the first record.
    Earliest,
    /// With the next record that is written.
    Latest,
}

impl Kind for ResetOffsets {
    const DOC: &'static str = "Sets a group's committed offsets to the beginning of every partition, or to the end, as `kafka-consumer-groups.sh --reset-offsets` does with `--to-earliest` and `--to-latest`.\n\n\
        With a committed offset there, `auto.offset.reset` does not matter: a check about something else does not fail for it.";
    const EXAMPLE: &'static str = "reset-offsets: { group: $(group), topic: $(topic) }";
}

impl Act for ResetOffsets {
    async fn act(&self, ctx: &CheckCtx) -> Result<Option<Mismatch>> {
        let ends = ctx.kafka().end_offsets(&self.topic).await.with_context(|| format!("set offsets on {}: create it first", self.topic))?;
        let to = self.to.unwrap_or(To::Earliest);
        let offsets: BTreeMap<i32, i64> = ends.into_iter().map(|(partition, end)| (partition, if to == To::Latest { end } else { 0 })).collect();
        let asked = Some(ctx.recorder().now());
        ctx.kafka().reset_offsets(&self.group, &self.topic, &offsets).await?;
        // A partition can be refused without a word while its topic is new to the coordinator: what counts is what is read back.
        let stored = ctx.kafka().committed(&self.group, &self.topic).await?;
        if stored != offsets {
            bail!("set the offsets of group {} on {}: the coordinator stored {stored:?}", self.group, self.topic);
        }
        ctx.recorder().append(What::OffsetsReset { group: self.group.as_str().into(), topic: self.topic.as_str().into(), asked, offsets });
        Ok(None)
    }
}
