//! A check's view of the timeline: what its judges may read.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use crate::lab::data::{DataSet, DataSets, Event};
use crate::outcome::mismatch::Mismatch;
use crate::timeline::event::Stream;
use crate::timeline::{Instance, Timeline};

/// The timeline as one check sees it.
pub struct View<'a> {
    /// Everything that happened so far.
    pub timeline: &'a Timeline,
    /// The check's id.
    pub check: &'a str,
    /// The check's data sets.
    pub data: &'a DataSets,
    /// Every event by its id; made when it is first asked for.
    events: OnceCell<HashMap<&'a str, &'a Event>>,
}

impl<'a> View<'a> {
    /// The view of one check.
    #[must_use]
    pub fn new(timeline: &'a Timeline, check: &'a str, data: &'a DataSets) -> Self {
        Self { timeline, check, data, events: OnceCell::new() }
    }

    /// The event of an id, in any of the check's data sets.
    #[must_use]
    pub fn event(&self, id: &str) -> Option<&'a Event> {
        let all = || self.data.values().flat_map(|set| set.events.iter()).map(|event| (event.id.as_str(), event)).collect();
        self.events.get_or_init(all).get(id).copied()
    }

    /// The texts in the check's events, longest first: what a program may repeat in its own lines.
    #[must_use]
    pub fn texts(&self) -> Vec<&'a str> {
        let events = self.data.values().flat_map(|set| set.events.iter());
        let fields = events.filter_map(|event| event.json.as_object()).flat_map(|fields| fields.values());
        let mut texts: Vec<_> =
            fields.filter_map(Value::as_str).filter(|text| text.len() > 3).collect::<BTreeSet<_>>().into_iter().collect();
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        texts
    }

    /// The full name of an instance: `first` of this check, or `other/first` of another.
    #[must_use]
    pub fn full_name(&self, instance: &str) -> String {
        full_name(self.check, instance)
    }

    /// An instance by its short or full name.
    #[must_use]
    pub fn instance(&self, name: &str) -> Option<&'a Instance> {
        self.timeline.instance(&self.full_name(name))
    }

    /// A data set by name.
    #[must_use]
    pub fn data_set(&self, name: &str) -> Option<&'a DataSet> {
        self.data.get(name)
    }

    /// The ids of all events of the named data sets.
    #[must_use]
    pub fn event_ids(&self, sets: &[String]) -> BTreeSet<&'a str> {
        sets.iter().filter_map(|name| self.data.get(name)).flat_map(|set| set.events.iter().map(|event| event.id.as_str())).collect()
    }

    /// Names an event's place: `event e-000017 (partition 2, offset 10)`.
    #[must_use]
    pub fn event_place(&self, topic: &str, event: &str) -> String {
        match self.timeline.topic(topic).and_then(|topic| topic.written(event)) {
            Some(record) => format!("event {event} (partition {}, offset {})", record.partition, record.offset),
            None => format!("event {event}"),
        }
    }

    /// Says how an instance ended, when it did: `consumer ended with exit code 1 at 3.204 s; it last wrote: "KeyError: 'x'"`.
    #[must_use]
    pub fn end_of(&self, name: &str) -> Option<String> {
        let instance = self.instance(name)?;
        let exit = instance.exits.last().filter(|_| !instance.alive())?;
        let how = match (exit.code, exit.signal) {
            (Some(code), _) => format!("ended with exit code {code}"),
            (None, Some(signal)) => format!("was ended by {}", signal_name(signal)),
            (None, None) => "ended".to_owned(),
        };
        let last = self
            .timeline
            .lines(instance)
            .rev()
            .find(|(_, stream, text)| *stream == Stream::Stderr && !text.trim().is_empty())
            .map(|(_, _, text)| format!("; it last wrote: {}", text.trim()));
        let limit = instance.limit.as_ref().map(|limit| format!(" ({limit})"));
        Some(format!("`{name}` {how}{} at {}{}", limit.unwrap_or_default(), seconds(exit.at), last.unwrap_or_default()))
    }

    /// Adds to a mismatch how the check's programs ended, where they did.
    #[must_use]
    pub fn with_ends(&self, mismatch: Mismatch) -> Mismatch {
        if mismatch.cause.is_some() {
            return mismatch;
        }
        let ends: Vec<_> = self
            .timeline
            .instances_of(self.check)
            .iter()
            .filter(|(_, instance)| instance.signals.is_empty())
            .filter_map(|(name, _)| self.end_of(name.split_once('/').map_or(name, |(_, short)| short)))
            .collect();
        if ends.is_empty() { mismatch } else { mismatch.cause(ends.join("; ")) }
    }
}

/// The full name of an instance in a check.
#[must_use]
pub fn full_name(check: &str, instance: &str) -> String {
    if instance.contains('/') { instance.to_owned() } else { format!("{check}/{instance}") }
}

/// A time on the timeline, for people: `3.204 s`.
#[must_use]
pub fn seconds(at: u64) -> String {
    format!("{:.3} s", at as f64 / 1e9)
}

/// `1 record`, `2 records`.
#[must_use]
pub fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// The name of a signal as `kill -l` has it.
#[must_use]
pub fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        6 => "SIGABRT",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        _ => return format!("signal {signal}"),
    };
    name.to_owned()
}
