//! `group`: a consumer group as its coordinator describes it.

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::view::{count, seconds};
use super::{Answer, Expect, Kind, View};
use crate::outcome::{Mismatch, Subject};
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
        if self.members > 0 {
            return Answer::NotYet(view.with_ends(mismatch));
        }
        let cause = view.died_when_asked().unwrap_or_else(|| {
            "the program ended without leaving its group: close the consumer (consumer.close()) before the program ends".to_owned()
        });
        Answer::NotYet(mismatch.cause(cause).about(Subject::Leaving))
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::testing::{Story, assert_says};
    use crate::timeline::event::{Signal, What};

    const EMPTY: &str = "group: { name: g, members: 0 }";
    const TWO: &str = "group: { name: g, members: 2 }";

    #[test]
    fn members() {
        assert_says(&Story::new(), EMPTY, "not shown: group g was never looked at", &[]);
        assert_says(&Story::new().members(&[]), EMPTY, "holds (1)", &[]);
        assert_says(&Story::new().then(What::GroupSeen { group: "g".into(), description: None }), EMPTY, "holds (1)", &[]);
        assert_says(&Story::new().members(&["a", "b"]), TWO, "holds (1)", &[]);
        assert_says(&Story::new().members(&["a"]), TWO, "not yet: group g has 1 member, not 2", &["member a (client id rdkafka)", "!leaving"]);
        assert_says(&Story::new().members(&["a"]).members(&[]), EMPTY, "holds (1)", &[]);
    }

    #[test]
    fn a_member_that_was_left_behind() {
        let left = || Story::new().start("first").signal("first", Signal::Term);
        let closed = left().exit("first", 0).members(&["a"]);
        assert_says(&closed, EMPTY, "not yet: group g has 1 member, not 0", &["without leaving its group: close the consumer"]);
        let died = left().dies("first", 15).members(&["a"]);
        assert_says(&died, EMPTY, "not yet: group g has 1 member, not 0", &["`first` was ended by SIGTERM: without a handler", "signal.signal"]);
    }
}
