//! A lab file as a tree in which every key and value knows its place.

use super::source::Region;

/// One value of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where the value stands. For lists and mappings: where they begin.
    pub span: Region,
    /// The value.
    pub content: Content,
    /// True when a variable was replaced here: then a number may stand where text is wanted.
    pub replaced: bool,
}

/// What a [`Node`] holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the file; the keys differ.
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The key's text.
    pub name: String,
    /// Where the key stands.
    pub span: Region,
}

impl Node {
    /// A value at a place, as the file has it.
    pub fn new(content: Content, span: Region) -> Self {
        Self { span, content, replaced: false }
    }

    /// Where a caret should point when this value is meant: a mapping is pointed at by its first key.
    pub fn anchor(&self) -> Region {
        match &self.content {
            Content::Map(entries) => entries.first().map_or(self.span, |(key, _)| key.span),
            Content::List(items) => items.first().map_or(self.span, Self::anchor),
            _ => self.span,
        }
    }

    /// The value under a key; `None` when this is no mapping or has no such key.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.entries().iter().find(|(key, _)| key.name == name).map(|(_, value)| value)
    }

    /// Where a key stands, for findings about the key as such.
    pub fn key_span(&self, name: &str) -> Option<Region> {
        self.entries().iter().find(|(key, _)| key.name == name).map(|(key, _)| key.span)
    }

    /// The entries of a mapping; none for anything else.
    pub fn entries(&self) -> &[(Key, Self)] {
        match &self.content {
            Content::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none for anything else.
    pub fn items(&self) -> &[Self] {
        match &self.content {
            Content::List(items) => items,
            _ => &[],
        }
    }

    /// The text, if this is text.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// True for everything that is neither list nor mapping.
    pub fn is_scalar(&self) -> bool {
        !matches!(self.content, Content::List(_) | Content::Map(_))
    }

    /// The value a path leads to, as in `expect.0.topic.name`.
    pub fn at(&self, path: &str) -> Option<&Self> {
        path.split('.').filter(|step| !step.is_empty()).try_fold(self, |node, step| match step.parse::<usize>() {
            Ok(index) => node.items().get(index),
            Err(_) => node.get(step),
        })
    }
}

impl Content {
    /// A scalar as text inside a longer text; `None` for lists and mappings.
    pub fn format(&self) -> Option<String> {
        Some(match self {
            Self::Null => String::new(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
            Self::Text(text) => text.clone(),
            Self::List(_) | Self::Map(_) => return None,
        })
    }

    /// What this is, for messages: "`20`", "text `a`", "a list".
    pub fn describe(&self) -> String {
        match self {
            Self::Null => "nothing".into(),
            Self::Bool(value) => format!("`{value}`"),
            Self::Int(value) => format!("`{value}`"),
            Self::Float(value) => format!("`{value}`"),
            Self::Text(text) => format!("text `{}`", brief(text)),
            Self::List(_) => "a list".into(),
            Self::Map(_) => "a mapping".into(),
        }
    }
}

/// The beginning of a text, so that a message stays one line.
pub fn brief(text: &str) -> String {
    const MOST: usize = 40;
    let one_line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match one_line.char_indices().nth(MOST) {
        Some((cut, _)) => format!("{}…", one_line.get(..cut).unwrap_or_default()),
        None => one_line,
    }
}
