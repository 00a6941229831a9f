//! What was saved: files whose content changed, however an editor writes them.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify_debouncer_full::notify::{RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{Debouncer, NoCache, new_debouncer_opt};
use tokio::sync::mpsc;

use crate::world::program::{Submission, SubmissionError};

/// Saves that come so close together are one.
const TOGETHER: Duration = Duration::from_millis(120);

/// Hears that something happened in a folder. What, is looked up: editors save in many ways, and most of what happens is nobody's business.
pub struct Watcher {
    folder: PathBuf,
    told: mpsc::UnboundedSender<()>,
    heard: mpsc::UnboundedReceiver<()>,
    system: Option<(u64, Debouncer<RecommendedWatcher, NoCache>)>,
}

impl Watcher {
    /// Listens to a folder.
    pub fn of(folder: &Path) -> Self {
        let (told, heard) = mpsc::unbounded_channel();
        let mut watcher = Self { folder: folder.to_owned(), told, heard, system: None };
        watcher.again();
        watcher
    }

    /// Whether the system tells of changes. Where it cannot (too many folders, a file system of another machine), [`Self::heard`] has to be helped by looking.
    pub fn is_told(&self) -> bool {
        self.system.is_some()
    }

    /// Begins again when the folder is another one now, or was not there before.
    pub fn again(&mut self) {
        let Ok(inode) = fs::metadata(&self.folder).map(|known| known.ino()) else {
            self.system = None;
            return;
        };
        if self.system.as_ref().is_some_and(|(known, _)| *known == inode) {
            return;
        }
        let told = self.told.clone();
        let hear = move |_| _ = told.send(());
        let config = notify_debouncer_full::notify::Config::default();
        let made = new_debouncer_opt::<_, RecommendedWatcher, _>(TOGETHER, None, hear, NoCache, config);
        self.system = made.ok().and_then(|mut system| {
            system.watch(&self.folder, RecursiveMode::Recursive).ok()?;
            Some((inode, system))
        });
        _ = self.told.send(());
    }

    /// Waits until something happened; all that happened until now is one.
    pub async fn heard(&mut self) {
        if self.heard.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
        while self.heard.try_recv().is_ok() {}
    }
}

/// The files of a submission, with a digest of their content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot(BTreeMap<PathBuf, u64>);

impl Snapshot {
    /// The files that would be graded now.
    pub fn of(submission: &Submission) -> Self {
        let digest = |file: &Path| {
            let mut hasher = DefaultHasher::new();
            fs::read(submission.folder().join(file)).ok().hash(&mut hasher);
            hasher.finish()
        };
        Self(submission.files().map(|file| (file.to_owned(), digest(file))).collect())
    }

    /// Files that are new, gone or different.
    pub fn changed(&self, now: &Self) -> Vec<PathBuf> {
        let other = |a: &Self, b: &Self| {
            a.0.iter().filter(|(file, digest)| b.0.get(*file) != Some(*digest)).map(|(file, _)| file.clone()).collect()
        };
        let (mut changed, gone): (Vec<PathBuf>, Vec<PathBuf>) = (other(now, self), other(self, now));
        changed.extend(gone.into_iter().filter(|file| !now.0.contains_key(file)));
        changed
    }

    /// Whether a file other than `file` has the word in it. A file that is no text is not asked.
    pub fn speaks_of(&self, folder: &Path, word: &str, file: &Path) -> bool {
        let speaks = |other: &PathBuf| fs::read_to_string(folder.join(other)).is_ok_and(|text| has_word(&text, word));
        self.0.keys().filter(|other| *other != file).any(speaks)
    }
}

/// Looks at the submission.
pub fn look(folder: &Path) -> Result<(Submission, Snapshot), SubmissionError> {
    let submission = Submission::open(folder)?;
    let snapshot = Snapshot::of(&submission);
    Ok((submission, snapshot))
}

/// Whether the word stands somewhere in code that could mean a module: comments may say it, too, and then more is graded than needed.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |sign: Option<char>| sign.is_some_and(|sign| sign.is_alphanumeric() || sign == '_');
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (text.get(..at).unwrap_or_default(), text.get(at + word.len()..).unwrap_or_default());
        !is_part(before.chars().next_back()) && !is_part(after.chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn submission(files: &[(&str, &str)]) -> (tempfile::TempDir, Snapshot) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
            fs::write(folder.path().join(name), text).unwrap();
        }
        let snapshot = look(folder.path()).unwrap().1;
        (folder, snapshot)
    }

    #[test]
    fn only_what_is_different_changed() {
        let (folder, before) = submission(&[("a.py", "1"), ("b.py", "2"), ("sub/c.py", "3")]);
        fs::write(folder.path().join("a.py"), "1").unwrap();
        fs::create_dir(folder.path().join("__pycache__")).unwrap();
        fs::write(folder.path().join("__pycache__/a.pyc"), "x").unwrap();
        let same = look(folder.path()).unwrap().1;
        assert_eq!(before.changed(&same), [""; 0].map(PathBuf::from));
        fs::write(folder.path().join("b.py"), "4").unwrap();
        fs::remove_file(folder.path().join("sub/c.py")).unwrap();
        fs::write(folder.path().join("d.py"), "5").unwrap();
        let now = look(folder.path()).unwrap().1;
        let mut changed = before.changed(&now);
        changed.sort();
        assert_eq!(changed, ["b.py", "d.py", "sub/c.py"].map(PathBuf::from));
    }

    #[test]
    fn a_word_is_not_a_part_of_another() {
        assert!(has_word("from producer import encode", "producer") && has_word("require('./producer')", "producer"));
        assert!(!has_word("my_producer = Producers()", "producer") && !has_word("producers", "producer") && !has_word("", "producer"));
        let (folder, snapshot) = submission(&[("lab/a.py", "import b"), ("lab/b.py", "b = 1")]);
        assert!(snapshot.speaks_of(folder.path(), "b", Path::new("lab/b.py")));
        assert!(!snapshot.speaks_of(folder.path(), "a", Path::new("lab/a.py")));
    }
}
