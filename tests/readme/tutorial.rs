//! The tutorial of docs/authoring.md, followed word for word in an empty folder: files are written and changed as it says, its commands are
//! typed, and what they print is compared.
//!
//! `SNAPSHOTS=overwrite cargo test --test readme tutorial` puts what they print now into the page.

use std::fs;
use std::path::Path;
use std::process::Command;

use snapbox::{Assert, Data};

use super::{kgrade, read, root};

/// Something that the page says to do.
#[derive(Debug)]
enum Step {
    /// To type a command; it prints this.
    Type { command: String, prints: String },
    /// To look at a file, or to write it.
    File { name: String, text: String },
    /// To add this to a file.
    Append { name: String, text: String },
    /// To replace what stands once in a file.
    Replace { name: String, old: String, new: String },
}

/// What differs from run to run, by a pattern, and what is compared instead.
const VARYING: &[(&str, &str)] = &[
    (r"\b([0-9]+ min [0-9]+ s|[0-9]+(\.[0-9]+)? (ms|s))\b", "TIME"),
    (r"\b[0-9]+ looks\b", "LOOKS"),
    (r"--seed [0-9]+", "--seed SEED"),
    (r"seed [0-9]+", "seed SEED"),
    (r"(checks|submission) [0-9a-f]{12}", "$1 DIGEST"),
    (r"(offset|partition|offsets|delivery|event|after) [0-9]+", "$1 N"),
    (r"(e|u)-[0-9]+", "$1-N"),
    (r"-[0-9a-z]{8}\b", "-RUN"),
    (r" evidence .* probably ", " evidence … probably "),
];

/// The quoted words of a line that begins so: `` In `a`, `b` becomes `c`. ``
fn quoted(line: &str) -> Vec<&str> {
    line.split('`').skip(1).step_by(2).collect()
}

/// The steps of the part before the reference, in order.
fn steps(page: &str) -> Vec<Step> {
    let part = page.split("\n## The file\n").next().unwrap();
    let (mut found, mut before, mut block): (Vec<Step>, &str, Option<(String, String)>) = (Vec::new(), "", None);
    for line in part.lines() {
        match (&mut block, line.strip_prefix("```")) {
            (None, Some(language)) => block = Some((language.to_owned(), String::new())),
            (Some((_, text)), None) => text.push_str(&format!("{line}\n")),
            (Some((language, text)), Some(_)) => {
                found.extend(of_block(before, language, text));
                block = None;
            }
            (None, None) if !line.is_empty() => {
                before = line;
                if let (true, [name, old, new]) = (line.ends_with("`."), quoted(line).as_slice())
                    && line.starts_with("In `")
                    && line.contains("` becomes `")
                {
                    found.push(Step::Replace { name: (*name).to_owned(), old: (*old).to_owned(), new: (*new).to_owned() });
                }
            }
            (None, None) => {}
        }
    }
    found
}

fn of_block(before: &str, language: &str, text: &str) -> Vec<Step> {
    if language == "console" {
        return commands(text);
    }
    let text = text.to_owned();
    let step = match quoted(before).as_slice() {
        [name] if before == format!("`{name}`:") => Step::File { name: (*name).to_owned(), text },
        [name] if before.starts_with("At the end of `") => Step::Append { name: (*name).to_owned(), text },
        [name] if before.ends_with("change places:") => {
            let old = text.lines().rev().map(|line| format!("{line}\n")).collect();
            Step::Replace { name: (*name).to_owned(), old, new: text }
        }
        [name, old] if before.ends_with("becomes:") => Step::Replace { name: (*name).to_owned(), old: format!("{old}\n"), new: text },
        _ => panic!("nobody knows what to do with the block after: {before}"),
    };
    vec![step]
}

fn commands(text: &str) -> Vec<Step> {
    let mut found: Vec<Step> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("$ "), found.last_mut()) {
            (Some(command), _) => found.push(Step::Type { command: command.to_owned(), prints: String::new() }),
            (None, Some(Step::Type { prints, .. })) => prints.push_str(&format!("{line}\n")),
            _ => panic!("a console block begins with a command: {line}"),
        }
    }
    found
}

/// Types a command in a shell; what it printed. Problems are included, how far a grading is, is not.
fn typed(folder: &Path, command: &str) -> String {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = Path::new(env!("CARGO_BIN_EXE_kgrade")).parent().unwrap().to_owned();
    let path = std::env::join_paths(std::iter::once(own).chain(std::env::split_paths(&path))).unwrap();
    let mut shell = Command::new("sh");
    for (name, value) in kgrade().get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let problems = if command.starts_with("kgrade lab-30 ") { "" } else { " 2>&1" };
    let output = shell.args(["-c", &format!("{command}{problems}")]).env("PATH", path).current_dir(folder).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// What is left when chance is taken out: a line and what hangs under it are one, and the lines are sorted, since programs end in any order.
fn plain(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        match (line.starts_with(' '), lines.last_mut()) {
            (true, Some(last)) => last.push_str(&format!(" {}", line.trim())),
            _ => lines.push(line.to_owned()),
        }
    }
    for line in &mut lines {
        for (pattern, with) in VARYING {
            *line = regex::Regex::new(pattern).unwrap().replace_all(line, *with).into_owned();
        }
    }
    lines.sort();
    lines.join("\n")
}

#[test]
fn the_tutorial_is_followed_word_for_word() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut page = read("docs/authoring.md");
    let overwrite = std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite");
    let (mut typed_in, mut from) = (0, 0);
    for step in steps(&page.clone()) {
        match step {
            Step::Type { command, prints } => {
                typed_in += 1;
                let printed = typed(folder, &command);
                if overwrite {
                    let whole = format!("$ {command}\n{prints}");
                    let at = from + page[from..].find(&whole).unwrap();
                    page.replace_range(at..at + whole.len(), &format!("$ {command}\n{printed}"));
                    from = at + 1;
                } else {
                    Assert::new().eq(plain(&printed), Data::text(plain(&prints)).raw());
                }
            }
            Step::File { name, text } => {
                let path = folder.join(&name);
                match fs::read_to_string(&path) {
                    Ok(there) => assert_eq!(there, text, "{name}, as the page shows it"),
                    Err(_) => fs::write(path, text).unwrap(),
                }
            }
            Step::Append { name, text } => {
                let there = fs::read_to_string(folder.join(&name)).unwrap();
                fs::write(folder.join(&name), there + &text).unwrap();
            }
            Step::Replace { name, old, new } => {
                let there = fs::read_to_string(folder.join(&name)).unwrap();
                assert_eq!(there.matches(&old).count(), 1, "{old} in {name}");
                fs::write(folder.join(&name), there.replace(&old, &new)).unwrap();
            }
        }
    }
    assert!(typed_in >= 8, "only {typed_in} commands");
    if overwrite {
        fs::write(root().join("docs/authoring.md"), page).unwrap();
    }

    // What the page says of a saved run.
    typed(
        folder,
        "kgrade lab-30 --checks my-course --submission fixtures/lab-30/mistakes/commits-first --evidence run.jsonl --report json=run.json",
    );
    typed(folder, "kgrade replay run.jsonl --report json=replayed.json");
    typed(folder, "kgrade replay run.jsonl --checks my-course --report json=by-the-folder.json");
    let verdicts = |name: &str| {
        let report: serde_json::Value = serde_json::from_str(&fs::read_to_string(folder.join(name)).unwrap()).unwrap();
        let checks = report["checks"].as_array().unwrap().clone();
        checks.iter().map(|check| ["id", "verdict", "message"].map(|key| check[key].as_str().unwrap().to_owned())).collect::<Vec<_>>()
    };
    let run = verdicts("run.json");
    assert_eq!(run.iter().map(|[id, verdict, _]| format!("{id} {verdict}")).collect::<Vec<_>>(), ["delivers passed", "crash failed"]);
    assert_eq!(verdicts("replayed.json"), run, "a replay says what the run said");
    assert_eq!(verdicts("by-the-folder.json"), run, "and so does the lab in the folder");
}
