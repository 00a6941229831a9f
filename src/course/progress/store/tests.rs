use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::outcome::{Disclosure, sample, sample_run};

struct Work {
    folder: tempfile::TempDir,
}

impl Work {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn store(&self) -> Store {
        Store::at(self.folder.path())
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join(FOLDER).join(FILE)
    }

    /// Keeps a run that ended at this second.
    fn record(&self, second: u64) -> Result<Option<Note>, StoreError> {
        self.store().record(&sample_run(vec![sample("topic")]), UNIX_EPOCH + Duration::from_secs(second))
    }

    /// A store with one run, and then these bytes in its file.
    fn with(bytes: &[u8]) -> Self {
        let work = Self::new();
        work.record(1).unwrap();
        let mut all = std::fs::read(work.file()).unwrap();
        all.extend_from_slice(bytes);
        std::fs::write(work.file(), all).unwrap();
        work
    }

    fn times(&self) -> Vec<u64> {
        self.store().read().unwrap().entries.iter().map(|entry| entry.time.0).collect()
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.folder.path().join(FOLDER))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

#[test]
fn runs_are_kept_in_any_order_and_each_once() {
    let work = Work::new();
    assert!(!work.store().exists());
    assert!(work.times().is_empty());
    work.record(5).unwrap();
    work.record(3).unwrap();
    assert_eq!(work.times(), [3, 5]);
    let text = std::fs::read_to_string(work.file()).unwrap();
    // As a merge leaves it: a line twice, other line ends, an empty line.
    std::fs::write(work.file(), format!("{text}\r\n{}", text.replace('\n', "\r\n"))).unwrap();
    assert_eq!(work.times(), [3, 5]);
    assert_eq!(work.names(), [".gitattributes", "README.md", "progress.jsonl"]);
}

#[test]
fn nothing_judged_makes_nothing() {
    let work = Work::new();
    assert_eq!(work.store().record(&sample_run(Vec::new()), UNIX_EPOCH).unwrap(), None);
    assert!(!work.store().exists());
}

#[test]
fn a_hidden_check_leaves_no_more_than_the_learner_sees() {
    let work = Work::new();
    let mut check = sample("hidden-1");
    (check.title, check.criterion) = ("a secret title".to_owned(), Some("a secret line".to_owned()));
    Disclosure::None.apply(&mut check);
    work.store().record(&sample_run(vec![check]), UNIX_EPOCH).unwrap();
    let text = std::fs::read_to_string(work.file()).unwrap();
    assert!(text.contains("hidden-1") && !text.contains("secret"), "{text}");
}

#[test]
fn a_torn_line_is_not_written_into() {
    let work = Work::with(b"");
    let text = std::fs::read_to_string(work.file()).unwrap();
    std::fs::write(work.file(), text.trim_end()).unwrap();
    assert_eq!(work.record(2).unwrap(), None, "a line without its end is a line");
    assert_eq!(work.times(), [1, 2]);
}

#[test]
fn what_is_damaged_is_put_aside_and_said_once() {
    for damage in [&b"{\"schema\":1,\"time\":\"20"[..], b"\xff\xfe\x00\n", b"<<<<<<< HEAD\n", b"{}\n", b"not json"] {
        let work = Work::with(damage);
        let before = std::fs::read(work.file()).unwrap();
        let read = work.store().read().unwrap();
        let aside = work.file().with_file_name("progress.damaged-1.jsonl");
        assert_eq!(read.notes, [Note::Mended { file: work.file(), lines: 1, kept: aside.clone() }]);
        assert_eq!(read.entries.len(), 1);
        assert_eq!(std::fs::read(&aside).unwrap(), before, "the copy is whole");
        assert!(work.store().read().unwrap().notes.is_empty(), "said once");
        // The next damage does not touch the first copy.
        std::fs::write(work.file(), "x\n").unwrap();
        assert!(matches!(work.record(2).unwrap(), Some(Note::Mended { kept, .. }) if kept.ends_with("progress.damaged-2.jsonl")));
        assert_eq!(std::fs::read(&aside).unwrap(), before);
        assert_eq!(work.times(), [2], "and the run is in the mended file");
    }
}

#[test]
fn a_newer_file_is_left_alone() {
    let work = Work::with(b"{\"schema\":2,\"new\":true}\nalso damaged\n");
    let before = std::fs::read(work.file()).unwrap();
    let read = work.store().read().unwrap();
    assert_eq!(read.notes, [Note::Newer { file: work.file(), lines: 1 }]);
    assert_eq!(read.entries.len(), 1, "what can be read is used");
    let error = work.record(2).unwrap_err();
    assert!(matches!(error, StoreError::Newer(_)) && error.to_string().contains("use the newer kgrade"), "{error}");
    assert_eq!(std::fs::read(work.file()).unwrap(), before);
    assert_eq!(work.names().len(), 3, "{:?}", work.names());
}

#[test]
fn what_cannot_be_written_is_an_error_and_what_can_be_read_is_used() {
    let work = Work::with(b"damage\n");
    let folder = work.folder.path().join(FOLDER);
    for path in [&work.file(), &folder] {
        let mode = if path.is_dir() { 0o555 } else { 0o444 };
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    if std::fs::File::options().append(true).open(work.file()).is_ok() {
        return; // Nothing is read-only for this user.
    }
    let read = work.store().read().unwrap();
    assert!(matches!(read.notes.as_slice(), [Note::Damaged { lines: 1, .. }]), "{:?}", read.notes);
    assert_eq!(read.entries.len(), 1);
    assert!(work.record(2).is_err());
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn what_stands_in_the_place_is_not_touched() {
    let refused = |work: &Work, said: &str| {
        let (read, kept) = (work.store().read().unwrap_err().to_string(), work.record(1).unwrap_err().to_string());
        assert!(read.contains(said) && kept.contains(said), "{read}\n{kept}");
    };
    let elsewhere = tempfile::tempdir().unwrap();

    let work = Work::new();
    symlink(elsewhere.path(), work.folder.path().join(FOLDER)).unwrap();
    refused(&work, "is a symbolic link");
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);

    let work = Work::new();
    std::fs::write(work.folder.path().join(FOLDER), "a file").unwrap();
    refused(&work, "is not a folder");

    let work = Work::new();
    work.store().make().unwrap();
    let target = elsewhere.path().join("precious");
    std::fs::write(&target, "mine").unwrap();
    symlink(&target, work.file()).unwrap();
    refused(&work, "is a symbolic link");
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "mine");

    let work = Work::new();
    std::fs::create_dir_all(work.file()).unwrap();
    refused(&work, "is not a file");

    let work = Work::new();
    work.store().make().unwrap();
    std::fs::File::create(work.file()).unwrap().set_len(1 << 30).unwrap();
    refused(&work, "has 1073 MB");
}

#[test]
fn a_writer_at_work_is_no_damage() {
    let work = Work::with(b"");
    let mut line = Entry::of(&sample_run(vec![sample("keyed")]), UNIX_EPOCH + Duration::from_secs(2)).unwrap().line().unwrap();
    let rest = line.split_off(40);
    // Another kgrade holds the file and is in the middle of a line.
    let mut other = std::fs::File::options().append(true).open(work.file()).unwrap();
    other.lock().unwrap();
    other.write_all(line.as_bytes()).unwrap();
    assert_eq!(look(&work.file()).unwrap().unreadable, 1, "without the lock it looks like damage");
    let store = work.store();
    let (begun, begins) = std::sync::mpsc::channel();
    let reading = std::thread::spawn(move || {
        begun.send(()).unwrap();
        store.read().unwrap()
    });
    begins.recv().unwrap();
    other.write_all(rest.as_bytes()).unwrap();
    drop(other);
    let read = reading.join().unwrap();
    assert!(read.notes.is_empty(), "{:?}", read.notes);
    assert_eq!(read.entries.len(), 2);
}

#[test]
fn many_writers_lose_nothing() {
    let work = Work::new();
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let work = &work;
            scope.spawn(move || (0..25).for_each(|nth| assert_eq!(work.record(writer * 100 + nth).unwrap(), None)));
        }
    });
    assert_eq!(work.times().len(), 200);
}

#[test]
fn writers_and_a_mender_lose_nothing() {
    let work = Work::with(b"<<<<<<< HEAD\n");
    let notes: usize = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..6)
            .map(|writer| {
                let work = &work;
                scope.spawn(move || (0..10).filter(|nth| work.record(1_000 + writer * 100 + nth).unwrap().is_some()).count())
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).sum()
    });
    assert_eq!(notes, 1, "said once");
    assert_eq!(work.times().len(), 61);
}
