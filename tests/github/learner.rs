//! The workflow that the documentation gives to learners.

use libtest_mimic::Failed;
use serde_json::{Value, json};

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
