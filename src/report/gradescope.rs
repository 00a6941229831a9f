//! The outcome as Gradescope's `results.json`.
//!
//! Gradescope takes the top `score` instead of the sum, so what lateness costs is in it. An outcome that is not a grade has no score anywhere,
//! neither at the top nor in a test: Gradescope then has nothing to enter, which is better than a zero that nobody earned.

use serde_json::{Map, Value, json};

use super::provenance;
use super::terminal::tidy;
use crate::outcome::{CheckOutcome, Disclosure, Outcome, Verdict};

/// The report.
///
/// # Errors
/// None in practice: the text is made in memory.
pub fn render(outcome: &Outcome) -> anyhow::Result<String> {
    let mut page = Map::new();
    if outcome.complete {
        page.insert("score".to_owned(), json!(outcome.grade()));
    }
    if let Some(ms) = outcome.timings_ms.get("total") {
        page.insert("execution_time".to_owned(), json!(ms.div_ceil(1_000)));
    }
    page.insert("output".to_owned(), json!(provenance::lines(outcome).join("\n")));
    for format in ["output_format", "test_output_format", "test_name_format"] {
        page.insert(format.to_owned(), json!("text"));
    }
    page.insert("visibility".to_owned(), json!("visible"));
    let tests: Vec<Value> = outcome.checks.iter().enumerate().map(|(at, check)| test(at + 1, check, outcome.complete)).collect();
    page.insert("tests".to_owned(), json!(tests));
    page.insert("extra_data".to_owned(), Value::Object(provenance::run(outcome)));
    let mut text = serde_json::to_string_pretty(&page)?;
    text.push('\n');
    Ok(text)
}

fn test(number: usize, check: &CheckOutcome, graded: bool) -> Value {
    let mut test = Map::new();
    if graded {
        test.insert("score".to_owned(), json!(check.points));
        test.insert("max_score".to_owned(), json!(check.max_points));
    }
    let status = match check.verdict {
        Verdict::Passed => Some("passed"),
        Verdict::Failed => Some("failed"),
        // In a grade it is skipped because of a check that failed, and its points are lost.
        Verdict::Skipped if graded => Some("failed"),
        Verdict::Skipped | Verdict::Error | Verdict::Inconclusive => None,
    };
    if let Some(status) = status {
        test.insert("status".to_owned(), json!(status));
    }
    test.insert("name".to_owned(), json!(format!("{}: {}", tidy(&check.id), tidy(&check.title))));
    test.insert("number".to_owned(), json!(number.to_string()));
    test.insert("output".to_owned(), json!(provenance::explained(check).join("\n")));
    test.insert("output_format".to_owned(), json!("text"));
    let visibility = if check.disclosure == Disclosure::None { "hidden" } else { "visible" };
    test.insert("visibility".to_owned(), json!(visibility));
    let extra = json!({ "id": tidy(&check.id), "verdict": check.verdict.word(), "points": check.points, "max_points": check.max_points,
        "criterion": check.criterion.as_deref().map(tidy), "duration_ms": check.duration_ms });
    test.insert("extra_data".to_owned(), extra);
    Value::Object(test)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Late, Score, sample, sample_run};

    fn read(outcome: &Outcome) -> Value {
        serde_json::from_str(&render(outcome).unwrap()).unwrap()
    }

    #[test]
    fn the_score_is_the_grade_after_lateness() {
        let mut outcome = sample_run(vec![sample("topic"), sample("key")]);
        outcome.late =
            Some(Late { due: 0, extended: false, grace_s: 0, late_s: Some(9), penalty_percent: 10, score: Late::left(outcome.score, 10) });
        let page = read(&outcome);
        assert_eq!((&page["score"], &page["tests"][0]["score"]), (&json!(18), &json!(10)));
        assert_eq!(page["extra_data"]["score"], 20);
    }

    #[test]
    fn what_is_not_a_grade_has_no_score() {
        let mut broken = sample("key");
        (broken.verdict, broken.points) = (Verdict::Error, 0);
        let outcome = sample_run(vec![sample("topic"), broken]);
        assert!(!Score::of(&outcome.checks).complete);
        let page = read(&outcome);
        assert!(page.get("score").is_none() && page["tests"].as_array().unwrap().iter().all(|test| test.get("score").is_none()));
        assert_eq!((&page["tests"][0]["status"], page["tests"][1].get("status")), (&json!("passed"), None));
        assert!(page["output"].as_str().unwrap().contains("this is not a grade"));
    }

    #[test]
    fn a_check_that_is_not_shown_is_hidden() {
        let mut secret = sample("key");
        Disclosure::None.apply(&mut secret);
        let page = read(&sample_run(vec![sample("topic"), secret]));
        assert_eq!((&page["tests"][0]["visibility"], &page["tests"][1]["visibility"]), (&json!("visible"), &json!("hidden")));
    }
}
