//! `exited`: how a program ended.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::view::{seconds, signal_name};
use super::{Answer, Expect, Finding, Kind, Reference, View};
use crate::lab::Span;
use crate::outcome::{Mismatch, Moment, Subject};
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
        After a signal many runtimes report 128 plus its number: Java always ends with 143 after SIGTERM, and Node programs often send themselves the signal again when all is done. \
        A program that is ended by the signal itself counts as ended with that code, once it was asked to stop. Whether it committed and left its group is judged by `committed` and `group`.";
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
        let expected = format!("exit code {}", any_of(&self.codes));
        let signal = instance.signals.iter().find(|(_, signal)| signal.asks_to_end());
        let killed = instance.signals.iter().find(|(_, signal)| *signal == Signal::Kill);
        let Some(exit) = instance.exits.last().filter(|_| !instance.alive()) else {
            let message = format!("`{}` is still running", self.instance);
            return Answer::NotYet(Mismatch::new(message, expected, "still running"));
        };
        if let Some((at, _)) = killed.filter(|(at, _)| *at <= exit.at) {
            return Answer::Violated(self.killed(signal, *at, expected));
        }
        if let Some(limit) = &instance.limit {
            return Answer::Violated(Mismatch::new(format!("`{}` hit a limit: {limit}", self.instance), expected, limit.clone()));
        }
        // As a shell tells it: a program that cleaned up and then sent itself the signal again has done nothing wrong.
        let reported = signal.and(exit.signal).map(|number| 128 + number);
        match (exit.code.or(reported.filter(|code| self.codes.contains(code))), exit.signal) {
            (Some(code), _) if self.codes.contains(&code) => {}
            (Some(code), _) => {
                let message = format!("`{}` ended with exit code {code}", self.instance);
                let mismatch = Mismatch::new(message, expected, format!("exit code {code} at {}", seconds(exit.at)));
                let mismatch = mismatch.moment(Moment::at(exit.at).of(&view.full_name(&self.instance)));
                return Answer::Violated(match view.last_words(&self.instance) {
                    Some(words) => mismatch.cause(words),
                    None => mismatch,
                });
            }
            (None, number) => {
                let moment = Moment::at(exit.at).of(&view.full_name(&self.instance));
                return Answer::Violated(self.ended_by(view, number, expected).moment(moment));
            }
        }
        match (self.after_signal, signal) {
            (Some(limit), Some((sent, signal))) => self.in_time(view.scaled(limit.get()), *sent, *signal, exit.at, instance.gone_at),
            _ => Answer::holds(1),
        }
    }
}

/// `0`, `0 or 1`, `0, 130 or 143`.
fn any_of(codes: &[i32]) -> String {
    let codes: Vec<_> = codes.iter().map(ToString::to_string).collect();
    match codes.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => codes.concat(),
    }
}

impl Exited {
    /// Whether it was gone in time, with all that it started.
    fn in_time(&self, limit: Duration, sent: u64, signal: Signal, ended: u64, gone: Option<u64>) -> Answer {
        let (name, signal) = (&self.instance, signal.name());
        let expected = format!("gone within {} s of {signal}, with every process that it started", limit.as_secs_f64());
        let late = |at: u64| Some(at.saturating_sub(sent)).filter(|took| u128::from(*took) > limit.as_nanos());
        if let Some(took) = late(ended) {
            let message = format!("`{name}` took {} to stop after {signal}", seconds(took));
            let cause = "the event in hand may be finished, then the loop has to end: poll with a timeout and look at a flag that the handler sets";
            return Answer::Violated(Mismatch::new(message, expected, seconds(took)).cause(cause).about(Subject::Signals));
        }
        let cause = "the signal goes to your whole process group, so each process in it must end: name the program itself as the command, \
                     not a wrapper that starts it, and wait for the processes that it starts";
        match gone {
            None => {
                let message = format!("`{name}` has ended, but a process that it started is still there");
                Answer::NotYet(Mismatch::new(message, expected, "a process of its group is left").cause(cause))
            }
            Some(gone) => match late(gone) {
                Some(took) => {
                    let message = format!("`{name}` ended in time, but a process that it started was still there {} after {signal}", seconds(took));
                    Answer::Violated(Mismatch::new(message, expected, format!("the last process was gone after {}", seconds(took))).cause(cause))
                }
                None => Answer::holds(1),
            },
        }
    }

    fn killed(&self, asked: Option<&(u64, Signal)>, killed: u64, expected: String) -> Mismatch {
        let (message, cause) = match asked {
            Some((asked, signal)) => (
                format!("`{}` did not stop: kgrade killed it {} after {}", self.instance, seconds(killed.saturating_sub(*asked)), signal.name()),
                "the program ignores the signal, or its loop does not look whether it should stop: set a flag in the handler and poll with a timeout",
            ),
            None => (
                format!("`{}` did not end by itself: kgrade killed it at {}", self.instance, seconds(killed)),
                "the program waits for something that never comes: a program that reads its standard input has to end when the input ends and its work is done",
            ),
        };
        let mismatch = Mismatch::new(message, expected, "killed by kgrade").cause(cause);
        if asked.is_some() { mismatch.about(Subject::Signals) } else { mismatch }
    }

    fn ended_by(&self, view: &View<'_>, number: Option<i32>, expected: String) -> Mismatch {
        let name = number.map_or_else(|| "a signal".to_owned(), signal_name);
        let mismatch = Mismatch::new(format!("`{}` was ended by {name}", self.instance), expected, format!("ended by {name}"));
        match (view.died_when_asked(), view.last_words(&self.instance)) {
            (Some(cause), _) => mismatch.cause(cause).about(Subject::Signals),
            (None, Some(cause)) => mismatch.cause(cause),
            (None, None) => mismatch,
        }
    }
}

#[cfg(test)]
mod tests;
