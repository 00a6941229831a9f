//! What kgrade and the process inside a sandbox say to each other: one JSON object in each packet of a Unix socket, with open files beside it.

use std::ffi::OsString;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, recvmsg,
    sendmsg,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The largest packet, in bytes: command lines and environments are far smaller.
const LARGEST: usize = 128 * 1024;

/// The most open files beside one packet.
pub(super) const MOST_FILES: usize = 64;

/// What kgrade says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Told {
    /// What is to be done. Beside it: standard output, standard error and, if there is one, standard input.
    Prepare(Box<Order>),
    /// Start the program.
    Start,
    /// Send this signal to the program's process group.
    Signal(i32),
}

/// What the process inside says.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Said {
    /// All is prepared. Beside it: the sockets that listen on the wanted ports, in their order.
    Ready,
    /// It could not be prepared.
    Unready(String),
    /// The program runs.
    Started,
    /// The program could not be started, for this reason of the system.
    Refused(i32),
    /// The program has ended.
    Exited {
        /// Its exit code, when it ended by itself.
        code: Option<i32>,
        /// The signal that ended it.
        signal: Option<i32>,
    },
}

/// A program to be started, as the process inside needs to know it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Order {
    /// The file to execute.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Its whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// Its working directory.
    pub folder: PathBuf,
    /// The ports of 127.0.0.1 on which the grader is to be reached.
    pub ports: Vec<u16>,
    /// The user and group that the program runs as; without it, those of kgrade.
    pub user: Option<u32>,
    /// What the kernel limits.
    pub limits: KernelLimits,
}

/// What the kernel watches for each process.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct KernelLimits {
    /// Processor time of one process, in seconds.
    pub cpu: u64,
    /// The largest file, in bytes.
    pub file_size: u64,
    /// Open files of one process.
    pub open_files: u64,
    /// Threads of the user.
    pub threads: u64,
}

/// Sends a message, with files beside it.
pub(super) fn send(socket: impl AsFd, message: &impl Serialize, files: &[BorrowedFd<'_>]) -> io::Result<()> {
    let text = serde_json::to_vec(message)?;
    if text.len() > LARGEST {
        return Err(io::Error::other("the command and its environment are too long for the sandbox"));
    }
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FILES))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    if !files.is_empty() && !beside.push(SendAncillaryMessage::ScmRights(files)) {
        return Err(io::Error::other("too many files beside a message"));
    }
    sendmsg(socket, &[IoSlice::new(&text)], &mut beside, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Receives a message and the files beside it; `None` when the other end is gone.
pub(super) fn receive<T: DeserializeOwned>(socket: impl AsFd) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut text = vec![0; LARGEST];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FILES))];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    let received = loop {
        match recvmsg(&socket, &mut [IoSliceMut::new(&mut text)], &mut beside, RecvFlags::CMSG_CLOEXEC) {
            Err(rustix::io::Errno::INTR) => {}
            other => break other?,
        }
    };
    let mut files = Vec::new();
    for message in beside.drain() {
        if let RecvAncillaryMessage::ScmRights(more) = message {
            files.extend(more);
        }
    }
    if received.bytes == 0 {
        return Ok(None);
    }
    if received.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC) {
        return Err(io::Error::other("a message that is too long"));
    }
    let message = serde_json::from_slice(text.get(..received.bytes).unwrap_or_default())?;
    Ok(Some((message, files)))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

    use super::*;

    #[test]
    fn files_come_with_their_message() {
        let (here, there) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
        let (mut read, write) = io::pipe().unwrap();
        send(&here, &Said::Ready, &[write.as_fd()]).unwrap();
        send(&here, &Said::Exited { code: None, signal: Some(9) }, &[]).unwrap();
        drop((write, here));
        let (said, mut files) = receive::<Said>(&there).unwrap().unwrap();
        assert_eq!((said, files.len()), (Said::Ready, 1));
        std::fs::File::from(files.remove(0)).write_all(b"x").unwrap();
        let mut text = String::new();
        read.read_to_string(&mut text).unwrap();
        assert_eq!(text, "x", "it was the only one that held the pipe open");
        let (said, files) = receive::<Said>(&there).unwrap().unwrap();
        assert_eq!((said, files.len()), (Said::Exited { code: None, signal: Some(9) }, 0));
        assert!(receive::<Said>(&there).unwrap().is_none(), "the other end is gone");
    }

    #[test]
    fn nonsense_is_refused() {
        let (here, there) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
        rustix::net::send(&here, b"{\"Exited\":", SendFlags::empty()).unwrap();
        assert!(receive::<Said>(&there).is_err());
        assert!(send(&here, &"x".repeat(LARGEST), &[]).is_err());
    }
}
