//! A private folder of a run: the copy that programs work in, their home, their temporary files. It goes away with its owner.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::world::guard::{Guard, Lease};

/// A private folder with `work`, `home` and `tmp` in it.
#[derive(Debug)]
pub(super) struct RunFolder {
    path: PathBuf,
    _lease: Lease,
}

impl RunFolder {
    /// Makes the folder; `work` is left to the caller.
    pub fn make(guard: &Guard) -> io::Result<Self> {
        // Learners' paths appear in their programs' messages: resolve links now, so that they are the same everywhere.
        let path = tempfile::Builder::new().prefix("kgrade-run-").tempdir()?.keep().canonicalize()?;
        let folder = Self { _lease: guard.folder(&path), path };
        fs::create_dir(folder.home())?;
        fs::create_dir(folder.tmp())?;
        Ok(folder)
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The copy of the submission: the programs' working directory.
    pub fn work(&self) -> PathBuf {
        self.path.join("work")
    }

    /// An empty folder that programs see as the user's home.
    pub fn home(&self) -> PathBuf {
        self.path.join("home")
    }

    /// For temporary files.
    pub fn tmp(&self) -> PathBuf {
        self.path.join("tmp")
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// Removes a folder, also one in which folders were made read-only.
pub(super) fn remove(folder: &Path) {
    if fs::remove_dir_all(folder).is_ok() || !folder.exists() {
        return;
    }
    open_up(folder);
    if let Err(error) = fs::remove_dir_all(folder)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(folder = %folder.display(), %error, "a private folder could not be removed; remove it by hand");
    }
}

fn open_up(folder: &Path) {
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let _ = fs::set_permissions(&folder, fs::Permissions::from_mode(0o700));
        let entries = fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok);
        open.extend(entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()));
    }
}
