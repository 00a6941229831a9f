//! Where a report goes: `--report FORMAT=PATH`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, bail};
use thiserror::Error;

use super::{FORMATS, Format, Graded, file, format};
use crate::outcome::Outcome;

/// A report that was asked for.
#[derive(Debug, Clone)]
pub struct ReportTarget {
    /// What is written.
    pub format: &'static Format,
    /// Where it is written.
    pub path: PathBuf,
}

impl ReportTarget {
    /// Writes the report without pictures; a reader sees the old file or the new one, never a part.
    ///
    /// # Errors
    /// When the report cannot be rendered or written; the old file is then as it was.
    pub fn write(&self, outcome: &Outcome) -> anyhow::Result<()> {
        self.write_graded(&Graded::from(outcome))
    }

    /// As [`ReportTarget::write`], with pictures.
    ///
    /// # Errors
    /// When the report cannot be rendered or written; the old file is then as it was.
    pub fn write_graded(&self, graded: &Graded<'_>) -> anyhow::Result<()> {
        let text = self.format.of(graded).with_context(|| format!("failed to make the {} report", self.format.name))?;
        file::write(&self.path, text.as_bytes()).with_context(|| format!("failed to write the {} report", self.format.name))
    }
}

impl fmt::Display for ReportTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.format.name, self.path.display())
    }
}

/// Says before anything is graded whether these reports can be written.
///
/// # Errors
/// When a path cannot be written, or two reports would go to the same file.
pub fn check_targets(targets: &[ReportTarget]) -> anyhow::Result<()> {
    for (at, target) in targets.iter().enumerate() {
        file::check_writable(&target.path).with_context(|| format!("--report {target}"))?;
        if targets.iter().take(at).any(|earlier| same_file(&earlier.path, &target.path)) {
            bail!("--report {target}: another report goes to the same file; give each a path of its own");
        }
    }
    Ok(())
}

/// Whether two paths mean one file, which may not be there yet.
#[must_use]
pub fn same_file(a: &Path, b: &Path) -> bool {
    match (file::destination(a), file::destination(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

/// Why `FORMAT=PATH` was not understood.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TargetError {
    /// There is no `=`, or nothing after it.
    #[error("`{0}` is not FORMAT=PATH; write for example junit=report.xml (formats: {formats})", formats = names())]
    Shape(String),
    /// There is no such format.
    #[error("there is no report format `{written}`{suggestion} (formats: {formats})", formats = names())]
    Format {
        /// What was written.
        written: String,
        /// `; did you mean …?`, or nothing.
        suggestion: String,
    },
}

impl FromStr for ReportTarget {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let Some((name, path)) = text.split_once('=').filter(|(_, path)| !path.is_empty()) else {
            return Err(TargetError::Shape(text.to_owned()));
        };
        match format(name) {
            Some(format) => Ok(Self { format, path: path.into() }),
            None => Err(TargetError::Format { written: name.to_owned(), suggestion: suggestion(name) }),
        }
    }
}

fn names() -> String {
    FORMATS.iter().map(|format| format.name).collect::<Vec<_>>().join(", ")
}

fn suggestion(written: &str) -> String {
    let written = written.trim().to_lowercase();
    FORMATS
        .iter()
        .map(|format| (strsim::damerau_levenshtein(&written, format.name), format.name))
        .min()
        .filter(|(distance, name)| *distance * 2 <= name.len())
        .map_or_else(String::new, |(_, name)| format!("; did you mean `{name}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        text.parse::<ReportTarget>().unwrap_err().to_string()
    }

    #[test]
    fn is_format_and_path() {
        let target: ReportTarget = "junit=out/a=b.xml".parse().unwrap();
        assert_eq!((target.format.name, target.path), ("junit", PathBuf::from("out/a=b.xml")));
    }

    #[test]
    fn says_what_would_be_right() {
        let refused = |said: &str| format!("there is no report format {said} (formats: {})", names());
        assert!(names().starts_with("terminal, json, junit, "), "{}", names());
        assert_eq!(refusal("junt=x"), refused("`junt`; did you mean `junit`?"));
        assert_eq!(refusal("JSON=x"), refused("`JSON`; did you mean `json`?"));
        assert_eq!(refusal("pdf=x"), refused("`pdf`"));
        for shape in ["report.xml", "junit=", ""] {
            assert!(refusal(shape).starts_with(&format!("`{shape}` is not FORMAT=PATH; write for example")), "{shape}");
        }
    }

    #[test]
    fn two_reports_do_not_share_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let at = |format: &str, name: &str| -> ReportTarget { format!("{format}={}", folder.path().join(name).display()).parse().unwrap() };
        assert!(check_targets(&[at("json", "a"), at("junit", "b")]).is_ok());
        let refused = check_targets(&[at("json", "a"), at("junit", "./a")]).unwrap_err();
        assert!(refused.to_string().contains("another report goes to the same file"), "{refused}");
    }
}
