//! A running program: started in a process group of its own, heard, signalled, and gone at the latest when its [`Process`] is.

use std::any::Any;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal};
use thiserror::Error;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe;
use tokio::process::Command;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::family::Family;
use super::limits::Limits;
use super::prepare::Prepared;
use super::reporter::{End, ProgramEvent, Reporter};
use super::room::Room;
use super::variables::{self, Variables};
use crate::world::guard::{Guard, Lease};
use crate::world::sandbox::{Link, SandboxError};

/// How long a killed process may take to be gone before kgrade gives up on it.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a program reads as standard input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stdin {
    /// Nothing: at its end from the start.
    None,
    /// What is written to the [`Process`].
    Piped,
}

/// How to start a program.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The command's words, from [`Submission::command`](super::Submission::command). `python` means the prepared environment's.
    pub command: Vec<String>,
    /// What the lab's contract adds to the environment.
    pub env: Vec<(String, String)>,
    /// The run's mark, the same for all programs of a run.
    pub mark: String,
    /// The instance's name, different for each start in a run, for example `consumer-2`.
    pub instance: String,
    /// Standard input.
    pub stdin: Stdin,
    /// What it may use.
    pub limits: Limits,
    /// What it reaches of the grader when it runs in a sandbox; without one it reaches everything.
    pub doors: Doors,
}

/// Takes the sockets that listen on a program's ports, and serves them until what it returns is dropped.
type Serve = dyn Fn(Vec<TcpListener>) -> io::Result<Box<dyn Any + Send + Sync>> + Send + Sync;

/// The grader's services that a program in a sandbox reaches, each by a port of 127.0.0.1.
#[derive(Clone, Default)]
pub struct Doors {
    /// The ports.
    pub ports: Vec<u16>,
    /// Who serves them.
    pub serve: Option<Arc<Serve>>,
}

impl fmt::Debug for Doors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Doors").field("ports", &self.ports).finish_non_exhaustive()
    }
}

/// Why a program could not be started. The text fits after "failed to start the consumer: ".
#[derive(Debug, Error)]
pub enum SpawnError {
    /// There is no such command.
    #[error("{}", not_found(word))]
    NotFound {
        /// The first word of the command.
        word: String,
    },
    /// The file may not be executed.
    #[error("{word} is not executable; run `chmod +x {word}`")]
    NotExecutable {
        /// The first word of the command.
        word: String,
    },
    /// The private copy of the submission is not there any more.
    #[error(
        "the folder it runs in is gone: one of your programs deleted it (a copy; your own files are as they were); let none of them do that"
    )]
    FolderGone,
    /// The sandbox for it could not be made. Not the submission's problem.
    #[error("the sandbox for it cannot be made: {0}")]
    Sandbox(#[from] SandboxError),
    /// The command has no words.
    #[error("the command is empty; name the program and its arguments")]
    Empty,
    /// The system refused.
    #[error("{word} does not start: {source}; if it is a script, look at its first line (`#!…`)")]
    System {
        /// The first word of the command.
        word: String,
        /// Why.
        source: io::Error,
    },
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// Its exit code, when it ended by itself.
    pub code: Option<i32>,
    /// The number of the signal that ended it.
    pub signal: Option<i32>,
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        Self { code: status.code(), signal: status.signal() }
    }
}

/// Starts a program in the prepared copy. `on` hears everything it does, from one task at a time; it must not block.
///
/// # Errors
/// When the command cannot be found or executed, or its sandbox cannot be made. What goes wrong later is the program's own and comes as events.
pub async fn spawn(
    prepared: &Prepared,
    launch: Launch,
    guard: &Guard,
    on: impl Fn(ProgramEvent) + Send + Sync + 'static,
) -> Result<Process, SpawnError> {
    let mut env = prepared.variables(&launch.mark, &launch.instance);
    env.extend(launch.env.into_iter().map(|(name, value)| (name.into(), value.into())));
    let start = Start {
        command: launch.command,
        python: prepared.python(),
        folder: &prepared.work(),
        env,
        mark: &launch.mark,
        instance: &launch.instance,
        stdin: launch.stdin,
        limits: launch.limits,
        room: prepared.room(launch.doors),
    };
    start.run(guard, on).await
}

/// A process to be started, a program or a setup command.
pub(super) struct Start<'a> {
    pub command: Vec<String>,
    /// What `python` means.
    pub python: Option<&'a Path>,
    pub folder: &'a Path,
    pub env: Variables,
    pub mark: &'a str,
    pub instance: &'a str,
    pub stdin: Stdin,
    pub limits: Limits,
    /// The sandbox, and what of it is the program's.
    pub room: Option<Room<'a>>,
}

/// A process that was started, before anybody looks after it.
pub(super) struct Started {
    pub stdin: Option<pipe::Sender>,
    pub stdout: pipe::Receiver,
    pub stderr: pipe::Receiver,
    pub end: End,
    pub family: Arc<Family>,
    /// The way to a process in a sandbox.
    pub link: Option<Arc<Link>>,
    /// Serves its doors.
    pub served: Option<Box<dyn Any + Send + Sync>>,
}

impl Start<'_> {
    pub async fn run(mut self, guard: &Guard, on: impl Fn(ProgramEvent) + Send + Sync + 'static) -> Result<Process, SpawnError> {
        let word = self.command.first().ok_or(SpawnError::Empty)?.clone();
        if !self.folder.is_dir() {
            return Err(SpawnError::FolderGone);
        }
        let file = self.find(&word)?;
        let limits = self.limits.clone();
        let room = self.room.take();
        let writable = room.as_ref().map(|room| room.writable.clone());
        let started = match room {
            Some(room) => room.start(&self, &file).await.map_err(|error| error.named(word))?,
            None => self.start(&file).map_err(|source| SpawnError::System { word, source })?,
        };
        let Started { stdin, stdout, stderr, end, family, link, served } = started;
        let (tell, seen) = mpsc::unbounded_channel();
        let (exit, exited) = watch::channel(None);
        let (hold, held) = watch::channel(());
        tokio::spawn(Reporter { stdout, stderr, end, seen, exit, held, allowed: limits.clone(), on: Box::new(on) }.run());
        let mut watchers = vec![
            tokio::spawn(super::watch::watch(Arc::clone(&family), limits.clone(), tell.clone())),
            tokio::spawn(super::turns::watch_turns(Arc::clone(&family), tell.clone())),
        ];
        if let Some(folders) = writable {
            watchers.push(tokio::spawn(super::watch::watch_disk(Arc::clone(&family), folders, limits.disk, tell)));
        }
        let number = family.leader();
        let lease = guard.process_group(number);
        Ok(Process {
            number,
            stdin,
            family,
            link,
            exited,
            watchers,
            gone: AtomicBool::new(false),
            _hold: hold,
            _lease: lease,
            _served: served,
        })
    }

    /// Starts it beside kgrade.
    fn start(&self, file: &Path) -> io::Result<Started> {
        let mut command = Command::new(file);
        command.args(self.command.iter().skip(1)).current_dir(self.folder).env_clear().envs(self.env.iter().cloned());
        command.process_group(0).kill_on_drop(true).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.stdin(if self.stdin == Stdin::Piped { Stdio::piped() } else { Stdio::null() });
        let mut child = start(&mut command)?;
        let pid =
            child.id().and_then(|number| Pid::from_raw(number.cast_signed())).ok_or_else(|| io::Error::other("it has no process id"))?;
        self.limits.apply(pid);
        let none = || io::Error::other("it has no standard streams");
        let stdout = pipe::Receiver::from_owned_fd(child.stdout.take().ok_or_else(none)?.into_owned_fd()?)?;
        let stderr = pipe::Receiver::from_owned_fd(child.stderr.take().ok_or_else(none)?.into_owned_fd()?)?;
        let stdin = child.stdin.take().map(|stdin| pipe::Sender::from_owned_fd(stdin.into_owned_fd()?)).transpose()?;
        let ended = Arc::new(AtomicBool::new(false));
        let family = Arc::new(Family::new(pid, self.mark, self.instance, Arc::clone(&ended)));
        let end = Box::pin(async move {
            let status = child.wait().await;
            // From here on its id may be another's.
            ended.store(true, Ordering::Release);
            status.map_or(Exit { code: None, signal: None }, Exit::from)
        });
        Ok(Started { stdin, stdout, stderr, end, family, link: None, served: None })
    }

    /// The file that a command's first word means, looked up as the program itself would.
    fn find(&self, word: &str) -> Result<PathBuf, SpawnError> {
        if matches!(word, "python" | "python3")
            && let Some(python) = self.python
        {
            return Ok(python.to_owned());
        }
        if word.contains('/') {
            let file = self.folder.join(word);
            return match file.metadata() {
                Ok(found) if is_executable(&found) => Ok(file),
                Ok(_) => Err(SpawnError::NotExecutable { word: word.to_owned() }),
                Err(_) => Err(SpawnError::NotFound { word: word.to_owned() }),
            };
        }
        search(word, variables::get(&self.env, "PATH").map(ToOwned::to_owned)).ok_or_else(|| SpawnError::NotFound { word: word.to_owned() })
    }
}

/// The first executable file of that name on a search path.
pub fn search(name: &str, path: Option<OsString>) -> Option<PathBuf> {
    let mut found = std::env::split_paths(path.as_deref()?).map(|folder| folder.join(name));
    found.find(|file| file.metadata().is_ok_and(|found| is_executable(&found)))
}

fn is_executable(found: &std::fs::Metadata) -> bool {
    found.is_file() && found.permissions().mode() & 0o111 != 0
}

fn start(command: &mut Command) -> io::Result<tokio::process::Child> {
    // A file that was just copied is busy while another thread is between fork and exec: it holds the copy open for that moment.
    for _ in 0..100 {
        match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => std::thread::sleep(Duration::from_millis(5)),
            other => return other,
        }
    }
    command.spawn()
}

fn not_found(word: &str) -> String {
    if word.contains('/') {
        format!("{word} is not in the submission; build it with a `setup` command in kgrade.yaml, or correct its path")
    } else {
        format!("the command {word} is not installed, or not on PATH; install it, or correct the command in kgrade.yaml")
    }
}

/// A program that was started. Dropping it kills whatever is left of it and of what it started.
pub struct Process {
    number: u32,
    stdin: Option<pipe::Sender>,
    family: Arc<Family>,
    link: Option<Arc<Link>>,
    exited: watch::Receiver<Option<Exit>>,
    watchers: Vec<JoinHandle<()>>,
    gone: AtomicBool,
    _hold: watch::Sender<()>,
    _lease: Lease,
    _served: Option<Box<dyn Any + Send + Sync>>,
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Process {
    /// The process id, which is also that of its process group; of a process in a sandbox, that of its cell.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.number
    }

    /// Writes a line and its end to standard input.
    ///
    /// # Errors
    /// When the program has closed its input or ended, or its input is not piped or was taken.
    pub async fn write_line(&mut self, line: &[u8]) -> io::Result<()> {
        let stdin = self.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        stdin.write_all(line).await?;
        stdin.write_all(b"\n").await?;
        stdin.flush().await
    }

    /// Takes the writer of standard input, to write from another task; dropping it closes the input.
    pub fn take_stdin(&mut self) -> Option<pipe::Sender> {
        self.stdin.take()
    }

    /// Ends standard input.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Sends a signal to the whole process group. What has ended already does not mind.
    pub fn signal(&self, signal: Signal) {
        match &self.link {
            Some(link) => link.signal(signal.as_raw()),
            None => self.family.signal(signal),
        }
    }

    /// Waits until the process has ended and everything it wrote was told.
    pub async fn exited(&self) -> Exit {
        let mut exited = self.exited.clone();
        let exit = exited.wait_for(Option::is_some).await.map(|exit| *exit);
        exit.ok().flatten().unwrap_or(Exit { code: None, signal: None })
    }

    /// How the process ended, if it has.
    #[must_use]
    pub fn exit(&self) -> Option<Exit> {
        *self.exited.borrow()
    }

    /// Whether no process of the group is alive, the started one included.
    #[must_use]
    pub fn group_is_gone(&self) -> bool {
        // A cell ends with the group of its program.
        if self.link.is_some() { self.family.has_ended() } else { self.family.group_is_gone() }
    }

    /// Whether nothing that came from the process is alive, wherever it moved. Seen at most a fifth of a second late.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        // The watcher looks after all of them until none is left.
        self.gone.load(Ordering::Acquire) || self.watchers.iter().all(JoinHandle::is_finished)
    }

    /// Kills the process and everything that came from it, wherever it moved, and waits until it is gone.
    /// False when something could not be killed within five seconds.
    pub async fn kill_tree(&self) -> bool {
        let family = Arc::clone(&self.family);
        let gone = tokio::task::spawn_blocking(move || family.kill(PATIENCE)).await.unwrap_or(false);
        let told = tokio::time::timeout(PATIENCE, self.exited()).await.is_ok();
        self.gone.store(gone && told, Ordering::Release);
        gone && told
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.watchers.iter().for_each(JoinHandle::abort);
        if !self.gone.load(Ordering::Acquire) && !self.family.kill(PATIENCE) {
            tracing::warn!(pid = self.number, "a learner's process could not be killed; look for it with `ps`");
        }
    }
}
