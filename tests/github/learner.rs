//! What the documentation gives to learners and instructors.

use std::fs;
use std::process::Command;

use libtest_mimic::Failed;
use serde_json::{Value, json};

use super::school::{School, fixture, scripted};
use super::{document, school};

/// It is short, asks for no more than reading, and fits the instructor's workflow.
pub fn the_whole_workflow_is_short() -> Result<(), Failed> {
    let text = school::learners_workflow()?;
    let lines = text.lines().count();
    let caller: Value = serde_saphyr::from_str(&text)?;
    if lines >= 20 || caller["permissions"] != json!({ "contents": "read" }) || document::jobs(&caller).len() != 1 {
        return Err(format!("{lines} lines:\n{text}").into());
    }
    let workflow = document::read(&document::root().join(".github/workflows/grade.yml"))?;
    let inputs = school::inputs(&workflow)?;
    // A job of a called workflow gets no right that the caller does not have, and GitHub refuses to start one that asks for more.
    for (name, job) in document::jobs(&workflow) {
        if job["permissions"] != json!({ "contents": "read" }) {
            return Err(format!("{name} asks for more than the learner's workflow gives: {}", job["permissions"]).into());
        }
    }
    if inputs["lab"] == "lab-02" { Ok(()) } else { Err(format!("{inputs}").into()) }
}

/// Its tables name every input and every output, and nothing that is not there.
pub fn the_tables_are_whole() -> Result<(), Failed> {
    let page = fs::read_to_string(document::root().join("docs/github.md"))?;
    let workflow = document::read(&document::root().join(".github/workflows/grade.yml"))?;
    for (kind, heading) in [("inputs", "| input | default | meaning |"), ("outputs", "| output | meaning |")] {
        let table = page.split_once(heading).ok_or("a table is missing")?.1;
        let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
        let first = |row: &str| row.split('|').nth(1).unwrap_or_default().to_owned();
        let mut named: Vec<_> =
            rows.flat_map(|row| first(row).split(',').map(|name| name.trim().replace('`', "")).collect::<Vec<_>>()).collect();
        let mut there: Vec<_> =
            workflow["on"]["workflow_call"][kind].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        named.sort();
        there.sort();
        if named != there {
            return Err(format!("{kind}: the page has {named:?}, the workflow {there:?}").into());
        }
    }
    Ok(())
}

/// The autograder for Classroom 50 installs the pinned kgrade, grades the folder it is called in, and tells a grade from an error.
pub fn the_autograder_of_classroom_50_works() -> Result<(), Failed> {
    let page = fs::read_to_string(document::root().join("docs/github.md"))?;
    let block = page.split_once("```python\n").and_then(|(_, rest)| rest.split_once("```")).ok_or("there is no autograder")?.0;
    for (code, wanted) in [(0, 0), (1, 0), (3, 1), (5, 1)] {
        let body = format!("for word; do case $word in classroom50=*) echo \"$1\" >\"${{word#*=}}\" ;; esac; done; exit {code}");
        let school = School::new(&fixture("solution"), &scripted(&body))?;
        let at = |name: &str| school.folder.path().join(name);
        let bundle = at("bundle");
        fs::create_dir(&bundle)?;
        for name in ["install.sh", "SHA256SUMS"] {
            fs::copy(at("instructor/.github/actions/kgrade").join(name), bundle.join(name))?;
        }
        fs::write(bundle.join("autograder.py"), block.replace("OWNER/", "school/"))?;
        let mut command = Command::new("python3");
        command.arg(bundle.join("autograder.py")).current_dir(at("learner")).env_clear().envs(&school.runner.env);
        let output = command.env("RUNNER_TEMP", &school.runner.temp).output()?;
        let result = fs::read_to_string(at("learner/result.json")).unwrap_or_default();
        if output.status.code() != Some(wanted) || result != "lab-02\n" {
            let said = [output.stdout, output.stderr].concat();
            return Err(format!("{code}: {:?}, {result:?}\n{}", output.status, String::from_utf8_lossy(&said)).into());
        }
    }
    Ok(())
}
