//! A check's view of the timeline: what its judges may read.

use std::collections::BTreeSet;
use std::time::Duration;

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
    /// How the run's time budgets are stretched.
    scale: f64,
}

impl<'a> View<'a> {
    /// The view of one check.
    #[must_use]
    pub fn new(timeline: &'a Timeline, check: &'a str, data: &'a DataSets) -> Self {
        Self { timeline, check, data, scale: 1.0 }
    }

    /// The same with time budgets stretched by `scale`.
    #[must_use]
    pub fn stretched(self, scale: f64) -> Self {
        Self { scale, ..self }
    }

    /// A time budget, stretched as the person asked.
    #[must_use]
    pub fn scaled(&self, budget: Duration) -> Duration {
        budget.mul_f64(self.scale)
    }

    /// The event of an id, in any of the check's data sets.
    #[must_use]
    pub fn event(&self, id: &str) -> Option<&'a Event> {
        self.data.values().rev().find_map(|set| set.event(id))
    }

    /// The full name of an instance: `first` of this check, or `other/first` of another.
    #[must_use]
    pub fn full_name(&self, instance: &str) -> String {
        full_name(self.check, instance)
    }

    /// The full name of an instance that was started, by its short or full name.
    #[must_use]
    pub fn instance_name(&self, name: &str) -> Option<&'a str> {
        let full = self.full_name(name);
        let owner = full.split_once('/').map_or("", |(check, _)| check);
        self.timeline.instances_of(owner).into_iter().map(|(known, _)| &**known).find(|known| *known == full)
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
        let last = self.last_words(name).map(|words| format!("; {words}"));
        let limit = instance.limit.as_ref().map(|limit| format!(" ({limit})"));
        Some(format!("`{name}` {how}{} at {}{}", limit.unwrap_or_default(), seconds(exit.at), last.unwrap_or_default()))
    }

    /// What an instance wrote last on standard error: `it last wrote: KeyError: 'x'`.
    #[must_use]
    pub fn last_words(&self, name: &str) -> Option<String> {
        let mut lines = self.timeline.lines(self.instance(name)?).rev();
        let (_, _, text) = lines.find(|(_, stream, text)| *stream == Stream::Stderr && !text.trim().is_empty())?;
        Some(format!("it last wrote: {}", text.trim()))
    }

    /// Adds to a mismatch how the check's programs ended, where they did. A crash comes before any other cause; a plain end only stands in for one.
    #[must_use]
    pub fn with_ends(&self, mismatch: Mismatch) -> Mismatch {
        let cause = mismatch.cause.clone();
        let ends: Vec<_> = self
            .timeline
            .instances_of(self.check)
            .iter()
            .filter(|(_, instance)| !instance.signals.iter().any(|(_, signal)| signal.ends()))
            .filter(|(_, instance)| cause.is_none() || instance.exits.last().is_some_and(|exit| exit.code != Some(0)))
            .filter_map(|(name, _)| self.end_of(short_name(name)))
            .chain(cause.clone())
            .collect();
        if ends.is_empty() { mismatch } else { mismatch.cause(ends.join("; ")) }
    }

    /// Says which of the check's programs died on the spot when it was asked to stop.
    #[must_use]
    pub fn died_when_asked(&self) -> Option<String> {
        self.timeline.instances_of(self.check).into_iter().find_map(|(name, instance)| {
            let (asked, _) = instance.signals.iter().find(|(_, signal)| signal.asks_to_end())?;
            let exit = instance.exits.last().filter(|exit| !instance.alive() && exit.at >= *asked)?;
            let signal = signal_name(exit.signal.filter(|signal| [2, 15].contains(signal))?);
            Some(format!(
                "`{}` was ended by {signal}: without a handler for it a program dies on the spot, with no chance to commit or to leave its group. \
                 Install one (signal.signal) that lets the loop end, then close the consumer",
                short_name(name)
            ))
        })
    }
}

/// The name of an instance within its check.
#[must_use]
pub fn short_name(instance: &str) -> &str {
    instance.split_once('/').map_or(instance, |(_, short)| short)
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

/// `1 record`, `2 records`, `2 deliveries`.
#[must_use]
pub fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {}", plural(noun)) }
}

/// `1 of 600 records`, `all 600 records`.
#[must_use]
pub fn part(number: u64, total: u64, noun: &str) -> String {
    if number == total && total > 1 { format!("all {}", count(total, noun)) } else { format!("{number} of {}", count(total, noun)) }
}

/// `none of the 6 records holds`, `1 of 6 records does not hold`, `2 of 6 records do not hold`: how many lack something, the three verbs given.
#[must_use]
pub fn lack(number: u64, total: u64, noun: &str, [all, one, some]: [&str; 3]) -> String {
    match number {
        _ if number == total && total > 1 => format!("none of the {} {all}", count(total, noun)),
        1 => format!("1 of {} {one}", count(total, noun)),
        _ => format!("{number} of {} {some}", count(total, noun)),
    }
}

fn plural(noun: &str) -> String {
    // `pause of input`: the first word is counted.
    if let Some((first, rest)) = noun.split_once(" of ") {
        return format!("{} of {rest}", plural(first));
    }
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if noun.ends_with("ch") => format!("{noun}es"),
        _ => format!("{noun}s"),
    }
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
