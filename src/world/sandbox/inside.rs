//! The process inside a sandbox: it opens the ports on which the grader is reached, hands them out, starts the program, and tells how that ended.
//!
//! It runs from a copy of kgrade's own file that can be executed but not read, so that nothing in the sandbox can look into it. The sockets it makes
//! belong to the sandbox's network, and the grader outside accepts their connections: nothing is forwarded, and nothing of the grader stays inside.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitOptions, getrlimit, kill_process_group, setrlimit, test_kill_process_group, wait,
};

use super::message::{KernelLimits, MOST_FILES, Order, Said, Told, receive, send};

/// The name of the hidden command that runs [`run`]. Its only argument is the socket to connect to; without one, standard input is it.
pub const COMMAND: &str = "internal-sandbox";

/// How often it is looked whether the program's process group lives on after its leader.
const LOOK: Duration = Duration::from_millis(5);

/// The life of the process inside.
pub fn run(socket: Option<&Path>) -> ExitCode {
    let done = open(socket).and_then(|socket| serve(&Arc::new(socket)));
    // There is nobody to read an error but kgrade, which sees that the connection has ended.
    if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn open(socket: Option<&Path>) -> io::Result<OwnedFd> {
    let Some(path) = socket else { return io::stdin().as_fd().try_clone_to_owned() };
    let socket = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    connect(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(socket)
}

fn serve(socket: &Arc<OwnedFd>) -> io::Result<()> {
    let Some((Told::Prepare(order), files)) = receive(socket)? else { return Ok(()) };
    let listeners = match order.ports.iter().take(MOST_FILES).map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port))).collect() {
        Ok::<Vec<_>, io::Error>(listeners) => listeners,
        Err(error) => return send(socket, &Said::Unready(format!("open the grader's ports: {error}")), &[]),
    };
    send(socket, &Said::Ready, &listeners.iter().map(AsFd::as_fd).collect::<Vec<_>>())?;
    drop(listeners);
    let Some((Told::Start, _)) = receive::<Told>(socket)? else { return Ok(()) };
    let program = match start(&order, files) {
        Ok(program) => program,
        Err(error) => return send(socket, &Said::Refused(error.raw_os_error().unwrap_or_default()), &[]),
    };
    send(socket, &Said::Started, &[])?;
    let heard = Arc::clone(socket);
    std::thread::spawn(move || pass_signals(&heard, program));
    wait_for(program, socket)
}

fn start(order: &Order, files: Vec<OwnedFd>) -> io::Result<Pid> {
    limit(order.limits);
    let mut files = files.into_iter();
    let mut stream = || files.next().map_or_else(Stdio::null, Stdio::from);
    let mut command = Command::new(&order.program);
    command.stdout(stream()).stderr(stream()).stdin(stream());
    command.args(&order.arguments).env_clear().envs(order.env.iter().map(|(name, value)| (name, value)));
    command.current_dir(&order.folder).process_group(0);
    if let Some(user) = order.user {
        command.uid(user).gid(user);
    }
    let child = command.spawn()?;
    Pid::from_raw(child.id().cast_signed()).ok_or_else(|| io::Error::other("no process id"))
}

/// The kernel's limits. What is started inherits them.
fn limit(limits: KernelLimits) {
    let wanted = [
        (Resource::Cpu, limits.cpu, limits.cpu + 2),
        (Resource::Fsize, limits.file_size, limits.file_size),
        (Resource::Nofile, limits.open_files, limits.open_files),
        (Resource::Nproc, limits.threads, limits.threads),
        (Resource::Core, 0, 0),
    ];
    for (resource, soft, hard) in wanted {
        // Nobody may raise a hard limit that is lower already.
        let cap = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let _ = setrlimit(resource, Rlimit { current: Some(soft.min(cap)), maximum: Some(hard.min(cap)) });
    }
    // When memory runs out, the learner's program is the one to go.
    let _ = std::fs::write("/proc/self/oom_score_adj", "900");
}

fn pass_signals(socket: &OwnedFd, program: Pid) {
    while let Ok(Some((told, _))) = receive::<Told>(socket) {
        if let Told::Signal(number) = told
            && let Some(signal) = Signal::from_named_raw(number)
        {
            let _ = kill_process_group(program, signal);
        }
    }
    // kgrade is gone, or wants no more of it: with this process everything in the sandbox ends.
    std::process::exit(1);
}

/// Waits for the program, then for the rest of its process group. Everything that lost its parent in here is waited for too.
fn wait_for(program: Pid, socket: &OwnedFd) -> io::Result<()> {
    let mut over = false;
    loop {
        match wait(if over { WaitOptions::NOHANG } else { WaitOptions::empty() }) {
            Ok(Some((pid, status))) if pid == program => {
                over = true;
                send(socket, &Said::Exited { code: status.exit_status(), signal: status.terminating_signal() }, &[])?;
            }
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) | Err(_) => {
                if test_kill_process_group(program).is_err() {
                    return Ok(());
                }
                std::thread::sleep(LOOK);
            }
        }
    }
}
