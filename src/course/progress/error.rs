//! What can be wrong with the progress, in words. None of it touches a grade.

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::lab::plural::count;

/// Why the progress could not be read, or a run not be kept. All fragments fit after `your progress was not kept: `.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A symbolic link where the folder or the file should be: it could lead anywhere.
    #[error("{} is a symbolic link, and kgrade does not follow it; put what it leads to in its place", .0.display())]
    Link(PathBuf),
    /// Something else than a folder or a file.
    #[error("{} is not a {wanted}; move it away", path.display())]
    Kind {
        /// What stands there.
        path: PathBuf,
        /// `folder` or `file`.
        wanted: &'static str,
    },
    /// More than any learner's runs come to.
    #[error("{} has {} MB, more than any progress has; look into it and move it away", path.display(), size / 1_000_000)]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        size: u64,
    },
    /// A newer kgrade wrote it.
    #[error("{} was written by a newer kgrade; use the newer kgrade (this one leaves the file as it is)", .0.display())]
    Newer(PathBuf),
    /// Another process holds it.
    #[error("another kgrade has held {} for {waited_s} s; end it, then grade again", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
        /// How long it was waited for.
        waited_s: u64,
    },
    /// Reading or writing failed.
    #[error("failed to {doing} {}: {source}", path.display())]
    Io {
        /// What was done.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl StoreError {
    /// As the end of something that was done with a path.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}

/// What is to be said about a file that could be used all the same.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Note {
    /// It was damaged; it is whole now, and what it was is kept beside it.
    #[error(
        "{} was damaged: {} could not be read. The file as it was is now {}; what could be read is used. If git left conflict \
         markers in it, nothing is lost",
        file.display(), count(*lines, "line"), kept.display()
    )]
    Mended {
        /// The file.
        file: PathBuf,
        /// How many lines could not be read.
        lines: usize,
        /// What it was before.
        kept: PathBuf,
    },
    /// It is damaged, and could not be put aside.
    #[error("{} is damaged: {} cannot be read, the others are used. It is left as it is ({why})", file.display(), count(*lines, "line"))]
    Damaged {
        /// The file.
        file: PathBuf,
        /// How many lines cannot be read.
        lines: usize,
        /// Why it was not mended.
        why: String,
    },
    /// Some lines are a newer kgrade's.
    #[error("{} has {} of a newer kgrade; what follows leaves them out. Use the newer kgrade", file.display(), count(*lines, "line"))]
    Newer {
        /// The file.
        file: PathBuf,
        /// How many lines.
        lines: usize,
    },
}
