//! What people and machines read. Every report is a pure function of the [`Outcome`], and, where it shows pictures, of [`Graded`]; the one
//! place that writes is [`file`], the one thing that shows something while the run lasts is [`live`].
//!
//! A new format is a file with a `render`, its `mod` line, and its row in [`FORMATS`]; one that shows pictures has a row in [`ILLUSTRATED`], too.

pub mod classroom50;
pub mod clean;
pub mod cohort;
pub mod course;
pub mod csv;
mod detail;
pub mod difference;
pub mod doctor;
pub mod file;
pub mod github;
pub mod graded;
pub mod gradescope;
pub mod html;
pub mod json;
pub mod junit;
mod layout;
pub mod live;
pub mod markdown;
mod page;
mod provenance;
pub mod signature;
pub mod summary;
pub mod tap;
pub mod target;
pub mod terminal;
pub mod timeline;
pub mod watch;
pub mod wire_line;
pub mod wire_view;
pub mod words;

use crate::outcome::Outcome;

pub use file::{check_writable, write as write_file};
pub use graded::Graded;
pub use layout::at_spaces;
pub use target::{ReportTarget, check_targets, same_file};

/// A format that a report can be written in.
#[derive(Debug)]
pub struct Format {
    /// The word before the `=` of `--report FORMAT=PATH`.
    pub name: &'static str,
    /// What it is for, in a few words.
    pub about: &'static str,
    /// The report, whole, of the outcome alone. [`Format::of`] adds the pictures where there are any.
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
    Format { name: "markdown", about: "a table, and what is wrong, for a page or a comment", render: markdown::render },
    Format { name: "github-summary", about: "the summary of a step in a GitHub workflow", render: github::summary::render },
    Format { name: "github-annotations", about: "commands to the runner of a GitHub workflow", render: github::annotations::render },
    Format { name: "classroom50", about: "result.json of Classroom 50", render: classroom50::render },
    Format { name: "gradescope", about: "results.json of Gradescope", render: gradescope::render },
    Format { name: "tap", about: "the Test Anything Protocol, version 13", render: tap::render },
    Format { name: "csv", about: "a row of a gradebook, with its header", render: csv::render },
    Format { name: html::NAME, about: "one page for a browser or for paper", render: |outcome| html::render(&Graded::from(outcome)) },
];

/// What renders a report with pictures.
type Illustrated = fn(&Graded<'_>) -> anyhow::Result<String>;

/// The formats that show pictures of what happened, if they get any.
const ILLUSTRATED: &[(&str, Illustrated)] = &[(html::NAME, html::render)];

impl Format {
    /// Whether it shows pictures of what happened.
    #[must_use]
    pub fn is_illustrated(&self) -> bool {
        ILLUSTRATED.iter().any(|(name, _)| *name == self.name)
    }

    /// The report, whole, with the pictures that the format has a place for.
    ///
    /// # Errors
    /// When the format cannot tell this outcome.
    pub fn of(&self, graded: &Graded<'_>) -> anyhow::Result<String> {
        match ILLUSTRATED.iter().find(|(name, _)| *name == self.name) {
            Some((_, render)) => render(graded),
            None => (self.render)(graded.outcome),
        }
    }
}

/// The format of this name.
#[must_use]
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}
