//! Ctrl-C and SIGTERM: the first ends the run in order, the second at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::exit;

/// Tells when the person wants to stop.
pub async fn listen(interrupt: watch::Sender<bool>) {
    let (Ok(mut int), Ok(mut term)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) else {
        // Without handlers the signals end kgrade at once, and the watchdog cleans up.
        return std::future::pending().await;
    };
    for nth in 0.. {
        tokio::select! {
            _ = int.recv() => {}
            _ = term.recv() => {}
        }
        if nth > 0 {
            // The watchdog removes what is left.
            std::process::exit(i32::from(exit::INTERRUPTED));
        }
        interrupt.send_replace(true);
    }
}

/// Waits until the person wants to stop.
pub async fn happened(mut interrupted: watch::Receiver<bool>) {
    if interrupted.wait_for(|interrupted| *interrupted).await.is_err() {
        std::future::pending::<()>().await;
    }
}
