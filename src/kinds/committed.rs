//! `committed`: the offsets that a group has committed, against what was delivered.

use std::collections::BTreeMap;

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::view::seconds;
use super::{Answer, Expect, Finding, Kind, Reference, View};
use crate::outcome::Mismatch;
use crate::run::CheckCtx;
use crate::timeline::index::{Ahead, Offsets};
use crate::timeline::{Topic, What};

/// The committed offsets of a group on a topic. All that is named must hold.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Committed {
    /// The consumer group.
    pub group: String,
    /// The topic.
    pub topic: String,
    /// `delivered`: no look ever shows an offset beyond an event that was not delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Mark>,
    /// `delivered`: every partition's offset is exactly one past what was delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<Mark>,
    /// `delivered`: every partition's offset reaches the last delivered event; one less is forgiven (it repeats one event).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covers: Option<Mark>,
    /// A data set: every partition's offset is past its records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub past: Option<String>,
    /// The program has committed at least once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub any: Option<bool>,
}

/// What offsets are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// What was delivered without a gap, partition by partition.
    Delivered,
}

impl Kind for Committed {
    const DOC: &'static str = "The offsets that a consumer group has committed, compared with what its program delivered.\n\n\
        A committed offset is a promise: everything before it is done, and a restart begins there. Committed too early, a crash loses events (`at_most: delivered` under `always`). \
        Committed too late, a crash repeats them (`covers`, `equals`). The offset to commit is that of the last event plus one.";
    const EXAMPLE: &'static str = "committed: { group: $(group), topic: $(topic), equals: delivered }";

    fn references(&self) -> Vec<Reference> {
        self.past.iter().map(|name| Reference::Data(name.clone())).collect()
    }

    fn lint(&self) -> Vec<Finding> {
        let asks = self.at_most.is_some() || self.equals.is_some() || self.covers.is_some() || self.past.is_some() || self.any == Some(true);
        if asks {
            return Vec::new();
        }
        vec![Finding::new("this asks for nothing", "add `at_most`, `equals`, `covers`, `past` or `any: true`")]
    }
}

impl Expect for Committed {
    async fn observe(&self, ctx: &CheckCtx) -> Result<()> {
        let asked = ctx.recorder().now();
        let offsets = ctx.kafka().committed(&self.group, &self.topic).await?;
        ctx.recorder().append(What::OffsetsSeen { group: self.group.as_str().into(), topic: self.topic.as_str().into(), asked, offsets });
        Ok(())
    }

    fn judge(&self, view: &View<'_>) -> Answer {
        let offsets = view.timeline.group(&self.group).and_then(|group| group.offsets.get(self.topic.as_str()));
        let (Some(offsets), Some(topic)) = (offsets.filter(|offsets| offsets.looks > 0), view.timeline.topic(&self.topic)) else {
            return Answer::NotShown(format!("the offsets of group {} were never looked at", self.group));
        };
        if self.at_most.is_some()
            && let Some(ahead) = offsets.ahead.first()
        {
            return Answer::Violated(self.ahead(view, topic, ahead, offsets));
        }
        if self.any == Some(true) && !offsets.moved {
            let message = format!("group {} has committed nothing", self.group);
            return Answer::NotYet(Mismatch::new(message, "at least one commit by your program", "no commit"));
        }
        if let Some(mismatch) = self.behind(view, topic, offsets) {
            return Answer::NotYet(mismatch);
        }
        // For an invariant, a group that never commits shows nothing: the clock asks for something that moved.
        Answer::holds(if offsets.moved { offsets.looks } else { 0 })
    }
}

impl Committed {
    fn ahead(&self, view: &View<'_>, topic: &Topic, ahead: &Ahead, offsets: &Offsets) -> Mismatch {
        let at = |offset: i64| topic.produced.iter().find(|record| record.partition == ahead.partition && record.offset == offset);
        let undelivered = at(ahead.frontier).and_then(|record| record.event.as_deref());
        let event = undelivered.map_or_else(|| format!("offset {}", ahead.frontier), |id| format!("event {id} (offset {})", ahead.frontier));
        let begun = undelivered.and_then(|id| self.first_attempt(view, id, ahead.at));
        let state = match begun {
            Some(begun) => format!("was still being delivered (its delivery began at {})", seconds(begun)),
            None => "had not been delivered at all".to_owned(),
        };
        let message = format!(
            "offset {} of partition {} was committed while {event} {state}: a crash at that moment loses it",
            ahead.committed, ahead.partition
        );
        let expected = format!("group {} commits at most offset {} there", self.group, ahead.frontier);
        let witnesses = offsets.ahead.iter().map(|ahead| {
            format!("partition {}: offset {} committed by {}, delivered up to {}", ahead.partition, ahead.committed, seconds(ahead.at), ahead.frontier)
        });
        let observed = format!("offset {} committed, seen at {}", ahead.committed, seconds(ahead.at));
        Mismatch::new(message, expected, observed).witnesses(witnesses).cause(cause_of_ahead(ahead, begun))
    }

    fn first_attempt(&self, view: &View<'_>, event: &str, before: u64) -> Option<u64> {
        let instances = view.timeline.instances_of(view.check);
        let mut attempts = instances.iter().flat_map(|(_, instance)| view.timeline.deliveries(instance));
        attempts.find(|delivery| delivery.event.as_deref() == Some(event) && delivery.begun <= before).map(|delivery| delivery.begun)
    }

    fn behind(&self, view: &View<'_>, topic: &Topic, offsets: &Offsets) -> Option<Mismatch> {
        let mut witnesses = Vec::new();
        let mut wanted = BTreeMap::new();
        for (partition, frontier) in &topic.frontiers {
            let committed = offsets.last.get(partition).copied();
            let frontier_at = frontier.at();
            let (holds, due) = match (self.equals, self.covers, frontier.last_delivered()) {
                // Nothing was delivered there: nothing needs to be committed.
                (_, _, None) => (self.equals.is_none() || committed.unwrap_or(0) <= frontier_at, 0),
                (Some(Mark::Delivered), _, Some(last)) => {
                    // Records that are no events may or may not be passed with the last event.
                    let low = last + 1;
                    (committed.is_some_and(|committed| (low..=frontier_at.max(low)).contains(&committed)), low)
                }
                (None, Some(Mark::Delivered), Some(last)) => (committed.is_some_and(|committed| committed >= last), last + 1),
                (None, None, _) => (true, 0),
            };
            if !holds {
                wanted.insert(*partition, due);
                witnesses.push(describe(*partition, committed, due));
            }
        }
        let mut past = self.past.iter().flat_map(|name| {
            let data = format!("{}/{name}", view.check);
            topic.produced.iter().filter(move |record| *record.data == *data)
        });
        if let Some(stuck) = past.find(|record| offsets.last.get(&record.partition).copied().unwrap_or(0) <= record.offset) {
            let committed = offsets.last.get(&stuck.partition).copied();
            witnesses.push(describe(stuck.partition, committed, stuck.offset + 1));
            wanted.insert(stuck.partition, stuck.offset + 1);
        }
        if witnesses.is_empty() {
            return None;
        }
        Some(self.explain_behind(offsets, &wanted, witnesses))
    }

    fn explain_behind(&self, offsets: &Offsets, wanted: &BTreeMap<i32, i64>, witnesses: Vec<String>) -> Mismatch {
        let one_less = wanted.iter().all(|(partition, due)| offsets.last.get(partition) == Some(&(due - 1)));
        let expected = if self.past.is_some() && self.equals.is_none() && self.covers.is_none() {
            "the committed offset of every partition is past the bad records"
        } else {
            "the committed offset of every partition is one past the last delivered event"
        };
        let (message, cause) = if !offsets.moved {
            (
                format!("group {} has committed nothing", self.group),
                "with enable.auto.commit off, offsets are committed only when your program calls commit()",
            )
        } else if one_less {
            (
                "the committed offset is that of the last delivered event, not the one after it".to_owned(),
                "the offset to commit is the next one to read: message.offset() + 1. As it is, every restart repeats one event per partition",
            )
        } else {
            (
                "what was delivered is not committed".to_owned(),
                "the commit comes on a timer, after a number of events, or not at all: commit also when input pauses and before the program stops",
            )
        };
        let observed = format!("offsets as of {}, last changed at {}", seconds(offsets.last_look.map_or(0, |(_, at)| at)), seconds(offsets.changed_at));
        Mismatch::new(message, expected, observed).witnesses(witnesses).cause(cause)
    }
}

fn describe(partition: i32, committed: Option<i64>, due: i64) -> String {
    let committed = committed.map_or_else(|| "nothing committed".to_owned(), |offset| format!("offset {offset} committed"));
    format!("partition {partition}: {committed}, {due} is due")
}

fn cause_of_ahead(ahead: &Ahead, begun: Option<u64>) -> &'static str {
    const LONG: u64 = 1_000_000_000;
    match begun {
        Some(begun) if ahead.at.saturating_sub(begun) > LONG => {
            "nothing in your program could ask for that while it waited for the answer: the client commits by itself, on a timer. \
             Turn it off (enable.auto.commit=False, in confluent-kafka it runs every 5 s in the background) and commit after the POST was answered with 2xx"
        }
        _ if ahead.committed - ahead.frontier > 1 => {
            "the commit covers events that were fetched but not delivered yet: in confluent-kafka commit() without arguments commits what was polled. \
             Commit explicit offsets of delivered events only: commit(offsets=[TopicPartition(topic, partition, offset + 1)])"
        }
        _ => "the offset was committed before the answer of the POST, or although it was no 2xx: commit after the event was delivered",
    }
}
