//! What is declared and never used: a warning, since it is mostly a slip in the name where it should be used.

use std::collections::BTreeSet;

use crate::lab::error::{Code, LabError};
use crate::lab::node::Node;
use crate::lab::resolve::Subject;

pub fn findings(subject: &Subject<'_>) -> Vec<LabError> {
    let variables: BTreeSet<&str> = subject.drafts.iter().flat_map(|draft| &draft.used).map(String::as_str).collect();
    let draws: BTreeSet<&str> = variables.iter().filter_map(|name| name.strip_prefix("draw.")).collect();
    let programs: BTreeSet<&str> = subject.drafts.iter().flat_map(|draft| draft.check.programs.keys()).map(String::as_str).collect();
    let data: BTreeSet<&str> = subject.drafts.iter().flat_map(|draft| draft.check.data.keys()).map(String::as_str).collect();
    let mut found = Vec::new();
    let levels = || std::iter::once(subject.root).chain(subject.slots.iter().map(|slot| slot.node));
    for level in levels() {
        found.extend(of_level(level, "vars", "the variable", &variables));
        found.extend(of_level(level, "draws", "the draw", &draws));
        found.extend(of_level(level, "data", "the data set", &data));
        found.extend(of_level(level, "programs", "the program", &programs));
    }
    found
}

fn of_level(level: &Node, key: &str, what: &str, used: &BTreeSet<&str>) -> Vec<LabError> {
    let entries = level.get(key).map(Node::entries).unwrap_or_default();
    let unused = entries.iter().filter(|(name, _)| !used.contains(name.name.as_str()));
    let finding =
        |name: &str, at| LabError::new(Code::UNUSED, format!("{what} `{name}` is not used"), at).help("use it or remove it").warning();
    unused.map(|(name, _)| finding(&name.name, name.span)).collect()
}
