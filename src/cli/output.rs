//! Printing, in one place. A reader that went away (`| head`) is no error.

use std::io::{ErrorKind, IsTerminal, Write};

use console::{Term, style};

use crate::outcome::sanitize;
use crate::report::at_spaces;

/// Prints text to standard output.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush())
        && error.kind() != ErrorKind::BrokenPipe
    {
        note(&format!("error: failed to write to standard output: {error}"));
    }
}

/// Prints an error with its causes to standard error.
pub fn error(error: &anyhow::Error) {
    let text = logged(&with_causes(error), in_github());
    let word = if std::io::stderr().is_terminal() { style("error:").for_stderr().red().bold().to_string() } else { "error:".to_owned() };
    let _ = writeln!(std::io::stderr().lock(), "{word} {}", fitted(&text, "error: ".len()));
}

/// Prints a line to standard error.
pub fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", fitted(&logged(text, in_github()), 0));
}

/// A text as it fits into the terminal that standard error is; where it is none, its lines stay as they are. So many columns of the first are taken.
fn fitted(text: &str, used: usize) -> String {
    match Term::stderr().size_checked() {
        Some((_, columns)) if std::io::stderr().is_terminal() => at_spaces(text, used, columns.into()),
        _ => text.to_owned(),
    }
}

/// A text for standard error: it may quote a file's name, or what a program said, and in a GitHub job no line of it may be a command.
fn logged(text: &str, github: bool) -> String {
    let text = sanitize::terminal(text);
    if github { sanitize::github_log(&text) } else { text }
}

fn in_github() -> bool {
    std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true")
}

/// The error and its causes, each said once: many messages hold their cause already.
fn with_causes(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    #[test]
    fn an_error_gives_the_runner_no_command() {
        let said = "open /nowhere\n::error::forged ##[error]too\x1b[2J";
        assert_eq!(super::logged(said, true), "open /nowhere\n: :error::forged # #[error]too");
        assert_eq!(super::logged(said, false), "open /nowhere\n::error::forged ##[error]too");
    }

    #[test]
    fn a_cause_is_said_once() {
        let error = anyhow!("no space").context("write x: no space; make room").context("failed to write the report");
        assert_eq!(super::with_causes(&error), "failed to write the report: write x: no space; make room");
    }
}
