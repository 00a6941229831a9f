//! What a folder holds, to see afterwards that nobody changed it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Everything in a folder, by path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot(BTreeMap<PathBuf, String>);

impl Snapshot {
    /// Byte for byte. Paths for which `skip` says so are left out, with what is in them.
    pub fn of_contents(root: &Path, skip: &dyn Fn(&Path) -> bool) -> std::io::Result<Self> {
        Self::take(root, skip, &|path, known| {
            let content = if known.is_symlink() {
                fs::read_link(path)?.display().to_string()
            } else if known.is_file() {
                format!("{:?}", Sha256::digest(fs::read(path)?))
            } else {
                String::new()
            };
            Ok(format!("{:o} {} {}", known.mode(), known.nlink().min(if known.is_file() { 9 } else { 0 }), content))
        })
    }

    /// By what the kernel notes of each file: nobody can change a file, or its times, and leave the time of that change as it was.
    pub fn of_changes(root: &Path, skip: &dyn Fn(&Path) -> bool) -> std::io::Result<Self> {
        Self::take(root, skip, &|path, known| {
            let same = format!("{:o} {} {}", known.mode(), known.uid(), known.ino());
            // A folder changes with what is new in it, which counts for itself.
            if known.is_dir() {
                return Ok(same);
            }
            // The grader keeps the time of the last use as this file's own: it counts by its content.
            if known.is_file() && path.file_name().is_some_and(|name| name == "manifest.json") {
                return Ok(format!("{same} {:?}", Sha256::digest(fs::read(path)?)));
            }
            Ok(format!("{same} {} {} {:?}", path.display(), known.size(), (known.ctime(), known.ctime_nsec())))
        })
    }

    fn take(
        root: &Path,
        skip: &dyn Fn(&Path) -> bool,
        tell: &dyn Fn(&Path, &fs::Metadata) -> std::io::Result<String>,
    ) -> std::io::Result<Self> {
        let mut found = BTreeMap::new();
        let mut open = vec![root.to_owned()];
        while let Some(folder) = open.pop() {
            let Some(entries) = there(fs::read_dir(&folder))? else { continue };
            for entry in entries {
                let path = entry?.path();
                if skip(&path) {
                    continue;
                }
                let Some(known) = there(path.symlink_metadata())? else { continue };
                let Some(told) = there(tell(&path, &known))? else { continue };
                found.insert(path.clone(), told);
                if known.is_dir() {
                    open.push(path);
                }
            }
        }
        Ok(Self(found))
    }

    /// What is otherwise in a later one, ten at the most. What is new counts unless `may_be_new` says that it may be.
    pub fn changes(&self, later: &Self, may_be_new: &dyn Fn(&Path) -> bool) -> Vec<String> {
        let gone = self.0.iter().filter_map(|(path, what)| match later.0.get(path) {
            None => Some(format!("{} is gone", path.display())),
            Some(other) if other != what => Some(format!("{} was changed", path.display())),
            Some(_) => None,
        });
        let new = later.0.keys().filter(|path| !self.0.contains_key(*path) && !may_be_new(path));
        gone.chain(new.map(|path| format!("{} is new", path.display()))).take(10).collect()
    }

    /// Whether a path is in it.
    pub fn has(&self, path: &Path) -> bool {
        self.0.contains_key(path)
    }
}

/// What goes while it is looked at is not there: another attack's environment is being built next to it.
fn there<T>(found: std::io::Result<T>) -> std::io::Result<Option<T>> {
    match found {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}
