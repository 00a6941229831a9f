//! The attacks of `fixtures/outcomes/attacks.txt`, in every place that holds words of others, in every format.

use std::fs;

use kgrade::outcome::{Outcome, OutputLine};
use kgrade::report::{FORMATS, json};
use serde_json::Value;

use crate::told::{Told, assert_inert, read};
use crate::{fixtures, made, root};

/// These are kgrade's own words, or names that the linter has looked at.
const FIXED: &[&str] = &["schema", "verdict", "tier", "disclosure", "id", "lab"];

fn attacks() -> Vec<String> {
    let text = fs::read_to_string(root().join("fixtures/outcomes/attacks.txt")).unwrap();
    let attacks: Vec<String> = text.lines().filter(|line| !line.starts_with('#')).map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(attacks.len() >= 40, "only {} attacks", attacks.len());
    attacks
}

/// An outcome with something in every field.
fn whole() -> Value {
    let (_, outcome) = fixtures().into_iter().find(|(name, _)| name == "no-flush").unwrap();
    let mut value = serde_json::to_value(outcome).unwrap();
    let checks = value["checks"].as_array_mut().unwrap();
    checks.truncate(3);
    for (check, verdict) in checks.iter_mut().zip(["failed", "passed", "inconclusive"]) {
        for name in ["criterion", "expected", "observed", "cause", "hint", "next"] {
            check[name] = Value::from("set");
        }
        check["read"] = serde_json::json!({ "handout": "h", "show": "s", "kafka": "k" });
        check["verdict"] = Value::from(verdict);
        check["points"] = if verdict == "passed" { check["max_points"].clone() } else { Value::from(0) };
        check["place"] = serde_json::json!({ "file": "f", "line": 1, "column": 1 });
        check["moment"] = serde_json::json!({ "at_ns": 1, "topic": "t", "partition": 0, "instance": "i" });
        check["witnesses"] = serde_json::json!(["w"]);
        check["remarks"] = serde_json::json!(["r"]);
        check["output"] = serde_json::json!([{ "program": "p", "stream": "s", "at_ms": 1, "text": "t" }]);
    }
    for name in ["learner", "commit", "submission_digest", "broker_version"] {
        value["run"][name] = Value::from("set");
    }
    value["run"]["tier"] = Value::from("ci");
    value["run"]["clients"] = serde_json::json!(["c"]);
    value["run"]["workflow"] = serde_json::json!({ "repository": "r", "workflow": "w", "reference": "refs/tags/t", "event": "e", "actor": "a",
        "url": "https://github.com/a/b/actions/runs/1", "attempt": 1 });
    value
}

/// The outcome, with sums that fit its checks.
fn summed(value: &Value) -> Outcome {
    let mut outcome: Outcome = serde_json::from_value(value.clone()).unwrap();
    let score = kgrade::outcome::Score::of(&outcome.checks);
    (outcome.score, outcome.max_score, outcome.complete, outcome.interrupted) = (score.points, score.max_points, score.complete, false);
    outcome
}

/// The paths of all words of others, as JSON pointers.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(at.to_owned()),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| places(item, &format!("{at}/{index}"), found)),
        Value::Object(fields) => {
            for (name, field) in fields.iter().filter(|(name, _)| !FIXED.contains(&name.as_str())) {
                places(field, &format!("{at}/{name}"), found);
            }
        }
        _ => {}
    }
}

/// Whether a sign would steer a terminal, hide, or turn the direction of text.
fn is_active(sign: char) -> bool {
    (sign.is_control() && !matches!(sign, '\n' | '\r' | '\t'))
        || matches!(sign, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{ffff}')
}

fn assert_holds(outcome: &Outcome, what: &str) {
    for format in FORMATS {
        let text = made(format.name, outcome);
        let mut truth = Told::of(outcome);
        if format.name == "csv" {
            truth.checks.iter_mut().for_each(|check| check.3 = 0);
        }
        assert_eq!(read(format.name, &text), truth, "{} with {what}\n{text}", format.name);
        assert_eq!(text.chars().find(|sign| is_active(*sign)), None, "{} with {what}\n{text}", format.name);
        match format.name {
            "markdown" | "github-summary" => assert_inert(format.name, &text),
            "html" => {
                for tag in ["<script>forged", "<img", "<a href=\"java", "<!--", "<details open>", "<x>"] {
                    assert!(!text.contains(tag), "{tag} with {what}");
                }
            }
            _ => {}
        }
    }
}

#[test]
fn no_attack_breaks_or_changes_a_report() {
    let base = whole();
    let mut all = Vec::new();
    places(&base, "", &mut all);
    assert!(all.len() > 40 && all.iter().any(|place| place.ends_with("/output/0/text")), "{all:?}");
    for attack in attacks() {
        let mut value = base.clone();
        for place in &all {
            *value.pointer_mut(place).unwrap() = Value::from(attack.as_str());
        }
        assert_holds(&summed(&value), &format!("{attack:?} everywhere"));
    }
}

#[test]
fn no_attack_in_one_place_changes_a_report() {
    let base = whole();
    let mut all = Vec::new();
    places(&base, "", &mut all);
    // What is true of one check is true of the others.
    all.retain(|place| !place.starts_with("/checks/1") && !place.starts_with("/checks/2"));
    let attacks = attacks();
    for (turn, place) in all.iter().enumerate() {
        // All of them in all places would take minutes; the test above has them all at once.
        for attack in attacks.iter().skip(turn % 11).step_by(11) {
            let mut value = base.clone();
            *value.pointer_mut(place).unwrap() = Value::from(attack.as_str());
            assert_holds(&summed(&value), &format!("{attack:?} at {place}"));
        }
    }
}

#[test]
fn a_line_of_ten_megabytes_makes_no_large_report() {
    let mut outcome = summed(&whole());
    let (line, lines) = ("x=\u{1b}[31m`|".repeat(1_050_000), "a\n".repeat(5_000_000));
    for check in &mut outcome.checks {
        (check.message, check.observed, check.cause) = (line.clone(), Some(lines.clone()), Some(line.clone()));
        check.output = vec![OutputLine { program: line.clone(), stream: "stdout".to_owned(), at_ms: 1, text: line.clone() }];
    }
    outcome.run.learner = Some(line);
    let own = ["markdown", "github-summary", "github-annotations", "classroom50", "gradescope", "tap", "csv"];
    for name in own {
        let text = made(name, &outcome);
        assert!(text.len() < 200_000, "{name}: {} bytes", text.len());
        assert_eq!(read(name, &text).score, outcome.score, "{name}");
    }
}

#[test]
fn the_same_outcome_gives_the_same_bytes_a_hundred_times() {
    let (_, outcome) = fixtures().into_iter().find(|(name, _)| name == "hostile").unwrap();
    let again = json::read(&made("json", &outcome)).unwrap();
    for format in FORMATS {
        let first = made(format.name, &outcome);
        assert!((0..100).all(|_| made(format.name, &again) == first), "{}", format.name);
    }
}
