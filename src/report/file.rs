//! Writing a file so that a reader sees the old one or the new one, and never a part.

use std::fs::{self, File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use rustix::fs::{Access, access};
use tempfile::NamedTempFile;

/// Checks that a report can be written here. Nothing is created or changed.
///
/// # Errors
/// When the path is a folder, its folder is missing, or one of the two may not be written; the error says what to do.
pub fn check_writable(path: &Path) -> anyhow::Result<()> {
    if path.is_dir() {
        bail!("{} is a folder; name a file in it", path.display());
    }
    let path = destination(path)?;
    if path.exists() && access(&path, Access::WRITE_OK).is_err() {
        bail!("{} may not be written; choose another path or change its permissions", path.display());
    }
    if is_special(&path) {
        return Ok(());
    }
    // Only the attempt tells: a file system may be read-only, or full, whatever the permissions say.
    let folder = folder_of(&path);
    beside(&path)
        .map(drop)
        .with_context(|| format!("no file can be made in {}; choose another path or change its permissions", folder.display()))
}

/// Writes `content` under `path`: into a new file beside it, which then takes its place. Devices and pipes are written
/// directly.
///
/// # Errors
/// When writing fails, for example on a full disk: what stood under `path` is then still there.
pub fn write(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let path = destination(path)?;
    if is_special(&path) {
        return fs::write(&path, content).with_context(|| format!("failed to write to {}", path.display()));
    }
    let unwritten = || format!("failed to write {}; free some space or choose another path", path.display());
    let mut new = beside(&path).with_context(unwritten)?;
    new.write_all(content).with_context(unwritten)?;
    if let Ok(old) = fs::metadata(&path) {
        new.as_file().set_permissions(old.permissions()).with_context(unwritten)?;
    }
    new.as_file().sync_all().with_context(unwritten)?;
    new.persist(&path).map_err(|failure| failure.error).with_context(unwritten)?;
    // The new name lasts through a power cut only when the folder is on the disk too; not every file system can do that.
    _ = File::open(folder_of(&path)).and_then(|folder| folder.sync_all());
    Ok(())
}

/// The file that is meant: where a symbolic link leads, so that the link stays a link.
pub(super) fn destination(path: &Path) -> anyhow::Result<PathBuf> {
    if let Ok(real) = path.canonicalize() {
        return Ok(real);
    }
    let folder = folder_of(path);
    let Some(name) = path.file_name() else {
        bail!("{} does not name a file", path.display());
    };
    match folder.canonicalize() {
        Ok(real) if real.is_dir() => Ok(real.join(name)),
        Ok(_) => bail!("{} is not a folder; choose another path", folder.display()),
        Err(_) => bail!("there is no folder {}; make it with mkdir -p, or choose another path", folder.display()),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// A new file in the same folder, so that it can take the place of `path` in one step; it goes away when it is dropped.
fn beside(path: &Path) -> std::io::Result<NamedTempFile> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    tempfile::Builder::new()
        .prefix(&format!(".{name}."))
        .suffix(".tmp")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder_of(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn replaces_the_old_file_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.xml");
        write(&path, b"old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(names(folder.path()), ["report.xml"]);
    }

    #[test]
    fn a_check_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        fs::write(&old, "kept").unwrap();
        check_writable(&old).unwrap();
        check_writable(&new).unwrap();
        assert_eq!(fs::read_to_string(&old).unwrap(), "kept");
        assert_eq!(names(folder.path()), ["old"]);
    }

    #[test]
    fn a_bad_path_is_refused_in_words() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let refusal = |name: &str| check_writable(&folder.path().join(name)).unwrap_err().to_string();
        assert!(refusal("").ends_with("is a folder; name a file in it"), "{}", refusal(""));
        assert!(refusal("none/x").contains("make it with mkdir -p"), "{}", refusal("none/x"));
        assert!(refusal("file/x").ends_with("is not a folder; choose another path"), "{}", refusal("file/x"));
        assert!(check_writable(Path::new("/proc/x")).is_err());
    }

    #[test]
    fn a_link_stays_a_link_and_a_device_a_device() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write(&link, b"new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"new");
        check_writable(Path::new("/dev/null")).unwrap();
        write(Path::new("/dev/null"), b"x").unwrap();
        assert!(write(Path::new("/dev/full"), b"x").is_err());
    }
}
