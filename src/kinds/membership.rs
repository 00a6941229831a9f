//! `membership`: how a program takes part in a consumer group, or does not.

pub(super) mod member;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::member::{Member, Stay};
use super::amount::{Amount, Compared};
use super::client::Client;
use super::traffic::{Traffic, describe, moment};
use super::view::{count, seconds, short_name};
use super::{Answer, Evidence, Expect, Finding, Kind, Reference, View};
use crate::outcome::{Mismatch, Moment, Subject};
use crate::timeline::wire::Api;

/// The requests that say something about membership.
const MEMBERSHIP: [Api; 4] = [Api::JOIN_GROUP, Api::SYNC_GROUP, Api::LEAVE_GROUP, Api::CONSUMER_GROUP_HEARTBEAT];

/// How a program takes part in a consumer group. All that is named must hold.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Membership {
    /// The consumer group.
    pub group: String,
    /// The instance; without it, every instance of the check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// True: it became a member (it subscribed). False: it never asked to, while it did read: it assigned partitions to itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined: Option<bool>,
    /// True: it took leave of the group each time before it ended. A program that was never a member, or that the grader killed, has nothing to leave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<bool>,
    /// The assignor that the group chose when it joined last: `range`, `cooperative-sticky`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignor: Option<String>,
    /// How it takes part: `classic` (JoinGroup) or `consumer` (KIP-848).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Protocol>,
    /// How often it had to join again or was given other partitions, after its first assignment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebalances: Option<Amount>,
    /// How many member ids it had, one after the other or side by side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Amount>,
}

/// The protocol of a consumer group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// `JoinGroup`, `SyncGroup`, `Heartbeat`, `LeaveGroup`.
    Classic,
    /// `ConsumerGroupHeartbeat` (KIP-848).
    Consumer,
}

impl Protocol {
    /// Its name, as in `group.protocol`.
    fn name(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Consumer => "consumer",
        }
    }
}

impl Kind for Membership {
    const DOC: &'static str = "How a program takes part in a consumer group, read on the wire: whether it joined, with which assignor and protocol, how often it was rebalanced, and whether it took leave.\n\n\
        A consumer that ends without leaving its group keeps its partitions until its session timeout. A consumer that assigns partitions to itself never joins: a group id alone makes no member. \
        A static member (`group.instance.id`) keeps its place on purpose when it stops.";
    const EXAMPLE: &'static str = "membership: { group: $(group), by: first, joined: true, left: true }";

    fn references(&self) -> Vec<Reference> {
        self.by.iter().map(|name| Reference::Instance(name.clone())).collect()
    }

    fn lint(&self) -> Vec<Finding> {
        let as_member = self.left.is_some() || self.assignor.is_some() || self.protocol.is_some() || self.rebalances.is_some() || self.members.is_some();
        if !as_member && self.joined.is_none() {
            return vec![Finding::new("this asks for nothing", "add `joined`, `left`, `assignor`, `protocol`, `rebalances` or `members`")];
        }
        if self.joined == Some(false) && as_member {
            return vec![Finding::at("joined", "a program that never joins has no assignor, no rebalances and nothing to leave", "keep `joined: false` alone")];
        }
        if self.left == Some(false) {
            return vec![Finding::at("left", "no program has to stay behind in its group", "leave it out, or use `group` for the members that are there")];
        }
        Vec::new()
    }
}

impl Expect for Membership {
    fn judge(&self, view: &View<'_>) -> Answer {
        let traffic = Traffic::of(view, self.by.as_deref());
        if let Some(reason) = traffic.silence() {
            return Answer::NotShown(reason);
        }
        let members: Vec<Member<'_>> = traffic.instances().iter().map(|instance| Member::of(view, instance, &self.group)).collect();
        let stays: Vec<&Stay<'_>> = members.iter().flat_map(|member| &member.stays).collect();
        if self.joined == Some(false) {
            return self.by_hand(&traffic, &members);
        }
        let mut evidence = Evidence::of(stays.len() as u64);
        // Where membership itself is asked for, there has to be one; leaving asks for none.
        let asks = self.joined == Some(true) || self.assignor.is_some() || self.protocol.is_some() || self.rebalances.is_some() || self.members.is_some();
        if asks && stays.is_empty() {
            return match traffic.blind(&MEMBERSHIP) {
                Some(reason) => Answer::NotShown(reason),
                None => Answer::NotYet(view.with_ends(self.not_joined(&traffic))),
            };
        }
        for answer in [self.judge_protocol(&stays), self.judge_assignor(&stays), self.judge_numbers(&traffic, &stays), self.judge_leaving(view, &members)] {
            match answer {
                Ok(seen) => evidence.seen = evidence.seen.max(seen),
                Err(answer) => return *answer,
            }
        }
        if self.left == Some(true) && stays.is_empty() {
            evidence.witnesses.push(format!("{} was never a member of group {}: there was nothing to leave", traffic.who(), self.group));
        }
        if (self.rebalances.is_some_and(Amount::has_upper_bound) || self.members.is_some_and(Amount::has_upper_bound))
            && let Some(reason) = traffic.blind(&MEMBERSHIP)
        {
            return Answer::NotShown(reason);
        }
        Answer::Holds(evidence)
    }
}

/// What was seen, or the answer that ends the judgement.
type Part = Result<u64, Box<Answer>>;

impl Membership {
    /// It never asked to join, and it did read.
    fn by_hand(&self, traffic: &Traffic<'_>, members: &[Member<'_>]) -> Answer {
        if let Some(asked) = members.iter().find_map(|member| member.asked.first()) {
            let message = format!("{} asked to join group {}", traffic.who(), self.group);
            let mismatch = Mismatch::new(message, "it assigns partitions to itself and never joins", format!("{} at {}", asked.api, seconds(asked.at)));
            return Answer::Violated(mismatch.witnesses([describe(asked)]).cause("subscribe() joins the group; to read chosen partitions use assign()").moment(moment(asked)));
        }
        if let Some(reason) = traffic.blind(&MEMBERSHIP) {
            return Answer::NotShown(reason);
        }
        let reads = members.iter().map(|member| member.fetches).sum::<u64>();
        if reads == 0 {
            return Answer::NotShown(format!("{} read nothing so far, so that it did not join shows nothing", traffic.who()));
        }
        Answer::holds(reads)
    }

    fn not_joined(&self, traffic: &Traffic<'_>) -> Mismatch {
        let message = format!("{} did not become a member of group {}", traffic.who(), self.group);
        let cause = "it may assign partitions to itself (assign) instead of subscribing, or use another group id than the one that it is given";
        Mismatch::new(message, format!("a member of group {}", self.group), "no JoinGroup or ConsumerGroupHeartbeat that was accepted").cause(cause).about(Subject::Subscription)
    }

    fn judge_protocol(&self, stays: &[&Stay<'_>]) -> Part {
        let Some(wanted) = self.protocol else { return Ok(0) };
        let other = stays.iter().find(|stay| stay.protocol != wanted);
        other.map_or(Ok(stays.len() as u64), |stay| {
            let (seen, who) = (stay.protocol.name(), short_name(stay.instance));
            let message = format!("`{who}` took part in group {} by the {seen} protocol, not the {} one", self.group, wanted.name());
            let mismatch = Mismatch::new(message, format!("group.protocol={}", wanted.name()), format!("group.protocol={seen}, joined at {}", seconds(stay.joined)));
            Err(Box::new(Answer::Violated(mismatch.moment(Moment::at(stay.joined).of(stay.instance)))))
        })
    }

    fn judge_assignor(&self, stays: &[&Stay<'_>]) -> Part {
        let Some(wanted) = &self.assignor else { return Ok(0) };
        let told = |stay: &Stay<'_>| stay.assignor.as_ref().is_some_and(|assignor| **assignor == **wanted);
        let Some(stay) = stays.iter().find(|stay| !told(stay)) else { return Ok(stays.len() as u64) };
        let who = short_name(stay.instance);
        let Some(seen) = &stay.assignor else {
            return Err(Box::new(Answer::NotShown(format!("which assignor group {} uses was not told to `{who}` so far", self.group))));
        };
        let message = format!("group {} shares its partitions out by `{seen}`, not by `{wanted}`", self.group);
        let offered = stay.offered.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let mismatch = Mismatch::new(message, format!("assignor `{wanted}`"), format!("`{who}` offered {offered}, and `{seen}` was chosen"));
        let cause = format!("set partition.assignment.strategy so that every member offers `{wanted}`, and nothing that the others prefer");
        Err(Box::new(Answer::NotYet(mismatch.cause(cause).moment(Moment::at(stay.joined).of(stay.instance)))))
    }

    fn judge_numbers(&self, traffic: &Traffic<'_>, stays: &[&Stay<'_>]) -> Part {
        let rebalances = stays.iter().map(|stay| stay.rebalances.len() as u64).sum();
        let pairs = [(self.rebalances, rebalances, "rebalance"), (self.members, stays.len() as u64, "membership")];
        for (wanted, seen, noun) in pairs {
            let Some(wanted) = wanted else { continue };
            let compared = wanted.compare(seen);
            if compared == Compared::Right {
                continue;
            }
            let message = format!("{} had {} of group {}", traffic.who(), count(seen, noun), self.group);
            let moments = stays.iter().flat_map(|stay| {
                let who = short_name(stay.instance);
                let joined = format!("`{who}` joined at {}", seconds(stay.joined));
                std::iter::once(joined).chain(stay.rebalances.iter().map(move |at| format!("`{who}` was rebalanced at {}", seconds(*at))))
            });
            let mismatch = Mismatch::new(message, format!("{wanted}"), count(seen, noun)).witnesses(moments);
            return Err(Box::new(if compared == Compared::TooMany { Answer::Violated(mismatch) } else { Answer::NotYet(mismatch) }));
        }
        Ok(0)
    }

    /// Each time before it ended it took leave.
    fn judge_leaving(&self, view: &View<'_>, members: &[Member<'_>]) -> Part {
        if self.left != Some(true) {
            return Ok(0);
        }
        let mut seen = 0;
        for member in members {
            seen += member.fetches.max(1);
            for stay in member.stays.iter().filter(|stay| stay.left.is_none()) {
                let Some(ended) = stay.ended else {
                    let message = format!("`{}` is still a member of group {}", short_name(stay.instance), self.group);
                    return Err(Box::new(Answer::NotYet(Mismatch::new(message, "it leaves its group when it stops", "no LeaveGroup so far"))));
                };
                if stay.killed {
                    continue;
                }
                if let Some(reason) = Traffic::of(view, Some(stay.instance)).blind(&MEMBERSHIP) {
                    return Err(Box::new(Answer::NotShown(reason)));
                }
                return Err(Box::new(Answer::Violated(self.stayed_behind(view, stay, ended))));
            }
        }
        Ok(seen)
    }

    fn stayed_behind(&self, view: &View<'_>, stay: &Stay<'_>, ended: u64) -> Mismatch {
        let who = short_name(stay.instance);
        let message = format!("`{who}` ended at {} without leaving group {}", seconds(ended), self.group);
        let mismatch = Mismatch::new(message, "it leaves its group before it ends", format!("joined at {}, and no LeaveGroup", seconds(stay.joined)));
        let cause = if stay.fixed {
            "it is a static member (group.instance.id): such a member keeps its place when it stops, until its session timeout. Leave group.instance.id out"
                .to_owned()
        } else {
            let close = Client::of(view, stay.instance).words().close;
            view.died_when_asked().unwrap_or_else(|| format!("close the consumer before the program ends: {close} leaves the group"))
        };
        let about = if stay.fixed { Subject::StaticMember } else { Subject::Leaving };
        mismatch.cause(cause).about(about).moment(Moment::at(ended).of(stay.instance))
    }
}

#[cfg(test)]
mod tests;
