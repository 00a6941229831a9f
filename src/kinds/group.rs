//! `group`: a consumer group as its coordinator describes it.

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::view::{count, seconds};
use super::{Answer, Expect, Kind, View};
use crate::outcome::Mismatch;
use crate::run::CheckCtx;
use crate::timeline::What;

/// A consumer group has this many members.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The group.
    pub name: String,
    /// How many members it has; 0 for a group that everybody left.
    pub members: u64,
}

impl Kind for Group {
    const DOC: &'static str = "The members of a consumer group, as its coordinator describes them. A program that assigns partitions by hand is never a member.\n\n\
        A consumer that ends without leaving its group keeps its partitions until its session timeout, 45 s in most clients: nobody reads them meanwhile.";
    const EXAMPLE: &'static str = "group: { name: $(group), members: 0 }";
}

impl Expect for Group {
    async fn observe(&self, ctx: &CheckCtx) -> Result<()> {
        let description = ctx.kafka().describe_group(&self.name).await?;
        ctx.recorder().append(What::GroupSeen { group: self.name.as_str().into(), description });
        Ok(())
    }

    fn judge(&self, view: &View<'_>) -> Answer {
        let Some((since, description)) = view.timeline.group(&self.name).and_then(|group| group.description.as_ref()) else {
            return Answer::NotShown(format!("group {} was never looked at", self.name));
        };
        let members = description.as_ref().map_or(&[][..], |group| &group.members);
        let seen = members.len() as u64;
        if seen == self.members {
            return Answer::holds(1);
        }
        let message = format!("group {} has {}, not {}", self.name, count(seen, "member"), self.members);
        let witnesses = members.iter().map(|member| format!("member {} (client id {})", member.member, member.client));
        let mismatch = Mismatch::new(message, count(self.members, "member"), format!("{} since {}", count(seen, "member"), seconds(*since)))
            .witnesses(witnesses);
        Answer::NotYet(if self.members == 0 {
            mismatch.cause("the program ended without leaving its group: close the consumer (consumer.close()) before the program ends")
        } else {
            mismatch
        })
    }
}
