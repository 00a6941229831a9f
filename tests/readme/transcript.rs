//! The transcript at the top of the README is what kgrade prints.
//!
//! `SNAPSHOTS=overwrite cargo test --test readme transcript` puts what it prints now into the README.

use snapbox::{Assert, Data};

use super::markdown::blocks;
use super::{kgrade, read, root};

/// What differs from run to run, by how its line begins, and what is compared instead.
const VARYING: &[(&str, &str)] = &[
    ("            (first seen ", "            (first seen [..] s into the run, [..] looks)"),
    ("  evidence  partition ", "  evidence  partition [..], offset [..]: no key, expected `u-[..]`"),
    ("            partition ", "            partition [..], offset [..]: no key, expected `u-[..]`"),
    ("  place     ", "  place     checks/lab-02/lab.yaml:[..]"),
    ("seed ", "seed [..] · --seed [..] runs it again with the same data"),
    ("tier practice ", "tier practice · kgrade [..] · Kafka 4.3.1 (jvm) · client [..] · no sandbox · checks [..] · submission [..]"),
];

/// The commands of a console block, each with what it prints.
fn commands(text: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("$ "), found.last_mut()) {
            (Some(command), _) => found.push((command.to_owned(), String::new())),
            (None, Some((_, output))) => output.push_str(&format!("{line}\n")),
            (None, None) => panic!("a console block begins with a command: {line}"),
        }
    }
    found
}

/// Puts the pattern in place of every line that varies.
fn pattern(output: &str) -> String {
    let line = |line: &str| {
        let varying = VARYING.iter().find(|(begins, _)| line.starts_with(begins));
        format!("{}\n", varying.map_or(line, |(_, pattern)| pattern))
    };
    output.lines().map(line).collect()
}

/// In a checkout of git the facts at the end also name the commit.
fn without_commit(output: &str) -> String {
    regex::Regex::new(r" ·\s+commit\s+[0-9a-f]{12}").unwrap().replace(output, "").into_owned()
}

/// The facts at the end as one line: where they are broken depends on how long they are.
fn joined(output: &str) -> String {
    match output.rsplit_once("\ntier ") {
        Some((before, facts)) => format!("{before}\ntier {}", facts.replace("\n  ", " ")),
        None => output.to_owned(),
    }
}

#[test]
fn the_transcript_is_what_kgrade_prints() {
    let page = read("README.md");
    let console: Vec<_> = blocks(&page).into_iter().filter(|block| block.language == "console").collect();
    let [block] = console.as_slice() else { panic!("the README has {} console blocks", console.len()) };
    let commands = commands(&block.text);
    let [(graded, expected), (echo, code)] = commands.as_slice() else { panic!("not a run and its exit code: {commands:?}") };
    assert_eq!(echo, "echo $?");

    let arguments: Vec<&str> = graded.strip_prefix("kgrade ").expect("a run of kgrade").split(' ').collect();
    let output = kgrade().args(&arguments).output().unwrap();
    let (shown, errors) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), code.trim().parse().ok(), "{shown}\n{errors}");
    let shown = without_commit(&shown);
    if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        std::fs::write(root().join("README.md"), page.replacen(expected, &shown, 1)).unwrap();
        return;
    }
    let expected = Data::text(pattern(&joined(expected)));
    assert!(expected.to_string().contains("[..]"), "nothing varies any more: {expected}");
    Assert::new().eq(joined(&shown), expected);
}
