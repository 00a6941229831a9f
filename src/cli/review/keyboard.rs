//! Lines from a keyboard, so that nothing that was typed is lost.

use std::io::{IsTerminal as _, stdin};

use rustix::io::Errno;
use rustix::termios::{OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

/// What Ctrl-C is to a terminal.
const CTRL_C: u8 = 3;
/// The value that switches a special key off.
#[cfg(target_os = "linux")]
const OFF: u8 = 0;
#[cfg(not(target_os = "linux"))]
const OFF: u8 = 0xff;

/// Standard input, line by line. On a terminal Ctrl-C ends a line instead of the program, until this is dropped: the terminal would throw
/// away the line that it interrupts.
pub struct Keyboard {
    before: Option<Termios>,
    terminal: bool,
    pending: Vec<u8>,
}

/// What was typed.
#[derive(Debug, PartialEq, Eq)]
pub enum Typed {
    /// A line, without its end.
    Line(String),
    /// The last line, perhaps empty: the input is over.
    End(String),
    /// What stood on the line when Ctrl-C was pressed.
    Interrupted(String),
}

impl Keyboard {
    /// Takes standard input.
    pub fn of_stdin() -> Self {
        let terminal = stdin().is_terminal();
        let before = if terminal { tcgetattr(stdin()).ok() } else { None };
        if let Some(before) = &before {
            let mut modes = before.clone();
            modes.special_codes[SpecialCodeIndex::VINTR] = OFF;
            modes.special_codes[SpecialCodeIndex::VEOL] = CTRL_C;
            // Without it Ctrl-C ends the program, as everywhere.
            _ = tcsetattr(stdin(), OptionalActions::Now, &modes);
        }
        Self { before, terminal, pending: Vec::new() }
    }

    /// Whether a person types.
    pub fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// The next line. Input that breaks is over.
    pub fn line(&mut self) -> Typed {
        loop {
            if let Some(typed) = take(&mut self.pending) {
                return typed;
            }
            let mut bytes = [0; 8_192];
            let read = match rustix::io::read(stdin(), &mut bytes) {
                Ok(read) => read,
                Err(Errno::INTR) => continue,
                Err(_) => 0,
            };
            let bytes = bytes.get(..read).unwrap_or_default();
            self.pending.extend_from_slice(bytes);
            // A terminal gives whole lines; what comes without an end was ended by Ctrl-D.
            let cut = self.terminal && !bytes.ends_with(b"\n") && !bytes.ends_with(&[CTRL_C]);
            if read == 0 || cut {
                return Typed::End(String::from_utf8_lossy(&std::mem::take(&mut self.pending)).into_owned());
            }
        }
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            _ = tcsetattr(stdin(), OptionalActions::Now, before);
        }
    }
}

/// The first line of what has come, if its end has.
fn take(pending: &mut Vec<u8>) -> Option<Typed> {
    let end = pending.iter().position(|byte| matches!(*byte, b'\n' | CTRL_C))?;
    let line: Vec<u8> = pending.drain(..=end).collect();
    let (last, line) = line.split_last()?;
    let text = String::from_utf8_lossy(line).trim_end_matches('\r').to_owned();
    Some(if *last == CTRL_C { Typed::Interrupted(text) } else { Typed::Line(text) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_one_by_one() {
        let mut pending = b"one\r\n\nhal\xff\x03rest".to_vec();
        assert_eq!(take(&mut pending), Some(Typed::Line("one".to_owned())));
        assert_eq!(take(&mut pending), Some(Typed::Line(String::new())));
        assert_eq!(take(&mut pending), Some(Typed::Interrupted("hal\u{fffd}".to_owned())));
        assert_eq!(take(&mut pending), None);
        assert_eq!(pending, b"rest");
    }
}
