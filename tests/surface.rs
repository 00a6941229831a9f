//! The command line as people and scripts know it: every help text, the generated files, and what the commands that need no broker say and
//! how they exit.
//!
//! `SNAPSHOTS=overwrite cargo test --test surface` writes the expected files anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::CommandFactory as _;
use kgrade::cli::Cli;
use kgrade::exit;
use snapbox::data::DataFormat;
use snapbox::{Assert, Data};

/// kgrade on a machine that has nothing: no Java, no Python, no Kafka, an empty cache.
struct Bare {
    folder: tempfile::TempDir,
}

struct Said {
    code: u8,
    stdout: String,
    stderr: String,
}

impl Bare {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn run(&self, arguments: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kgrade"));
        command.env_clear().env("LC_ALL", "C.UTF-8").env("PATH", self.folder.path()).env("HOME", self.folder.path());
        let output = command.env("KGRADE_CACHE", self.cache()).current_dir(self.folder.path()).args(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = output.status.code().and_then(|code| u8::try_from(code).ok());
        let said = Said { code: code.expect("an exit code"), stdout: text(output.stdout), stderr: text(output.stderr) };
        assert!(!said.stderr.contains("panicked"), "{}", said.stderr);
        said
    }

    /// Runs it and looks at the exit code, and that every text is in what it said.
    fn says(&self, arguments: &[&str], code: u8, texts: &[&str]) -> Said {
        let said = self.run(arguments);
        let shown = format!("kgrade {}\n{}\n{}", arguments.join(" "), said.stdout, said.stderr);
        assert_eq!(said.code, code, "{shown}");
        for text in texts {
            assert!(said.stdout.contains(text) || said.stderr.contains(text), "`{text}` is not in: {shown}");
        }
        // Results go to standard output, problems to standard error.
        assert_eq!(said.stdout.is_empty(), code != exit::ALL_PASSED, "{shown}");
        assert!(!self.cache().exists(), "nothing is fetched or prepared by: {shown}");
        said
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn expect(actual: &str, path: &str) {
    let expected = Data::read_from(&root().join(path), Some(DataFormat::Text)).raw();
    Assert::new().action_env("SNAPSHOTS").eq(Data::text(actual.to_owned()).raw(), expected);
}

#[test]
fn every_help_text_is_the_one_checked_in() {
    let bare = Bare::new();
    let commands = Cli::command();
    let mut asked = vec![vec!["--help"]];
    asked.extend(commands.get_subcommands().map(|command| vec![command.get_name(), "--help"]));
    assert!(asked.len() > 6, "only {asked:?}");
    let text: String = asked
        .iter()
        .map(|arguments| {
            format!("$ kgrade {}\n{}\n", arguments.join(" "), bare.says(arguments, exit::ALL_PASSED, &["Usage: kgrade"]).stdout)
        })
        .collect();
    expect(&text, "tests/surface/help.txt");
}

#[test]
fn generated_files_are_what_kgrade_makes() {
    let bare = Bare::new();
    for (arguments, path) in [
        (vec!["schema", "lab"], "checks/schema/lab.v1.json"),
        (vec!["schema", "outcome"], "checks/schema/outcome.v1.json"),
        (vec!["schema", "cohort"], "checks/schema/cohort.v1.json"),
        (vec!["schema", "progress"], "checks/schema/progress.v1.json"),
        (vec!["schema", "status"], "checks/schema/status.v1.json"),
        (vec!["schema", "checkpoint"], "checks/schema/checkpoint.v1.json"),
        (vec!["schema", "doctor"], "checks/schema/doctor.v1.json"),
        (vec!["explain", "--all"], "docs/kinds.md"),
    ] {
        let made = bare.says(&arguments, exit::ALL_PASSED, &[]).stdout;
        let there = std::fs::read_to_string(root().join(path)).unwrap_or_default();
        if made != there && std::env::var_os("SNAPSHOTS").is_none() {
            panic!("{path} is out of date; write it anew with: cargo run -- {} > {path}", arguments.join(" "));
        }
        expect(&made, path);
    }
}

#[test]
fn looking_at_labs_needs_no_broker() {
    let bare = Bare::new();
    bare.says(&["--version"], exit::ALL_PASSED, &[env!("CARGO_PKG_VERSION")]);
    bare.says(&["list"], exit::ALL_PASSED, &["lab-02", "(100 points)", "manual-commit", "checks/lab-02/lab.yaml:"]);
    bare.says(&["list", "lab-02"], exit::ALL_PASSED, &["graceful-stop"]);
    bare.says(&["plan", "lab-02"], exit::ALL_PASSED, &["7 checks, 100 points", "partitions: 6"]);
    bare.says(&["plan", "lab-02", "--only", "bad-json"], exit::ALL_PASSED, &["1 check, 10 points"]);
    bare.says(&["explain"], exit::ALL_PASSED, &["committed", "reset-offsets"]);
    bare.says(&["explain", "topic"], exit::ALL_PASSED, &["`partitions`", "```yaml"]);
    bare.says(&["lint"], exit::ALL_PASSED, &["lab-02: nothing to say"]);
    bare.says(&["schema"], exit::ALL_PASSED, &["\"$schema\""]);
}

#[test]
fn the_same_seed_plans_the_same() {
    let bare = Bare::new();
    let plan = |seed| bare.says(&["plan", "lab-02", "--seed", seed], exit::ALL_PASSED, &[]).stdout;
    assert_eq!(plan("7"), plan("7"));
    assert_ne!(plan("7"), plan("8"), "which delivery is held is drawn from the seed");
}

#[test]
fn slips_on_the_command_line_are_told_with_advice() {
    let bare = Bare::new();
    bare.says(&["lab-2"], exit::USAGE, &["there is no lab `lab-2`", "did you mean `lab-02`?"]);
    bare.says(&["plan", "lab-2"], exit::USAGE, &["did you mean `lab-02`?"]);
    bare.says(&["explain", "comitted"], exit::USAGE, &["there is no kind `comitted`", "did you mean `committed`?"]);
    bare.says(&["lab-02", "--only", "keyd"], exit::USAGE, &["there is no check and no tag `keyd`", "`keyed`"]);
    bare.says(&["lab-02", "--only", "lab.yaml:1"], exit::NOTHING_SELECTED, &["no check stands at lab.yaml:1"]);
    bare.says(&["plan", "lab-02", "--only", "lab.yaml:1"], exit::NOTHING_SELECTED, &["kgrade list lab-02"]);
    bare.says(&["lab-02", "--cluster", "localhost"], exit::USAGE, &["`localhost` has no port"]);
    bare.says(&["lab-02", "--report", "pdf=a.pdf"], exit::USAGE, &["pdf", "json"]);
    bare.says(&["tap", "--upstream", "localhost"], exit::USAGE, &["`localhost` has no port", "HOST:PORT"]);
    bare.says(&["tap", "--upstream", "localhost:9092", "--api", "Comit"], exit::USAGE, &["Kafka has no such request", "OffsetCommit"]);
    bare.says(&["tap", "--upstream", "localhost:9092", "--listen", "0.0.0.0:1"], exit::USAGE, &["for this machine only"]);
    bare.says(
        &["tap", "--upstream", "127.0.0.1:1"],
        exit::ENVIRONMENT,
        &["no Kafka answers at 127.0.0.1:1", "nc -vz 127.0.0.1 1", "kgrade up"],
    );
    bare.says(&["lab-02", "--jobs", "0"], exit::USAGE, &["--jobs"]);
    bare.says(&["lab-02", "--no-such-option"], exit::USAGE, &["--no-such-option"]);
    bare.says(&[], exit::USAGE, &["Usage: kgrade", "`kgrade watch`", "`kgrade --help`"]);
}

#[test]
fn paths_that_cannot_be_used_are_named_before_anything_is_graded() {
    let bare = Bare::new();
    bare.says(&["lab-02", "--report", "json=no/such/folder/a.json"], exit::USAGE, &["no/such/folder"]);
    bare.says(&["lab-02", "--evidence", "no/such/folder/e.jsonl"], exit::USAGE, &["no/such/folder"]);
    bare.says(&["lab-02", "--submission", "no/such/folder"], exit::ENVIRONMENT, &["no/such/folder"]);
    bare.says(&["list", "--checks", "no/such/folder"], exit::USAGE, &["no/such/folder"]);
    bare.says(&["replay", "no-such-file"], exit::USAGE, &["no-such-file"]);
    let empty = bare.file("empty.jsonl", "");
    bare.says(&["replay", &empty], exit::USAGE, &["empty", "--evidence FILE"]);
    bare.says(&["timeline", "no-such-file"], exit::USAGE, &["no-such-file", "--evidence FILE"]);
    bare.says(&["timeline", &empty], exit::USAGE, &["empty", "--evidence FILE"]);
    let report = bare.file("report.xml", "<testsuites/>\n");
    bare.says(&["timeline", &report], exit::USAGE, &["report.xml", "no evidence of a run", "--evidence FILE"]);
    bare.says(&["timeline", &empty, "--html", "no/such/folder/a.html"], exit::USAGE, &["no/such/folder"]);
    bare.says(&["timeline", &empty, "--width", "5"], exit::USAGE, &["40..=400"]);
    let other = bare.file("other.jsonl", "{\"schema\": \"other/v9\"}\n");
    bare.says(&["replay", &other], exit::USAGE, &["other/v9"]);
    bare.says(&["timeline", &other], exit::USAGE, &["other/v9", "use the kgrade version that wrote it"]);
}

#[test]
fn a_wrong_lab_file_is_shown_with_its_place_by_every_command() {
    let lab = std::fs::read_to_string(root().join("checks/lab-02/lab.yaml")).unwrap();
    let at = 1 + lab.lines().position(|line| line.contains("title: First producer")).unwrap();
    let bare = Bare::new();
    let path = bare.file("wrong.yaml", &lab.replacen("title: First", "tilte: First", 1));
    let place = format!("{}:{at}:1", Path::new(&path).display());
    for arguments in [vec!["lint", &path], vec!["plan", &path], vec!["list", &path], vec![&path]] {
        bare.says(&arguments, exit::USAGE, &[&place, "tilte", "did you mean `title`?"]);
    }
}

#[test]
fn init_writes_what_a_lab_begins_with_and_nothing_twice() {
    let bare = Bare::new();
    bare.says(
        &["init", "lab-02", "work"],
        exit::ALL_PASSED,
        &[
            "wrote  work/lab-02/producer.py",
            "wrote  work/kgrade.yaml",
            "wrote  work/requirements.txt",
            "next   kgrade show lab-02 --submission work",
            "kgrade watch lab-02 --submission work",
        ],
    );
    let mine = bare.folder.path().join("work/lab-02/producer.py");
    std::fs::write(&mine, "mine").unwrap();
    bare.says(&["init", "lab-02", "work"], exit::ALL_PASSED, &["kept   work/lab-02/producer.py  (it was there already)"]);
    assert_eq!(std::fs::read_to_string(mine).unwrap(), "mine");
    bare.says(
        &["init", "lab-03", "work"],
        exit::ALL_PASSED,
        &["kept   work/kgrade.yaml", "what kgrade.yaml does not name for lab-03 runs by the lab's own commands"],
    );
    bare.says(&["init", "lab-2"], exit::USAGE, &["there is no lab `lab-2`; did you mean `lab-02`?"]);
    bare.file("occupied", "a file");
    bare.says(&["init", "lab-02", "occupied"], exit::ENVIRONMENT, &["cannot make the folder occupied/lab-02"]);
}

#[test]
fn lint_knows_the_lines_of_the_course() {
    let bare = Bare::new();
    let checks = bare.folder.path().join("checks");
    std::fs::create_dir_all(checks.join("relay")).unwrap();
    std::fs::copy(root().join("checks/course.yaml"), checks.join("course.yaml")).unwrap();
    let lab = "kgrade: 1\nlab: relay\ntitle: Relay\nchecks:\n  - { id: a, title: A, points: 100, hint: Look., criterion: Set up a development environment, \
               expect: [ { topic: { name: t, partitions: 3 } } ] }\n";
    std::fs::write(checks.join("relay/lab.yaml"), lab).unwrap();
    bare.says(&["lint", "--checks", "checks"], exit::USAGE, &["KG-L052", "did you mean \"Set up development environment\"?"]);
}
