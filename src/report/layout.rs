//! Fitting text to a width.

use console::measure_text_width;

/// Narrower than this, a word per line would be left.
const NARROWEST: usize = 8;

/// The lines of `text`, none wider than `width` columns. Nothing is lost but the spaces at which a line is broken; a word
/// that is too long is broken inside.
///
/// The first line may have another width.
fn wrap(text: &str, first: usize, width: usize) -> Vec<String> {
    let mut rows = Vec::new();
    for line in text.split('\n') {
        let first = if rows.is_empty() { first } else { width };
        wrap_line(line, first.max(NARROWEST), width.max(NARROWEST), &mut rows);
    }
    rows
}

fn wrap_line(line: &str, mut width: usize, next: usize, rows: &mut Vec<String>) {
    let (mut row, mut used) = (String::new(), 0);
    for piece in line.split_inclusive(' ') {
        let word = piece.trim_end_matches(' ');
        let wide = measure_text_width(word);
        if used + wide > width && used > 0 {
            if !row.trim().is_empty() {
                rows.push(row.trim_end().to_owned());
                width = next;
            }
            (row, used) = (String::new(), 0);
        }
        if wide <= width {
            row.push_str(word);
            used += wide;
        } else {
            for letter in word.chars() {
                row.push(letter);
                // Measured as a whole: some letters change the width of the one before.
                if measure_text_width(&row) > width {
                    row.pop();
                    rows.push(std::mem::replace(&mut row, letter.to_string()));
                    width = next;
                }
            }
            used = measure_text_width(&row);
        }
        if piece.len() > word.len() {
            row.push(' ');
            used += 1;
        }
    }
    rows.push(row.trim_end().to_owned());
}

/// `text` with line breaks in place of spaces, so that no line is wider than `width` columns; `used` columns of its first line are taken. A word that is
/// too long stays whole, so that a path or a command can be copied.
pub fn at_spaces(text: &str, used: usize, width: usize) -> String {
    let (mut broken, mut column, mut begun) = (String::new(), used, false);
    for piece in text.split_inclusive([' ', '\n']) {
        let word = piece.trim_end_matches([' ', '\n']);
        let wide = measure_text_width(word);
        if wide > 0 && column + wide > width && begun {
            broken.truncate(broken.trim_end_matches(' ').len());
            broken.push('\n');
            column = 0;
        }
        broken.push_str(piece);
        (column, begun) = if piece.ends_with('\n') { (0, false) } else { (column + wide + piece.len() - word.len(), begun || wide > 0) };
    }
    broken
}

/// `text` with `first` before its first line and `rest` before the others, all within `width`.
pub fn hang(first: &str, rest: &str, text: &str, width: usize) -> Vec<String> {
    let room = |lead: &str| width.saturating_sub(measure_text_width(lead));
    wrap(text, room(first), room(rest))
        .iter()
        .enumerate()
        .map(|(at, line)| format!("{}{line}", if at == 0 { first } else { rest }).trim_end().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_at_spaces_and_inside_long_words() {
        assert_eq!(wrap("one two three four", 9, 9), ["one two", "three", "four"]);
        assert_eq!(wrap("12345678901234 x", 10, 10), ["1234567890", "1234 x"]);
        assert_eq!(wrap("a\n\n  b", 10, 10), ["a", "", "  b"]);
        assert_eq!(wrap("      indented-word", 16, 16), ["indented-word"]);
        assert_eq!(wrap("☕☕☕☕☕", 8, 8), ["☕☕☕☕", "☕"]);
        assert_eq!(wrap("", 10, 10), [""]);
    }

    #[test]
    fn at_spaces_a_word_stays_whole() {
        assert_eq!(at_spaces("one two three four", 7, 16), "one two\nthree four");
        assert_eq!(at_spaces("see /a/long/path/to/a/file now", 0, 12), "see\n/a/long/path/to/a/file\nnow");
        assert_eq!(at_spaces("/a/long/path/to/a/file", 7, 12), "/a/long/path/to/a/file");
        assert_eq!(at_spaces("  │ x  y\n\n  ╰──── z\n", 0, 12), "  │ x  y\n\n  ╰──── z\n");
        assert_eq!(at_spaces("    /a/long/path", 0, 12), "    /a/long/path");
        assert_eq!(at_spaces("fits\nand this line does not", 0, 14), "fits\nand this line\ndoes not");
    }

    #[test]
    fn hangs_under_its_label() {
        assert_eq!(hang("hint  ", "      ", "use the user id", 14), ["hint  use the", "      user id"]);
        assert_eq!(hang("probably: ", "  ", "the user id is no key", 18), ["probably: the user", "  id is no key"]);
    }
}
