//! Where the cache is.

use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use rustix::process::getuid;

use crate::world::folder::nearest;

/// The first of these: what `KGRADE_CACHE` names; the user's cache folder, if it is there or can be made; a folder of this user's own among the
/// temporary files, so that kgrade also works in a home that is read-only, and without a home.
pub(super) fn choose(named: Option<&Path>, usual: Option<PathBuf>, temporary: &Path) -> PathBuf {
    if let Some(named) = named {
        return named.to_owned();
    }
    match usual {
        Some(usual) if can_be_made(&usual) => usual,
        usual => own(temporary).or(usual).unwrap_or_else(|| temporary.join(format!("kgrade-cache-{:016x}", rand::random::<u64>()))),
    }
}

/// Whether a folder is there, writable or not, or can be made: a cache that somebody filled beforehand may be used as it is.
fn can_be_made(folder: &Path) -> bool {
    let there = nearest(folder);
    folder.exists() || there.is_dir() && access(there, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

/// The folder for this user. Programs that lie in a cache are run: one that others can write to, or made, is not taken.
fn own(temporary: &Path) -> Option<PathBuf> {
    let user = getuid().as_raw();
    let folder = temporary.join(format!("kgrade-cache-{user}"));
    // It may be there from last time.
    let _ = DirBuilder::new().mode(0o700).create(&folder);
    let found = folder.symlink_metadata().ok()?;
    (found.is_dir() && found.uid() == user && found.mode() & 0o077 == 0).then_some(folder)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_is_named_and_what_is_usual_come_first() {
        let machine = tempfile::tempdir().unwrap();
        let at = |name: &str| machine.path().join(name);
        assert_eq!(choose(Some(&at("named")), Some(at("usual")), machine.path()), at("named"));
        assert_eq!(choose(None, Some(at("home/.cache/kgrade")), machine.path()), at("home/.cache/kgrade"));
        assert!(!at("home").exists(), "looking makes nothing");
    }

    #[test]
    fn a_home_that_cannot_be_written_leads_to_a_folder_that_only_this_user_can_use() {
        let machine = tempfile::tempdir().unwrap();
        // Below a file nothing can be made, by root neither.
        let home = machine.path().join("home");
        fs::write(&home, "").unwrap();
        for usual in [Some(home.join(".cache/kgrade")), None] {
            let cache = choose(None, usual, machine.path());
            assert_eq!(cache, machine.path().join(format!("kgrade-cache-{}", getuid().as_raw())));
            assert_eq!(cache.metadata().unwrap().mode() & 0o777, 0o700);
        }
    }

    #[test]
    fn a_folder_that_others_can_write_to_is_not_taken() {
        let machine = tempfile::tempdir().unwrap();
        let folder = machine.path().join(format!("kgrade-cache-{}", getuid().as_raw()));
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
        let usual = machine.path().join("home/.cache/kgrade");
        fs::write(machine.path().join("home"), "").unwrap();
        assert_eq!(choose(None, Some(usual.clone()), machine.path()), usual, "the error then names the usual place");
        assert_ne!(choose(None, None, machine.path()), folder);

        fs::remove_dir(&folder).unwrap();
        std::os::unix::fs::symlink(machine.path(), &folder).unwrap();
        assert_eq!(choose(None, Some(usual.clone()), machine.path()), usual, "nor where a link leads");
    }
}
