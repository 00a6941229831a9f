//! `--hold`: a grader that is started by another kgrade waits until it is its turn, and ends with the one that started it.

use std::io::BufRead as _;
use std::thread;
use std::time::Duration;

use tokio::sync::watch;

use crate::exit;

/// How long taking everything down may take before it is left to the watchdog.
const PATIENCE: Duration = Duration::from_secs(20);

/// What standard input says.
pub struct Hold {
    go: watch::Receiver<bool>,
}

impl Hold {
    /// Listens. The end of standard input is an interrupt, whenever it comes: whoever started this is gone.
    pub fn listen(interrupt: watch::Sender<bool>) -> Self {
        let (told, go) = watch::channel(false);
        // A thread of its own: reading cannot be cancelled, and must not keep the runtime from ending. It works also when the runtime hangs.
        thread::spawn(move || {
            for _line in std::io::stdin().lock().lines().map_while(Result::ok) {
                told.send_replace(true);
            }
            interrupt.send_replace(true);
            thread::sleep(PATIENCE);
            std::process::exit(i32::from(exit::INTERRUPTED));
        });
        Self { go }
    }

    /// Waits for the word to begin; whether it came before an interrupt.
    pub async fn released(&self, interrupted: watch::Receiver<bool>) -> bool {
        let mut go = self.go.clone();
        tokio::select! {
            biased;
            () = crate::cli::interrupt::happened(interrupted) => false,
            told = go.wait_for(|go| *go) => told.is_ok(),
        }
    }
}
