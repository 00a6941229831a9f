//! Single keys from the terminal.

use std::io::{IsTerminal as _, Read as _, stdin, stdout};
use std::thread;

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use tokio::sync::mpsc;

/// The terminal, with keys that come at once and are not shown. Ctrl-C and Ctrl-Z go on as everywhere, and so does what is printed. Dropping
/// it gives the terminal back as it was.
pub struct Keys {
    before: Option<Termios>,
    pressed: mpsc::UnboundedReceiver<char>,
}

impl Keys {
    /// Listens, where a person sits at both ends; else no key ever comes.
    pub fn listen() -> Self {
        let (told, pressed) = mpsc::unbounded_channel();
        let before = if stdin().is_terminal() && stdout().is_terminal() { tcgetattr(stdin()).ok() } else { None };
        let keys = Self { before, pressed };
        if keys.before.is_some() {
            keys.take();
            // It cannot be ended while it reads; it ends with the process.
            thread::spawn(move || {
                let mut block = [0; 32];
                while let Ok(count @ 1..) = stdin().read(&mut block) {
                    // An arrow or a function key is several bytes at once, and none of ours.
                    let typed = block.get(..count).filter(|typed| typed.first() != Some(&0x1b)).unwrap_or_default();
                    for key in typed.iter().copied().filter(u8::is_ascii_graphic) {
                        if told.send(char::from(key)).is_err() {
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

    /// Takes the terminal, also again when a shell had it meanwhile (Ctrl-Z, `fg`).
    pub fn take(&self) {
        let Some(before) = &self.before else { return };
        let mut modes = before.clone();
        modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        _ = tcsetattr(stdin(), OptionalActions::Now, &modes);
    }

    /// The next key.
    pub async fn pressed(&mut self) -> char {
        match self.pressed.recv().await {
            Some(key) => key,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            _ = tcsetattr(stdin(), OptionalActions::Now, before);
        }
    }
}
