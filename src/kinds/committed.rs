//! `committed`: the offsets that a group has committed, against what was delivered.

pub(super) mod ahead;
mod behind;
mod mechanism;

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Expect, Finding, Kind, Reference, View};
use crate::outcome::Mismatch;
use crate::run::CheckCtx;
use crate::timeline::What;

/// The committed offsets of a group on a topic. All that is named must hold.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Committed {
    /// The consumer group.
    pub group: String,
    /// The topic.
    pub topic: String,
    /// `delivered`: no look ever shows an offset beyond an event that was not delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Mark>,
    /// `delivered`: every partition's offset is exactly one past what was delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<Mark>,
    /// `delivered`: every partition's offset reaches the last delivered event; one less is forgiven (it repeats one event).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covers: Option<Mark>,
    /// A data set: every partition's offset is past its records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub past: Option<String>,
    /// The program has committed at least once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub any: Option<bool>,
}

/// What offsets are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// What was delivered without a gap, partition by partition.
    Delivered,
}

impl Kind for Committed {
    const DOC: &'static str = "The offsets that a consumer group has committed, compared with what its program delivered.\n\n\
        A committed offset is a promise: everything before it is done, and a restart begins there. Committed too early, a crash loses events (`at_most: delivered` under `always`). \
        Committed too late, a crash repeats them (`covers`, `equals`). The offset to commit is that of the last event plus one. A commit counts from when it was sent, however slow the broker is.";
    const EXAMPLE: &'static str = "committed: { group: $(group), topic: $(topic), equals: delivered }";

    fn references(&self) -> Vec<Reference> {
        self.past.iter().map(|name| Reference::Data(name.clone())).collect()
    }

    fn lint(&self) -> Vec<Finding> {
        let asks = self.at_most.is_some() || self.equals.is_some() || self.covers.is_some() || self.past.is_some() || self.any == Some(true);
        if asks {
            return Vec::new();
        }
        vec![Finding::new("this asks for nothing", "add `at_most`, `equals`, `covers`, `past` or `any: true`")]
    }
}

impl Expect for Committed {
    async fn observe(&self, ctx: &CheckCtx) -> Result<()> {
        let asked = ctx.recorder().now();
        let offsets = ctx.kafka().committed(&self.group, &self.topic).await?;
        ctx.recorder().append(What::OffsetsSeen { group: self.group.as_str().into(), topic: self.topic.as_str().into(), asked, offsets });
        Ok(())
    }

    fn judge(&self, view: &View<'_>) -> Answer {
        let offsets = view.timeline.group(&self.group).and_then(|group| group.offsets.get(self.topic.as_str()));
        let (Some(offsets), Some(topic)) = (offsets.filter(|offsets| offsets.looks > 0), view.timeline.topic(&self.topic)) else {
            return Answer::NotShown(format!("the offsets of group {} were never looked at", self.group));
        };
        if self.at_most.is_some()
            && let Some(ahead) = offsets.ahead.first()
        {
            return Answer::Violated(ahead::explain(view, (&self.group, &self.topic), topic, ahead, offsets));
        }
        let moved = offsets.moved.is_some() || behind::is_under_way(view, offsets);
        if self.any == Some(true) && !moved {
            let message = format!("group {} has committed nothing", self.group);
            let (cause, about) = behind::cause_of_none(view, &self.group, offsets);
            let mismatch = Mismatch::new(message, "at least one commit by your program", "no commit").cause(cause).about(about);
            return Answer::NotYet(view.with_ends(mismatch));
        }
        if let Some(mismatch) = behind::judge(self, view, topic, offsets) {
            return Answer::NotYet(mismatch);
        }
        // For an invariant, a group that never commits shows nothing: the clock asks for something that moved.
        Answer::holds(if moved { offsets.looks } else { 0 })
    }
}

#[cfg(test)]
mod tests;
