//! The reports: what they look like, that they agree, and that no text of a learner gets out of its place.
//!
//! `SNAPSHOTS=overwrite cargo test --test report` writes the expected files anew.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use kgrade::outcome::Outcome;
use kgrade::report::terminal::{self, Style};
use kgrade::report::{format, json, junit};
use serde_json::Value;
use snapbox::data::DataFormat;
use snapbox::{Assert, Data};

mod agree;
mod attack;
mod invent;
mod keep;
mod told;

const PLAIN: Style = Style { timings: false, ..Style::FILE };

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The outcomes of `fixtures/outcomes`, by name.
fn fixtures() -> Vec<(String, Outcome)> {
    let mut found: Vec<(String, Outcome)> = fs::read_dir(root().join("fixtures/outcomes"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), json::read(&fs::read_to_string(&path).unwrap()).unwrap()))
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(found.len() >= 8, "only {} fixtures", found.len());
    found
}

fn expect(actual: &str, path: &Path) {
    let expected = Data::read_from(path, Some(DataFormat::Text)).raw();
    Assert::new().action_env("SNAPSHOTS").eq(Data::text(actual.to_owned()).raw(), expected);
}

/// The report of an outcome in a format.
fn made(name: &str, outcome: &Outcome) -> String {
    (format(name).unwrap().render)(outcome).unwrap()
}

#[test]
fn looks_as_expected() {
    for (name, outcome) in fixtures() {
        let beside = |suffix: &str| root().join(format!("fixtures/outcomes/{name}.{suffix}"));
        expect(&terminal::render(&outcome, &PLAIN), &beside("100.txt"));
        expect(&terminal::render(&outcome, &Style { width: 44, ..Style::FILE }), &beside("44.txt"));
        expect(&junit::render(&outcome).unwrap(), &beside("junit.xml"));
        if ["no-flush", "hostile", "broker-died"].contains(&name.as_str()) {
            for (format, suffix) in [
                ("markdown", "md"),
                ("github-summary", "summary.md"),
                ("github-annotations", "annotations"),
                ("classroom50", "classroom50"),
                ("gradescope", "gradescope"),
                ("tap", "tap"),
                ("csv", "csv"),
            ] {
                expect(&made(format, &outcome), &beside(suffix));
            }
        }
    }
}

#[test]
fn a_github_log_and_an_ascii_terminal_get_their_own() {
    let (_, hostile) = fixtures().into_iter().find(|(name, _)| name == "hostile").unwrap();
    let log = terminal::render(&hostile, &Style { github: true, ..PLAIN });
    assert!(log.lines().all(|line| !line.trim_start().starts_with("::") && !line.contains("##[")), "{log}");
    let (_, plain) = fixtures().into_iter().find(|(name, _)| name == "broker-died").unwrap();
    let ascii = terminal::render(&plain, &Style { unicode: false, ..Style::FILE });
    assert!(ascii.is_ascii(), "{ascii}");
    assert!(ascii.contains("+ topic ") && ascii.contains("! manual-commit "), "{ascii}");
}

#[test]
fn colour_changes_no_word() {
    for (name, outcome) in fixtures() {
        let coloured = terminal::render(&outcome, &Style { color: true, ..PLAIN });
        assert!(coloured.contains("\x1b["), "{name}");
        assert_eq!(console::strip_ansi_codes(&coloured), terminal::render(&outcome, &PLAIN), "{name}");
    }
}

#[test]
fn the_schema_is_the_one_checked_in() {
    let mut text = serde_json::to_string_pretty(&json::schema()).unwrap();
    text.push('\n');
    expect(&text, &root().join("checks/schema/outcome.v1.json"));
}

fn schema() -> jsonschema::Validator {
    let text = fs::read_to_string(root().join("checks/schema/outcome.v1.json")).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

#[test]
fn json_fits_its_schema_and_reads_back() {
    let schema = schema();
    for (name, outcome) in fixtures() {
        let text = json::render(&outcome).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        assert!(schema.is_valid(&value), "{name}: {:?}", schema.iter_errors(&value).map(|error| error.to_string()).collect::<Vec<_>>());
        assert_eq!(json::read(&text).unwrap(), outcome, "{name}");
    }
}

#[test]
fn json_of_another_kind_is_refused() {
    let refusal = |text: &str| json::read(text).unwrap_err().to_string();
    assert!(refusal("<xml>").ends_with("it is not JSON"), "{}", refusal("<xml>"));
    assert!(refusal("{}").contains("--report json=PATH"), "{}", refusal("{}"));
    assert!(refusal(r#"{"schema":"kgrade/outcome/v9"}"#).contains("`kgrade/outcome/v9`"));
    assert!(refusal(r#"{"schema":"kgrade/outcome/v1"}"#).ends_with("does not fit its schema"));
    let unversioned: Value = serde_json::json!({ "schema": "kgrade/outcome/v2" });
    assert!(!schema().is_valid(&unversioned));
}
