//! What comes from outside: the end, a pause, another size.

use anyhow::Context as _;
use rustix::process::{Signal, getpgid, getpgrp, getpid, getppid, getsid, kill_process};
use tokio::signal::unix::{Signal as Listener, SignalKind, signal};

/// What somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Ctrl-C, SIGTERM, or the terminal is closed.
    End,
    /// Ctrl-Z.
    Pause,
    /// `fg`, or the end of SIGSTOP.
    GoOn,
    /// The window has another size.
    Redraw,
}

/// Listens.
pub struct Signals {
    ends: [Listener; 3],
    stop: Listener,
    again: Listener,
    resized: Listener,
}

impl Signals {
    /// Listens from now on: none of these ends or stops this process by itself any more.
    pub fn listen() -> anyhow::Result<Self> {
        let of = |kind| signal(kind).context("listen to signals");
        let raw = |signal: Signal| SignalKind::from_raw(signal.as_raw());
        Ok(Self {
            ends: [of(SignalKind::interrupt())?, of(SignalKind::terminate())?, of(SignalKind::hangup())?],
            stop: of(raw(Signal::TSTP))?,
            again: of(raw(Signal::CONT))?,
            resized: of(SignalKind::window_change())?,
        })
    }

    /// The next one. May be asked again when it was not waited for to the end.
    pub async fn next(&mut self) -> Wish {
        let [interrupt, terminate, hangup] = &mut self.ends;
        tokio::select! {
            Some(()) = interrupt.recv() => Wish::End,
            Some(()) = terminate.recv() => Wish::End,
            Some(()) = hangup.recv() => Wish::End,
            Some(()) = self.stop.recv() => Wish::Pause,
            Some(()) = self.again.recv() => Wish::GoOn,
            Some(()) = self.resized.recv() => Wish::Redraw,
            else => std::future::pending().await,
        }
    }

    /// Waits for the wish to end.
    pub async fn end(&mut self) {
        while self.next().await != Wish::End {}
    }
}

/// Stops, as Ctrl-Z is meant, until somebody says to go on. Where no shell is that could say so, it does not; whether it does.
pub fn pause() -> bool {
    let parent = getppid();
    let is_shell = parent.is_some() && getsid(parent).ok() == getsid(None).ok() && getpgid(parent).is_ok_and(|group| group != getpgrp());
    is_shell && kill_process(getpid(), Signal::STOP).is_ok()
}
