//! Which hints were given already: a line for each, in `.kgrade/hints.jsonl`. The last line about a check counts, so lines may be lost,
//! doubled or merged in any order, and the worst is a hint that is given again.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};

use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::ledger::open;
use super::store::Store;

/// The file with the lines, in the store's folder.
pub const HINTS: &str = "hints.jsonl";
/// The largest file that is read, in bytes: some ten thousand hints.
const MOST: u64 = 1 << 20;

/// A hint that was given.
#[derive(Debug, Serialize, Deserialize)]
struct Given {
    lab: String,
    check: String,
    /// Which one: 1 is the first.
    level: usize,
}

impl Store {
    /// How many hints for a check were given; 0 when none was, or when nothing is known.
    ///
    /// # Errors
    /// When the file cannot be read. Lines that cannot be read are passed over.
    pub fn hints_given(&self, lab: &str, check: &str) -> Result<usize, StoreError> {
        if !self.exists() {
            return Ok(0);
        }
        self.check_folder()?;
        let path = self.file(HINTS);
        let file = match open(&path, OpenOptions::new().read(true)) {
            Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => return Ok(0),
            file => file?,
        };
        let mut bytes = Vec::new();
        file.take(MOST + 1).read_to_end(&mut bytes).map_err(StoreError::io("read", &path))?;
        if bytes.len() as u64 > MOST {
            return Err(StoreError::TooLarge { path, size: bytes.len() as u64 });
        }
        let lines = bytes.split(|byte| *byte == b'\n').rev();
        let given = lines.filter_map(|line| serde_json::from_slice::<Given>(line).ok());
        Ok(given.into_iter().find(|given| given.lab == lab && given.check == check).map_or(0, |given| given.level))
    }

    /// Keeps that a hint was given. Each line goes to the end of the file in one piece, so two writers lose nothing of each other's.
    ///
    /// # Errors
    /// When it cannot be kept: the next hint is then the same again.
    pub fn record_hint(&self, lab: &str, check: &str, level: usize) -> Result<(), StoreError> {
        self.make()?;
        let path = self.file(HINTS);
        let io = || StoreError::io("write to", &path);
        let given = Given { lab: lab.to_owned(), check: check.to_owned(), level };
        let line = serde_json::to_string(&given).map_err(|error| io()(error.into()))?;
        let mut file = open(&path, OpenOptions::new().read(true).append(true).create(true))?;
        // What was torn off stays a line of its own.
        let torn = match file.seek(SeekFrom::End(-1)) {
            Ok(_) => {
                let mut last = [b'\n'];
                file.read_exact(&mut last).map_err(io())?;
                last != [b'\n']
            }
            // It is empty.
            Err(_) => false,
        };
        let text = if torn { format!("\n{line}\n") } else { format!("{line}\n") };
        file.write_all(text.as_bytes()).map_err(io())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::FOLDER;
    use super::*;

    fn folder() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path());
        (folder, store)
    }

    #[test]
    fn the_last_line_about_a_check_counts() {
        let (_folder, store) = folder();
        assert_eq!(store.hints_given("lab-02", "keyed").unwrap(), 0);
        for (check, level) in [("keyed", 1), ("json", 3), ("keyed", 2)] {
            store.record_hint("lab-02", check, level).unwrap();
        }
        let given = |lab, check| store.hints_given(lab, check).unwrap();
        assert_eq!((given("lab-02", "keyed"), given("lab-02", "json"), given("lab-03", "keyed")), (2, 3, 0));
        store.record_hint("lab-02", "keyed", 1).unwrap();
        assert_eq!(given("lab-02", "keyed"), 1, "from the first again");
    }

    #[test]
    fn what_is_damaged_is_passed_over_and_a_torn_line_costs_no_other() {
        let (folder, store) = folder();
        store.record_hint("lab-02", "keyed", 2).unwrap();
        let path = folder.path().join(FOLDER).join(HINTS);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes
            .extend_from_slice(b"<<<<<<< HEAD\n\xff\xfe\n{\"lab\":\"lab-02\",\"check\":\"keyed\",\"level\":-1}\n{\"lab\":\"lab-02\",\"che");
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(store.hints_given("lab-02", "keyed").unwrap(), 2);
        store.record_hint("lab-02", "json", 1).unwrap();
        assert_eq!((store.hints_given("lab-02", "keyed").unwrap(), store.hints_given("lab-02", "json").unwrap()), (2, 1));
    }

    #[test]
    fn several_writers_lose_nothing_of_each_others() {
        let (_folder, store) = folder();
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let store = &store;
                scope.spawn(move || (1..=20).for_each(|level| store.record_hint("lab-02", &format!("check-{writer}"), level).unwrap()));
            }
        });
        assert!((0..8).all(|writer| store.hints_given("lab-02", &format!("check-{writer}")).unwrap() == 20));
    }

    #[test]
    fn a_link_is_not_followed_and_what_is_no_file_is_named() {
        let (folder, store) = folder();
        store.make().unwrap();
        let (path, target) = (folder.path().join(FOLDER).join(HINTS), folder.path().join("target"));
        symlink(&target, &path).unwrap();
        assert!(matches!(store.record_hint("lab-02", "keyed", 1), Err(StoreError::Link(_))));
        assert!(matches!(store.hints_given("lab-02", "keyed"), Err(StoreError::Link(_))));
        assert!(!target.exists());
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(matches!(store.record_hint("lab-02", "keyed", 1), Err(StoreError::Kind { .. })));
    }

    #[test]
    fn a_file_beyond_all_measure_is_not_read() {
        let (folder, store) = folder();
        store.make().unwrap();
        let file = std::fs::File::create(folder.path().join(FOLDER).join(HINTS)).unwrap();
        file.set_len(MOST + 1).unwrap();
        assert!(matches!(store.hints_given("lab-02", "keyed"), Err(StoreError::TooLarge { .. })));
    }
}
