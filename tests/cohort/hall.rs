//! Where a cohort is graded: submissions, a place for results, and a stand-in for the kgrade that grades one.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use kgrade::cohort::journal::{self, Past};
use kgrade::report::cohort::{Cohort, State};
use tempfile::TempDir;

use crate::processes::{belonging_to, until};

/// A lab with one check, whose program is a shell script of the submission.
pub const LAB: &str = "
kgrade: 1
lab: lab-90
title: A short lab
programs: { program: { default: [sh, program.sh] } }
checks:
  - id: ends
    title: The program ends well
    points: 100
    hint: Let it end.
    do: [ { run: { program: program, within: 20s } } ]
    expect: [ { exited: { instance: program, codes: [0] } } ]
";

/// Does what the submission's file `how` says, and notes each grading in `graded` beside the cohort.
const STAND_IN: &str = r#"#!/bin/sh
for word in "$@"; do case $word in
  --submission=*) submission=${word#*=};;
  --learner=*) learner=${word#*=};;
  --full-evidence=*) into=$(dirname "${word#*=}");;
esac; done
how=$(cat "$submission/how")
case $how in broken-twice) echo "error: there is no Java $$" >&2; exit 3;; esac
echo ready
read go || exit 130
echo "$learner" >> "@HALL@/graded"
echo '{}' > "$into/evidence.jsonl"
take() { sed "s/\"learner\": [^,]*/\"learner\": \"$learner\"/" "@ROOT@/fixtures/outcomes/$1.json" > "$into/.new" && mv "$into/.new" "$into/result.json"; echo "<p>$learner" > "$into/report.html"; }
case $how in
  right) take full-pass; exit 0;;
  slow) sleep 0.2; take full-pass; exit 0;;
  wrong) take no-flush; exit 1;;
  hang) sleep 600;;
  crash) kill -9 $$;;
  once) if [ -e "@HALL@/once" ]; then take full-pass; exit 0; else touch "@HALL@/once"; echo 'error: the port was taken' >&2; exit 3; fi;;
  liar) echo '{"score": 100}' > "$into/result.json"; exit 0;;
esac
"#;

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub struct Hall {
    folder: TempDir,
}

impl Hall {
    /// With submissions, each with its file `how`.
    pub fn new(submissions: &[(&str, &str)]) -> Self {
        let folder = tempfile::Builder::new().prefix("cohort-").tempdir().unwrap();
        let hall = Self { folder };
        for name in ["cohort", "tmp"] {
            fs::create_dir(hall.path(name)).unwrap();
        }
        let stand_in = STAND_IN.replace("@HALL@", hall.folder.path().to_str().unwrap()).replace("@ROOT@", root().to_str().unwrap());
        hall.write("stand-in", stand_in);
        fs::set_permissions(hall.path("stand-in"), fs::Permissions::from_mode(0o755)).unwrap();
        for (id, how) in submissions {
            hall.write(&format!("cohort/{id}/how"), how);
        }
        hall
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// `kgrade` in the surroundings of this hall.
    pub fn kgrade(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kgrade"));
        command.current_dir(self.folder.path()).env("TMPDIR", self.path("tmp")).stdin(Stdio::null()).args(words);
        for name in ["KAFKA_BOOTSTRAP_SERVERS", "KGRADE_CHECKS", "KGRADE_LATE", "KGRADE_LOG", "GITHUB_ACTIONS"] {
            command.env_remove(name);
        }
        command
    }

    /// `kgrade batch` with the stand-in, of `cohort` into `out`.
    pub fn batch(&self, words: &[&str]) -> Command {
        let mut command = self.kgrade(&["batch", "lab-02", "cohort", "--out", "out", "--sandbox", "none", "--kgrade"]);
        command.arg(self.path("stand-in")).args(words);
        command
    }

    /// What a command said, when it ended with this code.
    pub fn ends(&self, mut command: Command, code: i32) -> String {
        let Output { status, stdout, stderr } = command.output().unwrap();
        let said = format!("{}{}", String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
        assert_eq!(status.code(), Some(code), "{said}");
        assert!(!said.contains("panicked"), "{said}");
        said
    }

    pub fn start(&self, mut command: Command) -> Child {
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// How often each submission was graded, by the stand-in's notes.
    pub fn gradings(&self) -> BTreeMap<String, usize> {
        let text = fs::read_to_string(self.path("graded")).unwrap_or_default();
        text.lines().fold(BTreeMap::new(), |mut counts, id| {
            *counts.entry(id.to_owned()).or_default() += 1;
            counts
        })
    }

    pub fn journal(&self, out: &str) -> Past {
        journal::read(&fs::read(self.path(out).join("journal.jsonl")).unwrap_or_default()).unwrap().0
    }

    pub fn cohort(&self, out: &str) -> Cohort {
        Cohort::read(&fs::read_to_string(self.path(out).join("cohort.json")).unwrap()).unwrap()
    }

    /// The state, the score and the reason of each submission.
    pub fn told(&self, out: &str) -> BTreeMap<String, (State, Option<u32>, String)> {
        let entries = self.cohort(out).submissions.into_iter();
        entries.map(|entry| (entry.id, (entry.state, entry.graded.map(|graded| graded.score), entry.why.unwrap_or_default()))).collect()
    }

    /// Waits until nothing of this hall runs any more, and looks that nothing was left in hand.
    pub fn assert_clean(&self) {
        let mut left = Vec::new();
        let begun = std::time::Instant::now();
        while begun.elapsed().as_secs() < 30 {
            left = belonging_to(self.folder.path());
            left.retain(|(_, command)| !command.contains("git maintenance"));
            if left.is_empty() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        assert!(left.is_empty(), "these still run: {left:?}");
        let temporary = || names(&self.path("tmp")).into_iter().filter(|name| name.starts_with("kgrade-")).collect::<Vec<_>>();
        until("the private folders are gone", || temporary().is_empty().then_some(()));
    }
}

/// The names in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.collect();
    names.sort();
    names
}
