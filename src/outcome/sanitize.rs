//! Makes the words of a learner's program safe to show: one function per place where they end up.
//!
//! Nothing is dropped in silence: a character that could steer a terminal, forge a line or break a file is written as
//! an escape such as `\x07` or `\u{202e}`. Only colour and cursor sequences disappear.

use std::fmt::Write as _;

/// The text for a terminal: lines stay lines, tabs become four spaces, everything that would steer the terminal is shown.
#[must_use]
pub fn terminal(text: &str) -> String {
    visible(text, "    ")
}

/// The text for an XML document, in an attribute or a CDATA section: only characters that XML 1.0 allows, and no `]]>`.
#[must_use]
pub fn xml(text: &str) -> String {
    let mut clean = visible(text, "\t");
    // Whoever shows the report reads `]] >` as well; the end of a CDATA section must not come out of a learner's mouth.
    while clean.contains("]]>") {
        clean = clean.replace("]]>", "]] >");
    }
    clean
}

/// The finished JSON with everything in its own escapes that its writer leaves and a terminal would obey or hide. It holds the same values.
#[must_use]
pub fn json(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '\x7f'..='\u{9f}') || unseen(letter) {
            // Outside of strings JSON has no such letter.
            for unit in letter.encode_utf16(&mut [0; 2]) {
                _ = write!(clean, "\\u{unit:04x}");
            }
        } else {
            clean.push(letter);
        }
    }
    clean
}

/// The finished text for the log of a GitHub job: no line of it is a workflow command.
///
/// Call this last: where lines are wrapped decides what stands at their beginning. The runner reads `::command` at the
/// start of a line and `##[command]` anywhere in it.
#[must_use]
pub fn github_log(text: &str) -> String {
    text.split('\n').map(no_command).collect::<Vec<_>>().join("\n")
}

/// The text as one line: every run of white space is one space.
#[must_use]
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A line of at most `limit` characters and a note that says how many were cut off.
#[must_use]
pub fn cut(line: &str, limit: usize) -> String {
    match line.char_indices().nth(limit) {
        None => line.to_owned(),
        Some((end, _)) => {
            let (kept, left) = line.split_at(end);
            format!("{kept} [{} characters cut]", left.chars().count())
        }
    }
}

/// The text without colour and cursor sequences, and with everything else that cannot be seen written out.
fn visible(text: &str, tab: &str) -> String {
    let bare = bare(text);
    let mut clean = String::with_capacity(bare.len());
    let mut letters = bare.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\n' => clean.push('\n'),
            '\t' => clean.push_str(tab),
            '\r' if letters.peek().is_none_or(|next| *next == '\n') => {}
            '\0'..='\x1f' | '\x7f'..='\u{9f}' => _ = write!(clean, "\\x{:02x}", u32::from(letter)),
            _ if unseen(letter) => _ = write!(clean, "\\u{{{:x}}}", u32::from(letter)),
            _ => clean.push(letter),
        }
    }
    clean
}

/// The text without colour and cursor sequences (`ESC [ … letter`).
///
/// Sequences of other kinds are left for [`visible`] to write out: they hold words, and one that is not ended would
/// swallow everything behind it, which is what `console::strip_ansi_codes` does.
pub(super) fn bare(text: &str) -> String {
    let (mut bare, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, sequence)) = rest.find(['\x1b', '\u{9b}']).map(|at| rest.split_at(at)) {
        bare.push_str(before);
        rest = after_sequence(sequence).unwrap_or_else(|| {
            let mut letters = sequence.chars();
            bare.extend(letters.next());
            letters.as_str()
        });
    }
    bare.push_str(rest);
    bare
}

/// What follows the colour or cursor sequence at the beginning of `text`, if one is there.
fn after_sequence(text: &str) -> Option<&str> {
    let parameters = text.strip_prefix("\x1b[").or_else(|| text.strip_prefix('\u{9b}'))?;
    let end = parameters.trim_start_matches(|c| matches!(c, '0'..='?')).trim_start_matches(|c| matches!(c, ' '..='/'));
    end.strip_prefix(|c| matches!(c, '@'..='~'))
}

/// Characters that turn the direction of text, hide in it, end a line, or are none: not for anybody's eyes.
fn unseen(letter: char) -> bool {
    matches!(letter,
        '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}

fn no_command(line: &str) -> String {
    let line = line.replace("##[", "# #[");
    // A colour of our own may come first; the runner's idea of a line's beginning is not worth a bet.
    let start = line.len() - after_colour(&line).len();
    let (lead, rest) = line.split_at(start);
    rest.strip_prefix("::").map_or_else(|| line.clone(), |command| format!("{lead}: :{command}"))
}

/// What follows the white space and the colour sequences at the beginning of a line.
fn after_colour(line: &str) -> &str {
    let rest = line.trim_start();
    after_sequence(rest).map_or(rest, after_colour)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_not_steered() {
        for (hostile, shown) in [
            ("\x1b[31mred\x1b[0m", "red"),
            ("\x1b[2J\x1b[Hgone", "gone"),
            ("\x1b[1;38;5;9mbold\x1b[K", "bold"),
            ("\x1b]0;title\x07text", "\\x1b]0;title\\x07text"),
            ("bell\x07 back\x08", "bell\\x07 back\\x08"),
            ("one\r\ntwo\r", "one\ntwo"),
            ("50%\r100%", "50%\\x0d100%"),
            ("a\tb", "a    b"),
            ("\u{9b}31mred \u{9c}", "red \\x9c"),
            ("user\u{202e}nimda", "user\\u{202e}nimda"),
            ("grüße ☕ 👩‍💻", "grüße ☕ 👩‍💻"),
        ] {
            assert_eq!(terminal(hostile), shown, "{hostile:?}");
        }
    }

    #[test]
    fn what_remains_of_a_broken_sequence_is_harmless() {
        for hostile in ["\x1b", "\x1b[", "\x1b]0;no end", "\x1bP1$r", "\x1b\x1b[31m", "\x1b[\x1b[31m31m", "\u{9d}0;t\u{9c}"] {
            let shown = terminal(hostile);
            assert!(!shown.chars().any(char::is_control), "{hostile:?} became {shown:?}");
        }
    }

    #[test]
    fn a_sequence_without_an_end_swallows_no_other_line() {
        assert_eq!(terminal("\x1b]0;title\nfailed\x07\nlast"), "\\x1b]0;title\nfailed\\x07\nlast");
    }

    #[test]
    fn a_cdata_section_does_not_end_early() {
        assert_eq!(xml("a]]>b"), "a]] >b");
        assert_eq!(xml("]]]]>>"), "]]]] >>");
        assert_eq!(xml("\u{1}\u{fffe}\tx"), "\\x01\\u{fffe}\tx");
    }

    #[test]
    fn json_holds_the_same_values_and_steers_nothing() {
        let raw = "\u{9b}31m \u{7f} user\u{202e}nimda \u{e0041} grüße ☕ \\ \"";
        let written = serde_json::to_string(raw).unwrap();
        let clean = json(&written);
        assert_eq!(serde_json::from_str::<String>(&clean).unwrap(), raw);
        assert!(clean.contains("\\u009b31m \\u007f user\\u202enimda \\udb40\\udc41 grüße ☕"), "{clean}");
    }

    #[test]
    fn a_github_log_obeys_nobody() {
        assert_eq!(github_log("::error::forged\n  ::notice::x"), ": :error::forged\n  : :notice::x");
        assert_eq!(github_log("text ##[error]forged"), "text # #[error]forged");
        assert_eq!(github_log("\x1b[1m::add-mask::x"), "\x1b[1m: :add-mask::x");
        assert_eq!(github_log(":::error::"), ": ::error::");
        assert_eq!(github_log("a std::string ok"), "a std::string ok");
    }

    #[test]
    fn a_cut_is_said() {
        assert_eq!(cut("12345", 5), "12345");
        assert_eq!(cut("1234567", 5), "12345 [2 characters cut]");
        assert_eq!(cut("☕☕☕", 2), "☕☕ [1 characters cut]");
        assert_eq!(one_line(" a \n\n b\tc "), "a b c");
    }
}
