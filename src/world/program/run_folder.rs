//! A private folder of a run: the copy that programs work in, their home, their temporary files. It goes away with its owner.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::world::folder::PrivateFolder;
use crate::world::guard::Guard;

/// A private folder with `work`, `home`, `tmp` and `given` in it.
#[derive(Debug)]
pub(super) struct RunFolder(PrivateFolder);

impl RunFolder {
    /// Makes the folder; `work` is left to the caller.
    pub fn make(guard: &Guard) -> io::Result<Self> {
        let folder = Self(PrivateFolder::make(guard, "kgrade-run-")?);
        fs::create_dir(folder.home())?;
        fs::create_dir(folder.tmp())?;
        fs::create_dir(folder.given())?;
        Ok(folder)
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The copy of the submission: the programs' working directory.
    pub fn work(&self) -> PathBuf {
        self.path().join("work")
    }

    /// An empty folder that programs see as the user's home.
    pub fn home(&self) -> PathBuf {
        self.path().join("home")
    }

    /// Files that the grader gives to the programs.
    pub fn given(&self) -> PathBuf {
        self.path().join("given")
    }

    /// For temporary files.
    pub fn tmp(&self) -> PathBuf {
        self.path().join("tmp")
    }
}
