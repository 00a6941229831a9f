//! Times over the cap: a lab is typed for, not left alone with.

use std::time::Duration;

use super::{item_at, value_at};
use crate::lab::error::{Code, LabError};
use crate::lab::node::Node;
use crate::lab::resolve::{Draft, Subject};
use crate::lab::span::Span;

/// The longest that one thing may take.
const ONE: Span = Span::secs(120);
/// The longest that all a lab's experiments may take together.
const ALL: Span = Span::secs(600);

pub fn findings(subject: &Subject<'_>) -> Vec<LabError> {
    let mut found: Vec<LabError> = subject.drafts.iter().flat_map(of_check).collect();
    // `within` counts only where the lab states it: the default is a limit that is hardly ever reached.
    let total: Duration = subject.drafts.iter().map(stated).fold(Duration::ZERO, Duration::saturating_add);
    if total > ALL.get() {
        let at = subject.root.key_span("checks").unwrap_or(subject.root.span);
        let message =
            format!("the lab's `watch`, `within` and `stable` add up to {}s, and {}s is the most", total.as_secs(), ALL.get().as_secs());
        found.push(LabError::new(Code::TOO_LONG, message, at).help("shorten the experiments, or make two labs of it"));
    }
    found
}

fn of_check(draft: &Draft) -> Vec<LabError> {
    let check = &draft.check;
    let mut found = Vec::new();
    for (key, span) in [("within", Some(check.within)), ("stable", check.stable)] {
        if span.is_some_and(|span| span > ONE) {
            found.push(too_long(&format!("`{key}`"), value_at(draft, key)));
        }
    }
    for (list, actions) in [("do", &check.actions), ("finally", &check.finally)] {
        for (index, action) in actions.iter().enumerate() {
            if action.spec.budget() > ONE.get() {
                found.push(too_long(&format!("`{}`", action.spec.word()), item_at(draft, list, index)));
            }
        }
    }
    found
}

fn too_long(what: &str, at: crate::lab::source::Region) -> LabError {
    LabError::new(Code::TOO_LONG, format!("{what} takes longer than {ONE}"), at)
        .help(format!("{ONE} is the most; a good experiment takes seconds"))
}

fn stated(draft: &Draft) -> Duration {
    let within = draft.node.get("within").map_or(Duration::ZERO, |_: &Node| draft.check.within.get());
    let stable = draft.check.stable.map_or(Duration::ZERO, Span::get);
    let watches = draft.check.actions.iter().filter(|action| action.spec.word() == "watch").map(|action| action.spec.budget());
    watches.fold(within.saturating_add(stable), Duration::saturating_add)
}
