//! How much is kept in folders on the disk.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What a name counts beside the bytes of its file: a disk has about one for each 16 KiB.
const NAME: u64 = 4096;

/// The bytes on the disk of everything in these folders; counting stops when it is more than `enough`. What cannot be read counts nothing.
#[must_use]
pub fn used(folders: &[PathBuf], enough: u64) -> u64 {
    let mut open = folders.to_vec();
    let mut bytes = 0;
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok) {
            let Ok(known) = entry.metadata() else { continue };
            // An empty file takes room too, and a disk has only so many names.
            bytes += known.blocks() * 512 + NAME;
            if known.is_dir() {
                open.push(entry.path());
            }
            if bytes > enough {
                return bytes;
            }
        }
    }
    bytes
}

/// The bytes that are free where these folders are, and what the free names count: asked at once, where [`used`] must look at each file.
#[must_use]
pub fn free(folders: &[PathBuf]) -> u64 {
    let systems = folders.iter().filter_map(|folder| rustix::fs::statvfs(folder).ok());
    let each = systems.map(|system| system.f_bfree.saturating_mul(system.f_frsize).saturating_add(system.f_ffree.saturating_mul(NAME)));
    each.fold(0, u64::saturating_add)
}

/// Makes a folder and everything in it another user's.
///
/// # Errors
/// When that is not allowed.
pub fn hand_over(folder: &Path, user: u32) -> std::io::Result<()> {
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        // Never through a link.
        std::os::unix::fs::lchown(&path, Some(user), Some(user))?;
        if path.symlink_metadata()?.is_dir() {
            for entry in std::fs::read_dir(&path)? {
                open.push(entry?.path());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_is_on_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let places = [folder.path().to_owned()];
        let empty = used(&places, u64::MAX);
        std::fs::create_dir(folder.path().join("a")).unwrap();
        std::fs::write(folder.path().join("a/b"), vec![1; 1 << 20]).unwrap();
        // A file with a hole of a terabyte takes no room.
        std::fs::File::create(folder.path().join("hole")).unwrap().set_len(1 << 40).unwrap();
        std::os::unix::fs::symlink("/usr", folder.path().join("link")).unwrap();
        let full = used(&places, u64::MAX) - empty;
        assert!((1 << 20..2 << 20).contains(&full), "{full}");
        assert!(used(&places, 1000) < 1 << 40);
        assert_eq!(used(&[folder.path().join("none")], 10), 0);
        assert!(free(&places) > 0);
        assert_eq!(free(&[folder.path().join("none")]), 0);
    }
}
