//! The screen: written anew where the terminal can do that, else line after line.

use console::Term;

use super::keys::Keys;
use crate::cli::output;
use crate::report::terminal::Style;

/// What was shown last.
#[derive(Debug, Default)]
pub struct Screen {
    last: String,
}

impl Screen {
    /// Shows a page, if it is another one than the last.
    pub fn show(&mut self, keys: &Keys, page: String) {
        if self.last == page {
            return;
        }
        if keys.moves() {
            // In place, line by line: no moment at which all is empty.
            output::print(&format!("\x1b[H{}\x1b[J", page.replace('\n', "\x1b[K\r\n")));
        } else {
            output::print(&format!("{page}\n"));
        }
        self.last = page;
    }

    /// Shows the next page even if it is the same.
    pub fn forget(&mut self) {
        self.last.clear();
    }

    /// Shows the next page from an empty screen: somebody else has written on it, or it has another size.
    pub fn clear(&mut self, keys: &Keys) {
        self.forget();
        if keys.moves() {
            output::print("\x1b[2J");
        }
    }

    /// The rows, where a page is written anew.
    pub fn rows(keys: &Keys) -> Option<usize> {
        keys.moves().then(|| Term::stdout().size_checked()).flatten().map(|(rows, _)| usize::from(rows))
    }

    /// How text is to look there.
    pub fn style() -> Style {
        Style::of_stdout()
    }
}
