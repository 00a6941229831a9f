//! `kill`: a crash.

use std::time::Duration;

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Act, Kind, Reference};
use crate::outcome::Mismatch;
use crate::run::CheckCtx;

/// SIGKILL to the whole process group, then the dead member is removed from its group.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kill {
    /// The instance.
    pub instance: String,
    /// The consumer group whose dead member is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

impl Kind for Kill {
    const DOC: &'static str = "Ends an instance as a crash would: SIGKILL, no goodbye.\n\n\
        A consumer that dies so stays a member of its group until its session timeout (45 s in most clients), and its partitions stay with it. \
        With `group` the grader removes the dead member at once, so that the next instance does not wait. Members of instances that are alive stay: \
        whose a member is, is known from what each instance said to Kafka.";
    const EXAMPLE: &'static str = "kill: { instance: first, group: $(group) }";

    fn references(&self) -> Vec<Reference> {
        vec![Reference::Instance(self.instance.clone())]
    }
}

impl Act for Kill {
    fn budget(&self) -> Duration {
        Duration::from_secs(2)
    }

    fn now(&self) -> Option<String> {
        Some("killing your program, as a crash would".to_owned())
    }

    async fn act(&self, ctx: &CheckCtx) -> Result<Option<Mismatch>> {
        ctx.kill(&self.instance).await;
        if let Some(group) = &self.group {
            ctx.evict_dead(group).await?;
        }
        Ok(None)
    }
}
