//! The tap: a Kafka proxy between a program and the brokers. It sees what the program really asks, and breaks things on purpose.
//!
//! Every program instance has a [`Seat`]: a port of its own for each broker, so that a connection's port says for sure whose it is. The
//! brokers themselves advertise these ports (one listener for each seat), so nothing needs to be rewritten; only a cluster that kgrade did not
//! start has its answers changed ([`rewrite`]). Original bytes are forwarded; a copy is read into events of the timeline. A
//! request is recorded before it is forwarded, an answer before it is passed on, so nothing that they cause can be recorded earlier.

mod connection;
mod cutter;
mod downward;
mod edit;
pub mod fault;
mod forbidden;
mod foreign;
mod kept;
mod ledger;
pub mod limits;
mod link;
mod listen;
mod pending;
pub mod read;
pub mod rewrite;
mod seat;
mod stream;
#[cfg(test)]
mod tests;
mod unpack;
mod upward;

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

pub use self::fault::Faults;
use self::kept::Kept;
pub use self::limits::Limits;
use self::read::TopicIds;
pub use self::rewrite::Allow;
use self::rewrite::{Cluster, Switch};
use self::seat::{Chair, Occupant, Way};
pub use self::seat::{Listening, Seat};
use self::unpack::Tight;
use crate::timeline::Recorder;
use crate::timeline::event::Name;

/// A broker as the tap reaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its node id.
    pub id: i32,
    /// Where it listens, `host:port`.
    pub address: String,
}

/// A running tap. Clones share it; the last one dropped closes everything.
#[derive(Debug, Clone)]
pub struct Tap {
    inner: Arc<Inner>,
}

/// What the connections need to know.
#[derive(Debug)]
struct Core {
    recorder: Recorder,
    limits: Limits,
    faults: Faults,
    topics: TopicIds,
    kept: Kept,
    tight: Tight,
    /// Brokers that no program reaches.
    isolated: watch::Sender<BTreeSet<i32>>,
    next: AtomicU64,
}

#[derive(Debug)]
struct Inner {
    core: Arc<Core>,
    ways: Ways,
}

/// How seats come to their ports.
#[derive(Debug)]
enum Ways {
    /// All are there from the beginning, and the brokers advertise them.
    Advertised { rows: Vec<Row>, free: Arc<Semaphore> },
    /// Each seat gets its own when it is taken.
    Rewriting { cluster: Arc<Cluster>, listen: u16 },
}

/// The ports of one seat, one for each broker.
#[derive(Debug)]
struct Row {
    chair: Arc<Chair>,
    doors: Vec<Door>,
}

#[derive(Debug)]
struct Door {
    port: u16,
    broker: watch::Sender<Option<Node>>,
    listening: JoinHandle<()>,
}

impl Drop for Door {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Core {
    fn new(recorder: Recorder, limits: Limits) -> Arc<Self> {
        let (faults, kept) = (Faults::new(recorder.clone()), Kept::new(limits.kept));
        Arc::new(Self {
            recorder,
            limits,
            faults,
            topics: TopicIds::default(),
            kept,
            tight: Tight::default(),
            isolated: watch::Sender::default(),
            next: AtomicU64::new(1),
        })
    }

    /// Whether programs are kept from a broker.
    fn is_isolated(&self, node: i32) -> bool {
        self.isolated.borrow().contains(&node)
    }

    /// Waits until programs are kept from a broker.
    async fn isolation_of(&self, node: i32) {
        // Fails only when the sender is gone, which lives in `self`.
        let _ = self.isolated.subscribe().wait_for(|isolated| isolated.contains(&node)).await;
    }

    /// A number for a new connection.
    fn connection(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }
}

impl Tap {
    /// A tap in front of brokers that will advertise its ports. Binds `seats` × `brokers` ports of 127.0.0.1, so that they can be told to the
    /// brokers before these start. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When a port cannot be bound.
    pub fn advertised(recorder: Recorder, seats: usize, brokers: usize) -> io::Result<Self> {
        Self::advertised_within(recorder, seats, brokers, Limits::default())
    }

    /// As [`Tap::advertised`], with limits other than a real run's.
    ///
    /// # Errors
    /// When a port cannot be bound.
    pub fn advertised_within(recorder: Recorder, seats: usize, brokers: usize, limits: Limits) -> io::Result<Self> {
        let core = Core::new(recorder, limits);
        let rows: io::Result<Vec<_>> = (0..seats).map(|_| Row::new(&core, brokers)).collect();
        let ways = Ways::Advertised { rows: rows?, free: Arc::new(Semaphore::new(seats)) };
        Ok(Self { inner: Arc::new(Inner { core, ways }) })
    }

    /// A tap in front of a cluster that kgrade did not start: in its answers, the brokers' addresses are changed to ports of the tap.
    /// `bootstrap` are its brokers as the person gave them, `host:port`.
    #[must_use]
    pub fn rewriting(recorder: Recorder, bootstrap: Vec<String>, allow: Allow) -> Self {
        Self::rewriting_within(recorder, bootstrap, allow, 0, Limits::default())
    }

    /// As [`Tap::rewriting`], with limits other than a run's, and a seat that listens on a certain port, or a free one when it is 0.
    #[must_use]
    pub fn rewriting_within(recorder: Recorder, bootstrap: Vec<String>, allow: Allow, listen: u16, limits: Limits) -> Self {
        let ways = Ways::Rewriting { cluster: Cluster::new(bootstrap, allow), listen };
        Self { inner: Arc::new(Inner { core: Core::new(recorder, limits), ways }) }
    }

    /// Waits until an answer of the cluster was kept from a program because it would have led it past the tap, and says why. Waits for ever
    /// in front of brokers that advertise the tap.
    pub async fn misled(&self) -> String {
        if let Ways::Rewriting { cluster, .. } = &self.inner.ways
            && let Ok(misled) = cluster.misled().wait_for(Option::is_some).await
            && let Some(reason) = &*misled
        {
            return reason.clone();
        }
        std::future::pending().await
    }

    /// The ports by seat and broker, for the brokers to advertise. None in rewrite mode.
    #[must_use]
    pub fn ports(&self) -> Vec<Vec<u16>> {
        match &self.inner.ways {
            Ways::Advertised { rows, .. } => rows.iter().map(|row| row.doors.iter().map(|door| door.port).collect()).collect(),
            Ways::Rewriting { .. } => Vec::new(),
        }
    }

    /// Tells where the brokers listen, by seat and broker. Connections that came earlier were waiting for it. May be told again when a broker
    /// comes back elsewhere; it holds for connections from then on.
    pub fn attach(&self, upstream: Vec<Vec<Node>>) {
        let Ways::Advertised { rows, .. } = &self.inner.ways else { return };
        for (row, nodes) in rows.iter().zip(upstream) {
            for (door, node) in row.doors.iter().zip(nodes) {
                door.broker.send_replace(Some(node));
            }
        }
    }

    /// Keeps all programs from a broker: their connections to it are closed, and new ones too. What the brokers do among themselves does not come
    /// through the tap.
    pub fn isolate(&self, node: i32) {
        self.inner.core.isolated.send_modify(|isolated| {
            isolated.insert(node);
        });
    }

    /// Lets programs come to a broker again.
    pub fn rejoin(&self, node: i32) {
        self.inner.core.isolated.send_modify(|isolated| {
            isolated.remove(&node);
        });
    }

    /// Lets programs come to all brokers again.
    pub fn rejoin_all(&self) {
        self.inner.core.isolated.send_modify(BTreeSet::clear);
    }

    /// A seat for an instance (`check/as`). Waits until one is free.
    ///
    /// # Errors
    /// When a port of its own cannot be bound.
    pub async fn seat(&self, instance: &Name) -> anyhow::Result<Seat> {
        let core = &self.inner.core;
        match &self.inner.ways {
            Ways::Advertised { rows, free, .. } => {
                let occupant = Occupant::new(Arc::clone(core), Arc::clone(instance), None);
                let permit = Arc::clone(free).acquire_owned().await.context("the tap is closed")?;
                let row = rows.iter().find(|row| row.chair.take(&occupant)).context("no seat of the tap is free")?;
                let (bootstrap, ways) = (row.addresses(), row.ways());
                Ok(Seat { bootstrap, chair: Arc::clone(&row.chair), occupant, ways, _doors: Vec::new(), _permit: Some(permit) })
            }
            Ways::Rewriting { cluster, listen } => {
                let row = Row::at(core, cluster.bootstrap.len(), *listen).context("bind ports of 127.0.0.1 for the tap")?;
                let switch = Switch::new(Arc::clone(core), Arc::clone(&row.chair), Arc::clone(cluster));
                let occupant = Occupant::new(Arc::clone(core), Arc::clone(instance), Some(Arc::new(switch)));
                row.chair.take(&occupant);
                for (door, address) in row.doors.iter().zip(&cluster.bootstrap) {
                    door.broker.send_replace(Some(Node { id: -1, address: address.clone() }));
                }
                let (bootstrap, ways) = (row.addresses(), row.ways());
                Ok(Seat { bootstrap, chair: row.chair, occupant, ways, _doors: row.doors, _permit: None })
            }
        }
    }

    /// How many bytes of frames are kept in memory at this moment, beyond 48 KiB for each direction of a connection.
    #[must_use]
    pub fn kept_bytes(&self) -> usize {
        self.inner.core.kept.bytes()
    }

    /// The faults, to arm and disarm.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.inner.core.faults
    }
}

impl Row {
    fn new(core: &Arc<Core>, brokers: usize) -> io::Result<Self> {
        Self::at(core, brokers, 0)
    }

    /// With a certain port for the first broker; 0 is a free one.
    fn at(core: &Arc<Core>, brokers: usize, first: u16) -> io::Result<Self> {
        let chair = Arc::new(Chair::default());
        let doors: io::Result<_> = (0..brokers).map(|nth| Door::open(core, &chair, if nth == 0 { first } else { 0 })).collect();
        Ok(Self { chair, doors: doors? })
    }

    /// Its ports, and the broker behind each.
    fn ways(&self) -> Vec<Way> {
        self.doors.iter().map(|door| Way { port: door.port, broker: door.broker.subscribe() }).collect()
    }

    /// Where it listens, as bootstrap servers.
    fn addresses(&self) -> String {
        self.doors.iter().map(|door| format!("127.0.0.1:{}", door.port)).collect::<Vec<_>>().join(",")
    }
}

impl Door {
    fn open(core: &Arc<Core>, chair: &Arc<Chair>, port: u16) -> io::Result<Self> {
        // Without a runtime there is nobody to listen.
        let runtime = tokio::runtime::Handle::try_current().map_err(io::Error::other)?;
        let (listener, port) = listen::bind(port)?;
        let broker = watch::Sender::new(None);
        let listening = runtime.spawn(listen::listen(Arc::clone(core), listener, Arc::clone(chair), broker.subscribe()));
        Ok(Self { port, broker, listening })
    }
}
