//! The outcome as Classroom 50's `result.json` (`classroom50/result/v1`).
//!
//! What only the platform knows is taken from the workflow's facts as far as they go; the rest is empty, for the instructor's `autograder.py` to
//! fill in. An outcome that is not a grade has `null` for its score: Classroom 50 takes whole numbers only, so it refuses the file and tells
//! of an error instead of entering a zero.

use serde_json::{Map, Value, json};

use super::terminal::tidy;
use super::{detail, provenance};
use crate::outcome::{CheckOutcome, Outcome, Verdict, Workflow};

/// The value of `schema`.
pub const SCHEMA: &str = "classroom50/result/v1";

/// The report.
///
/// # Errors
/// None in practice: the text is made in memory.
pub fn render(outcome: &Outcome) -> anyhow::Result<String> {
    let run = &outcome.run;
    let links = Links::of(run.workflow.as_ref(), run.commit.as_deref());
    let submitted = run.committed_at.and_then(provenance::moment).or_else(|| provenance::moment(run.started_at));
    let page = json!({
        "schema": SCHEMA,
        "classroom": "",
        "assignment": tidy(&outcome.lab),
        "submission": links.submission,
        "commit": links.commit,
        "release": links.release,
        "review": links.commit,
        "datetime": submitted.unwrap_or_default(),
        "graded_at": provenance::moment(run.started_at).unwrap_or_default(),
        "score": outcome.complete.then(|| outcome.grade()),
        "max-score": outcome.max_score,
        "tests": outcome.checks.iter().map(test).collect::<Vec<_>>(),
        "kgrade": provenance::run(outcome),
    });
    let mut text = serde_json::to_string_pretty(&page)?;
    text.push('\n');
    Ok(text)
}

fn test(check: &CheckOutcome) -> Value {
    let mut test = Map::new();
    test.insert("test-name".to_owned(), json!(tidy(&check.id)));
    test.insert("passed".to_owned(), json!(check.verdict == Verdict::Passed));
    test.insert("score".to_owned(), json!(check.points));
    test.insert("max-score".to_owned(), json!(check.max_points));
    // Classroom 50 keeps the keys of a test that it does not know.
    test.insert("title".to_owned(), json!(tidy(&check.title)));
    test.insert("verdict".to_owned(), json!(check.verdict.word()));
    let texts = [
        ("criterion", check.criterion.clone()),
        ("message", Some(detail::headline(check)).filter(|_| check.verdict != Verdict::Passed)),
        ("expected", check.expected.clone()),
        ("observed", check.observed.clone()),
        ("hint", check.hint.clone()),
    ];
    let said = texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(tidy(&text?)))));
    test.extend(said);
    let explained = provenance::explained(check);
    if !explained.is_empty() {
        test.insert("details".to_owned(), json!(explained));
    }
    Value::Object(test)
}

/// The pages that a submission has on GitHub; empty where they are not known.
#[derive(Debug, Default, PartialEq, Eq)]
struct Links {
    submission: String,
    commit: String,
    release: String,
}

impl Links {
    fn of(workflow: Option<&Workflow>, commit: Option<&str>) -> Self {
        let home = workflow.and_then(|workflow| workflow.url.split_once("/actions/runs/")).map(|(home, _)| tidy(home));
        let tag = workflow.and_then(|workflow| workflow.reference.strip_prefix("refs/tags/")).map(tidy).unwrap_or_default();
        Self {
            commit: home.as_ref().zip(commit).map(|(home, commit)| format!("{home}/commit/{}", tidy(commit))).unwrap_or_default(),
            release: home.filter(|_| !tag.is_empty()).map(|home| format!("{home}/releases/tag/{}", in_path(&tag))).unwrap_or_default(),
            submission: tag,
        }
    }
}

/// A text as one part of a URL's path.
fn in_path(text: &str) -> String {
    let sign = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{sample, sample_run};

    fn read(outcome: &Outcome) -> Value {
        serde_json::from_str(&render(outcome).unwrap()).unwrap()
    }

    #[test]
    fn links_come_from_the_workflow() {
        let workflow = Workflow {
            url: "https://github.com/school/lab-ada/actions/runs/42".to_owned(),
            reference: "refs/tags/submit/2026-06-01T14-32-05Z-a1b2c3d".to_owned(),
            ..Workflow::default()
        };
        let links = Links::of(Some(&workflow), Some("a1b2c3d"));
        assert_eq!(links.commit, "https://github.com/school/lab-ada/commit/a1b2c3d");
        assert_eq!(links.release, "https://github.com/school/lab-ada/releases/tag/submit%2F2026-06-01T14-32-05Z-a1b2c3d");
        assert_eq!(links.submission, "submit/2026-06-01T14-32-05Z-a1b2c3d");
        assert_eq!(Links::of(None, Some("a1b2c3d")), Links::default());
    }

    #[test]
    fn a_grade_is_a_whole_number_and_anything_else_is_none() {
        let mut outcome = sample_run(vec![sample("topic")]);
        assert_eq!(read(&outcome)["score"], 10);
        (outcome.complete, outcome.interrupted) = (false, true);
        assert_eq!(read(&outcome)["score"], Value::Null);
    }

    #[test]
    fn the_submission_is_as_old_as_its_commit() {
        let mut outcome = sample_run(vec![]);
        outcome.run.committed_at = Some(1_764_547_200);
        assert_eq!(read(&outcome)["datetime"], "2025-12-01T00:00:00Z");
        assert_eq!(read(&outcome)["tests"], json!([]));
    }
}
