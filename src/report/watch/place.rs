//! A place in a program of the learner's, to click on.

use std::path::{Path, PathBuf};

use crate::outcome::{CheckOutcome, sanitize};

/// A file, and the line where something went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The path as a person types it.
    pub shown: PathBuf,
    /// The same from the root.
    pub absolute: PathBuf,
    /// The line, from 1, when it is known.
    pub line: Option<u32>,
}

impl Place {
    /// The line that a program named when it ended in an error: the last one in this file.
    #[must_use]
    pub fn line_in(file: &Path, check: &CheckOutcome) -> Option<u32> {
        let name = file.to_str()?;
        let said = check.output.iter().map(|line| line.text.as_str()).chain(check.witnesses.iter().map(String::as_str));
        said.filter_map(|text| after(text, name)).next_back()
    }

    /// What is shown: a link where the terminal takes one, and the path itself everywhere.
    #[must_use]
    pub fn linked(&self, links: bool) -> String {
        let line = self.line.map(|line| format!(":{line}")).unwrap_or_default();
        let shown = sanitize::one_line(&sanitize::terminal(&format!("{}{line}", self.shown.display())));
        match self.absolute.to_str().filter(|_| links).map(url) {
            Some(url) => format!("\x1b]8;;{url}\x1b\\{shown}\x1b]8;;\x1b\\"),
            None => shown,
        }
    }
}

/// The address of a file. What may not stand in one is written as its bytes.
#[must_use]
pub fn url(path: &str) -> String {
    let sign = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    format!("file://{}", path.bytes().map(sign).collect::<String>())
}

/// The number after the file's name: `name", line 12` in Python, `name:12` nearly everywhere else.
fn after(text: &str, name: &str) -> Option<u32> {
    let number = |rest: &str| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok().filter(|line| *line > 0)
    };
    text.match_indices(name).filter_map(|(at, _)| text.get(at + name.len()..)).find_map(|rest| {
        let rest = rest.strip_prefix("\", line ").or_else(|| rest.strip_prefix(':'))?;
        number(rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_as_languages_say_them() {
        let of = |text: &str| after(text, "lab-02/producer.py");
        assert_eq!(of("  File \"/tmp/kgrade-x/work/lab-02/producer.py\", line 12, in main"), Some(12));
        assert_eq!(after("    at send (/tmp/work/lab-02/producer.js:7:13)", "lab-02/producer.js"), Some(7));
        assert_eq!(
            (of("lab-02/producer.py is fine"), of("lab-02/producer.py:0"), of("lab-02/producer.py:99999999999")),
            (None, None, None)
        );
    }

    #[test]
    fn a_link_leads_to_the_file_whatever_its_name() {
        let place = Place { shown: "a b/ü.py".into(), absolute: "/w/a b/ü.py".into(), line: Some(3) };
        assert_eq!(place.linked(true), "\x1b]8;;file:///w/a%20b/%C3%BC.py\x1b\\a b/ü.py:3\x1b]8;;\x1b\\");
        assert_eq!(place.linked(false), "a b/ü.py:3");
        let hostile = Place { shown: "a\x1b[2J\n.py".into(), absolute: "/w/a\x1b[2J\n.py".into(), line: None };
        assert!(!hostile.linked(false).contains(['\x1b', '\n']) && !hostile.linked(true).contains("\x1b[2J"));
    }
}
