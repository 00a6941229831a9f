//! Takes the secrets out of a picture: a timeline holds what the programs said as they said it.

use super::Picture;
use crate::outcome::redact::Redactor;

impl Picture {
    /// Replaces every secret in every text.
    pub fn redact(&mut self, redactor: &Redactor) {
        let clean = |text: &mut String| *text = redactor.text(text);
        clean(&mut self.check);
        clean(&mut self.title);
        self.explanation.iter_mut().for_each(|row| clean(&mut row.text));
        self.left_out.iter_mut().for_each(clean);
        for lane in &mut self.lanes {
            clean(&mut lane.name);
            clean(&mut lane.about);
            for item in &mut lane.items {
                clean(&mut item.label);
                clean(&mut item.words);
            }
        }
    }
}
