//! Which labs there are to be watched, and where to begin.

use std::path::{Path, PathBuf};

use anyhow::anyhow;

use crate::cli::{Failure, LabSource, lint};
use crate::course::Starter;
use crate::course::progress::{LabStanding, Store};
use crate::lab::{Bindings, Lab, find};

/// The labs in the order of the course, and the one that is worked on.
pub struct Course {
    /// The folder of the labs.
    pub checks: Option<PathBuf>,
    /// The folder of the work.
    pub work: PathBuf,
    /// What is to be said at the beginning.
    pub notes: Vec<String>,
    names: Vec<String>,
    at: usize,
}

impl Course {
    /// The labs; begins with the one that is named, else with the first that is not all passed.
    pub fn of(named: Option<&str>, work: &Path, source: &LabSource) -> Result<Self, Failure> {
        if !work.is_dir() {
            return Err(Failure::usage(anyhow!("there is no folder {}; name the folder of your work with --submission", work.display())));
        }
        let checks = source.checks.clone();
        let there = find::names(checks.as_deref()).map_err(Failure::usage)?;
        let known = crate::course::Course::of(checks.as_deref()).map_err(Failure::usage)?;
        let ordered = known.iter().flat_map(|course| course.labs().cloned());
        let mut names: Vec<String> = ordered.filter(|lab| there.contains(lab)).collect();
        let rest: Vec<String> = there.into_iter().filter(|lab| !names.contains(lab)).collect();
        names.extend(rest);
        let mut notes = Vec::new();
        let at = match named {
            Some(named) => match names.iter().position(|name| name == named) {
                Some(at) => at,
                None => {
                    // The path of a lab file is watched alone; a slip gets the nearest name.
                    find::find(named, checks.as_deref()).map_err(lint::not_found)?;
                    names = vec![named.to_owned()];
                    0
                }
            },
            None => first_open(&names, work, checks.as_deref(), &mut notes),
        };
        Ok(Self { checks, work: work.to_owned(), names, at, notes })
    }

    /// The lab that is worked on.
    pub fn name(&self) -> &str {
        self.names.get(self.at).map_or("", String::as_str)
    }

    /// The lab after it.
    pub fn next(&self) -> Option<&str> {
        self.names.get(self.at + 1).map(String::as_str)
    }

    /// Goes on, or back; whether there is a lab.
    pub fn step(&mut self, on: bool) -> bool {
        let to = if on { self.at.checked_add(1) } else { self.at.checked_sub(1) };
        match to.filter(|at| *at < self.names.len()) {
            Some(at) => {
                self.at = at;
                true
            }
            None => false,
        }
    }

    /// The lab as it stands in its file now.
    pub fn lab(&self) -> Result<Lab, Failure> {
        read(self.name(), self.checks.as_deref())
    }

    /// Writes the files that the lab begins with, and says what came of it.
    pub fn init(&self) -> String {
        let lab = match self.lab() {
            Ok(lab) => lab,
            Err(failure) => return format!("{:#}", failure.error),
        };
        let written = Starter::of(&lab, self.checks.as_deref()).and_then(|starter| starter.write(&self.work));
        match written {
            Ok(written) if written.new.is_empty() && written.kept.is_empty() => format!("{} begins with no files", self.name()),
            Ok(written) => {
                let new = written.new.iter().map(|file| format!("wrote {}", file.display()));
                let kept = written.kept.iter().map(|kept| format!("kept {}: {}", kept.name.display(), kept.why));
                new.chain(kept).collect::<Vec<_>>().join("\n")
            }
            Err(error) => format!("{error:#}"),
        }
    }
}

/// The first lab that is not all passed; the last one when all are. What is to be said about the progress goes to `notes`.
fn first_open(names: &[String], work: &Path, checks: Option<&Path>, notes: &mut Vec<String>) -> usize {
    let progress = match Store::at(work).read() {
        Ok(progress) => progress,
        Err(error) => {
            notes.push(format!("your progress cannot be read: {error}"));
            return 0;
        }
    };
    notes.extend(progress.notes.iter().map(ToString::to_string));
    for (at, name) in names.iter().enumerate() {
        // One that cannot be read is where the work goes on: it is said what is wrong with it.
        let Ok(lab) = read(name, checks) else { return at };
        if !LabStanding::of(&lab, &progress.entries).is_done() {
            return at;
        }
    }
    notes.push("all labs are passed; this is the last one".to_owned());
    names.len().saturating_sub(1)
}

fn read(name: &str, checks: Option<&Path>) -> Result<Lab, Failure> {
    let source = find::find(name, checks).map_err(lint::not_found)?;
    // Nothing that is shown here depends on what is drawn.
    source.resolve(&Bindings { run_id: "watch".to_owned(), seed: 0 }).map_err(lint::wrong)
}
