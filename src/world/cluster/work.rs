//! Slow preparation that can be interrupted: running tools, waiting, and saying what is going on.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::ClusterContext;
use super::error::ClusterError;
use crate::world::guard::{Guard, MARK_VARIABLE, kill_marked};
use crate::world::progress::Progress;

/// What became of one way to get something. The inner error says why it did not work, for the list of what was tried; the outer one
/// means that no other way needs to be tried.
pub type Tried<T> = Result<Result<T, String>, ClusterError>;

/// A preparation under way: its context, and whether it should still go on.
#[derive(Clone)]
pub struct Work {
    context: ClusterContext,
    interrupted: Arc<AtomicBool>,
}

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Work").finish_non_exhaustive()
    }
}

/// Interrupts the work when dropped: the future that waited for it is gone.
#[derive(Debug)]
pub struct InterruptOnDrop(Arc<AtomicBool>);

impl Drop for InterruptOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Work {
    /// Work in this context, which nobody interrupts.
    #[must_use]
    pub fn new(context: ClusterContext) -> Self {
        Self { context, interrupted: Arc::default() }
    }

    /// What to keep for as long as the work is wanted.
    #[must_use]
    pub fn interrupt_on_drop(&self) -> InterruptOnDrop {
        InterruptOnDrop(Arc::clone(&self.interrupted))
    }

    /// The context of the work.
    #[must_use]
    pub fn context(&self) -> &ClusterContext {
        &self.context
    }

    /// Where progress is shown.
    #[must_use]
    pub fn progress(&self) -> &dyn Progress {
        self.context.progress.as_ref()
    }

    /// The watchdog.
    #[must_use]
    pub fn guard(&self) -> &Guard {
        &self.context.guard
    }

    /// Fails when the work is no longer wanted.
    ///
    /// # Errors
    /// [`ClusterError::Interrupted`].
    pub fn check(&self) -> Result<(), ClusterError> {
        if self.interrupted.load(Ordering::Relaxed) { Err(ClusterError::Interrupted) } else { Ok(()) }
    }

    /// Waits a moment before looking again.
    ///
    /// # Errors
    /// [`ClusterError::Interrupted`].
    pub fn pause(&self, moment: Duration) -> Result<(), ClusterError> {
        self.check()?;
        std::thread::sleep(moment);
        Ok(())
    }

    /// Runs a tool to its end with its output in the file `output`. The inner error is for the list of what was tried.
    ///
    /// # Errors
    /// [`ClusterError::Interrupted`]; the tool and all it started are killed then.
    pub fn run(&self, program: &Path, args: &[OsString], output: &Path, limit: Duration) -> Tried<()> {
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let files = File::create(output).and_then(|file| Ok((file.try_clone()?, file)));
        let (out, err) = files.map_err(ClusterError::folder("write", output))?;
        let mark = format!("prepare-{:016x}", rand::random::<u64>());
        let lease = self.guard().mark(&mark);
        let spawned = Command::new(program)
            .args(args)
            .env("PATH", &self.context.host.path)
            .env(MARK_VARIABLE, &mark)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .process_group(0)
            .spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) => return Ok(Err(format!("`{name}` did not start: {error}"))),
        };
        let ended = self.wait(&mut child, limit);
        end_group(&mut child);
        kill_marked_if_any(&mark, &ended);
        drop(lease);
        Ok(match ended? {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(format!("`{name}` ended with {status}: {}", tail(output, 6))),
            None => Err(format!("`{name}` was stopped after {} s: {}", limit.as_secs(), tail(output, 6))),
        })
    }

    fn wait(&self, child: &mut Child, limit: Duration) -> Result<Option<std::process::ExitStatus>, ClusterError> {
        let begun = Instant::now();
        loop {
            match child.try_wait() {
                Ok(Some(status)) => return Ok(Some(status)),
                Ok(None) if begun.elapsed() < limit => self.pause(Duration::from_millis(10))?,
                Ok(None) | Err(_) => return Ok(None),
            }
        }
    }
}

/// A tool that ended by itself left nothing behind worth a walk through `/proc`; one that was stopped may have.
fn kill_marked_if_any<T>(mark: &str, ended: &Result<Option<T>, ClusterError>) {
    if !matches!(ended, Ok(Some(_))) {
        kill_marked(mark);
    }
}

/// Kills the child's whole process group and collects the child.
pub fn end_group(child: &mut Child) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(pid, Signal::KILL);
    }
    let _ = child.wait();
}

/// The last lines of a log, or why it cannot be read.
#[must_use]
pub fn tail(log: &Path, lines: usize) -> String {
    match std::fs::read(log) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            let all: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
            all.get(all.len().saturating_sub(lines)..).unwrap_or_default().join("\n")
        }
        Err(error) => format!("({} cannot be read: {error})", log.display()),
    }
}
