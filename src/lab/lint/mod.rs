//! What is wrong with a lab beyond its types: one file per concern.

pub mod criteria;
mod data;
mod hidden;
mod ids;
mod names;
mod points;
pub mod sections;
mod time;
mod topics;
mod unused;
mod vacuity;

use super::error::LabError;
use super::node::Node;
use super::resolve::{Draft, Subject};
use super::source::Region;

/// All errors, in any order.
pub fn errors(subject: &Subject<'_>) -> Vec<LabError> {
    let mut found = ids::findings(subject);
    found.extend(points::findings(subject));
    found.extend(vacuity::findings(subject));
    found.extend(names::findings(subject));
    found.extend(data::findings(subject));
    found.extend(time::findings(subject));
    found.extend(topics::findings(subject));
    found
}

/// All warnings, for a lab without errors.
pub fn warnings(subject: &Subject<'_>) -> Vec<LabError> {
    let mut found = unused::findings(subject);
    found.extend(hidden::findings(subject));
    found
}

/// Where the n-th item of a check's list stands: at its kind's word.
fn item_at(draft: &Draft, list: &str, index: usize) -> Region {
    draft.node.get(list).and_then(|node| node.items().get(index)).map_or(draft.node.anchor(), Node::anchor)
}

/// Where a setting of the n-th item stands; the item itself when it has no such setting.
fn setting_at(draft: &Draft, list: &str, index: usize, word: &str, setting: &str) -> Region {
    let item = draft.node.get(list).and_then(|node| node.items().get(index));
    let settings = item.and_then(|item| item.get(word));
    settings.and_then(|settings| settings.get(setting)).map_or_else(|| item_at(draft, list, index), Node::anchor)
}

/// Where a key of a check has its value; the check itself when it has no such key.
fn value_at(draft: &Draft, key: &str) -> Region {
    draft.node.get(key).map_or(draft.node.anchor(), Node::anchor)
}
