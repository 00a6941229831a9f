//! The outcome in the Test Anything Protocol, version 13 (the newest that Perl's `prove` knows everywhere), with the points in the YAML blocks.
//!
//! TAP knows no points and no "could not be decided": `error` and `inconclusive` are `not ok`, and the block says which it was.

use serde_json::{Value, json};

use super::terminal::tidy;
use super::{detail, provenance};
use crate::outcome::{CheckOutcome, Outcome, Verdict};

/// The report.
///
/// # Errors
/// None in practice: the text is made in memory.
pub fn render(outcome: &Outcome) -> anyhow::Result<String> {
    let mut lines = vec!["TAP version 13".to_owned(), plan(outcome)];
    lines.push(format!("# {}: {}", tidy(&outcome.lab), tidy(&outcome.title)));
    for (at, check) in outcome.checks.iter().enumerate() {
        lines.push(point(at + 1, check));
        lines.extend(block(check)?);
    }
    lines.extend(provenance::lines(outcome).iter().map(|line| format!("# {line}")));
    Ok(lines.iter().map(|line| format!("{}\n", line.trim_end())).collect())
}

fn plan(outcome: &Outcome) -> String {
    match outcome.checks.len() {
        0 => "1..0 # SKIP no check was selected".to_owned(),
        many => format!("1..{many}"),
    }
}

fn point(number: usize, check: &CheckOutcome) -> String {
    let ok = if matches!(check.verdict, Verdict::Passed | Verdict::Skipped) { "ok" } else { "not ok" };
    let name = described(&format!("{}: {}", tidy(&check.id), tidy(&check.title)));
    match check.verdict {
        Verdict::Skipped => format!("{ok} {number} - {name} # SKIP {}", described(&tidy(&check.message))),
        _ => format!("{ok} {number} - {name}"),
    }
}

/// A text in which no `#` begins a directive.
fn described(text: &str) -> String {
    text.replace('\\', "\\\\").replace('#', "\\#")
}

/// The YAML block. Its texts are written as JSON writes them, which is YAML as well, and of one line.
fn block(check: &CheckOutcome) -> anyhow::Result<Vec<String>> {
    let mut lines = vec!["  ---".to_owned()];
    let mut say = |name: &str, value: &Value| -> anyhow::Result<()> {
        lines.push(format!("  {name}: {}", serde_json::to_string(value)?));
        Ok(())
    };
    say("id", &json!(tidy(&check.id)))?;
    say("verdict", &json!(check.verdict.word()))?;
    say("points", &json!(check.points))?;
    say("max_points", &json!(check.max_points))?;
    say("duration_ms", &json!(check.duration_ms))?;
    if check.verdict != Verdict::Passed {
        say("message", &json!(tidy(&detail::headline(check))))?;
    }
    let details = provenance::explained(check);
    if !details.is_empty() {
        lines.push("  details:".to_owned());
        for line in &details {
            lines.push(format!("    - {}", serde_json::to_string(line)?));
        }
    }
    lines.push("  ...".to_owned());
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{sample, sample_run};

    #[test]
    fn a_title_is_no_directive() {
        let mut check = sample("topic");
        (check.title, check.verdict) = ("six # SKIP \\# TODO".to_owned(), Verdict::Failed);
        assert_eq!(point(1, &check), "not ok 1 - topic: six \\# SKIP \\\\\\# TODO");
    }

    #[test]
    fn a_skipped_check_says_why() {
        let mut check = sample("key");
        (check.verdict, check.message) = (Verdict::Skipped, "needs topic,\nwhich failed".to_owned());
        assert_eq!(point(2, &check), "ok 2 - key: The topic has six partitions # SKIP needs topic, which failed");
    }

    #[test]
    fn no_checks_are_a_plan_too() {
        let text = render(&sample_run(vec![])).unwrap();
        assert!(text.starts_with("TAP version 13\n1..0 # SKIP no check was selected\n# lab-02: "), "{text}");
        assert!(text.contains("# this is not a grade: no check was selected"), "{text}");
    }
}
