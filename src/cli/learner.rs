//! What the commands about the course begin with: the course, its labs, and a learner's results.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use super::grade::quoted;
use super::{Failure, LabSource, lint, output};
use crate::course::progress::{LabStanding, Progress, Store};
use crate::course::review::{self, Review};
use crate::course::status::Known;
use crate::course::{Course, checkpoint};
use crate::lab::{Bindings, Lab, find};
use crate::report::course::commands::Place;

/// The course of `--checks`, or the one that kgrade carries.
pub fn course(source: &LabSource) -> Result<Course, Failure> {
    let checks = source.checks.as_deref();
    let found = Course::of(checks).map_err(Failure::usage)?;
    found.ok_or_else(|| {
        let folder = checks.unwrap_or(Path::new("checks")).display();
        Failure::usage(anyhow!("there is no course.yaml in {folder}; name the folder of a course with --checks"))
    })
}

/// A week of the course, as `week-1` or `1`.
pub fn week(text: &str) -> Result<u32, String> {
    let number = text.strip_prefix("week-").unwrap_or(text);
    number.parse().ok().filter(|week| *week > 0).ok_or_else(|| "a week, such as week-1".to_owned())
}

/// A learner's results, and what they are results of.
pub struct Learner {
    /// The course.
    pub course: Course,
    /// Where the work and the labs are, for commands to be typed.
    pub place: Place,
    work: PathBuf,
    labs: Vec<Lab>,
    progress: Progress,
}

impl Learner {
    /// Of the work in a folder. What is wrong with the progress is said at once.
    pub fn of(work: &Path, source: &LabSource) -> Result<Self, Failure> {
        let course = course(source)?;
        let checks = source.checks.as_deref();
        if !work.is_dir() {
            return Err(Failure::usage(anyhow!("there is no folder {}; name the folder of your work", work.display())));
        }
        // Nothing of a status depends on what is drawn.
        let bindings = Bindings { run_id: "status".to_owned(), seed: 0 };
        let mut labs = Vec::new();
        for name in find::names(checks).map_err(Failure::usage)? {
            let source = find::find(&name, checks).map_err(lint::not_found)?;
            labs.push(source.resolve(&bindings).map_err(lint::wrong)?);
        }
        let store = Store::at(work);
        let progress = store.read().context("your progress cannot be read").map_err(Failure::environment)?;
        progress.notes.iter().for_each(|note| output::note(&note.to_string()));
        if !store.exists() {
            elsewhere(work);
        }
        let place = Place {
            work: if work == Path::new(".") { String::new() } else { quoted(work) },
            checks: checks.map(quoted).unwrap_or_default(),
        };
        Ok(Self { course, place, work: work.to_owned(), labs, progress })
    }

    /// Refuses a course whose checkpoints nothing could reach.
    pub fn check_checkpoints(&self) -> Result<(), Failure> {
        let faults = checkpoint::faults(&self.course, &self.labs);
        match faults.first() {
            None => Ok(()),
            Some(first) => Err(Failure::usage(anyhow!("{first} (course.yaml; kgrade lint says all)"))),
        }
    }

    /// Works something out from all that is known.
    pub fn known<T>(&self, work_out: impl FnOnce(&Known<'_>) -> T) -> Result<T, Failure> {
        let standings: Vec<LabStanding<'_>> = self.labs.iter().map(|lab| LabStanding::of(lab, &self.progress.entries)).collect();
        let mut answered = Vec::new();
        for week in 1..=self.course.weeks() {
            if let Some(review) = Review::load(&review::path(&self.work, week)).map_err(Failure::environment)? {
                answered.push((week, review.answered(&self.course.review_questions)));
            }
        }
        let names = self.course.labs();
        let begun: Vec<String> = names.filter(|lab| self.work.join(lab).is_dir()).cloned().collect();
        let entries = &self.progress.entries;
        Ok(work_out(&Known { course: &self.course, labs: &standings, entries, answered: &answered, begun: &begun }))
    }
}

/// Says where the progress is, when somebody stands in a folder below it.
fn elsewhere(work: &Path) {
    let Ok(here) = work.canonicalize() else { return };
    if let Some(above) = here.ancestors().skip(1).take(3).find(|folder| Store::at(folder).exists()) {
        output::note(&format!("there is no progress here, but in {}: see kgrade status {}", above.display(), quoted(above)));
    }
}
