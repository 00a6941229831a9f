//! The HTML report: what it looks like, that it tells what the outcome tells, and that no text of a learner gets out of its place.
//!
//! `SNAPSHOTS=overwrite cargo test --test page` writes the expected pages anew; `KGRADE_SCREENSHOTS=FOLDER` keeps what the browser shows.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test says what is wrong by panicking")]

#[path = "../timeline/browser.rs"]
mod browser;
mod hostile;
mod opened;
mod parsed;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use kgrade::outcome::Outcome;
use kgrade::report::timeline::Picture;
use kgrade::report::{Graded, html, json};
use libtest_mimic::{Arguments, Trial};
use snapbox::data::DataFormat;
use snapbox::{Assert, Data};

fn main() -> ExitCode {
    let own: [(&str, fn()); 2] =
        [("looks_as_expected", looks_as_expected), ("the_same_run_gives_the_same_page", the_same_run_gives_the_same_page)];
    let plain = own.into_iter().chain(parsed::TESTS.iter().copied());
    let mut trials: Vec<Trial> = plain
        .map(|(name, test)| {
            Trial::test(name, move || {
                test();
                Ok(())
            })
        })
        .collect();
    let browser = browser::find();
    if browser.is_none() {
        eprintln!("some tests are ignored: there is no Chromium. Install it (apt-get install chromium), or name it in KGRADE_CHROMIUM");
    }
    for (name, test) in opened::TESTS {
        let found = browser.clone();
        let trial = Trial::test(format!("browser::{name}"), move || {
            test(&mut browser::Page::open(&found.ok_or("there is no Chromium")?));
            Ok(())
        });
        trials.push(trial.with_ignored_flag(browser.is_none()));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// An outcome of `fixtures/outcomes`.
fn fixture(name: &str) -> Outcome {
    json::read(&std::fs::read_to_string(root().join(format!("fixtures/outcomes/{name}.json"))).unwrap()).unwrap()
}

fn page(outcome: &Outcome, pictures: &[Picture]) -> String {
    html::render(&Graded { outcome, pictures }).unwrap()
}

/// The page of a real run with a failed check, as `kgrade replay` writes it.
fn replayed() -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.html");
    let mut command = Command::new(env!("CARGO_BIN_EXE_kgrade"));
    command.current_dir(root()).env_clear().env("LC_ALL", "C.UTF-8").args(["replay", "fixtures/timeline/auto-commit.jsonl", "--report"]);
    let output = command.arg(format!("html={}", path.display())).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read_to_string(path).unwrap()
}

fn the_same_run_gives_the_same_page() {
    let page = replayed();
    assert_eq!(page, replayed());
    assert_eq!(page.matches("<figure>").count(), 1, "what failed is drawn");
    assert!(page.contains("point commit-ahead"), "with the commit that went too far");
}

fn looks_as_expected() {
    for name in ["commit-and-key", "hostile"] {
        let path = root().join(format!("fixtures/outcomes/{name}.html"));
        let expected = Data::read_from(&path, Some(DataFormat::Text)).raw();
        // What all pages share is looked at in a browser; here it would hide what changed.
        let page = page(&fixture(name), &[]);
        let (head, body) = page.split_once("<body>").unwrap();
        let (body, _) = body.split_once("<script>").unwrap();
        let (_, title) = head.split_once("<title>").unwrap();
        let (title, _) = title.split_once("\n<style>").unwrap();
        Assert::new().action_env("SNAPSHOTS").eq(Data::text(format!("<title>{title}\n<body>{body}")).raw(), expected);
    }
}
