//! `exited`: how a program ended.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::view::{seconds, signal_name};
use super::{Answer, Expect, Finding, Kind, Reference, View};
use crate::lab::Span;
use crate::outcome::Mismatch;
use crate::timeline::event::Signal;

/// A program has ended, with one of these exit codes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exited {
    /// The instance.
    pub instance: String,
    /// The exit codes that are right.
    pub codes: Vec<i32>,
    /// After the grader's signal, it must be gone with its whole process group in this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_signal: Option<Span>,
}

impl Kind for Exited {
    const DOC: &'static str = "How an instance ended: by itself, with one of these exit codes; with `after_signal`, in that time after the grader's signal and with nothing of its process group left.\n\n\
        A program that a signal ends has not handled it: a Python program without a SIGTERM handler dies with no chance to commit or to leave its group. Java always reports 143 after SIGTERM, which is fine.";
    const EXAMPLE: &'static str = "exited: { instance: first, codes: [0, 130, 143], after_signal: 10s }";

    fn references(&self) -> Vec<Reference> {
        vec![Reference::Instance(self.instance.clone())]
    }

    fn lint(&self) -> Vec<Finding> {
        if self.codes.is_empty() {
            return vec![Finding::at("codes", "no exit code is right", "name at least one, usually `codes: [0]`")];
        }
        Vec::new()
    }
}

impl Expect for Exited {
    fn judge(&self, view: &View<'_>) -> Answer {
        let Some(instance) = view.instance(&self.instance) else {
            return Answer::NotShown(format!("`{}` was not started", self.instance));
        };
        let expected = format!("exit code {}", self.codes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or "));
        let signal = instance.signals.iter().find(|(_, signal)| *signal != Signal::Kill);
        let killed = instance.signals.iter().find(|(_, signal)| *signal == Signal::Kill);
        let Some(exit) = instance.exits.last().filter(|_| !instance.alive()) else {
            let message = format!("`{}` is still running", self.instance);
            return Answer::NotYet(Mismatch::new(message, expected, "still running"));
        };
        if let Some((at, _)) = killed.filter(|(at, _)| *at <= exit.at) {
            return Answer::Violated(self.killed(signal.map(|(at, _)| *at), *at, expected));
        }
        if let Some(limit) = &instance.limit {
            return Answer::Violated(Mismatch::new(format!("`{}` hit a limit: {limit}", self.instance), expected, limit.clone()));
        }
        match (exit.code, exit.signal) {
            (Some(code), _) if self.codes.contains(&code) => {}
            (Some(code), _) => {
                let message = format!("`{}` ended with exit code {code}", self.instance);
                let mismatch = Mismatch::new(message, expected, format!("exit code {code} at {}", seconds(exit.at)));
                return Answer::Violated(match view.end_of(&self.instance) {
                    Some(end) => mismatch.cause(end),
                    None => mismatch,
                });
            }
            (None, number) => return Answer::Violated(self.ended_by(number.unwrap_or(0), expected)),
        }
        if let (Some(limit), Some((sent, signal))) = (self.after_signal, signal) {
            let Some(gone) = instance.gone_at else {
                let message = format!("`{}` has ended, but a process that it started is still there", self.instance);
                return Answer::NotYet(Mismatch::new(message, "nothing of its process group left", "a process of the group"));
            };
            let took = gone.saturating_sub(*sent);
            if u128::from(took) > limit.get().as_nanos() {
                let message = format!("`{}` took {} to stop after {}", self.instance, seconds(took), signal.name());
                return Answer::Violated(Mismatch::new(message, format!("gone within {limit}"), seconds(took)));
            }
        }
        Answer::holds(1)
    }
}

impl Exited {
    fn killed(&self, asked: Option<u64>, killed: u64, expected: String) -> Mismatch {
        let (message, cause) = match asked {
            Some(asked) => (
                format!("`{}` did not stop: kgrade killed it {} after SIGTERM", self.instance, seconds(killed.saturating_sub(asked))),
                "the program ignores SIGTERM, or its loop does not look whether it should stop: set a flag in the handler and poll with a timeout",
            ),
            None => (
                format!("`{}` did not end by itself: kgrade killed it at {}", self.instance, seconds(killed)),
                "the program waits for something that never comes: it should end when its standard input ends and everything is sent",
            ),
        };
        Mismatch::new(message, expected, "killed by kgrade").cause(cause)
    }

    fn ended_by(&self, number: i32, expected: String) -> Mismatch {
        let name = signal_name(number);
        let mismatch = Mismatch::new(format!("`{}` was ended by {name}", self.instance), expected, format!("ended by {name}"));
        if number == 15 || number == 2 {
            return mismatch.cause(format!(
                "the program has no handler for {name}, so it dies on the spot: nothing is committed and the group is not left. \
                 Install one (signal.signal) that lets the loop end, then close the consumer"
            ));
        }
        mismatch
    }
}
