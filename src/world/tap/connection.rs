//! One connection of a program to a broker, from its beginning to its end.

use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::seat::Occupant;
use super::{Core, Node};
use crate::timeline::wire::Side;

/// Connects to the broker and passes bytes both ways until one side ends it.
pub(super) async fn run(
    core: Arc<Core>,
    occupant: Arc<Occupant>,
    number: u64,
    mut client: TcpStream,
    mut broker: watch::Receiver<Option<Node>>,
) {
    let upstream = async {
        let node = broker.wait_for(Option::is_some).await.ok()?.clone()?;
        tokio::time::timeout(core.limits.connect, TcpStream::connect(&node.address)).await.ok()?.ok()
    };
    let Some(mut upstream) = upstream.await else {
        return occupant.ended(number, Side::Broker, Some("the broker does not take the connection".to_owned()));
    };
    let _ = (client.set_nodelay(true), upstream.set_nodelay(true));
    let _ = copy_bidirectional(&mut client, &mut upstream).await;
    occupant.ended(number, Side::Client, None);
}
