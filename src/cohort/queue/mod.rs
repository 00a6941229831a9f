//! A queue of submissions in Kafka topics, and workers that grade each of them exactly once.
//!
//! ```text
//! kgrade queue add ─▶ NAME-submissions ─▶ workers: a consumer group ─▶ NAME-results, NAME-evidence ─▶ kgrade queue results
//!                                         │ take · grade in a process of its own · publish │
//! ```
//!
//! A submission, its result and its evidence are in partitions of the same number. What a worker says of a partition (a result, its
//! evidence, how far the group has come) it says in one transaction, with a producer whose transactional id is that of the partition. So a
//! result is there if and only if its submission counts as done, and a worker that lost its partition without knowing can say nothing more:
//! see [`lane`] for why, and `docs/decisions/019-grades-exactly-once.md`.

pub mod access;
pub mod add;
pub mod collect;
mod lane;
mod marker;
mod membership;
mod published;
mod reader;
pub mod state;
mod submitted;
pub mod topics;
pub mod worker;

pub use access::Access;
pub use published::{Ended, EvidenceOf, Graded, Published, Source};
pub use submitted::{Content, SCHEMA, Submitted};

use anyhow::{Result, ensure};

/// The names of a queue's topics and of its group, all made from one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    name: String,
    /// The topic with what is to be graded.
    pub submissions: String,
    /// The topic with what came of it.
    pub results: String,
    /// The topic with everything that happened, in parts.
    pub evidence: String,
    /// The workers' consumer group.
    pub group: String,
}

impl Names {
    /// The names that belong to a queue of this name.
    ///
    /// # Errors
    /// When it is no part of a topic's name.
    pub fn of(name: &str) -> Result<Self> {
        let plain = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '.' | '_' | '-');
        ensure!(
            (1..=200).contains(&name.len()) && name.chars().all(plain) && !name.starts_with('.'),
            "{name:?} cannot name a queue: use letters, digits, dots, hyphens and underscores"
        );
        let with = |end: &str| format!("{name}-{end}");
        Ok(Self {
            name: name.to_owned(),
            submissions: with("submissions"),
            results: with("results"),
            evidence: with("evidence"),
            group: with("workers"),
        })
    }

    /// The transactional id of whoever owns a partition. One for each partition, not one for each worker: who gets the partition next
    /// shuts out who had it before.
    #[must_use]
    pub fn transactional_id(&self, partition: i32) -> String {
        format!("{}-{partition}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn names_are_made_from_one() {
        let names = Names::of("kgrade").unwrap();
        assert_eq!((names.submissions.as_str(), names.group.as_str()), ("kgrade-submissions", "kgrade-workers"));
        assert_eq!(names.transactional_id(3), "kgrade-3");
        for wrong in ["", ".", "a b", "a/b", "ä", &"x".repeat(201)] {
            assert!(Names::of(wrong).is_err(), "{wrong:?}");
        }
    }
}
