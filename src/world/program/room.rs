//! A program's place in a sandbox: what it sees and reaches there, and how it is started.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::Pid;
use tokio::net::unix::pipe;

use super::family::Family;
use super::limits::Limits;
use super::process::{Doors, Exit, SpawnError, Start, Started, Stdin};
use super::variables::{INSTANCE_VARIABLE, Variables, get, tool_locations};
use crate::world::guard::MARK_VARIABLE;
use crate::world::sandbox::{Cell, Program, Sandbox, SandboxError, tools};

/// The signal of a cell that was killed as a whole.
const KILLED: i32 = 9;

/// What of a sandbox is a program's.
pub(super) struct Room<'a> {
    pub sandbox: &'a Sandbox,
    /// What it sees beside the system and the tools on its search path.
    pub readable: Vec<PathBuf>,
    /// What it may change.
    pub writable: Vec<PathBuf>,
    /// What it reaches of the grader.
    pub doors: Doors,
    /// Whether it has the machine's network.
    pub network: bool,
}

/// Why a program did not start in a sandbox.
pub(super) enum RoomError {
    /// The sandbox's fault.
    Sandbox(SandboxError),
    /// The system's word on the program.
    Refused(io::Error),
}

impl From<io::Error> for RoomError {
    fn from(error: io::Error) -> Self {
        Self::Sandbox(error.into())
    }
}

impl From<SandboxError> for RoomError {
    fn from(error: SandboxError) -> Self {
        Self::Sandbox(error)
    }
}

impl RoomError {
    /// As the start of a command that begins with this word.
    pub fn named(self, word: String) -> SpawnError {
        match self {
            Self::Sandbox(error) => SpawnError::Sandbox(error),
            Self::Refused(source) => SpawnError::System { word, source },
        }
    }
}

impl Room<'_> {
    /// Starts a process in a cell of its own.
    pub async fn start(self, start: &Start<'_>, file: &Path) -> Result<Started, RoomError> {
        let (stdout, out) = io::pipe()?;
        let (stderr, err) = io::pipe()?;
        let mut files = vec![out.into(), err.into()];
        let stdin = if start.stdin == Stdin::Piped {
            let (input, stdin) = io::pipe()?;
            files.push(input.into());
            Some(pipe::Sender::from_owned_fd(stdin.into())?)
        } else {
            None
        };
        let cell = Cell {
            readable: self.readable,
            writable: self.writable,
            network: self.network,
            limits: &start.limits,
            marks: marks(&start.env),
        };
        let program = Program {
            file: file.to_owned(),
            arguments: start.command.iter().skip(1).map(OsString::from).collect(),
            env: start.env.clone(),
            folder: start.folder.to_owned(),
            ports: self.doors.ports,
            threads: Limits::threads(),
            files,
        };
        let mut ready = self.sandbox.prepare(&cell, program).await?;
        let listeners = std::mem::take(&mut ready.listeners);
        let served = self.doors.serve.map(|serve| serve(listeners)).transpose()?;
        let pid = Pid::from_raw(ready.pid.cast_signed()).ok_or_else(|| io::Error::other("the cell has no process id"))?;
        let ended = Arc::new(AtomicBool::new(false));
        let family = Arc::new(Family::new(pid, start.mark, start.instance, Arc::clone(&ended)));
        ready.start().await?.map_err(RoomError::Refused)?;
        let link = ready.link;
        let (heard, mut child) = (Arc::clone(&link), ready.child);
        let end = Box::pin(async move {
            let exit =
                heard.exited().await.map_or(Exit { code: None, signal: Some(KILLED) }, |end| Exit { code: end.code, signal: end.signal });
            tokio::spawn(async move {
                heard.gone().await;
                if let Some(child) = &mut child {
                    let _ = child.wait().await;
                }
                // From here on its id may be another's.
                ended.store(true, Ordering::Release);
            });
            exit
        });
        let (stdout, stderr) = (pipe::Receiver::from_owned_fd(stdout.into())?, pipe::Receiver::from_owned_fd(stderr.into())?);
        Ok(Started { stdin, stdout, stderr, end, family, link: Some(link), served })
    }
}

/// What programs see beside the system: the tools on kgrade's search path, where version managers keep theirs, and a Python environment with
/// the Python that it was made from.
pub(super) fn readable(grader: &Variables, python: Option<&Path>) -> Vec<PathBuf> {
    let mut readable = tools(get(grader, "PATH"), get(grader, "HOME").map(Path::new));
    readable.extend(tool_locations(grader).into_iter().map(|(_, folder)| folder.into()));
    let home = |python: &Path| Some(python.parent()?.parent()?.to_owned());
    if let Some(python) = python {
        readable.extend(home(python));
        readable.extend(python.canonicalize().ok().as_deref().and_then(home));
    }
    // A Python that is the system's own has the whole machine as its home.
    readable.retain(|path| path.parent().is_some());
    readable
}

/// The variables by which a process is known to be of a run.
fn marks(env: &Variables) -> Variables {
    env.iter().filter(|(name, _)| name == MARK_VARIABLE || name == INSTANCE_VARIABLE).cloned().collect()
}
