//! Printing, in one place. A reader that went away (`| head`) is no error.

use std::io::{ErrorKind, IsTerminal, Write};

use console::style;

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
    let text = crate::outcome::sanitize::terminal(&with_causes(error));
    let word = if std::io::stderr().is_terminal() { style("error:").for_stderr().red().bold().to_string() } else { "error:".to_owned() };
    let _ = writeln!(std::io::stderr().lock(), "{word} {text}");
}

/// Prints a line to standard error.
pub fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
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
    fn a_cause_is_said_once() {
        let error = anyhow!("no space").context("write x: no space; make room").context("failed to write the report");
        assert_eq!(super::with_causes(&error), "failed to write the report: write x: no space; make room");
    }
}
