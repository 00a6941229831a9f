//! What a change in a submission can affect: for grading again only that.
//!
//! In doubt it is everything. A file affects only some checks when it is the file of a program's command, nothing else in the
//! submission speaks of it by its name (an `import`, a `require`), and no other check starts that program.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::lab::{Check, Lab};

/// The ids of the checks that a change of these files can affect, and of those that come after them. `command` says how a program is started; `speaks_of`
/// whether another file of the submission has this word in it. Paths are relative to the submission.
pub fn affected(
    lab: &Lab,
    changed: &[PathBuf],
    command: impl Fn(&str, &[String]) -> Option<Vec<String>>,
    speaks_of: impl Fn(&str, &Path) -> bool,
) -> BTreeSet<String> {
    let all = || lab.checks.iter().map(|check| check.id.clone()).collect();
    let mut found: BTreeSet<String> = BTreeSet::new();
    for file in changed {
        let Some(word) = file.file_stem().and_then(|stem| stem.to_str()) else { return all() };
        if speaks_of(word, file) {
            return all();
        }
        let started: Vec<&Check> = lab.checks.iter().filter(|check| starts(check, file, &command)).collect();
        if started.is_empty() {
            return all();
        }
        found.extend(started.into_iter().map(|check| check.id.clone()));
    }
    // What comes after a check may look at what it made.
    loop {
        let rests = |check: &&Check| check.needs.iter().chain(&check.after).any(|id| found.contains(id)) && !found.contains(&check.id);
        let more: Vec<String> = lab.checks.iter().filter(rests).map(|check| check.id.clone()).collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

/// Whether a check starts a program that is this file.
fn starts(check: &Check, file: &Path, command: &impl Fn(&str, &[String]) -> Option<Vec<String>>) -> bool {
    check.programs.iter().any(|(name, program)| {
        let words = command(name, &program.command).unwrap_or_else(|| program.command.clone());
        words.iter().any(|word| plain(Path::new(word)) == plain(file))
    })
}

/// A path without `./`.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| !matches!(part, Component::CurDir)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{Bindings, LabSource};

    const LAB: &str = r"
kgrade: 1
lab: lab-90
title: A lab for the tests
programs:
  producer: { default: [python, ./lab-90/producer.py] }
  consumer: { default: [python, lab-90/consumer.py] }
checks:
  - { id: sends, title: S, points: 20, hint: h, do: [ { run: { program: producer, within: 9s } } ], expect: [ { topic: { name: t } } ] }
  - { id: looks, title: L, points: 20, hint: h, after: [sends], expect: [ { topic: { name: t } } ] }
  - { id: reads, title: R, points: 30, hint: h, do: [ { start: { program: consumer, as: c } } ], expect: [ { topic: { name: t } } ] }
  - id: both
    title: B
    points: 30
    hint: h
    do: [ { run: { program: producer, within: 9s } }, { start: { program: consumer, as: c } } ]
    expect: [ { topic: { name: t } } ]
";

    fn by(changed: &[&str], spoken: &str) -> Vec<String> {
        let bindings = Bindings { run_id: "r".into(), seed: 1 };
        let lab = LabSource::parse("lab.yaml", LAB).unwrap().resolve(&bindings).unwrap();
        let changed: Vec<PathBuf> = changed.iter().map(PathBuf::from).collect();
        affected(&lab, &changed, |_, _| None, |word, _| word == spoken).into_iter().collect()
    }

    #[test]
    fn a_programs_own_file_affects_what_starts_it_and_what_comes_after() {
        assert_eq!(by(&["lab-90/producer.py"], ""), ["both", "looks", "sends"]);
        assert_eq!(by(&["lab-90/consumer.py"], ""), ["both", "reads"]);
        assert_eq!(by(&["lab-90/consumer.py", "lab-90/producer.py"], "").len(), 4);
    }

    #[test]
    fn in_doubt_it_is_everything() {
        for file in ["requirements.txt", "kgrade.yaml", "lab-90/shared.py", "other/consumer.py", "lab-90/consumer.py.orig"] {
            assert_eq!(by(&[file], "").len(), 4, "{file}");
        }
        assert_eq!(by(&["lab-90/consumer.py"], "consumer").len(), 4, "another file imports it");
    }
}
