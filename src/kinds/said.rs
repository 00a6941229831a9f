//! `said`: a program wrote something that it does not write otherwise.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::view::count;
use super::{Answer, Expect, Kind, Reference, View};
use crate::outcome::Mismatch;
use crate::timeline::event::Stream;

/// An instance wrote a line of a shape that another instance, which met nothing unusual, did not write.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// The instance.
    pub by: String,
    /// The stream.
    pub stream: Stream,
    /// The instance of a good run.
    pub unlike: String,
}

impl Kind for Said {
    const DOC: &'static str = "An instance reported something: a line on the stream whose shape (digits and the events' own texts masked) does not occur in a good run of the same program.\n\n\
        Loggers write much in good runs too, so the words are free and only new shapes count.";
    const EXAMPLE: &'static str = "said: { by: with-bad, stream: stderr, unlike: plain }";

    fn references(&self) -> Vec<Reference> {
        vec![Reference::Instance(self.by.clone()), Reference::Instance(self.unlike.clone())]
    }
}

impl Expect for Said {
    fn judge(&self, view: &View<'_>) -> Answer {
        let (Some(by), Some(unlike)) = (view.instance(&self.by), view.instance(&self.unlike)) else {
            return Answer::NotShown(format!("`{}` or `{}` was not started", self.by, self.unlike));
        };
        let texts = view.texts();
        let shapes = |instance| -> BTreeSet<String> {
            let lines = view.timeline.lines(instance).filter(|(_, stream, _)| *stream == self.stream);
            lines.map(|(_, _, text)| shape(text, &texts)).filter(|shape| !shape.is_empty()).collect()
        };
        let usual = shapes(unlike);
        let new = shapes(by).difference(&usual).count() as u64;
        if new > 0 {
            return Answer::holds(new);
        }
        let seen = view.timeline.lines(by).filter(|(_, stream, _)| *stream == self.stream).count() as u64;
        let message = format!("your program said nothing new on {}", self.stream.name());
        let observed = format!("{}, all like those of a run without bad records", count(seen, "line"));
        let mismatch = Mismatch::new(message, format!("a line on {} for a record that is not a JSON object", self.stream.name()), observed);
        Answer::NotYet(view.with_ends(mismatch))
    }
}

/// A line with everything masked that differs between two good runs: digits, and the texts of events.
fn shape(line: &str, texts: &[&str]) -> String {
    let mut masked = line.trim().to_owned();
    for text in texts {
        if masked.contains(*text) {
            masked = masked.replace(text, "…");
        }
    }
    let mut shape = String::with_capacity(masked.len());
    for sign in masked.chars() {
        let sign = if sign.is_ascii_digit() { '#' } else { sign };
        // Runs of digits count as one: offset 9 and offset 10 have one shape.
        if sign != '#' || !shape.ends_with('#') {
            shape.push(sign);
        }
    }
    shape
}
