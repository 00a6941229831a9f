//! A sandbox by Docker: a container for one program, without a network, from an image that holds nothing. The tools are the machine's own.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::{
    CreateContainerOptions, CreateImageOptionsBuilder, InspectContainerOptions, StartContainerOptions, WaitContainerOptions,
};
use bytes::Bytes;
use futures_util::StreamExt;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with};
use tokio::net::UnixListener;

use super::inside::COMMAND;
use super::view::Seen;
use super::{Cell, INSIDE, Room, SandboxError};
use crate::world::docker::{Docker, labels};

/// The image: no files at all.
const IMAGE: (&str, &str) = ("kgrade/sandbox", "1");

/// Where the process inside finds the way to kgrade.
const CONTROL: &str = "/.kgrade/control";

/// How much may be kept in files that are in memory, in bytes.
const IN_MEMORY: i64 = 64 << 20;

/// What the kernel lets the container have beyond what kgrade allows the program, in bytes: kgrade's own watch tells the learner more.
const SPARE: i64 = 256 << 20;

/// The same for processes and threads: the kernel counts both.
const THREADS: i64 = 4096;

/// A container with the process inside at work.
pub(super) struct Contained {
    /// The way to the process inside.
    pub socket: OwnedFd,
    /// The number of its first process on this machine.
    pub pid: u32,
}

/// Makes the image if it is not there.
pub(super) async fn make_image(docker: &Docker) -> Result<(), SandboxError> {
    let client = docker.client().await?;
    if client.inspect_image(&format!("{}:{}", IMAGE.0, IMAGE.1)).await.is_ok() {
        return Ok(());
    }
    let options = CreateImageOptionsBuilder::new().from_src("-").repo(IMAGE.0).tag(IMAGE.1).build();
    // The end of a tar file that holds nothing.
    let nothing = bollard::body_full(Bytes::from_static(&[0; 1024]));
    let mut made = std::pin::pin!(client.create_image(Some(options), Some(nothing), None));
    while let Some(step) = made.next().await {
        step.map_err(|error| SandboxError::new(format!("make Docker's image for it: {error}")))?;
    }
    Ok(())
}

/// Starts a container for a cell.
pub(super) async fn start(docker: &Docker, room: &Room, cell: &Cell<'_>, seen: &[Seen]) -> Result<Contained, SandboxError> {
    let client = docker.client().await?;
    let control = tempfile::Builder::new().prefix("c").tempdir_in(room.folder.path())?;
    let listener = socket_at(&control.path().join("s"))?;
    let created = client
        .create_container(None::<CreateContainerOptions>, body(room, cell, seen, control.path()))
        .await
        .map_err(|error| SandboxError::new(format!("make a container: {error}")))?;
    client
        .start_container(&created.id, None::<StartContainerOptions>)
        .await
        .map_err(|error| SandboxError::new(format!("start a container: {error}")))?;
    let waiting = client.clone().with_timeout(std::time::Duration::MAX);
    let mut ended = std::pin::pin!(waiting.wait_container(&created.id, None::<WaitContainerOptions>));
    let socket = tokio::select! {
        accepted = listener.accept() => accepted?.0.into_std()?.into(),
        end = ended.next() => {
            let how = end.map(|end| format!("{end:?}")).unwrap_or_default();
            return Err(SandboxError::new(format!("the container ended before it was used: {how}")));
        }
    };
    let details = client
        .inspect_container(&created.id, None::<InspectContainerOptions>)
        .await
        .map_err(|error| SandboxError::new(format!("look at the container: {error}")))?;
    let pid = details.state.and_then(|state| state.pid).and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid > 0);
    let pid = pid.ok_or_else(|| SandboxError::new("the container ended before it was used".to_owned()))?;
    Ok(Contained { socket, pid })
}

fn socket_at(path: &Path) -> io::Result<UnixListener> {
    let socket = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    bind(&socket, &SocketAddrUnix::new(path)?)?;
    listen(&socket, 1)?;
    let socket = std::os::unix::net::UnixListener::from(socket);
    socket.set_nonblocking(true)?;
    UnixListener::from_std(socket)
}

fn body(room: &Room, cell: &Cell<'_>, seen: &[Seen], control: &Path) -> ContainerCreateBody {
    let bound = |from: &Path, to: &Path, how: &str| format!("{}:{}:{how}", from.display(), to.display());
    let mut binds: Vec<String> = seen
        .iter()
        .map(|seen| match seen {
            Seen::Link { path, .. } | Seen::Readable(path) => bound(path, path, "ro"),
        })
        .collect();
    binds.extend(cell.writable.iter().map(|folder| bound(folder, folder, "rw")));
    binds.extend(
        ["passwd", "group", "nsswitch.conf"].map(|file| bound(&room.folder.path().join(file), &Path::new("/etc").join(file), "ro")),
    );
    binds.push(bound(&room.folder.path().join("inside"), Path::new(INSIDE), "ro"));
    binds.push(bound(control, Path::new(CONTROL), "ro"));
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let own = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    let memory = i64::try_from(cell.limits.memory).unwrap_or(i64::MAX).saturating_add(SPARE);
    let temporary = format!("size={IN_MEMORY},mode=1777");
    let host = HostConfig {
        binds: Some(binds),
        network_mode: Some(if cell.network { "host" } else { "none" }.to_owned()),
        readonly_rootfs: Some(true),
        cap_drop: Some(words(&["ALL"])),
        // The process inside becomes the user that the program runs as; nothing else is left to root.
        cap_add: room.user.map(|_| words(&["SETUID", "SETGID", "KILL"])),
        security_opt: Some(words(&["no-new-privileges"])),
        ipc_mode: Some("private".to_owned()),
        shm_size: Some(IN_MEMORY),
        pids_limit: Some(THREADS),
        memory: Some(memory),
        memory_swap: Some(memory),
        tmpfs: Some(HashMap::from([("/tmp".to_owned(), temporary.clone()), (room.temporary().display().to_string(), temporary)])),
        auto_remove: Some(true),
        ..HostConfig::default()
    };
    ContainerCreateBody {
        image: Some(format!("{}:{}", IMAGE.0, IMAGE.1)),
        cmd: Some(words(&[INSIDE, COMMAND, &format!("{CONTROL}/s")])),
        user: Some(format!("{}:{}", own.0, own.1)),
        hostname: (!cell.network).then(|| "sandbox".to_owned()),
        env: Some(cell.marks.iter().map(|(name, value)| format!("{}={}", name.display(), value.display())).collect()),
        labels: Some(labels(&room.mark)),
        host_config: Some(host),
        ..ContainerCreateBody::default()
    }
}
