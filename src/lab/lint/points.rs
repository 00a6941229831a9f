//! Points that add up, hints that are there.

use crate::lab::error::{Code, LabError};
use crate::lab::node::Node;
use crate::lab::resolve::Subject;

use super::value_at;

/// What a lab's points add up to when it does not say.
const POINTS: u32 = 100;

pub fn findings(subject: &Subject<'_>) -> Vec<LabError> {
    let mut found = Vec::new();
    for draft in subject.drafts {
        if draft.check.hint.trim().is_empty() {
            let at = draft.node.get("hint").map_or(draft.node.anchor(), |node| node.span);
            let error = LabError::new(Code::NO_HINT, format!("the check `{}` has no hint", draft.check.id), at);
            found.push(error.help("say in `hint` where to look when it fails"));
        }
        for (key, further) in [("pointer", &draft.check.pointer), ("explanation", &draft.check.explanation)] {
            if further.as_ref().is_some_and(|text| text.trim().is_empty()) {
                let error =
                    LabError::new(Code::NO_HINT, format!("the {key} of the check `{}` says nothing", draft.check.id), value_at(draft, key));
                found.push(error.help(format!("write the hint, or leave `{key}` out")));
            }
        }
    }
    if subject.complete && !subject.drafts.is_empty() {
        found.extend(sum(subject));
    }
    found
}

fn sum(subject: &Subject<'_>) -> Option<LabError> {
    let wanted = subject.head.points.unwrap_or(POINTS);
    let sum = subject.drafts.iter().fold(0, |sum: u32, draft| sum.saturating_add(draft.check.points));
    if sum == wanted {
        return None;
    }
    let parts: Vec<_> = subject.drafts.iter().map(|draft| format!("{} {}", draft.check.id, draft.check.points)).collect();
    let at = subject.root.get("points").map(Node::anchor).or_else(|| subject.root.key_span("checks")).unwrap_or(subject.root.span);
    let error = LabError::new(Code::POINTS, format!("the checks' points add up to {sum}, not {wanted}"), at);
    Some(error.help(format!("they are: {}; a lab of other than {POINTS} points says `points: {sum}`", parts.join(", "))))
}
