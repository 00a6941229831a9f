//! What a picture is of: which instances and topics belong to a check, and from when to when.

use std::collections::BTreeSet;

use crate::kinds::view::full_name;
use crate::lab::Check;
use crate::outcome::{CheckOutcome, Moment};
use crate::timeline::event::{Name, What};
use crate::timeline::wire::Request;
use crate::timeline::{Instance, Timeline};

/// One check of a run.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The check as its author wrote it.
    pub check: &'a Check,
    /// What it came to.
    pub outcome: &'a CheckOutcome,
    /// Everything that happened.
    pub timeline: &'a Timeline,
}

impl<'a> Subject<'a> {
    /// When it went wrong: what the outcome names, else when its final state was first seen.
    pub fn moment(&self) -> Option<u64> {
        if self.outcome.verdict == crate::outcome::Verdict::Passed {
            return None;
        }
        let moment = self.outcome.moment.as_ref().map(|moment| moment.at_ns);
        moment.or_else(|| self.outcome.first_seen_ms.map(|ms| ms.saturating_mul(1_000_000)))
    }

    /// The place of the mistake that the outcome names.
    pub fn place(&self) -> Option<&'a Moment> {
        self.outcome.moment.as_ref()
    }

    /// The program instances that the check is about: those that it started, else those that it looks at.
    pub fn instances(&self) -> Vec<(Name, &'a Instance)> {
        let own = self.started_by(&self.check.id);
        if !own.is_empty() {
            return own;
        }
        let named: BTreeSet<String> = self.check.looks_at().map(|name| full_name(&self.check.id, &name)).collect();
        let found: Vec<_> =
            named.iter().filter_map(|name| self.timeline.instance(name).map(|found| (Name::from(name.as_str()), found))).collect();
        if !found.is_empty() {
            return found;
        }
        self.check.after.iter().chain(&self.check.needs).flat_map(|other| self.started_by(other)).collect()
    }

    fn started_by(&self, check: &str) -> Vec<(Name, &'a Instance)> {
        let all = self.timeline.instances_of(check).into_iter();
        all.filter(|(_, instance)| !instance.starts.is_empty()).map(|(name, instance)| (name.clone(), instance)).collect()
    }

    /// The name of an instance as the check's author wrote it.
    pub fn short<'n>(&self, instance: &'n str) -> &'n str {
        match instance.split_once('/') {
            Some((check, short)) if check == self.check.id => short,
            _ => instance,
        }
    }

    /// The topics that the check is about.
    pub fn topics(&self) -> BTreeSet<Name> {
        let instances = self.instances();
        let mut topics: BTreeSet<Name> = self.place().and_then(|moment| moment.topic.as_deref()).map(Name::from).into_iter().collect();
        for (name, instance) in &instances {
            let delivered = self.timeline.deliveries(instance).filter_map(|delivery| delivery.record.as_ref());
            topics.extend(delivered.map(|(topic, _, _)| topic.clone()));
            for exchange in self.timeline.exchanges(name) {
                match exchange.request {
                    Request::Produce { batches, .. } => topics.extend(batches.iter().map(|batch| batch.topic.clone())),
                    Request::OffsetCommit { offsets, .. } | Request::TxnOffsetCommit { offsets, .. } => {
                        topics.extend(offsets.iter().map(|position| position.topic.clone()));
                    }
                    _ => {}
                }
            }
        }
        topics.extend(self.timeline.events().iter().filter_map(|event| match &event.what {
            What::Produced { topic, data, .. } if self.owns(data) => Some(topic.clone()),
            _ => None,
        }));
        topics
    }

    /// Whether a name such as `check/data` is the check's own.
    pub fn owns(&self, name: &str) -> bool {
        name.split_once('/').is_some_and(|(check, _)| check == self.check.id)
    }

    /// From when to when: from the beginning of the check, or of what it looks at, to its end.
    pub fn window(&self) -> Option<(u64, u64)> {
        let instances = self.instances();
        let starts = instances.iter().filter_map(|(_, instance)| instance.starts.first()).map(|(at, _)| *at);
        let from = self.timeline.check(&self.check.id).begun.into_iter().chain(starts).min()?;
        let ends = self.timeline.events().iter().rev().find_map(|event| match &event.what {
            What::CheckEnded { check } if **check == *self.check.id => Some(event.at),
            _ => None,
        });
        let foreign = instances.iter().filter(|(name, _)| !self.owns(name)).filter_map(|(_, instance)| instance.exits.last());
        let to = ends.unwrap_or_else(|| self.timeline.now()).max(self.moment().unwrap_or(0));
        let to = foreign.map(|exit| exit.at).chain([to]).max()?;
        Some((from, to.max(from)))
    }

    /// Says which requests are known by their number only.
    pub fn spared(&self) -> Vec<String> {
        let instances = self.instances();
        let spared = instances.iter().filter_map(|(name, _)| self.timeline.spared(name).map(|spared| (name, spared)));
        spared
            .flat_map(|(name, spared)| spared.iter().map(|(api, count)| format!("{}: {count} {api} requests", self.short(name))))
            .collect()
    }
}
