//! A private folder that is never left behind: the watchdog knows of it before it is there.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::guard::{Guard, Lease};
use super::owner;

/// The file in a private folder that says which process made it.
pub const OWNER: &str = ".kgrade-owner";

/// A folder among the temporary files that only this user can read. Dropping it removes it.
#[derive(Debug)]
pub struct PrivateFolder {
    path: PathBuf,
    lease: Option<Lease>,
}

impl PrivateFolder {
    /// Makes the folder; its name begins with `prefix`.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn make(guard: &Guard, prefix: &str) -> io::Result<Self> {
        // The path appears in learners' messages: links are resolved now, so that it is the same everywhere.
        let parent = std::env::temp_dir().canonicalize()?;
        let made = tempfile::Builder::new().prefix(prefix).make_in(parent, |path| {
            let lease = guard.folder(path);
            DirBuilder::new().mode(0o700).create(path)?;
            fs::write(path.join(OWNER), owner::this_process()).inspect_err(|_| drop(remove(path)))?;
            Ok(lease)
        })?;
        let (lease, path) = made.keep().map_err(|failure| failure.error)?;
        Ok(Self { path, lease: Some(lease) })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.path) {
            tracing::warn!(folder = %self.path.display(), %error, "a private folder could not be removed; the watchdog will try again");
            std::mem::forget(self.lease.take());
        }
    }
}

/// Removes a folder, also one in which folders were made read-only. One that is not there is removed already.
///
/// # Errors
/// When something in it cannot be removed.
pub fn remove(folder: &Path) -> io::Result<()> {
    let gone = |removed: io::Result<()>| match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(folder).is_err() => Ok(()),
        other => other,
    };
    gone(fs::remove_dir_all(folder)).or_else(|_| {
        open_up(folder);
        gone(fs::remove_dir_all(folder))
    })
}

/// How many bytes the files below a path have, links not followed. What cannot be read counts as nothing.
#[must_use]
pub fn bytes(path: &Path) -> u64 {
    let mut sum = 0;
    let mut open = vec![path.to_owned()];
    while let Some(path) = open.pop() {
        let Ok(meta) = fs::symlink_metadata(&path) else { continue };
        if meta.is_dir() {
            open.extend(fs::read_dir(&path).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())));
        } else if meta.is_file() {
            sum += meta.len();
        }
    }
    sum
}

/// The path itself, or the nearest above it that is there.
#[must_use]
pub fn nearest(path: &Path) -> &Path {
    path.ancestors().find(|above| above.exists()).unwrap_or(path)
}

/// Whether this is a folder itself, not a link to one.
#[must_use]
pub fn is_real(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir())
}

fn open_up(folder: &Path) {
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let _ = fs::set_permissions(&folder, Permissions::from_mode(0o700));
        let entries = fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok);
        open.extend(entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_for_this_user_and_goes_with_its_owner() {
        let folder = PrivateFolder::make(&Guard::none(), "kgrade-test-").unwrap();
        let path = folder.path().to_owned();
        assert_eq!(fs::read_to_string(path.join(OWNER)).unwrap(), owner::this_process());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        fs::create_dir(path.join("a")).unwrap();
        fs::write(path.join("a/b"), "").unwrap();
        fs::set_permissions(path.join("a"), Permissions::from_mode(0o000)).unwrap();
        drop(folder);
        assert!(!path.exists());
        assert!(remove(&path).is_ok(), "it is gone already");
    }
}
