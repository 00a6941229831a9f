//! The sandbox: what keeps a learner's programs from the grader, from other submissions, and from the rest of the machine.
//!
//! Every start of a program gets a cell of its own, made by bubblewrap or as a Docker container: a network that holds nothing but the grader's ports
//! for this very program, process numbers of its own, the machine's tools read-only, a private `/tmp`, and the run's folder. The sockets on those
//! ports are made inside and accepted outside (see `inside`): nothing is forwarded, and there is no way out.
//!
//! ```text
//!        kgrade ──────────── socket ───────────▶ inside ──▶ the program
//!   tap, sink accept ◀── 127.0.0.1:port, made inside ──┘      knows only its ports
//! ```

mod bwrap;
mod container;
mod disk;
mod inside;
mod link;
mod message;
mod view;

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use thiserror::Error;
use tokio::io::AsyncReadExt;
use tokio::process::Child;

pub use disk::{free, hand_over, used};
pub use inside::{COMMAND, run};
pub use link::{Ended, Link};
pub use view::tools;

use crate::world::docker::{Docker, DockerError, DockerHost, remove_marked};
use crate::world::folder::PrivateFolder;
use crate::world::guard::{Guard, Lease};
use crate::world::program::Limits;
use message::{KernelLimits, Order};

/// Where the process inside finds its own file.
const INSIDE: &str = "/.kgrade/inside";

/// The user that programs run as when kgrade is root's: nobody.
const NOBODY: u32 = 65534;

/// How long a cell may take to be there, on a busy machine with a busy Docker.
const PATIENCE: Duration = Duration::from_secs(60);

/// Which sandbox is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Docker where it runs, else bubblewrap; an error where neither does.
    Auto,
    /// Containers.
    Docker,
    /// bubblewrap.
    Bwrap,
    /// None at all.
    None,
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "docker" => Ok(Self::Docker),
            "bwrap" => Ok(Self::Bwrap),
            "none" => Ok(Self::None),
            _ => Err("one of auto, docker, bwrap, none".to_owned()),
        }
    }
}

/// Why there is no sandbox, or none for a program. The text fits after "failed to make the sandbox: ".
#[derive(Debug, Error)]
#[error("{0}")]
pub struct SandboxError(String);

impl SandboxError {
    fn new(text: String) -> Self {
        Self(text)
    }
}

impl From<io::Error> for SandboxError {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<DockerError> for SandboxError {
    fn from(error: DockerError) -> Self {
        Self(error.to_string())
    }
}

/// A sandbox for the programs of one run. Clones share it; with the last one everything in it ends.
#[derive(Debug, Clone)]
pub struct Sandbox {
    room: Arc<Room>,
}

#[derive(Debug)]
struct Room {
    way: Way,
    folder: PrivateFolder,
    /// Who programs run as, when kgrade is root.
    user: Option<u32>,
    /// What containers of this run are known by.
    mark: String,
    /// Whether commands that prepare a submission reach the network.
    network_at_setup: bool,
    _lease: Option<Lease>,
}

/// What a sandbox is made with.
#[derive(Debug, Clone, Copy)]
pub struct Making<'a> {
    /// The daemon, if there is one.
    pub docker: &'a Docker,
    /// Looks after what is made.
    pub guard: &'a Guard,
    /// kgrade's own file, which runs inside.
    pub kgrade: &'a Path,
}

#[derive(Debug)]
enum Way {
    Bwrap(PathBuf),
    Docker(Docker),
}

/// A place for one program.
pub struct Cell<'a> {
    /// What can be read beside the system.
    pub readable: Vec<PathBuf>,
    /// What can be written.
    pub writable: Vec<PathBuf>,
    /// Whether it has the machine's network.
    pub network: bool,
    /// What it may use.
    pub limits: &'a Limits,
    /// The variables that mark its processes.
    pub marks: Vec<(OsString, OsString)>,
}

/// A program for a cell.
pub struct Program {
    /// The file to execute.
    pub file: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Its whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// Its working directory.
    pub folder: PathBuf,
    /// The ports of 127.0.0.1 on which the grader is to be reached.
    pub ports: Vec<u16>,
    /// The largest number of threads that the user may have.
    pub threads: u64,
    /// Standard output, standard error and, if there is one, standard input.
    pub files: Vec<OwnedFd>,
}

/// A cell with a program that is ready to start in it. Dropping it ends the cell.
pub struct Ready {
    /// The way to the process inside.
    pub link: Arc<Link>,
    /// The number of the cell's first process on this machine.
    pub pid: u32,
    /// What waits for the cell's end, where that is a process of kgrade's.
    pub child: Option<Child>,
    /// What listens on the program's ports.
    pub listeners: Vec<TcpListener>,
}

impl Sandbox {
    /// Finds a way to make one, and tries it. `None` when none is wanted.
    ///
    /// # Errors
    /// When it cannot be had on this machine; the message says how to get it.
    pub async fn find(wanted: Wanted, network_at_setup: bool, making: &Making<'_>) -> Result<Option<Self>, SandboxError> {
        match wanted {
            Wanted::None => Ok(None),
            Wanted::Bwrap => Self::by_bwrap(std::env::var_os("PATH"), network_at_setup, making).await.map(Some),
            Wanted::Docker => Self::by_docker(network_at_setup, making).await.map(Some),
            Wanted::Auto => {
                let refusal = match Self::by_docker(network_at_setup, making).await {
                    Ok(sandbox) => return Ok(Some(sandbox)),
                    Err(refusal) => refusal,
                };
                let both = |error| {
                    let way_out = "name it with `--sandbox none` to run programs without one, which no grade should come from";
                    SandboxError(format!("with Docker: {refusal}; with bubblewrap: {error}; {way_out}"))
                };
                Self::by_bwrap(std::env::var_os("PATH"), network_at_setup, making).await.map(Some).map_err(both)
            }
        }
    }

    /// Finds bubblewrap on a search path, and tries it.
    ///
    /// # Errors
    /// When it is not there, or makes no sandbox; the message says how to get it.
    pub async fn by_bwrap(path: Option<OsString>, network_at_setup: bool, making: &Making<'_>) -> Result<Self, SandboxError> {
        let advice = "install it (Debian, Ubuntu: `sudo apt-get install bubblewrap`; Fedora: `sudo dnf install bubblewrap`)";
        let bwrap = crate::world::program::search("bwrap", path);
        let bwrap = bwrap.ok_or_else(|| SandboxError(format!("there is no `bwrap` on PATH; {advice}")))?;
        Self::tried(Way::Bwrap(bwrap), network_at_setup, making).await
    }

    async fn by_docker(network_at_setup: bool, making: &Making<'_>) -> Result<Self, SandboxError> {
        let docker = making.docker;
        if !docker.is_local() || !cfg!(target_os = "linux") {
            return Err(SandboxError("the daemon is not on this machine, so it does not have this machine's programs".to_owned()));
        }
        container::make_image(docker).await?;
        Self::tried(Way::Docker(docker.clone()), network_at_setup, making).await
    }

    /// Makes what all cells share, and one cell to see that it works.
    async fn tried(way: Way, network_at_setup: bool, making: &Making<'_>) -> Result<Self, SandboxError> {
        let folder = PrivateFolder::make(making.guard, "kgrade-cell-")?;
        let user = rustix::process::geteuid().is_root().then_some(NOBODY);
        furnish(making.kgrade, folder.path(), user.unwrap_or_else(|| rustix::process::getuid().as_raw()))?;
        let mark = format!("sandbox-{:016x}", rand::random::<u64>());
        let lease = matches!(way, Way::Docker(_)).then(|| making.guard.containers(&mark));
        let sandbox = Self { room: Arc::new(Room { way, folder, user, mark, network_at_setup, _lease: lease }) };
        let limits = Limits::default();
        let cell = Cell { readable: Vec::new(), writable: Vec::new(), network: false, limits: &limits, marks: Vec::new() };
        let program = Program {
            file: INSIDE.into(),
            arguments: vec!["--version".into()],
            env: Vec::new(),
            folder: "/".into(),
            ports: vec![0],
            threads: 4096,
            files: Vec::new(),
        };
        let ready = sandbox.prepare(&cell, program).await?;
        match ready.start().await? {
            Ok(()) => {}
            Err(refused) => return Err(SandboxError(format!("no program starts in it: {refused}"))),
        }
        match ready.link.exited().await {
            Some(Ended { code: Some(0), .. }) => Ok(sandbox),
            other => Err(SandboxError(format!("a program in it ended with {other:?}"))),
        }
    }

    /// What reports call it.
    #[must_use]
    pub fn name(&self) -> String {
        let way = match &self.room.way {
            Way::Bwrap(_) => "bubblewrap",
            Way::Docker(_) => "docker",
        };
        let network = if self.room.network_at_setup { ", network at setup" } else { "" };
        format!("{way}{network}")
    }

    /// Whether commands that prepare a submission reach the network.
    #[must_use]
    pub fn network_at_setup(&self) -> bool {
        self.room.network_at_setup
    }

    /// Makes a folder the programs' own, when they run as somebody else.
    ///
    /// # Errors
    /// When that is not allowed.
    pub fn hand_over(&self, folder: &Path) -> io::Result<()> {
        self.room.user.map_or(Ok(()), |user| hand_over(folder, user))
    }

    /// Makes a cell and everything that a program needs in it; [`Ready::start`] starts it.
    ///
    /// # Errors
    /// When the machine refuses; that is never the program's fault.
    pub async fn prepare(&self, cell: &Cell<'_>, program: Program) -> Result<Ready, SandboxError> {
        tokio::time::timeout(PATIENCE, self.prepare_now(cell, program))
            .await
            .unwrap_or_else(|_| Err(SandboxError(format!("it was not there after {} s", PATIENCE.as_secs()))))
    }

    async fn prepare_now(&self, cell: &Cell<'_>, program: Program) -> Result<Ready, SandboxError> {
        let room = &*self.room;
        // What lies in a folder that may be changed may be changed with it: the environment that setup commands install into.
        let changes = |path: &&PathBuf| cell.writable.iter().any(|folder| path.starts_with(folder));
        let seen = view::seen(cell.readable.iter().filter(|path| !changes(path)).map(PathBuf::as_path));
        let (socket, pid, mut child) = match &room.way {
            Way::Bwrap(bwrap) => {
                let (here, there) =
                    socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).map_err(io::Error::from)?;
                let child = bwrap::command(bwrap, room, cell, &seen, there).spawn()?;
                (here, child.id().unwrap_or_default(), Some(child))
            }
            Way::Docker(docker) => {
                let contained = container::start(docker, room, cell, &seen).await?;
                (contained.socket, contained.pid, None)
            }
        };
        let link = Arc::new(Link::new(socket)?);
        let limits = KernelLimits {
            // The tree's own limit comes first; this one ends what the watch cannot see.
            cpu: cell.limits.cpu.as_secs() + 2,
            file_size: cell.limits.file_size,
            open_files: cell.limits.open_files,
            threads: program.threads,
        };
        let Program { file, arguments, env, folder, ports, files, .. } = program;
        let order = Order { program: file, arguments, env, folder, ports, user: room.user, limits };
        match link.prepare(order, &files).await {
            Ok(Some(Ok(listeners))) => Ok(Ready { link, pid, child, listeners }),
            Ok(Some(Err(why))) => Err(SandboxError(why)),
            Ok(None) | Err(_) => Err(SandboxError(last_words(child.as_mut()).await)),
        }
    }
}

impl Ready {
    /// Starts the program. The inner error is the system's refusal, which is the submission's problem.
    ///
    /// # Errors
    /// When the cell has ended.
    pub async fn start(&self) -> Result<Result<(), io::Error>, SandboxError> {
        match self.link.start().await {
            Ok(Some(started)) => Ok(started),
            Ok(None) | Err(_) => Err(SandboxError("it ended before the program was started".to_owned())),
        }
    }
}

impl Room {
    /// Where temporary files are, links resolved.
    fn temporary(&self) -> &Path {
        self.folder.path().parent().unwrap_or(Path::new("/tmp"))
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if matches!(self.way, Way::Docker(_)) {
            let mark = self.mark.clone();
            // A runtime of its own: this may be called where one is at work, or where none is any more.
            let _ = std::thread::spawn(move || remove_marked(&DockerHost::from_env(), &mark)).join();
        }
    }
}

/// What a cell said when it could not be made.
async fn last_words(child: Option<&mut Child>) -> String {
    let mut words = String::new();
    if let Some(stderr) = child.and_then(|child| child.stderr.take()) {
        let _ = stderr.take(4096).read_to_string(&mut words).await;
    }
    let words = words.trim();
    if words.is_empty() { "it ended at once".to_owned() } else { words.replace('\n', " ") }
}

/// Writes what every cell has: the program that runs inside, and the names that the system looks up.
fn furnish(kgrade: &Path, folder: &Path, user: u32) -> io::Result<()> {
    let inside = folder.join("inside");
    fs::copy(kgrade, &inside)?;
    // It can be executed and not read: a process that runs it cannot be looked into either.
    fs::set_permissions(&inside, Permissions::from_mode(0o111))?;
    let files = [
        ("passwd", format!("learner:x:{user}:{user}::/tmp:/bin/sh\n")),
        ("group", format!("learner:x:{user}:\n")),
        ("hosts", "127.0.0.1 localhost sandbox\n::1 localhost\n".to_owned()),
        ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n".to_owned()),
    ];
    for (name, text) in files {
        fs::write(folder.join(name), text)?;
        fs::set_permissions(folder.join(name), Permissions::from_mode(0o644))?;
    }
    Ok(())
}
