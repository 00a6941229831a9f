//! The checks by name: one slot per check, and per item of a check with `each`.

use super::error::{Code, LabError};
use super::load::Bindings;
use super::node::{Content, Node, brief};
use super::resolve::is_id;
use super::source::SourceText;
use super::vars::Scope;

/// A check to be made.
pub struct Slot<'a> {
    /// The check's tree, as written.
    pub node: &'a Node,
    /// The id as written.
    pub written: String,
    /// The full id: `written`, or `written[item]`.
    pub id: String,
    /// The item of `each`.
    pub each: Option<Node>,
}

/// Finds all checks of a lab.
pub fn slots<'a>(source: &'a SourceText, root: &'a Node, bindings: &Bindings) -> (Vec<Slot<'a>>, Vec<LabError>) {
    let (mut slots, mut found) = (Vec::new(), Vec::new());
    let Some(checks) = root.get("checks") else { return (slots, found) };
    if !matches!(checks.content, Content::List(_)) {
        let message = format!("`checks` is a list, found {}", checks.content.describe());
        found.push(LabError::new(Code::WRONG_TYPE, message, checks.anchor()).help("write `- id: …` for each check"));
    }
    for node in checks.items() {
        if !matches!(node.content, Content::Map(_)) {
            let message = format!("a check is a mapping of keys, found {}", node.content.describe());
            found.push(LabError::new(Code::WRONG_TYPE, message, node.anchor()).help("a check begins with `- id: …`"));
            continue;
        }
        let written = node.get("id").and_then(Node::text).unwrap_or_default().to_owned();
        if let Some(id) = node.get("id").filter(|_| !is_id(&written)) {
            let message = format!("`{}` is not a check's id", brief(&id.content.format().unwrap_or_default()));
            found.push(LabError::new(Code::BAD_VALUE, message, id.anchor()).help("small letters, digits and dashes, without variables"));
        }
        let Some(each) = node.get("each") else {
            slots.push(Slot { node, id: written.clone(), written, each: None });
            continue;
        };
        let scope = Scope::of_lab(source, root, &bindings.run_id, bindings.seed).of_check(node, &written, None);
        let each = scope.expand(each, |_| false);
        found.extend(scope.into_errors());
        if each.items().is_empty() {
            let error = LabError::new(Code::ASSERTS_NOTHING, "`each` has no items, so this check is never made", each.anchor());
            found.push(error.help("write a list of items, or remove `each`"));
        }
        for item in each.items() {
            match item_name(item) {
                Some(name) => {
                    slots.push(Slot { node, id: format!("{written}[{name}]"), written: written.clone(), each: Some(item.clone()) })
                }
                None => {
                    let message = "an item of `each` is a value, or a mapping whose first field is one";
                    found.push(
                        LabError::new(Code::WRONG_TYPE, message, item.anchor())
                            .help("the value names the item in the check's id: `id[value]`"),
                    );
                }
            }
        }
    }
    (slots, found)
}

/// An item's name: the value, or the first field's.
fn item_name(item: &Node) -> Option<String> {
    let value = match &item.content {
        Content::Map(entries) => &entries.first()?.1,
        _ => item,
    };
    value.content.format().filter(|name| !name.is_empty())
}

/// A check's id as a part of a topic's or group's name: `durable[lost ack]` becomes `durable-lost-ack`.
pub fn slug(id: &str) -> String {
    let dashed: String = id.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' }).collect();
    dashed.trim_end_matches('-').to_owned()
}
