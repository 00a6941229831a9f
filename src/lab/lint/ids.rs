//! Ids and the edges between checks: duplicates, unknown names, cycles, blame.

use std::collections::BTreeMap;

use super::value_at;
use crate::lab::error::{Code, LabError};
use crate::lab::node::Node;
use crate::lab::resolve::{Draft, Subject};
use crate::lab::source::Region;
use crate::lab::suggestion;

pub fn findings(subject: &Subject<'_>) -> Vec<LabError> {
    let mut found = duplicates(subject);
    for draft in subject.drafts {
        for key in ["needs", "after"] {
            let items = draft.node.get(key).map(Node::items).unwrap_or_default();
            found.extend(items.iter().filter_map(|item| unknown(subject, item)));
        }
        found.extend(draft.node.get("blame").and_then(|node| unknown(subject, node)));
        found.extend(blame(draft));
    }
    found.extend(cycle(subject));
    found
}

fn duplicates(subject: &Subject<'_>) -> Vec<LabError> {
    let mut seen: BTreeMap<&str, Region> = BTreeMap::new();
    let mut found = Vec::new();
    for slot in subject.slots.iter().filter(|slot| !slot.id.is_empty()) {
        let at = slot.each.as_ref().map_or_else(|| slot.node.get("id").map_or(slot.node.span, |id| id.span), Node::anchor);
        if let Some(first) = seen.get(slot.id.as_str()) {
            let error = LabError::new(Code::DUPLICATE_ID, format!("the id `{}` is taken", slot.id), at);
            found.push(error.help(format!("it is the id of the check at line {}: give this one another", first.line)));
        }
        seen.entry(&slot.id).or_insert(at);
    }
    found
}

fn unknown(subject: &Subject<'_>, item: &Node) -> Option<LabError> {
    let name = item.text()?;
    let known = || subject.slots.iter().flat_map(|slot| [slot.written.as_str(), slot.id.as_str()]);
    if known().any(|id| id == name) {
        return None;
    }
    let mut ids: Vec<&str> = known().filter(|id| !id.is_empty()).collect();
    ids.sort_unstable();
    ids.dedup();
    Some(LabError::new(Code::UNKNOWN_CHECK, format!("there is no check `{name}`"), item.span).maybe_help(suggestion::advice(name, ids)))
}

fn blame(draft: &Draft) -> Option<LabError> {
    let named = draft.node.get("blame");
    match (draft.check.given.is_empty(), named) {
        (false, None) => {
            let error = LabError::new(Code::BLAME, "`given` without `blame`", value_at(draft, "given"));
            Some(error.help("name the check that is at fault when `given` does not hold: `blame: <check>`"))
        }
        (true, Some(named)) => {
            let error = LabError::new(Code::BLAME, "`blame` without `given`", named.span);
            Some(error.help("say in `given` what shows that the other check is at fault, or remove `blame`"))
        }
        (false, Some(named)) if draft.check.blame.contains(&draft.check.id) => {
            Some(LabError::new(Code::BLAME, "a check cannot blame itself", named.span).help("name the check that is at fault"))
        }
        _ => None,
    }
}

/// The first circle of checks that wait for each other.
fn cycle(subject: &Subject<'_>) -> Option<LabError> {
    let edges: BTreeMap<&str, &Draft> = subject.drafts.iter().map(|draft| (draft.check.id.as_str(), draft)).collect();
    let mut done = Vec::new();
    for draft in subject.drafts {
        let mut path = Vec::new();
        if let Some(circle) = visit(&edges, &draft.check.id, &mut path, &mut done) {
            let first = circle.first().and_then(|id| edges.get(id.as_str()))?;
            let message = format!("these checks wait for each other: {}", circle.join(" → "));
            let key = ["needs", "after", "blame"].into_iter().find(|key| first.node.get(key).is_some()).unwrap_or("id");
            return Some(
                LabError::new(Code::CHECK_CYCLE, message, value_at(first, key))
                    .help("remove one of these edges from `needs`, `after` or `blame`"),
            );
        }
    }
    None
}

fn visit<'a>(edges: &BTreeMap<&'a str, &'a Draft>, id: &'a str, path: &mut Vec<&'a str>, done: &mut Vec<&'a str>) -> Option<Vec<String>> {
    if done.contains(&id) {
        return None;
    }
    if let Some(begin) = path.iter().position(|other| *other == id) {
        return Some(path.iter().skip(begin).chain([&id]).map(|id| (*id).to_owned()).collect());
    }
    path.push(id);
    let check = &edges.get(id)?.check;
    // A check that blames itself is told so on its own.
    let blamed = check.blame.iter().filter(|other| **other != check.id);
    for next in check.needs.iter().chain(&check.after).chain(blamed) {
        if let Some(circle) = visit(edges, next, path, done) {
            return Some(circle);
        }
    }
    path.pop();
    done.push(id);
    None
}
