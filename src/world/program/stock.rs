//! What the cache holds for programs, for `kgrade clean`: Python environments, and submissions as their setup commands left them.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::store;
use crate::world::clean::{Item, Stock, What};
use crate::world::folder;

/// Where they are, below the cache's folder.
const PLACES: [(&str, What); 2] = [("python", What::Python), ("prepared", What::Prepared)];

/// Adds what is there.
pub fn look(cache: &Path, stock: &mut Stock) {
    for (name, what) in PLACES {
        let place = cache.join(name);
        if folder::is_real(&place) {
            stock.items.extend(keys(&place).iter().flat_map(|key| items(&place, key, what)));
        } else if place.exists() {
            stock.strangers.push(format!("{} is a link or a file: it stays", place.display()));
        }
    }
}

/// Removes a folder of it, and what vouches for it; `false` when somebody uses it.
pub fn remove(path: &Path) -> io::Result<bool> {
    let place = path.parent().unwrap_or(path);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let Some((key, _)) = name.rsplit_once('-') else { return Ok(false) };
    let Some(_lock) = alone(place, key)? else { return Ok(false) };
    if sealed(place, key).is_some_and(|(folder, _)| folder == path) {
        fs::remove_file(store::seal(place, key))?;
    }
    folder::remove(path).map(|()| true)
}

/// The keys of a place: each has a lock file, which stays.
fn keys(place: &Path) -> BTreeSet<String> {
    let all = fs::read_dir(place).into_iter().flatten().filter_map(Result::ok);
    all.filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".lock").filter(|key| is_key(key)).map(str::to_owned)).collect()
}

/// 32 digits, and perhaps how it was made.
fn is_key(text: &str) -> bool {
    let digits = text.strip_suffix("-wheels").unwrap_or(text);
    digits.len() == 32 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The folders of a key: the one that its seal vouches for, and those that were never finished.
fn items(place: &Path, key: &str, what: What) -> Vec<Item> {
    let sealed = sealed(place, key);
    let in_use = !matches!(alone(place, key), Ok(Some(_)));
    let all = fs::read_dir(place).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let named = |path: &Path| path.file_name().and_then(|name| name.to_str()).is_some_and(|name| store::belongs(name, key));
    let own = all.filter(|path| named(path) && folder::is_real(path));
    own.map(|path| {
        let last_use = sealed.as_ref().filter(|(folder, _)| *folder == path).map(|(_, used)| *used);
        let (what, name) = if last_use.is_some() { (what, key) } else { (What::Leftovers, "not finished") };
        let how = if name.ends_with("-wheels") { "-wheels" } else { "" };
        let name = format!("{}{how}", name.get(..12).unwrap_or(name));
        let last_use = last_use.or_else(|| fs::symlink_metadata(&path).and_then(|meta| meta.modified()).ok());
        Item { what, name, bytes: folder::bytes(&path), path, last_use, in_use }
    })
    .collect()
}

/// The folder that a key's seal names, and when it was used last.
fn sealed(place: &Path, key: &str) -> Option<(PathBuf, SystemTime)> {
    let used = fs::symlink_metadata(store::seal(place, key)).and_then(|meta| meta.modified()).ok()?;
    Some((store::named(place, key)?, used))
}

/// The key's exclusive lock, when nobody else has it.
fn alone(place: &Path, key: &str) -> io::Result<Option<File>> {
    let lock = File::open(store::lock(place, key))?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
