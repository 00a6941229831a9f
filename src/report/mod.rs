//! What people and machines read. Every report is a pure function of the [`Outcome`]; the one place that writes is
//! [`file`], the one thing that shows something while the run lasts is [`live`].
//!
//! A new format is a file with a `render`, its `mod` line, and its row in [`FORMATS`].

mod detail;
pub mod file;
pub mod json;
pub mod junit;
mod layout;
pub mod live;
pub mod summary;
pub mod target;
pub mod terminal;
pub mod timeline;
pub mod wire_line;
pub mod wire_view;
pub mod words;

use crate::outcome::Outcome;

pub use file::{check_writable, write as write_file};
pub use target::{ReportTarget, check_targets, same_file};

/// A format that a report can be written in.
#[derive(Debug)]
pub struct Format {
    /// The word before the `=` of `--report FORMAT=PATH`.
    pub name: &'static str,
    /// What it is for, in a few words.
    pub about: &'static str,
    /// The report, whole.
    pub render: fn(&Outcome) -> anyhow::Result<String>,
}

/// All formats, in the order of the help.
pub const FORMATS: &[Format] = &[
    Format {
        name: "terminal",
        about: "what kgrade prints, without colour",
        render: |outcome| Ok(terminal::render(outcome, &terminal::Style::FILE)),
    },
    Format { name: "json", about: "everything, for other programs (checks/schema/outcome.v1.json)", render: json::render },
    Format { name: "junit", about: "JUnit XML, for CI", render: junit::render },
];

/// The format of this name.
#[must_use]
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}
