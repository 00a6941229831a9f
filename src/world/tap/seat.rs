//! The place of one program instance: ports of its own, by which its connections are known.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::task::AbortHandle;

use super::edit::Edit;
use super::ledger::Ledger;
use super::listen::listen;
use super::{Core, Door, Node};
use crate::timeline::What;
use crate::timeline::event::Name;
use crate::timeline::wire::{FaultUse, Side};

/// A program instance's place at the tap. Dropping it closes the connections and frees it for the next.
#[derive(Debug)]
pub struct Seat {
    pub(super) bootstrap: String,
    pub(super) chair: Arc<Chair>,
    pub(super) occupant: Arc<Occupant>,
    /// Its ports, and the broker behind each.
    pub(super) ways: Vec<Way>,
    /// Ports of its own, closed with it.
    pub(super) _doors: Vec<Door>,
    /// Freed last, after the chair is empty.
    pub(super) _permit: Option<OwnedSemaphorePermit>,
}

/// A port of a seat, and where it leads.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) port: u16,
    pub(super) broker: watch::Receiver<Option<Node>>,
}

/// Sockets that are listened to until this is dropped.
#[derive(Debug)]
pub struct Listening {
    tasks: Vec<AbortHandle>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl Seat {
    /// What the instance gets as `KAFKA_BOOTSTRAP_SERVERS`.
    #[must_use]
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// The ports on which the instance reaches the brokers, in their order.
    #[must_use]
    pub fn ports(&self) -> Vec<u16> {
        self.ways.iter().map(|way| way.port).collect()
    }

    /// Takes connections from further sockets too, one for each of [`Seat::ports`], until what it returns is dropped: those on which an instance
    /// in a sandbox reaches the brokers. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When a socket cannot be used.
    pub fn serve(&self, listeners: Vec<std::net::TcpListener>) -> io::Result<Listening> {
        let listen = |(listener, way): (std::net::TcpListener, &Way)| {
            listener.set_nonblocking(true)?;
            let listener = tokio::net::TcpListener::from_std(listener)?;
            Ok(tokio::spawn(listen(Arc::clone(&self.occupant.core), listener, Arc::clone(&self.chair), way.broker.clone())))
        };
        let tasks: io::Result<Vec<_>> = listeners.into_iter().zip(&self.ways).map(listen).collect();
        Ok(Listening { tasks: tasks?.into_iter().map(|task| task.abort_handle()).collect() })
    }

    /// Keeps new connections waiting until [`Seat::open`]: what comes before them on the timeline is not known yet.
    pub fn shut(&self) {
        self.occupant.shut.send_replace(true);
    }

    /// Lets connections in, as a seat does from the beginning.
    pub fn open(&self) {
        self.occupant.shut.send_replace(false);
    }

    /// Waits until the instance has no open connection. The ends of all it had are on the timeline then.
    pub async fn quiet(&self) {
        // Fails only when the sender is gone, which lives in `self`.
        let _ = self.occupant.open.subscribe().wait_for(|open| *open == 0).await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.chair.leave();
        self.occupant.leave();
    }
}

/// Where one instance at a time may sit.
#[derive(Debug, Default)]
pub(super) struct Chair {
    occupant: Mutex<Option<Arc<Occupant>>>,
}

impl Chair {
    /// Who sits there.
    pub(super) fn occupant(&self) -> Option<Arc<Occupant>> {
        self.lock().clone()
    }

    /// Sits down if the chair is empty. Whether it was.
    pub(super) fn take(&self, occupant: &Arc<Occupant>) -> bool {
        let mut chair = self.lock();
        let free = chair.is_none();
        if free {
            *chair = Some(Arc::clone(occupant));
        }
        free
    }

    fn leave(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Occupant>>> {
        self.occupant.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A program instance and its connections.
#[derive(Debug)]
pub(super) struct Occupant {
    /// `check/as`.
    pub(super) instance: Name,
    /// What its exchanges take on the timeline.
    pub(super) ledger: Ledger,
    /// What changes the answers to it.
    pub(super) edit: Option<Arc<dyn Edit>>,
    core: Arc<Core>,
    live: Mutex<Live>,
    open: watch::Sender<usize>,
    /// New connections wait.
    shut: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Live {
    /// Nobody sits here any more.
    left: bool,
    /// Those that were opened so far.
    opened: u64,
    /// What ends each open connection.
    connections: BTreeMap<u64, Option<AbortHandle>>,
}

/// Why a connection to an isolated broker is closed.
pub(super) fn isolated(node: i32) -> String {
    format!("broker {node} is isolated: no program reaches it")
}

/// What became of a connection that wants to come in.
pub(super) enum Entry {
    /// It is in, by this number.
    In(u64),
    /// It is one too many, or a fault refuses it: close it.
    Out,
}

impl Occupant {
    pub(super) fn new(core: Arc<Core>, instance: Name, edit: Option<Arc<dyn Edit>>) -> Arc<Self> {
        Arc::new(Self {
            instance,
            ledger: Ledger::default(),
            edit,
            core,
            live: Mutex::default(),
            open: watch::Sender::new(0),
            shut: watch::Sender::new(false),
        })
    }

    /// Waits until connections may come in.
    pub(super) async fn opened(&self) {
        // Fails only when the sender is gone, which lives in `self`.
        let _ = self.shut.subscribe().wait_for(|shut| !shut).await;
    }

    /// Lets a new connection in and tells so, unless there are too many.
    pub(super) fn enter(&self, node: i32) -> Entry {
        let limits = &self.core.limits;
        let mut live = self.live();
        if live.left {
            return Entry::Out;
        }
        live.opened += 1;
        if live.opened > limits.opened.saturating_add(1) {
            return Entry::Out;
        }
        let connection = self.core.connection();
        self.core.recorder.append(What::Connected { connection, instance: self.instance.clone(), node });
        if let Some(armed) = self.core.faults.refusing(&self.instance) {
            let (check, fault) = (armed.rule.check.clone(), armed.rule.name.clone());
            let reason = Some(format!("the fault `{fault}` refuses new connections"));
            self.core.recorder.append(What::FaultUsed { check, fault, connection, correlation: None, did: FaultUse::Refused });
            self.core.recorder.append(What::Disconnected { connection, by: Side::Tap, reason });
            return Entry::Out;
        }
        let reason = if self.core.is_isolated(node) {
            isolated(node)
        } else if live.opened > limits.opened {
            format!("the program opened more than {} connections: further ones are closed without a word", limits.opened)
        } else if live.connections.len() >= limits.connections {
            format!("the program has {} connections open already", live.connections.len())
        } else {
            live.connections.insert(connection, None);
            self.open.send_replace(live.connections.len());
            return Entry::In(connection);
        };
        self.core.recorder.append(What::Disconnected { connection, by: Side::Tap, reason: Some(reason) });
        Entry::Out
    }

    /// Remembers what ends a connection, if that is still open.
    pub(super) fn keep(&self, connection: u64, abort: AbortHandle) {
        match self.live().connections.get_mut(&connection) {
            Some(place) => *place = Some(abort),
            None => abort.abort(),
        }
    }

    /// Tells that a connection has ended. Only the first word counts.
    pub(super) fn ended(&self, connection: u64, by: Side, reason: Option<String>) {
        let mut live = self.live();
        if live.connections.remove(&connection).is_some() {
            self.core.recorder.append(What::Disconnected { connection, by, reason });
            self.open.send_replace(live.connections.len());
        }
    }

    fn leave(&self) {
        let mut live = self.live();
        live.left = true;
        for (connection, abort) in std::mem::take(&mut live.connections) {
            self.core.recorder.append(What::Disconnected { connection, by: Side::Tap, reason: None });
            if let Some(abort) = abort {
                abort.abort();
            }
        }
        self.open.send_replace(0);
        self.shut.send_replace(false);
        self.ledger.close(&self.instance, &self.core.recorder);
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
