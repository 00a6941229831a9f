//! `findings`: what a diagnosis program reports about a cluster, against what is wrong with it.

mod compare;
mod fault;
mod reported;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::compare::{Compared, compare};
pub use self::fault::{Fault, Problem};
use self::reported::read;
use super::json_line::{Printed, printed};
use super::traffic::Traffic;
use super::view::count;
use super::{Answer, Expect, Finding, Kind, Reference, View};
use crate::outcome::{Mismatch, Moment, Subject};
use crate::timeline::event::What;
use crate::timeline::wire::Api;

/// A program reports these faults and no others, in one JSON line `{"findings": [{"problem", "topic", "partition", "group"}]}`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Findings {
    /// The instance that reports.
    pub by: String,
    /// The faults that are there; `[]` for none.
    pub faults: Vec<Fault>,
}

impl Kind for Findings {
    const DOC: &'static str = "What a diagnosis program reports about a cluster: every fault that is there, and nothing else. The faults are compared as a set; \
        each problem has fields that say where it is (a stuck partition: topic, partition and group; a wrong retention: the topic), and what a finding says beyond them is not compared.\n\n\
        A finding without its place helps nobody, and a false alarm at night is the last that anybody read. \
        A program that reports nothing must have asked for committed offsets at least: who has not looked has not found that all is well.";
    const EXAMPLE: &'static str = "findings: { by: first, faults: [ { problem: wrong-retention, topic: $(topic) } ] }";

    fn references(&self) -> Vec<Reference> {
        vec![Reference::Instance(self.by.clone())]
    }

    fn lint(&self) -> Vec<Finding> {
        self.faults.iter().filter_map(Fault::lint).collect()
    }
}

impl Expect for Findings {
    fn judge(&self, view: &View<'_>) -> Answer {
        let Some(instance) = view.instance(&self.by) else {
            return Answer::NotShown(format!("`{}` was not started", self.by));
        };
        if instance.alive() {
            return Answer::NotYet(Mismatch::new(format!("`{}` is still running", self.by), "its findings", "still running"));
        }
        let (object, at) = match printed(view, &self.by, &["findings"]) {
            Printed::Object(object, at) => (object, at),
            Printed::Wrong(mismatch) => return Answer::Violated(mismatch),
        };
        let reported = match read(&object) {
            Ok(reported) => reported,
            Err(slip) => return Answer::Violated(slip.mismatch(&self.by)),
        };
        let moment = Moment::at(at).of(&view.full_name(&self.by));
        let compared = compare(&self.faults, &reported);
        if compared.is_right() {
            return self.looked(view, reported.len() as u64);
        }
        // Where the grader's own services stood still, what a right program had to see was perhaps not there to be seen.
        let stalls = Stall::of(view, instance.starts.first().map_or(0, |(at, _)| *at));
        let certain = compared.outside(|topic| stalls.iter().any(|stall| *stall.topic == *topic));
        match (certain.is_right(), stalls.first()) {
            (true, Some(stall)) => Answer::NotShown(stall.reason()),
            _ => Answer::Violated(self.wrong(&certain, reported.is_empty()).moment(moment)),
        }
    }
}

impl Findings {
    /// What is missing or should not be there.
    fn wrong(&self, Compared { missing, alarms }: &Compared<'_>, silent: bool) -> Mismatch {
        let (planted, found) = (self.faults.len() as u64, (self.faults.len() - missing.len()) as u64);
        let expected = if planted == 0 { "no findings: all is well".to_owned() } else { format!("{}, and nothing else", count(planted, "fault")) };
        let observed = match alarms.len() as u64 {
            0 => format!("{found} of {planted} found"),
            false_ones if planted == 0 => count(false_ones, "false alarm"),
            false_ones => format!("{found} of {planted} found, {}", count(false_ones, "false alarm")),
        };
        let first_missing = missing.first().map(|(fault, _)| fault.problem);
        let problem = first_missing.or(alarms.first().map(|alarm| alarm.problem));
        let message = match (missing.len() as u64, alarms.len() as u64) {
            (0, alarms) if planted == 0 => format!("`{}` reports {} where all is well", self.by, count(alarms, "problem")),
            (0, alarms) => format!("`{}` finds every fault, but also reports {} where all is well", self.by, count(alarms, "problem")),
            (lost, _) if silent => format!("`{}` reports nothing, and there {} to find", self.by, are(lost, "fault")),
            (lost, _) => format!("`{}` misses {lost} of {}", self.by, count(planted, "fault")),
        };
        let witnesses = missing.iter().map(|(fault, how)| format!("{fault}: {how}"));
        let witnesses = witnesses.chain(alarms.iter().map(|alarm| format!("false alarm: {alarm}")));
        let mismatch = Mismatch::new(message, expected, observed).witnesses(witnesses.collect::<Vec<_>>());
        match problem {
            Some(problem) if first_missing.is_some() => mismatch.cause(problem.signs()).about(problem.about()),
            Some(problem) => mismatch.cause(problem.near_misses()).about(problem.about()),
            None => mismatch,
        }
    }

    /// All that is reported is right. That counts when the program has looked.
    fn looked(&self, view: &View<'_>, reported: u64) -> Answer {
        let traffic = Traffic::of(view, Some(&self.by));
        let asked = traffic.exchanges().iter().filter(|exchange| exchange.api == Api::OFFSET_FETCH).count() as u64;
        if asked > 0 || reported > 0 {
            return Answer::holds(asked.max(reported));
        }
        if let Some(reason) = traffic.blind(&[Api::OFFSET_FETCH]) {
            return Answer::NotShown(reason);
        }
        let message = format!("`{}` reports nothing, but it has not looked", self.by);
        let observed = "no request for committed offsets (OffsetFetch) was seen";
        let cause = "whether a group gets on with its work is told by its committed offsets: ask for them (list_consumer_group_offsets, or committed() of a \
                     consumer), and compare them with the end offsets";
        Answer::Violated(Mismatch::new(message, "a report that rests on the cluster's offsets", observed).cause(cause).about(Subject::Lag))
    }
}

/// A service of the grader that stood still, so that its topic was perhaps not as the lab says.
struct Stall<'a> {
    what: &'a str,
    topic: &'a str,
    millis: u64,
}

impl<'a> Stall<'a> {
    /// The stalls of the check since a moment.
    fn of(view: &View<'a>, since: u64) -> Vec<Self> {
        let stalls = view.timeline.events().iter().filter(|event| event.at >= since).filter_map(|event| match &event.what {
            What::Stalled { check, what, topic, millis } if **check == *view.check => Some(Self { what, topic, millis: *millis }),
            _ => None,
        });
        stalls.collect()
    }

    fn reason(&self) -> String {
        let seconds = self.millis as f64 / 1000.0;
        format!("the grader's own {} of {} stood still for {seconds:.1} s on this busy machine, so the cluster was not as it should have been; run this again", self.what, self.topic)
    }
}

/// `is 1 fault`, `are 3 faults`.
fn are(number: u64, noun: &str) -> String {
    format!("{} {}", if number == 1 { "is" } else { "are" }, count(number, noun))
}

#[cfg(test)]
mod tests;
