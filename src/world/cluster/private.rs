//! A cluster of kgrade's own: in a private folder, gone with its files when the run ends.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;

use super::boot::{Boot, PORT_TRIES, boot, boot_once};
use super::broker::{Broker, Standing};
use super::cache::{CacheLock, Used};
use super::error::ClusterError;
use super::image::Image;
use super::node::{BootFailure, Recipe};
use super::work::Work;
use super::{ClusterSpec, jars, java};
use crate::world::access::Credentials;
use crate::world::folder::PrivateFolder;

/// How many brokers a machine for one learner carries: each is a JVM.
const MOST: u32 = 5;

/// No broker must be taken for dead, and requests be refused, because the machine is busy for more than the default of 9 s. The controller is
/// told when one is killed on purpose ([`fence`](super::fence)), so nobody waits for this.
pub(super) const SESSION: (&str, &str) = ("broker.session.timeout.ms", "120000");

/// The running cluster. Dropping it kills the brokers and deletes their folders.
#[derive(Debug)]
pub struct PrivateCluster {
    // Field order matters: first the processes go, then their folders.
    pub(super) brokers: Vec<Broker>,
    _folder: PrivateFolder,
    pub(super) cluster_id: String,
    pub(super) advertised: Vec<u16>,
    pub(super) prepared: Prepared,
    /// What its own listeners ask for.
    pub(super) credentials: Credentials,
    /// One change to the brokers at a time.
    changing: Mutex<()>,
}

/// Everything a broker is started from: Java, jars, image.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Java and jars.
    pub recipe: Recipe,
    /// The class archive and the data folder.
    pub image: Image,
    /// Nobody removes them from the cache meanwhile.
    _used: Option<Arc<Used>>,
}

/// Finds Java and Kafka and the image, fetching and making what is not there.
///
/// # Errors
/// When something cannot be had; the message says what to do.
pub fn prepare(work: &Work) -> Result<Prepared, ClusterError> {
    let used = work.context().cache.use_kafka(work)?;
    let recipe = recipe(work)?;
    let image = Image::get(work, &recipe)?;
    Ok(Prepared { recipe, image, _used: used.map(Arc::new) })
}

/// Finds Java and Kafka, fetching what is not there.
///
/// # Errors
/// When something cannot be had; the message says what to do.
pub fn recipe(work: &Work) -> Result<Recipe, ClusterError> {
    let java = java::find(work).map_err(|error| with_missing_kafka(work, error))?;
    Ok(Recipe { java, jars: jars::find(work)? })
}

/// Somebody without Java should not learn only afterwards that Kafka is missing, too.
fn with_missing_kafka(work: &Work, error: ClusterError) -> ClusterError {
    match error {
        ClusterError::NoJava { minimum, tried, .. } if matches!(jars::local(work), Ok(None)) => {
            let also = format!(
                "\nApache Kafka {} is not on this machine either: with a network kgrade fetches it; without, unpack a release and set KAFKA_HOME",
                jars::VERSION
            );
            ClusterError::NoJava { minimum, tried, also }
        }
        other => other,
    }
}

/// Starts a cluster. When a broker ends for no known reason, it is tried once more with everything doubtful made anew.
pub fn start(work: &Work, spec: &ClusterSpec) -> Result<PrivateCluster, ClusterError> {
    if !(1..=MOST).contains(&spec.brokers) {
        return Err(ClusterError::Brokers { asked: spec.brokers, most: MOST });
    }
    let prepared = prepare(work)?;
    match start_once(work, spec, &prepared) {
        Ok(cluster) => Ok(cluster),
        Err(BootFailure::Stop(ClusterError::Interrupted)) => Err(ClusterError::Interrupted),
        // Whatever went wrong: what it was started from was thrown away in the middle, and there is a new one.
        Err(_) if !prepared.image.is_there() => start_once(work, spec, &prepare(work)?).map_err(told),
        Err(BootFailure::Died(reason, log_tail)) => {
            tracing::debug!(reason, log_tail, "the broker did not start; renewing what the cache has for it");
            renew(work, &prepared)?;
            start_once(work, spec, &prepare(work)?).map_err(told)
        }
        Err(failure) => Err(told(failure)),
    }
}

/// Discards the image and, when their content changed, the jars.
pub fn renew(work: &Work, prepared: &Prepared) -> Result<(), ClusterError> {
    let lock: CacheLock = work.context().cache.lock(work)?;
    prepared.image.discard(work, &lock)?;
    if prepared.recipe.jars.cached {
        jars::discard_if_damaged(work, &lock)?;
    }
    Ok(())
}

/// A failed start as an error for the person.
pub fn told(failure: BootFailure) -> ClusterError {
    match failure {
        BootFailure::Stop(error) => error,
        BootFailure::PortTaken => ClusterError::NoPorts { tries: 1 },
        BootFailure::Settings(log_tail) => ClusterError::Settings { log_tail },
        BootFailure::Died(reason, log_tail) | BootFailure::Silent(reason, log_tail) => ClusterError::Boot { reason, log_tail },
    }
}

fn start_once(work: &Work, spec: &ClusterSpec, prepared: &Prepared) -> Result<PrivateCluster, BootFailure> {
    let made = PrivateFolder::make(work.guard(), "kgrade-broker-");
    let folder = made.map_err(ClusterError::folder("create a folder in", std::env::temp_dir()))?;
    let mut settings = spec.settings.clone();
    settings.entry(SESSION.0.to_owned()).or_insert_with(|| SESSION.1.to_owned());
    let advertised = advertised(spec);
    let credentials = Credentials::drawn();
    let start = Start {
        work,
        prepared,
        credentials: &credentials,
        folder: folder.path(),
        learner: spec.learner_port,
        advertised: &advertised,
        settings: &settings,
    };
    let (cluster_id, brokers) = if spec.brokers == 1 { start.one() } else { start.several(spec.brokers) }?;
    let told = advertised.iter().filter_map(|seats| seats.first().copied()).collect();
    Ok(PrivateCluster {
        brokers,
        _folder: folder,
        cluster_id,
        advertised: told,
        prepared: prepared.clone(),
        credentials,
        changing: Mutex::new(()),
    })
}

/// A start of all brokers of a cluster.
struct Start<'a> {
    work: &'a Work,
    prepared: &'a Prepared,
    folder: &'a Path,
    learner: Option<u16>,
    advertised: &'a [Vec<u16>],
    settings: &'a IndexMap<String, String>,
    credentials: &'a Credentials,
}

impl Start<'_> {
    /// A cluster of one starts from data that has Kafka's own topics already.
    fn one(&self) -> Result<(String, Vec<Broker>), BootFailure> {
        let cluster_id = self.prepared.image.stamp(self.folder)?;
        let booted = boot(self.work, &self.prepared.recipe, self.folder, self.prepared.image.archive(), self.boot(&cluster_id))?;
        Ok((cluster_id, vec![Broker::new(self.folder, booted, Some(self.credentials.clone()))]))
    }

    /// Several start from data that nobody has used. When a port was lost, all of them begin anew: those that came up have written down who
    /// they are.
    fn several(&self, brokers: u32) -> Result<(String, Vec<Broker>), BootFailure> {
        for _ in 0..PORT_TRIES {
            let (cluster_id, folders) = self.prepared.image.stamp_nodes(self.folder, brokers)?;
            let archive = self.prepared.image.archive();
            match boot_once(self.work, &self.prepared.recipe, &folders, archive, self.boot(&cluster_id)) {
                Ok(booted) => {
                    let brokers = folders
                        .iter()
                        .zip(booted)
                        .map(|(folder, booted)| Broker::new(folder, booted, Some(self.credentials.clone())))
                        .collect();
                    return Ok((cluster_id, brokers));
                }
                Err(BootFailure::PortTaken) => tracing::debug!("a port was taken before its broker had it"),
                Err(failure) => return Err(failure),
            }
        }
        Err(ClusterError::NoPorts { tries: PORT_TRIES }.into())
    }

    fn boot<'b>(&'b self, cluster_id: &'b str) -> Boot<'b> {
        Boot {
            cluster_id,
            learner: self.learner,
            advertised: self.advertised,
            credentials: Some(self.credentials),
            overrides: self.settings,
        }
    }
}

/// What the LEARNER listeners tell clients, `[broker][seat]`; none without seats.
pub(super) fn advertised(spec: &ClusterSpec) -> Vec<Vec<u16>> {
    if spec.seats.is_empty() {
        return Vec::new();
    }
    let brokers = usize::try_from(spec.brokers).unwrap_or_default();
    (0..brokers).map(|broker| spec.seats.iter().filter_map(|ports| ports.get(broker).copied()).collect()).collect()
}

impl PrivateCluster {
    /// The broker with this node id.
    pub(super) fn broker(&self, node: i32) -> Result<&Broker, ClusterError> {
        let known = || self.brokers.iter().map(|broker| broker.id.to_string()).collect::<Vec<_>>().join(", ");
        self.brokers.iter().find(|broker| broker.id == node).ok_or_else(|| ClusterError::NoSuchBroker { node, known: known() })
    }

    fn change(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks a broker to stop in order, and waits until it has.
    pub(super) fn stop_broker(&self, work: &Work, node: i32) -> Result<(), ClusterError> {
        let _alone = self.change();
        self.stop_in_order(work, self.broker(node)?)
    }

    /// A broker whose controller has just changed may end without having told the new one, so that is made sure of.
    fn stop_in_order(&self, work: &Work, broker: &Broker) -> Result<(), ClusterError> {
        if broker.stop(work)? && self.has_majority() {
            broker.set_registered(true);
            self.fence(work, broker)?;
        }
        Ok(())
    }

    /// Ends a broker without a word. With `fence` the controller is told, as far as there is one, instead of finding out when the broker's
    /// session ends.
    pub(super) fn kill_broker(&self, work: &Work, node: i32, fence: bool) -> Result<(), ClusterError> {
        let _alone = self.change();
        let broker = self.broker(node)?;
        broker.kill();
        if fence { self.fence(work, broker) } else { Ok(()) }
    }

    /// Starts a broker that is down, and first stops one that is not, in its folder and on its ports; waits until it is ready.
    pub(super) fn restart_broker(&self, work: &Work, node: i32) -> Result<(), ClusterError> {
        let _alone = self.change();
        let broker = self.broker(node)?;
        self.stop_in_order(work, broker)?;
        self.start_again(work, broker)
    }

    /// Makes a broker stand still, or go on.
    pub(super) fn pause_broker(&self, node: i32, paused: bool) -> Result<(), ClusterError> {
        let _alone = self.change();
        let broker = self.broker(node)?;
        if paused {
            broker.pause()
        } else {
            broker.resume()
        }
        Ok(())
    }

    /// Puts right what was done to the brokers: lets go on who stands still, starts who is down. Which these were.
    pub(super) fn mend(&self, work: &Work) -> Result<Vec<i32>, ClusterError> {
        let _alone = self.change();
        let broken: Vec<_> = self.brokers.iter().filter(|broker| broker.standing() != Standing::Up).collect();
        for broker in &broken {
            broker.resume();
        }
        let down: Vec<_> = broken.iter().filter(|broker| broker.standing() == Standing::Down).collect();
        // All at once: those that are down may be needed to elect a controller.
        for broker in &down {
            broker.spawn(work, &self.prepared.recipe, self.prepared.image.archive())?;
        }
        for broker in down {
            self.start_again(work, broker)?;
        }
        Ok(broken.iter().map(|broker| broker.id).collect())
    }
}
