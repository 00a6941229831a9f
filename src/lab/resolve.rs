//! From the tree to a [`Lab`]: ids and items, variables, types, defaults, lint.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::data::{DataSet, DataSets, DataSpec};
use super::de::from_node;
use super::error::{Code, LabError};
use super::file::{CheckFile, LabFile, Owner, ProgramSpec, VERSION};
use super::late;
use super::lint;
use super::load::{Bindings, LabSource};
use super::model::{Check, Lab, Placed, Program, WITHIN};
use super::node::{Content, Node};
use super::slots::{Slot, slots};
use super::source::SourceText;
use super::vars::Scope;
use crate::kinds::{ActionSpec, ExpectSpec, Reference};
use crate::outcome::Subject as About;

#[cfg(test)]
mod tests;

/// Keys of a check that are read apart: they make the scope in which the rest is read.
const SCOPE_KEYS: &[&str] = &["id", "vars", "draws", "each", "data"];
/// Keys of a lab that are read check by check.
const CHECK_KEYS: &[&str] = &["vars", "draws", "data", "programs", "checks"];

/// What came of resolving.
pub struct Resolution {
    /// The lab; `None` when too much is wrong.
    pub lab: Option<Lab>,
    /// All findings, in any order.
    pub found: Vec<LabError>,
}

/// A check with the tree it was read from, for lint.
pub struct Draft {
    /// The check.
    pub check: Check,
    /// Its tree, variables replaced.
    pub node: Node,
    /// The variables it used.
    pub used: BTreeSet<String>,
}

/// Everything lint looks at.
pub struct Subject<'a> {
    /// The file's tree.
    pub root: &'a Node,
    /// The lab's own keys.
    pub head: &'a LabFile,
    /// The checks that could be read.
    pub drafts: &'a [Draft],
    /// All checks, also those that could not be read.
    pub slots: &'a [Slot<'a>],
    /// Whether every check could be read.
    pub complete: bool,
}

/// Resolves a lab.
pub fn resolve(lab: &LabSource, bindings: &Bindings) -> Resolution {
    let mut found = Vec::new();
    let scope = Scope::of_lab(&lab.source, &lab.root, &bindings.run_id, bindings.seed);
    let head = from_node::<LabFile>(&scope.expand_except(&lab.root, CHECK_KEYS, |_| false));
    let head = match head {
        Ok(head) => head,
        Err(error) => {
            found.extend((!scope.explains(&error)).then_some(error));
            found.extend(scope.into_errors());
            return Resolution { lab: None, found };
        }
    };
    found.extend(scope.into_errors());
    found.extend(head_errors(&lab.root, &head));
    let (slots, slot_errors) = slots(&lab.source, &lab.root, bindings);
    found.extend(slot_errors);
    let sections = Arc::new(head.sections.clone());
    let mut maker = Maker { lab, bindings, slots: &slots, sections, sets: Vec::new(), found };
    let drafts: Vec<Draft> = slots.iter().filter_map(|slot| maker.draft(slot)).collect();
    let mut found = maker.found;
    let subject = Subject { root: &lab.root, head: &head, drafts: &drafts, slots: &slots, complete: drafts.len() == slots.len() };
    found.extend(lint::errors(&subject));
    if found.is_empty() {
        // Beside an error a warning is noise: what seems unused is often used under a misspelt name.
        found.extend(lint::warnings(&subject));
    }
    let checks: Vec<Check> = drafts.into_iter().map(|draft| draft.check).collect();
    let points = checks.iter().map(|check| check.points).fold(0, u32::saturating_add);
    let digest = Sha256::digest(lab.source.text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let LabFile { lab: name, title, cluster, .. } = head;
    let lab = Lab { name, title, points, cluster, checks, seed: bindings.seed, run_id: bindings.run_id.clone(), digest };
    Resolution { lab: Some(lab), found }
}

fn head_errors(root: &Node, head: &LabFile) -> Vec<LabError> {
    let mut found = Vec::new();
    let at = |key: &str| root.get(key).map_or(root.span, |node| node.span);
    if head.kgrade != VERSION {
        let message = format!("this lab is written in version {} of the check language", head.kgrade);
        found.push(
            LabError::new(Code::VERSION, message, at("kgrade"))
                .help(format!("this kgrade reads version {VERSION}: use a kgrade that fits")),
        );
    }
    if !is_id(&head.lab) {
        found.push(
            LabError::new(Code::BAD_VALUE, format!("`{}` is not a lab's name", head.lab), at("lab"))
                .help("small letters, digits and dashes"),
        );
    }
    if head.cluster.brokers == 0 {
        found.push(
            LabError::new(Code::BAD_VALUE, "a cluster without brokers", at("cluster")).help("write `brokers: 1`, or leave `cluster` out"),
        );
    }
    if head.cluster.owner == Owner::Learner
        && let Some((key, _)) = root.get("cluster").into_iter().flat_map(Node::entries).find(|(key, _)| key.name != "owner")
    {
        let message = format!("`{}` cannot be chosen for a cluster that is the learner's own", key.name);
        found.push(LabError::new(Code::BAD_VALUE, message, key.span).help("remove it, or leave `owner: learner` out"));
    }
    for key in ["vars", "draws", "data", "programs"] {
        let node = root.get(key).filter(|node| !matches!(node.content, Content::Map(_)));
        found.extend(node.map(|node| not_a_mapping(key, node)));
    }
    found
}

fn not_a_mapping(key: &str, node: &Node) -> LabError {
    LabError::new(Code::WRONG_TYPE, format!("`{key}` is a mapping of names, found {}", node.content.describe()), node.anchor())
        .help(format!("write `{key}: {{ name: … }}`"))
}

/// Small letters, digits and dashes after a letter or digit.
pub fn is_id(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Makes the checks one by one; keeps the data sets, which most checks share.
struct Maker<'a> {
    lab: &'a LabSource,
    bindings: &'a Bindings,
    slots: &'a [Slot<'a>],
    sections: Arc<IndexMap<About, String>>,
    sets: Vec<(DataSpec, DataSet)>,
    found: Vec<LabError>,
}

impl Maker<'_> {
    fn draft(&mut self, slot: &Slot<'_>) -> Option<Draft> {
        for key in ["vars", "draws", "data"] {
            let node = slot.node.get(key).filter(|node| !matches!(node.content, Content::Map(_)));
            self.found.extend(node.map(|node| not_a_mapping(key, node)));
        }
        let scope = Scope::of_lab(&self.lab.source, &self.lab.root, &self.bindings.run_id, self.bindings.seed);
        let scope = scope.of_check(slot.node, &slot.id, slot.each.as_ref());
        let node = scope.expand_except(slot.node, SCOPE_KEYS, late::in_check);
        let file = self.read::<CheckFile>(&scope, &node);
        let parts = file.map(|file| {
            let (programs, data) = self.parts(&scope, slot.node, &file);
            (file, programs, data)
        });
        let used = scope.used();
        self.found.extend(scope.into_errors());
        let (file, programs, data) = parts?;
        let check = self.check(slot, &node, file, programs, data);
        Some(Draft { check, node, used })
    }

    /// The programs and data sets that the check names: what it does not name need not make sense in it.
    fn parts(&mut self, scope: &Scope<'_>, check: &Node, file: &CheckFile) -> (IndexMap<String, Program>, DataSets) {
        let (mut programs, mut data) = (IndexMap::new(), BTreeMap::new());
        let root = &self.lab.root;
        for reference in references(file) {
            match reference {
                Reference::Program(name) => {
                    let node =
                        root.get("programs").map(|programs| scope.expand(programs_only(programs, &name).as_ref(), late::in_programs));
                    let spec = node.as_ref().and_then(|node| node.get(&name)).and_then(|node| self.read::<ProgramSpec>(scope, node));
                    if let Some(ProgramSpec { default, env }) = spec {
                        programs.insert(name, Program { command: default, env });
                    }
                }
                Reference::Data(name) | Reference::Events(name) => {
                    let node =
                        [check, root].into_iter().find_map(|level| level.get("data")?.get(&name)).map(|node| scope.expand(node, |_| false));
                    if let Some(set) = node.and_then(|node| self.data_set(scope, &node)) {
                        data.insert(name, set);
                    }
                }
                // Fields are looked at when the data set is there.
                Reference::Field { .. } => {}
                Reference::Instance(_) | Reference::AnyInstance(_) | Reference::Fault(_) | Reference::Broker(_) | Reference::Node(_) => {}
            }
        }
        (programs, data)
    }

    fn read<T: DeserializeOwned>(&mut self, scope: &Scope<'_>, node: &Node) -> Option<T> {
        from_node(node).map_err(|error| self.found.extend((!scope.explains(&error)).then_some(error))).ok()
    }

    fn data_set(&mut self, scope: &Scope<'_>, node: &Node) -> Option<DataSet> {
        let spec: DataSpec = self.read(scope, node)?;
        if let Some((_, set)) = self.sets.iter().find(|(known, _)| *known == spec) {
            return Some(set.clone());
        }
        match spec.make(self.bindings.seed) {
            Ok(set) => {
                self.sets.push((spec, set.clone()));
                Some(set)
            }
            Err(bad) => {
                let at = node.get(bad.at).map_or(node.anchor(), Node::anchor);
                self.found.push(LabError::new(Code::BAD_DATA, bad.message, at).maybe_help(bad.help));
                None
            }
        }
    }

    fn check(&self, slot: &Slot<'_>, node: &Node, file: CheckFile, programs: IndexMap<String, Program>, data: DataSets) -> Check {
        let full = |names: &[String]| -> Vec<String> {
            let mut ids: Vec<String> = Vec::new();
            for name in names {
                let named = self.slots.iter().filter(|slot| slot.id == *name || slot.written == *name).map(|slot| slot.id.clone());
                ids.extend(named.collect::<Vec<_>>().into_iter().filter(|id| !ids.contains(id)).collect::<Vec<_>>());
            }
            ids
        };
        let source = &self.lab.source;
        Check {
            id: slot.id.clone(),
            written_id: slot.written.clone(),
            title: file.title,
            criterion: file.criterion,
            points: file.points,
            hint: file.hint.unwrap_or_default(),
            read: file.read,
            sections: Arc::clone(&self.sections),
            pointer: file.pointer,
            explanation: file.explanation,
            needs: full(&file.needs),
            after: full(&file.after),
            tags: file.tags,
            blame: full(&file.blame.into_iter().collect::<Vec<_>>()),
            within: file.within.unwrap_or(WITHIN),
            stable: file.stable,
            actions: placed(source, node, "do", file.actions),
            given: placed(source, node, "given", file.given),
            always: placed(source, node, "always", file.always),
            never: placed(source, node, "never", file.never),
            expect: placed(source, node, "expect", file.expect),
            finally: placed(source, node, "finally", file.finally),
            disclosure: file.disclosure,
            programs,
            data,
            place: source.place(slot.node.anchor()),
            last_line: last_line(source, slot.node),
        }
    }
}

/// The mapping of programs with one program only, so that the paths in it are those of the file.
fn programs_only<'n>(programs: &'n Node, name: &str) -> std::borrow::Cow<'n, Node> {
    let entries = programs.entries().iter().filter(|(key, _)| key.name == name).cloned().collect();
    std::borrow::Cow::Owned(Node { content: Content::Map(entries), ..*programs })
}

fn placed<T>(source: &SourceText, node: &Node, key: &str, specs: Vec<T>) -> Vec<Placed<T>> {
    let items = node.get(key).map(Node::items).unwrap_or_default();
    specs.into_iter().zip(items).map(|(spec, item)| Placed { spec, place: source.place(item.anchor()) }).collect()
}

fn last_line(source: &SourceText, node: &Node) -> u32 {
    // A text of several lines ends in its last one, without the line break that ends it.
    let inside = source.slice(node.span).trim_end().matches('\n').count();
    let own = if node.is_scalar() { node.span.line + u32::try_from(inside).unwrap_or(0) } else { node.span.line };
    let parts = node.entries().iter().map(|(_, value)| value).chain(node.items());
    parts.map(|part| last_line(source, part)).max().unwrap_or(0).max(own)
}

/// Every name that a check's kinds use, each once.
fn references(file: &CheckFile) -> Vec<Reference> {
    let actions = file.actions.iter().chain(&file.finally).flat_map(ActionSpec::references);
    let expectations = [&file.given, &file.always, &file.never, &file.expect].into_iter().flatten().flat_map(ExpectSpec::references);
    let mut found: Vec<Reference> = Vec::new();
    for reference in actions.chain(expectations) {
        if !found.contains(&reference) {
            found.push(reference);
        }
    }
    found
}
