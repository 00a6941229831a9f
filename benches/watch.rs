//! How long a learner waits who has saved a file: from the time of the file to the first line of their program, which stands after the start of
//! Python, with the environment prepared and a broker that waits.
//!
//! `cargo bench --bench watch` saves twelve times; `cargo bench --bench watch -- 30` thirty times.
//! Numbers are worth reading only on a machine that does nothing else.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a program for people, not for learners")]

use std::fs;
use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::time::{Duration, UNIX_EPOCH};

use rustix::process::{Pid, Signal, kill_process};

/// The most that it should take.
const LIMIT_MS: u128 = 300;

const LAB: &str = "kgrade: 1
lab: lab-90
title: A program that says when it began
programs: { program: { default: [python, lab-90/program.py] } }
checks:
  - id: began
    title: The program ends well
    points: 100
    hint: It ends with a code.
    do: [ { run: { program: program, within: 60s } } ]
    expect: [ { exited: { instance: program, codes: [0] } } ]
";

fn main() {
    // `cargo test` starts benches too; only `cargo bench` means it.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let saves = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(12_usize).max(1);
    let folder = tempfile::tempdir().unwrap();
    let (checks, work, began) = (folder.path().join("checks"), folder.path().join("work"), folder.path().join("began"));
    fs::create_dir_all(checks.join("lab-90")).unwrap();
    fs::create_dir_all(work.join("lab-90")).unwrap();
    fs::write(checks.join("lab-90/lab.yaml"), LAB).unwrap();
    save(&work, &began, 0);
    let mut watch = Watch::start(&checks, &work);
    // The first grading may build the environment.
    watch.until_graded();
    let mut took: Vec<u128> = (1..=saves)
        .map(|nth| {
            watch.until_ready();
            fs::remove_file(&began).unwrap();
            save(&work, &began, nth);
            watch.until_graded();
            let saved = fs::metadata(work.join("lab-90/program.py")).unwrap().modified().unwrap();
            let first: u64 = fs::read_to_string(&began).unwrap().trim().parse().unwrap();
            let ms = (UNIX_EPOCH + Duration::from_nanos(first)).duration_since(saved).unwrap().as_millis();
            println!("save {nth} of {saves}: {ms} ms");
            ms
        })
        .collect();
    watch.end();
    took.sort_unstable();
    let median = took[took.len() / 2];
    println!(
        "\nfrom a save to the first line of the program: median {median} ms ({} to {} ms); at most {LIMIT_MS} ms are wanted",
        took[0],
        took[took.len() - 1]
    );
}

/// Saves a program that is another one each time.
fn save(work: &Path, began: &Path, nth: usize) {
    let text = format!("import time\nopen({:?}, 'w').write(str(time.time_ns()))\n# {nth}\n", began.display().to_string());
    fs::write(work.join("lab-90/program.py"), text).unwrap();
}

/// A kgrade that watches.
struct Watch {
    process: Child,
    output: Lines<BufReader<ChildStdout>>,
    log: Lines<BufReader<ChildStderr>>,
    ready: usize,
    graded: usize,
}

impl Watch {
    fn start(checks: &Path, work: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_kgrade"))
            .args(["watch", "--checks"])
            .arg(checks)
            .current_dir(work)
            .env_remove("KAFKA_BOOTSTRAP_SERVERS")
            .env("KGRADE_LOG", "kgrade::cli::watch=debug")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap()).lines();
        let log = BufReader::new(process.stderr.take().unwrap()).lines();
        Self { process, output, log, ready: 0, graded: 0 }
    }

    /// Waits until a grader is ready that has not graded yet.
    fn until_ready(&mut self) {
        while self.ready <= self.graded {
            let line = self.log.next().unwrap().unwrap();
            self.ready += usize::from(line.contains("a grader is ready"));
        }
    }

    fn until_graded(&mut self) {
        let passed = |line: &String| line.contains("all checks passed");
        self.output.by_ref().map(Result::unwrap).find(passed).expect("the program passes");
        self.graded += 1;
    }

    fn end(mut self) {
        kill_process(Pid::from_child(&self.process), Signal::TERM).unwrap();
        self.process.wait().unwrap();
    }
}
