//! `sink`: how the grader's HTTP service answers.

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Act, Finding, Kind};
use crate::lab::Span;
use crate::outcome::Mismatch;
use crate::run::CheckCtx;

/// Changes how the sink answers the programs of this check.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Sink {
    /// Gives one delivery no answer until `release`.
    Hold(Hold),
    /// Answers one event with an error several times, then as usual.
    Refuse(Refuse),
    /// Answers what is held.
    Release(Release),
    /// Takes some time for every answer from now on, so that work is queued.
    Slow(Slow),
}

/// Which delivery gets no answer.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// The nth delivery that begins in this check, from 1. Later deliveries are answered as usual.
    pub nth: u64,
}

/// Which error, how often.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refuse {
    /// How often in a row; the event is the first new one that arrives.
    pub times: u32,
    /// The HTTP status.
    pub status: u16,
}

/// How held deliveries are answered.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// The HTTP status.
    pub status: u16,
    /// How long from now until it is sent; at once when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Span>,
}

/// How slow.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slow {
    /// How long each answer takes; `0s` for as quick as it can, which is how it begins.
    pub by: Span,
}

impl Kind for Sink {
    const DOC: &'static str = "Changes how the sink, the HTTP service that the learner's program delivers to, answers this check's programs.\n\n\
        `hold` keeps one delivery unanswered: what the program commits meanwhile shows whether it commits what was not delivered yet. \
        `refuse` answers an event with an error several times in a row, as a service under repair does. `release` answers what is held. \
        `slow` makes each answer take its time: a program that works through a backlog is then still at it when something happens to it.";
    const EXAMPLE: &'static str = "sink: { hold: { nth: 17 } }";

    fn lint(&self) -> Vec<Finding> {
        match self {
            Self::Hold(Hold { nth: 0 }) => {
                vec![Finding::at("hold", "deliveries count from 1", "hold `nth: 1` for the first")]
            }
            Self::Refuse(Refuse { times: 0, .. }) => {
                vec![Finding::at("refuse", "refusing an event 0 times does nothing", "give `times` of at least 1")]
            }
            Self::Refuse(Refuse { status, .. }) if !(400..600).contains(status) => {
                vec![Finding::at("refuse", format!("status {status} is no error"), "use one from 400 to 599, for example 503")]
            }
            _ => Vec::new(),
        }
    }
}

impl Act for Sink {
    async fn act(&self, ctx: &CheckCtx) -> Result<Option<Mismatch>> {
        let sink = ctx.sink();
        match self {
            Self::Hold(hold) => sink.hold(hold.nth),
            Self::Refuse(refuse) => sink.refuse(refuse.times, refuse.status),
            Self::Release(release) => match release.after {
                Some(after) => sink.release_after(release.status, after.get()),
                None => sink.release(release.status),
            },
            Self::Slow(slow) => sink.slow(slow.by.get()),
        }
        Ok(None)
    }
}
