//! Folders that are made once and used by every later run, by several kgrades at a time.
//!
//! Each key has a lock file, a seal and a folder. The folder is built under the exclusive lock in a place of its own and never
//! moves, because virtual environments know their path. The seal, written last and by rename, names the folder and says how much
//! is in it: a folder without a seal, or with other content than its seal says, is broken and is built anew. Users hold the shared lock.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::world::folder::remove;
use crate::world::guard::Guard;
use crate::world::progress::Progress;

/// Time between two tries to get a lock.
const RETRY: Duration = Duration::from_millis(100);
/// Time without use after which a cached folder is removed.
const KEEP: Duration = Duration::from_secs(30 * 24 * 3600);

/// The place of cached folders of one sort.
pub(super) struct Store<'a> {
    pub place: PathBuf,
    pub guard: &'a Guard,
    pub progress: &'a dyn Progress,
}

/// A cached folder. It is not built anew by anybody while this is held.
#[derive(Debug, Clone)]
pub(super) struct Cached {
    pub folder: PathBuf,
    _lock: Arc<File>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seal {
    folder: String,
    entries: u64,
    bytes: u64,
}

/// The file whose lock says who uses or builds a key's folder.
pub(super) fn lock(place: &Path, key: &str) -> PathBuf {
    place.join(format!("{key}.lock"))
}

/// The file that vouches for a key's folder.
pub(super) fn seal(place: &Path, key: &str) -> PathBuf {
    place.join(format!("{key}.seal"))
}

/// The folder that a key's seal names, whole or not.
pub(super) fn named(place: &Path, key: &str) -> Option<PathBuf> {
    let seal: Seal = serde_json::from_str(&fs::read_to_string(seal(place, key)).ok()?).ok()?;
    Some(place.join(seal.folder))
}

/// Whether something was built for this key, and not for a longer one that begins alike: `KEY-wheels` has a lock of its own.
pub(super) fn belongs(name: &str, key: &str) -> bool {
    let rest = name.strip_prefix(key).and_then(|rest| rest.strip_prefix('-'));
    rest.is_some_and(|rest| !rest.contains(['-', '.']))
}

/// Removes a folder that was not finished, also when its building was cancelled.
struct Unfinished(Option<PathBuf>);

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(folder) = &self.0 {
            let _ = remove(folder);
        }
    }
}

impl Store<'_> {
    /// The folder for a key; `build` fills an empty one when there is none, or when it is broken.
    ///
    /// # Errors
    /// What `build` returns, and what the file system says. Nothing half-made is left then.
    pub async fn get<E: From<io::Error>>(&self, key: &str, build: impl AsyncFnOnce(&Path) -> Result<(), E>) -> Result<Cached, E> {
        fs::create_dir_all(&self.place)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(lock(&self.place, key))?;
        self.acquire(|| lock.try_lock_shared()).await?;
        if let Some(folder) = self.sealed(key) {
            return Ok(Cached { folder, _lock: Arc::new(lock) });
        }
        lock.unlock()?;
        self.acquire(|| lock.try_lock()).await?;
        // Another kgrade may have built it meanwhile.
        if self.sealed(key).is_none() {
            self.build(key, build).await?;
        }
        // A shared lock in place of the exclusive one: nobody else can want to build what is whole.
        lock.unlock()?;
        self.acquire(|| lock.try_lock_shared()).await?;
        let folder =
            self.sealed(key).ok_or_else(|| io::Error::other(format!("the cache in {} changes while it is used", self.place.display())))?;
        Ok(Cached { folder, _lock: Arc::new(lock) })
    }

    async fn acquire(&self, lock: impl Fn() -> Result<(), TryLockError>) -> io::Result<()> {
        let mut told = false;
        loop {
            match lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) if !told => {
                    told = true;
                    self.progress.begin("waiting for another kgrade that prepares the same");
                }
                Err(TryLockError::WouldBlock) => tokio::time::sleep(RETRY).await,
            }
        }
        if told {
            self.progress.end();
        }
        Ok(())
    }

    async fn build<E: From<io::Error>>(&self, key: &str, build: impl AsyncFnOnce(&Path) -> Result<(), E>) -> Result<(), E> {
        self.forget_old();
        self.clear(key);
        let folder = tempfile::Builder::new().prefix(&format!("{key}-")).tempdir_in(&self.place)?.keep();
        let mut unfinished = Unfinished(Some(folder.clone()));
        let _lease = self.guard.folder(&folder);
        build(&folder).await?;
        let (entries, bytes) = census(&folder)?;
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = serde_json::to_string(&Seal { folder: name, entries, bytes }).map_err(io::Error::from)?;
        // By its name it is cleared with the rest when its writing ends half-way.
        let seal = tempfile::Builder::new().prefix(&format!("{key}-")).tempfile_in(&self.place)?;
        fs::write(seal.path(), text)?;
        seal.persist(self::seal(&self.place, key)).map_err(|error| error.error)?;
        unfinished.0 = None;
        Ok(())
    }

    /// Removes what earlier builds left; called under the exclusive lock.
    fn clear(&self, key: &str) {
        let _ = fs::remove_file(seal(&self.place, key));
        for entry in fs::read_dir(&self.place).into_iter().flatten().filter_map(Result::ok) {
            if belongs(&entry.file_name().to_string_lossy(), key) {
                let path = entry.path();
                let _ = fs::remove_file(&path).or_else(|_| remove(&path));
            }
        }
    }

    /// Removes what nobody used for a month; called when something is built, which takes long anyway.
    fn forget_old(&self) {
        for entry in fs::read_dir(&self.place).into_iter().flatten().filter_map(Result::ok) {
            let name = entry.file_name().to_string_lossy().into_owned();
            let used = entry.metadata().and_then(|found| found.modified());
            if let Some(key) = name.strip_suffix(".seal")
                && used.is_ok_and(|used| used.elapsed().is_ok_and(|age| age > KEEP))
                && let Ok(lock) = File::open(lock(&self.place, key))
                && lock.try_lock().is_ok()
            {
                self.clear(key);
            }
        }
    }

    /// The key's folder, when it is whole.
    fn sealed(&self, key: &str) -> Option<PathBuf> {
        let path = seal(&self.place, key);
        let text = fs::read_to_string(&path).ok()?;
        let seal: Seal = serde_json::from_str(&text).ok()?;
        let folder = self.place.join(&seal.folder);
        let whole = census(&folder).ok()? == (seal.entries, seal.bytes);
        if whole && let Ok(file) = File::options().write(true).open(&path) {
            // The time of the last use; only forgetting depends on it.
            let _ = file.set_modified(SystemTime::now());
        }
        whole.then_some(folder)
    }
}

/// How many entries a folder has and the bytes of its files. Python's own caches may come and go.
fn census(folder: &Path) -> io::Result<(u64, u64)> {
    let (mut entries, mut bytes) = (0, 0);
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_name() == "__pycache__" {
                continue;
            }
            let metadata = entry.metadata()?;
            entries += 1;
            if metadata.is_dir() {
                open.push(entry.path());
            } else if metadata.is_file() {
                bytes += metadata.len();
            }
        }
    }
    Ok((entries, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::progress::Silent;

    #[tokio::test]
    async fn building_for_one_key_leaves_the_others_alone() {
        let place = tempfile::tempdir().unwrap();
        let guard = Guard::none();
        let store = Store { place: place.path().to_owned(), guard: &guard, progress: &Silent };
        let build = async |folder: &Path| fs::write(folder.join("made"), "");
        let wheels = store.get("0a-wheels", build).await.unwrap();
        for left in ["0a-XyZ123", "0a-AbC456"] {
            fs::create_dir(place.path().join(left)).unwrap();
        }
        fs::write(place.path().join("0a-seal12"), "a seal that was being written").unwrap();
        let other = store.get("0a", build).await.unwrap();

        assert!(wheels.folder.join("made").is_file(), "it is in use");
        assert!(lock(place.path(), "0a-wheels").is_file());
        assert_eq!(store.get("0a-wheels", build).await.unwrap().folder, wheels.folder);
        let mut names: Vec<_> = fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.retain(|path| belongs(path.file_name().unwrap().to_str().unwrap(), "0a"));
        assert_eq!(names, [other.folder], "what was never finished is gone");
    }
}
