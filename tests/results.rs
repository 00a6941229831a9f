//! Saved runs after the run: judged again, compared, reported, signed; and what of them a learner may have.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use flate2::read::GzDecoder;
use serde_json::{Value, json};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn kgrade(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kgrade"));
    command.args(words).env_remove("KAFKA_BOOTSTRAP_SERVERS").env_remove("KGRADE_SIGNING_KEY").env_remove("GITHUB_ACTIONS");
    command.stdin(std::process::Stdio::null()).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn text(path: impl AsRef<Path>) -> String {
    path.as_ref().to_str().unwrap().to_owned()
}

/// A recorded run, with its header as `change` makes it.
fn recorded(name: &str, change: impl Fn(&mut Value)) -> String {
    let file = fs::File::open(root().join(format!("fixtures/evidence/lab-02/{name}.jsonl.gz"))).unwrap();
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let (first, rest) = text.split_once('\n').unwrap();
    let mut header: Value = serde_json::from_str(first).unwrap();
    change(&mut header);
    format!("{header}\n{rest}")
}

/// As kgrade saves a run now: with what it came to, and when its commit was made.
fn saved(name: &str, learner: &str, verdict: &str, points: u32) -> String {
    recorded(name, |header| {
        header["schema"] = json!("kgrade/evidence/v2");
        header["judged"] = json!([{ "check": "manual-commit", "verdict": verdict, "points": points, "max_points": 25 }]);
        header["run"]["learner"] = json!(learner);
        header["run"]["committed_at"] = json!(1_796_122_800_u64 + 3_600);
    })
}

/// The course's labs, with one check of lab-02 worth other points.
fn checks(folder: &Path) -> String {
    let checks = folder.join("checks/lab-02");
    fs::create_dir_all(&checks).unwrap();
    let lab = fs::read_to_string(root().join("checks/lab-02/lab.yaml")).unwrap();
    let changed = lab.replacen("points: 25", "points: 20", 1).replacen("points: 10", "points: 15", 1);
    assert_ne!(lab, changed);
    fs::write(checks.join("lab.yaml"), changed).unwrap();
    text(folder.join("checks"))
}

#[test]
fn runs_of_many_learners_are_compared_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let results = folder.path().join("results");
    fs::create_dir(&results).unwrap();
    fs::write(results.join("ada.jsonl"), saved("ck-sync-per-message", "ada", "passed", 25)).unwrap();
    fs::write(results.join("eve.jsonl"), saved("ck-auto", "eve", "failed", 0)).unwrap();
    fs::copy(root().join("fixtures/evidence/lab-02/kp-per-message.jsonl.gz"), results.join("old.jsonl.gz")).unwrap();
    let damaged = saved("ck-auto", "bob", "failed", 0);
    fs::write(results.join("bob.jsonl"), &damaged[..damaged.len() / 2]).unwrap();
    fs::write(results.join("new.jsonl"), saved("ck-auto", "new", "failed", 0).replace("evidence/v2", "evidence/v9")).unwrap();
    fs::write(results.join("notes.txt"), "no evidence").unwrap();
    let results = text(&results);

    // By the labs that the files hold: as before.
    let same = kgrade(&["replay", &results]);
    let told = said(&same);
    assert_eq!(same.status.code(), Some(5), "{told}");
    for words in [
        "bob: not judged again: line ",
        "new: not judged again: the evidence has the form kgrade/evidence/v9",
        "old: 25 of 25; what it came to before is not in the file",
        "3 runs judged again: 1 changed, 2 as before, 2 not judged",
        "nothing was written; --out DIR",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(!told.contains("ada") && !told.contains("eve"), "{told}");

    // By other points.
    let checks = checks(folder.path());
    let out = folder.path().join("out");
    let changed = kgrade(&["replay", "--checks", &checks, &results]);
    assert!(said(&changed).contains("ada: 25 of 25 → 20 of 20\n  manual-commit: passed 25/25 → passed 20/20\n"), "{}", said(&changed));
    let unasked = kgrade(&["replay", "--checks", &checks, &results, "--out", &text(&out)]);
    assert_eq!(unasked.status.code(), Some(2));
    assert!(said(&unasked).contains("--yes writes without asking") && !out.exists(), "{}", said(&unasked));
    let written = kgrade(&["replay", "--checks", &checks, &results, "--out", &text(&out), "--yes"]);
    assert!(said(&written).contains("3 results written to"), "{}", said(&written));
    let ada: Value = serde_json::from_str(&fs::read_to_string(out.join("ada.json")).unwrap()).unwrap();
    assert_eq!((&ada["score"], &ada["run"]["learner"]), (&json!(20), &json!("ada")));
    assert!(out.join("eve.json").exists() && out.join("old.json").exists() && !out.join("bob.json").exists());
    let gradebook = fs::read_to_string(out.join("gradebook.csv")).unwrap();
    assert!(
        gradebook.starts_with("learner,lab,score,") && gradebook.contains("\nada,lab-02,20,20,20,") && gradebook.lines().count() == 4,
        "{gradebook}"
    );
    let once = fs::read(out.join("ada.json")).unwrap();
    kgrade(&["replay", "--checks", &checks, &results, "--out", &text(&out), "--yes"]);
    assert_eq!(fs::read(out.join("ada.json")).unwrap(), once, "judged twice, the same bytes");
}

#[test]
fn lateness_is_the_same_at_every_regrade() {
    let folder = tempfile::tempdir().unwrap();
    let (run, rules) = (folder.path().join("ada.jsonl"), folder.path().join("late.yaml"));
    fs::write(&run, saved("ck-sync-per-message", "ada", "passed", 25)).unwrap();
    let rule = |more: &str| {
        format!("kgrade: 1\nsteps: [ {{ within: 2h, percent: 10 }} ]\nlabs: {{ lab-02: {{ due: 2026-12-01T12:00:00+01:00 }} }}\n{more}")
    };
    fs::write(&rules, rule("")).unwrap();
    let (run, rules_path) = (text(&run), text(&rules));
    let late = kgrade(&["replay", &run, "--late", &rules_path]);
    assert!(
        said(&late).contains("25 of 25 points")
            && said(&late).contains("23 after the late penalty of 10 %: committed 1 h after the due time"),
        "{}",
        said(&late)
    );
    let compared = kgrade(&["replay", &run, "--late", &rules_path, "--out", &text(folder.path().join("out")), "--yes"]);
    assert!(said(&compared).contains("ada: 25 → 23 of 25\n  late penalty 0 % → 10 %\n"), "{}", said(&compared));
    // What a run lost for lateness stays lost when no rules are named: those of a cohort's table are in no file.
    let graded = saved("ck-sync-per-message", "ada", "passed", 25);
    let (header, events) = graded.split_once('\n').unwrap();
    let mut header: Value = serde_json::from_str(header).unwrap();
    header["late"] = json!({"due": 1, "extended": false, "grace_s": 0, "late_s": 7, "penalty_percent": 20, "score": 20});
    fs::write(&run, format!("{header}\n{events}")).unwrap();
    let kept = kgrade(&["replay", &run]);
    assert!(said(&kept).contains("20 after the late penalty of 20 %"), "{}", said(&kept));
    fs::write(&rules, rule("extensions: { ada: { all: 1d } }\n")).unwrap();
    assert!(said(&kgrade(&["replay", &run, "--late", &rules_path])).contains("committed before the extended due time"));
    fs::write(&rules, "kgrade: 1\nlabs: { lab-02: { due: tomorrow } }\n").unwrap();
    let refused = kgrade(&["replay", &run, "--late", &rules_path]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(said(&refused).contains("no moment with its time zone"), "{}", said(&refused));
}

#[test]
fn every_report_is_made_of_evidence_and_of_json_alike() {
    let folder = tempfile::tempdir().unwrap();
    let (run, json) = (folder.path().join("eve.jsonl"), folder.path().join("eve.json"));
    fs::write(&run, saved("ck-auto", "eve", "failed", 0)).unwrap();
    let (run, json) = (text(run), text(json));
    assert!(kgrade(&["report", "json", &run, "-o", &json]).status.success());
    let formats: Vec<&str> = kgrade::report::FORMATS.iter().map(|format| format.name).collect();
    assert!(formats.len() >= 4);
    for format in formats {
        let (evidence, report) = (kgrade(&["report", format, &run]), kgrade(&["report", format, &json]));
        assert!(evidence.status.success() && report.status.success(), "{format}: {}", said(&report));
        assert!(!report.stdout.is_empty(), "{format}");
        if format == "html" {
            let drawn = |output: &Output| said(output).contains("<svg") || said(output).contains("<figure");
            assert!(drawn(&evidence) && !drawn(&report), "only evidence has a timeline to draw");
        } else {
            assert_eq!(evidence.stdout, report.stdout, "{format}");
        }
    }
    let unknown = kgrade(&["report", "pdf", &json]);
    assert!(unknown.status.code() == Some(2) && said(&unknown).contains("the formats are terminal, json, junit"), "{}", said(&unknown));
    fs::write(&run, "nonsense").unwrap();
    let foreign = kgrade(&["report", "junit", &run]);
    assert!(foreign.status.code() == Some(2) && said(&foreign).contains("it is not JSON"), "{}", said(&foreign));
}

#[test]
fn a_signature_proves_what_it_says_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| text(folder.path().join(name));
    fs::write(at("eve.jsonl"), saved("ck-auto", "eve", "failed", 0)).unwrap();
    assert!(kgrade(&["report", "json", &at("eve.jsonl"), "-o", &at("eve.json")]).status.success());
    assert!(kgrade(&["sign", "--new-key", &at("key")]).status.success());
    assert_eq!(kgrade(&["sign", "--new-key", &at("key")]).status.code(), Some(2), "an old key stays");
    let unkeyed = kgrade(&["sign", &at("eve.json")]);
    assert!(unkeyed.status.code() == Some(2) && said(&unkeyed).contains("KGRADE_SIGNING_KEY"), "{}", said(&unkeyed));
    assert!(kgrade(&["sign", "--key", &at("key"), &at("eve.json")]).status.success());

    let verify = |more: &[&str]| kgrade(&[&["verify", &at("eve.json"), "--key", &at("key.pub")], more].concat());
    let right = verify(&["--evidence", &at("eve.jsonl")]);
    assert_eq!(right.status.code(), Some(0), "{}", said(&right));
    for words in [
        "proven: the holder of the key signed exactly this: lab-02 · 0 of 25 points",
        "judged again, comes to the same",
        "not proven: that the learner's programs could not reach the grader",
    ] {
        assert!(said(&right).contains(words), "{words}: {}", said(&right));
    }
    // The key's one line works as well as its file.
    let line = fs::read_to_string(at("key.pub")).unwrap().lines().nth(1).unwrap().to_owned();
    assert!(kgrade(&["verify", &at("eve.json"), "--key", &line]).status.success());

    // Another run's evidence, a changed result, a signature of something else, none, another key.
    fs::write(at("ada.jsonl"), recorded("ck-sync-per-message", |header| header["run"]["id"] = json!("other"))).unwrap();
    assert!(said(&verify(&["--evidence", &at("ada.jsonl")])).contains("the evidence of another run"));
    let whole = fs::read_to_string(at("eve.json")).unwrap();
    fs::write(at("eve.json"), whole.replacen("\"score\": 0", "\"score\": 25", 1)).unwrap();
    let changed = verify(&[]);
    assert!(changed.status.code() == Some(1) && said(&changed).contains("NOT PROVEN: the signature does not fit"), "{}", said(&changed));
    fs::write(at("eve.json"), &whole).unwrap();
    assert!(kgrade(&["sign", "--new-key", &at("other")]).status.success());
    assert!(said(&kgrade(&["verify", &at("eve.json"), "--key", &at("other.pub")])).contains("another key"));
    fs::remove_file(at("eve.json.minisig")).unwrap();
    assert!(said(&verify(&[])).contains("there is no signature beside it"));
}

/// One check that is shown, and one of which only its points are: nothing that it asks for may reach the learner.
const LAB: &str = r#"
kgrade: 1
lab: lab-90
title: A lab with a check that is not shown
checks:
  - id: open
    title: There is a topic
    points: 60
    hint: h
    do: [ { create-topic: { name: "open-$(run.id)", partitions: 2 } } ]
    within: 2s
    expect: [ { topic: { name: "open-$(run.id)", partitions: 2 } } ]
  - id: hidden-1
    title: A title that s3cret-title tells
    criterion: s3cret-criterion
    points: 40
    hint: s3cret-hint
    disclosure: none
    do: [ { create-topic: { name: "s3cret-$(run.id)", partitions: 3 } } ]
    within: 500ms
    expect: [ { topic: { name: "s3cret-$(run.id)", partitions: 7 } } ]
"#;

#[test]
fn what_is_not_shown_reaches_no_report_and_no_evidence_of_the_learners() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| text(folder.path().join(name));
    fs::write(at("lab.yaml"), LAB).unwrap();
    fs::create_dir(at("work")).unwrap();
    fs::write(folder.path().join("work/notes.txt"), "nothing to run").unwrap();
    let reports: Vec<(&str, PathBuf)> =
        kgrade::report::FORMATS.iter().map(|format| (format.name, folder.path().join(format!("report.{}", format.name)))).collect();
    let mut words = vec![
        at("lab.yaml"),
        "--submission".into(),
        at("work"),
        "--evidence".into(),
        at("run.jsonl"),
        "--full-evidence".into(),
        at("full.jsonl"),
    ];
    words.extend(reports.iter().flat_map(|(name, path)| ["--report".to_owned(), format!("{name}={}", path.display())]));
    let graded = kgrade(&words.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(graded.status.code(), Some(1), "{}", said(&graded));
    let mut seen: Vec<(String, String)> =
        vec![("the terminal".into(), said(&graded)), ("the evidence".into(), fs::read_to_string(at("run.jsonl")).unwrap())];
    seen.extend(reports.iter().map(|(name, path)| ((*name).to_owned(), fs::read_to_string(path).unwrap())));
    for (what, text) in &seen {
        assert!(!text.contains("s3cret"), "{what}: {text}");
    }
    assert!(
        said(&graded).contains("60 of 100 points") && said(&graded).contains("1 check does not show all that was seen"),
        "{}",
        said(&graded)
    );
    // Judged again from either file, it comes to the same.
    for file in ["run.jsonl", "full.jsonl"] {
        let again = said(&kgrade(&["replay", &at(file)]));
        assert!(again.contains("60 of 100 points · 1 passed, 1 failed") && !again.contains("s3cret"), "{file}: {again}");
    }
    assert!(said(&kgrade(&["replay", "--reveal", &at("full.jsonl")])).contains("s3cret"), "the instructor sees it");
    assert!(!said(&kgrade(&["replay", "--reveal", &at("run.jsonl")])).contains("s3cret"));
}
