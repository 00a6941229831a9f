//! `kgrade timeline` on a recorded run: what it says in a terminal, and the page in a real browser.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test says what is wrong by panicking")]

mod browser;
mod page;

use std::path::PathBuf;
use std::process::{Command, ExitCode, Output};

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let trial = |name: &str, test: fn()| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    };
    let mut trials = vec![
        trial("shows_the_failed_check_with_the_mistake", shows_the_failed_check_with_the_mistake),
        trial("any_width_will_do", any_width_will_do),
        trial("the_wire_is_told_around_the_mistake", the_wire_is_told_around_the_mistake),
        trial("a_check_that_is_not_there_is_told_with_advice", a_check_that_is_not_there_is_told_with_advice),
        trial("a_page_goes_to_a_file_or_to_standard_output", a_page_goes_to_a_file_or_to_standard_output),
    ];
    let browser = browser::find();
    if browser.is_none() {
        eprintln!(
            "the tests of the page are ignored: there is no Chromium. Install it (apt-get install chromium), or name it in KGRADE_CHROMIUM"
        );
    }
    for (name, test) in page::TESTS {
        let browser = browser.clone();
        let trial = Trial::test(format!("page::{name}"), {
            let browser = browser.clone();
            move || {
                test(&mut page::Opened::new(&browser.ok_or("there is no Chromium")?));
                Ok(())
            }
        });
        trials.push(trial.with_ignored_flag(browser.is_none()));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A real run of a consumer that leaves commits to its client, recorded with everything that crossed the wire.
fn recorded() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/timeline/auto-commit.jsonl")
}

fn timeline(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kgrade"));
    command.env_clear().env("LC_ALL", "C.UTF-8").arg("timeline").arg(recorded()).args(arguments);
    command.output().unwrap()
}

fn text(arguments: &[&str]) -> String {
    let output = timeline(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn shows_the_failed_check_with_the_mistake() {
    let all = text(&[]);
    assert!(all.starts_with("✗ manual-commit  0/25"), "{all}");
    let flag = all.lines().position(|line| line.contains("the mistake, at ")).expect("a flag");
    let column = |line: usize, sign: char| all.lines().nth(line).unwrap().chars().position(|other| other == sign);
    // The flag points at the commit that went too far, right below the delivery that was still going on.
    assert_eq!(column(flag, '▲'), column(flag - 1, '▶'), "{all}");
    assert!(all.lines().nth(flag - 2).unwrap().contains('▒'), "{all}");
    assert_eq!(text(&["--check", "manual-commit"]), all);
}

fn any_width_will_do() {
    for width in ["40", "44", "80", "120", "400"] {
        let drawn = text(&["--width", width]);
        let widest = drawn.lines().map(console::measure_text_width).max().unwrap();
        assert!(widest <= width.parse().unwrap(), "{widest} columns of {width}:\n{drawn}");
    }
}

fn the_wire_is_told_around_the_mistake() {
    let told = text(&["--wire"]);
    let (_, exchanges) = told.split_once("between program and broker\n").expect("the exchanges");
    assert!(exchanges.contains("OffsetCommit"), "{exchanges}");
    assert!(exchanges.lines().count() < 200, "{exchanges}");
}

fn a_check_that_is_not_there_is_told_with_advice() {
    let output = timeline(&["--check", "manual-comit"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("holds no check `manual-comit`; did you mean `manual-commit`?"), "{said}");
}

fn a_page_goes_to_a_file_or_to_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.html");
    let said = text(&["--html", path.to_str().unwrap()]);
    assert!(said.contains("a.html: open it in a browser"), "{said}");
    assert_eq!(std::fs::read_to_string(path).unwrap(), text(&["--html", "-"]));
}
