//! kgrade's end of the connection to the process inside a sandbox.

use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};

use tokio::io::Interest;
use tokio::net::UnixStream;

use super::message::{Order, Said, Told, receive, send};

/// The connection to the process inside a sandbox: a socket that keeps packets apart, which is nothing to the runtime.
#[derive(Debug)]
pub struct Link {
    socket: UnixStream,
}

/// How a program in a sandbox ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code, when it ended by itself.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

impl Link {
    pub(super) fn new(socket: OwnedFd) -> io::Result<Self> {
        let socket = std::os::unix::net::UnixStream::from(socket);
        socket.set_nonblocking(true)?;
        Ok(Self { socket: UnixStream::from_std(socket)? })
    }

    async fn hear(&self) -> io::Result<Option<(Said, Vec<OwnedFd>)>> {
        self.socket.async_io(Interest::READABLE, || receive(&self.socket)).await
    }

    /// Has everything prepared for a program. Returns the sockets that listen on its ports. The inner error is of the sandbox's own words;
    /// `None` when the process inside is gone.
    pub(super) async fn prepare(&self, order: Order, files: &[OwnedFd]) -> io::Result<Option<Result<Vec<TcpListener>, String>>> {
        let files: Vec<_> = files.iter().map(AsFd::as_fd).collect();
        let told = Told::Prepare(Box::new(order));
        self.socket.async_io(Interest::WRITABLE, || send(&self.socket, &told, &files)).await?;
        Ok(match self.hear().await? {
            Some((Said::Ready, sockets)) => Some(Ok(sockets.into_iter().map(TcpListener::from).collect())),
            Some((Said::Unready(why), _)) => Some(Err(why)),
            _ => None,
        })
    }

    /// Starts the program. The inner error is the system's refusal; `None` when the process inside is gone.
    pub(super) async fn start(&self) -> io::Result<Option<Result<(), io::Error>>> {
        self.socket.async_io(Interest::WRITABLE, || send(&self.socket, &Told::Start, &[])).await?;
        Ok(match self.hear().await? {
            Some((Said::Started, _)) => Some(Ok(())),
            Some((Said::Refused(errno), _)) => Some(Err(io::Error::from_raw_os_error(errno))),
            _ => None,
        })
    }

    /// Sends a signal to the program's process group. One that has ended does not mind.
    pub fn signal(&self, number: i32) {
        let _ = send(&self.socket, &Told::Signal(number), &[]);
    }

    /// Waits for the program's end. `None` when the sandbox ended without a word: it was killed as a whole.
    pub async fn exited(&self) -> Option<Ended> {
        loop {
            match self.hear().await {
                Ok(Some((Said::Exited { code, signal }, _))) => return Some(Ended { code, signal }),
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return None,
            }
        }
    }

    /// Waits until nothing in the sandbox is left that could answer.
    pub async fn gone(&self) {
        while let Ok(Some(_)) = self.hear().await {}
    }
}
