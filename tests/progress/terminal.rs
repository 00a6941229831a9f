//! kgrade in a terminal.

use std::process::Command;

use super::desk::{Desk, Said};

/// What is done in a terminal.
pub enum Step<'a> {
    /// Wait until this was said.
    Wait(&'a str),
    /// Type this.
    Type(&'a str),
}

/// Runs kgrade at a desk, in a terminal of its own; standard error is in what it said.
pub fn in_terminal(desk: &Desk, arguments: &[&str], steps: &[Step<'_>], settings: &[(&str, &str)]) -> Said {
    let steps: Vec<_> = steps
        .iter()
        .map(|step| match step {
            Step::Wait(text) => ("wait", *text),
            Step::Type(text) => ("type", *text),
        })
        .collect();
    let driver = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/progress/terminal.py");
    let mut command = Command::new("python3");
    command.arg(driver).arg(serde_json::to_string(&steps).unwrap()).arg(env!("CARGO_BIN_EXE_kgrade")).args(arguments);
    command.current_dir(desk.work()).env("LC_ALL", "C.UTF-8").env("NO_COLOR", "1").env("TERM", "xterm").env_remove("CI");
    Said::of(command.envs(settings.iter().copied()).output().unwrap())
}
