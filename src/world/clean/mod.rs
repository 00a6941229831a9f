//! What kgrade keeps on a machine, and how it is removed: the cache, and what dead runs left behind.
//!
//! Only what carries a mark of kgrade's is ever looked at (a manifest, a seal's lock, an owner), no link is followed, and what a kgrade or a broker
//! uses stays. Whatever is removed is made again when it is needed.

mod temporary;
mod users;

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

pub use users::Users;

use super::cluster::{self, CacheDir};
use super::program;

/// A sort of things that kgrade keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Kafka's jars.
    Kafka,
    /// What makes a broker's start quick, for a pair of Java and Kafka.
    Images,
    /// A Java that was fetched.
    Java,
    /// Python environments.
    Python,
    /// Submissions as their setup commands left them.
    Prepared,
    /// What runs left that were ended before they could tidy up.
    Leftovers,
}

/// Something that kgrade keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub what: What,
    /// Its name among its kind.
    pub name: String,
    /// The folder.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was used last, where that is known.
    pub last_use: Option<SystemTime>,
    /// Whether a kgrade or a broker uses it now.
    pub in_use: bool,
}

/// All that kgrade keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stock {
    /// By kind and name.
    pub items: Vec<Item>,
    /// What was found that is not kgrade's, in a sentence each.
    pub strangers: Vec<String>,
}

/// Which of it is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// Only these kinds; all without any.
    pub what: Vec<What>,
    /// Only what was not used for so long.
    pub older_than: Option<Duration>,
}

impl Choice {
    /// Whether an item is meant, at this moment. Of what nobody knows when it was used, nobody knows that it is old.
    #[must_use]
    pub fn means(&self, item: &Item, now: SystemTime) -> bool {
        let age = |used: SystemTime| now.duration_since(used).unwrap_or_default();
        (self.what.is_empty() || self.what.contains(&item.what))
            && self.older_than.is_none_or(|least| item.last_use.is_some_and(|used| age(used) >= least))
    }
}

/// Looks at what is there; changes nothing.
#[must_use]
pub fn look(cache: &CacheDir, temporary: &Path) -> Stock {
    let users = Users::now();
    let mut stock = Stock::default();
    cluster::stock::look(cache, &users, &mut stock);
    program::stock::look(cache.path(), &mut stock);
    temporary::look(temporary, &mut stock);
    stock.items.sort_by(|a, b| (a.what, &a.name, &a.path).cmp(&(b.what, &b.name, &b.path)));
    stock
}

/// Removes an item; `false` when somebody uses it by now.
///
/// # Errors
/// What the system says.
pub fn remove(cache: &CacheDir, item: &Item) -> io::Result<bool> {
    let path = &item.path;
    if path.starts_with(cache.kafka()) {
        cluster::stock::remove(cache, path)
    } else if path.starts_with(cache.path()) {
        program::stock::remove(path)
    } else {
        temporary::remove(path)
    }
}

#[cfg(test)]
mod tests;
