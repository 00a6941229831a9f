//! Words with their emphasis, as they stand in a line of a terminal.

use console::{Color, Style as Paint, measure_text_width};

use crate::outcome::sanitize;
use crate::report::terminal::Style;

/// Some text of one look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Span {
    /// The text, clean.
    pub text: String,
    /// Whether it is strong or emphasized.
    pub bold: bool,
    /// Whether it is code.
    pub code: bool,
}

impl Span {
    /// Text on one line, with nothing in it that would steer the terminal; spaces at its ends stay.
    pub fn new(text: &str, bold: bool, code: bool) -> Self {
        let text = sanitize::terminal(text).split(char::is_whitespace).collect::<Vec<_>>().join(" ");
        Self { text, bold, code }
    }
}

/// The spans as one text to be wrapped. Each word is painted for itself, so that no colour goes on beyond the end of a line. Without colour,
/// backticks say what code is.
pub fn painted(spans: &[Span], style: &Style) -> String {
    spans.iter().map(|span| word_by_word(span, style)).collect()
}

fn word_by_word(span: &Span, style: &Style) -> String {
    if !style.color {
        return if span.code { format!("`{}`", span.text) } else { span.text.clone() };
    }
    let paint = match (span.code, span.bold) {
        (true, _) => Paint::new().fg(Color::Cyan),
        (false, true) => Paint::new().bold(),
        (false, false) => return span.text.clone(),
    };
    // A word that must be broken inside would be broken inside its colour, too.
    let word = |word: &str| if measure_text_width(word) < style.width / 2 { style.paint(&paint, word) } else { word.to_owned() };
    span.text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_told_by_backticks_or_by_colour() {
        let spans = [Span::new("Call ", false, false), Span::new("flush( )", false, true), Span::new(" now", true, false)];
        let plain = Style { width: 80, ..Style::FILE };
        assert_eq!(painted(&spans, &plain), "Call `flush( )` now");
        let coloured = painted(&spans, &Style { color: true, ..plain });
        assert_eq!(console::strip_ansi_codes(&coloured), "Call flush( ) now");
        assert_eq!(coloured.matches("\x1b[36m").count(), 2, "each word for itself: {coloured:?}");
    }

    #[test]
    fn nothing_of_it_steers_the_terminal() {
        assert_eq!(Span::new("a\x1b[2Jb\x07\nc", false, false).text, "ab\\x07 c");
    }
}
