//! Who is in a cohort and where their work is: the sub-folders of a folder, or the rows of a table.
//!
//! A table is CSV with a header: `id`, and `path` or `url`; `name`, `commit`, `due` and `extension` where there are any. It may come from a
//! form that learners filled in, so nothing in it is trusted: names become no paths, addresses become no options.

mod table;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::course::{Moment, More};

/// How many problems are told.
const TOLD: usize = 20;
/// The longest id, in bytes: it becomes the name of a folder.
const LONGEST_ID: usize = 100;

/// A cohort.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    /// Its members, in its order.
    pub members: Vec<Member>,
    /// What was left out of it, and why.
    pub notes: Vec<String>,
}

/// Somebody whose submission is graded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The name of the submission, also that of the folder with its results.
    pub id: String,
    /// The learner's name, when it is known.
    pub name: Option<String>,
    /// Where the work is.
    pub source: Source,
    /// When it is due, when that is not what the rules say.
    pub due: Option<Moment>,
    /// More time for this member.
    pub extension: Option<More>,
}

/// Where a submission is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// In a folder, as it is.
    Folder(PathBuf),
    /// In a git repository.
    Git {
        /// Its address; the path of one on this machine.
        from: Repository,
        /// A commit, branch or tag; without it the one that is checked out there.
        commit: Option<String>,
    },
}

/// A git repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repository {
    /// On another machine.
    Remote(String),
    /// On this machine.
    Local(PathBuf),
}

/// Everything that is wrong with a roster.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<String>);

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left = self.0.len().saturating_sub(TOLD);
        write!(f, "{}", self.0.iter().take(TOLD).map(String::as_str).collect::<Vec<_>>().join("\n  "))?;
        if left > 0 {
            write!(f, "\n  and {left} more")?;
        }
        Ok(())
    }
}

impl Roster {
    /// Reads a cohort: a folder of submissions, or a table.
    ///
    /// # Errors
    /// When it cannot be read, or says what cannot be meant; all problems at once.
    pub fn open(cohort: &Path) -> Result<Self> {
        let shown = cohort.display();
        let metadata = std::fs::metadata(cohort).with_context(|| format!("read the cohort {shown}"))?;
        let roster = if metadata.is_dir() { folder(cohort)? } else { table::read(cohort)? };
        if roster.members.is_empty() {
            bail!("the cohort {shown} has no members: name a folder with a folder for each submission, or a CSV table with a row for each");
        }
        Ok(roster)
    }

    /// Takes only those with these ids.
    ///
    /// # Errors
    /// When there is no such id.
    pub fn only(&mut self, ids: &[String]) -> Result<()> {
        let unknown: Vec<&str> = ids.iter().filter(|id| !self.members.iter().any(|member| member.id == **id)).map(String::as_str).collect();
        if let Some(first) = unknown.first() {
            let known = self.members.iter().map(|member| member.id.as_str());
            let near = known.map(|id| (strsim::damerau_levenshtein(id, first), id)).min().filter(|(distance, id)| *distance * 2 <= id.len());
            let advice = near.map(|(_, id)| format!("; did you mean `{id}`?")).unwrap_or_default();
            bail!("there is no `{}` in the cohort{advice}", unknown.join("`, `"));
        }
        self.members.retain(|member| ids.contains(&member.id));
        Ok(())
    }
}

/// A folder with a folder for each submission.
fn folder(cohort: &Path) -> Result<Roster> {
    let cohort = cohort.canonicalize().with_context(|| format!("read the cohort {}", cohort.display()))?;
    let mut roster = Roster::default();
    let mut problems = Problems::default();
    let mut ids = Ids::default();
    let entries = std::fs::read_dir(&cohort).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
    let mut entries = entries.with_context(|| format!("read the cohort {}", cohort.display()))?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().with_context(|| format!("read {}", entry.path().display()))?;
        if name.starts_with('.') {
            continue;
        }
        if !kind.is_dir() {
            // A link could lead to somebody else's work.
            let what = if kind.is_symlink() { "a link" } else { "no folder" };
            roster.notes.push(format!("left out: {name} is {what}"));
            continue;
        }
        if let Err(problem) = check_id(&name).and_then(|()| ids.take(&name, &name)) {
            problems.0.push(problem);
            continue;
        }
        let source = Source::Folder(entry.path());
        roster.members.push(Member { id: name, name: None, source, due: None, extension: None });
    }
    if problems.0.is_empty() { Ok(roster) } else { Err(problems).with_context(|| format!("the folders in {}", cohort.display())) }
}

/// The ids that are taken. A file system may not tell upper from lower case.
#[derive(Default)]
struct Ids(BTreeMap<String, String>);

impl Ids {
    fn take(&mut self, id: &str, place: &str) -> Result<(), String> {
        match self.0.insert(id.to_lowercase(), place.to_owned()) {
            None => Ok(()),
            Some(earlier) if earlier == place => Err(format!("`{id}` is there twice")),
            Some(earlier) => Err(format!("`{id}` is there twice: {earlier} has it, too (upper and lower case count as one)")),
        }
    }
}

/// Says what is wrong with an id, which becomes the name of a folder on any file system and stands in pages and tables.
pub(super) fn check_id(id: &str) -> Result<(), String> {
    let shown = crate::outcome::sanitize::terminal(id).replace('\n', "\\n");
    let bad = |sign: char| !(sign.is_alphanumeric() || matches!(sign, '-' | '_' | '.' | '+' | '@' | ' ' | '(' | ')' | ',' | '\'' | '='));
    if id.is_empty() {
        Err("the id is empty".to_owned())
    } else if id.len() > LONGEST_ID {
        Err(format!("the id `{}…` is longer than {LONGEST_ID} bytes", shown.chars().take(20).collect::<String>()))
    } else if let Some(sign) = id.chars().find(|sign| bad(*sign)) {
        Err(format!("the id `{shown}` holds {sign:?}; take letters, digits, and . _ - @"))
    } else if id.starts_with(['.', '-', ' ', '=', '+', '@', '\'']) || id.ends_with([' ', '.']) {
        Err(format!("the id `{shown}` cannot begin or end as it does; begin it with a letter or a digit"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
