//! What a report must not hold, and what must not happen to one that is there.

use std::fs;
use std::path::Path;

use kgrade::outcome::Outcome;
use kgrade::outcome::redact::{REDACTED, Redactor, Secret};
use kgrade::report::{FORMATS, ReportTarget, file};
use serde_json::Value;

use crate::fixtures;

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
        check["read"] = serde_json::json!({ "handout": "h", "show": "s", "kafka": "k" });
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
