//! The user's cache folder: where it is, who may change it, and how a finished folder gets into it whole or not at all.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::ClusterError;
use super::host::Host;
use super::place;
use super::work::Work;
use crate::world::folder;
use crate::world::guard::Lease;

/// The user's cache folder for kgrade. Everything in it can be deleted at any time; kgrade makes it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheDir(PathBuf);

/// The right to change the Kafka part of the cache; released when dropped, also by a kgrade that was killed.
#[derive(Debug)]
pub struct CacheLock {
    _file: File,
}

/// While this is held, nobody removes the Kafka part of the cache: a broker loads its classes from there as long as it lives.
#[derive(Debug)]
pub struct Used {
    _folder: File,
}

/// The right to remove the Kafka part of the cache: nobody uses it, and nobody changes it.
#[derive(Debug)]
pub struct Sole {
    _folder: File,
    _file: Option<File>,
}

/// A folder in the cache that is being filled. It is deleted when dropped, unless it was installed.
#[derive(Debug)]
pub struct Scratch {
    // Field order matters: the folder goes before the watchdog stops looking after it.
    folder: tempfile::TempDir,
    _lease: Lease,
}

/// How the names of folders begin that are being filled or emptied.
pub const SCRATCH_PREFIX: &str = "tmp-";

impl CacheDir {
    /// The cache at this path.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// `KGRADE_CACHE`, else the user's cache folder, else, where that cannot be made, one of this user's own among the temporary files.
    #[must_use]
    pub fn of(host: &Host) -> Self {
        Self(place::choose(host.cache.as_deref(), Self::usual(), &std::env::temp_dir()))
    }

    /// The user's cache folder, unless there is no home.
    #[must_use]
    pub fn usual() -> Option<PathBuf> {
        directories::ProjectDirs::from("", "", "kgrade").map(|folders| folders.cache_dir().to_owned())
    }

    /// The cache's folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The part of the cache that belongs to the cluster: Kafka, Java, and what makes their start quick.
    #[must_use]
    pub fn kafka(&self) -> PathBuf {
        self.0.join("kafka")
    }

    /// Says that the Kafka part of the cache is in use; waits while somebody removes something of it. `None` where folders cannot be locked.
    ///
    /// # Errors
    /// When the work was interrupted.
    pub fn use_kafka(&self, work: &Work) -> Result<Option<Used>, ClusterError> {
        // A cache that cannot be written is used as it is.
        let _ = fs::create_dir_all(self.kafka());
        let Ok(folder) = File::open(self.kafka()) else { return Ok(None) };
        loop {
            match folder.try_lock_shared() {
                Ok(()) => return Ok(Some(Used { _folder: folder })),
                Err(TryLockError::WouldBlock) => work.pause(Duration::from_millis(50))?,
                Err(TryLockError::Error(_)) => return Ok(None),
            }
        }
    }

    /// The Kafka part of the cache for oneself, when nobody uses or changes it at this moment.
    ///
    /// # Errors
    /// What the system says.
    pub fn have_kafka(&self) -> std::io::Result<Option<Sole>> {
        let folder = File::open(self.kafka())?;
        let taken = |lock: Result<(), TryLockError>| match lock {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error),
        };
        if taken(folder.try_lock())? {
            return Ok(None);
        }
        // Without the file nobody has changed anything here yet.
        let file = File::open(self.kafka().join("lock")).ok();
        if let Some(file) = &file
            && taken(file.try_lock())?
        {
            return Ok(None);
        }
        Ok(Some(Sole { _folder: folder, _file: file }))
    }

    /// Removes something from the Kafka part of the cache, by rename first, so that nobody finds half of it.
    ///
    /// # Errors
    /// What the system says.
    pub fn remove(&self, _sole: &Sole, target: &Path) -> std::io::Result<()> {
        let grave = self.kafka().join(format!("{SCRATCH_PREFIX}{:016x}", rand::random::<u64>()));
        fs::rename(target, &grave)?;
        folder::remove(&grave)
    }

    /// Waits until no other kgrade is changing the Kafka part of the cache, and removes what one that was killed left half done.
    ///
    /// # Errors
    /// When the cache cannot be written, or the work was interrupted.
    pub fn lock(&self, work: &Work) -> Result<CacheLock, ClusterError> {
        let folder = self.kafka();
        fs::create_dir_all(&folder).map_err(ClusterError::folder("create", &folder))?;
        let path = folder.join("lock");
        let file = File::create(&path).map_err(ClusterError::folder("write", &path))?;
        let mut waiting = false;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {
                    if !waiting {
                        work.progress().begin("waiting for another kgrade that is preparing Kafka");
                        waiting = true;
                    }
                    work.pause(Duration::from_millis(50))?;
                }
                Err(TryLockError::Error(error)) => return Err(ClusterError::folder("lock", &path)(error)),
            }
        }
        if waiting {
            work.progress().end();
        }
        // Work in progress exists only under the lock, so what is found now has no owner.
        for entry in fs::read_dir(&folder).map_err(ClusterError::folder("read", &folder))?.filter_map(Result::ok) {
            if entry.file_name().to_string_lossy().starts_with(SCRATCH_PREFIX) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        Ok(CacheLock { _file: file })
    }

    /// A new empty folder to fill, on the cache's own file system so that it can be renamed into place.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn scratch(&self, work: &Work, _lock: &CacheLock) -> Result<Scratch, ClusterError> {
        let parent = self.kafka();
        let folder = tempfile::Builder::new()
            .prefix(SCRATCH_PREFIX)
            .tempdir_in(&parent)
            .map_err(ClusterError::folder("create a folder in", &parent))?;
        let lease = work.guard().folder(folder.path());
        Ok(Scratch { folder, _lease: lease })
    }

    /// Removes something from the Kafka part of the cache, by rename first, so that nobody sees half of it.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn discard(&self, work: &Work, lock: &CacheLock, target: &Path) -> Result<(), ClusterError> {
        if target.exists() {
            let grave = self.scratch(work, lock)?;
            let moved = grave.path().join("discarded");
            fs::rename(target, moved).map_err(ClusterError::folder("replace", target))?;
        }
        Ok(())
    }
}

impl Scratch {
    /// The folder to fill.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Puts `part`, a folder inside this one, at `target`, in place of what is there.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn install(&self, part: &Path, target: &Path) -> Result<(), ClusterError> {
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(ClusterError::folder("create", parent))?;
        }
        if target.exists() {
            fs::rename(target, self.path().join("replaced")).map_err(ClusterError::folder("replace", target))?;
        }
        fs::rename(part, target).map_err(ClusterError::folder("write", target))
    }
}
