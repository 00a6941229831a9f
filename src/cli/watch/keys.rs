//! The terminal while somebody watches: keys come at once and are not shown.

use std::io::{IsTerminal as _, Read as _, stdin, stdout};
use std::thread;

use rustix::process::getpgrp;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp, tcsetattr};
use tokio::sync::mpsc;

use super::typed::Typed;
use crate::cli::output;

/// Asks the terminal to mark what is pasted, and not to.
const MARK_PASTED: (&str, &str) = ("\x1b[?2004h", "\x1b[?2004l");

/// The keys of a terminal. Ctrl-C and Ctrl-Z go on as everywhere, and so does what is printed. Dropping it gives the terminal back as it was, also
/// when kgrade breaks.
pub struct Keys {
    before: Option<Termios>,
    /// The terminal knows more than lines of text.
    moves: bool,
    pressed: mpsc::UnboundedReceiver<char>,
}

impl Keys {
    /// Listens, where a person sits at both ends; else no key ever comes.
    pub fn listen() -> Self {
        let (told, pressed) = mpsc::unbounded_channel();
        let before = if stdin().is_terminal() && stdout().is_terminal() { tcgetattr(stdin()).ok() } else { None };
        let moves = before.is_some() && std::env::var_os("TERM").is_some_and(|name| !name.is_empty() && name != "dumb");
        let keys = Self { before, moves, pressed };
        if keys.any() {
            keys.take();
            // It cannot be ended while it reads; it ends with the process, or with the terminal.
            thread::spawn(move || {
                let (mut block, mut typed) = ([0; 256], Typed::default());
                while let Ok(count @ 1..) = stdin().read(&mut block) {
                    for key in typed.keys(block.get(..count).unwrap_or_default()) {
                        if told.send(key).is_err() {
                            return;
                        }
                    }
                }
            });
        }
        keys
    }

    /// Whether there is somebody to press keys.
    pub fn any(&self) -> bool {
        self.before.is_some()
    }

    /// Whether the screen can be written anew.
    pub fn moves(&self) -> bool {
        self.moves
    }

    /// Takes the terminal, also again when a shell had it meanwhile (Ctrl-Z, `fg`). In the background it is left alone.
    pub fn take(&self) {
        let Some(before) = &self.before else { return };
        if !self.is_ours() {
            return;
        }
        let mut modes = before.clone();
        modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        _ = tcsetattr(stdin(), OptionalActions::Now, &modes);
        if self.moves {
            output::print(MARK_PASTED.0);
        }
    }

    /// Gives the terminal back as it was.
    pub fn give_back(&self) {
        let Some(before) = &self.before else { return };
        if !self.is_ours() {
            return;
        }
        if self.moves {
            output::print(MARK_PASTED.1);
        }
        _ = tcsetattr(stdin(), OptionalActions::Now, before);
    }

    /// Whether the terminal listens to this kgrade now, and not to the shell. One that belongs to another session, as under `su -c`, has no
    /// background: it is whoever's reads.
    fn is_ours(&self) -> bool {
        tcgetpgrp(stdin()).map_or_else(|_| true, |front| front == getpgrp())
    }

    /// The next key; `None` when the terminal is gone. Without a terminal none ever comes.
    pub async fn pressed(&mut self) -> Option<char> {
        if !self.any() {
            std::future::pending::<()>().await;
        }
        self.pressed.recv().await
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.give_back();
    }
}
