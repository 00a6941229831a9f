//! However it ends: the terminal is as it was, and nothing is left.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::Test;
use super::desk::{Desk, ENDLESS, RIGHT};

pub const TESTS: &[Test] = &[
    ("the_terminal_is_given_back_at_the_end_and_at_a_pause", given_back),
    ("a_closed_terminal_leaves_nothing", closed),
    ("a_watch_that_is_killed_leaves_nothing", killed),
];

/// Those that need no terminal.
pub const PLAIN: &[Test] = &[("without_a_terminal_it_prints_plain_lines", piped)];

fn pid(desk: &Desk) -> Pid {
    Pid::from_raw(*desk.processes(&[" watch --checks "]).first().unwrap()).unwrap()
}

fn given_back() {
    let desk = Desk::new();
    let terminal = desk.terminal((80, 30), &[]);
    let before = terminal.settings();
    desk.types_watch(&terminal, "");
    terminal.shows("1 of 2 checks passed");
    terminal.press(&["C-z"]);
    terminal.shows("Stopped");
    assert_eq!(terminal.settings(), before);
    terminal.types("fg");
    terminal.press(&["Enter"]);
    terminal.waits_for("the page again", |screen| screen.contains("1 of 2 checks passed") && !screen.contains("Stopped"));
    terminal.press(&["l"]);
    terminal.shows("first: passed");
    // Stopped from outside: it goes on as if nothing had been.
    kill_process(pid(&desk), Signal::STOP).unwrap();
    terminal.shows("Stopped");
    terminal.types("fg");
    terminal.press(&["Enter"]);
    terminal.waits_for("the page again", |screen| screen.contains("first: passed") && !screen.contains("Stopped"));
    terminal.press(&["?"]);
    terminal.shows("so does Ctrl-C");
    for end in ["C-c", "SIGTERM"] {
        if end == "C-c" {
            terminal.press(&["C-c"]);
            // What stood after the command on its line was done when it was paused.
            desk.waits_until("the end", || desk.processes(&[" watch --checks "]).is_empty());
            terminal.types("echo \"the code is $?\"");
            terminal.press(&["Enter"]);
        } else {
            desk.types_watch(&terminal, "");
            terminal.has_graded("1 of 2 checks passed");
            kill_process(pid(&desk), Signal::TERM).unwrap();
        }
        terminal.waits_for("the end", |screen| screen.contains("the code is 0"));
        assert_eq!(terminal.settings(), before, "{end}");
        desk.is_left_clean();
    }
}

fn closed() {
    let desk = Desk::new();
    desk.saves("lab-90/second.py", ENDLESS);
    let terminal = desk.watch((80, 30), &[], "");
    terminal.shows("grading: 1 of 2 checks done");
    terminal.close();
    desk.is_left_clean();
}

fn killed() {
    let desk = Desk::new();
    desk.saves("lab-90/second.py", ENDLESS);
    let terminal = desk.watch((80, 30), &[], "");
    terminal.shows("grading: 1 of 2 checks done");
    kill_process(pid(&desk), Signal::KILL).unwrap();
    desk.is_left_clean();
}

fn piped() {
    let desk = Desk::new();
    let temporary = tempfile::tempdir().unwrap();
    let mut watch = Command::new(env!("CARGO_BIN_EXE_kgrade"))
        .args(["watch", "--checks"])
        .arg(desk.checks())
        .current_dir(desk.work())
        .env("TMPDIR", temporary.path())
        .env("LC_ALL", "C.UTF-8")
        .env_remove("KAFKA_BOOTSTRAP_SERVERS")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let mut all = String::new();
    let mut until = |word: &str| {
        for line in lines.by_ref() {
            let line = line.unwrap();
            all.push_str(&line);
            all.push('\n');
            if line.contains(word) {
                return;
            }
        }
        panic!("{word} did not come:\n{all}");
    };
    until("1 of 2 checks passed");
    until("Ctrl-C ends");
    desk.saves("lab-90/second.py", RIGHT);
    until("all checks passed: next is lab-91");
    kill_process(Pid::from_child(&watch), Signal::TERM).unwrap();
    until_end(&mut lines, &mut all);
    assert!(!all.contains('\x1b') && !all.contains('\r'), "{all}");
    assert!(watch.wait().unwrap().success());
    let mut errors = String::new();
    watch.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!(errors, "");
    let left = std::fs::read_dir(temporary.path()).unwrap().filter_map(Result::ok);
    let left: Vec<_> = left.map(|entry| entry.file_name()).filter(|name| !name.to_string_lossy().starts_with("hsperfdata")).collect();
    assert!(left.is_empty(), "{left:?}");
}

fn until_end(lines: &mut impl Iterator<Item = std::io::Result<String>>, all: &mut String) {
    for line in lines {
        all.push_str(&line.unwrap());
        all.push('\n');
    }
}
