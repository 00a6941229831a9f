//! Whether an attack came to what it should: no point too many, its name in the report, and no canary anywhere.

use std::collections::BTreeMap;
use std::fs;

use pulldown_cmark::{Event, Options, Parser, Tag};
use quick_junit::Report;
use serde_json::Value;

use crate::expected::Expected;
use crate::graded::Graded;
use crate::sandbox::Sandbox;
use crate::scene::Scene;

/// The most memory that kgrade itself may hold, in bytes.
const MEMORY: u64 = 400 << 20;

/// How a program says that an attack has worked. None of them says it for another reason.
const SUCCEEDED: &str = "SUCCEEDED";

/// What is wrong with what came of an attack; nothing when all is as it should be.
pub fn judge(scene: &Scene, expected: &Expected, graded: &Graded, sandbox: Sandbox) -> Vec<String> {
    let read = |name: &str| fs::read(scene.path("results/own").join(name)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let evidence = read("full-evidence.jsonl").unwrap_or_default();
    let mut wrong = ending(expected, graded);
    if expected.verdicts.is_empty() {
        let words = expected.reported.iter().filter(|words| !graded.stderr.contains(*words));
        wrong.extend(words.map(|words| format!("standard error does not say {words:?}")));
        wrong.extend(read("report.json").is_ok().then(|| "there is a report of a submission that was refused".to_owned()));
    } else {
        match read("report.json").map_err(|error| error.to_string()).and_then(|text| outcome(&text)) {
            Ok(outcome) => wrong.extend(reported(expected, &outcome, sandbox)),
            Err(why) => wrong.push(format!("report.json: {why}")),
        }
        wrong.extend(junit(expected, &read("report.xml").unwrap_or_default()));
        wrong.extend(markdown(&read("report.md").unwrap_or_default()));
        let said = strings_of_lines(&evidence);
        let words = expected.told.iter().filter(|words| !said.contains(*words));
        wrong.extend(words.map(|words| format!("the evidence does not say {words:?}; it has\n{}", said_by_programs(&evidence))));
    }
    wrong.extend(terminal(expected, graded));
    let texts = ["report.json", "report.xml", "report.md", "report.txt", "evidence.jsonl", "full-evidence.jsonl"]
        .map(|name| (name, read(name).unwrap_or_default()));
    let printed = [("standard output", graded.stdout.clone()), ("standard error", graded.stderr.clone())];
    for (name, text) in texts.iter().chain(&printed) {
        wrong.extend(leaks(scene, expected, text).into_iter().map(|leak| format!("{leak} stands in {name}")));
    }
    wrong.extend(scene.canaries.calls());
    wrong.extend(scene.changes());
    wrong
}

fn ending(expected: &Expected, graded: &Graded) -> Vec<String> {
    let mut wrong = Vec::new();
    if graded.late {
        wrong.push("kgrade did not end and was killed".to_owned());
    }
    if graded.code != Some(expected.exit) {
        wrong.push(format!("exit {:?}, expected {}", graded.code, expected.exit));
    }
    if graded.peak > MEMORY {
        wrong.push(format!("kgrade held {} MiB", graded.peak >> 20));
    }
    wrong
}

fn outcome(text: &str) -> Result<Value, String> {
    let outcome: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if outcome["schema"] == "kgrade/outcome/v1" { Ok(outcome) } else { Err(format!("it is no outcome: {text}")) }
}

fn reported(expected: &Expected, outcome: &Value, sandbox: Sandbox) -> Vec<String> {
    let mut wrong = Vec::new();
    if outcome["run"]["sandbox"] != sandbox.named() {
        wrong.push(format!("the report says that the sandbox was {}", outcome["run"]["sandbox"]));
    }
    if outcome["score"] != expected.score {
        wrong.push(format!("score {}, expected {}", outcome["score"], expected.score));
    }
    let checks = outcome["checks"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let verdicts: BTreeMap<String, String> = checks.map(|check| (text(&check["id"]), text(&check["verdict"]))).collect();
    if verdicts != expected.verdicts {
        wrong.push(format!("verdicts {verdicts:?}, expected {:?}", expected.verdicts));
    }
    let mut said = String::new();
    strings(outcome, &mut said);
    let words = expected.reported.iter().filter(|words| !said.contains(*words));
    wrong.extend(words.map(|words| format!("the report does not say {words:?}")));
    wrong
}

/// The cases of the JUnit report are the checks, as somebody reads them who knows nothing of kgrade.
fn junit(expected: &Expected, text: &str) -> Vec<String> {
    let report = match Report::deserialize_from_str(text) {
        Ok(report) => report,
        Err(error) => return vec![format!("report.xml: {error}")],
    };
    let mut cases: Vec<&str> = report.test_suites.iter().flat_map(|suite| &suite.test_cases).map(|case| case.name.as_str()).collect();
    cases.sort_unstable();
    let wanted: Vec<&str> = expected.verdicts.keys().map(String::as_str).collect();
    if cases == wanted { Vec::new() } else { vec![format!("report.xml has the cases {cases:?}")] }
}

/// Nothing of a learner's is a heading, a link, an image or HTML.
fn markdown(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut heading = false;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = true,
            Event::End(pulldown_cmark::TagEnd::Heading(_)) => heading = false,
            Event::Text(words) if heading && words.contains("FORGED") => wrong.push(format!("report.md has the heading {words:?}")),
            Event::Html(html) | Event::InlineHtml(html) => wrong.push(format!("report.md has the HTML {html:?}")),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => wrong.push(format!("report.md leads to {dest_url}")),
            _ => {}
        }
    }
    wrong
}

/// Nothing of a learner's steers a terminal or GitHub's runner.
fn terminal(expected: &Expected, graded: &Graded) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, text) in [("standard output", &graded.stdout), ("standard error", &graded.stderr)] {
        if let Some(line) = text.lines().find(|line| line.chars().any(|sign| sign.is_control() && sign != '\t' || sign == '\u{202e}')) {
            wrong.push(format!("{name} has control characters: {line:?}"));
        }
        // kgrade's own commands have the learner's words far behind, with nothing in them that would end a command.
        let is_command = |line: &str| line.trim_start().starts_with("::") && line.chars().take(70).collect::<String>().contains("FORGED");
        let commands = |line: &&str| is_command(line) || line.contains("##[") && line.contains("FORGED");
        if expected.github
            && let Some(line) = obeyed(text).into_iter().find(commands)
        {
            wrong.push(format!("{name} gives a command to GitHub's runner: {line:?}"));
        }
    }
    wrong
}

/// The lines in which GitHub's runner obeys commands: not those between `stop-commands` and the token that ends it.
fn obeyed(text: &str) -> Vec<&str> {
    let mut end: Option<String> = None;
    let mut lines = Vec::new();
    for line in text.lines() {
        if end.as_deref() == Some(line) {
            end = None;
        } else if end.is_none() {
            end = line.strip_prefix("::stop-commands::").map(|token| format!("::{token}::"));
            lines.push(line);
        }
    }
    lines
}

/// What must stand nowhere and does. A program that has read something prints it backwards, since kgrade takes secrets that it knows out of texts.
fn leaks(scene: &Scene, expected: &Expected, text: &str) -> Vec<String> {
    let backwards = |word: &str| word.chars().rev().collect::<String>();
    let seed = backwards(&scene.seed.to_string());
    let mut wrong: Vec<String> = Vec::new();
    for word in &scene.words {
        let hex: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
        if [word.clone(), backwards(word), hex].iter().any(|form| text.contains(form.as_str())) {
            wrong.push(format!("the secret {word}"));
        }
    }
    if text.contains(&seed) {
        wrong.push("the seed, as the program found it,".to_owned());
    }
    for word in expected.never.iter().map(String::as_str).chain([SUCCEEDED]) {
        if let Some(line) = text.lines().find(|line| line.contains(word)) {
            wrong.push(format!("{word:?} (in {:?})", sample(line, word)));
        }
    }
    wrong
}

/// A line around a word.
fn sample(line: &str, word: &str) -> String {
    let at = line.find(word).unwrap_or(0);
    line.chars().skip(line.get(..at).unwrap_or_default().chars().count().saturating_sub(20)).take(200).collect()
}

fn strings(value: &Value, into: &mut String) {
    match value {
        Value::String(text) => {
            into.push_str(text);
            into.push('\n');
        }
        Value::Array(items) => items.iter().for_each(|item| strings(item, into)),
        Value::Object(entries) => entries.values().for_each(|item| strings(item, into)),
        _ => {}
    }
}

/// All texts of the evidence, but for the lab itself.
fn strings_of_lines(evidence: &str) -> String {
    let mut said = String::new();
    for line in evidence.lines().skip(1) {
        strings(&serde_json::from_str(line).unwrap_or_default(), &mut said);
    }
    said
}

/// What programs wrote, 40 lines at the most.
fn said_by_programs(evidence: &str) -> String {
    let lines = evidence.lines().filter(|line| line.contains("\"line\"") || line.contains("limit"));
    lines.take(40).map(|line| line.chars().take(400).collect::<String>()).collect::<Vec<_>>().join("\n")
}
