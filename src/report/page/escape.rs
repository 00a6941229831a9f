//! Learners' words in HTML.

use crate::outcome::sanitize;

/// The longest name, title or line that is shown whole, in characters.
const LONGEST: usize = 400;
/// The longest sentence that is shown whole, in characters.
const PROSE: usize = 1_000;

/// Text for an element or a quoted attribute: on one line, cut, and with nothing in it that is markup.
pub fn text(raw: &str) -> String {
    markup(&sanitize::cut(&sanitize::one_line(&sanitize::terminal(raw)), LONGEST))
}

/// As [`text`], for what may be longer.
pub fn prose(raw: &str) -> String {
    markup(&sanitize::cut(&sanitize::one_line(&sanitize::terminal(raw)), PROSE))
}

/// What a program wrote: spaces stay, and so do lines, each cut for itself.
pub fn lines(raw: &str) -> String {
    markup(&sanitize::terminal(raw).split('\n').map(|line| sanitize::cut(line, LONGEST)).collect::<Vec<_>>().join("\n"))
}

fn markup(clean: &str) -> String {
    let mut safe = String::with_capacity(clean.len());
    for sign in clean.chars() {
        match sign {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(text("</script><b a='\"'>&\n\x1b[31mred\u{202e}"), "&lt;/script&gt;&lt;b a=&#39;&quot;&#39;&gt;&amp; red\\u{202e}");
        assert!(text(&"x".repeat(9_999)).ends_with("[9599 characters cut]"));
        assert!(prose(&"x".repeat(9_999)).ends_with("[8999 characters cut]"));
    }

    #[test]
    fn what_a_program_wrote_keeps_its_shape() {
        assert_eq!(lines("  File \"a.py\"\n\tx < 1\x07"), "  File &quot;a.py&quot;\n    x &lt; 1\\x07");
    }
}
