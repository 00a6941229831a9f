//! Learners' words in HTML.

use crate::outcome::sanitize;

/// The longest text that is shown whole, in characters.
const LONGEST: usize = 400;

/// Text for an element or a quoted attribute: on one line, cut, and with nothing in it that is markup.
pub fn text(raw: &str) -> String {
    let clean = sanitize::cut(&sanitize::one_line(&sanitize::terminal(raw)), LONGEST);
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
    }
}
