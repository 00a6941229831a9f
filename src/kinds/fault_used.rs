//! `fault-used`: a fault of this check has acted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::amount::{Amount, Compared};
use super::traffic::Traffic;
use super::view::{count, seconds};
use super::{Answer, Evidence, Expect, Finding, Kind, Reference, View};
use crate::outcome::Mismatch;

/// A fault of this check has acted.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultUsed {
    /// The name that it was armed under.
    pub name: String,
    /// How often it acted; at least once without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<Amount>,
}

impl Kind for FaultUsed {
    const DOC: &'static str = "A fault of this check has acted on a request.\n\n\
        Use it with `await`, to go on as soon as the fault has struck: a program is killed while a request of it is held, or Kafka says yes again after the third refusal.";
    const EXAMPLE: &'static str = "fault-used: { name: lost-ack, times: { at_least: 1 } }";

    fn references(&self) -> Vec<Reference> {
        vec![Reference::Fault(self.name.clone())]
    }

    fn lint(&self) -> Vec<Finding> {
        if self.times.is_some_and(Amount::allows_none) {
            return vec![Finding::at("times", "this also holds when the fault never acted", "ask for at least once")];
        }
        Vec::new()
    }
}

impl Expect for FaultUsed {
    fn judge(&self, view: &View<'_>) -> Answer {
        let Some((_, fault)) = view.timeline.faults(view.check).find(|(name, _)| *name == self.name) else {
            return Answer::NotShown(format!("the fault `{}` was not armed", self.name));
        };
        let (wanted, times) = (self.times.unwrap_or(Amount::AtLeast(1)), fault.times());
        let witnesses = fault.uses.iter().map(|(at, connection, ..)| format!("on connection {connection} at {}", seconds(*at)));
        let compared = wanted.compare(times);
        if compared == Compared::Right {
            return Answer::Holds(Evidence { seen: times, witnesses: witnesses.take(1).collect(), ..Evidence::default() });
        }
        // A program of which nothing was seen may have been out of the fault's reach.
        if times == 0
            && let Some(reason) = Traffic::of(view, None).silence()
        {
            return Answer::NotShown(format!("the fault `{}` never acted: {reason}", self.name));
        }
        let message = match times {
            0 => format!("no request came that the fault `{}` acts on ({})", self.name, fault.text),
            times => format!("the fault `{}` acted {} ({})", self.name, count(times, "time"), fault.text),
        };
        let mismatch = Mismatch::new(message, format!("{wanted} time(s)"), count(times, "time")).witnesses(witnesses);
        if compared == Compared::TooMany { Answer::Violated(mismatch) } else { Answer::NotYet(view.with_ends(mismatch)) }
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::testing::wire::produce;
    use crate::kinds::testing::{Story, assert_says};
    use crate::timeline::event::What;
    use crate::timeline::wire::FaultUse;

    const USED: &str = "fault-used: { name: f }";
    const TWICE: &str = "fault-used: { name: f, times: { exactly: 2 } }";

    fn armed() -> Story {
        let text = "closes the connection instead of passing on answers, Produce".to_owned();
        Story::new().then(What::FaultArmed { check: "c".into(), fault: "f".into(), text }).start("first")
    }

    #[test]
    fn what_acted_and_what_did_not() {
        assert_says(&Story::new(), USED, "not shown: the fault `f` was not armed", &[]);
        assert_says(&armed(), USED, "not shown: the fault `f` never acted: no request of your program was seen on the wire", &[]);
        let asked = || armed().ask("first", produce(-1, Vec::new()));
        assert_says(&asked(), USED, "not yet: no request came that the fault `f` acts on (closes the connection", &[]);
        let used = || asked().fault("first", FaultUse::ResponseDropped);
        assert_says(&used(), USED, "holds (1)", &["on connection 1 at"]);
        assert_says(&used(), TWICE, "not yet: the fault `f` acted 1 time", &[]);
        assert_says(&used().fault("first", FaultUse::ResponseDropped), TWICE, "holds (2)", &[]);
        let often = used().fault("first", FaultUse::ResponseDropped).fault("first", FaultUse::ResponseDropped);
        assert_says(&often, TWICE, "violated: the fault `f` acted 3 times", &[]);
        let held = asked().fault("first", FaultUse::ResponseHeld).fault("first", FaultUse::Released);
        assert_says(&held, USED, "holds (1)", &[]);
    }
}
