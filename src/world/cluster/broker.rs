//! One broker of a private cluster, through its lives: it is stopped, killed and started again on purpose.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::Signal;

use super::arrival::{Arrival, wait_for};
use super::boot::Booted;
use super::error::ClusterError;
use super::node::{Archive, Recipe};
use super::ports::Ports;
use super::private::told;
use super::work::Work;
use crate::world::access::Credentials;

/// How long a controlled shutdown may take: the broker gives up its leaders and writes everything to disk.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// A broker that has a folder and ports, and at times a process. Dropping it kills the process.
#[derive(Debug)]
pub struct Broker {
    /// Its node id.
    pub id: i32,
    /// Where it listens, in every life.
    pub ports: Ports,
    folder: PathBuf,
    life: Mutex<Life>,
    /// Whether the controller may still take its last life for alive, and would refuse the next one.
    registered: AtomicBool,
    credentials: Option<Credentials>,
}

/// Locked for moments only: whoever watches over the brokers must not wait for one that is being stopped.
#[derive(Debug)]
enum Life {
    /// It has a process, which may have ended by itself.
    Has { booted: Arc<Booted>, standing: Standing },
    /// It was stopped or killed on purpose.
    Down,
}

/// Whether a broker does its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its process runs, or has ended by itself.
    Up,
    /// Its process stands still, on purpose.
    Paused,
    /// It was asked to stop and has not ended yet.
    Stopping,
    /// It was stopped or killed on purpose.
    Down,
}

impl Broker {
    /// A broker that was just started in `folder`.
    pub fn new(folder: &Path, booted: Booted, credentials: Option<Credentials>) -> Self {
        let (id, ports) = (booted.id, booted.ports.clone());
        let life = Mutex::new(Life::Has { booted: Arc::new(booted), standing: Standing::Up });
        Self { id, ports, folder: folder.to_owned(), life, registered: AtomicBool::new(false), credentials }
    }

    /// Whether it does its work.
    pub fn standing(&self) -> Standing {
        match &*self.life() {
            Life::Has { standing, .. } => *standing,
            Life::Down => Standing::Down,
        }
    }

    /// How its process ended by itself, with the end of its log.
    pub fn death(&self) -> Option<(ExitStatus, String)> {
        match &*self.life() {
            Life::Has { standing: Standing::Stopping, .. } | Life::Down => None,
            Life::Has { booted, .. } => booted.node.status().map(|status| (status, booted.node.log_tail())),
        }
    }

    /// Its process id, while it has one.
    pub fn pid(&self) -> Option<u32> {
        self.booted().map(|booted| booted.node.pid())
    }

    /// Asks it to stop in order (controlled shutdown) and waits until it has. Whether it had a process: nothing to do for one that is down.
    pub fn stop(&self, work: &Work) -> Result<bool, ClusterError> {
        self.resume();
        let Some(booted) = self.set(Standing::Stopping) else { return Ok(false) };
        let stopped = booted.node.terminate(work, STOP_LIMIT);
        self.set_registered(stopped.is_err());
        booted.node.kill();
        *self.life() = Life::Down;
        stopped.map(|()| true)
    }

    /// Ends its process without a word. Nothing to do for one that is down.
    pub fn kill(&self) {
        if let Some(booted) = self.set(Standing::Stopping) {
            self.set_registered(true);
            booted.node.kill();
            *self.life() = Life::Down;
        }
    }

    /// Makes its process stand still: connections to it stay open and nothing is answered.
    pub fn pause(&self) {
        if let Some(booted) = self.set(Standing::Paused) {
            booted.node.signal(Signal::STOP);
        }
    }

    /// Lets its process go on.
    pub fn resume(&self) {
        if let Some(booted) = self.set(Standing::Up) {
            booted.node.signal(Signal::CONT);
        }
    }

    fn set(&self, next: Standing) -> Option<Arc<Booted>> {
        match &mut *self.life() {
            Life::Has { booted, standing } => {
                *standing = next;
                Some(Arc::clone(booted))
            }
            Life::Down => None,
        }
    }

    fn booted(&self) -> Option<Arc<Booted>> {
        match &*self.life() {
            Life::Has { booted, .. } => Some(Arc::clone(booted)),
            Life::Down => None,
        }
    }

    /// Whether the controller may still count on its last life.
    pub fn is_registered(&self) -> bool {
        self.registered.load(Ordering::Relaxed)
    }

    /// Notes whether it may.
    pub fn set_registered(&self, registered: bool) {
        self.registered.store(registered, Ordering::Relaxed);
    }

    /// Begins another life with the same folder and ports. Nothing to do for one that has a process.
    pub fn spawn(&self, work: &Work, recipe: &Recipe, archive: Archive<'_>) -> Result<(), ClusterError> {
        if self.booted().is_some() {
            return Ok(());
        }
        let booted = Booted::spawn(work, recipe, &self.folder, archive, self.id, self.ports.clone())?;
        *self.life() = Life::Has { booted: Arc::new(booted), standing: Standing::Up };
        Ok(())
    }

    /// Waits until it answers on all its listeners and has its place in the cluster again.
    pub fn wait_until_ready(&self, work: &Work, cluster_id: &str) -> Result<(), ClusterError> {
        let Some(booted) = self.booted() else { return Ok(()) };
        let own = [self.id];
        wait_for(work, vec![(&booted.node, Arrival::of(&self.ports, cluster_id, self.credentials.as_ref(), &own))]).map_err(told)
    }

    /// What its own listeners ask for.
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
