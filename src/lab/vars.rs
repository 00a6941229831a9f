//! Variables: `$(name)` in a leaf's text, replaced after parsing.
//!
//! A leaf that is nothing but `$(name)` takes the variable's type; inside a text the value is formatted. Variables may use other
//! variables and are worked out where they are used, so that `topic: events-$(check.id)` of the lab differs from check to check.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use super::de::from_node;
use super::draw::{DrawSpec, random};
use super::error::{Code, LabError};
use super::late;
use super::node::{Content, Key, Node, brief};
use super::slots::slug;
use super::source::{Region, SourceText};
use super::suggestion;
use super::template::{Piece, pieces};

#[cfg(test)]
mod tests;

/// Bytes that a text may have after replacement: variables of variables of variables grow fast.
const LONGEST: usize = 64 * 1024;

/// What the variables mean in one check.
pub struct Scope<'a> {
    source: &'a SourceText,
    /// The mappings under `vars`, the innermost first.
    vars: Vec<&'a Node>,
    /// The mappings under `draws`, the innermost first.
    draws: Vec<&'a Node>,
    each: Option<&'a Node>,
    fixed: Vec<(&'static str, Content)>,
    seed: u64,
    check: &'a str,
    memo: RefCell<HashMap<String, Option<Content>>>,
    stack: RefCell<Vec<String>>,
    errors: RefCell<Vec<LabError>>,
    /// Leaves with a variable that has no value.
    tainted: RefCell<Vec<Region>>,
}

/// What a name stands for.
enum Found {
    Value(Content),
    /// Known when a program starts; the text stays.
    Late,
    /// An error was noted.
    Bad,
}

impl<'a> Scope<'a> {
    /// The scope of the lab as a whole: no check, no `each`.
    pub fn of_lab(source: &'a SourceText, root: &'a Node, run_id: &str, seed: u64) -> Self {
        Self {
            source,
            vars: root.get("vars").into_iter().collect(),
            draws: root.get("draws").into_iter().collect(),
            each: None,
            fixed: vec![("run.id", Content::Text(run_id.to_owned())), ("run.seed", Content::Int(seed.into()))],
            seed,
            check: "",
            memo: RefCell::default(),
            stack: RefCell::default(),
            errors: RefCell::default(),
            tainted: RefCell::default(),
        }
    }

    /// The scope of one check: `id` is the check's full id, `each` the item it is made for.
    pub fn of_check(mut self, check: &'a Node, id: &'a str, each: Option<&'a Node>) -> Self {
        self.vars.splice(0..0, check.get("vars"));
        self.draws.splice(0..0, check.get("draws"));
        self.each = each;
        self.check = id;
        self.fixed.push(("check.id", Content::Text(slug(id))));
        self
    }

    /// The names of the variables that were used.
    pub fn used(&self) -> BTreeSet<String> {
        self.memo.borrow().keys().cloned().collect()
    }

    /// Whether an error is only the echo of a variable without a value: the leaf could not get its type.
    pub fn explains(&self, error: &LabError) -> bool {
        error.span.is_some_and(|span| self.tainted.borrow().iter().any(|leaf| leaf.covers(span)))
    }

    /// The errors that were met.
    pub fn into_errors(self) -> Vec<LabError> {
        self.errors.into_inner()
    }

    /// The tree with every variable replaced. `late` says at which paths a late name may stand.
    pub fn expand(&self, node: &Node, late: fn(&[&str]) -> bool) -> Node {
        self.node(node, late, &mut Vec::new())
    }

    /// The same for a mapping, leaving the values of some keys as they are.
    pub fn expand_except(&self, node: &Node, except: &[&str], late: fn(&[&str]) -> bool) -> Node {
        let entries = node.entries().iter().map(|(key, value)| {
            let kept = except.contains(&key.name.as_str());
            (key.clone(), if kept { value.clone() } else { self.node(value, late, &mut vec![&key.name]) })
        });
        Node { content: Content::Map(entries.collect()), ..*node }
    }

    fn node<'n>(&self, node: &'n Node, late: fn(&[&str]) -> bool, path: &mut Vec<&'n str>) -> Node {
        match &node.content {
            Content::Text(text) if text.contains("$(") => self.leaf(text, node.span, late(path)),
            Content::List(items) => {
                path.push("");
                let items = items.iter().map(|item| self.node(item, late, path)).collect();
                path.pop();
                Node { content: Content::List(items), ..*node }
            }
            Content::Map(entries) => {
                let entries = entries
                    .iter()
                    .map(|(key, value)| {
                        self.refuse_in_key(key);
                        path.push(&key.name);
                        let value = self.node(value, late, path);
                        path.pop();
                        (key.clone(), value)
                    })
                    .collect();
                Node { content: Content::Map(entries), ..*node }
            }
            _ => node.clone(),
        }
    }

    fn refuse_in_key(&self, key: &Key) {
        if key.name.contains("$(") {
            let error = LabError::new(Code::BAD_VARIABLE, "variables are not replaced in keys", key.span);
            self.note(error.help("use the variable in a value"));
        }
    }

    /// One text. When a name is bad the text stays as it is: the error is noted.
    fn leaf(&self, text: &str, span: Region, late: bool) -> Node {
        let pieces = pieces(text);
        if let [Piece::Variable(name)] = pieces.as_slice() {
            let content = match self.lookup(name, self.region(span, text, 0), late) {
                Found::Value(Content::Text(value)) if late => Content::Text(late::escape(&value)),
                Found::Value(value) => value,
                Found::Late => Content::Text(text.to_owned()),
                Found::Bad => {
                    self.tainted.borrow_mut().push(span);
                    Content::Text(text.to_owned())
                }
            };
            return Node { span, content, replaced: true };
        }
        let mut out = String::new();
        let mut seen: Vec<&str> = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Escape => out.push_str(if late { "$$(" } else { "$(" }),
                Piece::Broken(broken) => {
                    let at = self.region(span, broken, 0);
                    let error = LabError::new(Code::BAD_VARIABLE, format!("`{}` is not a variable", brief(broken)), at);
                    self.note(error.help("a variable is `$(name)`; write `$$(` for a `$(` that is meant as it is"));
                }
                Piece::Variable(name) => {
                    let before = seen.iter().filter(|other| **other == name).count();
                    seen.push(name);
                    match self.lookup(name, self.region(span, &format!("$({name})"), before), late) {
                        Found::Value(value) => {
                            let value = value.format().unwrap_or_default();
                            out.push_str(&if late { late::escape(&value) } else { value });
                        }
                        Found::Late => out.push_str(&format!("$({name})")),
                        Found::Bad => self.tainted.borrow_mut().push(span),
                    }
                }
            }
        }
        if out.len() > LONGEST {
            self.note(
                LabError::new(Code::TOO_LARGE, format!("this text grows to more than {LONGEST} bytes"), span)
                    .help("use fewer variables in it"),
            );
            out = String::new();
        }
        Node { span, content: Content::Text(out), replaced: true }
    }

    /// The place of the n-th occurrence in a leaf, also inside quotes.
    fn region(&self, span: Region, wanted: &str, n: usize) -> Region {
        match self.source.slice(span).match_indices(wanted).nth(n) {
            Some((at, _)) => self.source.part(span, at, wanted.len()),
            None => span,
        }
    }

    fn note(&self, error: LabError) {
        self.errors.borrow_mut().push(error);
    }

    fn lookup(&self, name: &str, at: Region, late: bool) -> Found {
        if late::NAMES.contains(&name) {
            if late {
                return Found::Late;
            }
            let message = format!("`$({name})` is known only when a program starts");
            self.note(LabError::new(Code::LATE_VARIABLE, message, at).help(format!("it may stand in {}", late::WHERE)));
            return Found::Bad;
        }
        if let Some((_, value)) = self.fixed.iter().find(|(fixed, _)| *fixed == name) {
            return Found::Value(value.clone());
        }
        if let Some(known) = self.memo.borrow().get(name) {
            return known.clone().map_or(Found::Bad, Found::Value);
        }
        let begun = self.stack.borrow().iter().position(|other| other == name);
        if let Some(begun) = begun {
            let mut names = self.stack.borrow().get(begun..).unwrap_or_default().to_vec();
            names.push(name.to_owned());
            let error = LabError::new(Code::VARIABLE_CYCLE, format!("these variables need each other: {}", names.join(" → ")), at);
            self.note(error.help("give one of them a value of its own"));
            return Found::Bad;
        }
        self.stack.borrow_mut().push(name.to_owned());
        let value = self.evaluate(name, at);
        self.stack.borrow_mut().pop();
        self.memo.borrow_mut().insert(name.to_owned(), value.clone());
        value.map_or(Found::Bad, Found::Value)
    }

    fn evaluate(&self, name: &str, at: Region) -> Option<Content> {
        let nowhere = |_: &[&str]| false;
        if let Some(draw) =
            name.strip_prefix("draw.").and_then(|draw| self.draws.iter().find_map(|layer| layer.get(draw)).map(|node| (draw, node)))
        {
            let (draw, node) = draw;
            return self.draw(draw, &self.expand(node, nowhere));
        }
        let each = || name.strip_prefix("each.").map_or(self.each.filter(|_| name == "each"), |field| self.each?.get(field));
        let Some(node) = self.vars.iter().find_map(|layer| layer.get(name)).or_else(each) else {
            self.note(self.unknown(name, at));
            return None;
        };
        if !node.is_scalar() {
            let error = LabError::new(Code::WRONG_TYPE, format!("`$({name})` is {}, not a single value", node.content.describe()), at);
            self.note(error.maybe_help(self.fields_help(name, node)));
            return None;
        }
        let before = self.errors.borrow().len();
        let value = self.expand(node, nowhere).content;
        (self.errors.borrow().len() == before).then_some(value)
    }

    fn fields_help(&self, name: &str, node: &Node) -> Option<String> {
        let fields: Vec<_> = node.entries().iter().map(|(key, _)| format!("`$({name}.{})`", key.name)).collect();
        (name == "each" && !fields.is_empty()).then(|| format!("use one of its fields: {}", fields.join(", ")))
    }

    fn draw(&self, name: &str, node: &Node) -> Option<Content> {
        let spec = match from_node::<DrawSpec>(node) {
            Ok(spec) => spec,
            Err(error) if self.explains(&error) => return None,
            Err(error) => {
                self.note(error);
                return None;
            }
        };
        let drawn = spec.draw(&mut random(self.seed, &["draw", self.check, name]));
        drawn
            .map_err(|message| self.note(LabError::new(Code::BAD_DRAW, message, node.anchor()).help("for example `{ from: 11, to: 39 }`")))
            .ok()
    }

    fn unknown(&self, name: &str, at: Region) -> LabError {
        let error = LabError::new(Code::UNKNOWN_VARIABLE, format!("there is no variable `{name}`"), at);
        match name {
            "check.id" => return error.help("it is known inside a check, and this is not in one"),
            "each" => return error.help("it is known in a check that has `each`"),
            _ => {}
        }
        if let Some(data) = name.strip_prefix("data.") {
            return error.help(format!("a data set is named without `$(…)`: `{data}`"));
        }
        let mut known: Vec<String> = self.fixed.iter().map(|(fixed, _)| (*fixed).to_owned()).collect();
        let keys = |layers: &[&Node], prefix: &str| -> Vec<String> {
            layers.iter().flat_map(|layer| layer.entries()).map(|(key, _)| format!("{prefix}{}", key.name)).collect()
        };
        known.extend(keys(&self.vars, ""));
        known.extend(keys(&self.draws, "draw."));
        known.extend(keys(&self.each.into_iter().collect::<Vec<_>>(), "each."));
        // A late name is suggested when it is nearly hit, and not listed: it may stand in few places.
        let near = suggestion::nearest(name, late::NAMES.iter().copied()).map(|late| format!("did you mean `{late}`?"));
        error.maybe_help(near.or_else(|| suggestion::advice(name, known.iter().map(String::as_str))))
    }
}
