//! Folders among the temporary files whose kgrade is gone: it was killed, and its watchdog with it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

use super::{Item, Stock, What};
use crate::world::folder::{self, OWNER};
use crate::world::owner;

/// How their names begin.
const NAMES: [&str; 5] = ["kgrade-run-", "kgrade-broker-", "kgrade-cell-", "kgrade-watch-", "kgrade-course-"];

/// Longer than any owner's line.
const LONGEST: u64 = 1024;

/// Adds the folders of dead runs.
pub fn look(temporary: &Path, stock: &mut Stock) {
    for entry in fs::read_dir(temporary).into_iter().flatten().filter_map(Result::ok) {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if NAMES.iter().any(|start| name.starts_with(start)) && is_left(&path) {
            let last_use = entry.metadata().and_then(|meta| meta.modified()).ok();
            stock.items.push(Item { what: What::Leftovers, name, bytes: folder::bytes(&path), path, last_use, in_use: false });
        }
    }
}

/// Removes one.
pub fn remove(path: &Path) -> io::Result<bool> {
    if !is_left(path) {
        return Ok(false);
    }
    folder::remove(path).map(|()| true)
}

/// Whether it is a folder of this user's, made by a process that is gone.
fn is_left(path: &Path) -> bool {
    let own = rustix::process::geteuid().as_raw();
    let is_own = fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir() && meta.uid() == own);
    is_own && owner_of(path).is_some_and(|owner| owner::is_gone(&owner))
}

/// Programs of a learner could write there: what is no plain file is not opened, or not waited for.
fn owner_of(folder: &Path) -> Option<String> {
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).ok()?;
    let file = File::options().read(true).custom_flags(flags).open(folder.join(OWNER)).ok()?;
    let mut text = String::new();
    file.metadata().ok().filter(fs::Metadata::is_file)?;
    file.take(LONGEST).read_to_string(&mut text).ok()?;
    Some(text)
}
