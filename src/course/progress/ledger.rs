//! The file with the lines: read whole, appended to under a lock, put aside when it is damaged.

use std::collections::HashSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

use super::entry::{Entry, Line};
use super::error::StoreError;
use crate::report::write_file;

/// The largest file that is read, in bytes: some ten thousand runs.
const MOST: u64 = 32 << 20;
/// How long other writers are waited for while the file stays as it is. Each holds it for some milliseconds, or for seconds on a disk that is busy.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait before the next look at a file that another holds.
const PAUSE: Duration = Duration::from_millis(5);

/// What a file holds.
#[derive(Debug, Default)]
pub struct Content {
    /// The bytes, as they are.
    pub bytes: Vec<u8>,
    /// The runs, each once.
    pub entries: Vec<Entry>,
    /// How many lines are a newer kgrade's.
    pub newer: usize,
    /// How many lines cannot be read.
    pub unreadable: usize,
}

impl Content {
    /// What these bytes say. The same line twice, as a merge can leave it, is one run.
    fn of(bytes: Vec<u8>) -> Self {
        let (mut entries, mut newer, mut unreadable) = (Vec::new(), 0, 0);
        let mut seen = HashSet::new();
        for line in lines(&bytes).filter(|line| seen.insert(*line)) {
            match Line::read(line) {
                Line::Run(entry) => entries.push(*entry),
                Line::Newer => newer += 1,
                Line::Unreadable => unreadable += 1,
            }
        }
        Self { bytes, entries, newer, unreadable }
    }

    /// The lines that can be read, as they are.
    fn readable(&self) -> Vec<u8> {
        let mut kept = Vec::with_capacity(self.bytes.len());
        for line in lines(&self.bytes).filter(|line| Line::read(line) != Line::Unreadable) {
            kept.extend_from_slice(line);
            kept.push(b'\n');
        }
        kept
    }
}

/// The lines that are not empty, without their ends.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty())
}

/// Reads a file without a lock: its last line may be one that is being written. A file that is not there is empty.
pub fn look(path: &Path) -> Result<Content, StoreError> {
    match open(path, OpenOptions::new().read(true)) {
        Ok(file) => read(&file, path),
        Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(Content::default()),
        Err(error) => Err(error),
    }
}

/// A file that no other kgrade writes to or mends.
#[derive(Debug)]
pub struct Ledger {
    file: File,
    path: PathBuf,
}

impl Ledger {
    /// Opens a file, makes it if `create`, and waits until it is free. Many writers may be before this one: only one that holds the file and
    /// changes nothing is given up.
    pub fn lock(path: &Path, create: bool) -> Result<Self, StoreError> {
        let mut began = Instant::now();
        let mut last = None;
        loop {
            let file = open(path, OpenOptions::new().read(true).append(true).create(create))?;
            match file.try_lock() {
                // Whoever mends the file puts a new one in its place: the lock of the old one is worth nothing.
                Ok(()) if is_still(&file, path) => return Ok(Self { file, path: path.to_owned() }),
                // Some file systems have no locks. A line is still written in one piece.
                Err(TryLockError::Error(_)) => return Ok(Self { file, path: path.to_owned() }),
                Ok(()) | Err(TryLockError::WouldBlock) => {}
            }
            let now = path.symlink_metadata().map(|found| (found.ino(), found.len())).ok();
            if now != last {
                (began, last) = (Instant::now(), now);
            }
            if began.elapsed() > PATIENCE {
                return Err(StoreError::Busy { path: path.to_owned(), waited_s: PATIENCE.as_secs() });
            }
            thread::sleep(PAUSE);
        }
    }

    /// What it holds.
    pub fn read(&self) -> Result<Content, StoreError> {
        read(&self.file, &self.path)
    }

    /// Adds a line. When that fails, the file is as it was.
    pub fn append(&mut self, line: &str) -> Result<(), StoreError> {
        let unwritten = || StoreError::io("write to", &self.path);
        let before = self.file.metadata().map_err(unwritten())?.len();
        // A last line without an end was torn off: what is left of it stays a line of its own.
        let torn = before > 0 && last_byte(&self.file, before).map_err(unwritten())? != b'\n';
        let text = if torn { format!("\n{line}") } else { line.to_owned() };
        let written = (&self.file).write_all(text.as_bytes()).and_then(|()| self.file.sync_data());
        if written.is_err() {
            _ = self.file.set_len(before);
        }
        written.map_err(unwritten())
    }

    /// Copies the file aside, whole, and leaves the lines that can be read in its place. Returns where the copy is.
    pub fn mend(&mut self, content: &Content) -> anyhow::Result<PathBuf> {
        let aside = put_aside(&self.path, &content.bytes)?;
        write_file(&self.path, &content.readable())?;
        // The new file is locked before anybody is told: what follows is written to it.
        *self = Self::lock(&self.path, false)?;
        Ok(aside)
    }
}

/// Opens a regular file; a link is not followed.
pub(super) fn open(path: &Path, options: &mut OpenOptions) -> Result<File, StoreError> {
    if let Ok(found) = path.symlink_metadata() {
        if found.is_symlink() {
            return Err(StoreError::Link(path.to_owned()));
        }
        // Before it is opened: a pipe would wait for somebody at its other end.
        if !found.is_file() {
            return Err(StoreError::Kind { path: path.to_owned(), wanted: "file" });
        }
    }
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    options.custom_flags(flags.bits().cast_signed()).open(path).map_err(StoreError::io("open", path))
}

fn read(file: &File, path: &Path) -> Result<Content, StoreError> {
    let size = file.metadata().map_err(StoreError::io("read", path))?.len();
    let mut bytes = Vec::new();
    if size <= MOST {
        let mut file = file;
        std::io::Seek::rewind(&mut file).map_err(StoreError::io("read", path))?;
        file.take(MOST + 1).read_to_end(&mut bytes).map_err(StoreError::io("read", path))?;
    }
    let size = size.max(bytes.len() as u64);
    if size > MOST { Err(StoreError::TooLarge { path: path.to_owned(), size }) } else { Ok(Content::of(bytes)) }
}

fn last_byte(file: &File, length: u64) -> std::io::Result<u8> {
    let mut last = [0];
    std::os::unix::fs::FileExt::read_exact_at(file, &mut last, length.saturating_sub(1))?;
    let [last] = last;
    Ok(last)
}

/// Whether an open file is the one that has this name.
fn is_still(file: &File, path: &Path) -> bool {
    match (file.metadata(), path.symlink_metadata()) {
        (Ok(open), Ok(named)) => (open.dev(), open.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

/// Writes what a file held under the next free name beside it: `progress.damaged-1.jsonl`.
fn put_aside(path: &Path, bytes: &[u8]) -> anyhow::Result<PathBuf> {
    for number in 1_u32.. {
        let aside = path.with_extension(format!("damaged-{number}.jsonl"));
        match File::create_new(&aside) {
            Ok(mut file) => {
                return match file.write_all(bytes).and_then(|()| file.sync_all()) {
                    Ok(()) => Ok(aside),
                    Err(error) => {
                        _ = std::fs::remove_file(&aside);
                        Err(StoreError::io("write", &aside)(error).into())
                    }
                };
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(StoreError::io("write", &aside)(error).into()),
        }
    }
    anyhow::bail!("there is no free name for it")
}
