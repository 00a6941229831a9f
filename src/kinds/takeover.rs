//! `takeover`: when an instance ends, another goes on with its partitions.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::client::Client;
use super::membership::member::Member;
use super::view::{count, seconds, short_name, signal_name};
use super::{Answer, Evidence, Expect, Kind, Reference, View};
use crate::lab::Span;
use crate::outcome::{Mismatch, Moment, Subject};
use crate::timeline::event::Signal;
use crate::timeline::wire::Place;
use crate::timeline::{Delivery, Exit};

/// Another instance delivers from the partitions that an ended one had.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Takeover {
    /// The consumer group.
    pub group: String,
    /// The topic. There must be something to deliver in the partitions that are taken over.
    pub topic: String,
    /// The instance that ended; without it, every one of the check that the grader ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// How long after its end another has one of its partitions at the latest. When the first delivery from there comes is reported, not judged:
    /// whoever took over may have work of its own to finish first.
    pub within: Span,
}

impl Kind for Takeover {
    const DOC: &'static str = "When an instance ends, another one goes on with its partitions. The time from the end to the first delivery by another is reported.\n\n\
        A member that leaves its group is replaced at once, in the next rebalance. One that ends without leaving keeps its partitions until its session timeout, 45 s in most clients: \
        nobody reads them meanwhile. A static member (`group.instance.id`) does so on purpose. After `kill` with `group` the grader removes the dead member, as the session timeout would.";
    const EXAMPLE: &'static str = "takeover: { group: $(group), topic: $(topic), of: first, within: 15s }";

    fn references(&self) -> Vec<Reference> {
        self.of.iter().map(|name| Reference::Instance(name.clone())).collect()
    }
}

impl Expect for Takeover {
    fn judge(&self, view: &View<'_>) -> Answer {
        let ended: Vec<&str> = match &self.of {
            Some(name) => view.instance_name(name).into_iter().collect(),
            None => {
                let all = view.timeline.instances_of(view.check).into_iter();
                all.filter(|(_, instance)| instance.over() && instance.signals.iter().any(|(_, signal)| signal.ends())).map(|(name, _)| &**name).collect()
            }
        };
        if ended.is_empty() {
            return Answer::NotShown("no instance has ended, so there was nothing to take over".to_owned());
        }
        let mut evidence = Evidence::default();
        for name in ended {
            match self.of_one(view, name) {
                Answer::Holds(more) => {
                    evidence.seen += more.seen;
                    evidence.remarks.extend(more.remarks);
                }
                other => return other,
            }
        }
        Answer::Holds(evidence)
    }
}

impl Takeover {
    fn of_one<'a>(&self, view: &View<'a>, full: &'a str) -> Answer {
        let name = short_name(full);
        let exit = view.timeline.instance(full).filter(|instance| !instance.alive()).and_then(|instance| instance.exits.last());
        let Some(exit) = exit else {
            let message = format!("`{name}` is still running");
            return Answer::NotYet(Mismatch::new(message, "it ends, and another goes on with its partitions", "still running"));
        };
        let had = self.had(view, full, exit.at);
        if had.is_empty() {
            return Answer::NotShown(format!("`{name}` had no partition of {} when it ended, so there was nothing to take over", self.topic));
        }
        let limit = u64::try_from(view.scaled(self.within.get()).as_nanos()).unwrap_or(u64::MAX);
        let first = self.first(view, full, &had, exit.at);
        let moved = self.moved(view, full, &had, exit.at).or(first.map(|first| first.begun));
        let in_time = moved.is_some_and(|moved| moved.saturating_sub(exit.at) <= limit);
        match first.filter(|_| in_time) {
            Some(first) => {
                let partition = first.record.as_ref().map_or(-1, |(_, partition, _)| *partition);
                let (who, after) = (short_name(&first.instance), (first.begun - exit.at) as f64 / 1e9);
                let how = ended_how(exit);
                let remark = format!("`{who}` took over from `{name}` {after:.1} s after it {how} (first delivery from partition {partition})");
                Answer::Holds(Evidence { seen: 1, remarks: vec![remark], witnesses: Vec::new() })
            }
            None => {
                let mismatch = self.nobody(view, full, exit, &had);
                let over = !in_time && view.timeline.now() > exit.at.saturating_add(limit);
                if over { Answer::Violated(mismatch) } else { Answer::NotYet(mismatch) }
            }
        }
    }

    /// The partitions that it was given last before a moment; those it delivered from when it never was given any.
    fn had(&self, view: &View<'_>, full: &str, until: u64) -> BTreeSet<i32> {
        let exchanges = view.timeline.exchanges(full).filter(|exchange| exchange.at <= until);
        let given = exchanges.filter_map(|exchange| exchange.given(&self.group)).next_back();
        if let Some(given) = given {
            return given.iter().filter(|place| *place.topic == *self.topic).map(|place| place.partition).collect();
        }
        let instance = view.timeline.instance(full);
        let records = instance.into_iter().flat_map(|instance| view.timeline.deliveries(instance)).filter_map(|delivery| delivery.record.as_ref());
        records.filter(|(topic, _, _)| **topic == *self.topic).map(|(_, partition, _)| *partition).collect()
    }

    /// When another was given one of these partitions: after the end, or after it had taken leave, which comes a moment before.
    fn moved<'a>(&self, view: &View<'a>, full: &'a str, had: &BTreeSet<i32>, end: u64) -> Option<u64> {
        let left = Member::of(view, full, &self.group).stays.iter().filter_map(|stay| stay.left).filter(|left| *left <= end).max();
        let from = left.unwrap_or(end);
        let others = view.timeline.instances_of(view.check).into_iter().filter(|(name, _)| &***name != full);
        let exchanges = others.flat_map(|(name, _)| view.timeline.exchanges(name));
        let given = exchanges.filter_map(|exchange| Some((exchange.response?.0, exchange.given(&self.group)?)));
        let of_it = |given: &[Place]| given.iter().any(|place| *place.topic == *self.topic && had.contains(&place.partition));
        given.filter(|(at, given)| *at >= from && of_it(given)).map(|(at, _)| at).min()
    }

    /// The first delivery by another from one of these partitions after a moment.
    fn first<'a>(&self, view: &View<'a>, full: &str, had: &BTreeSet<i32>, after: u64) -> Option<&'a Delivery> {
        let others = view.timeline.instances_of(view.check).into_iter().filter(|(name, _)| &***name != full);
        let deliveries = others.flat_map(|(_, instance)| view.timeline.deliveries(instance)).filter(|delivery| delivery.begun >= after);
        let of_it = |delivery: &&Delivery| delivery.record.as_ref().is_some_and(|(topic, partition, _)| **topic == *self.topic && had.contains(partition));
        deliveries.filter(of_it).min_by_key(|delivery| delivery.begun)
    }

    fn nobody<'a>(&self, view: &View<'a>, full: &'a str, exit: &Exit, had: &BTreeSet<i32>) -> Mismatch {
        let (name, how) = (short_name(full), ended_how(exit));
        let list = had.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let message = format!("nobody took over the partitions of `{name}`");
        let expected = format!("another instance has partitions {list} within {:.0} s, and delivers from there", view.scaled(self.within.get()).as_secs_f64());
        let observed = format!("`{name}` {how} at {}, and no delivery from there since", seconds(exit.at));
        let member = Member::of(view, full, &self.group);
        let stay = member.stays.last();
        let killed = view.timeline.instance(full).is_some_and(|instance| instance.signals.iter().any(|(at, signal)| *signal == Signal::Kill && *at <= exit.at));
        let close = Client::of(view, full).words().close;
        let about = match stay {
            Some(stay) if stay.fixed && stay.left.is_none() => Subject::StaticMember,
            Some(stay) if stay.left.is_none() && !killed => Subject::Leaving,
            _ => Subject::Polling,
        };
        let cause = match stay {
            Some(stay) if stay.fixed && stay.left.is_none() => format!(
                "`{name}` is a static member (group.instance.id is set): such a member does not leave when it stops, and its partitions wait for its return until its session timeout. \
                 Leave group.instance.id out"
            ),
            Some(stay) if stay.left.is_none() && !killed => view
                .died_when_asked()
                .unwrap_or_else(|| format!("`{name}` ended without leaving its group, so its partitions stay with it until its session timeout: call {close} before the program ends")),
            _ => {
                let running = view.timeline.instances_of(view.check).into_iter().filter(|(_, instance)| instance.alive()).count() as u64;
                format!("the place of `{name}` is free; {} still running: poll all the time, so that a consumer takes part in every rebalance, and read every partition that it is given", is_or_are(running))
            }
        };
        view.with_ends(Mismatch::new(message, expected, observed).cause(cause).about(about)).moment(Moment::at(exit.at).of(full))
    }
}

fn is_or_are(running: u64) -> String {
    format!("{} {}", count(running, "instance"), if running == 1 { "is" } else { "are" })
}

fn ended_how(exit: &Exit) -> String {
    match (exit.code, exit.signal) {
        (_, Some(signal)) => format!("was ended by {}", signal_name(signal)),
        (Some(code), None) => format!("ended with exit code {code}"),
        (None, None) => "ended".to_owned(),
    }
}

#[cfg(test)]
mod tests;
