//! `requests`: which requests a program sent to Kafka, and with what.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::amount::{Amount, Compared};
use super::error_name::ErrorName;
use super::traffic::{Traffic, describe, impossible, qualities, requests, moment};
use super::{Answer, Evidence, Expect, Finding, Kind, Reference, View};
use crate::outcome::Mismatch;
use crate::outcome::mismatch::WITNESSES;
use crate::timeline::Exchange;
use crate::timeline::filter::RequestFilter;

/// The requests that a program sent. All that is named must hold; with `of` alone, at least one was sent.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requests {
    /// Only what this instance sends counts; without it, what any instance of the check sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Which requests are meant.
    pub of: RequestFilter,
    /// Only requests that were answered with this error; `NONE` for those that succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<ErrorName>,
    /// How many of them there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<Amount>,
    /// Each of them is also of this kind. Shown only when there is at least one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<RequestFilter>,
    /// There is none, while the program did send others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub none: Option<bool>,
}

impl Kind for Requests {
    const DOC: &'static str = "The requests that a program sent to Kafka, read on the wire between it and the broker, whatever client library sent them.\n\n\
        They show what a configuration really does: `acks` stands in every Produce, the isolation in every Fetch, the group in every JoinGroup. \
        Where no request of the program was seen, or some could not be read, what is missing shows nothing and the check is inconclusive.";
    const EXAMPLE: &'static str = "requests: { by: first, of: { api: [Produce], topic: $(topic) }, every: { acks: -1 } }";

    fn references(&self) -> Vec<Reference> {
        self.by.iter().map(|name| Reference::Instance(name.clone())).collect()
    }

    fn lint(&self) -> Vec<Finding> {
        let mut found = impossible(&self.of, "of");
        found.extend(self.every.iter().flat_map(|every| impossible(every, "every")));
        if self.every.as_ref().is_some_and(|every| *every == RequestFilter::default()) {
            found.push(Finding::at("every", "every request is of any kind", "say what must be so in each, for example `every: { acks: -1 }`"));
        }
        if self.none == Some(true) && (self.every.is_some() || self.count.is_some()) {
            found.push(Finding::at("none", "`none` contradicts `every` and `count`", "keep one of them"));
        }
        if self.none == Some(false) {
            found.push(Finding::at("none", "`none: false` says nothing", "leave it out, or write `count: { at_least: 1 }`"));
        }
        if self.count == Some(Amount::AtLeast(0)) {
            found.push(Finding::at("count", "at least 0 is always so", "ask for at least 1, or write `none: true`"));
        }
        found
    }
}

impl Expect for Requests {
    fn judge(&self, view: &View<'_>) -> Answer {
        let traffic = Traffic::of(view, self.by.as_deref());
        if let Some(reason) = traffic.silence() {
            return Answer::NotShown(reason);
        }
        let all = traffic.exchanges();
        let chosen: Vec<_> = all.iter().filter(|exchange| self.selects(exchange)).collect();
        let number = chosen.len() as u64;
        let witnesses = || chosen.iter().map(|exchange| describe(exchange));
        if let Some(every) = &self.every {
            let others: Vec<_> = chosen.iter().filter(|exchange| !every.matches(exchange.api, exchange.request)).collect();
            if !others.is_empty() {
                let (wrong, is) = (others.len() as u64, if others.len() == 1 { "is" } else { "are" });
                let message = format!("{} sent {}, and {wrong} of them {is} not {}", traffic.who(), self.noun(Some(number)), qualities(every));
                let mismatch = Mismatch::new(message, format!("every one is {}", qualities(every)), format!("{} of {number} are", number - wrong));
                let mismatch = others.iter().take(1).fold(mismatch, |mismatch, first| mismatch.moment(moment(first)));
                return Answer::Violated(mismatch.witnesses(others.iter().map(|exchange| describe(exchange))).settled());
            }
        }
        let wanted = match (self.none, self.count, &self.every) {
            (Some(true), ..) => Amount::Exactly(0),
            (_, Some(amount), _) => amount,
            (_, None, Some(_)) => Amount::AtMost(u64::MAX),
            (_, None, None) => Amount::AtLeast(1),
        };
        let compared = wanted.compare(number);
        if compared == Compared::Right {
            return self.enough(&traffic, wanted, number, all.len() as u64, witnesses());
        }
        let sent = if number == 0 { format!("no {}", self.noun(None)) } else { self.noun(Some(number)) };
        let expected = if self.none == Some(true) { format!("no {}", self.noun(None)) } else { format!("{wanted} of: {}", self.noun(None)) };
        let message = format!("{} sent {sent}", traffic.who());
        let mismatch = Mismatch::new(message, expected, format!("{number} seen")).witnesses(witnesses());
        match (compared, traffic.blind(&self.of.api)) {
            (Compared::TooFew, Some(reason)) => Answer::NotShown(reason),
            (Compared::TooFew, None) => Answer::NotYet(view.with_ends(mismatch)),
            _ => Answer::Violated(chosen.last().map_or(mismatch.clone(), |last| mismatch.moment(moment(last)))),
        }
    }
}

impl Requests {
    fn selects(&self, exchange: &Exchange<'_>) -> bool {
        self.of.matches(exchange.api, exchange.request) && self.answered.is_none_or(|wanted| exchange.error() == Some(wanted.0))
    }

    /// What is meant, in words: `2 Produce requests about topic t, answered with NONE`.
    fn noun(&self, number: Option<u64>) -> String {
        let words = requests(&self.of, number);
        self.answered.map_or(words.clone(), |error| format!("{words}, answered with {error}"))
    }

    /// The number is right. What nobody saw may still change that, where it would.
    fn enough(&self, traffic: &Traffic<'_>, wanted: Amount, number: u64, all: u64, witnesses: impl Iterator<Item = String>) -> Answer {
        if (wanted.has_upper_bound() || self.every.is_some())
            && let Some(reason) = traffic.blind(&self.of.api)
        {
            return Answer::NotShown(reason);
        }
        if number == 0 && self.every.is_some() {
            return Answer::NotShown(format!("{} sent no {} that could be judged", traffic.who(), self.noun(None)));
        }
        // Where none is right, what rests on it is that the program was seen to send others.
        let seen = if number == 0 { all } else { number };
        Answer::Holds(Evidence { seen, witnesses: witnesses.take(WITNESSES).collect(), ..Evidence::default() })
    }
}

#[cfg(test)]
mod tests;
