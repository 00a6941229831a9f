//! Lines of text, one under the other, within a width.

use console::{Style as Paint, measure_text_width};

use crate::outcome::{Verdict, sanitize};
use crate::report::layout::hang;
use crate::report::terminal::{Style, color, tidy};

/// A page that grows downwards. All texts are cleaned here, each on one line before it is wrapped.
pub struct Sheet {
    style: Style,
    lines: Vec<String>,
}

impl Sheet {
    pub fn new(style: &Style) -> Self {
        Self { style: *style, lines: Vec::new() }
    }

    /// An empty line, unless there is one.
    pub fn gap(&mut self) {
        if self.lines.last().is_some_and(|line| !line.is_empty()) {
            self.lines.push(String::new());
        }
    }

    /// A line in bold.
    pub fn heading(&mut self, text: &str) {
        self.painted(&Paint::new().bold(), "", text);
    }

    /// Text behind a lead, hanging under itself.
    pub fn text(&mut self, lead: &str, text: &str) {
        self.painted(&Paint::new(), lead, text);
    }

    /// As [`Self::text`], less loud.
    pub fn aside(&mut self, lead: &str, text: &str) {
        self.painted(&Paint::new().dim(), lead, text);
    }

    /// A verdict's mark and a word in its colour, and text hanging behind them. The word says what the colour does.
    pub fn marked(&mut self, indent: &str, verdict: Verdict, word: &str, width: usize, text: &str) {
        let paint = Paint::new().fg(color(verdict));
        let said = self.style.paint(&paint, &format!("{} {word}", self.style.mark(verdict)));
        let pad = " ".repeat((width + 2).saturating_sub(measure_text_width(word)));
        let lead = format!("{indent}{said}{pad}");
        let rest = " ".repeat(measure_text_width(&lead));
        self.lines.extend(hang(&lead, &rest, &tidy(text), self.style.width));
    }

    /// Something to be typed: it is not broken, so that it can be copied.
    pub fn command(&mut self, lead: &str, command: &str) {
        let command = self.style.paint(&Paint::new().bold(), &sanitize::one_line(&sanitize::terminal(command)));
        let line = format!("{lead}{command}");
        if measure_text_width(&line) > self.style.width && !lead.trim().is_empty() {
            self.lines.push(lead.trim_end().to_owned());
            self.lines.push(format!("  {command}"));
        } else {
            self.lines.push(line);
        }
    }

    /// The whole text.
    pub fn finish(self) -> String {
        let text = self.lines.iter().map(|line| format!("{}\n", line.trim_end())).collect::<String>();
        if self.style.github { sanitize::github_log(&text) } else { text }
    }

    fn painted(&mut self, paint: &Paint, lead: &str, text: &str) {
        let rest = " ".repeat(measure_text_width(lead));
        let style = self.style;
        self.lines.extend(hang(lead, &rest, &tidy(text), style.width).iter().map(|line| style.paint(paint, line)));
    }
}
