//! In a step of a GitHub workflow, the result also stands in the step's summary and in annotations, without being asked for.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::outcome::Outcome;
use crate::report::github::{annotations, summary};

/// A step of a workflow that kgrade runs in.
pub struct Step {
    summary: PathBuf,
}

impl Step {
    /// The step, by the variables that GitHub's runner sets; `None` elsewhere.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let told = |name: &str| variable(name).filter(|value| !value.is_empty());
        let summary = told("GITHUB_STEP_SUMMARY")?.into();
        (told("GITHUB_ACTIONS")? == "true").then_some(Self { summary })
    }

    /// A text for the step's log, with nothing in it that the runner obeys, and the annotations of the outcome after it.
    ///
    /// `token` ends the time in which commands are not obeyed, so no program may know it.
    pub fn log(&self, text: &str, outcome: &Outcome, token: &str) -> anyhow::Result<String> {
        let end = if text.ends_with('\n') { "" } else { "\n" };
        Ok(format!("::stop-commands::{token}\n{text}{end}::{token}::\n{}", annotations::render(outcome)?))
    }

    /// Adds the outcome to the step's summary, in the room that GitHub leaves for it.
    pub fn summarize(&self, outcome: &Outcome) -> anyhow::Result<()> {
        let add = || -> std::io::Result<()> {
            let mut file = OpenOptions::new().append(true).create(true).open(&self.summary)?;
            let taken = usize::try_from(file.metadata()?.len()).unwrap_or(summary::LIMIT);
            // A heading needs an empty line before it.
            let page = format!("\n{}", summary::within(outcome, summary::LIMIT.saturating_sub(taken + 1)));
            file.write_all(page.as_bytes())
        };
        add().with_context(|| format!("failed to add to the step's summary {}", self.summary.display()))
    }
}

/// A word that nothing else knows: 128 random bits.
pub fn token() -> String {
    format!("kgrade-{:032x}", rand::random::<u128>())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::outcome::{Verdict, sample, sample_run};

    fn step(summary: &Path) -> Step {
        let path = summary.to_str().unwrap().to_owned();
        Step::of(|name| match name {
            "GITHUB_ACTIONS" => Some("true".to_owned()),
            "GITHUB_STEP_SUMMARY" => Some(path.clone()),
            _ => None,
        })
        .unwrap()
    }

    #[test]
    fn is_only_where_a_runner_says_so() {
        let with = |actions: &'static str, summary: &'static str| {
            move |name: &str| Some(if name == "GITHUB_ACTIONS" { actions } else { summary }.to_owned())
        };
        assert!(Step::of(with("true", "/s")).is_some());
        for (actions, summary) in [("false", "/s"), ("", "/s"), ("true", "")] {
            assert!(Step::of(with(actions, summary)).is_none(), "{actions:?} {summary:?}");
        }
        assert!(Step::of(|_| None).is_none());
    }

    #[test]
    fn what_is_printed_before_the_annotations_is_no_command() {
        let mut failed = sample("topic");
        (failed.verdict, failed.points, failed.message) = (Verdict::Failed, 0, "no topic".to_owned());
        let outcome = sample_run(vec![failed]);
        let log = step(Path::new("/s")).log("::error::forged\n::stop-commands::x\n::x::", &outcome, "secret").unwrap();
        let (quoted, after) = log.strip_prefix("::stop-commands::secret\n").unwrap().split_once("\n::secret::\n").unwrap();
        assert_eq!(quoted, "::error::forged\n::stop-commands::x\n::x::");
        assert_eq!(after, annotations::render(&outcome).unwrap());
        assert!(after.starts_with("::error title=topic (0/10)%3A "), "{after}");
    }

    #[test]
    fn a_token_is_never_the_same() {
        let tokens: std::collections::HashSet<String> = (0..100).map(|_| token()).collect();
        assert!(tokens.len() == 100 && tokens.iter().all(|token| token.len() == 39));
    }

    #[test]
    fn the_summary_grows_and_stays_in_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("summary.md");
        fs::write(&path, "before").unwrap();
        let outcome = sample_run(vec![sample("topic")]);
        let step = step(&path);
        step.summarize(&outcome).unwrap();
        step.summarize(&outcome).unwrap();
        let page = fs::read_to_string(&path).unwrap();
        assert!(page.starts_with("before\n# lab-02: First producer and consumer\n"), "{page}");
        assert_eq!(page.matches("**10 of 10 points**").count(), 2);
        fs::write(&path, vec![b'x'; summary::LIMIT - 5]).unwrap();
        step.summarize(&outcome).unwrap();
        assert!(fs::metadata(&path).unwrap().len() <= summary::LIMIT as u64);
    }

    #[test]
    fn a_summary_that_cannot_be_written_is_named() {
        let error = step(Path::new("/nowhere/summary.md")).summarize(&sample_run(vec![])).unwrap_err();
        assert!(error.to_string().contains("the step's summary /nowhere/summary.md"), "{error}");
    }
}
