//! A small course in a folder of its own: one lab, with two checks about two shell scripts.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

const COURSE: &str = "kgrade: 1
title: A small course
parts:
  - weeks: { from: 1, to: 1 }
    title: A week
    blocks:
      - days: { from: 1, to: 5 }
        title: Ending
        labs: [lab-90]
        tasks: [End programs]
        goals: [Know how to end]
        criteria:
          - Ended two programs
schedule: []
checkpoints:
  - after_week: 1
    lines:
      - line: Can end programs
        shown_by: [lab-90/first]
review_questions: []
hours_per_week: []
";

const LAB: &str = "kgrade: 1
lab: lab-90
title: Two programs that end
programs:
  first: { default: [sh, first.sh], env: { MODE: short } }
  second: { default: [sh, second.sh] }
checks:
  - id: first
    title: The first program ends well
    criterion: Ended two programs
    points: 60
    do: [ { run: { program: first, within: 20s } } ]
    expect: [ { exited: { instance: first, codes: [0] } } ]
    hint: Look at its exit code.
  - id: second
    title: The second program ends well
    criterion: Ended two programs
    points: 40
    do: [ { run: { program: second, within: 20s } } ]
    expect: [ { exited: { instance: second, codes: [0] } } ]
    hint: Look at its exit code.
";

const HANDOUT: &str = "# Two programs
They find `KAFKA_BOOTSTRAP_SERVERS` and `MODE` in their environment.
| check | points | |
|---|---|---|
| `first` | 60 | The first one ends with 0. |
| `second` | 40 | The second one, too. |
";

/// A course, and what kgrade says of it.
pub struct School {
    folder: TempDir,
}

/// What kgrade said.
pub struct Said {
    pub code: Option<i32>,
    /// Standard output, then standard error.
    pub text: String,
}

impl School {
    /// An empty folder.
    pub fn empty() -> Self {
        let school = Self { folder: tempfile::Builder::new().prefix("check-course-").tempdir().unwrap() };
        fs::create_dir(school.path("tmp")).unwrap();
        school
    }

    /// With a course in which nothing is wrong.
    pub fn new() -> Self {
        let school = Self::empty();
        school.write("course/course.yaml", COURSE);
        school.write("course/lab-90/lab.yaml", LAB);
        school.write("course/lab-90/handout.md", HANDOUT);
        school.programs("course/lab-90/starter", [1, 1]);
        school.programs("fixtures/lab-90/solution", [0, 0]);
        for (name, fails, ends) in [("first-fails", "first", [7, 0]), ("second-fails", "second", [0, 7])] {
            let folder = format!("fixtures/lab-90/mistakes/{name}");
            school.programs(&folder, ends);
            school.write(&format!("{folder}/expect.yaml"), &format!("mistake: {name}\nwhy: It ends with 7.\nfails: [{fails}]\n"));
        }
        school
    }

    /// The two scripts, ending with these codes.
    pub fn programs(&self, folder: &str, ends: [u8; 2]) {
        for (name, code) in ["first", "second"].iter().zip(ends) {
            self.write(&format!("{folder}/{name}.sh"), &format!("exit {code}\n"));
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Replaces what stands once in a file.
    pub fn change(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert_eq!(text.matches(from).count(), 1, "{from} in {name}");
        self.write(name, &text.replace(from, to));
    }

    pub fn remove(&self, name: &str) {
        let path = self.path(name);
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
    }

    /// Runs kgrade in the folder.
    pub fn kgrade(&self, arguments: &[&str]) -> Said {
        let output = self.command(arguments).output().unwrap();
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        assert!(!text.contains("panicked"), "{text}");
        Said { code: output.status.code(), text }
    }

    /// A kgrade in the folder, with a place of its own for temporary files.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kgrade"));
        command.env("LC_ALL", "C.UTF-8").env("NO_COLOR", "1").env("TMPDIR", self.path("tmp")).current_dir(self.folder.path());
        for name in ["KAFKA_BOOTSTRAP_SERVERS", "KGRADE_CHECKS", "KGRADE_LOG", "KGRADE_SANDBOX", "GITHUB_ACTIONS", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command.args(arguments);
        command
    }

    /// What lies where temporary files go.
    pub fn left(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("tmp")).unwrap().filter_map(Result::ok);
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }
}
