//! What is wrong in a lab file: a code, a place, a message, and what to do.

use std::fmt;

use super::source::{Region, SourceText};

/// The stable code of a finding. Codes are never reused: authors search for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub u16);

impl Code {
    /// The file cannot be read as YAML.
    pub const SYNTAX: Self = Self(1);
    /// A key stands twice in one mapping.
    pub const DUPLICATE_KEY: Self = Self(2);
    /// The file is too large or nested too deep.
    pub const TOO_LARGE: Self = Self(3);
    /// YAML that the check language leaves out: anchors, merge keys, tags, several documents.
    pub const NOT_IN_LANGUAGE: Self = Self(4);
    /// The file is empty, or not UTF-8.
    pub const NO_TEXT: Self = Self(5);
    /// A key that is not known here.
    pub const UNKNOWN_KEY: Self = Self(10);
    /// A key that must be there is not.
    pub const MISSING_KEY: Self = Self(11);
    /// A value of another type than expected.
    pub const WRONG_TYPE: Self = Self(12);
    /// A value of the right type that is not allowed.
    pub const BAD_VALUE: Self = Self(13);
    /// A kind that does not exist.
    pub const UNKNOWN_KIND: Self = Self(14);
    /// `kgrade: N` names a version of the language that this kgrade does not read.
    pub const VERSION: Self = Self(15);
    /// A variable that does not exist.
    pub const UNKNOWN_VARIABLE: Self = Self(20);
    /// Variables that need each other.
    pub const VARIABLE_CYCLE: Self = Self(21);
    /// A variable that is known only when a program starts, used elsewhere.
    pub const LATE_VARIABLE: Self = Self(22);
    /// `$(` that is not followed by a name and `)`.
    pub const BAD_VARIABLE: Self = Self(23);
    /// A draw that cannot be drawn.
    pub const BAD_DRAW: Self = Self(24);
    /// A data set that cannot be made.
    pub const BAD_DATA: Self = Self(25);
    /// Two checks of one id.
    pub const DUPLICATE_ID: Self = Self(30);
    /// A check named in `needs`, `after` or `blame` does not exist.
    pub const UNKNOWN_CHECK: Self = Self(31);
    /// Checks that wait for each other.
    pub const CHECK_CYCLE: Self = Self(32);
    /// `given` and `blame` that do not belong together.
    pub const BLAME: Self = Self(33);
    /// Points do not add up.
    pub const POINTS: Self = Self(40);
    /// A check without a hint.
    pub const NO_HINT: Self = Self(41);
    /// A check or a lab that asserts nothing.
    pub const ASSERTS_NOTHING: Self = Self(42);
    /// A kind found its own parameters wrong or vacuous.
    pub const KIND: Self = Self(43);
    /// `watch` where there is no invariant to watch.
    pub const IDLE_WATCH: Self = Self(44);
    /// A time over the cap.
    pub const TOO_LONG: Self = Self(45);
    /// A program that the lab does not declare.
    pub const UNKNOWN_PROGRAM: Self = Self(46);
    /// A program instance that no action starts.
    pub const UNKNOWN_INSTANCE: Self = Self(47);
    /// One instance name given twice.
    pub const DUPLICATE_INSTANCE: Self = Self(48);
    /// Something declared that nothing uses.
    pub const UNUSED: Self = Self(49);
    /// A fault that no action arms.
    pub const UNKNOWN_FAULT: Self = Self(50);
    /// One fault name given twice.
    pub const DUPLICATE_FAULT: Self = Self(51);
    /// A criterion that is no line of the course.
    pub const UNKNOWN_CRITERION: Self = Self(52);
    /// A broker that the cluster does not have, or that no action before has named.
    pub const UNKNOWN_BROKER: Self = Self(53);
    /// The id of a check that is not shown, which is shown.
    pub const TELLING_ID: Self = Self(54);
    /// A section that the lab's handout does not have.
    pub const UNKNOWN_SECTION: Self = Self(55);
    /// A field that events do not have, or that cannot be what it is asked to be.
    pub const UNKNOWN_FIELD: Self = Self(56);
    /// One topic made twice.
    pub const DUPLICATE_TOPIC: Self = Self(57);
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KG-L{:03}", self.0)
    }
}

/// Whether a lab with this finding may grade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It may not: grading ends with exit 2.
    Error,
    /// It may; `kgrade lint` shows it.
    Warning,
}

/// One finding in a lab file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct LabError {
    /// Stable code.
    pub code: Code,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong, in lower case.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Where; `None` for the file as a whole.
    pub span: Option<Region>,
}

impl LabError {
    /// An error at a place.
    pub fn new(code: Code, message: impl Into<String>, span: Region) -> Self {
        Self { span: Some(span), ..Self::of_file(code, message) }
    }

    /// An error of the file as a whole.
    pub fn of_file(code: Code, message: impl Into<String>) -> Self {
        Self { code, severity: Severity::Error, message: message.into(), help: None, span: None }
    }

    /// The same with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same with advice, if there is any.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    /// The same as a warning.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }
}

/// Everything that was found in one lab file, in the order of the file.
#[derive(Clone, Debug)]
pub struct LabErrors {
    /// The file.
    pub source: SourceText,
    /// The findings, sorted by place, each once.
    pub found: Vec<LabError>,
}

impl LabErrors {
    /// Sorts the findings and drops repeats: what all checks share is read once per check.
    pub fn new(source: SourceText, mut found: Vec<LabError>) -> Self {
        found.sort_by_key(|error| (error.span.map_or(0, |span| span.start), error.code));
        let mut kept: Vec<LabError> = Vec::with_capacity(found.len());
        for error in found {
            if !kept.contains(&error) {
                kept.push(error);
            }
        }
        Self { source, found: kept }
    }

    /// How many errors; the rest are warnings.
    pub fn errors(&self) -> usize {
        self.found.iter().filter(|error| error.severity == Severity::Error).count()
    }

    /// The findings with code, place, caret and help, as text for a person.
    pub fn render(&self, colour: bool) -> String {
        super::render::render(self, colour)
    }
}

impl fmt::Display for LabErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for LabErrors {}
