//! `repeats`: how much is delivered again when partitions change hands.

use std::collections::{BTreeMap, HashMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::assignment::churn;
use super::view::{count, seconds, short_name};
use super::{Answer, Expect, Finding, Kind, Reference, View};
use crate::outcome::{Mismatch, Moment, Subject};
use crate::timeline::{Commit, Delivery};
use crate::world::kafka::Code;

/// Of the events that one instance delivered, only so many are delivered again, by whomever.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Repeats {
    /// The consumer group.
    pub group: String,
    /// The data sets whose events count.
    pub of: Vec<String>,
    /// Only what this instance had delivered; without it, each instance by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// So many of one instance's events at the most. What was delivered and not committed when partitions change hands comes again:
    /// as much as the contract lets uncommitted, and what was in hand in that moment.
    pub at_most: u64,
}

impl Kind for Repeats {
    const DOC: &'static str = "How many of an instance's events are delivered again, by itself or by another.\n\n\
        Whoever gets a partition, after a crash or in a rebalance, begins at the committed offset: what was delivered behind it comes again. \
        So commits bound the repeats. A contract of a commit every 50 events allows 50 for each instance, for each time that its partitions change hands, and the events in hand.";
    const EXAMPLE: &'static str = "repeats: { group: $(group), of: [events], by: first, at_most: 60 }";

    fn references(&self) -> Vec<Reference> {
        let data = self.of.iter().map(|name| Reference::Events(name.clone()));
        data.chain(self.by.iter().map(|name| Reference::Instance(name.clone()))).collect()
    }

    fn lint(&self) -> Vec<Finding> {
        if self.of.is_empty() { vec![Finding::at("of", "no event counts", "name the data sets: `of: [events]`")] } else { Vec::new() }
    }
}

/// An event that came again: the delivery that should have been the last, and the next.
struct Again<'a> {
    event: &'a str,
    before: &'a Delivery,
    after: &'a Delivery,
}

impl Expect for Repeats {
    fn judge(&self, view: &View<'_>) -> Answer {
        let wanted = view.event_ids(&self.of);
        let instances = view.timeline.instances_of(view.check);
        let mut done: Vec<&Delivery> = instances.iter().flat_map(|(_, instance)| view.timeline.deliveries(instance)).filter(|delivery| delivery.done()).collect();
        done.sort_by_key(|delivery| delivery.begun);
        let (mut latest, mut again): (HashMap<&str, &Delivery>, BTreeMap<&str, Vec<Again<'_>>>) = Default::default();
        let mut seen = 0;
        for delivery in done {
            let Some(event) = delivery.event.as_deref().filter(|event| wanted.contains(event)) else { continue };
            seen += 1;
            if let Some(before) = latest.insert(event, delivery) {
                again.entry(&before.instance).or_default().push(Again { event, before, after: delivery });
            }
        }
        let by = self.by.as_ref().map(|name| view.full_name(name));
        let counted = again.into_iter().filter(|(instance, _)| by.as_ref().is_none_or(|by| by == instance));
        match counted.filter(|(_, again)| again.len() as u64 > self.at_most).max_by_key(|(_, again)| again.len()) {
            Some((instance, again)) => Answer::Violated(self.too_many(view, instance, &again)),
            None => Answer::holds(seen),
        }
    }
}

impl Repeats {
    fn too_many(&self, view: &View<'_>, instance: &str, again: &[Again<'_>]) -> Mismatch {
        let name = short_name(instance);
        let number = count(again.len() as u64, "event");
        let message = format!("{number} that `{name}` had delivered came again");
        let expected = match self.at_most {
            0 => "none comes again".to_owned(),
            most => format!("at most {most} come again"),
        };
        let moments = again.iter().map(|again| {
            let topic = again.before.record.as_ref().map_or("", |(topic, _, _)| topic);
            format!("{}: at {}, and by `{}` at {}", view.event_place(topic, again.event), seconds(again.before.begun), short_name(&again.after.instance), seconds(again.after.begun))
        });
        let (cause, about) = self.cause(view, instance, again);
        let mismatch = Mismatch::new(message, expected, format!("{number} again")).witnesses(moments).cause(cause).about(about);
        match again.first() {
            Some(first) => {
                let moment = Moment::at(first.after.begun).of(&first.after.instance);
                let moment = match &first.after.record {
                    Some((topic, partition, _)) => moment.in_partition(topic, *partition),
                    None => moment,
                };
                mismatch.moment(moment)
            }
            None => mismatch,
        }
    }

    /// What its commits were like until the first event came again.
    fn cause(&self, view: &View<'_>, instance: &str, again: &[Again<'_>]) -> (String, Subject) {
        let name = short_name(instance);
        if let Some(churn) = churn::explain(view, name, &self.group) {
            return churn;
        }
        let until = again.first().map_or(u64::MAX, |first| first.after.begun);
        let commits: Vec<&Commit> = match view.timeline.group(&self.group) {
            Some(group) => group.offsets.values().flat_map(|offsets| &offsets.commits).filter(|commit| *commit.instance == *instance && commit.at < until).collect(),
            None => Vec::new(),
        };
        if let Some((commit, code)) = commits.iter().rev().find_map(|commit| Some((commit, Code::of(commit.answered?.1)?))) {
            return (format!("the broker refused its commit at {}: {code}. What is not committed comes again", seconds(commit.at)), Subject::CommittedOffset);
        }
        let Some(last) = commits.iter().filter(|commit| commit.accepted()).map(|commit| commit.at).max() else {
            let cause = format!("`{name}` had committed nothing for group {}: whoever gets a partition begins where the group's offset is. Commit as you go, not only at the end", self.group);
            return (cause, Subject::CommittedOffset);
        };
        let since = again.iter().filter(|again| again.before.answered.is_some_and(|(at, _)| at > last)).count() as u64;
        let cause = format!(
            "the last commit of `{name}` before that came at {}, and {} that came again had been delivered after it: whoever gets a partition begins at the committed offset. \
             Commit as you go, after a number of events counted over all partitions, and not only when partitions are given up or the program ends: a program that is killed does neither",
            seconds(last),
            count(since, "event")
        );
        (cause, Subject::CommittedOffset)
    }
}

#[cfg(test)]
mod tests;
