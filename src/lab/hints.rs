//! A check's hints, from the least to the most: given one by one to whoever asks, never pushed. A report shows the first alone.

use super::model::Check;
use crate::outcome::Disclosure;

/// How much a hint gives away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A question: where to look.
    Question,
    /// A pointer: the setting or the call, and the part of the handout.
    Pointer,
    /// The explanation: what happens in Kafka, why, and what to change.
    Explanation,
}

impl Level {
    /// The level as a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Question => "a question",
            Self::Pointer => "a pointer",
            Self::Explanation => "the explanation",
        }
    }
}

impl Check {
    /// The hints that a learner may have, in the order in which they are given. Empty when the author does not show what the check is about.
    #[must_use]
    pub fn hints(&self) -> Vec<(Level, &str)> {
        if self.disclosure > Disclosure::Rationale {
            return Vec::new();
        }
        let further = [(Level::Pointer, self.pointer.as_deref()), (Level::Explanation, self.explanation.as_deref())];
        let further = further.into_iter().filter_map(|(level, text)| Some((level, text?)));
        std::iter::once((Level::Question, self.hint.as_str())).chain(further).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{Bindings, LabSource, find};

    fn hints(further: &str) -> Vec<(Level, String)> {
        let lab = format!(
            "kgrade: 1\nlab: a\ntitle: A\nchecks:\n  - {{ id: a, title: A, points: 100, hint: one, {further} expect: [ {{ topic: {{ name: t }} }} ] }}\n"
        );
        let lab = LabSource::parse("a.yaml", &lab).unwrap().resolve(&Bindings { run_id: "r".into(), seed: 0 }).unwrap();
        lab.checks[0].hints().into_iter().map(|(level, text)| (level, text.to_owned())).collect()
    }

    #[test]
    fn the_levels_come_in_order_and_only_those_that_are_there() {
        use Level::{Explanation, Pointer, Question};
        let told = |levels: &[(Level, &str)]| levels.iter().map(|(level, text)| (*level, (*text).to_owned())).collect::<Vec<_>>();
        assert_eq!(hints(""), told(&[(Question, "one")]));
        assert_eq!(hints("explanation: three, pointer: two,"), told(&[(Question, "one"), (Pointer, "two"), (Explanation, "three")]));
        assert_eq!(hints("explanation: three,"), told(&[(Question, "one"), (Explanation, "three")]));
    }

    #[test]
    fn a_check_that_is_not_shown_has_no_hints() {
        for (disclosure, shown) in [("full", 2), ("actual", 2), ("rationale", 2), ("points", 0), ("none", 0)] {
            assert_eq!(hints(&format!("pointer: two, disclosure: {disclosure},")).len(), shown, "{disclosure}");
        }
    }

    #[test]
    fn every_check_of_the_course_has_all_three() {
        for name in find::names(None).unwrap() {
            let lab = find::find(&name, None).unwrap().resolve(&Bindings { run_id: "r".into(), seed: 0 }).unwrap();
            for check in &lab.checks {
                let hints = check.hints();
                assert_eq!(
                    hints.iter().map(|(level, _)| *level).collect::<Vec<_>>(),
                    [Level::Question, Level::Pointer, Level::Explanation]
                );
                let (first, last) = (hints[0].1, hints[2].1);
                assert!(first.contains('?'), "{name} {}: the first hint asks nothing: {first}", check.id);
                assert!(
                    last.contains("Kafka's documentation"),
                    "{name} {}: the explanation names no part of Kafka's documentation",
                    check.id
                );
                assert!(last.len() > first.len(), "{name} {}: the explanation is shorter than the question", check.id);
            }
        }
    }
}
