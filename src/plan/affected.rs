//! What a change in a submission can affect: for grading again only that.
//!
//! In doubt it is everything. A file affects only some checks when it is the file of a command that reads it as it is (a script),
//! nothing is built before, nothing else in the submission speaks of it by its name (an `import`, a `require`) or looks for files whose names
//! it works out, and no other check starts that program.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::lab::{Check, Lab};

/// Commands that run a file as it is. With any other a program may be made of more files than the command names.
const INTERPRETERS: &[&str] = &["python", "python3", "node", "ruby", "perl", "php", "sh", "bash", "deno", "bun"];

/// Words of programs that take in, or start, files whose names stand nowhere.
const SEEKING: &[&str] = &[
    "__import__",
    "importlib",
    "pkgutil",
    "runpy",
    "zipimport",
    "exec",
    "eval",
    "execfile",
    "glob",
    "listdir",
    "scandir",
    "iterdir",
    "walk",
    "subprocess",
    "os.system",
    "popen",
    "spawn",
    "multiprocessing",
    "child_process",
    "readdir",
    "readdirSync",
    "require_relative",
    "autoload",
];

/// What has to be known of a submission.
pub trait Work {
    /// How a program of the lab is started; `None` where the submission has none.
    fn command(&self, program: &str, default: &[String]) -> Option<Vec<String>>;
    /// Whether something is built before programs are started.
    fn is_built(&self) -> bool;
    /// Whether a file other than this one has one of the words in it.
    fn speaks_of(&self, words: &[&str], file: &Path) -> bool;
}

/// The ids of the checks that a change of these files can affect, and of those that come after them. Paths are relative to the submission.
pub fn affected(lab: &Lab, changed: &[PathBuf], work: &impl Work) -> BTreeSet<String> {
    let all = || lab.checks.iter().map(|check| check.id.clone()).collect();
    if work.is_built() {
        return all();
    }
    let mut found: BTreeSet<String> = BTreeSet::new();
    for file in changed {
        let Some(word) = file.file_stem().and_then(|stem| stem.to_str()) else { return all() };
        let started: Vec<&Check> = lab.checks.iter().filter(|check| starts(check, file, work)).collect();
        let words: Vec<&str> = std::iter::once(word).chain(SEEKING.iter().copied()).collect();
        if started.is_empty() || work.speaks_of(&words, file) {
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
fn starts(check: &Check, file: &Path, work: &impl Work) -> bool {
    check.programs.iter().any(|(name, program)| {
        let words = work.command(name, &program.command).unwrap_or_else(|| program.command.clone());
        let is_read = words.first().is_some_and(|first| INTERPRETERS.contains(&first.as_str()) || plain(Path::new(first)) == plain(file));
        is_read && words.iter().any(|word| plain(Path::new(word)) == plain(file))
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

    /// A submission in which other files have these words.
    #[derive(Default)]
    struct Made {
        spoken: &'static [&'static str],
        built: bool,
        consumer: Option<&'static [&'static str]>,
    }

    impl Work for Made {
        fn command(&self, program: &str, default: &[String]) -> Option<Vec<String>> {
            let own = self.consumer.filter(|_| program == "consumer").map(|words| words.iter().map(|word| (*word).to_owned()).collect());
            Some(own.unwrap_or_else(|| default.to_vec()))
        }

        fn is_built(&self) -> bool {
            self.built
        }

        fn speaks_of(&self, words: &[&str], _file: &Path) -> bool {
            words.iter().any(|word| self.spoken.contains(word))
        }
    }

    fn of(changed: &[&str], work: &Made) -> Vec<String> {
        let bindings = Bindings { run_id: "r".into(), seed: 1 };
        let lab = LabSource::parse("lab.yaml", LAB).unwrap().resolve(&bindings).unwrap();
        let changed: Vec<PathBuf> = changed.iter().map(PathBuf::from).collect();
        affected(&lab, &changed, work).into_iter().collect()
    }

    fn by(changed: &[&str]) -> Vec<String> {
        of(changed, &Made::default())
    }

    #[test]
    fn a_programs_own_file_affects_what_starts_it_and_what_comes_after() {
        assert_eq!(by(&["lab-90/producer.py"]), ["both", "looks", "sends"]);
        assert_eq!(by(&["lab-90/consumer.py"]), ["both", "reads"]);
        assert_eq!(by(&["lab-90/consumer.py", "lab-90/producer.py"]).len(), 4);
        let node = Made { consumer: Some(&["node", "./lab-90/consumer.js", "--fast"]), ..Made::default() };
        assert_eq!(of(&["lab-90/consumer.js"], &node), ["both", "reads"]);
        let script = Made { consumer: Some(&["./consume"]), ..Made::default() };
        assert_eq!(of(&["consume"], &script), ["both", "reads"]);
    }

    /// Commands that do not say which files they read.
    const OF_MORE_FILES: [&[&str]; 4] = [
        &["python", "-m", "lab_90.consumer"],
        &["go", "run", "lab-90/consumer.py"],
        &["make", "consumer"],
        &["bash", "-c", "python lab-90/consumer.py"],
    ];

    #[test]
    fn in_doubt_it_is_everything() {
        let others =
            ["requirements.txt", "kgrade.yaml", "lab-90/shared.py", "lab-90/data.json", "other/consumer.py", "lab-90/consumer.py.orig"];
        for file in others.into_iter().chain(["lab-90/__init__.py", "producer.py", "package.json"]) {
            assert_eq!(by(&[file]).len(), 4, "{file}");
            assert_eq!(by(&["lab-90/consumer.py", file]).len(), 4, "{file}");
        }
        let consumer = ["lab-90/consumer.py"];
        for word in ["consumer", "importlib", "glob", "subprocess"] {
            let spoken: &'static [&'static str] = Box::leak(Box::new([word]));
            assert_eq!(of(&consumer, &Made { spoken, ..Made::default() }).len(), 4, "another file may take it in: {word}");
        }
        assert_eq!(of(&consumer, &Made { built: true, ..Made::default() }).len(), 4, "something is built");
        for command in OF_MORE_FILES {
            let work = Made { consumer: Some(command), ..Made::default() };
            assert_eq!(of(&consumer, &work).len(), 4, "{command:?}");
        }
    }
}
