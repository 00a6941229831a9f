//! A learner's desk: labs that take no time, their work, and a kgrade that watches it in a terminal.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::terminal::Terminal;

/// Longer than anything takes on a machine that has much else to do.
const LIMIT: Duration = Duration::from_secs(300);
/// How often it is looked.
const LOOK: Duration = Duration::from_millis(40);

static MADE: AtomicUsize = AtomicUsize::new(0);

/// A program that is right.
pub const RIGHT: &str = "raise SystemExit(0)\n";
/// One that does not end.
pub const ENDLESS: &str = "import time\ntime.sleep(600)\n";

/// Two labs of two programs each, which say when they were started.
pub struct Desk {
    folder: tempfile::TempDir,
    /// What every process of this desk has in its environment.
    mark: String,
}

impl Desk {
    /// A desk with the work of lab-90: its first program is right, its second one fails.
    pub fn new() -> Self {
        let mark = format!("watch-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let desk = Self { folder: tempfile::Builder::new().prefix("kgrade-desk-").tempdir().unwrap(), mark };
        for (lab, title) in [("lab-90", "A lab of two programs"), ("lab-91", "The lab after it")] {
            let text = format!(
                "kgrade: 1\nlab: {lab}\ntitle: {title}\nprograms:\n  first: {{ default: [python, {lab}/first.py] }}\n  second: {{ default: [python, {lab}/second.py] }}\nchecks:\n\
                 {}{}",
                check("first", 40),
                check("second", 60)
            );
            desk.write(&format!("checks/{lab}/lab.yaml"), &text);
            desk.write(&format!("checks/{lab}/starter/{lab}/first.py"), "raise SystemExit(3)\n");
            desk.write(&format!("checks/{lab}/starter/{lab}/second.py"), "raise SystemExit(3)\n");
        }
        desk.saves("lab-90/first.py", RIGHT);
        desk.saves("lab-90/second.py", "raise SystemExit('it is not right yet')\n");
        desk
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// The folder of the work.
    pub fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// The folder of the labs.
    pub fn checks(&self) -> PathBuf {
        self.folder.path().join("checks")
    }

    /// Saves a file of the work, which adds a line to the list of starts when it is started.
    pub fn saves(&self, file: &str, text: &str) {
        self.write(
            &format!("work/{file}"),
            &format!("open({:?}, 'a').write({file:?} + '\\n')\n{text}", self.starts_file().display().to_string()),
        );
    }

    fn starts_file(&self) -> PathBuf {
        self.folder.path().join("starts")
    }

    /// How often a program was started.
    pub fn starts(&self, file: &str) -> usize {
        std::fs::read_to_string(self.starts_file()).unwrap_or_default().lines().filter(|line| *line == file).count()
    }

    /// A terminal with a kgrade that watches.
    pub fn watch(&self, size: (u16, u16), variables: &[(&str, &str)], arguments: &str) -> Terminal {
        let terminal = self.terminal(size, variables);
        self.types_watch(&terminal, arguments);
        terminal
    }

    /// A terminal with a shell at the desk. What kgrade makes below the folder of temporary files is made at this desk, so that it can be counted.
    pub fn terminal(&self, (columns, rows): (u16, u16), variables: &[(&str, &str)]) -> Terminal {
        std::fs::create_dir_all(self.temporary()).unwrap();
        let temporary = self.temporary().display().to_string();
        let own = [("TMPDIR", temporary.as_str()), ("KGRADE_TEST_DESK", self.mark.as_str())];
        Terminal::open(columns, rows, &self.work(), &[&own[..], variables].concat())
    }

    /// Types the command, and what the shell says when it is over.
    pub fn types_watch(&self, terminal: &Terminal, arguments: &str) {
        let kgrade = env!("CARGO_BIN_EXE_kgrade");
        terminal.types(&format!("clear; {kgrade} watch --checks {} {arguments}; echo \"the code is $?\"", self.checks().display()));
        terminal.press(&["Enter"]);
    }

    fn temporary(&self) -> PathBuf {
        self.folder.path().join("tmp")
    }

    /// The processes of this desk that have these words on their command lines; the shell and tmux are none.
    pub fn processes(&self, words: &[&str]) -> Vec<i32> {
        let mark = format!("KGRADE_TEST_DESK={}", self.mark);
        let folders = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
        let numbers = folders.filter_map(|folder| folder.file_name().to_str()?.parse::<i32>().ok());
        let is_ours = |pid: &i32| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let command = String::from_utf8_lossy(&command).replace('\0', " ");
            let outside = ["tmux", "sh "].iter().any(|name| command.starts_with(name)) || command.trim() == "sh";
            let marked = environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes());
            marked && !outside && words.iter().all(|word| command.contains(word))
        };
        numbers.filter(is_ours).collect()
    }

    /// Waits until this holds.
    pub fn waits_until(&self, what: &str, holds: impl Fn() -> bool) {
        let until = Instant::now() + LIMIT;
        while !holds() {
            assert!(Instant::now() < until, "{what} did not come about: {:?}", self.processes(&[]));
            std::thread::sleep(LOOK);
        }
    }

    /// Waits until nothing is left: no process, and no folder.
    pub fn is_left_clean(&self) {
        self.waits_until("the end of all processes", || self.processes(&[]).is_empty());
        self.waits_until("an empty folder of temporary files", || {
            // The broker's Java keeps a folder with its numbers, for all Javas of the user.
            let left = std::fs::read_dir(self.temporary()).unwrap().filter_map(Result::ok);
            left.filter(|entry| !entry.file_name().to_string_lossy().starts_with("hsperfdata")).count() == 0
        });
    }

    /// Ends processes at once.
    pub fn kills(&self, words: &[&str]) {
        for pid in self.processes(words) {
            let pid = rustix::process::Pid::from_raw(pid).unwrap();
            _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

fn check(id: &str, points: u32) -> String {
    format!(
        "  - {{ id: {id}, title: The {id} program ends well, points: {points}, hint: It ends with a code., \
         do: [ {{ run: {{ program: {id}, within: 60s }} }} ], expect: [ {{ exited: {{ instance: {id}, codes: [0] }} }} ] }}\n"
    )
}

/// Whether a folder holds what a learner's progress is kept in, with so many runs.
pub fn kept(work: &Path) -> usize {
    std::fs::read_to_string(work.join(".kgrade/progress.jsonl")).unwrap_or_default().lines().count()
}
