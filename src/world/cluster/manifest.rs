//! What a folder of the cache should hold, so that a damaged one is noticed at the price of a `stat` for each file.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The name of the file that holds the manifest, in the folder it describes.
const FILE: &str = "manifest.json";

/// The files of a folder, as they were when it was finished.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    files: BTreeMap<PathBuf, Seen>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    size: u64,
    /// When it was last written, in nanoseconds since 1970. Left out where a copy of the cache must stay valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    written: Option<u128>,
    /// SHA-256 in hex, for a thorough look.
    sha256: String,
}

/// Whether a file's time of writing belongs to what must not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// Yes: a file that was written to since is damaged.
    Matter,
    /// No: only the size counts.
    Ignored,
}

impl Manifest {
    /// Looks at every file below `folder` and writes the manifest beside them.
    ///
    /// # Errors
    /// When a file cannot be read or the manifest cannot be written.
    pub fn write(folder: &Path, times: Times) -> io::Result<()> {
        let mut manifest = Self::default();
        manifest.add(folder, Path::new(""), times)?;
        fs::write(folder.join(FILE), serde_json::to_vec_pretty(&manifest)?)
    }

    fn add(&mut self, root: &Path, below: &Path, times: Times) -> io::Result<()> {
        for entry in fs::read_dir(root.join(below))? {
            let entry = entry?;
            let name = below.join(entry.file_name());
            let path = entry.path();
            // Follows links: what counts is what will be read.
            let meta = fs::metadata(&path)?;
            if meta.is_dir() {
                self.add(root, &name, times)?;
            } else {
                let written = (times == Times::Matter).then(|| written(&meta));
                self.files.insert(name, Seen { size: meta.len(), written, sha256: sha256(&path)? });
            }
        }
        Ok(())
    }

    /// Whether everything in the manifest of `folder` is still there in the same size (and untouched, where times matter).
    #[must_use]
    pub fn is_intact(folder: &Path) -> bool {
        Self::read(folder).is_some_and(|manifest| {
            !manifest.files.is_empty()
                && manifest.files.iter().all(|(name, seen)| {
                    fs::metadata(folder.join(name))
                        .is_ok_and(|meta| meta.len() == seen.size && seen.written.is_none_or(|time| time == written(&meta)))
                })
        })
    }

    /// Notes that the folder was used just now. Only `kgrade clean` depends on it: best effort.
    pub fn used(folder: &Path) {
        if let Ok(file) = File::options().write(true).open(folder.join(FILE)) {
            let _ = file.set_modified(SystemTime::now());
        }
    }

    /// When the folder was used last, where it has a manifest, whole or not.
    #[must_use]
    pub fn last_use(folder: &Path) -> Option<SystemTime> {
        let meta = fs::symlink_metadata(folder.join(FILE)).ok().filter(fs::Metadata::is_file)?;
        meta.modified().ok()
    }

    /// Whether every file also has the content it had. Slow: reads all of them.
    #[must_use]
    pub fn is_unchanged(folder: &Path) -> bool {
        Self::is_intact(folder)
            && Self::read(folder).is_some_and(|manifest| {
                manifest.files.iter().all(|(name, seen)| sha256(&folder.join(name)).is_ok_and(|digest| digest == seen.sha256))
            })
    }

    fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(folder.join(FILE)).ok()?).ok()
    }
}

/// When the file was last written, in nanoseconds since 1970.
pub fn written(meta: &fs::Metadata) -> u128 {
    meta.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map_or(0, |age| age.as_nanos())
}

fn sha256(path: &Path) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = file.read(&mut buffer)?;
        match buffer.get(..count) {
            Some(chunk) if !chunk.is_empty() => hasher.update(chunk),
            _ => break,
        }
    }
    Ok(hex(&hasher.finalize()))
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("libs")).unwrap();
        fs::write(folder.path().join("libs/a.jar"), "aaaa").unwrap();
        folder
    }

    #[test]
    fn notices_a_missing_and_a_shortened_file() {
        let folder = folder();
        assert!(!Manifest::is_intact(folder.path()), "no manifest yet");
        Manifest::write(folder.path(), Times::Ignored).unwrap();
        assert!(Manifest::is_intact(folder.path()));
        fs::write(folder.path().join("libs/a.jar"), "aaa").unwrap();
        assert!(!Manifest::is_intact(folder.path()));
        fs::remove_file(folder.path().join("libs/a.jar")).unwrap();
        assert!(!Manifest::is_intact(folder.path()));
    }

    #[test]
    fn notices_other_content_of_the_same_size_when_it_looks_thoroughly() {
        let folder = folder();
        Manifest::write(folder.path(), Times::Ignored).unwrap();
        assert!(Manifest::is_unchanged(folder.path()));
        fs::write(folder.path().join("libs/a.jar"), "bbbb").unwrap();
        assert!(Manifest::is_intact(folder.path()));
        assert!(!Manifest::is_unchanged(folder.path()));
    }

    #[test]
    fn notices_a_touched_file_where_times_matter() {
        let folder = folder();
        Manifest::write(folder.path(), Times::Matter).unwrap();
        let file = File::options().append(true).open(folder.path().join("libs/a.jar")).unwrap();
        file.set_modified(UNIX_EPOCH).unwrap();
        assert!(!Manifest::is_intact(folder.path()));
    }

    #[test]
    fn a_manifest_that_is_not_one_means_damaged() {
        let folder = folder();
        fs::write(folder.path().join(FILE), "{").unwrap();
        assert!(!Manifest::is_intact(folder.path()));
        fs::write(folder.path().join(FILE), r#"{"files":{}}"#).unwrap();
        assert!(!Manifest::is_intact(folder.path()), "an empty list vouches for nothing");
    }
}
