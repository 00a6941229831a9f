//! `fault`: breaks something between a program and Kafka, on purpose.

use std::time::Duration;

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error_name::ErrorName;
use super::traffic::impossible;
use super::{Act, Finding, Kind, Reference};
use crate::lab::Span;
use crate::outcome::Mismatch;
use crate::run::CheckCtx;
use crate::timeline::filter::RequestFilter;
use crate::world::tap::fault::{Direction, Fault as Effect, Rule, Which};

/// Breaks something between the programs of this check and Kafka, or ends that.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Begins a fault. It ends with `clear`, or at the end of the check.
    Arm(Box<Arm>),
    /// Lets go what a fault holds at this moment; it goes on with what comes next.
    Release(Named),
    /// Ends a fault and lets go what it holds.
    Clear(Named),
}

/// What is broken, and where.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// Its name, unique within the check.
    pub name: String,
    /// The requests that it acts on, or whose answers. All when left out.
    #[serde(default)]
    pub on: RequestFilter,
    /// The instance that it acts on, started before or after; all of the check without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The first of these requests that it acts on, counted from 1 (1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// How many of them it acts on from there; all without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// For how long it acts, from its first act on; until it ends without it.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Span>,
    /// What it does.
    #[serde(rename = "do")]
    pub effect: Does,
}

/// A fault by name.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// The name that it was armed under.
    pub name: String,
}

/// What a fault does.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Does {
    /// The request, or its answer, goes on later. What comes behind it on the connection waits too.
    Delay(Delay),
    /// The request, or its answer, waits until it is let go.
    Hold(Hold),
    /// The connection is closed and the request is lost: Kafka never sees it.
    DropRequest(Nothing),
    /// Kafka gets the request, and its answer is lost: the connection is closed instead.
    DropResponse(Nothing),
    /// The request is answered with an error and never reaches Kafka.
    Answer(Answered),
    /// Kafka gets the request, and the errors in its answer become this one.
    Replace(Answered),
    /// New connections are closed at once.
    RefuseConnections(Nothing),
}

/// Which way, and how long.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Delay {
    /// How long.
    pub by: Span,
    /// The request or its answer.
    pub of: Way,
}

/// Which way.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// The request or its answer.
    pub of: Way,
}

/// Which error.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answered {
    /// The error's name in Kafka's documentation.
    pub error: ErrorName,
}

/// Nothing needs to be said about it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// A way through the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// From the program to Kafka.
    Request,
    /// From Kafka to the program.
    Response,
}

impl Kind for Fault {
    const DOC: &'static str = "Breaks something between this check's programs and Kafka, on purpose, and says on the timeline each time it does.\n\n\
        A lost answer (`drop-response`) is the fault that makes duplicates: Kafka has stored the records, and the producer cannot know. A refusal (`answer`) shows what a program does when Kafka says no; with `for`, says no for some time, as while a replica is away. \
        A check that passes although one of its faults never acted has shown nothing: it becomes inconclusive.";
    const EXAMPLE: &'static str =
        "fault: { arm: { name: lost-ack, on: { api: [Produce], topic: $(topic) }, nth: 1, count: 1, do: { drop-response: {} } } }";

    fn references(&self) -> Vec<Reference> {
        match self {
            Self::Arm(arm) => arm.by.iter().map(|name| Reference::AnyInstance(name.clone())).collect(),
            Self::Release(named) | Self::Clear(named) => vec![Reference::Fault(named.name.clone())],
        }
    }

    fn lint(&self) -> Vec<Finding> {
        let Self::Arm(arm) = self else { return Vec::new() };
        let mut found = impossible(&arm.on, "arm");
        if arm.nth == Some(0) {
            found.push(Finding::at("arm", "requests count from 1", "write `nth: 1` for the first"));
        }
        if arm.count == Some(0) {
            found.push(Finding::at("arm", "a fault that acts 0 times does nothing", "give a `count` of at least 1, or leave it out for all"));
        }
        if arm.lasts.is_some_and(|lasts| lasts.get().is_zero()) {
            found.push(Finding::at("arm", "a fault that lasts no time does nothing", "give `for` a time, for example `for: 2s`"));
        }
        found.extend(arm.useless());
        found
    }
}

impl Arm {
    /// Why it would never act, or on nothing that can be acted on.
    fn useless(&self) -> Option<Finding> {
        let answers = matches!(self.effect, Does::DropResponse(_) | Does::Replace(_) | Does::Hold(Hold { of: Way::Response }))
            || matches!(self.effect, Does::Delay(Delay { of: Way::Response, .. }));
        match &self.effect {
            Does::RefuseConnections(_) if self.on != RequestFilter::default() => {
                Some(Finding::at("arm", "a connection is refused before any request", "leave `on` out; `by` says whose connections"))
            }
            Does::Answer(_) if self.on.api.is_empty() => {
                Some(Finding::at("arm", "an answer has the form of its request's API, and `on` names none", "add `api` to `on`, for example `api: [Produce]`"))
            }
            Does::Delay(Delay { by, .. }) if by.get().is_zero() => {
                Some(Finding::at("arm", "a delay by nothing does nothing", "give `by` a time, for example `by: 2s`"))
            }
            _ if answers && self.on.acks == Some(0) => {
                Some(Finding::at("arm", "a Produce with acks=0 has no answer", "act on the request instead: `drop-request` or `of: request`"))
            }
            _ => None,
        }
    }

    fn rule(&self, check: &str) -> Rule {
        Rule {
            check: check.into(),
            name: self.name.as_str().into(),
            instances: self.by.as_ref().map_or(Which::All, |name| Which::One(name.as_str().into())),
            filter: self.on.clone(),
            nth: self.nth.unwrap_or(1),
            count: self.count,
            lasts: self.lasts.map(Span::get),
            predicate: None,
            fault: self.effect.effect(),
        }
    }
}

impl Does {
    fn effect(&self) -> Effect {
        match self {
            Self::Delay(delay) => Effect::Delay { side: delay.of.side(), by: delay.by.get() },
            Self::Hold(hold) => Effect::Hold { side: hold.of.side() },
            Self::DropRequest(_) => Effect::DropRequest,
            Self::DropResponse(_) => Effect::DropResponse,
            Self::Answer(answer) => Effect::Answer { error: answer.error.0 },
            Self::Replace(answer) => Effect::Replace { error: answer.error.0 },
            Self::RefuseConnections(_) => Effect::Refuse,
        }
    }
}

impl Way {
    fn side(self) -> Direction {
        match self {
            Self::Request => Direction::Request,
            Self::Response => Direction::Response,
        }
    }
}

impl Act for Fault {
    fn arms(&self) -> Option<&str> {
        match self {
            Self::Arm(arm) => Some(&arm.name),
            Self::Release(_) | Self::Clear(_) => None,
        }
    }

    fn budget(&self) -> Duration {
        Duration::ZERO
    }

    async fn act(&self, ctx: &CheckCtx) -> Result<Option<Mismatch>> {
        let (faults, check) = (ctx.scene().tap.faults(), ctx.check().id.as_str());
        match self {
            Self::Arm(arm) => faults.arm(arm.rule(check)),
            Self::Release(named) => {
                faults.release(check, &named.name);
            }
            Self::Clear(named) => {
                faults.disarm(check, &named.name);
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
