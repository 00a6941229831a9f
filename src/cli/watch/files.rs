//! What was saved: files whose content changed, however an editor writes them.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::world::program::{Submission, SubmissionError};

/// The ends of names of texts for people: no program is made of them.
const PROSE: &[&str] = &["md", "markdown", "rst", "adoc"];

/// The files of a submission, with a digest of their content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot(BTreeMap<PathBuf, u64>);

impl Snapshot {
    /// The files that would be graded now, without what editors leave beside them.
    pub fn of(submission: &Submission) -> Self {
        let folder = submission.folder();
        let file = |file: &Path| {
            let mut hasher = DefaultHasher::new();
            fs::read(folder.join(file)).ok().hash(&mut hasher);
            fs::metadata(folder.join(file)).is_ok_and(|known| known.permissions().mode() & 0o111 != 0).hash(&mut hasher);
            hasher.finish()
        };
        let link = |target: &Path| {
            let mut hasher = DefaultHasher::new();
            target.hash(&mut hasher);
            hasher.finish()
        };
        let files = submission.files().map(|path| (path.to_owned(), file(path)));
        let links = submission.links().map(|(path, target)| (path.to_owned(), link(target)));
        Self(files.chain(links).filter(|(path, _)| !is_an_editors(path)).collect())
    }

    /// Files that are new, gone or different.
    pub fn changed(&self, now: &Self) -> Vec<PathBuf> {
        let not_in = |a: &Self, b: &Self| -> Vec<PathBuf> {
            a.0.iter().filter(|(file, digest)| b.0.get(*file) != Some(*digest)).map(|(file, _)| file.clone()).collect()
        };
        let mut changed = not_in(now, self);
        changed.extend(not_in(self, now).into_iter().filter(|file| !now.0.contains_key(file)));
        changed
    }

    /// Whether a file other than `file` has one of the words in it. A file that is no text is not asked, nor is one for people to read.
    pub fn speaks_of(&self, folder: &Path, words: &[&str], file: &Path) -> bool {
        let is_prose = |other: &Path| other.extension().and_then(|end| end.to_str()).is_some_and(|end| PROSE.contains(&end));
        let speaks = |text: String| words.iter().any(|word| has_word(&text, word));
        let others = self.0.keys().filter(|other| *other != file && !is_prose(other));
        others.map(|other| fs::read_to_string(folder.join(other))).any(|text| text.is_ok_and(speaks))
    }
}

/// Looks at the submission.
pub fn look(folder: &Path) -> Result<(Submission, Snapshot), SubmissionError> {
    let submission = Submission::open(folder)?;
    let snapshot = Snapshot::of(&submission);
    Ok((submission, snapshot))
}

/// Whether an editor put it there for itself: a swap file, a copy, a lock, its settings.
fn is_an_editors(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let end = path.extension().map(|end| end.to_string_lossy()).unwrap_or_default();
    let is_swap = name.starts_with('.') && end.len() == 3 && end.starts_with("sw");
    let is_lock = name.starts_with(".#") || (name.starts_with('#') && name.ends_with('#'));
    let is_copy = name.ends_with('~') || name == "4913" || name.contains("___jb_");
    let is_setting = path.components().any(|part| [".idea", ".vscode"].iter().any(|folder| part.as_os_str() == *folder));
    is_swap || is_lock || is_copy || is_setting || name == ".DS_Store"
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
        let (folder, before) = submission(&[("a.py", "1"), ("b.py", "2"), ("sub/c.py", "3"), ("run.sh", "5")]);
        fs::write(folder.path().join("a.py"), "1").unwrap();
        fs::create_dir(folder.path().join("__pycache__")).unwrap();
        for by_the_way in ["__pycache__/a.pyc", ".a.py.swp", "4913", "b.py~", "#b.py#"] {
            fs::write(folder.path().join(by_the_way), "x").unwrap();
        }
        let same = look(folder.path()).unwrap().1;
        assert_eq!(before.changed(&same), [""; 0].map(PathBuf::from));
        fs::write(folder.path().join("b.py"), "4").unwrap();
        fs::remove_file(folder.path().join("sub/c.py")).unwrap();
        fs::write(folder.path().join("d.py"), "5").unwrap();
        fs::set_permissions(folder.path().join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink("d.py", folder.path().join("e.py")).unwrap();
        let now = look(folder.path()).unwrap().1;
        let mut changed = before.changed(&now);
        changed.sort();
        assert_eq!(changed, ["b.py", "d.py", "e.py", "run.sh", "sub/c.py"].map(PathBuf::from));
    }

    #[test]
    fn a_word_is_not_a_part_of_another() {
        assert!(has_word("from producer import encode", "producer") && has_word("require('./producer')", "producer"));
        assert!(!has_word("my_producer = Producers()", "producer") && !has_word("producers", "producer") && !has_word("", "producer"));
        let (folder, snapshot) = submission(&[("lab/a.py", "import b"), ("lab/b.py", "b = 1"), ("README.md", "about a and glob")]);
        assert!(snapshot.speaks_of(folder.path(), &["b"], Path::new("lab/b.py")));
        assert!(!snapshot.speaks_of(folder.path(), &["a", "glob"], Path::new("lab/a.py")));
    }
}
