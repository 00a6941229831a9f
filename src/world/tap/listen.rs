//! The ports of the tap: each belongs to one seat and one broker.

use std::io;
use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::seat::{Chair, Entry};
use super::{Core, Node, connection};

/// After a failure to accept, mostly for want of file descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// Binds a port of 127.0.0.1, a free one for 0.
pub(super) fn bind(port: u16) -> io::Result<(TcpListener, u16)> {
    let listener = StdListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    Ok((TcpListener::from_std(listener)?, port))
}

/// Takes connections of whoever sits on the chair to the broker behind the port, for ever.
pub(super) async fn listen(core: Arc<Core>, listener: TcpListener, chair: Arc<Chair>, broker: watch::Receiver<Option<Node>>) {
    loop {
        let client = match listener.accept().await {
            Ok((client, _)) => client,
            Err(error) => {
                tracing::warn!(%error, "the tap cannot take a connection");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        enter(&core, &chair, client, broker.clone()).await;
    }
}

async fn enter(core: &Arc<Core>, chair: &Chair, client: TcpStream, broker: watch::Receiver<Option<Node>>) {
    // A process that outlived its instance: nobody's connection, and closed.
    let Some(occupant) = chair.occupant() else { return };
    occupant.opened().await;
    let node = broker.borrow().as_ref().map_or(-1, |node| node.id);
    let Entry::In(number) = occupant.enter(node) else { return };
    let run = connection::run(Arc::clone(core), Arc::clone(&occupant), number, client, broker);
    let task = tokio::spawn(run);
    occupant.keep(number, task.abort_handle());
}
