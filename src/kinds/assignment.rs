//! `assignment`: who has which partitions in a consumer group.

mod absent;
pub(super) mod churn;

use std::collections::{BTreeSet, HashMap};

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::view::{count, seconds};
use super::{Answer, Expect, Finding, Kind, Reference, View};
use crate::outcome::{Mismatch, Subject};
use crate::run::CheckCtx;
use crate::timeline::What;
use crate::timeline::event::{GroupSeen, MemberSeen};

/// The partitions of a topic are shared out among instances of a program: each is one member of the group, every partition has one owner, nobody else has any.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// The consumer group.
    pub group: String,
    /// The topic.
    pub topic: String,
    /// The instances that share. One that the grader ended has no share any more.
    pub among: Vec<String>,
    /// How many partitions each of them has; without it, as even as it can be. Those that are `idle` have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<u64>,
    /// How many of them have no partition (0): a member more than there are partitions waits for its turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle: Option<u64>,
}

impl Kind for Assignment {
    const DOC: &'static str = "Who has which partitions in a consumer group, as its coordinator describes it; which member is which instance is known from the wire.\n\n\
        A partition is read by one member of a group at a time. Members share the partitions out among themselves each time one joins or leaves (a rebalance); \
        a member more than there are partitions gets none and waits. A consumer that assigns partitions to itself takes no part in that.";
    const EXAMPLE: &'static str = "assignment: { group: $(group), topic: $(topic), among: [first, plain], each: 3 }";

    fn references(&self) -> Vec<Reference> {
        self.among.iter().map(|name| Reference::Instance(name.clone())).collect()
    }

    fn lint(&self) -> Vec<Finding> {
        if self.among.is_empty() {
            return vec![Finding::at("among", "nobody shares", "name the instances: `among: [first, second]`")];
        }
        if self.each == Some(0) {
            return vec![Finding::at("each", "members that all have no partition share nothing", "use `idle` for those that have none")];
        }
        if self.idle.is_some_and(|idle| idle >= self.among.len() as u64) {
            return vec![Finding::at("idle", "somebody has to have the partitions", "let fewer of them be idle")];
        }
        Vec::new()
    }
}

/// What an instance has.
struct Share<'a> {
    name: &'a str,
    /// Its members in the group: one, if all is well.
    members: Vec<&'a MemberSeen>,
    partitions: BTreeSet<i32>,
}

impl Expect for Assignment {
    async fn observe(&self, ctx: &CheckCtx) -> Result<()> {
        let partitions = ctx.kafka().describe_topic(&self.topic).await?;
        ctx.recorder().append(What::TopicSeen { topic: self.topic.as_str().into(), partitions });
        let description = ctx.kafka().describe_group(&self.group).await?;
        ctx.recorder().append(What::GroupSeen { group: self.group.as_str().into(), description });
        Ok(())
    }

    fn judge(&self, view: &View<'_>) -> Answer {
        let topic = view.timeline.topic(&self.topic).and_then(|topic| topic.description.as_ref()).and_then(|(_, seen)| seen.as_ref());
        let group = view.timeline.group(&self.group).and_then(|group| group.description.as_ref());
        let (Some(partitions), Some((since, group))) = (topic, group) else {
            return Answer::NotShown(format!("group {} and topic {} were never looked at", self.group, self.topic));
        };
        let none = GroupSeen { state: "Empty".to_owned(), protocol: String::new(), members: Vec::new() };
        let group = group.as_ref().unwrap_or(&none);
        let owners = owners(view, &self.group);
        let running = self.among.iter().filter(|name| !view.instance(name).is_some_and(|instance| instance.over() && was_ended(instance)));
        let shares: Vec<Share<'_>> = running.map(|name| self.share(view, name, group, &owners)).collect();
        let wanted = self.wanted(partitions.len() as u64);
        let answer = self
            .ended(view)
            .or_else(|| shares.iter().find(|share| share.members.is_empty()).map(|share| absent::explain(view, self, share.name)))
            .or_else(|| shares.iter().find(|share| share.members.len() > 1).map(|share| self.several(share)))
            .or_else(|| self.strangers(group, &shares))
            .or_else(|| self.uneven((*since, group), &shares, partitions.len() as u64));
        let restless = self.among.iter().find(|name| churn::is_restless(view, name, &self.group));
        if let Some(name) = restless {
            let message = format!("`{name}` joins group {} and leaves it, again and again", self.group);
            let mismatch = Mismatch::new(message, wanted, "nobody has its partitions for long");
            return Answer::Violated(match churn::explain(view, name, &self.group) {
                Some((cause, about)) => mismatch.cause(cause).about(about),
                None => mismatch,
            });
        }
        match answer {
            None => Answer::holds(partitions.len() as u64),
            Some(mut mismatch) => {
                if mismatch.expected.is_empty() {
                    mismatch.expected = wanted;
                }
                let churn = self.among.iter().find_map(|name| churn::explain(view, name, &self.group));
                Answer::NotYet(match churn {
                    Some((churn, about)) => mismatch.cause(churn).about(about),
                    None => view.with_ends(mismatch),
                })
            }
        }
    }
}

fn was_ended(instance: &crate::timeline::Instance) -> bool {
    instance.signals.iter().any(|(_, signal)| signal.ends())
}

/// The instance of each member id, by what each instance of the check said on the wire.
pub(super) fn owners<'a>(view: &View<'a>, group: &str) -> HashMap<&'a str, &'a str> {
    let instances = view.timeline.instances_of(view.check);
    let members = instances.into_iter().flat_map(|(name, _)| view.timeline.exchanges(name).filter_map(|exchange| Some((exchange.member(group)?, &**name))));
    members.collect()
}

impl Assignment {
    fn share<'a>(&self, view: &View<'_>, name: &'a str, group: &'a GroupSeen, owners: &HashMap<&str, &str>) -> Share<'a> {
        let full = view.full_name(name);
        let own = |member: &&MemberSeen| owners.get(member.member.as_str()).is_some_and(|owner| *owner == full);
        let members: Vec<_> = group.members.iter().filter(own).collect();
        let partitions = members.iter().filter_map(|member| member.assigned.get(&self.topic)).flatten().copied().collect();
        Share { name, members, partitions }
    }

    fn wanted(&self, partitions: u64) -> String {
        let idle = self.idle.map(|idle| format!(", and {} without any", count(idle, "member"))).unwrap_or_default();
        match self.each {
            Some(each) => format!("the {} shared out, {each} to each member{idle}", count(partitions, "partition")),
            None => format!("the {} shared out evenly{idle}", count(partitions, "partition")),
        }
    }

    /// An instance that ended by itself.
    fn ended(&self, view: &View<'_>) -> Option<Mismatch> {
        let name = self.among.iter().find(|name| view.instance(name).is_some_and(|instance| instance.over() && !was_ended(instance)))?;
        let mismatch = Mismatch::new(format!("`{name}` has ended, so it has no partitions"), "", "it is not running");
        let by_itself = view.instance(name).and_then(|instance| instance.exits.last()).is_some_and(|exit| exit.code == Some(0));
        let Some(end) = view.end_of(name).filter(|_| by_itself) else { return Some(mismatch) };
        let cause = format!(
            "{end}; nobody had asked it to. A member without a partition waits, and takes over when another one goes: go on polling until a signal asks the program to stop"
        );
        Some(mismatch.cause(cause).about(Subject::Polling))
    }

    fn several(&self, share: &Share<'_>) -> Mismatch {
        let (name, members) = (share.name, count(share.members.len() as u64, "member"));
        let message = format!("`{name}` alone is {members} of group {}", self.group);
        let expected = "each running instance of your program is one member of the group";
        let cause = "the program starts several consumers (threads, workers or processes of its own). Partitions are shared out among members: \
                     with several in one instance the others get less. Create one consumer; to work in parallel, hand its records to threads";
        Mismatch::new(message, expected, members).witnesses(share.members.iter().map(|member| describe(member, &self.topic))).cause(cause).about(Subject::Group)
    }

    fn strangers(&self, group: &GroupSeen, shares: &[Share<'_>]) -> Option<Mismatch> {
        let known = |member: &&MemberSeen| shares.iter().any(|share| share.members.iter().any(|own| own.member == member.member));
        let strangers: Vec<_> = group.members.iter().filter(|member| !known(member)).collect();
        if strangers.is_empty() {
            return None;
        }
        let number = count(strangers.len() as u64, "member");
        let message = format!("group {} has {number} more than there are running instances", self.group);
        let cause = "a member of an instance that has ended stays until its session timeout: close the consumer before the program ends";
        Some(Mismatch::new(message, "", number).witnesses(strangers.into_iter().map(|member| describe(member, &self.topic))).cause(cause).about(Subject::Leaving))
    }

    fn uneven(&self, (since, group): (u64, &GroupSeen), shares: &[Share<'_>], partitions: u64) -> Option<Mismatch> {
        let sizes: Vec<u64> = shares.iter().map(|share| share.partitions.len() as u64).collect();
        let idle = sizes.iter().filter(|size| **size == 0).count() as u64;
        let (least, most) = sizes.iter().filter(|size| **size > 0).fold((u64::MAX, 0), |(least, most), size| (least.min(*size), most.max(*size)));
        let fair = match self.each {
            Some(each) => (least, most) == (each, each),
            None => most > 0 && most - least <= 1,
        };
        let covered: BTreeSet<i32> = shares.iter().flat_map(|share| share.partitions.iter().copied()).collect();
        let whole = covered.len() as u64 == partitions && sizes.iter().sum::<u64>() == partitions;
        if fair && whole && idle == self.idle.unwrap_or(0) && group.state == "Stable" {
            return None;
        }
        let words = shares.iter().map(|share| format!("`{}` {}", share.name, share.partitions.len())).collect::<Vec<_>>().join(", ");
        let message = if group.state != "Stable" {
            format!("group {} is still sharing its partitions out ({})", self.group, group.state)
        } else if whole {
            format!("the partitions are shared out otherwise: {words}")
        } else {
            format!("{} of {} have one owner: {words}", covered.len(), count(partitions, "partition"))
        };
        let witnesses = shares.iter().flat_map(|share| share.members.iter().map(|member| format!("`{}`: {}", share.name, describe(member, &self.topic))));
        Some(Mismatch::new(message, "", format!("group state {} since {}, partitions: {words}", group.state, seconds(since))).witnesses(witnesses))
    }
}

/// `member rdkafka-1 (client id rdkafka): partitions 0, 1, 2`.
fn describe(member: &MemberSeen, topic: &str) -> String {
    let partitions = member.assigned.get(topic).map(|partitions| partitions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    let has = partitions.filter(|list| !list.is_empty()).map_or_else(|| "no partition".to_owned(), |list| format!("partitions {list}"));
    format!("member {} (client id {}): {has}", member.member, member.client)
}

#[cfg(test)]
mod tests;
