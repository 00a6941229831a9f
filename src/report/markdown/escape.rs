//! Learners' words in Markdown.
//!
//! GitHub finds mentions, references and addresses in what is left after Markdown is read, so a backslash does not stop them; it leaves code
//! alone. A text of plain words is written as it is, any other as code.

use crate::report::terminal::tidy;

/// Text on one line, within a paragraph or a cell of a table: nothing in it is Markdown.
pub fn inline(raw: &str) -> String {
    let text = tidy(raw);
    if is_plain(&text) { text } else { code(&text) }
}

/// As [`inline`], always as code.
pub fn code(raw: &str) -> String {
    // The readers of tables do not agree on `\|` in code.
    let text = tidy(raw).replace('|', "\\x7c");
    if text.is_empty() {
        return text;
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Cleaned lines as a block of code.
pub fn block(lines: &[String]) -> String {
    let longest = lines.iter().map(|line| longest_run(line)).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n", lines.join("\n"))
}

fn longest_run(text: &str) -> usize {
    text.split(|sign| sign != '`').map(str::len).max().unwrap_or(0)
}

/// Whether neither Markdown nor GitHub would make something of the text, wherever in a line it stands.
fn is_plain(text: &str) -> bool {
    let mut signs = text.chars().peekable();
    let mut words_only = true;
    while let Some(sign) = signs.next() {
        words_only &= match sign {
            '.' | ':' => signs.peek().is_none_or(|next| *next == ' '),
            ' ' | ',' | ';' | '\'' | '"' | '(' | ')' | '?' | '%' | '-' | '/' => true,
            other => other.is_alphanumeric() || !other.is_ascii(),
        };
    }
    let names_a_commit = |word: &str| word.len() >= 7 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let lower = text.to_lowercase();
    words_only
        && !["gh-", "www."].iter().any(|start| lower.contains(start))
        && !text.split(|sign: char| !sign.is_alphanumeric()).any(names_a_commit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_stay_and_all_else_is_code() {
        for plain in ["The topic has six partitions.", "grüße: (a, b)", "lab-02", "less 10 %", ""] {
            assert_eq!(inline(plain), plain);
        }
        for (raw, shown) in [
            ("@everyone", "`@everyone`"),
            ("see #12", "`see #12`"),
            ("GH-12", "`GH-12`"),
            ("www.evil.example", "`www.evil.example`"),
            ("ok 1 - www.", "`ok 1 - www.`"),
            ("https://x", "`https://x`"),
            ("a | b", "`a \\x7c b`"),
            ("[x](y)", "`[x](y)`"),
            ("<b>", "`<b>`"),
            (":tada:", "`:tada:`"),
            ("deadbeef", "`deadbeef`"),
            ("`", "`` ` ``"),
            ("a``b", "```a``b```"),
            ("a\n\n# b", "`a # b`"),
        ] {
            assert_eq!(inline(raw), shown, "{raw:?}");
        }
    }

    #[test]
    fn a_block_ends_where_it_should() {
        assert_eq!(block(&["````".to_owned(), "x".to_owned()]), "`````text\n````\nx\n`````\n");
        assert_eq!(block(&["x".to_owned()]), "```text\nx\n```\n");
    }
}
