//! The reports: what they look like, that they agree, and that no text of a learner gets out of its place.
//!
//! `SNAPSHOTS=overwrite cargo test --test report` writes the expected files anew.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use console::measure_text_width;
use kgrade::outcome::redact::{REDACTED, Redactor, Secret};
use kgrade::outcome::{CheckOutcome, Moment, Outcome, OutputLine, Place, RunFacts, Score, Tier, Verdict};
use kgrade::report::terminal::{self, Style};
use kgrade::report::{FORMATS, ReportTarget, file, json, junit};
use proptest::prelude::*;
use quick_junit::{NonSuccessKind, TestCaseStatus};
use serde_json::Value;
use snapbox::data::DataFormat;
use snapbox::{Assert, Data};

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

#[test]
fn looks_as_expected() {
    for (name, outcome) in fixtures() {
        let beside = |suffix: &str| root().join(format!("fixtures/outcomes/{name}.{suffix}"));
        expect(&terminal::render(&outcome, &PLAIN), &beside("100.txt"));
        expect(&terminal::render(&outcome, &Style { width: 44, ..Style::FILE }), &beside("44.txt"));
        expect(&junit::render(&outcome).unwrap(), &beside("junit.xml"));
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

/// Puts `sentinel` in every string of a JSON value but the ones whose words are fixed.
fn fill(value: &mut Value, sentinel: &str) {
    match value {
        Value::String(text) => *text = format!("a {sentinel} b"),
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, sentinel)),
        Value::Object(fields) => {
            for (_, field) in fields.iter_mut().filter(|(name, _)| !["schema", "verdict", "tier", "disclosure"].contains(&name.as_str())) {
                fill(field, sentinel);
            }
        }
        _ => {}
    }
}

#[test]
fn no_secret_reaches_a_report() {
    let secret = Secret::new("s3nt1nel+\"pass\"/wörd");
    let redactor = Redactor::new([&secret]);
    let (_, whole) = fixtures().into_iter().find(|(name, _)| name == "hostile").unwrap();
    let mut value = serde_json::to_value(whole).unwrap();
    // Every option is set, so that every field holds the secret.
    for check in value["checks"].as_array_mut().unwrap() {
        for (_, field) in check.as_object_mut().unwrap().iter_mut().filter(|(_, field)| field.is_null()) {
            *field = Value::from("set");
        }
        check["first_seen_ms"] = Value::from(1);
        check["place"] = serde_json::json!({ "file": "f", "line": 1, "column": 1 });
        check["moment"] = serde_json::json!({ "at_ns": 1, "topic": "t", "partition": 0, "instance": "i" });
        check["witnesses"] = serde_json::json!(["w"]);
        check["remarks"] = serde_json::json!(["r"]);
        check["output"] = serde_json::json!([{ "program": "p", "stream": "s", "at_ms": 1, "text": "t" }]);
    }
    value["run"]["learner"] = Value::from("l");
    value["run"]["clients"] = serde_json::json!(["c"]);
    value["run"]["workflow"] =
        serde_json::json!({ "repository": "r", "workflow": "w", "reference": "r", "event": "e", "actor": "a", "url": "u", "attempt": 1 });
    fill(&mut value, secret.reveal());
    let mut outcome: Outcome = serde_json::from_value(value).unwrap();
    outcome.timings_ms.insert(secret.reveal().to_owned(), 1);
    let leaks = |outcome: &Outcome| FORMATS.iter().any(|format| (format.render)(outcome).unwrap().contains("s3nt1nel"));
    assert!(leaks(&outcome));
    redactor.outcome(&mut outcome);
    assert!(!leaks(&outcome));
    assert!(!serde_json::to_string(&outcome).unwrap().contains("s3nt1nel"));
    for format in FORMATS {
        assert!((format.render)(&outcome).unwrap().contains(REDACTED), "{}", format.name);
    }
}

#[test]
fn a_full_disk_keeps_the_old_report() {
    let folder = tempfile::tempdir().unwrap();
    let mounted = std::process::Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "kgrade-test"]).arg(folder.path()).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        eprintln!("a_full_disk_keeps_the_old_report: skipped, a small file system needs root");
        return;
    }
    struct Mounted<'a>(&'a Path);
    impl Drop for Mounted<'_> {
        fn drop(&mut self) {
            _ = std::process::Command::new("umount").arg(self.0).status();
        }
    }
    let _mounted = Mounted(folder.path());
    let path = folder.path().join("report.json");
    file::write(&path, b"old").unwrap();
    let refused = file::write(&path, &vec![b'x'; 1 << 20]).unwrap_err();
    assert!(format!("{refused:#}").contains("free some space"), "{refused:#}");
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    file::write(&path, b"new").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
}

#[test]
fn every_format_is_written_where_it_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (_, outcome) = fixtures().remove(0);
    for format in FORMATS {
        let path = folder.path().join(format.name);
        let target: ReportTarget = format!("{}={}", format.name, path.display()).parse().unwrap();
        target.write(&outcome).unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), (format.render)(&outcome).unwrap());
    }
}

/// Text that tries to be something else.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "\n",
            "\r\n",
            "\r",
            " ",
            "\t",
            "]]>",
            "]]",
            ">",
            "</testcase>",
            "<testcase name=\"x\"/>",
            "<![CDATA[",
            "&amp;",
            "\"",
            "\0",
            "\x07",
            "\x1b[31m",
            "\x1b]0;t\x07",
            "\x1b",
            "\u{9b}",
            "\u{202e}",
            "\u{2028}",
            "\u{ffff}",
            "\u{feff}",
            "::error::",
            "##[error]",
            "✓ c0 10/10 ",
            "✗ c1 0/10",
            "100 of 100 points",
            "points: 100 of 100",
            "score: 1 of 1",
            "verdict: passed",
            "grüße ☕",
            "👩‍💻",
            "☺\u{fe0f}",
            "e\u{301}",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
        "[a-z]{1,60}",
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop::sample::select(vec![Verdict::Passed, Verdict::Failed, Verdict::Error, Verdict::Skipped, Verdict::Inconclusive])
}

fn words() -> impl Strategy<Value = [String; 10]> {
    prop::array::uniform10(hostile())
}

fn check() -> impl Strategy<Value = CheckOutcome> {
    let lists = (prop::collection::vec(hostile(), 0..6), prop::collection::vec(hostile(), 0..3));
    let output = prop::collection::vec((hostile(), hostile(), hostile()), 0..6);
    (verdict(), 0..50_u32, "[a-z]{0,9}", words(), lists, output, any::<[u64; 4]>(), any::<bool>()).prop_map(
        |(verdict, max_points, id, words, (witnesses, remarks), output, [more, looks, first, took], some)| {
            let [title, message, criterion, expected, observed, cause, hint, next, file, topic] = words;
            CheckOutcome {
                id,
                title,
                criterion: some.then_some(criterion),
                verdict,
                points: if verdict == Verdict::Passed { max_points } else { 0 },
                max_points,
                message,
                expected: Some(expected),
                observed: some.then_some(observed),
                witnesses,
                more_witnesses: more,
                cause: Some(cause),
                moment: some.then(|| Moment::at(first).in_partition(&topic, 0).of(&topic)),
                remarks,
                hint: some.then_some(hint),
                next: some.then_some(next),
                place: some.then_some(Place { file, line: 1, column: 1 }),
                looks,
                first_seen_ms: some.then_some(first),
                duration_ms: took,
                output: output.into_iter().map(|(program, stream, text)| OutputLine { program, stream, at_ms: took, text }).collect(),
                disclosure: kgrade::outcome::Disclosure::Full,
            }
        },
    )
}

fn outcome() -> impl Strategy<Value = Outcome> {
    (prop::collection::vec(check(), 0..6), words(), any::<[u64; 3]>(), any::<bool>()).prop_map(
        |(mut checks, words, [seed, started_at, ms], interrupted)| {
            for (at, check) in checks.iter_mut().enumerate() {
                check.id = format!("c{at}{}", check.id);
            }
            let score = Score::of(&checks);
            let [title, id, kgrade, checks_digest, submission, commit, broker, cluster, phase, _] = words;
            Outcome {
                schema: kgrade::outcome::SCHEMA.to_owned(),
                lab: "lab-02".to_owned(),
                title,
                score: score.points,
                max_score: score.max_points,
                complete: score.complete && !interrupted,
                interrupted,
                checks,
                run: RunFacts {
                    id,
                    seed,
                    tier: Tier::Practice,
                    kgrade,
                    checks_digest,
                    submission_digest: Some(submission),
                    commit: Some(commit),
                    broker_version: Some(broker),
                    cluster,
                    started_at,
                    learner: None,
                    committed_at: Some(started_at),
                    clients: Vec::new(),
                    sandbox: kgrade::outcome::no_sandbox(),
                    workflow: None,
                },
                timings_ms: [(phase, ms), ("grader".to_owned(), ms)].into_iter().collect(),
                late: None,
            }
        },
    )
}

/// A check as a report tells it: id, verdict, points, points that can be reached.
type Told = (String, Verdict, Option<u32>, u32);

fn truth(outcome: &Outcome) -> Vec<Told> {
    outcome.checks.iter().map(|check| (check.id.clone(), check.verdict, Some(check.points), check.max_points)).collect()
}

fn told_by_terminal(text: &str) -> Vec<Told> {
    let marks =
        [("✓", Verdict::Passed), ("✗", Verdict::Failed), ("!", Verdict::Error), ("-", Verdict::Skipped), ("?", Verdict::Inconclusive)];
    text.lines()
        .filter_map(|line| {
            let verdict = marks.iter().find(|(mark, _)| line.starts_with(&format!("{mark} ")))?.1;
            let words: Vec<&str> = line.split_whitespace().collect();
            let (points, max_points) = words[2].split_once('/').unwrap();
            Some((words[1].to_owned(), verdict, points.parse().ok(), max_points.parse().unwrap()))
        })
        .collect()
}

fn told_by_junit(xml: &str) -> (String, Vec<Told>) {
    assert!(xml.chars().all(|c| matches!(c, '\t' | '\n' | ' '..='~' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)), "{xml:?}");
    let report = quick_junit::Report::deserialize_from_str(xml).unwrap();
    let [suite] = report.test_suites.as_slice() else { panic!("{} suites", report.test_suites.len()) };
    let told = suite.test_cases.iter().map(|case| {
        let out = case.system_out.as_ref().unwrap().as_str();
        let line = |name: &str| out.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        let (points, max_points) = line("points: ").split_once(" of ").unwrap();
        let word = match &case.status {
            TestCaseStatus::Success { .. } => "passed",
            TestCaseStatus::Skipped { .. } => "skipped",
            TestCaseStatus::NonSuccess { kind: NonSuccessKind::Failure, ty, .. } => {
                assert_eq!(ty.as_ref().unwrap().as_str(), "failed");
                "failed"
            }
            TestCaseStatus::NonSuccess { kind: NonSuccessKind::Error, ty, .. } => ty.as_ref().unwrap().as_str(),
        };
        assert_eq!(line("verdict: "), word);
        let verdict = serde_json::from_value(Value::from(word)).unwrap();
        (case.name.as_str().to_owned(), verdict, Some(points.parse().unwrap()), max_points.parse().unwrap())
    });
    (suite.system_out.as_ref().unwrap().as_str().to_owned(), told.collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_reports_tell_the_same(outcome in outcome(), width in 30_usize..120) {
        let truth = truth(&outcome);
        let score = format!("{} of {} point", outcome.score, outcome.max_score);

        let text = terminal::render(&outcome, &Style { width, ..PLAIN });
        let told = told_by_terminal(&text);
        let judged: Vec<Told> = truth.iter().map(|(id, verdict, points, max)| (id.clone(), *verdict, points.filter(|_| verdict.is_judged()), *max)).collect();
        prop_assert_eq!(&told, &judged, "\n{}", text);
        prop_assert_eq!(text.lines().filter(|line| line.starts_with(&score)).count(), 1, "\n{}", text);
        prop_assert_eq!(text.lines().any(|line| line.starts_with("this is not a grade")), !outcome.complete, "\n{}", text);

        let xml = junit::render(&outcome).unwrap();
        let (about, told) = told_by_junit(&xml);
        prop_assert_eq!(&told, &truth);
        let score = format!("score: {} of {}", outcome.score, outcome.max_score);
        prop_assert_eq!(about.lines().find(|line| line.starts_with("score: ")), Some(score.as_str()));
        prop_assert_eq!(junit::render(&outcome).unwrap(), xml);

        prop_assert_eq!(json::read(&json::render(&outcome).unwrap()).unwrap(), outcome);
    }

    #[test]
    fn a_terminal_gets_only_lines_that_fit_and_cannot_steer(mut outcome in outcome(), width in 40_usize..120, unicode: bool) {
        for check in &mut outcome.checks {
            // These two are kept in one piece, to be copied.
            (check.place, check.next) = (None, None);
        }
        // Phases are the grader's own words.
        outcome.timings_ms = [("cluster".to_owned(), 940), ("grader".to_owned(), 61_000)].into_iter().collect();
        let text = terminal::render(&outcome, &Style { width, unicode, timings: true, ..PLAIN });
        for line in text.lines() {
            prop_assert!(!line.chars().any(char::is_control), "{:?}", line);
            prop_assert_eq!(line.trim_end(), line);
            prop_assert!(measure_text_width(line) <= width, "{} columns: {:?}", width, line);
        }
        let log = terminal::render(&outcome, &Style { width, github: true, ..PLAIN });
        prop_assert!(log.lines().all(|line| !line.trim_start().starts_with("::") && !line.contains("##[")));
    }
}
