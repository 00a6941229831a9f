//! `delivered`: what the learner's program handed to the sink.

mod loss;
mod silence;

use std::collections::{BTreeSet, HashMap, HashSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::view::{count, lack, seconds, short_name};
use super::records::{difference, same};
use super::{Answer, Expect, Finding, Kind, Reference, View};
use crate::outcome::{Mismatch, Moment, Subject};
use crate::timeline::{Delivery, Instance};

/// Events reached the sink: answered with 2xx while the client was still there. All that is named must hold.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Delivered {
    /// Only what this instance delivers counts; without it, what any instance of the check delivers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Data sets of which every event is delivered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub every: Vec<String>,
    /// How often each event of `every` may be delivered (at_least_once).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<Times>,
    /// How many deliveries have begun, answered or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<u64>,
    /// Nothing but known events may be posted: bad records must not be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nothing_else: Option<bool>,
}

/// How often an event is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Times {
    /// Once or more: repeats after a crash are right.
    AtLeastOnce,
    /// Once: nothing went wrong, so nothing may be repeated.
    ExactlyOnce,
}

impl Kind for Delivered {
    const DOC: &'static str = "What the learner's program handed to the sink. An event counts as delivered when its POST was answered with 2xx while the client was still there.\n\n\
        The sink answers in turn, so `delivered` and a committed offset can be put in order: that is what shows whether a consumer commits before or after its work.";
    const EXAMPLE: &'static str = "delivered: { every: [events], times: exactly_once }";

    fn references(&self) -> Vec<Reference> {
        let data = self.every.iter().map(|name| Reference::Events(name.clone()));
        data.chain(self.by.iter().map(|name| Reference::Instance(name.clone()))).collect()
    }

    fn lint(&self) -> Vec<Finding> {
        if self.every.is_empty() && self.begun.is_none() && self.nothing_else != Some(true) {
            return vec![Finding::new("this asks for nothing", "add `every`, `begun` or `nothing_else: true`")];
        }
        if self.begun == Some(0) {
            return vec![Finding::at("begun", "0 deliveries would pass without anything having happened", "ask for at least 1")];
        }
        if self.times.is_some() && self.every.is_empty() {
            return vec![Finding::at("times", "`times` says how often the events of `every` come, but there is no `every`", "name the data sets: `every: [events]`")];
        }
        Vec::new()
    }
}

impl Expect for Delivered {
    fn judge(&self, view: &View<'_>) -> Answer {
        let deliveries = self.deliveries(view);
        let mut done: Vec<(&str, &Delivery)> = Vec::new();
        for delivery in &deliveries {
            match judge_body(view, delivery) {
                Body::Event(id) => {
                    if delivery.done() {
                        done.push((id, delivery));
                    }
                }
                Body::Changed(mismatch) => return Answer::Violated(mismatch),
                Body::Stranger(mismatch) if self.nothing_else == Some(true) => return Answer::Violated(mismatch),
                Body::Stranger(_) => {}
            }
        }
        // What only counts what has begun asks for no event.
        let delivered: HashSet<&str> = if self.every.is_empty() { HashSet::new() } else { done.iter().map(|(id, _)| *id).collect() };
        if self.times == Some(Times::ExactlyOnce)
            && delivered.len() < done.len()
            && let Some(mismatch) = self.repeated(view, &done)
        {
            return Answer::Violated(mismatch);
        }
        if let Some(wanted) = self.begun
            && (deliveries.len() as u64) < wanted
        {
            let seen = count(deliveries.len() as u64, "delivery");
            let mismatch = if deliveries.is_empty() {
                self.nothing(view, format!("{} begun", count(wanted, "delivery")))
            } else {
                let message = format!("your program began {seen} and no more");
                Mismatch::new(message, format!("{} begun", count(wanted, "delivery")), format!("{seen} begun"))
            };
            return self.not_yet(view, mismatch);
        }
        if let Some(mismatch) = self.missing(view, &delivered) {
            return self.not_yet(view, mismatch);
        }
        Answer::holds(deliveries.len() as u64)
    }
}

enum Body<'a> {
    Event(&'a str),
    Changed(Mismatch),
    Stranger(Mismatch),
}

/// Compares what was posted with the event that it claims to be.
fn judge_body<'a>(view: &View<'a>, delivery: &'a Delivery) -> Body<'a> {
    if let (Some(id), Some(true)) = (delivery.event.as_deref(), delivery.is_its_event.get()) {
        return Body::Event(id);
    }
    let body = view.timeline.body(delivery);
    let event = delivery.event.as_deref().and_then(|id| view.event(id));
    let Some(event) = event else {
        let shown: String = String::from_utf8_lossy(body).chars().take(80).collect();
        let message = "your program posted something that is not an event";
        let mismatch = Mismatch::new(message, "only events are posted", format!("posted at {}: {shown}", seconds(delivery.begun)))
            .cause("a record that is not a JSON object is to be reported on standard error and passed over, not posted")
            .about(Subject::BadRecords)
            .moment(moment_of(delivery));
        return Body::Stranger(mismatch);
    };
    let read = || serde_json::from_slice::<Value>(body).unwrap_or_default();
    if *delivery.is_its_event.get_or_init(|| same(&read(), &event.json)) {
        return Body::Event(&event.id);
    }
    let json = read();
    let message = format!("event {} was posted with other content", event.id);
    let observed = format!("posted at {}: {}", seconds(delivery.begun), difference(&event.json, &json));
    let cause = "post the record's value as it is, or the same JSON again: every field as in Kafka, encoded as UTF-8";
    Body::Changed(Mismatch::new(message, "the body is the event as it is in Kafka, field by field", observed).cause(cause).moment(moment_of(delivery)))
}

/// When and where a delivery began.
fn moment_of(delivery: &Delivery) -> Moment {
    let moment = Moment::at(delivery.begun).of(&delivery.instance);
    match &delivery.record {
        Some((topic, partition, _)) => moment.in_partition(topic, *partition),
        None => moment,
    }
}

impl Delivered {
    /// When an event was lost: when its last delivery failed.
    fn moment_of_loss(&self, view: &View<'_>, event: &str) -> Option<Moment> {
        let attempts = self.deliveries(view).into_iter().filter(|delivery| delivery.event.as_deref() == Some(event));
        let last = attempts.max_by_key(|delivery| delivery.begun)?;
        let ended = last.abandoned.or(last.answered.map(|(at, _)| at)).unwrap_or(last.begun);
        Some(Moment { at_ns: ended, ..moment_of(last) })
    }

    fn deliveries<'a>(&self, view: &View<'a>) -> Vec<&'a Delivery> {
        let instances = match &self.by {
            Some(name) => view.instance(name).into_iter().collect(),
            None => view.timeline.instances_of(view.check).into_iter().map(|(_, instance)| instance).collect::<Vec<_>>(),
        };
        instances.into_iter().flat_map(|instance| view.timeline.deliveries(instance)).collect()
    }

    fn repeated(&self, view: &View<'_>, done: &[(&str, &Delivery)]) -> Option<Mismatch> {
        let wanted = view.event_ids(&self.every);
        let mut times: HashMap<&str, Vec<&Delivery>> = HashMap::new();
        for (id, delivery) in done {
            times.entry(id).or_default().push(delivery);
        }
        let mut twice: Vec<_> = times.iter().filter(|(id, done)| done.len() > 1 && wanted.contains(**id)).collect();
        if twice.is_empty() {
            return None;
        }
        twice.sort_by_key(|(id, done)| (done.get(1).map(|delivery| delivery.begun), **id));
        let witnesses = twice.iter().map(|(id, done)| {
            let moments: Vec<_> = done.iter().map(|delivery| format!("by `{}` at {}", short_name(&delivery.instance), seconds(delivery.begun))).collect();
            let topic = done.first().and_then(|delivery| delivery.record.as_ref()).map_or("", |(topic, _, _)| topic);
            format!("{}: {}", view.event_place(topic, id), moments.join(" and "))
        });
        let what = if twice.len() == 1 { "one event was".to_owned() } else { format!("{} events were", twice.len()) };
        let observed = format!("{} more than once", count(twice.len() as u64, "event"));
        let restarted = twice.iter().any(|(_, done)| done.iter().any(|delivery| Some(&delivery.instance) != done.first().map(|first| &first.instance)));
        let cause = if restarted {
            "what one instance had delivered, the next one read again: a restart begins at the committed offset. \
             Commit the offset after the last delivered event (its offset + 1) before the program ends"
        } else {
            "an event whose POST was answered with 2xx is done: do not post it again"
        };
        let mismatch = Mismatch::new(format!("{what} delivered more than once"), "each event delivered once", observed);
        let moment = twice.first().and_then(|(_, done)| done.get(1)).map(|delivery| moment_of(delivery));
        let about = if restarted { Subject::CommittedOffset } else { Subject::AtLeastOnce };
        Some(Mismatch { moment, ..mismatch.witnesses(witnesses).cause(cause).about(about) })
    }

    fn missing(&self, view: &View<'_>, delivered: &HashSet<&str>) -> Option<Mismatch> {
        let wanted = view.event_ids(&self.every);
        let lost: Vec<_> = wanted.iter().filter(|id| !delivered.contains(**id)).collect();
        if lost.is_empty() {
            return None;
        }
        let (all, done) = (count(wanted.len() as u64, "event"), wanted.len() - lost.len());
        let deliveries = self.deliveries(view);
        let Some(first) = deliveries.first() else { return Some(self.nothing(view, format!("all {all}"))) };
        let message = lack(lost.len() as u64, wanted.len() as u64, "event", ["was delivered", "was not delivered", "were not delivered"]);
        let topic = deliveries.iter().find_map(|delivery| delivery.record.as_ref().map(|(topic, _, _)| topic.to_string()));
        let witnesses = lost.iter().map(|id| view.event_place(topic.as_deref().unwrap_or(""), id));
        let mismatch = Mismatch::new(message, format!("all {all}"), format!("{done} delivered")).witnesses(witnesses);
        let mismatch = Mismatch { moment: lost.first().and_then(|id| self.moment_of_loss(view, id)), ..mismatch };
        // What is posted in another form explains why no event arrived.
        Some(match judge_body(view, first) {
            Body::Stranger(other) if done == 0 => {
                mismatch.cause(format!("what your program posts is not an event: the body must be the event's JSON. It {}", other.observed))
            }
            _ => {
                let unread = unread_partitions(view, &lost, &deliveries).map(|cause| (cause, Subject::Subscription));
                match unread.or_else(|| loss::cause(view, &lost, &deliveries)) {
                    Some((cause, about)) => mismatch.cause(cause).about(about),
                    None => mismatch,
                }
            }
        })
    }

    /// No POST at all.
    fn nothing(&self, view: &View<'_>, expected: String) -> Mismatch {
        let who = self.by.as_ref().map_or_else(|| "your program".to_owned(), |name| format!("`{name}`"));
        let mismatch = Mismatch::new(format!("{who} delivered nothing to the sink"), expected, "no POST at all");
        // Where another instance did deliver, what stops this one is what it meets first.
        if let Some(cause) = loss::stands_next(view, &view.event_ids(&self.every)) {
            return mismatch.cause(cause).about(Subject::BadRecords);
        }
        if !self.running(view) {
            return mismatch;
        }
        let silence::Silence { cause, about } = silence::explain(view, self.by.as_deref());
        Mismatch { about, ..mismatch.cause(cause) }
    }

    fn running(&self, view: &View<'_>) -> bool {
        match &self.by {
            Some(name) => view.instance(name).is_some_and(Instance::alive),
            None => view.timeline.instances_of(view.check).iter().any(|(_, instance)| instance.alive()),
        }
    }

    /// Not yet; or never, when nobody is left who could deliver.
    fn not_yet(&self, view: &View<'_>, mismatch: Mismatch) -> Answer {
        let over = match &self.by {
            Some(name) => view.instance(name).is_some_and(|instance| instance.over()),
            None => {
                let instances = view.timeline.instances_of(view.check);
                !instances.is_empty() && instances.iter().all(|(_, instance)| instance.over())
            }
        };
        let mismatch = view.with_ends(mismatch);
        if over { Answer::Violated(mismatch) } else { Answer::NotYet(mismatch) }
    }
}

/// What is missing is all that some partitions hold, and nothing of the others.
fn unread_partitions(view: &View<'_>, lost: &[&&str], deliveries: &[&Delivery]) -> Option<String> {
    let written = |id: &str| {
        let (topic, _, _) = deliveries.iter().find_map(|delivery| delivery.record.as_ref())?;
        view.timeline.topic(topic)?.written(id).map(|record| record.partition)
    };
    let unread: BTreeSet<i32> = lost.iter().map(|id| written(id)).collect::<Option<_>>()?;
    let read: BTreeSet<i32> = deliveries.iter().filter_map(|delivery| delivery.record.as_ref()).map(|(_, partition, _)| *partition).collect();
    if unread.is_empty() || read.is_empty() || !unread.is_disjoint(&read) {
        return None;
    }
    let list = |partitions: &BTreeSet<i32>| partitions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    Some(format!(
        "nothing at all came from partitions {}, only from {}: read every partition of the topic. subscribe() lets the group give them to you; \
         with assign() you get those that you name and no others",
        list(&unread),
        list(&read)
    ))
}

#[cfg(test)]
mod tests;
