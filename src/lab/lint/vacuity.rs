//! Checks that would pass without evidence.

use super::{item_at, setting_at, value_at};
use crate::kinds::Finding;
use crate::lab::error::{Code, LabError};
use crate::lab::resolve::{Draft, Subject};

pub fn findings(subject: &Subject<'_>) -> Vec<LabError> {
    let mut found = Vec::new();
    if subject.slots.is_empty() {
        let at = subject.root.key_span("checks").unwrap_or(subject.root.span);
        found.push(LabError::new(Code::ASSERTS_NOTHING, "a lab without checks", at).help("write at least one check"));
    }
    for draft in subject.drafts {
        found.extend(nothing_expected(draft));
        found.extend(idle_watches(draft));
        found.extend(kinds_findings(draft));
    }
    found
}

fn nothing_expected(draft: &Draft) -> Option<LabError> {
    let check = &draft.check;
    if !check.expect.is_empty() {
        return None;
    }
    let at = draft.node.key_span("expect").unwrap_or_else(|| value_at(draft, "id"));
    let error = LabError::new(Code::ASSERTS_NOTHING, format!("the check `{}` expects nothing", check.id), at);
    let invariants = !check.always.is_empty() || !check.never.is_empty();
    Some(error.help(if invariants {
        "`always` and `never` alone also hold when nothing happens: say in `expect` what must have happened"
    } else {
        "say in `expect` what must hold"
    }))
}

fn idle_watches(draft: &Draft) -> Vec<LabError> {
    let check = &draft.check;
    if !check.always.is_empty() || !check.never.is_empty() {
        return Vec::new();
    }
    let watches = check.actions.iter().enumerate().filter(|(_, action)| action.spec.word() == "watch");
    watches
        .map(|(index, _)| {
            let error = LabError::new(Code::IDLE_WATCH, "`watch` in a check that has nothing to watch", item_at(draft, "do", index));
            error.help("add the invariant to `always` or `never`; to wait for something, use `await`")
        })
        .collect()
}

fn kinds_findings(draft: &Draft) -> Vec<LabError> {
    let check = &draft.check;
    let mut found = Vec::new();
    let mut note = |list: &str, index: usize, word: &str, findings: Vec<Finding>| {
        found.extend(findings.into_iter().map(|finding| {
            let at = finding.at.map_or_else(|| item_at(draft, list, index), |setting| setting_at(draft, list, index, word, setting));
            LabError::new(Code::KIND, format!("`{word}`: {}", finding.message), at).help(finding.help)
        }));
    };
    for (list, actions) in [("do", &check.actions), ("finally", &check.finally)] {
        for (index, action) in actions.iter().enumerate() {
            note(list, index, action.spec.word(), action.spec.lint());
        }
    }
    for (list, expectations) in [("given", &check.given), ("always", &check.always), ("never", &check.never), ("expect", &check.expect)] {
        for (index, expectation) in expectations.iter().enumerate() {
            note(list, index, expectation.spec.word(), expectation.spec.lint());
        }
    }
    found
}
