//! `commits`: a group's commits as they crossed the wire: who decides when, and what is delivered by then.

mod ahead;
mod behind;
pub(super) mod decided;
pub(super) mod story;
mod synchronous;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::story::Told;
use super::traffic::Traffic;
use super::{Answer, Evidence, Expect, Finding, Kind, Reference, View};
use crate::lab::Span;
use crate::outcome::Mismatch;
use crate::timeline::wire::Api;

/// The APIs that carry commits.
const COMMITS: [Api; 2] = [Api::OFFSET_COMMIT, Api::TXN_OFFSET_COMMIT];

/// The commits of a group on a topic, as they crossed the wire. All that is named must hold.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Commits {
    /// The consumer group.
    pub group: String,
    /// The topic.
    pub topic: String,
    /// Only commits of this instance; without it, of every instance of the check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// `program`: commits follow what the program did, not a clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<Decider>,
    /// `ahead`: no accepted commit passes an event that was not delivered when its request arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub never: Option<Never>,
    /// True: the program waits for the answer to a commit before it delivers the next event. False: it does not. Needs a fault that holds such an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sync: Option<bool>,
    /// How far commits may stay behind what was delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<Behind>,
}

/// Who decides when an offset is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Decider {
    /// The program.
    Program,
}

/// What a commit must never be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Never {
    /// Beyond an event that was not delivered yet.
    Ahead,
}

/// How far commits may stay behind what was delivered. All that is named must hold, at any moment while a program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Behind {
    /// So many delivered events may be uncommitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<u64>,
    /// A delivered event may be uncommitted for so long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Span>,
}

impl Kind for Commits {
    const DOC: &'static str = "The commits of a group, read on the wire, each against what was delivered at that moment.\n\n\
        An automatic commit and one by hand look the same in a single request; what tells them apart is order and cause. `decided: program` is shown when commits follow the deliveries \
        (one after each, one after every so many, one whenever a burst is done), or stop exactly before an event that is still being delivered; it is refuted when a commit passes an event in hand long after anything happened, \
        when commits come at equal times at any pace, or when the same offsets are committed again and again while nothing happens. Anything else is not shown.";
    const EXAMPLE: &'static str = "commits: { group: $(group), topic: $(topic), decided: program, never: ahead }";

    fn references(&self) -> Vec<Reference> {
        self.by.iter().map(|name| Reference::Instance(name.clone())).collect()
    }

    fn lint(&self) -> Vec<Finding> {
        if self.decided.is_none() && self.never.is_none() && self.sync.is_none() && self.behind.is_none() {
            return vec![Finding::new("this asks for nothing", "add `decided: program`, `never: ahead`, `sync` or `behind`")];
        }
        match self.behind {
            Some(Behind { events: None, time: None }) => vec![Finding::at("behind", "`behind` without a bound", "add `events` or `time`")],
            _ => Vec::new(),
        }
    }
}

impl Expect for Commits {
    fn judge(&self, view: &View<'_>) -> Answer {
        let traffic = Traffic::of(view, self.by.as_deref());
        let told = Told::of(view, &traffic, &self.group, &self.topic);
        let mut parts = Vec::new();
        if self.never.is_some() {
            parts.push(ahead::judge(view, self, &told));
        }
        if self.decided.is_some() {
            parts.push(decided::judge(view, self, &told));
        }
        if let Some(sync) = self.sync {
            parts.push(synchronous::judge(self, &told, sync));
        }
        if let Some(behind) = self.behind {
            parts.push(behind::judge(view, self, &told, behind));
        }
        let answer = all(parts);
        match answer {
            // Counter-evidence stands, whatever else was not seen.
            Answer::Violated(_) => answer,
            _ if told.requests.is_empty() => none(view, self, &traffic),
            Answer::Holds(_) if self.never.is_some() => match traffic.blind(&COMMITS) {
                Some(reason) => Answer::NotShown(reason),
                None => answer,
            },
            _ => answer,
        }
    }
}

/// No commit was seen.
fn none(view: &View<'_>, spec: &Commits, traffic: &Traffic<'_>) -> Answer {
    if let Some(reason) = traffic.silence().or_else(|| traffic.blind(&COMMITS)) {
        return Answer::NotShown(reason);
    }
    // As an invariant it shows nothing so far; as an expectation the reason why it is inconclusive.
    if spec.never.is_some() && spec.decided.is_none() && spec.sync.is_none() && spec.behind.is_none() {
        return Answer::NotShown(format!("{} committed nothing for group {} that could be judged", traffic.who(), spec.group));
    }
    let message = format!("{} sent no commit for group {} on topic {}", traffic.who(), spec.group, spec.topic);
    Answer::NotYet(view.with_ends(Mismatch::new(message, "commits by your program", "no OffsetCommit request on the wire")))
}

/// All answers as one: the worst, or all evidence together.
fn all(parts: Vec<Answer>) -> Answer {
    let rank = |answer: &Answer| match answer {
        Answer::Violated(_) => 0,
        Answer::NotYet(_) => 1,
        Answer::NotShown(_) => 2,
        Answer::Holds(_) => 3,
    };
    let mut evidence = Evidence::default();
    let mut worst: Option<Answer> = None;
    for part in parts {
        if let Answer::Holds(more) = part {
            evidence.seen = evidence.seen.max(more.seen);
            evidence.remarks.extend(more.remarks);
            evidence.witnesses.extend(more.witnesses);
        } else if worst.as_ref().is_none_or(|worst| rank(&part) < rank(worst)) {
            worst = Some(part);
        }
    }
    worst.unwrap_or(Answer::Holds(evidence))
}

#[cfg(test)]
mod tests;
