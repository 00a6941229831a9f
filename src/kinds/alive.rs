//! `alive`: a program is still running.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Expect, Kind, Reference, View};
use crate::outcome::{Mismatch, Moment, Subject};

/// A program has not ended.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alive {
    /// The instance.
    pub instance: String,
}

impl Kind for Alive {
    const DOC: &'static str = "An instance is still running, and never ended meanwhile. A consumer is a service: it waits through pauses without input and survives a record it cannot read.";
    const EXAMPLE: &'static str = "alive: { instance: first }";

    fn references(&self) -> Vec<Reference> {
        vec![Reference::Instance(self.instance.clone())]
    }
}

impl Expect for Alive {
    fn judge(&self, view: &View<'_>) -> Answer {
        let Some(instance) = view.instance(&self.instance).filter(|instance| !instance.starts.is_empty()) else {
            return Answer::NotShown(format!("`{}` was not started", self.instance));
        };
        let Some(exit) = instance.exits.first() else { return Answer::holds(1) };
        let mismatch = Mismatch::new(
            format!("`{}` has ended", self.instance),
            "it runs until it is asked to stop",
            format!("ended at {}", super::view::seconds(exit.at)),
        )
        .moment(Moment::at(exit.at).of(&view.full_name(&self.instance)));
        let service = "a consumer is a service: an empty poll means that nothing is there yet, so go on polling until a signal asks you to stop";
        Answer::Violated(match view.end_of(&self.instance) {
            // Nothing asked it to end, and nothing broke.
            Some(end) if exit.code == Some(0) && instance.signals.is_empty() => mismatch.cause(format!("{end}, without having been asked; {service}")).about(Subject::Polling),
            Some(end) => mismatch.cause(end),
            None => mismatch,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::testing::{Story, assert_says};

    const SERVICE: &str = "an empty poll means that nothing is there yet";
    const ALIVE: &str = "alive: { instance: only }";

    #[test]
    fn from_its_start_to_now() {
        let story = || Story::new().start_again("only", 1);
        assert_says(&Story::new(), ALIVE, "not shown: `only` was not started", &[]);
        assert_says(&story(), ALIVE, "holds (1)", &[]);
        let ended = story().line("only", "no more messages").exit("only", 0);
        assert_says(&ended, ALIVE, "violated: `only` has ended", &["with exit code 0", SERVICE]);
        assert_says(&ended.start("only"), ALIVE, "violated: `only` has ended", &[]);
        assert_says(&story().dies("only", 9), ALIVE, "violated: `only` has ended", &["was ended by SIGKILL"]);
    }
}
