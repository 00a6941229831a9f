//! What a learner begins a lab with.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use include_dir::Dir;

use super::CARRIED;

/// The files of a lab's starter.
#[derive(Debug)]
pub struct Starter {
    files: Vec<(PathBuf, Vec<u8>)>,
}

/// What came of writing a starter.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Files that were written, relative to the folder.
    pub new: Vec<PathBuf>,
    /// Files that were there already and stayed as they are.
    pub kept: Vec<PathBuf>,
}

impl Starter {
    /// The starter of a lab: of a folder with labs, or of those that kgrade carries. Empty when the lab has none.
    ///
    /// # Errors
    /// When its files cannot be read.
    pub fn of(lab: &str, checks: Option<&Path>) -> Result<Self> {
        let mut files = Vec::new();
        let place = Path::new(lab).join("starter");
        match checks {
            Some(folder) => read(&folder.join(&place), Path::new(""), &mut files)?,
            None => {
                if let Some(dir) = CARRIED.get_dir(&place) {
                    carried(dir, &place, &mut files);
                }
            }
        }
        files.sort();
        Ok(Self { files })
    }

    /// Of files that are made here.
    pub(super) fn of_files(mut files: Vec<(PathBuf, Vec<u8>)>) -> Self {
        files.sort();
        Self { files }
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Writes the files into a folder, which is made if it is not there. A file that exists is the learner's work: it is never written over.
    ///
    /// # Errors
    /// When a file or a folder cannot be made; what was written before stays.
    pub fn write(&self, folder: &Path) -> Result<Written> {
        let mut written = Written::default();
        for (name, bytes) in &self.files {
            let path = folder.join(name);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent).with_context(|| format!("cannot make the folder {}", parent.display()))?;
            }
            match std::fs::File::create_new(&path) {
                Ok(mut file) => {
                    file.write_all(bytes).with_context(|| format!("cannot write {}", path.display()))?;
                    written.new.push(name.clone());
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => written.kept.push(name.clone()),
                Err(error) => return Err(error).with_context(|| format!("cannot write {}", path.display())),
            }
        }
        Ok(written)
    }
}

fn carried(dir: &Dir<'_>, place: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for file in dir.files() {
        let name = file.path().strip_prefix(place).unwrap_or(file.path());
        files.push((name.to_owned(), file.contents().to_vec()));
    }
    dir.dirs().for_each(|dir| carried(dir, place, files));
}

fn read(folder: &Path, name: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) -> Result<()> {
    let here = folder.join(name);
    let entries = match std::fs::read_dir(&here) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", here.display())),
    };
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read {}", here.display()))?;
        let name = name.join(entry.file_name());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            read(folder, &name, files)?;
        } else {
            let path = folder.join(&name);
            files.push((name, std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_starter_is_written_once_and_never_over_the_learners_work() {
        let folder = tempfile::tempdir().unwrap();
        let starter = Starter::of("lab-02", None).unwrap();
        let written = starter.write(folder.path()).unwrap();
        let producer = Path::new("lab-02/producer.py");
        assert!(written.new.iter().any(|name| name == producer) && written.kept.is_empty(), "{written:?}");
        std::fs::write(folder.path().join(producer), "mine").unwrap();
        std::fs::remove_file(folder.path().join("lab-02/consumer.py")).unwrap();
        let again = starter.write(folder.path()).unwrap();
        assert_eq!(again.new, [Path::new("lab-02/consumer.py")]);
        assert!(again.kept.iter().any(|name| name == producer));
        assert_eq!(std::fs::read_to_string(folder.path().join(producer)).unwrap(), "mine");
    }

    #[test]
    fn the_carried_starter_is_that_of_the_folder() {
        let checks = Path::new(env!("CARGO_MANIFEST_DIR")).join("checks");
        let (carried, read) = (Starter::of("lab-02", None).unwrap(), Starter::of("lab-02", Some(&checks)).unwrap());
        assert!(!carried.is_empty());
        assert_eq!(carried.files, read.files);
        assert!(Starter::of("lab-99", None).unwrap().is_empty());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("lab-02"), "a file").unwrap();
        let error = Starter::of("lab-02", None).unwrap().write(folder.path()).unwrap_err().to_string();
        assert!(error.contains("lab-02"), "{error}");
    }
}
