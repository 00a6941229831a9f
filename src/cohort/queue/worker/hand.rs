//! A submission in a worker's hand: its folder for results, its process, and what came of it.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use anyhow::{Context, Result};
use tempfile::TempDir;

use tokio::task::{JoinError, JoinHandle};

use super::{Options, Place, source};
use crate::cohort::child::{self, Child, Ending, Order, Policy};
use crate::cohort::queue::published::{self, Ended, Graded, Published};
use crate::cohort::queue::submitted::{Content, Submitted};
use crate::course::Rules;
use crate::report::write_file;
use crate::world::guard::{Guard, Lease};

/// What comes next.
pub(super) enum Held {
    /// A submission that is made ready.
    Grade(Box<Job>),
    /// A submission, or a record, of which is known what to say.
    Known(Place, Box<Published>),
    /// A submission that was graded before: nothing is said.
    Again(Place, String),
}

impl Held {
    pub(super) fn place(&self) -> Place {
        match self {
            Self::Grade(job) => job.place,
            Self::Known(place, _) | Self::Again(place, _) => *place,
        }
    }
}

/// A submission that is made ready, with a process that waits for the word.
pub(super) struct Job {
    pub place: Place,
    pub submitted: Submitted,
    pub tries: u32,
    plan: Plan,
    starting: Starting,
    /// Removes the results when they are not kept.
    folder: TempDir,
}

/// A submission that is graded now.
pub(super) struct Hand {
    pub place: Place,
    pub submitted: Submitted,
    pub tries: u32,
    grading: Pin<Box<dyn Future<Output = (Ending, PathBuf)> + Send>>,
    folder: TempDir,
}

impl Job {
    /// Begins to make a submission ready. To be called in a tokio runtime.
    pub(super) fn new(options: &Options, place: Place, submitted: Submitted, tries: u32, files: &Files) -> Result<Self> {
        let folder = files.folder()?;
        let plan = Plan {
            policy: Policy { lab: submitted.lab.clone(), ..options.policy.clone() },
            submitted: submitted.clone(),
            rules: options.rules.clone(),
            roots: options.roots.clone(),
            folder: folder.path().to_owned(),
            guard: files.guard.clone(),
        };
        let starting = Starting(tokio::spawn(plan.clone().start("first")));
        Ok(Self { place, submitted, tries, plan, starting, folder })
    }

    /// Begins to grade.
    pub(super) fn begin(self) -> Hand {
        let Self { place, submitted, tries, plan, mut starting, folder } = self;
        let grading = Box::pin(async move {
            let first = grade((&mut starting.0).await).await;
            // The machine may have been to blame: for an error, or for a check that was left undecided.
            if is_last_word(&first.0) { first } else { better(first, grade(Ok(plan.start("second").await)).await) }
        });
        Hand { place, submitted, tries, grading, folder }
    }
}

/// What it takes to grade a submission.
#[derive(Clone)]
struct Plan {
    policy: Policy,
    submitted: Submitted,
    rules: Option<Rules>,
    roots: Vec<PathBuf>,
    folder: PathBuf,
    guard: Guard,
}

/// A process that grades, and is killed with the worker: nobody would take its result.
struct Started {
    child: Result<Child, Ending>,
    into: PathBuf,
    _killed: Option<Lease>,
}

impl Plan {
    async fn start(self, name: &'static str) -> Started {
        let into = self.folder.join(name);
        let child = self.child(&into).await;
        let pid = child.as_ref().ok().and_then(Child::pid);
        Started { _killed: pid.map(|pid| self.guard.process_group(pid)), child, into }
    }

    async fn child(&self, into: &Path) -> Result<Child, Ending> {
        let not = |again| move |error: anyhow::Error| Ending::NotGraded { why: format!("{error:#}"), again };
        let folder = source::folder(&self.submitted.content, &self.roots, &into.with_extension("source")).await.map_err(not(false))?;
        std::fs::create_dir(into).with_context(|| format!("make {}", into.display())).map_err(not(true))?;
        let Submitted { id, lab, due, extension, .. } = &self.submitted;
        let mut policy = self.policy.clone();
        if let Some(rules) = Rules::of_one(self.rules.as_ref(), lab, id, *due, *extension) {
            let file = into.with_extension("late");
            write_file(&file, rules.text().as_bytes()).map_err(not(true))?;
            policy.late = Some(file);
        }
        let order = Order { id: id.clone(), learner: Some(id.clone()), folder, into: into.to_owned() };
        Child::start(&policy, &order).map_err(not(true))
    }
}

/// A submission that is made ready in the background. Dropped, that ends.
struct Starting(JoinHandle<Started>);

impl Drop for Starting {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Whether a second try could not go better.
fn is_last_word(ending: &Ending) -> bool {
    match ending {
        Ending::Graded(outcome) => outcome.complete || outcome.interrupted,
        Ending::NotGraded { again, .. } => !again,
    }
}

/// What holds after two tries, with its folder: the second, unless only the first came to something. Two reasons are both told.
fn better(first: (Ending, PathBuf), second: (Ending, PathBuf)) -> (Ending, PathBuf) {
    match (first, second) {
        ((Ending::Graded(outcome), into), (Ending::NotGraded { .. }, _)) => (Ending::Graded(outcome), into),
        ((Ending::NotGraded { why, .. }, _), (Ending::NotGraded { why: then, again }, into)) if then != why => {
            (Ending::NotGraded { why: format!("{why}; and once more: {then}"), again }, into)
        }
        (_, second) => second,
    }
}

async fn grade(started: Result<Started, JoinError>) -> (Ending, PathBuf) {
    match started {
        Ok(Started { child: Ok(mut child), into, _killed }) => {
            child.ready().await;
            (child.grade().await, into)
        }
        Ok(Started { child: Err(ending), into, .. }) => (ending, into),
        Err(error) => (Ending::NotGraded { why: format!("it was not made ready: {error}"), again: true }, PathBuf::new()),
    }
}

impl Hand {
    /// Waits for the end. It may be given up and asked again.
    pub(super) async fn ended(&mut self) -> (Ending, PathBuf) {
        (&mut self.grading).await
    }

    /// What is to be said, and the parts of the evidence.
    pub(super) fn result(&self, ending: Ending, into: &Path) -> (Ended, Vec<Vec<u8>>) {
        let outcome = match ending {
            Ending::Graded(outcome) => outcome,
            Ending::NotGraded { why, .. } => return (Ended::Error { why }, Vec::new()),
        };
        let error = |why: &str| (Ended::Error { why: why.to_owned() }, Vec::new());
        if outcome.interrupted {
            return error("grading it was interrupted");
        }
        if outcome.lab != self.submitted.lab || outcome.run.checks_digest != self.submitted.checks_digest {
            return error("it was graded by another lab than it was added for: give the worker the same --checks, and add it again");
        }
        if let Content::Folder { digest, .. } = &self.submitted.content
            && outcome.run.submission_digest.as_ref() != Some(digest)
        {
            return error("it was changed while it was graded: add it again");
        }
        match published::evidence(&into.join(child::EVIDENCE)) {
            Ok(found) => {
                let (evidence, parts) = found.map_or_else(Default::default, |(of, parts)| (Some(of), parts));
                (Ended::Graded(Graded { outcome, evidence }), parts)
            }
            Err(failure) => error(&format!("its evidence cannot be read: {failure:#}")),
        }
    }

    /// The folder with the results; dropped, it is removed.
    pub(super) fn into_folder(self) -> TempDir {
        self.folder
    }
}

/// Where a worker keeps results as files.
pub(super) struct Files {
    out: PathBuf,
    work: TempDir,
    guard: Guard,
    _removed: Lease,
}

impl Files {
    /// The folder is made where it is missing. What is not kept goes away with the worker, however that ends.
    pub(super) fn new(out: &Path, me: &str, guard: &Guard) -> Result<Self> {
        std::fs::create_dir_all(out).with_context(|| format!("make {}", out.display()))?;
        let out = out.canonicalize().with_context(|| format!("find {}", out.display()))?;
        let work = tempfile::Builder::new().prefix(&format!(".{me}-")).tempdir_in(&out);
        let work = work.with_context(|| format!("make a folder in {}", out.display()))?;
        Ok(Self { _removed: guard.folder(work.path()), out, work, guard: guard.clone() })
    }

    fn folder(&self) -> Result<TempDir> {
        tempfile::tempdir_in(self.work.path()).with_context(|| format!("make a folder in {}", self.out.display()))
    }

    /// Keeps the results of a submission as `OUT/LAB/ID`, in place of what an earlier grade left there. The queue has them in any case.
    pub(super) fn keep(&self, lab: &str, id: &str, into: &Path) -> Result<()> {
        let lab = self.out.join(lab);
        let kept = lab.join(id);
        std::fs::create_dir_all(&lab).with_context(|| format!("make {}", lab.display()))?;
        if kept.exists() {
            std::fs::remove_dir_all(&kept).with_context(|| format!("replace {}", kept.display()))?;
        }
        std::fs::rename(into, &kept).with_context(|| format!("write {}", kept.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{sample as check, sample_run};

    fn graded(complete: bool) -> Ending {
        let mut outcome = sample_run(vec![check("topic")]);
        outcome.complete = complete;
        Ending::Graded(Box::new(outcome))
    }

    fn not(why: &str, again: bool) -> Ending {
        Ending::NotGraded { why: why.to_owned(), again }
    }

    #[test]
    fn what_need_not_lie_in_the_submission_is_tried_again() {
        for (ending, last) in [(graded(true), true), (graded(false), false), (not("hangs", false), true), (not("no Java", true), false)] {
            assert_eq!(is_last_word(&ending), last, "{ending:?}");
        }
    }

    #[test]
    fn of_two_tries_the_one_that_came_to_more_holds() {
        let held = |first, second| {
            let (ending, into) = better((first, PathBuf::from("first")), (second, PathBuf::from("second")));
            let told = match ending {
                Ending::Graded(outcome) => format!("complete: {}", outcome.complete),
                Ending::NotGraded { why, .. } => why,
            };
            (told, into.display().to_string())
        };
        let own = |told: &str, into: &str| (told.to_owned(), into.to_owned());
        assert_eq!(held(graded(false), graded(true)), own("complete: true", "second"));
        assert_eq!(held(graded(false), not("no Java", true)), own("complete: false", "first"));
        assert_eq!(held(not("no Java", true), graded(true)), own("complete: true", "second"));
        assert_eq!(held(not("no Java", true), not("hangs", false)), own("no Java; and once more: hangs", "second"));
        assert_eq!(held(not("no Java", true), not("no Java", true)), own("no Java", "second"));
    }
}
