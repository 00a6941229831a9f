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
    /// True when the other span lies inside this one.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
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

    /// A part of a span: `at` and `length` count bytes from the span's beginning.
    pub fn part(&self, span: Region, at: usize, length: usize) -> Region {
        let start = span.start + at;
        let before = self.text.get(span.start..start).unwrap_or_default();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let line = span.line + count(before.matches('\n').count());
        let col = match before.rsplit_once('\n') {
            Some((_, last)) => count(last.chars().count()) + 1,
            None => span.col + count(before.chars().count()),
        };
        Region { start, end: start + length, line, col }
    }

    /// The span of a part of the text, its line and column counted from the beginning.
    pub fn span_at(&self, start: usize, end: usize) -> Region {
        self.part(Region { start: 0, end: 0, line: 1, col: 1 }, start, end.saturating_sub(start))
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
        let all = source.span_at(0, source.text.len());
        assert_eq!(source.part(all, at, 1), span);
        assert!(all.covers(span) && !span.covers(all));
    }
}
