//! The folder `.kgrade` next to a learner's work.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::entry::Entry;
use super::error::{Note, StoreError};
use super::ledger::{Content, Ledger, look};
use crate::outcome::Outcome;

/// The folder, next to the learner's work.
pub const FOLDER: &str = ".kgrade";
/// The file with the lines.
pub const FILE: &str = "progress.jsonl";

/// Lets git put the lines of two machines together, and keeps it from changing their ends.
const ATTRIBUTES: &str = "progress.jsonl merge=union text eol=lf\nhints.jsonl merge=union text eol=lf\n";
const README: &str = "\
Your progress with kgrade: progress.jsonl has a line for each graded run, and the order of the lines means nothing.
hints.jsonl remembers which hints you asked for, so that kgrade hint gives the next one.
Keep this folder in git with your work: by .gitattributes git merges the lines of two machines without a conflict.
To begin anew, delete it. Nothing else depends on it. What the lines hold, kgrade's docs/progress.md says.
";

/// The progress of the work in one folder. Making one of these does nothing yet.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

/// What a store holds.
#[derive(Debug, Default)]
pub struct Progress {
    /// The runs, the oldest first.
    pub entries: Vec<Entry>,
    /// What is to be said about the file.
    pub notes: Vec<Note>,
}

impl Store {
    /// The store of the work in this folder.
    #[must_use]
    pub fn at(work: &Path) -> Self {
        Self { folder: work.join(FOLDER) }
    }

    /// Whether something is there.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.folder.symlink_metadata().is_ok()
    }

    /// Makes the folder and what explains it, where they are not there.
    ///
    /// # Errors
    /// When it cannot be made, or something else has its place.
    pub fn make(&self) -> Result<(), StoreError> {
        match std::fs::create_dir(&self.folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(StoreError::io("make", &self.folder)(error)),
            _ => self.check_folder()?,
        }
        for (name, text) in [(".gitattributes", ATTRIBUTES), ("README.md", README)] {
            let path = self.folder.join(name);
            match File::create_new(&path) {
                Ok(mut file) => file.write_all(text.as_bytes()).map_err(StoreError::io("write", &path))?,
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(StoreError::io("write", &path)(error)),
            }
        }
        Ok(())
    }

    /// Keeps a run that ended now, and says what is to be said about the file. Give it the outcome as the learner sees it. A run in which
    /// nothing was judged leaves no line.
    ///
    /// # Errors
    /// When the run could not be kept. Its grade is not affected.
    pub fn record(&self, outcome: &Outcome, now: SystemTime) -> Result<Option<Note>, StoreError> {
        let Some(entry) = Entry::of(outcome, now) else { return Ok(None) };
        let path = self.folder.join(FILE);
        let line = entry.line().map_err(|error| StoreError::io("write to", &path)(error.into()))?;
        self.make()?;
        let mut ledger = Ledger::lock(&path, true)?;
        let content = ledger.read()?;
        if content.newer > 0 {
            return Err(StoreError::Newer(path));
        }
        let note = mend(&mut ledger, &content, &path);
        ledger.append(&line)?;
        Ok(note)
    }

    /// What was kept. A file that is not there has nothing.
    ///
    /// # Errors
    /// When nothing of it can be read.
    pub fn read(&self) -> Result<Progress, StoreError> {
        if !self.exists() {
            return Ok(Progress::default());
        }
        self.check_folder()?;
        let path = self.folder.join(FILE);
        let mut content = look(&path)?;
        let mut notes = Vec::new();
        if content.newer > 0 {
            notes.push(Note::Newer { file: path, lines: content.newer });
        } else if content.unreadable > 0 {
            // Half a line may be another kgrade's that is at work: only under the lock it is damage.
            match Ledger::lock(&path, false) {
                Ok(mut ledger) => {
                    content = ledger.read()?;
                    notes.extend(mend(&mut ledger, &content, &path));
                }
                Err(error) => notes.push(Note::Damaged { lines: content.unreadable, why: cause(&error), file: path }),
            }
        }
        let mut entries = content.entries;
        entries.sort_by(|a, b| (a.time, &a.lab, a.seed).cmp(&(b.time, &b.lab, b.seed)));
        Ok(Progress { entries, notes })
    }

    /// A file of the store.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Refuses what is no folder of kgrade's own.
    pub(super) fn check_folder(&self) -> Result<(), StoreError> {
        let found = self.folder.symlink_metadata().map_err(StoreError::io("open", &self.folder))?;
        if found.is_symlink() {
            Err(StoreError::Link(self.folder.clone()))
        } else if !found.is_dir() {
            Err(StoreError::Kind { path: self.folder.clone(), wanted: "folder" })
        } else {
            Ok(())
        }
    }
}

/// Puts a damaged file aside, if it is one.
fn mend(ledger: &mut Ledger, content: &Content, path: &Path) -> Option<Note> {
    if content.unreadable == 0 || content.newer > 0 {
        return None;
    }
    let (file, lines) = (path.to_owned(), content.unreadable);
    Some(match ledger.mend(content) {
        Ok(kept) => Note::Mended { file, lines, kept },
        Err(error) => Note::Damaged { file, lines, why: format!("{error:#}") },
    })
}

fn cause(error: &StoreError) -> String {
    match error {
        StoreError::Io { source, .. } => source.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
