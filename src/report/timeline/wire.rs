//! Words for what crossed the wire.

use super::Subject;
use crate::report::wire_line;
use crate::timeline::event::What;
use crate::timeline::wire::{Api, FaultUse, Foreign};
use crate::world::kafka::Code;

/// How many events back the request of a fault is looked for.
const FAR: usize = 100_000;

/// The API of the request that a fault acted on: the last one of that id before the moment.
pub fn request(subject: &Subject<'_>, connection: u64, correlation: i32, by: u64) -> Option<Api> {
    let events = subject.timeline.events();
    let until = events.partition_point(|event| event.at <= by);
    events.get(..until)?.iter().rev().take(FAR).find_map(|event| match &event.what {
        What::Requested { connection: on, correlation: id, api, .. } if (*on, *id) == (connection, correlation) => Some(*api),
        _ => None,
    })
}

/// What a fault did.
pub fn done(did: FaultUse) -> String {
    match did {
        FaultUse::RequestHeld => "a request is held back".to_owned(),
        FaultUse::ResponseHeld => "an answer is held back".to_owned(),
        FaultUse::Released => "what was held goes on".to_owned(),
        FaultUse::RequestDropped => "a request is lost with its connection".to_owned(),
        FaultUse::ResponseDropped => "an answer is lost with its connection; the broker did what was asked".to_owned(),
        FaultUse::Answered(error) => format!("a request is answered with {}; the broker never sees it", code(error)),
        FaultUse::Replaced(error) => format!("the broker's answer is changed to {}", code(error)),
        FaultUse::Refused => "a connection is refused".to_owned(),
    }
}

/// What a peer speaks instead of Kafka, and what to do.
pub fn foreign(speaks: Foreign) -> &'static str {
    match speaks {
        Foreign::Tls => "speaks TLS to a port without TLS: leave security.protocol at PLAINTEXT",
        Foreign::Http => "speaks HTTP to Kafka's port: is the sink's address meant?",
        Foreign::Unknown => "sends something that is no Kafka request",
    }
}

/// An error code with Kafka's name for it.
pub fn code(error: i16) -> String {
    Code::of(error).map_or_else(|| format!("error {error}"), |code| code.to_string())
}

/// How many exchanges are listed at the most.
const LISTED: usize = 40;
/// How many of them come before the moment.
const BEFORE: usize = 28;

/// One exchange: when it was asked, who asked, and what in a line. Not cleaned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// When the request arrived, in nanoseconds since the run began.
    pub at: u64,
    /// The program instance, as the author of the check wrote it.
    pub who: String,
    /// The API, what was asked, and what was answered after how long.
    pub line: String,
}

/// The exchanges around the moment of the mistake, without those that only say "still here" and "nothing new"; and how many are left out.
/// Without a moment, the first ones.
#[must_use]
pub fn around(subject: &Subject<'_>) -> (Vec<Said>, u64) {
    let end = subject.window().map_or(u64::MAX, |(_, end)| end);
    let mut said: Vec<Said> = Vec::new();
    for (name, _) in subject.instances() {
        for exchange in subject.timeline.exchanges(&name).filter(|exchange| exchange.at <= end) {
            if wire_line::is_idle(exchange.api, exchange.response.map(|(_, response)| response)) {
                continue;
            }
            let answer = match exchange.response {
                Some((at, response)) => format!("{} after {}", wire_line::response(response), millis(at.saturating_sub(exchange.at))),
                None if exchange.api == Api::PRODUCE => "no answer".to_owned(),
                None => "never answered".to_owned(),
            };
            let faults: String = exchange.faults.iter().map(|(_, did)| format!("; {}", done(*did))).collect();
            let line = format!("{} {}: {answer}{faults}", exchange.api, wire_line::request(exchange.request));
            said.push(Said { at: exchange.at, who: subject.short(&name).to_owned(), line });
        }
    }
    said.sort_by_key(|said| said.at);
    let centre = subject.moment().map_or(0, |moment| said.partition_point(|said| said.at <= moment));
    let skipped = centre.saturating_sub(BEFORE).min(said.len().saturating_sub(LISTED));
    let left = said.len().saturating_sub(LISTED) as u64;
    (said.into_iter().skip(skipped).take(LISTED).collect(), left)
}

fn millis(nanos: u64) -> String {
    format!("{:.1} ms", nanos as f64 / 1e6)
}
