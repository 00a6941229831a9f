//! What holds for every workflow here, read from the files.

use libtest_mimic::Failed;
use serde_json::Value;

use super::document;

/// Every workflow and the action, each with its file's name and its text.
fn all() -> Result<Vec<(String, Value, String)>, Failed> {
    let mut files = document::workflows();
    files.push(document::action());
    let mut found = Vec::new();
    for path in files {
        let name = path.strip_prefix(document::root())?.display().to_string();
        found.push((name, document::read(&path)?, std::fs::read_to_string(&path)?));
    }
    if found.len() < 4 {
        return Err(format!("only {} files: ci, grade, release and the action were expected", found.len()).into());
    }
    Ok(found)
}

/// All steps of a file, each with the words that name it.
fn steps(file: &str, document: &Value) -> Vec<(String, Value)> {
    let jobs = document::jobs(document).into_iter().map(|(name, job)| (name.as_str(), job));
    let groups: Vec<_> = if document["runs"].is_object() { vec![("runs", &document["runs"])] } else { jobs.collect() };
    let named = |(job, group): (&str, &Value)| -> Vec<_> {
        let steps = document::steps(group).iter().enumerate();
        steps.map(|(number, step)| (format!("{file}, {job}, step {}", number + 1), step.clone())).collect()
    };
    groups.into_iter().flat_map(named).collect()
}

fn none(problems: Vec<String>) -> Result<(), Failed> {
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
}

/// `pull_request_target` and `workflow_run` run with the rights of the repository on what a stranger sent.
pub fn no_trigger_with_rights_for_strangers() -> Result<(), Failed> {
    let mut problems = Vec::new();
    for (file, document, _) in all()? {
        for event in ["pull_request_target", "workflow_run", "issue_comment"] {
            if document["on"].get(event).is_some() || document["on"].to_string().contains(event) {
                problems.push(format!("{file}: on {event}"));
            }
        }
    }
    none(problems)
}

/// What stands in `${{ }}` is pasted into a script before a shell reads it.
pub fn no_expression_in_a_script() -> Result<(), Failed> {
    let mut problems = Vec::new();
    for (file, document, _) in all()? {
        for (place, step) in steps(&file, &document) {
            if step["run"].as_str().is_some_and(|script| script.contains("${{")) {
                problems.push(format!("{place}: an expression in `run`"));
            }
        }
    }
    none(problems)
}

/// A tag can be moved, a commit cannot. The version is for people.
pub fn every_foreign_action_is_pinned() -> Result<(), Failed> {
    let pinned = regex::Regex::new(r"uses: [A-Za-z0-9_.-]+/[A-Za-z0-9_./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")?;
    let mut problems = Vec::new();
    let mut seen = 0;
    for (file, _, text) in all()? {
        for (number, line) in text.lines().enumerate().filter(|(_, line)| line.trim_start().trim_start_matches("- ").starts_with("uses:")) {
            seen += 1;
            let own = line.contains("uses: ./");
            if !own && !pinned.is_match(line) {
                problems.push(format!("{file}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    if seen < 10 {
        problems.push(format!("only {seen} uses were found"));
    }
    none(problems)
}

/// Whoever adds a job decides what its token may do, how long it lasts, and in which shell it runs.
pub fn every_job_is_bounded() -> Result<(), Failed> {
    let mut problems = Vec::new();
    for (file, document, _) in all()? {
        if document["runs"].is_object() {
            for (place, step) in steps(&file, &document) {
                if step.get("run").is_some() && step["shell"] != "bash" {
                    problems.push(format!("{place}: no `shell: bash`, which is what sets pipefail"));
                }
            }
            continue;
        }
        if document["permissions"] != serde_json::json!({}) {
            problems.push(format!("{file}: the workflow's permissions are not empty"));
        }
        if document["defaults"]["run"]["shell"] != "bash" {
            problems.push(format!("{file}: no `shell: bash`, which is what sets pipefail"));
        }
        for (name, job) in document::jobs(&document) {
            if !job["permissions"].is_object() {
                problems.push(format!("{file}, {name}: no permissions"));
            }
            if job["timeout-minutes"].as_u64().is_none_or(|minutes| minutes > 90) {
                problems.push(format!("{file}, {name}: no timeout-minutes of 90 or less"));
            }
        }
        for (place, step) in steps(&file, &document) {
            let checkout = step["uses"].as_str().is_some_and(|uses| uses.starts_with("actions/checkout@"));
            if checkout && step["with"]["persist-credentials"] != false {
                problems.push(format!("{place}: the checkout leaves its token in the folder"));
            }
        }
    }
    none(problems)
}

/// The job that runs a learner's programs can only read, holds no secret, and cannot write to the cache.
pub fn learners_code_meets_no_secret() -> Result<(), Failed> {
    let mut problems = Vec::new();
    let mut runs_learners_code = 0;
    for (file, document, _) in all()? {
        for (name, job) in document::jobs(&document) {
            let uses = |word: &str| document::steps(job).iter().any(|step| step.to_string().contains(word));
            let grades = uses("actions/kgrade\"") || uses("grade.sh");
            let secret = job.to_string().contains("secrets.") || job.to_string().contains("github.token");
            let writes = job["permissions"].as_object().into_iter().flatten().any(|(_, right)| right == "write");
            if grades {
                runs_learners_code += 1;
                let only_reads = job["permissions"] == serde_json::json!({ "contents": "read" });
                if secret || !only_reads || job["cache-mode"] != "read" {
                    problems.push(format!("{file}, {name}: runs a learner's programs with a secret, a right to write, or the cache"));
                }
            }
            if secret && writes && !file.ends_with("release.yml") {
                problems.push(format!("{file}, {name}: a secret and a right to write"));
            }
        }
    }
    if runs_learners_code != 1 {
        problems.push(format!("{runs_learners_code} jobs run a learner's programs; there should be one"));
    }
    let action = std::fs::read_to_string(document::action())?;
    for word in ["secrets.", "github.token", "actions/cache@", "actions/cache/save"] {
        if action.contains(word) {
            problems.push(format!("the action has `{word}`"));
        }
    }
    none(problems)
}
