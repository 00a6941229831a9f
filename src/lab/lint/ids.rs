//! Ids and the edges between checks: duplicates, unknown names, cycles, blame.

use std::collections::BTreeMap;

use super::value_at;
use crate::lab::error::{Code, LabError};
use crate::lab::model::Check;
use crate::lab::node::Node;
use crate::lab::resolve::{Draft, Subject};
use crate::lab::slots::slug;
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
    found.extend(cycles(subject));
    found
}

/// Ids must also differ as parts of topics' and groups' names, where `$(check.id)` keeps checks apart.
fn duplicates(subject: &Subject<'_>) -> Vec<LabError> {
    let mut seen: BTreeMap<String, (&str, Region)> = BTreeMap::new();
    let mut found = Vec::new();
    for slot in subject.slots.iter().filter(|slot| !slot.id.is_empty()) {
        let at = slot.each.as_ref().map_or_else(|| slot.node.get("id").map_or(slot.node.span, |id| id.span), Node::anchor);
        let slug = slug(&slot.id);
        match seen.get(&slug) {
            Some((id, first)) => {
                let message = if *id == slot.id {
                    format!("the id `{id}` is taken")
                } else {
                    format!("the ids `{id}` and `{}` give the same `$(check.id)`: {slug}", slot.id)
                };
                let help = format!("the other stands at line {}: give this one another id", first.line);
                found.push(LabError::new(Code::DUPLICATE_ID, message, at).help(help));
            }
            None => {
                seen.insert(slug, (&slot.id, at));
            }
        }
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

/// The checks that a check waits for, or that it blames.
type Edges = for<'a> fn(&'a Check) -> Vec<&'a String>;

/// The first circle of checks that wait for each other, and the first of checks that blame each other.
fn cycles(subject: &Subject<'_>) -> Vec<LabError> {
    let waits: Edges = |check| check.needs.iter().chain(&check.after).collect();
    // A check that blames itself is told so on its own.
    let blames: Edges = |check| check.blame.iter().filter(|other| **other != check.id).collect();
    let kinds = [(waits, "wait for", ["needs", "after"]), (blames, "blame", ["blame", "given"])];
    kinds.into_iter().filter_map(|(edges, what, keys)| cycle(subject, edges, what, keys)).collect()
}

fn cycle(subject: &Subject<'_>, edges: Edges, what: &str, keys: [&str; 2]) -> Option<LabError> {
    let drafts: BTreeMap<&str, &Draft> = subject.drafts.iter().map(|draft| (draft.check.id.as_str(), draft)).collect();
    let mut done = Vec::new();
    let circle = subject.drafts.iter().find_map(|draft| visit(&drafts, edges, &draft.check.id, &mut Vec::new(), &mut done))?;
    let first = circle.first().and_then(|id| drafts.get(id.as_str()))?;
    let key = keys.into_iter().find(|key| first.node.get(key).is_some()).unwrap_or("id");
    let error = LabError::new(Code::CHECK_CYCLE, format!("these checks {what} each other: {}", circle.join(" → ")), value_at(first, key));
    Some(error.help(format!("remove one of these from `{}`", if what == "blame" { "blame" } else { "needs` or `after" })))
}

fn visit<'a>(
    drafts: &BTreeMap<&'a str, &'a Draft>,
    edges: Edges,
    id: &'a str,
    path: &mut Vec<&'a str>,
    done: &mut Vec<&'a str>,
) -> Option<Vec<String>> {
    if done.contains(&id) {
        return None;
    }
    if let Some(begin) = path.iter().position(|other| *other == id) {
        return Some(path.iter().skip(begin).chain([&id]).map(|id| (*id).to_owned()).collect());
    }
    let draft: &'a Draft = drafts.get(id)?;
    path.push(id);
    let circle = edges(&draft.check).into_iter().find_map(|next| visit(drafts, edges, next, path, done));
    path.pop();
    done.push(id);
    circle
}
