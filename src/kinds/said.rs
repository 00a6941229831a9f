//! `said`: a program wrote something that it does not write otherwise.

mod mask;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::mask::Mask;
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
    const DOC: &'static str = "An instance reported something: a line on the stream whose shape (numbers, random ids and the events' own texts masked) does not occur in a good run of the same program.\n\n\
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
        let events = view.data.values().flat_map(|set| set.events.iter());
        let mask = Mask::new(events.filter_map(|event| event.json.as_object()).flat_map(|fields| fields.values()).filter_map(Value::as_str));
        let shapes = |instance| -> BTreeSet<String> {
            let lines = view.timeline.lines(instance).filter(|(_, stream, _)| *stream == self.stream);
            lines.map(|(_, _, text)| mask.shape(text)).filter(|shape| !shape.is_empty()).collect()
        };
        let usual = shapes(unlike);
        let new = shapes(by).difference(&usual).count() as u64;
        if new > 0 {
            return Answer::holds(new);
        }
        let seen = view.timeline.lines(by).filter(|(_, stream, _)| *stream == self.stream).count() as u64;
        let stream = match self.stream {
            Stream::Stdout => "standard output",
            Stream::Stderr => "standard error",
        };
        let message = match seen {
            0 => format!("your program wrote nothing on {stream}"),
            _ => format!("your program wrote nothing on {stream} that it does not also write when all is well"),
        };
        let observed = match seen {
            0 => "no line".to_owned(),
            _ => format!("{} of the kind that `{}` wrote too", count(seen, "line"), self.unlike),
        };
        let mismatch = Mismatch::new(message, format!("a line on {stream} that reports the problem, unlike those of a run without one"), observed);
        Answer::NotYet(view.with_ends(mismatch))
    }
}

#[cfg(test)]
mod tests;
