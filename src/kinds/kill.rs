//! `kill`: a crash.

use std::time::Duration;

use anyhow::{Result, bail};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Act, Finding, Kind, Reference};
use crate::outcome::Mismatch;
use crate::run::CheckCtx;

/// SIGKILL to the whole process group, then the dead member is removed from its group.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kill {
    /// The instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The instance that has this partition, where it is not known beforehand who that is; needs `group`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_of: Option<OwnerOf>,
    /// The consumer group whose dead member is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// A partition that one member of the group has.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnerOf {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
}

impl Kind for Kill {
    const DOC: &'static str = "Ends an instance as a crash would: SIGKILL, no goodbye.\n\n\
        A consumer that dies so stays a member of its group until its session timeout (45 s in most clients), and its partitions stay with it. \
        With `group` the grader removes the dead member at once, so that the next instance does not wait. Members of instances that are alive stay: \
        whose a member is, is known from what each instance said to Kafka.";
    const EXAMPLE: &'static str = "kill: { instance: first, group: $(group) }";

    fn references(&self) -> Vec<Reference> {
        self.instance.iter().map(|name| Reference::Instance(name.clone())).collect()
    }

    fn lint(&self) -> Vec<Finding> {
        match (&self.instance, &self.owner_of, &self.group) {
            (Some(_), None, _) | (None, Some(_), Some(_)) => Vec::new(),
            (None, Some(_), None) => vec![Finding::at("owner_of", "a partition has an owner in a group only", "name it: `group: $(group)`")],
            _ => vec![Finding::new("who is to be killed is not clear", "name either `instance` or `owner_of`")],
        }
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
        let instance = match (&self.instance, &self.owner_of, &self.group) {
            (Some(name), _, _) => name.clone(),
            (None, Some(of), Some(group)) => match ctx.owner(group, &of.topic, of.partition).await? {
                Some(name) => name,
                None => return Ok(Some(nobody(of, group))),
            },
            _ => bail!("`kill` names nobody"),
        };
        ctx.kill(&instance).await;
        if let Some(group) = &self.group {
            ctx.evict_dead(group).await?;
        }
        Ok(None)
    }
}

fn nobody(of: &OwnerOf, group: &str) -> Mismatch {
    let message = format!("no running instance has partition {} of {}", of.partition, of.topic);
    Mismatch::new(message, format!("a member of group {group} has it"), "it has no owner that was seen on the wire")
        .cause("subscribe() with the group id in KAFKA_GROUP_ID, and poll all the time: the group then gives every partition to one member")
}
