//! The one task that reads a process's output, waits for its end and tells both, in order.

use std::os::fd::AsFd;
use std::pin::Pin;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::unix::pipe::Receiver;
use tokio::sync::{mpsc, watch};

use super::limits::{Limit, Limited, Limits};
use super::output::Lines;
use super::process::Exit;

/// A standard stream of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Something that a process did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProgramEvent {
    /// It wrote a line; at most 8 KiB, invalid UTF-8 replaced, control characters as they came, no line end.
    Line {
        /// Where it wrote.
        stream: Stream,
        /// What it wrote.
        text: String,
    },
    /// Output that is not shown, between the lines before and after.
    Cut {
        /// Where it was written.
        stream: Stream,
        /// How much, in bytes.
        bytes: u64,
    },
    /// It passed a limit and is being killed.
    Limit(Limit),
    /// For a while the machine's processors were mostly others': one of its threads waited for so long, while all that came from it ran for so long.
    Starved {
        /// How long the thread waited that waited longest.
        waited: Duration,
        /// How long all threads together ran.
        ran: Duration,
    },
    /// It ended; everything it wrote itself was told before.
    Exited(Exit),
}

/// What hears the events.
type Listener = dyn Fn(ProgramEvent) + Send + Sync;

/// The most that a pipe can hold of what a process wrote before it ended.
const PIPE: usize = 1024 * 1024;
const BLOCK: usize = 64 * 1024;

/// Waits for the end of a process.
pub(super) type End = Pin<Box<dyn Future<Output = Exit> + Send>>;

pub(super) struct Reporter {
    pub stdout: Receiver,
    pub stderr: Receiver,
    pub end: End,
    /// What its watchers have seen.
    pub seen: mpsc::UnboundedReceiver<ProgramEvent>,
    pub exit: watch::Sender<Option<Exit>>,
    /// Closed when nobody holds the process any longer.
    pub held: watch::Receiver<()>,
    pub allowed: Limits,
    pub on: Box<Listener>,
}

impl Reporter {
    /// Runs until the process has ended and its pipes are closed, or it has ended and nobody holds it.
    pub async fn run(mut self) {
        let (allowed, mut end) = (self.allowed, self.end);
        let mut stdout = Source::new(Stream::Stdout, Some(self.stdout));
        let mut stderr = Source::new(Stream::Stderr, Some(self.stderr));
        let mut held = true;
        let mut over = false;
        while !over || (held && (stdout.is_open() || stderr.is_open())) {
            let on = &self.on;
            tokio::select! {
                () = stdout.read(on) => {}
                () = stderr.read(on) => {}
                Some(event) = self.seen.recv() => on(event),
                _ = self.held.changed(), if held => held = false,
                exit = &mut end, if !over => {
                    over = true;
                    stdout.drain(on);
                    stderr.drain(on);
                    while let Ok(event) = self.seen.try_recv() {
                        on(event);
                    }
                    if let Some(limit) = kernel_limit(exit, &allowed) {
                        on(ProgramEvent::Limit(limit));
                    }
                    on(ProgramEvent::Exited(exit));
                    self.exit.send_replace(Some(exit));
                }
            }
        }
    }
}

/// The limit whose signal ended a process.
fn kernel_limit(exit: Exit, allowed: &Limits) -> Option<Limit> {
    let passed = |what, allowed| Some(Limit { what, allowed, seen: allowed });
    match exit.signal? {
        signal if signal == Signal::XFSZ.as_raw() => passed(Limited::FileSize, allowed.file_size),
        signal if signal == Signal::XCPU.as_raw() => passed(Limited::Cpu, u64::try_from(allowed.cpu.as_millis()).unwrap_or(u64::MAX)),
        _ => None,
    }
}

/// One stream being read.
struct Source<P> {
    pipe: Option<P>,
    lines: Lines,
    block: Vec<u8>,
}

impl<P: AsyncRead + AsFd + Unpin> Source<P> {
    fn new(stream: Stream, pipe: Option<P>) -> Self {
        Self { pipe, lines: Lines::new(stream), block: vec![0; BLOCK] }
    }

    fn is_open(&self) -> bool {
        self.pipe.is_some()
    }

    /// Reads what is there, or shows a sample that is due; never ends when there is nothing more to come. May be dropped at any await.
    async fn read(&mut self, on: &Listener) {
        let Some(pipe) = &mut self.pipe else { return std::future::pending().await };
        let due = self.lines.due().map(tokio::time::Instant::from_std);
        let read = tokio::select! {
            read = pipe.read(&mut self.block) => read,
            () = tokio::time::sleep_until(due.unwrap_or_else(tokio::time::Instant::now)), if due.is_some() => {
                self.lines.sample(Instant::now(), &mut |event| on(event));
                return;
            }
        };
        match read {
            Ok(count) if count > 0 => self.take(count, on),
            _ => self.close(on),
        }
    }

    /// The process has ended: takes what it left in the pipe, and no more than that, since its children may go on writing.
    fn drain(&mut self, on: &Listener) {
        let mut taken = 0;
        while let Some(pipe) = &self.pipe
            && taken < PIPE
        {
            // Asks the kernel itself: tokio may not have heard yet that the pipe has data.
            match rustix::io::read(pipe, self.block.as_mut_slice()) {
                Ok(0) => self.close(on),
                Ok(count) => {
                    taken += count;
                    self.take(count, on);
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => break,
            }
        }
        self.lines.finish(Instant::now(), &mut |event| on(event));
    }

    fn take(&mut self, count: usize, on: &Listener) {
        let bytes = self.block.get(..count).unwrap_or_default();
        self.lines.feed(bytes, Instant::now(), &mut |event| on(event));
    }

    fn close(&mut self, on: &Listener) {
        self.pipe = None;
        self.lines.finish(Instant::now(), &mut |event| on(event));
    }
}
