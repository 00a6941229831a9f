//! A sandbox by bubblewrap: namespaces of its own for one program, without a daemon and without root.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::inside::COMMAND;
use super::view::Seen;
use super::{Cell, INSIDE, Room};

/// How much may be kept in files that are in memory, in bytes: `/tmp` and `/dev/shm`, each.
const IN_MEMORY: u64 = 64 << 20;

/// The command that makes a cell and runs the process inside, with the socket as its standard input.
pub(super) fn command(bwrap: &Path, room: &Room, cell: &Cell<'_>, seen: &[Seen], socket: OwnedFd) -> Command {
    let mut command = Command::new(bwrap);
    command.args(["--die-with-parent", "--new-session", "--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try"]);
    if !cell.network {
        command.arg("--unshare-net");
    }
    command.args(["--hostname", "sandbox", "--cap-drop", "ALL"]);
    if room.user.is_some() {
        // The process inside becomes the user that the program runs as; nothing else is left to root.
        command.args(["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_KILL"]);
    } else {
        command.arg("--unshare-user");
    }
    let mut ways = Ways::default();
    // Where temporary files are, the outer folder first: empty, but for what is shown there.
    let hidden: BTreeSet<&Path> = [Path::new("/tmp"), room.temporary()].into();
    for seen in seen {
        match seen {
            Seen::Link { path, target } => command.arg("--symlink").arg(target).arg(path),
            Seen::Readable(path) if hidden.iter().any(|folder| path.starts_with(folder)) => continue,
            Seen::Readable(path) => ways.to(path, &mut command).arg("--ro-bind").arg(path).arg(path),
        };
    }
    for file in ["passwd", "group", "hosts", "nsswitch.conf"] {
        let to = Path::new("/etc").join(file);
        ways.to(&to, &mut command).arg("--ro-bind").arg(room.folder.path().join(file)).arg(to);
    }
    if cell.network {
        command.args(["--ro-bind-try", "/etc/resolv.conf", "/etc/resolv.conf"]);
    }
    let size = IN_MEMORY.to_string();
    command.args(["--proc", "/proc", "--dev", "/dev", "--size", &size, "--perms", "1777", "--tmpfs", "/dev/shm"]);
    for folder in &hidden {
        ways.to(folder, &mut command).args(["--size", &size, "--perms", "1777", "--tmpfs"]).arg(folder);
    }
    // What lies among the temporary files comes after the empty folder that hides all others.
    for seen in seen {
        if let Seen::Readable(path) = seen
            && hidden.iter().any(|folder| path.starts_with(folder))
        {
            ways.to(path, &mut command).arg("--ro-bind").arg(path).arg(path);
        }
    }
    for folder in &cell.writable {
        ways.to(folder, &mut command).arg("--bind").arg(folder).arg(folder);
    }
    ways.to(Path::new(INSIDE), &mut command).arg("--ro-bind").arg(room.folder.path().join("inside")).arg(INSIDE);
    command.args(["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--", INSIDE, COMMAND]);
    command.env_clear().envs(cell.marks.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::from(socket)).stdout(Stdio::null()).stderr(Stdio::piped());
    command.process_group(0).kill_on_drop(true);
    command
}

/// The folders on the way to what is shown. Left to itself, bubblewrap makes them for its own user only.
#[derive(Default)]
struct Ways(BTreeSet<PathBuf>);

impl Ways {
    /// Makes the folders that lead to a path, each once.
    fn to<'c>(&mut self, path: &Path, command: &'c mut Command) -> &'c mut Command {
        let mut folders: Vec<&Path> = path.ancestors().skip(1).filter(|folder| folder.parent().is_some()).collect();
        folders.reverse();
        for folder in folders {
            if self.0.insert(folder.to_owned()) {
                command.args(["--perms", "0755", "--dir"]).arg(folder);
            }
        }
        command
    }
}
