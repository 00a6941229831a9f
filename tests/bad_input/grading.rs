//! One `kgrade` run by a test: a submission, a lab, a folder of its own for temporary files, and what came of it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use quick_junit::Report;
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::processes::{belonging_to, peak_memory, send, until};

/// The repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where a run takes place. Everything that kgrade makes for itself lands in `tmp`, so what it leaves behind is easily seen.
pub struct Bench {
    folder: TempDir,
}

impl Bench {
    /// With an empty submission.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("bad-input-").tempdir().unwrap();
        for name in ["submission", "tmp", "out"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    /// With a copy of lab-02's solution.
    pub fn with_solution() -> Self {
        let bench = Self::new();
        for program in ["producer.py", "consumer.py"] {
            bench.write(&format!("submission/lab-02/{program}"), solution(program));
        }
        bench
    }

    /// With the lab `lab.yaml`, whose only program is this shell script.
    pub fn with_program(lab: &str, script: &str) -> Self {
        let bench = Self::new();
        bench.write("lab.yaml", lab);
        bench.write("submission/lab-90/program.sh", script);
        bench
    }

    /// A path in the bench.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, with the folders above it.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// The text of a file.
    pub fn read(&self, name: &str) -> String {
        String::from_utf8(fs::read(self.path(name)).unwrap()).unwrap()
    }

    /// `kgrade LAB --submission …`; `lab.yaml` means the bench's own.
    pub fn command(&self, lab: &str) -> Command {
        let mut command = self.kgrade();
        command.arg(if lab == "lab.yaml" { self.path(lab) } else { lab.into() }).arg("--submission").arg(self.path("submission"));
        command
    }

    /// `kgrade` in this bench's surroundings.
    pub fn kgrade(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kgrade"));
        command.current_dir(self.path("out")).env("TMPDIR", self.path("tmp")).stdin(Stdio::null());
        for name in ["KAFKA_BOOTSTRAP_SERVERS", "KGRADE_CHECKS", "KGRADE_LOG", "GITHUB_ACTIONS"] {
            command.env_remove(name);
        }
        command
    }

    /// `kgrade LAB` with both reports in `out`.
    pub fn reporting(&self, lab: &str) -> Command {
        let mut command = self.command(lab);
        command.args(["--report", "json=report.json", "--report", "junit=report.xml"]);
        command
    }

    /// Starts it, with its output in files.
    pub fn start(&self, mut command: Command) -> Running<'_> {
        let file = |name: &str| File::create(self.path(name)).unwrap();
        command.stdout(file("stdout")).stderr(file("stderr"));
        Running { child: command.spawn().unwrap(), bench: self, peak: 0 }
    }

    /// Runs it to its end.
    pub fn run(&self, command: Command) -> Ended {
        self.start(command).ended()
    }

    /// The working directory of the programs, once it is there.
    pub fn work(&self) -> Option<PathBuf> {
        self.private("kgrade-run-").map(|folder| folder.join("work"))
    }

    /// How many files with names like this the programs have made.
    pub fn made(&self, prefix: &str) -> usize {
        let entries = self.work().and_then(|folder| fs::read_dir(folder).ok());
        entries
            .into_iter()
            .flatten()
            .filter(|entry| entry.as_ref().is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with(prefix)))
            .count()
    }

    /// The private folder of the broker, once it is there.
    pub fn broker_folder(&self) -> Option<PathBuf> {
        self.private("kgrade-broker-")
    }

    fn private(&self, prefix: &str) -> Option<PathBuf> {
        let name = names(&self.path("tmp")).into_iter().find(|name| name.starts_with(prefix))?;
        Some(self.path("tmp").join(name))
    }

    /// The JSON report, valid by its schema.
    pub fn json(&self) -> Value {
        let report: Value = serde_json::from_str(&self.read("out/report.json")).unwrap();
        let schema = serde_json::from_str(&fs::read_to_string(root().join("checks/schema/outcome.v1.json")).unwrap()).unwrap();
        let wrong: Vec<_> = jsonschema::validator_for(&schema).unwrap().iter_errors(&report).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
        report
    }

    /// The JUnit report, as a reader of such files sees it.
    pub fn junit(&self) -> Report {
        Report::deserialize_from_str(&self.read("out/report.xml")).unwrap()
    }

    /// Fails the test when the run left a process or a private folder, or changes soon.
    pub fn assert_clean(&self) {
        let left = || belonging_to(&self.path("tmp"));
        // The watchdog works on for a moment after a kgrade that was killed.
        until(&format!("no process is left, of {:?}", left()), || left().is_empty().then_some(()));
        until("no private folder is left", || names(&self.path("tmp")).is_empty().then_some(()));
    }
}

/// The names in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A file of lab-02's solution.
pub fn solution(program: &str) -> String {
    fs::read_to_string(root().join("fixtures/lab-02/solution/lab-02").join(program)).unwrap()
}

/// The verdicts of a report, by check.
pub fn verdicts(report: &Value) -> Vec<(&str, &str)> {
    let checks = report["checks"].as_array().unwrap().iter();
    checks.map(|check| (check["id"].as_str().unwrap(), check["verdict"].as_str().unwrap())).collect()
}

/// A check of a report.
pub fn check<'a>(report: &'a Value, id: &str) -> &'a Value {
    report["checks"].as_array().unwrap().iter().find(|check| check["id"] == id).unwrap()
}

/// A kgrade that runs; killed with the test.
pub struct Running<'a> {
    child: Child,
    bench: &'a Bench,
    peak: u64,
}

impl Running<'_> {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub fn send(&self, signal: Signal) {
        send(self.pid(), signal);
    }

    /// What it has said so far on standard error.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.bench.path("stderr")).unwrap()).into_owned()
    }

    /// Waits for something that must happen while it runs.
    pub fn until<T>(&mut self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        until(what, || {
            let found = look();
            if found.is_none()
                && let Some(status) = self.child.try_wait().unwrap()
            {
                panic!("kgrade ended with {status} before this: {what}\n{}", self.said());
            }
            found
        })
    }

    /// Waits for its end.
    pub fn ended(mut self) -> Ended {
        let status = until("kgrade ends", || {
            self.peak = self.peak.max(peak_memory(self.child.id()).unwrap_or(0));
            self.child.try_wait().unwrap()
        });
        let text = |name: &str| String::from_utf8_lossy(&fs::read(self.bench.path(name)).unwrap()).into_owned();
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        Ended { code: status.code(), signal, stdout: text("stdout"), stderr: text("stderr"), peak: self.peak }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // Its watchdog removes the rest.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a kgrade ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    /// The most memory it held, in bytes.
    pub peak: u64,
}

impl Ended {
    /// Fails the test when it ended otherwise, or said none of these words on standard error.
    pub fn expect(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{self}");
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is not said: {self}");
        }
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit {:?}, signal {:?}\n--- stdout\n{}\n--- stderr\n{}", self.code, self.signal, self.stdout, self.stderr)
    }
}
