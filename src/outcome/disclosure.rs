//! How much of a check the learner may see, as the lab's author says.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CheckOutcome, Verdict};

/// What a learner sees of a check that did not pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Disclosure {
    /// Everything: expected, observed, witnesses, hint.
    #[default]
    Full,
    /// What was observed, and not what was expected.
    Actual,
    /// The hint, and neither what was expected nor what was observed.
    Rationale,
    /// The points only.
    Points,
    /// Not even the title: only that there is a check, and its points.
    None,
}

/// What stands for the title of a check that is not shown at all.
pub const UNTOLD: &str = "a check that is not shown";

impl Disclosure {
    /// Takes away what is not to be seen. Doing it again changes nothing.
    pub fn apply(self, check: &mut CheckOutcome) {
        check.disclosure = self;
        if self == Self::Full {
            return;
        }
        check.expected = None;
        if self == Self::Actual {
            return;
        }
        // From here on nothing that was seen: not by the judge's words either, of whatever verdict.
        match check.verdict {
            Verdict::Passed => check.message.clear(),
            Verdict::Failed | Verdict::Inconclusive => "what was seen is not shown for this check".clone_into(&mut check.message),
            Verdict::Error => {
                "the grader or its environment broke; what was seen is not shown for this check".clone_into(&mut check.message)
            }
            Verdict::Skipped => "not judged, because of another check".clone_into(&mut check.message),
        }
        (check.observed, check.cause, check.read, check.moment, check.first_seen_ms) = (None, None, None, None, None);
        (check.looks, check.more_witnesses) = (0, 0);
        check.witnesses.clear();
        check.remarks.clear();
        check.output.clear();
        if self != Self::Rationale {
            check.hint = None;
        }
        if self == Self::None {
            UNTOLD.clone_into(&mut check.title);
            (check.criterion, check.place) = (None, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Moment, OutputLine, Place, Reading, sample};

    /// A failed check in which every text tells something.
    fn telling(verdict: Verdict) -> CheckOutcome {
        let told = |what: &str| format!("told {what}");
        CheckOutcome {
            title: told("title"),
            criterion: Some(told("criterion")),
            verdict,
            message: told("message"),
            expected: Some(told("expected")),
            observed: Some(told("observed")),
            witnesses: vec![told("witness")],
            cause: Some(told("cause")),
            read: Some(Reading { handout: Some(told("section")), ..Reading::default() }),
            moment: Some(Moment { at_ns: 7, topic: Some(told("topic")), partition: Some(1), instance: Some(told("instance")) }),
            remarks: vec![told("remark")],
            hint: Some(told("hint")),
            place: Some(Place { file: told("place"), line: 7, column: 1 }),
            output: vec![OutputLine { program: told("program"), stream: "stdout".to_owned(), at_ms: 1, text: told("output") }],
            ..sample("c")
        }
    }

    /// Which of the texts are left.
    fn left(disclosure: Disclosure, verdict: Verdict) -> Vec<String> {
        let mut check = telling(verdict);
        disclosure.apply(&mut check);
        let once = check.clone();
        disclosure.apply(&mut check);
        assert_eq!(check, once, "{disclosure:?} twice");
        let text = serde_json::to_string(&check).unwrap();
        text.split("\"told ").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
    }

    #[test]
    fn each_level_keeps_less() {
        for verdict in [Verdict::Failed, Verdict::Inconclusive, Verdict::Error, Verdict::Skipped] {
            assert_eq!(left(Disclosure::Full, verdict).len(), 15, "{verdict:?}");
            assert!(!left(Disclosure::Actual, verdict).contains(&"expected".to_owned()), "{verdict:?}");
            assert_eq!(left(Disclosure::Rationale, verdict), ["title", "criterion", "hint", "place"], "{verdict:?}");
            assert_eq!(left(Disclosure::Points, verdict), ["title", "criterion", "place"], "{verdict:?}");
            assert!(left(Disclosure::None, verdict).is_empty(), "{verdict:?}");
        }
    }

    #[test]
    fn a_pass_tells_no_more_than_a_failure() {
        assert!(left(Disclosure::None, Verdict::Passed).is_empty());
        assert_eq!(left(Disclosure::Points, Verdict::Passed), ["title", "criterion", "place"]);
    }
}
