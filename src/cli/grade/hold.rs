//! `--hold` and `--hold-early`: a grader that is started by another kgrade waits until it is its turn, and ends with the one that started it.

use std::io::BufRead as _;
use std::thread;
use std::time::Duration;

use tokio::sync::watch;

use crate::exit;

/// How long taking everything down may take before it is left to the watchdog.
const PATIENCE: Duration = Duration::from_secs(20);

/// What standard input says.
pub struct Hold {
    go: watch::Receiver<Option<String>>,
}

impl Hold {
    /// Listens. The end of standard input is an interrupt, whenever it comes: whoever started this is gone.
    pub fn listen(interrupt: watch::Sender<bool>) -> Self {
        let (told, go) = watch::channel(None);
        // A thread of its own: reading cannot be cancelled, and must not keep the runtime from ending. It works also when the runtime hangs.
        thread::spawn(move || {
            for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                told.send_replace(Some(line));
            }
            interrupt.send_replace(true);
            thread::sleep(PATIENCE);
            std::process::exit(i32::from(exit::INTERRUPTED));
        });
        Self { go }
    }

    /// Waits for the word to begin, and says it; `None` when an interrupt came before.
    pub async fn released(&self, interrupted: watch::Receiver<bool>) -> Option<String> {
        let mut go = self.go.clone();
        tokio::select! {
            biased;
            () = crate::cli::interrupt::happened(interrupted) => None,
            told = go.wait_for(Option::is_some) => told.ok().and_then(|told| told.clone()),
        }
    }

    /// What is said after the word `go`: the checks to be run, those first that are to be known first. Empty for all.
    pub fn asked(word: &str) -> Vec<String> {
        let names = word.strip_prefix("go").unwrap_or_default().split([' ', ',']);
        names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Hold;

    #[test]
    fn checks_come_after_the_word() {
        assert_eq!(Hold::asked("go"), [""; 0]);
        assert_eq!(Hold::asked("go keyed,manual-commit"), ["keyed", "manual-commit"]);
    }
}
