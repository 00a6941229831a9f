//! A lab file's text and places in it.

use std::sync::Arc;

/// A range of bytes in a lab file, with the line and column (both from 1, in characters) where it begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region {
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
    /// Line, from 1; 0 when the place is the file as a whole.
    pub line: u32,
    /// Column in characters, from 1.
    pub col: u32,
}

impl Region {
    /// The same beginning, cut to `len` bytes.
    #[must_use]
    pub fn first(self, len: usize) -> Self {
        Self { end: self.start + len, ..self }
    }
}

/// A lab file as it was read: its name for messages and its text.
#[derive(Clone, Debug)]
pub struct SourceText {
    /// How the author calls the file: a path, or the path inside kgrade for an embedded lab.
    pub name: Arc<str>,
    /// The file's text.
    pub text: Arc<str>,
}

impl SourceText {
    /// A text under a name.
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// The place of a span, as `file:line:col` wants it.
    pub fn place(&self, span: Region) -> Place {
        Place { file: self.name.clone(), line: span.line, col: span.col }
    }

    /// The text inside a span; empty when the span is not one of this text.
    pub fn slice(&self, span: Region) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// The span of a part of the text, its line and column counted from the beginning.
    pub fn span_at(&self, start: usize, end: usize) -> Region {
        let before = self.text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let col = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Region { start, end, line: u32::try_from(line).unwrap_or(u32::MAX), col: u32::try_from(col).unwrap_or(u32::MAX) }
    }
}

/// Where in which file: printed as `file:line:col`, which editors and terminals open.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// The lab file.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub col: u32,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.col)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_not_bytes() {
        let source = SourceText::new("a.yaml", "ä: 1\nöb: 2\n");
        let at = source.text.find('b').unwrap();
        let span = source.span_at(at, at + 1);
        assert_eq!((span.line, span.col), (2, 2));
        assert_eq!(source.slice(span), "b");
        assert_eq!(source.place(span).to_string(), "a.yaml:2:2");
    }
}
