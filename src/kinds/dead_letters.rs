//! `dead-letters`: what a program put aside into its dead-letter topic, byte by byte.

mod letter;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::letter::{Change, Found, Known};
use super::records::{place, short};
use super::view::{count, lack, part, seconds};
use super::{Answer, Expect, Finding, Kind, Reference, View};
use crate::lab::data::Format;
use crate::outcome::{Mismatch, Subject};
use crate::run::CheckCtx;
use crate::timeline::Record;

/// The records of a dead-letter topic, compared with those that belong there.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeadLetters {
    /// The dead-letter topic.
    pub topic: String,
    /// The topic that the program reads.
    pub from: String,
    /// Data sets whose records belong there: each of them once, unchanged and with a header `error`, and nothing else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub every: Vec<String>,
    /// Nothing belongs there. Shown only when the program delivered something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub none: Option<bool>,
}

impl Kind for DeadLetters {
    const DOC: &'static str = "The dead-letter topic: records that a program could not handle and put aside, so that the others need not wait.\n\n\
        A dead letter is of use only when it is the record as it was: key and value byte by byte, its headers (in any order) and beside them `error`, which says why. More headers of the program's own do no harm. \
        What can be handled later, such as an event that a service refuses for the moment, is no dead letter.";
    const EXAMPLE: &'static str = "dead-letters: { topic: $(topic)-dlq, from: $(topic), every: [events] }";

    fn references(&self) -> Vec<Reference> {
        self.every.iter().map(|name| Reference::Data(name.clone())).collect()
    }

    fn lint(&self) -> Vec<Finding> {
        match (self.every.is_empty(), self.none == Some(true)) {
            (false, false) | (true, true) => Vec::new(),
            (false, true) => vec![Finding::at("none", "either the records of `every` belong there, or none", "remove one of the two")],
            (true, false) => vec![Finding::new("this asks for nothing", "add `every: [bad]`, or `none: true`")],
        }
    }
}

impl Expect for DeadLetters {
    async fn observe(&self, ctx: &CheckCtx) -> Result<()> {
        ctx.read_topic(&self.topic).await
    }

    fn judge(&self, view: &View<'_>) -> Answer {
        let Some(topic) = view.timeline.topic(&self.topic) else {
            return Answer::NotShown(format!("topic {} was never looked at", self.topic));
        };
        if let Some((_, None)) = topic.description {
            return Answer::NotShown(format!("there is no topic {}: a check creates it before a program is started", self.topic));
        }
        let known = Known::of(view, &self.from, &self.every);
        let letters: Vec<_> = topic.records(view.timeline).map(|record| (record, known.find(&record))).collect();
        let mut arrived: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        let (mut changes, mut events, mut strangers) = (Vec::new(), Vec::new(), Vec::new());
        for (record, found) in &letters {
            match found {
                Found::Bad(nth, change) => {
                    arrived.entry(*nth).or_default().push(place(record));
                    changes.extend(change.as_ref().map(|change| (*nth, place(record), change)));
                }
                Found::Event(id) => events.push((*id, record)),
                Found::Stranger(shown) => strangers.push(format!("{}: {shown}", place(record))),
            }
        }
        if !events.is_empty() {
            return Answer::Violated(view.with_ends(self.of_events(view, &events)));
        }
        if !changes.is_empty() {
            // What is changed will not mend; but the whole picture says more than the first piece of it.
            changes.sort_by_key(|(nth, _, _)| *nth);
            let mismatch = view.with_ends(changed(&known, &changes, letters.len()));
            return if arrived.len() == known.len() { Answer::Violated(mismatch) } else { Answer::NotYet(mismatch) };
        }
        if !strangers.is_empty() {
            let message = format!("the dead-letter topic holds {} that nobody wrote to topic {}", count(strangers.len() as u64, "record"), self.from);
            let mismatch = Mismatch::new(message, "the bad records, as they were", count(letters.len() as u64, "dead letter")).witnesses(strangers);
            return Answer::Violated(mismatch.cause("send the record itself: key and value as they were read, not a message about it. What went wrong goes into the header `error`").about(Subject::DeadLetters));
        }
        let twice: Vec<_> = arrived.iter().filter(|(_, places)| places.len() > 1).collect();
        if !twice.is_empty() {
            let message = format!("{} sent to the dead-letter topic more than once", lots(twice.len(), "record was", "records were"));
            let witnesses = twice.iter().map(|(nth, places)| format!("{}: {}", known.name(**nth), places.join(" and ")));
            let mismatch = Mismatch::new(message, "each bad record once", count(letters.len() as u64, "dead letter")).witnesses(witnesses);
            let cause = "a record that was put aside is done: commit the offset behind it, at the latest when the program stops. As it is, a restart reads it again";
            return Answer::Violated(mismatch.cause(cause).about(Subject::DeadLetters));
        }
        let missing: Vec<_> = (0..known.len()).filter(|nth| !arrived.contains_key(nth)).collect();
        if !missing.is_empty() {
            return Answer::NotYet(view.with_ends(missing_ones(view, &known, &missing)));
        }
        if !self.every.is_empty() {
            return Answer::holds(letters.len() as u64);
        }
        let delivered = view.timeline.instances_of(view.check).into_iter().flat_map(|(_, instance)| view.timeline.deliveries(instance));
        Answer::holds(delivered.filter(|delivery| delivery.done()).count() as u64)
    }
}

impl DeadLetters {
    /// Events that can be decoded are no dead letters.
    fn of_events(&self, view: &View<'_>, events: &[(&str, &Record<'_>)]) -> Mismatch {
        let refused = |id: &str| {
            let deliveries = view.timeline.instances_of(view.check).into_iter().flat_map(|(_, instance)| view.timeline.deliveries(instance));
            deliveries.filter(|delivery| delivery.event.as_deref() == Some(id)).filter_map(|delivery| delivery.answered).find(|(_, status)| *status >= 400)
        };
        let one = |(id, record): &(&str, &Record<'_>)| format!("{}: dead letter at {}", view.event_place(&self.from, id), place(record));
        let witnesses = events.iter().take(1).map(one).chain(events.first().and_then(|(id, record)| reason(view, id, record))).chain(events.iter().skip(1).map(one));
        let message = format!("{} in the dead-letter topic", lots(events.len(), "event that can be decoded is", "events that can be decoded are"));
        let expected = "only records with an unknown or missing content type, or with bytes that do not decode";
        let cause = match events.first().and_then(|(id, _)| refused(id)) {
            Some((_, status)) => format!(
                "the sink had answered {status}: it is the service that fails for a moment, not the record. Post the event again until the answer is 2xx, \
                 or stop without committing it"
            ),
            None => taken_for_undecodable(view, events),
        };
        let about = if events.first().and_then(|(id, _)| refused(id)).is_some() { Subject::AtLeastOnce } else { Subject::Headers };
        Mismatch::new(message, expected, count(events.len() as u64, "event")).witnesses(witnesses).cause(cause).about(about)
    }
}

/// What tells the events that a program put aside from those that it delivered: their format, or a header that stands before the one that counts.
fn taken_for_undecodable(view: &View<'_>, events: &[(&str, &Record<'_>)]) -> String {
    let instances = view.timeline.instances_of(view.check);
    let done = instances.iter().flat_map(|(_, instance)| view.timeline.deliveries(instance)).filter(|delivery| delivery.done());
    let delivered: BTreeSet<&str> = done.filter_map(|delivery| delivery.event.as_deref()).collect();
    // What holds for all that were put aside and for none that was delivered explains it; without a delivery there is nothing to compare with.
    let explains = |holds: &dyn Fn(&str) -> bool| {
        events.iter().all(|(id, _)| holds(id)) && !delivered.is_empty() && !delivered.iter().any(|id| holds(id))
    };
    let behind = explains(&|id| stands_behind_others(view, id));
    let format = [Format::Json, Format::Msgpack, Format::Avro].into_iter().find(|format| explains(&|id| format_of(view, id) == Some(*format)));
    let what = match (behind, format) {
        (true, None) => {
            "in each of these records, and in none that was delivered, `content-type` is not the first header. \
             Choose the decoder by the header's name, wherever it stands among the headers"
                .to_owned()
        }
        (false, Some(Format::Avro)) => "all of these are Avro, and no Avro record was delivered. By which schema does it read them? It is the one in AVRO_SCHEMA, \
             whose fields stand in another order in each run"
            .to_owned(),
        (false, Some(format)) => {
            format!("all of these are {0}, and no {0} record was delivered. Choose the decoder by the value of the header `content-type`", format.name())
        }
        _ => "choose the decoder by the value of the header `content-type`, wherever that stands among the headers, and read Avro by the schema in AVRO_SCHEMA"
            .to_owned(),
    };
    format!("your program takes for undecodable what it has to decode: {what}. What it wrote into the header `error` of its dead letters says more")
}

/// In which format an event was written, and why the program put it aside.
fn reason(view: &View<'_>, id: &str, letter: &Record<'_>) -> Option<String> {
    let format = format_of(view, id)?;
    let said = letter.header_list().into_iter().find(|(name, _)| name == letter::REASON).and_then(|(_, reason)| reason)?;
    Some(format!("it was written as {}, and its header `{}` says: {}", format.name(), letter::REASON, short(said.as_bytes())))
}

fn missing_ones(view: &View<'_>, known: &Known<'_>, missing: &[usize]) -> Mismatch {
    let total = known.len() as u64;
    let verbs = ["is in the dead-letter topic", "is not in the dead-letter topic", "are not in the dead-letter topic"];
    let message = lack(missing.len() as u64, total, "bad record", verbs);
    let observed = format!("{} there", part(total - missing.len() as u64, total, "bad record"));
    let deliveries: Vec<_> =
        view.timeline.instances_of(view.check).into_iter().flat_map(|(_, instance)| view.timeline.deliveries(instance)).collect();
    let posted = |nth: usize| {
        let id = known.claimed(nth)?;
        deliveries.iter().find(|delivery| delivery.event.as_deref() == Some(&*id)).map(|delivery| seconds(delivery.begun))
    };
    let witnesses = missing.iter().map(|nth| match posted(*nth) {
        Some(at) => format!("{}: posted to the sink at {at}", known.name(*nth)),
        None => known.name(*nth),
    });
    let undecodable = missing.iter().any(|nth| known.has_known_type(*nth));
    let unnamed = missing.iter().any(|nth| !known.has_known_type(*nth));
    let cause = if missing.iter().any(|nth| posted(*nth).is_some()) {
        "your program takes a record for JSON although its header does not say so, and posts it. What it looks like is a guess: without a known content type it \
         belongs into the topic in KAFKA_DLQ_TOPIC"
    } else if unnamed && !undecodable {
        "what is missing are records with an unknown or missing content type: your program passes over them. Nobody can repair what was dropped: send them to \
         the topic in KAFKA_DLQ_TOPIC"
    } else if undecodable && !unnamed {
        "what is missing are records whose bytes do not decode by their content type: catch the decoder's error, and send the record to the topic in \
         KAFKA_DLQ_TOPIC"
    } else {
        "send each record that cannot be decoded to the topic in KAFKA_DLQ_TOPIC, and wait until it is stored (flush()) before its offset is committed"
    };
    Mismatch::new(message, format!("all {}", count(total, "bad record")), observed).witnesses(witnesses).cause(cause).about(Subject::DeadLetters)
}

/// What was changed: the first letter's change, and all of its kind.
fn changed(known: &Known<'_>, changes: &[(usize, String, &Change)], letters: usize) -> Mismatch {
    let Some((_, _, first)) = changes.first() else { return Mismatch::default() };
    let alike: Vec<_> = changes.iter().filter(|(_, _, change)| change.part() == first.part()).collect();
    let [one, some] = first.part();
    let message = format!("{} {}", part(alike.len() as u64, letters as u64, "dead letter"), if alike.len() == 1 { one } else { some });
    let witnesses = alike.iter().map(|(nth, place, change)| format!("{}, dead letter at {place}: {}", known.name(*nth), change.shown()));
    Mismatch::new(message, "key, value and headers as they were, and beside them a header `error`", first.shown()).witnesses(witnesses).cause(first.cause()).about(Subject::DeadLetters)
}

/// Whether the grader wrote other headers of an event before its content type.
fn stands_behind_others(view: &View<'_>, id: &str) -> bool {
    let record = view.data.values().flat_map(|set| set.records()).find(|record| record.event.as_deref() == Some(id));
    record.is_some_and(|record| record.headers.iter().position(|(name, _)| name == "content-type").is_some_and(|place| place > 0))
}

/// The format that the grader wrote an event in.
fn format_of(view: &View<'_>, id: &str) -> Option<Format> {
    let records = view.data.values().flat_map(|set| set.records());
    let record = records.into_iter().find(|record| record.event.as_deref() == Some(id))?;
    let (_, value) = record.headers.into_iter().find(|(name, _)| name == "content-type")?;
    [Format::Json, Format::Msgpack, Format::Avro].into_iter().find(|format| format.content_type() == value)
}

/// `one event is`, `3 events are`.
fn lots(number: usize, one: &str, some: &str) -> String {
    if number == 1 { format!("one {one}") } else { format!("{number} {some}") }
}

#[cfg(test)]
mod tests;
