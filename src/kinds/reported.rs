//! `reported`: a producer says what it could not store.

mod unheard;

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::unheard::Unheard;
use super::client::Client;
use super::records::{Facts, place};
use super::view::{count, lack, part, seconds};
use super::{Answer, Evidence, Expect, Kind, Reference, View};
use crate::lab::data::Format;
use crate::outcome::{Mismatch, Moment, Subject};
use crate::run::CheckCtx;
use crate::timeline::event::{Signal, Stream};

/// An instance that could not store every event ended with another code than 0 and named at least one of them on standard error, and none that
/// is stored. One that stored all of them ended with 0.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reported {
    /// The instance.
    pub by: String,
    /// The topic that it wrote to, and nobody else.
    pub topic: String,
    /// The data set that it was to write.
    pub of: String,
}

impl Kind for Reported {
    const DOC: &'static str = "A producer says the truth about what it could not store: its exit code is not 0, and standard error holds the `event_id` of at least one event that is not in the topic, \
        and of none that is. When every event is there, its exit code is 0.\n\n\
        Sending is asynchronous: an error comes later, to a callback or a future. A program that does not look there ends as if all were well, and nobody knows of the loss. \
        What is missing is read from the topic, whatever the program believes. Of a producer that gave up as a whole at an error, what Kafka stored without its hearing of it may be named, too.";
    const EXAMPLE: &'static str = "reported: { by: first, topic: $(topic), of: events }";

    fn references(&self) -> Vec<Reference> {
        vec![Reference::Instance(self.by.clone()), Reference::Events(self.of.clone())]
    }
}

impl Expect for Reported {
    async fn observe(&self, ctx: &CheckCtx) -> Result<()> {
        ctx.read_topic(&self.topic).await
    }

    fn judge(&self, view: &View<'_>) -> Answer {
        let Some(instance) = view.instance(&self.by) else {
            return Answer::NotShown(format!("`{}` was not started", self.by));
        };
        let Some(topic) = view.timeline.topic(&self.topic).filter(|topic| matches!(topic.description, Some((_, Some(_))))) else {
            return Answer::NotShown(format!("topic {} was never seen", self.topic));
        };
        let Some(exit) = instance.exits.last().filter(|_| !instance.alive()) else {
            return Answer::NotYet(Mismatch::new(format!("`{}` is still running", self.by), "it ends by itself", "still running"));
        };
        let facts = Facts::of(topic.records(view.timeline), view.data_set(&self.of), Format::Json, false);
        let stored: BTreeSet<&str> = facts.records.iter().filter_map(|fact| Some(fact.event?.id.as_str())).collect();
        let missing: BTreeSet<&str> = facts.events.iter().map(|event| event.id.as_str()).filter(|id| !stored.contains(id)).collect();
        let total = facts.events.len() as u64;
        let gone = part(missing.len() as u64, total, "event");
        let lost = lack(missing.len() as u64, total, "event", ["is in Kafka", "is not in Kafka", "are not in Kafka"]);
        let moment = Moment::at(exit.at).of(&view.full_name(&self.by));
        let not_yet = |mismatch: Mismatch| Answer::NotYet(mismatch.about(Subject::FailureReports).moment(moment.clone()));
        if let Some((at, _)) = instance.signals.iter().find(|(_, signal)| *signal == Signal::Kill).filter(|(at, _)| *at <= exit.at) {
            let message = format!("`{}` did not end by itself: kgrade killed it at {}", self.by, seconds(*at));
            let cause = "an event that cannot be stored must end the wait for it: let the producer give up, and end the program";
            return not_yet(Mismatch::new(message, "it ends by itself, and says what is missing", "killed by kgrade").cause(cause));
        }
        let report = Client::of(view, &view.full_name(&self.by)).producing().report;
        match exit.code {
            Some(0) if missing.is_empty() => return Answer::holds(total),
            Some(0) => {
                let message = format!("`{}` ended with exit code 0, as if all were well, but {lost}", self.by);
                let mismatch = Mismatch::new(message, "an exit code other than 0, and on standard error which event is missing", "exit code 0");
                let witnesses = missing.iter().map(|id| format!("event {id} is not in the topic"));
                return not_yet(mismatch.witnesses(witnesses).cause(format!("the error of a send comes later, in {report}: look there, and end with exit code 1 when there was one")));
            }
            Some(code) if missing.is_empty() => {
                let message = format!("`{}` ended with exit code {code}, but all {} are in Kafka", self.by, count(total, "event"));
                let mismatch = Mismatch::new(message, "exit code 0 when every event is stored", format!("exit code {code}"));
                return not_yet(match view.last_words(&self.by) {
                    Some(words) => mismatch.cause(words),
                    None => mismatch,
                });
            }
            Some(_) => {}
            None => {
                let message = format!("`{}` did not end by itself with an exit code", self.by);
                return not_yet(view.with_ends(Mismatch::new(message, "an exit code other than 0, and on standard error which event is missing", "ended by a signal")));
            }
        }
        let known: BTreeSet<&str> = facts.events.iter().map(|event| event.id.as_str()).collect();
        let named = named(view, instance, &known);
        let unheard = LazyCell::new(|| Unheard::of(view, &view.full_name(&self.by), &self.topic, total));
        let named_though_stored = facts.records.iter().filter_map(|fact| Some((fact.event?.id.as_str(), &fact.record))).filter(|(id, _)| named.contains(id));
        let wrong: BTreeMap<&str, String> = named_though_stored.filter(|(_, record)| !unheard.holds(record)).map(|(id, record)| (id, place(record))).collect();
        if let Some(first) = wrong.keys().next() {
            let which = if wrong.len() == 1 { format!("event {first}, which is") } else { format!("{} that are", count(wrong.len() as u64, "event")) };
            let message = format!("standard error of `{}` names {which} in Kafka", self.by);
            let expected = format!("only events that are not in Kafka; here {gone} {} missing", is(missing.len()));
            let witnesses = wrong.iter().map(|(id, place)| format!("event {id}: {place}"));
            let cause = format!("name an event only for an error of its own: it comes in {report}. The error of one event says nothing of the others");
            return not_yet(Mismatch::new(message, expected, format!("{} named that {} stored", count(wrong.len() as u64, "event"), is(wrong.len()))).witnesses(witnesses).cause(cause));
        }
        // What was cut may have named any event.
        if instance.cut.contains(&Stream::Stderr) {
            return Answer::NotShown(format!("`{}` wrote more on standard error than is kept, so that not all that it reported is known", self.by));
        }
        let right = named.iter().filter(|id| missing.contains(*id)).count() as u64;
        if right == 0 {
            let message = format!("{lost}, and standard error of `{}` names none of them", self.by);
            let mismatch = Mismatch::new(message, "the event_id of at least one missing event, as it stands in the event", "no event_id");
            let witnesses = missing.iter().map(|id| format!("event {id} is not in the topic"));
            return not_yet(mismatch.witnesses(witnesses).cause(format!("an error comes in {report}: remember the event_id with each send, and print it there")));
        }
        Answer::Holds(Evidence::of(right))
    }
}

fn is(number: usize) -> &'static str {
    if number == 1 { "is" } else { "are" }
}

/// The events of a data set that an instance named on standard error, each once.
fn named<'a>(view: &View<'a>, instance: &crate::timeline::Instance, known: &BTreeSet<&'a str>) -> BTreeSet<&'a str> {
    let lines = view.timeline.lines(instance).filter(|(_, stream, _)| *stream == Stream::Stderr);
    let words = lines.flat_map(|(_, _, text)| text.split(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '-')));
    words.filter_map(|word| known.get(word).copied()).collect()
}

#[cfg(test)]
mod tests;
