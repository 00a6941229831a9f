//! A clean repository of a learner's, taken through the workflow with the real kgrade and a real Kafka.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use libtest_mimic::Failed;
use serde_json::Value;

use super::actions::copy;
use super::school::{CANARY, School, fixture, real};

fn shown(school: &School) -> String {
    let seen = &school.runner.seen;
    format!("{:#?}\n{:#?}\n{}\n{}", seen.steps, seen.annotations, seen.summary, seen.log)
}

/// Whether the cells that the workflow asks for can be made on this machine.
pub fn has_cells() -> bool {
    let test = ["--unshare-all", "--ro-bind", "/", "/", "true"];
    std::process::Command::new("bwrap").args(test).output().is_ok_and(|output| output.status.success())
}

/// The solution of lab-02 gets all points, and the evidence is judged again in the job that signs.
pub fn a_right_submission_is_green() -> Result<(), Failed> {
    let sandbox = if has_cells() { "bwrap" } else { "none" };
    let mut school = School::new(&fixture("solution"), &real())?.with("sign", true.into()).with("sandbox", sandbox.into());
    let ended = school.grade()?;
    let output = |name: &str| ended.outputs.get(name).map(String::as_str).unwrap_or_default();
    let all = [("result", "passed"), ("score", "100"), ("max-score", "100"), ("complete", "true"), ("origin", "release")];
    if !ended.green || all.iter().any(|(name, value)| output(name) != *value) {
        return Err(format!("{ended:?}\n{}", shown(&school)).into());
    }
    if !school.runner.seen.summary.contains("100 of 100") {
        return Err(format!("the page does not say the score\n{}", shown(&school)).into());
    }
    let artifact = school.runner.artifacts.join("kgrade-lab-02");
    for name in ["report.json", "report.txt", "junit.xml", "evidence.jsonl"] {
        if fs::metadata(artifact.join(name)).map_or(0, |file| file.len()) == 0 {
            return Err(format!("{name} was not uploaded\n{}", shown(&school)).into());
        }
    }
    let report: Value = serde_json::from_str(&fs::read_to_string(artifact.join("report.json"))?)?;
    let run = &report["run"];
    let expected = [("tier", "ci".into()), ("commit", school.runner.contexts["github"]["sha"].clone()), ("learner", "ada".into())];
    if expected.iter().any(|(name, value)| run[*name] != *value) || run["workflow"]["repository"] != "school/lab-ada" {
        return Err(format!("the report does not say where it comes from: {run:#}").into());
    }

    // Up to the signature, which `signing` looks at: here the same points must come of the evidence.
    school.after("sign", &ended)?;
    let judged = fs::read_to_string(school.runner.workspace.join("signed/result.json")).map_err(|_| shown(&school))?;
    let judged: Value = serde_json::from_str(&judged)?;
    if judged["score"] != 100 || judged["run"]["commit"] != run["commit"] {
        return Err(format!("judged again: {judged:#}").into());
    }
    Ok(())
}

/// Such a program; its first lines say what is to be replaced in it.
const HOSTILE: &str = include_str!("hostile.py");

/// A mistake is red, with its points and its annotation, whatever its program tries with the runner.
pub fn a_hostile_mistake_is_red_and_gains_nothing() -> Result<(), Failed> {
    let learned = hostile(Place::Runner)?;
    if learned.contains("refused") {
        return Err(format!("the programs are not the runner's user, so this shows nothing:\n{learned}").into());
    }
    Ok(())
}

/// The same where the programs have a user of their own, who may not even write those files. Needs root, and nothing of root's own: the
/// system's Python and Java, and a kgrade that others may reach.
pub fn a_hostile_mistake_with_a_user_of_its_own() -> Result<(), Failed> {
    let learned = hostile(Place::OtherUser)?;
    let files = learned.lines().filter(|line| line.starts_with("file ")).count();
    if files == 0 || learned.lines().filter(|line| line.starts_with("refused ")).count() != files {
        return Err(format!("a program could write a file of the runner's:\n{learned}").into());
    }
    Ok(())
}

/// The same as the workflow has it when nothing is said: the programs are in cells, and find neither the runner's files nor the one they would tell it in.
pub fn a_hostile_mistake_in_a_cell() -> Result<(), Failed> {
    let learned = hostile(Place::Cell)?;
    if learned.is_empty() { Ok(()) } else { Err(format!("a program in a cell has written a file outside:\n{learned}").into()) }
}

/// Where the programs of a test run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Runner,
    OtherUser,
    Cell,
}

/// Whether this machine has what the test of another user needs.
pub fn another_user_can_grade() -> bool {
    let reachable = |path: &Path| {
        path.ancestors().skip(1).all(|folder| fs::metadata(folder).is_ok_and(|folder| folder.permissions().mode() & 0o001 != 0))
    };
    reachable(Path::new(env!("CARGO_BIN_EXE_kgrade"))) && ["/usr/bin/java", "/usr/bin/python3"].iter().all(|path| Path::new(path).exists())
}

/// Grades a hostile mistake; what its programs could learn.
fn hostile(place: Place) -> Result<String, Failed> {
    let folder = tempfile::tempdir()?;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777))?;
    let found = folder.path().join("found.txt");
    let submission = folder.path().join("submission");
    copy(&fixture("mistakes/auto-commit"), &submission)?;
    let home = tempfile::tempdir()?;
    let attack = HOSTILE.replace("FOUND", &found.display().to_string()).replace("ROOT", &home.path().display().to_string());
    for name in ["lab-02/producer.py", "lab-02/consumer.py"] {
        let program = fs::read_to_string(submission.join(name))?;
        fs::write(submission.join(name), format!("{attack}\n{program}"))?;
    }
    let mut school = School::within(home, &submission, &real())?;
    if place != Place::Cell {
        school = school.with("sandbox", "none".into());
    }
    if place == Place::OtherUser {
        let cache = school.folder.path().join("cache");
        let ours = Path::new(&school.runner.env["KGRADE_CACHE"]).join("kafka/4.3.1");
        if ours.exists() {
            copy(&ours, &cache.join("kafka/4.3.1"))?;
        }
        school.may_become_root()?;
        let path = format!("{}:/usr/bin:/bin", school.folder.path().join("bin").display());
        school.runner.env.extend([("PATH".to_owned(), path), ("KGRADE_CACHE".to_owned(), cache.display().to_string())]);
        school.runner.env.remove("JAVA_HOME");
    }
    let ended = school.grade()?;
    let seen = &school.runner.seen;
    let score: u32 = ended.outputs["score"].parse().map_err(|_| shown(&school))?;
    let artifact = school.runner.artifacts.join("kgrade-lab-02/report.json");
    let report: Value = serde_json::from_str(&fs::read_to_string(artifact)?)?;
    let failed = |check: &&Value| check["verdict"] != "passed";
    let failed: Vec<_> = report["checks"].as_array().into_iter().flatten().filter(failed).map(|check| check["id"].clone()).collect();
    if ended.green || ended.outputs["result"] != "failed" || report["score"] != score || failed != ["manual-commit"] {
        return Err(format!("{ended:?}: {failed:?}\n{}", shown(&school)).into());
    }
    let told = format!("lab-02: {score} of 100 points");
    if !seen.annotations.iter().any(|(level, title, _)| level == "error" && *title == told)
        || !seen.summary.contains("manual-commit") && !seen.summary.contains(&told)
    {
        return Err(format!("`{told}` is not told\n{}", shown(&school)).into());
    }

    let sandbox = if place == Place::Cell { "bubblewrap" } else { "none" };
    if report["run"]["sandbox"] != sandbox {
        return Err(format!("the report says that the sandbox was {}", report["run"]["sandbox"]).into());
    }
    let learned = match fs::read_to_string(&found) {
        Err(_) if place == Place::Cell => String::new(),
        learned => learned.map_err(|_| format!("the programs did not run\n{}", shown(&school)))?,
    };
    if place != Place::Cell && !learned.contains("_runner_file_commands") {
        return Err("the programs did not find the runner's files, so this test shows nothing".into());
    }
    if learned.contains(CANARY) || learned.lines().any(|line| line.starts_with("variable GITHUB_") || line.starts_with("variable ACTIONS_"))
    {
        return Err(format!("a program saw a variable of the job:\n{learned}").into());
    }
    let planted = format!("{:?}{:?}{:?}{}", seen.annotations, seen.added, seen.commands, seen.summary).contains("planted");
    let forged = seen.annotations.iter().any(|(_, title, text)| title == "forged" || text == "forged" || text == "x");
    let commands_of_steps = ["stop-commands", "group", "endgroup"];
    let strangers: Vec<_> = seen.commands.iter().filter(|name| !commands_of_steps.contains(&name.as_str())).collect();
    if planted || forged || !seen.added.is_empty() || !strangers.is_empty() {
        return Err(format!("the runner was told something by a program: {strangers:?}\n{}", shown(&school)).into());
    }
    Ok(learned)
}
