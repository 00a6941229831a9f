//! One connection of a program to a broker, from its beginning to its end.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::downward::Downward;
use super::link::Link;
use super::seat::{Occupant, isolated};
use super::stream::Over;
use super::upward::Upward;
use super::{Core, Node};
use crate::timeline::wire::Side;

/// How long a program may take to close a connection that the broker has closed. Closing it at once could take the last answers from it.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How often it is looked whether a broker has answered.
const GLANCE: Duration = Duration::from_millis(2);

/// Connects to the broker and passes frames both ways until one side ends it.
pub(super) async fn run(
    core: Arc<Core>,
    occupant: Arc<Occupant>,
    number: u64,
    mut client: TcpStream,
    mut broker: watch::Receiver<Option<Node>>,
) {
    let Some(mut upstream) = connect(&core, &mut broker).await else {
        return occupant.ended(number, Side::Broker, Some("the broker does not take connections".to_owned()));
    };
    // Without this, small frames wait for the acknowledgement of those before them.
    let _ = (client.set_nodelay(true), upstream.set_nodelay(true));
    let node = broker.borrow().as_ref().map_or(-1, |node| node.id);
    let (by, reason) = tokio::select! {
        ended = pass(&core, &occupant, number, &mut client, &mut upstream) => ended,
        () = core.isolation_of(node) => (Side::Tap, Some(isolated(node))),
    };
    drop(upstream);
    occupant.ended(number, by, reason);
    if by == Side::Broker {
        let mut rest = [0; 512];
        let drain = async { while client.read(&mut rest).await.is_ok_and(|bytes| bytes > 0) {} };
        let _ = tokio::time::timeout(LAST_WORDS, drain).await;
    }
}

async fn connect(core: &Core, broker: &mut watch::Receiver<Option<Node>>) -> Option<TcpStream> {
    let node = broker.wait_for(Option::is_some).await.ok()?.clone()?;
    tokio::time::timeout(core.limits.connect, TcpStream::connect(&node.address)).await.ok()?.ok()
}

/// Passes frames both ways. Who ended it, and why when the tap did.
async fn pass(
    core: &Arc<Core>,
    occupant: &Arc<Occupant>,
    number: u64,
    client: &mut TcpStream,
    upstream: &mut TcpStream,
) -> (Side, Option<String>) {
    let link = Link::new(Arc::clone(core), Arc::clone(occupant), number);
    let (from_client, to_client) = client.split();
    let (from_broker, to_broker) = upstream.split();
    let upward = Upward::new(&link, from_client, to_broker).run();
    let downward = Downward::new(&link, from_broker, to_client).run();
    tokio::pin!(upward, downward);
    let over = tokio::select! {
        over = &mut upward => over,
        over = &mut downward => return match over {
            Over::Said => (Side::Broker, None),
            Over::Gone(side) => (side, None),
            Over::Closed(reason) => (Side::Tap, Some(reason)),
        },
    };
    let by = match over {
        Over::Said => Side::Client,
        Over::Gone(Side::Broker) => Side::Broker,
        Over::Gone(side) => return (side, None),
        Over::Closed(reason) => return (Side::Tap, Some(reason)),
    };
    // What the broker still has to say is passed on, unless the program is gone and a fault keeps an answer from it.
    if by == Side::Broker || !link.is_pausing() {
        tokio::select! {
            _ = tokio::time::timeout(core.limits.linger, downward) => {}
            () = last_answers(&link), if by == Side::Client => {}
        }
    }
    (by, None)
}

/// Waits until the broker has answered all that a program that is gone had asked. What it fetched last may be answered half a second later,
/// and it will never read it.
async fn last_answers(link: &Link) {
    while !link.is_only_polled() {
        tokio::time::sleep(GLANCE).await;
    }
    // The last one may be on its way to a program that only stopped sending.
    tokio::time::sleep(5 * GLANCE).await;
}
