//! Takes the secrets out of a picture: a timeline holds what the programs said as they said it.

use super::{Item, Lane, Picture};
use crate::outcome::redact::Redactor;

impl Picture {
    /// Replaces every secret in every text.
    pub fn redact(&mut self, redactor: &Redactor) {
        let clean = |text: &mut String| *text = redactor.text(text);
        // No `..` here: a new field must be thought of, or this does not compile.
        let Self { check, title, verdict: _, points: _, explanation, lanes, scale: _, mark: _, left_out } = self;
        [check, title].into_iter().chain(left_out).for_each(clean);
        explanation.iter_mut().for_each(|row| clean(&mut row.text));
        for lane in lanes {
            let Lane { name, about, role: _, items, more: _, marked: _ } = lane;
            [name, about].into_iter().for_each(clean);
            for item in items {
                let Item { from: _, to: _, look: _, label, words, count: _ } = item;
                [label, words].into_iter().for_each(clean);
            }
        }
    }
}
