//! The lab of docs/authoring.md, made as the page says and graded for real: its solution passes, its mistake fails the check that it names,
//! and the saved run is judged the same.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::markdown::{blocks, file_name};
use super::{kgrade, read};

/// Writes the files that the page shows, and does what it says in words.
fn follow(folder: &Path) {
    let page = read("docs/authoring.md");
    let mut names = Vec::new();
    for block in blocks(&page) {
        let Some(name) = file_name(&block) else { continue };
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &block.text).unwrap();
        names.push(name.to_owned());
    }
    assert_eq!(names, ["my-labs/relay/lab.yaml", "solution/relay.py", "mistakes/commits-first/expect.yaml"]);

    // "Make the first check worth 40 points, and add a second one."
    let second = blocks(&page).into_iter().find(|block| block.text.starts_with("- id: crash")).expect("the second check");
    let lab = folder.join("my-labs/relay/lab.yaml");
    let first = fs::read_to_string(&lab).unwrap().replace("points: 100", "points: 40");
    let second: String = second.text.lines().map(|line| format!("  {line}\n")).collect();
    fs::write(lab, format!("{first}\n{second}")).unwrap();

    // "Copy the solution, and swap the last two lines of the loop."
    let solution = fs::read_to_string(folder.join("solution/relay.py")).unwrap();
    let mut lines: Vec<&str> = solution.lines().collect();
    let post = lines.iter().position(|line| line.contains("requests.post")).expect("the POST");
    assert!(lines[post + 1].contains("consumer.commit"), "{}", lines[post + 1]);
    lines.swap(post, post + 1);
    fs::write(folder.join("mistakes/commits-first/relay.py"), lines.join("\n")).unwrap();
}

/// Runs kgrade in the folder; the checks of its JSON report with id, verdict and message.
fn checks(folder: &Path, arguments: &[&str], code: i32) -> Vec<[String; 3]> {
    let report = folder.join("report.json");
    let output = kgrade().current_dir(folder).args(arguments).arg("--report").arg(format!("json={}", report.display())).output().unwrap();
    let shown = format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{shown}");
    let outcome: Value = serde_json::from_str(&fs::read_to_string(report).unwrap()).unwrap();
    let text = |check: &Value, key: &str| check[key].as_str().unwrap().to_owned();
    outcome["checks"].as_array().unwrap().iter().map(|check| ["id", "verdict", "message"].map(|key| text(check, key))).collect()
}

fn verdicts(checks: &[[String; 3]]) -> Vec<(&str, &str)> {
    checks.iter().map(|[id, verdict, _]| (id.as_str(), verdict.as_str())).collect()
}

#[test]
fn the_lab_of_the_tutorial_grades_as_the_page_says() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    follow(folder);

    let lint = kgrade().current_dir(folder).args(["lint", "my-labs/relay/lab.yaml"]).output().unwrap();
    assert!(String::from_utf8_lossy(&lint.stdout).contains("nothing to say"), "{}", String::from_utf8_lossy(&lint.stderr));

    let right = checks(folder, &["my-labs/relay/lab.yaml", "--submission", "solution"], 0);
    assert_eq!(verdicts(&right), [("delivers", "passed"), ("crash", "passed")]);

    let wrong = checks(folder, &["my-labs/relay/lab.yaml", "--submission", "mistakes/commits-first", "--evidence", "run.jsonl"], 1);
    assert_eq!(verdicts(&wrong), [("delivers", "passed"), ("crash", "failed")], "{wrong:?}");

    assert_eq!(checks(folder, &["replay", "run.jsonl"], 1), wrong, "a replay says what the run said");
    assert_eq!(checks(folder, &["replay", "run.jsonl", "--checks", "my-labs"], 1), wrong, "and so does the lab in the folder");
}
