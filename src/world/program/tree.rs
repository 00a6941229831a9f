//! A folder read once: what is in it, whether it may be copied, and the digest of its content.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::OFlags;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// One thing in a folder; paths are relative to the folder.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub path: PathBuf,
    pub kind: Kind,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Folder,
    File { executable: bool },
    Link { target: PathBuf },
}

/// What may be in a folder.
pub(super) struct Rules<'a> {
    pub max_bytes: u64,
    pub max_entries: usize,
    /// Links that leave the folder and special files are refused; otherwise links are kept as they are and special files left out.
    pub strict: bool,
    /// Whether an entry (its absolute path) is left out.
    pub skip: &'a dyn Fn(&Path) -> bool,
}

/// Why a folder cannot be taken.
#[derive(Debug, Error)]
pub enum TreeError {
    /// A link points out of the folder: a copy would reach files that were not handed in.
    #[error("{} is a link to {}, which is outside the submission; replace it by a copy of the file", path.display(), target.display())]
    LeavingLink {
        /// The link, relative to the folder.
        path: PathBuf,
        /// Where it points.
        target: PathBuf,
    },
    /// A device, socket or pipe.
    #[error("{} is a {what}, not a file; remove it from the submission", path.display())]
    SpecialFile {
        /// The thing, relative to the folder.
        path: PathBuf,
        /// What it is, in words.
        what: &'static str,
    },
    /// More bytes than allowed.
    #[error("the folder {} holds more than {} MiB (the largest file is {}, {} MiB); remove data and build output from it", root.display(), max_bytes >> 20, largest.display(), largest_bytes >> 20)]
    TooBig {
        /// The folder.
        root: PathBuf,
        /// The cap.
        max_bytes: u64,
        /// The largest file met, relative to the folder.
        largest: PathBuf,
        /// Its size.
        largest_bytes: u64,
    },
    /// More files and folders than allowed.
    #[error("the folder {} holds more than {max_entries} files; is it the right folder? most are under {}", root.display(), crowded.display())]
    TooMany {
        /// The folder.
        root: PathBuf,
        /// The cap.
        max_entries: usize,
        /// The top-level name with the most entries.
        crowded: PathBuf,
    },
    /// Something could not be read or written.
    #[error("cannot {doing} {}: {source}; check its permissions and the free space on the disk", path.display())]
    Io {
        /// What was being done, for example "read".
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl TreeError {
    fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}

/// A folder's entries, parents before children, in the same order on every machine.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    pub root: PathBuf,
    pub entries: Vec<Entry>,
}

impl Tree {
    /// Reads a folder's structure. `root` must be a canonical path.
    pub fn read(root: &Path, rules: &Rules<'_>) -> Result<Self, TreeError> {
        let mut entries = Vec::new();
        let mut bytes = 0;
        let mut largest = (PathBuf::new(), 0);
        let mut open = vec![root.to_owned()];
        while let Some(folder) = open.pop() {
            let names = fs::read_dir(&folder).and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(TreeError::io("read", &folder))?;
            for name in names {
                let absolute = name.path();
                if (rules.skip)(&absolute) {
                    continue;
                }
                let path = absolute.strip_prefix(root).unwrap_or(&absolute).to_owned();
                let metadata = fs::symlink_metadata(&absolute).map_err(TreeError::io("read", &absolute))?;
                let kind = if metadata.is_dir() {
                    open.push(absolute);
                    Kind::Folder
                } else if metadata.is_symlink() {
                    let target = fs::read_link(&absolute).map_err(TreeError::io("read", &absolute))?;
                    if rules.strict && leaves(root, &path, &target) {
                        return Err(TreeError::LeavingLink { path, target });
                    }
                    Kind::Link { target }
                } else if metadata.is_file() {
                    bytes += metadata.len();
                    if metadata.len() >= largest.1 {
                        largest = (path.clone(), metadata.len());
                    }
                    if bytes > rules.max_bytes {
                        let (largest, largest_bytes) = largest;
                        return Err(TreeError::TooBig { root: root.to_owned(), max_bytes: rules.max_bytes, largest, largest_bytes });
                    }
                    Kind::File { executable: metadata.permissions().mode() & 0o111 != 0 }
                } else if rules.strict {
                    return Err(TreeError::SpecialFile { path, what: special(&metadata) });
                } else {
                    continue;
                };
                entries.push(Entry { path, kind });
                if entries.len() > rules.max_entries {
                    let crowded = crowded(&entries);
                    return Err(TreeError::TooMany { root: root.to_owned(), max_entries: rules.max_entries, crowded });
                }
            }
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { root: root.to_owned(), entries })
    }

    /// The paths of the regular files.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.entries.iter().filter(|entry| matches!(entry.kind, Kind::File { .. })).map(|entry| entry.path.as_path())
    }

    /// The symbolic links, with what they say.
    pub fn links(&self) -> impl Iterator<Item = (&Path, &Path)> {
        self.entries.iter().filter_map(|entry| match &entry.kind {
            Kind::Link { target } => Some((entry.path.as_path(), target.as_path())),
            Kind::Folder | Kind::File { .. } => None,
        })
    }

    /// A SHA-256 over names, kinds, executable bits and contents, in hex.
    pub fn digest(&self) -> Result<String, TreeError> {
        let mut hash = Sha256::new();
        let mut block = vec![0; 64 * 1024];
        for entry in &self.entries {
            let name = entry.path.as_os_str().as_bytes();
            hash.update((name.len() as u64).to_le_bytes());
            hash.update(name);
            match &entry.kind {
                Kind::Folder => hash.update(b"d"),
                Kind::Link { target } => {
                    hash.update(b"l");
                    hash.update(target.as_os_str().as_bytes());
                }
                Kind::File { executable } => {
                    hash.update(if *executable { b"x" } else { b"f" });
                    let absolute = self.root.join(&entry.path);
                    let mut file = open_plain(&absolute)?;
                    let mut length = 0_u64;
                    loop {
                        let count = file.read(&mut block).map_err(TreeError::io("read", &absolute))?;
                        if count == 0 {
                            break;
                        }
                        length += count as u64;
                        hash.update(block.get(..count).unwrap_or_default());
                    }
                    hash.update(length.to_le_bytes());
                }
            }
        }
        Ok(hex(&hash.finalize()))
    }

    /// Writes a copy of the folder to `to`, which is made. Blocks are shared with the original where the file system can do that.
    pub fn copy(&self, to: &Path) -> Result<(), TreeError> {
        fs::create_dir(to).map_err(TreeError::io("make", to))?;
        for entry in &self.entries {
            let (source, target) = (self.root.join(&entry.path), to.join(&entry.path));
            match &entry.kind {
                Kind::Folder => fs::create_dir(&target).map_err(TreeError::io("make", &target))?,
                Kind::Link { target: points_to } => {
                    std::os::unix::fs::symlink(points_to, &target).map_err(TreeError::io("make", &target))?;
                }
                Kind::File { executable } => {
                    let mut from = open_plain(&source)?;
                    let mode = if *executable { 0o755 } else { 0o644 };
                    let mut into = OpenOptions::new()
                        .write(true)
                        .create_new(true)
                        .mode(mode)
                        .open(&target)
                        .map_err(TreeError::io("write", &target))?;
                    io::copy(&mut from, &mut into).map_err(TreeError::io("write", &target))?;
                }
            }
        }
        Ok(())
    }
}

/// Opens a file that was a regular file a moment ago: never through a link, never waiting for the other end of a pipe.
fn open_plain(path: &Path) -> Result<File, TreeError> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path).map_err(TreeError::io("read", path))
}

/// Reads a regular file of a submission, at most so many bytes of it.
pub(super) fn read_plain(path: &Path, most: u64) -> Result<Vec<u8>, TreeError> {
    let mut bytes = Vec::new();
    open_plain(path)?.take(most).read_to_end(&mut bytes).map_err(TreeError::io("read", path))?;
    Ok(bytes)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a link leads out of the folder, by its text or by what it really resolves to.
fn leaves(root: &Path, link: &Path, target: &Path) -> bool {
    let parent = link.parent().unwrap_or(Path::new(""));
    let mut depth = parent.components().count();
    for component in target.components() {
        match component {
            Component::ParentDir if depth == 0 => return true,
            Component::ParentDir => depth -= 1,
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return true,
        }
    }
    root.join(link).canonicalize().is_ok_and(|real| !real.starts_with(root))
}

fn special(metadata: &fs::Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    let kind = metadata.file_type();
    if kind.is_fifo() {
        "named pipe"
    } else if kind.is_socket() {
        "socket"
    } else {
        "device"
    }
}

fn crowded(entries: &[Entry]) -> PathBuf {
    let mut counts = std::collections::BTreeMap::<PathBuf, usize>::new();
    for entry in entries {
        if let Some(first) = entry.path.components().next() {
            *counts.entry(PathBuf::from(first.as_os_str())).or_default() += 1;
        }
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(name, _)| name).unwrap_or_default()
}
