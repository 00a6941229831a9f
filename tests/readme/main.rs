//! What README.md and docs/ say is so: transcripts are run, YAML is linted, the tutorial is graded, tables and links are checked.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod commands;
mod markdown;
mod tables;
mod transcript;
mod tutorial;
mod yaml;

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The pages a person reads, relative to the root.
fn pages() -> Vec<String> {
    let mut found = vec!["README.md".to_owned(), "docker/README.md".to_owned()];
    for folder in ["docs", "docs/decisions"] {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        found.extend(names.filter(|name| name.ends_with(".md")).map(|name| format!("{folder}/{name}")));
    }
    found.sort();
    found
}

/// A kgrade that is not told anything by the environment of the test.
fn kgrade() -> std::process::Command {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_kgrade"));
    command.env("LC_ALL", "C.UTF-8").env("NO_COLOR", "1").current_dir(root());
    for name in ["KAFKA_BOOTSTRAP_SERVERS", "KGRADE_CHECKS", "KGRADE_LOG", "GITHUB_ACTIONS", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command
}
