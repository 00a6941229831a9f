//! A table of a handout in a terminal: columns where there is room, a list of records where there is none.

use console::strip_ansi_codes;
use termimad::crossterm::style::{Attribute, Color};
use termimad::minimad::{Alignment, Composite, Compound, Line, Text};
use termimad::{CompoundStyle, FmtText, MadSkin};

use super::inline::{Span, painted};
use crate::report::layout::hang;
use crate::report::terminal::Style;

/// Below this many columns a table is written as a list.
const NARROW: usize = 60;

/// A table: its heading, and its rows. A cell is some spans.
#[derive(Debug, Default)]
pub struct Table {
    /// The names of the columns.
    pub head: Vec<Vec<Span>>,
    /// The rows.
    pub rows: Vec<Vec<Vec<Span>>>,
}

impl Table {
    /// The lines of the table, none wider than `width`.
    pub fn lines(&self, width: usize, style: &Style) -> Vec<String> {
        if width < NARROW {
            return self.records(width, style);
        }
        let lines = self.columns(width, style);
        if self.is_broken(&lines) { self.records(width, style) } else { lines }
    }

    /// Whether a word is broken inside its column: a name in two pieces cannot be copied.
    fn is_broken(&self, lines: &[String]) -> bool {
        let joined = lines.join("\n");
        let shown = strip_ansi_codes(&joined);
        self.rows.iter().flatten().flatten().flat_map(|span| span.text.split(' ')).any(|word| !shown.contains(word))
    }

    fn columns(&self, width: usize, style: &Style) -> Vec<String> {
        let skin = skin(style);
        let columns = self.head.len();
        let rows: Vec<Vec<Vec<Span>>> = std::iter::once(&self.head).chain(&self.rows).map(|row| marked(row, style)).collect();
        let mut lines = Vec::new();
        for (nth, row) in rows.iter().enumerate() {
            lines.push(Line::new_table_row(row.iter().map(|cell| composite(cell)).collect()));
            if nth == 0 {
                lines.push(Line::new_table_alignments(vec![Alignment::Left; columns]));
            }
        }
        let text = FmtText::from_text(&skin, Text { lines }, Some(width)).to_string();
        text.lines().map(|line| line.trim_end().to_owned()).collect()
    }

    /// Each row as a line with its first cell, and the others under it, each behind its column's name.
    fn records(&self, width: usize, style: &Style) -> Vec<String> {
        let mut lines = Vec::new();
        for row in &self.rows {
            for (nth, cell) in row.iter().enumerate().filter(|(nth, cell)| *nth == 0 || !cell.is_empty()) {
                let name = self.head.get(nth).map(|name| painted(name, style)).filter(|name| !name.is_empty());
                let lead = match name {
                    _ if nth == 0 => String::new(),
                    Some(name) => format!("  {name}: "),
                    None => "  ".to_owned(),
                };
                lines.extend(hang(&lead, "    ", &painted(cell, style), width));
            }
        }
        lines
    }
}

/// The cells with backticks around code where no colour tells it.
fn marked(row: &[Vec<Span>], style: &Style) -> Vec<Vec<Span>> {
    let mark =
        |span: &Span| if style.color { span.clone() } else { Span { text: painted(std::slice::from_ref(span), style), ..Span::default() } };
    row.iter().map(|cell| cell.iter().map(mark).collect()).collect()
}

fn composite(cell: &[Span]) -> Composite<'_> {
    let compounds = cell.iter().map(|span| {
        let compound = Compound::raw_str(&span.text);
        match (span.code, span.bold) {
            (true, _) => compound.code(),
            (false, true) => compound.bold(),
            (false, false) => compound,
        }
    });
    Composite { compounds: compounds.collect(), ..Composite::new() }
}

fn skin(style: &Style) -> MadSkin {
    let mut skin = MadSkin::no_style();
    if style.color {
        skin.bold = CompoundStyle::with_attr(Attribute::Bold);
        skin.inline_code = CompoundStyle::with_fg(Color::DarkCyan);
    }
    if !style.unicode {
        skin.limit_to_ascii();
    }
    skin
}
