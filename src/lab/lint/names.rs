//! Programs, data sets and instances that are named but not there.

use std::collections::BTreeSet;

use super::{item_at, setting_at};
use crate::kinds::{ActionSpec, Reference};
use crate::lab::error::{Code, LabError};
use crate::lab::node::{Content, Node};
use crate::lab::plural::count;
use crate::lab::resolve::{Draft, Subject};
use crate::lab::source::Region;
use crate::lab::suggestion;

pub fn findings(subject: &Subject<'_>) -> Vec<LabError> {
    subject.drafts.iter().flat_map(|draft| of_check(subject, draft)).collect()
}

fn of_check(subject: &Subject<'_>, draft: &Draft) -> Vec<LabError> {
    let check = &draft.check;
    let mut found = Vec::new();
    let (mut started, mut armed, mut brokers): (Vec<&str>, Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new(), Vec::new());
    for (list, actions) in [("do", &check.actions), ("finally", &check.finally)] {
        for (index, action) in actions.iter().enumerate() {
            let references = action.spec.references();
            found.extend(
                references.iter().filter_map(|reference| missing(subject, draft, (list, index), reference, (&started, &armed, &brokers))),
            );
            if let Some(name) = action.spec.arms() {
                found.extend(armed.contains(&name).then(|| armed_twice(draft, list, index, name)));
                armed.push(name);
            }
            if let ActionSpec::Broker(broker) = &action.spec {
                brokers.extend(broker.names());
            }
            let Some(name) = action.spec.starts() else { continue };
            if started.contains(&name) {
                let at = setting_at(draft, list, index, action.spec.word(), "as");
                let error =
                    LabError::new(Code::DUPLICATE_INSTANCE, format!("`{name}` is already the name of a program started in this check"), at);
                found.push(error.help("give this one another name with `as`"));
            }
            started.push(name);
        }
    }
    for (list, expectations) in [("given", &check.given), ("always", &check.always), ("never", &check.never), ("expect", &check.expect)] {
        for (index, expectation) in expectations.iter().enumerate() {
            let references = expectation.spec.references();
            found.extend(
                references.iter().filter_map(|reference| missing(subject, draft, (list, index), reference, (&started, &armed, &brokers))),
            );
        }
    }
    found
}

/// The finding for a name that is not there.
fn missing(
    subject: &Subject<'_>,
    draft: &Draft,
    (list, index): (&str, usize),
    reference: &Reference,
    (started, armed, brokers): (&[&str], &[&str], &[&str]),
) -> Option<LabError> {
    let (code, what, name, known) = match reference {
        Reference::Program(name) => (Code::UNKNOWN_PROGRAM, "program", name, names(&[subject.root.get("programs")])),
        Reference::Data(name) | Reference::Events(name) => {
            let own = subject.slots.iter().find(|slot| slot.id == draft.check.id).and_then(|slot| slot.node.get("data"));
            (Code::BAD_DATA, "data set", name, names(&[own, subject.root.get("data")]))
        }
        Reference::Instance(name) => (Code::UNKNOWN_INSTANCE, "started program", name, instances(subject, draft, started)),
        Reference::AnyInstance(name) => {
            let own: Vec<&str> = draft.check.actions.iter().filter_map(|action| action.spec.starts()).collect();
            (Code::UNKNOWN_INSTANCE, "started program", name, own.into_iter().map(str::to_owned).collect())
        }
        Reference::Fault(name) => (Code::UNKNOWN_FAULT, "armed fault", name, armed.iter().map(|name| (*name).to_owned()).collect()),
        Reference::Broker(name) => (Code::UNKNOWN_BROKER, "named broker", name, brokers.iter().map(|name| (*name).to_owned()).collect()),
        Reference::Node(node) => return no_such_node(subject, draft, (list, index), *node),
        Reference::Field { of, name, ascends } => return no_such_field(draft, (list, index), of, (name, *ascends)),
    };
    if known.contains(name) {
        return if matches!(reference, Reference::Events(_)) { no_events(draft, (list, index), name) } else { None };
    }
    let at = find_text(draft, list, index, name).unwrap_or_else(|| item_at(draft, list, index));
    let error = LabError::new(code, format!("there is no {what} `{name}`"), at);
    let error = error.maybe_help(suggestion::advice(name, known.iter().map(String::as_str)));
    Some(if error.help.is_some() { error } else { error.help(how_to_add(reference)) })
}

/// The finding for a node id that no broker of the cluster has.
fn no_such_node(subject: &Subject<'_>, draft: &Draft, (list, index): (&str, usize), node: i32) -> Option<LabError> {
    let brokers = subject.head.cluster.brokers;
    if (1..=i32::from(brokers)).contains(&node) {
        return None;
    }
    let message = format!("there is no broker {node} in a cluster of {}", count(brokers.into(), "broker"));
    let help =
        if brokers == 1 { "give the lab more: `cluster: { brokers: 3 }`".to_owned() } else { format!("node ids are 1 to {brokers}") };
    Some(LabError::new(Code::UNKNOWN_BROKER, message, item_at(draft, list, index)).help(help))
}

/// The finding for a data set whose records are written out where events are meant: nothing would ever be compared.
fn no_events(draft: &Draft, (list, index): (&str, usize), of: &str) -> Option<LabError> {
    let set = draft.check.data.get(of)?;
    if !set.events.is_empty() {
        return None;
    }
    let at = find_text(draft, list, index, of).unwrap_or_else(|| item_at(draft, list, index));
    let error =
        LabError::new(Code::BAD_DATA, format!("the data set `{of}` is written out, and only generated events can be told apart"), at);
    Some(error.help("generate it (`generate: user-events`), or ask what needs no events, such as `count`"))
}

/// The finding for a field that the events of a data set do not have: every program would pass.
fn no_such_field(draft: &Draft, (list, index): (&str, usize), of: &str, (name, ascends): (&str, bool)) -> Option<LabError> {
    let fields = draft.check.data.get(of)?.events.first()?.json.as_object()?;
    let (message, help) = match fields.get(name) {
        None => (format!("the events of `{of}` have no field `{name}`"), suggestion::advice(name, fields.keys().map(String::as_str))),
        Some(value) if ascends && !value.is_i64() => {
            let numbers = fields.iter().filter(|(_, value)| value.is_i64()).map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>();
            (format!("the field `{name}` holds no whole number that could ascend"), Some(format!("these do: {}", numbers.join(", "))))
        }
        Some(_) => return None,
    };
    let at = find_text(draft, list, index, name).unwrap_or_else(|| item_at(draft, list, index));
    Some(LabError::new(Code::UNKNOWN_FIELD, message, at).maybe_help(help))
}

fn armed_twice(draft: &Draft, list: &str, index: usize, name: &str) -> LabError {
    let at = find_text(draft, list, index, name).unwrap_or_else(|| item_at(draft, list, index));
    let error = LabError::new(Code::DUPLICATE_FAULT, format!("`{name}` is already the name of a fault of this check"), at);
    error.help("give this one another name; a fault that was cleared keeps its name on the timeline")
}

fn how_to_add(reference: &Reference) -> &'static str {
    match reference {
        Reference::Program(_) => "declare it under the lab's `programs`",
        Reference::Data(_) | Reference::Events(_) | Reference::Field { .. } => "declare it under `data` of the lab or of the check",
        Reference::AnyInstance(_) => "name a program that this check starts with `start` or `run`",
        Reference::Fault(_) => "arm it before, in `do`: `fault: { arm: { name: … } }`",
        Reference::Broker(_) => "name it in an action before, in `do`: `broker: { kill: { which: …, as: … } }`",
        Reference::Node(_) => "node ids count from 1 to `cluster.brokers`",
        Reference::Instance(_) => {
            "start it before, in `do`, with `start` or `run`; a program of a check in `needs` or `after` is `check/name`"
        }
    }
}

fn names(levels: &[Option<&Node>]) -> BTreeSet<String> {
    levels.iter().flatten().flat_map(|node| node.entries()).map(|(key, _)| key.name.clone()).collect()
}

/// The instances that may be named: this check's, and as `check/name` those of the checks that come before it, directly or not.
fn instances(subject: &Subject<'_>, draft: &Draft, started: &[&str]) -> BTreeSet<String> {
    let mut known: BTreeSet<String> = started.iter().map(|name| (*name).to_owned()).collect();
    let mut waiting: Vec<&String> = draft.check.needs.iter().chain(&draft.check.after).collect();
    let mut seen: BTreeSet<&String> = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if !seen.insert(id) {
            continue;
        }
        let Some(other) = subject.drafts.iter().find(|other| other.check.id == *id) else { continue };
        let starts = other.check.actions.iter().filter_map(|action| action.spec.starts());
        known.extend(starts.map(|name| format!("{id}/{name}")));
        waiting.extend(other.check.needs.iter().chain(&other.check.after));
    }
    known
}

/// Where the name stands inside an item.
fn find_text(draft: &Draft, list: &str, index: usize, name: &str) -> Option<Region> {
    fn search(node: &Node, name: &str) -> Option<Region> {
        match &node.content {
            Content::Text(text) => (text == name).then_some(node.span),
            Content::List(items) => items.iter().find_map(|item| search(item, name)),
            Content::Map(entries) => entries.iter().find_map(|(_, value)| search(value, name)),
            _ => None,
        }
    }
    search(draft.node.get(list)?.items().get(index)?, name)
}
