//! Markdown as lines for a terminal. Text is wrapped and tables fit the width; code stands as it is, without a frame and unbroken, so that
//! it can be copied.

use console::{Color, Style as Paint, measure_text_width};
use pulldown_cmark::{Event, HeadingLevel, Tag, TagEnd};

use super::inline::{Span, painted};
use super::table::Table;
use crate::outcome::sanitize;
use crate::report::layout::hang;
use crate::report::terminal::Style;

/// What stands before all text under a heading.
const INDENT: &str = "  ";
/// What stands before code, beside the text's own indentation.
const CODE: &str = "    ";

/// Where the text goes on behind the heading that begins at an event.
pub fn after_heading(events: &[Event<'_>], at: usize) -> usize {
    let end = events.iter().skip(at).position(|event| matches!(event, Event::End(TagEnd::Heading(_))));
    end.map_or(at, |end| at + end + 1)
}

/// The lines of some Markdown.
pub fn render(events: &[Event<'_>], style: &Style) -> String {
    let mut writer = Writer::new(style);
    events.iter().for_each(|event| writer.event(event));
    writer.flush();
    while writer.lines.last().is_some_and(String::is_empty) {
        writer.lines.pop();
    }
    let text = writer.lines.iter().map(|line| format!("{}\n", line.trim_end())).collect::<String>();
    if style.github { sanitize::github_log(&text) } else { text }
}

struct Writer {
    style: Style,
    lines: Vec<String>,
    /// The text that is not written yet.
    spans: Vec<Span>,
    bold: usize,
    /// Where the links lead that are open.
    links: Vec<String>,
    heading: Option<HeadingLevel>,
    /// The lists that are open: the number of the next item of those that count.
    lists: Vec<Option<u64>>,
    /// What stands before the lines of the items that are open.
    indents: Vec<String>,
    /// What stands before the next line only: an item's mark.
    mark: Option<String>,
    code: Option<String>,
    table: Option<Table>,
    row: Vec<Vec<Span>>,
}

impl Writer {
    fn new(style: &Style) -> Self {
        Self {
            style: *style,
            lines: Vec::new(),
            spans: Vec::new(),
            bold: 0,
            links: Vec::new(),
            heading: None,
            lists: Vec::new(),
            indents: Vec::new(),
            mark: None,
            code: None,
            table: None,
            row: Vec::new(),
        }
    }

    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some(code) => code.push_str(text),
                None => self.span(text, false),
            },
            Event::Code(text) => self.span(text, true),
            // What would be markup in a page is shown as it was written.
            Event::Html(text) | Event::InlineHtml(text) | Event::InlineMath(text) | Event::DisplayMath(text) => self.span(text, false),
            Event::SoftBreak => self.span(" ", false),
            Event::HardBreak => self.flush(),
            Event::Rule => self.gap(),
            Event::FootnoteReference(name) => self.span(&format!("[{name}]"), false),
            Event::TaskListMarker(done) => self.span(if *done { "[x] " } else { "[ ] " }, false),
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Heading { level, .. } => {
                self.gap();
                self.heading = Some(*level);
            }
            Tag::Paragraph | Tag::HtmlBlock if self.mark.is_none() => self.gap(),
            Tag::CodeBlock(_) => {
                self.flush();
                self.code = Some(String::new());
            }
            Tag::List(first) => {
                self.flush();
                if self.lists.is_empty() {
                    self.gap();
                }
                self.lists.push(*first);
            }
            Tag::Item => self.item(),
            Tag::Strong | Tag::Emphasis => self.bold += 1,
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => self.links.push(dest_url.to_string()),
            Tag::Table(_) => {
                self.flush();
                self.gap();
                self.table = Some(Table::default());
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: &TagEnd) {
        match tag {
            TagEnd::Heading(_) => {
                self.heading_line();
                self.heading = None;
            }
            TagEnd::Paragraph => self.flush(),
            TagEnd::CodeBlock => self.code_block(),
            TagEnd::List(_) => {
                self.flush();
                self.lists.pop();
                if self.lists.is_empty() {
                    self.gap();
                }
            }
            TagEnd::Item => {
                self.flush();
                self.indents.pop();
                self.mark = None;
            }
            TagEnd::Strong | TagEnd::Emphasis => self.bold = self.bold.saturating_sub(1),
            TagEnd::Link | TagEnd::Image => self.link(),
            TagEnd::TableCell => self.row.push(std::mem::take(&mut self.spans)),
            TagEnd::TableHead => {
                let head = std::mem::take(&mut self.row);
                if let Some(table) = &mut self.table {
                    table.head = head;
                }
            }
            TagEnd::TableRow => {
                let row = std::mem::take(&mut self.row);
                if let Some(table) = &mut self.table {
                    table.rows.push(row);
                }
            }
            TagEnd::Table => self.table(),
            _ => {}
        }
    }

    fn span(&mut self, text: &str, code: bool) {
        self.spans.push(Span::new(text, self.bold > 0, code));
    }

    /// Says where a link leads, unless its text does.
    fn link(&mut self) {
        let Some(target) = self.links.pop() else { return };
        if self.spans.last().is_some_and(|span| span.text == target) || target.starts_with('#') {
            return;
        }
        self.span(&format!(" ({target})"), false);
    }

    fn item(&mut self) {
        self.flush();
        let mark = match self.lists.last_mut() {
            Some(Some(number)) => {
                let mark = format!("{number}. ");
                *number += 1;
                mark
            }
            _ if self.style.unicode => "• ".to_owned(),
            _ => "- ".to_owned(),
        };
        self.indents.push(" ".repeat(measure_text_width(&mark)));
        self.mark = Some(mark);
    }

    /// What stands before the next line, and before those after it.
    fn leads(&mut self) -> (String, String) {
        let rest = format!("{INDENT}{}", self.indents.concat());
        match self.mark.take() {
            Some(mark) => {
                let outer = self.indents.split_last().map(|(_, outer)| outer.concat()).unwrap_or_default();
                (format!("{INDENT}{outer}{mark}"), rest)
            }
            None => (rest.clone(), rest),
        }
    }

    /// Writes the text that is not written yet.
    fn flush(&mut self) {
        if self.table.is_some() || self.spans.is_empty() {
            return;
        }
        let text = painted(&std::mem::take(&mut self.spans), &self.style);
        let (first, rest) = self.leads();
        self.lines.extend(hang(&first, &rest, text.trim(), self.style.width));
    }

    fn heading_line(&mut self) {
        let spans = std::mem::take(&mut self.spans);
        // A heading has one look; what is code in it needs no mark.
        let text = spans.iter().map(|span| span.text.as_str()).collect::<String>();
        let indent = if self.heading.is_some_and(|level| level > HeadingLevel::H2) { INDENT } else { "" };
        let style = self.style;
        let lines = hang(indent, indent, &text, style.width);
        self.lines.extend(lines.iter().map(|line| style.paint(&Paint::new().bold(), line)));
    }

    fn code_block(&mut self) {
        let Some(code) = self.code.take() else { return };
        let indent = format!("{INDENT}{}{CODE}", self.indents.concat());
        let paint = Paint::new().fg(Color::Cyan);
        let style = self.style;
        let clean = sanitize::terminal(&code);
        self.gap();
        self.lines.extend(
            clean
                .trim_end()
                .lines()
                .map(|line| if line.is_empty() { String::new() } else { format!("{indent}{}", style.paint(&paint, line)) }),
        );
        self.gap();
    }

    fn table(&mut self) {
        let Some(table) = self.table.take() else { return };
        let (indent, _) = self.leads();
        let lines = table.lines(self.style.width.saturating_sub(measure_text_width(&indent)), &self.style);
        self.lines.extend(lines.iter().map(|line| format!("{indent}{line}")));
        self.gap();
    }

    /// An empty line, unless there is one or nothing stands before it.
    fn gap(&mut self) {
        self.flush();
        if self.lines.last().is_some_and(|line| !line.is_empty()) {
            self.lines.push(String::new());
        }
    }
}
