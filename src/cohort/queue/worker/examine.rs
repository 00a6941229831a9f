//! What is to be done with a record: nothing of it is run before that is clear.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::MOST_TRIES;
use crate::cohort::key;
use crate::cohort::queue::lane::Lane;
use crate::cohort::queue::submitted::Submitted;
use crate::lab;

/// What is to be done.
pub(super) enum Examined {
    /// It is to be graded.
    Grade(Submitted),
    /// Exactly this was graded before.
    Again(Submitted),
    /// It is not to be graded, and this is why.
    Not(Submitted, String),
    /// It cannot be read.
    Unreadable(String),
}

/// Looks at a record, with what its partition tells.
pub(super) fn examine(payload: &[u8], lane: &Lane, tries: u32, labs: &mut Labs) -> Examined {
    let submitted = match Submitted::read(payload) {
        Ok(submitted) => submitted,
        Err(error) => return Examined::Unreadable(format!("{error:#}")),
    };
    if lane.has_graded(&submitted.record_key(), &submitted.key) {
        return Examined::Again(submitted);
    }
    if tries >= MOST_TRIES {
        let why =
            format!("{tries} workers ended while they had it in hand, so it is given up; grade it by itself: kgrade {}", submitted.lab);
        return Examined::Not(submitted, why);
    }
    match labs.check(&submitted) {
        Ok(()) => Examined::Grade(submitted),
        Err(error) => Examined::Not(submitted, format!("{error:#}")),
    }
}

/// The labs that this worker grades by.
pub(super) struct Labs {
    checks: Option<PathBuf>,
    digests: HashMap<String, String>,
}

impl Labs {
    pub(super) fn new(checks: Option<PathBuf>) -> Self {
        Self { checks, digests: HashMap::new() }
    }

    /// Whether this worker has the lab that a submission is to be graded by.
    fn check(&mut self, submitted: &Submitted) -> Result<()> {
        let name = &submitted.lab;
        if !self.digests.contains_key(name) {
            let found = lab::find::find(name, self.checks.as_deref()).with_context(|| format!("the worker cannot grade {name}"))?;
            self.digests.insert(name.clone(), key::digest(found.source.text.as_bytes()));
        }
        if self.digests.get(name) != Some(&submitted.checks_digest) {
            bail!(
                "the worker has another version of {name} than the submission was added with: give both the same --checks, and add it again"
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_grades_only_by_the_lab_that_was_meant() {
        let mut labs = Labs::new(None);
        let sample = crate::cohort::queue::submitted::tests::sample("ada");
        assert!(format!("{:#}", labs.check(&sample).unwrap_err()).contains("another version of lab-02"));
        let text = lab::find::find("lab-02", None).unwrap().source.text;
        let digest = key::digest(text.as_bytes());
        assert!(labs.check(&Submitted { checks_digest: digest, ..sample.clone() }).is_ok());
        assert!(format!("{:#}", labs.check(&Submitted { lab: "lab-99".to_owned(), ..sample }).unwrap_err()).contains("no lab"));
    }
}
