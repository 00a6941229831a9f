//! The folder with the results of a cohort. Whatever stops kgrade, each submission in it is there whole or not at all.
//!
//! ```text
//! OUT/journal.jsonl   what was done
//! OUT/results/<id>/   the results of a submission: moved here when they are whole
//! OUT/evidence/       a link to the evidence of each, by its id: for `kgrade replay`, which names runs by their files
//! OUT/.hand/          submissions in hand; what a stopped kgrade left there is removed
//! OUT/.lock           held by the one kgrade that may write here
//! OUT/gradebook.csv, cohort.html, cohort.json
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::child::{EVIDENCE, RESULT};
use super::journal::{Journal, Past, Record};
use super::key;
use crate::outcome::Outcome;
use crate::report::cohort::State;
use crate::report::json;
use crate::world::folder::remove;

/// The file in the folder of a submission that was not graded.
pub const WHY: &str = "not-graded.txt";

const JOURNAL: &str = "journal.jsonl";
const RESULTS: &str = "results";
const EVIDENCES: &str = "evidence";
const HAND: &str = ".hand";
const LOCK: &str = ".lock";

/// A folder of results that is written by this process alone.
#[derive(Debug)]
pub struct Out {
    root: PathBuf,
    _lock: File,
}

impl Out {
    /// Opens the folder: a new one, or with `resume` one in which a batch began. What was in hand when that one stopped is removed.
    ///
    /// # Errors
    /// When another kgrade writes there, it holds something else, or it cannot be written.
    pub fn open(folder: &Path, resume: bool) -> Result<(Self, Journal, Past)> {
        let shown = folder.display();
        DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(|| format!("make the folder {shown}"))?;
        let root = folder.canonicalize().with_context(|| format!("find {shown}"))?;
        if root.to_str().is_none() {
            bail!("{shown} has a name that is not UTF-8; choose another for --out");
        }
        let used = fs::metadata(root.join(JOURNAL)).is_ok_and(|journal| journal.len() > 0);
        if !used && let Some(other) = foreign(&root).with_context(|| format!("read the folder {shown}"))? {
            bail!("{shown} holds something else ({other}); name a new folder with --out");
        }
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(root.join(LOCK))
            .with_context(|| format!("write in {shown}"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("another kgrade writes in {shown}; wait for it, or name another folder with --out"),
            Err(TryLockError::Error(error)) => return Err(error).with_context(|| format!("lock {shown}")),
        }
        if used && !resume {
            bail!("{shown} holds results already; add --resume to go on there, or name another folder with --out");
        }
        for part in [RESULTS, EVIDENCES, HAND] {
            fs::create_dir_all(root.join(part)).with_context(|| format!("make {shown}/{part}"))?;
        }
        let out = Self { root, _lock: lock };
        out.sweep();
        let (journal, past) = Journal::open(&out.root.join(JOURNAL))?;
        Ok((out, journal, past))
    }

    /// Where it is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the results of a submission are, when there are any.
    #[must_use]
    pub fn results(&self, id: &str) -> PathBuf {
        self.root.join(RESULTS).join(id)
    }

    /// A new folder for a submission in hand; dropping it removes it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn hand(&self, id: &str) -> Result<Hand> {
        let made = tempfile::Builder::new()
            .prefix(&format!("{id}-"))
            .make_in(self.root.join(HAND), |path| DirBuilder::new().mode(0o700).create(path));
        let path = made.and_then(|made| made.keep().map(|((), path)| path).map_err(|failure| failure.error));
        let path = path.with_context(|| format!("make a folder in {}", self.root.display()))?;
        Ok(Hand { path })
    }

    /// Removes what was in hand. A grader that is about to end may still write there: what cannot be removed now is removed the next time.
    pub fn sweep(&self) {
        for entry in fs::read_dir(self.root.join(HAND)).into_iter().flatten().filter_map(io::Result::ok) {
            let path = entry.path();
            if let Err(error) = remove(&path).or_else(|_| remove(&path)).or_else(|_| fs::remove_file(&path)) {
                tracing::warn!(path = %path.display(), %error, "what was in hand could not be removed");
            }
        }
    }

    /// Moves whole results into their place; what was there before goes.
    ///
    /// # Errors
    /// When they cannot be moved: what was there before is there still.
    pub fn keep(&self, id: &str, whole: &Path) -> Result<()> {
        let place = self.results(id);
        let keeping = || format!("keep the results of {id} in {}", place.display());
        sync(whole).with_context(keeping)?;
        match renameat_with(CWD, whole, CWD, &place, RenameFlags::NOREPLACE) {
            Ok(()) => {}
            Err(rustix::io::Errno::EXIST) => {
                // Both at once: at no moment is there none.
                renameat_with(CWD, whole, CWD, &place, RenameFlags::EXCHANGE)
                    .or_else(|_| self.swap(whole, &place))
                    .with_context(keeping)?;
            }
            // Not every file system can say "only if there is none".
            Err(_) if !place.exists() => fs::rename(whole, &place).with_context(keeping)?,
            Err(_) => self.swap(whole, &place).with_context(keeping)?,
        }
        _ = File::open(self.root.join(RESULTS)).and_then(|folder| folder.sync_all());
        // Nothing is lost without the link; a file system may not have links.
        let evidence = format!("../{RESULTS}/{id}/{EVIDENCE}.gz");
        _ = std::os::unix::fs::symlink(evidence, self.root.join(EVIDENCES).join(format!("{id}.jsonl.gz")));
        Ok(())
    }

    fn swap(&self, whole: &Path, place: &Path) -> io::Result<()> {
        let old = tempfile::Builder::new().prefix("old-").tempdir_in(self.root.join(HAND))?;
        fs::rename(place, old.path().join("old"))?;
        fs::rename(whole, place)
    }

    /// The outcome of a submission, when its results are those that the journal tells of.
    #[must_use]
    pub fn outcome(&self, record: &Record) -> Option<Outcome> {
        let text = fs::read_to_string(self.results(&record.id).join(RESULT)).ok()?;
        (record.result.as_ref()? == &key::digest(text.as_bytes())).then(|| json::read(&text).ok())?
    }

    /// Whether the results of a record are there as it tells.
    #[must_use]
    pub fn has(&self, record: &Record) -> bool {
        match record.state {
            State::Graded | State::Incomplete => self.outcome(record).is_some(),
            State::Error => self.results(&record.id).join(WHY).is_file(),
            State::Open => false,
        }
    }
}

/// The folder of a submission in hand.
#[derive(Debug)]
pub struct Hand {
    path: PathBuf,
}

impl Hand {
    /// Where its source may be fetched to; not there yet.
    #[must_use]
    pub fn source(&self) -> PathBuf {
        self.path.join("source")
    }

    /// A file for the rules on late submissions.
    #[must_use]
    pub fn rules(&self) -> PathBuf {
        self.path.join("late.yaml")
    }

    /// An empty folder for results.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn results(&self) -> Result<PathBuf> {
        let path = self.path.join(RESULTS);
        remove(&path).and_then(|()| DirBuilder::new().mode(0o700).create(&path)).with_context(|| format!("make {}", path.display()))?;
        Ok(path)
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        _ = remove(&self.path);
    }
}

/// Something in the folder that no batch made.
fn foreign(folder: &Path) -> io::Result<Option<String>> {
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        if ![JOURNAL, RESULTS, EVIDENCES, HAND, LOCK].iter().any(|own| name == *own) {
            return Ok(Some(name.to_string_lossy().into_owned()));
        }
    }
    Ok(None)
}

/// Packs a file: `x` becomes `x.gz`. One that is not there is left out.
///
/// # Errors
/// When it cannot be read or written.
pub fn pack(file: &Path) -> Result<()> {
    let packing = || format!("pack {}", file.display());
    let mut from = match File::open(file) {
        Ok(from) => from,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(packing),
    };
    let name = file.file_name().ok_or_else(|| anyhow!("{} names no file", file.display()))?.to_string_lossy();
    let into = File::create_new(file.with_file_name(format!("{name}.gz"))).with_context(packing)?;
    let mut packer = GzEncoder::new(into, Compression::fast());
    io::copy(&mut from, &mut packer).with_context(packing)?;
    packer.finish().and_then(|mut file| file.flush()).with_context(packing)?;
    fs::remove_file(file).with_context(packing)
}

/// Brings a folder and its files to the disk.
fn sync(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            File::open(entry.path())?.sync_all()?;
        }
    }
    File::open(folder)?.sync_all()
}

/// Free bytes where this folder is; `None` when the file system does not say.
#[must_use]
pub fn free(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    found.f_bavail.checked_mul(found.f_frsize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(out: &Out, id: &str, text: &str) -> Hand {
        let hand = out.hand(id).unwrap();
        fs::write(hand.results().unwrap().join(RESULT), text).unwrap();
        hand
    }

    fn text(out: &Out, id: &str) -> String {
        fs::read_to_string(out.results(id).join(RESULT)).unwrap()
    }

    #[test]
    fn results_come_whole_and_take_the_place_of_older_ones() {
        let folder = tempfile::tempdir().unwrap();
        let (out, _, _) = Out::open(&folder.path().join("a/out"), false).unwrap();
        for new in ["one", "two"] {
            let hand = results(&out, "ada", new);
            out.keep("ada", &hand.path.join(RESULTS)).unwrap();
            drop(hand);
            assert_eq!(text(&out, "ada"), new);
        }
        let hand = results(&out, "ada", "three");
        out.swap(&hand.path.join(RESULTS), &out.results("ada")).unwrap();
        assert_eq!(text(&out, "ada"), "three");
        drop(hand);
        assert_eq!(fs::read_dir(out.root().join(HAND)).unwrap().count(), 0);
    }

    #[test]
    fn one_folder_has_one_writer_and_is_not_taken_by_accident() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let refusal = |path: &Path, resume| format!("{:#}", Out::open(path, resume).unwrap_err());
        let opened = Out::open(&path, false).unwrap();
        assert!(refusal(&path, true).contains("another kgrade writes in"));
        let hand = opened.0.hand("ada").unwrap();
        std::mem::forget(hand);
        drop(opened);
        // Nothing was done there.
        let (out, _, past) = Out::open(&path, false).unwrap();
        assert_eq!(past, Past::default());
        assert_eq!(fs::read_dir(out.root().join(HAND)).unwrap().count(), 0, "what was in hand is gone");
        drop(out);
        fs::write(path.join(JOURNAL), "torn").unwrap();
        assert!(refusal(&path, false).contains("add --resume to go on there"));
        assert_eq!(Out::open(&path, true).unwrap().2, Past::default());
        let other = folder.path().join("other");
        fs::create_dir(&other).unwrap();
        fs::write(other.join("thesis.txt"), "").unwrap();
        assert!(refusal(&other, true).contains("holds something else (thesis.txt)"));
    }

    #[test]
    fn evidence_is_packed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("evidence.jsonl");
        fs::write(&file, "x\n".repeat(10_000)).unwrap();
        pack(&file).unwrap();
        assert!(!file.exists());
        let packed = fs::read(folder.path().join("evidence.jsonl.gz")).unwrap();
        assert!(packed.len() < 1_000);
        let mut text = String::new();
        io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&packed[..]), &mut text).unwrap();
        assert_eq!(text.len(), 20_000);
        pack(&file).unwrap();
    }
}
