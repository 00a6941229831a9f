//! A real Apache Kafka for a run: kgrade's own broker in a Java process or in a container, or a cluster that is already there.
//!
//! Starting a private one goes through these steps, each in its own file; all but the last two happen once and live in the cache:
//!
//! ```text
//! java (find or fetch) ─▶ jars (KAFKA_HOME, cache, maven, tarball) ─▶ image (class archive, data folder) ─▶ boot ─▶ node
//! ```

mod arrival;
mod boot;
mod broker;
mod cache;
mod container;
mod error;
mod exercise;
mod external;
mod fence;
mod host;
mod image;
mod jars;
mod java;
mod kept;
mod learner;
pub mod listeners;
mod manifest;
mod maven;
mod node;
mod patience;
mod place;
mod ports;
pub mod present;
mod private;
mod probe;
mod process;
mod runtime;
mod settings;
pub(super) mod stock;
mod tarball;
pub mod ui;
mod work;

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;

use indexmap::IndexMap;

pub use cache::CacheDir;
pub use error::ClusterError;
pub use external::{Named, check as reach};
pub use host::Host;
pub use jars::VERSION;
pub use kept::{Down, Kept, Up, down, port as kept_port, up};
pub use learner::ADDRESS as LEARNERS_ADDRESS;
pub use ports::is_taken;
pub use process::birth;
pub use runtime::{BadRuntime, Runtime};

use crate::timeline::event::ClusterState;
use crate::world::access::Access;
use crate::world::guard::Guard;
use crate::world::progress::Progress;
use broker::Standing;
use container::ContainerCluster;
use private::PrivateCluster;
use work::Work;

/// What a lab wants of its cluster.
#[derive(Debug, Clone)]
pub struct ClusterSpec {
    /// How many brokers.
    pub brokers: u32,
    /// Broker settings; they win over kgrade's defaults.
    pub settings: IndexMap<String, String>,
    /// The port of the first broker's LEARNER listener, when it must be a certain one; else a free one.
    pub learner_port: Option<u16>,
    /// The ports that clients are told to come to in place of the LEARNER listener's own, `[seat][broker]`: a proxy's. Each seat gets a
    /// LEARNER listener of its own on every broker. Without seats there is one LEARNER listener, which tells its own port.
    pub seats: Vec<Vec<u16>>,
}

/// A LEARNER listener of a broker: what a proxy connects to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// The broker's node id.
    pub node: i32,
    /// Where it listens, `HOST:PORT`.
    pub address: String,
}

impl Default for ClusterSpec {
    fn default() -> Self {
        Self { brokers: 1, settings: IndexMap::new(), learner_port: None, seats: Vec::new() }
    }
}

/// What starting a cluster needs of its surroundings.
#[derive(Clone)]
pub struct ClusterContext {
    /// The environment kgrade was started in.
    pub host: Host,
    /// The user's cache.
    pub cache: CacheDir,
    /// The watchdog that removes what is left when kgrade dies.
    pub guard: Guard,
    /// Where slow steps are shown.
    pub progress: Arc<dyn Progress>,
}

/// A cluster that answers. Dropping it, like [`Cluster::stop`], removes a private one and leaves any other alone.
#[derive(Debug)]
pub struct Cluster {
    bootstrap: String,
    learners: Vec<Vec<Listener>>,
    admin: Access,
    named: Vec<Named>,
    version: Option<String>,
    private: Option<Private>,
    container: Option<ContainerCluster>,
}

/// A cluster of kgrade's own, and what it takes to start a broker of it again.
#[derive(Debug, Clone)]
struct Private {
    cluster: Arc<PrivateCluster>,
    work: Work,
}

/// Whether a cluster still runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It does, as far as can be told: kgrade watches only the processes that are its own.
    Running,
    /// A broker's process has ended, and nobody wanted that.
    Died {
        /// Its node id.
        node: i32,
        /// How.
        status: ExitStatus,
        /// The end of its log.
        log_tail: String,
    },
}

/// Java and Kafka as they were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The `java` program.
    pub java: PathBuf,
    /// Its version.
    pub java_version: String,
    /// The version of Kafka.
    pub kafka_version: String,
    /// Kafka's jars.
    pub jars: Vec<PathBuf>,
}

/// Finds Java and Kafka, and fetches into the cache what is missing, without starting anything. Blocks.
///
/// # Errors
/// When one is not to be had; the message says what is missing and the command that gets it.
pub fn fetch(context: &ClusterContext) -> Result<Found, ClusterError> {
    let recipe = private::recipe(&Work::new(context.clone()))?;
    Ok(Found { java: recipe.java.program, java_version: recipe.java.version, kafka_version: recipe.jars.version, jars: recipe.jars.files })
}

/// Starts or reaches the cluster of a run.
///
/// When the returned future is dropped, what it began is stopped and removed.
///
/// # Errors
/// When there is none to be had; the message says what is missing and the command that gets it.
pub async fn start(runtime: &Runtime, spec: &ClusterSpec, context: &ClusterContext) -> Result<Cluster, ClusterError> {
    match runtime {
        Runtime::Docker => {
            let work = Work::new(context.clone());
            let _interrupt = work.interrupt_on_drop();
            container::start(&work, spec).await.map(Cluster::in_container)
        }
        Runtime::Jvm => {
            let work = Work::new(context.clone());
            let _interrupt = work.interrupt_on_drop();
            let (spec, later) = (spec.clone(), Work::new(context.clone()));
            blocking(move || private::start(&work, &spec)).await.map(|cluster| Cluster::private(cluster, later))
        }
        Runtime::External(addresses) => {
            let asked = addresses.clone();
            let (version, named) = blocking(move || Ok((external::check(&asked)?, external::brokers(&asked)))).await?;
            Ok(Cluster {
                bootstrap: addresses.clone(),
                learners: Vec::new(),
                admin: addresses.as_str().into(),
                named,
                version,
                private: None,
                container: None,
            })
        }
    }
}

/// The learner's own cluster at these addresses, and how it meets a client. It may not be there at all.
///
/// # Errors
/// When the run was given up meanwhile.
pub async fn learners_own(
    addresses: &str,
    permitted: impl Fn(&Named) -> bool + Send + 'static,
) -> Result<(Cluster, ClusterState), ClusterError> {
    let asked = addresses.to_owned();
    let (state, named) = blocking(move || Ok(learner::look(&asked, &permitted))).await?;
    let version = if let ClusterState::Reachable { version } = &state { version.clone() } else { None };
    let (bootstrap, admin) = (addresses.to_owned(), addresses.into());
    Ok((Cluster { bootstrap, learners: Vec::new(), admin, named, version, private: None, container: None }, state))
}

async fn blocking<T: Send + 'static>(job: impl FnOnce() -> Result<T, ClusterError> + Send + 'static) -> Result<T, ClusterError> {
    // A job that did not finish has panicked or was cancelled with the runtime: either way nobody waits for the cluster any more.
    tokio::task::spawn_blocking(job).await.unwrap_or(Err(ClusterError::Interrupted))
}

impl Cluster {
    fn private(cluster: PrivateCluster, work: Work) -> Self {
        let at = |port: u16| format!("127.0.0.1:{port}");
        let own = || cluster.brokers.iter().filter_map(|broker| broker.ports.learners.first().copied());
        let told: Vec<_> = if cluster.advertised.is_empty() { own().collect() } else { cluster.advertised.clone() };
        let seats = cluster.brokers.first().map_or(0, |broker| broker.ports.learners.len());
        let row = |seat: usize| {
            let listener =
                |broker: &broker::Broker| broker.ports.learners.get(seat).map(|port| Listener { node: broker.id, address: at(*port) });
            cluster.brokers.iter().filter_map(listener).collect()
        };
        let join = |ports: Vec<u16>| ports.into_iter().map(at).collect::<Vec<_>>().join(",");
        Self {
            bootstrap: join(told),
            learners: (0..seats).map(row).collect(),
            admin: Access {
                bootstrap: join(cluster.brokers.iter().map(|broker| broker.ports.admin).collect()),
                credentials: Some(cluster.credentials.clone()),
            },
            named: Vec::new(),
            version: Some(cluster.prepared.recipe.jars.version.clone()),
            private: Some(Private { cluster: Arc::new(cluster), work }),
            container: None,
        }
    }

    fn in_container(cluster: ContainerCluster) -> Self {
        let ports = &cluster.ports;
        let at = |port: u16| format!("127.0.0.1:{port}");
        let told = cluster.advertised.as_ref().or(ports.learners.first());
        let listener = |port: &u16| Listener { node: cluster.id, address: at(*port) };
        Self {
            bootstrap: told.map(|port| at(*port)).unwrap_or_default(),
            learners: ports.learners.iter().map(|port| vec![listener(port)]).collect(),
            admin: Access { bootstrap: at(ports.admin), credentials: Some(cluster.credentials.clone()) },
            named: Vec::new(),
            version: Some(VERSION.to_owned()),
            private: None,
            container: Some(cluster),
        }
    }

    /// Whether kgrade started it, so that it goes away with the run.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.private.is_some() || self.container.is_some()
    }

    /// Where learners' programs find the cluster: the advertised address, with seats that of the first.
    #[must_use]
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// Where the brokers really listen for learners, `[seat][broker]`; one row without seats, none for a cluster that is not kgrade's own.
    #[must_use]
    pub fn learners(&self) -> &[Vec<Listener>] {
        &self.learners
    }

    /// The brokers as a cluster that is not kgrade's own names them to its clients.
    #[must_use]
    pub fn named(&self) -> &[Named] {
        &self.named
    }

    /// The way to the grader's own listener, which asks for a password.
    #[must_use]
    pub fn admin(&self) -> &Access {
        &self.admin
    }

    /// The broker's version, when it tells.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// What the person should know about this cluster, in one sentence.
    #[must_use]
    pub fn warning(&self) -> Option<&str> {
        self.private.as_ref()?.cluster.prepared.recipe.jars.warning.as_deref()
    }

    /// Whether it still runs. Cheap: it can be asked after every check.
    #[must_use]
    pub fn health(&self) -> Health {
        if let Some((node, ended)) = self.container.as_ref().and_then(|cluster| Some((cluster.id, cluster.ended()?))) {
            // A container has an exit code and no signal: the system's status holds it in its second byte.
            let status = ExitStatus::from_raw(i32::try_from(ended.code & 0xff).unwrap_or_default() << 8);
            return Health::Died { node, status, log_tail: ended.log };
        }
        let brokers = self.private.iter().flat_map(|private| &private.cluster.brokers);
        let died = brokers.filter_map(|broker| Some((broker.id, broker.death()?))).next();
        died.map_or(Health::Running, |(node, (status, log_tail))| Health::Died { node, status, log_tail })
    }

    /// How many brokers kgrade started for it; 0 for a cluster that is not its own.
    #[must_use]
    pub fn brokers(&self) -> usize {
        self.private.as_ref().map_or(usize::from(self.container.is_some()), |private| private.cluster.brokers.len())
    }

    /// Whether anybody is to be expected to answer: not while all brokers are down or stand still on purpose.
    #[must_use]
    pub fn should_answer(&self) -> bool {
        self.private.as_ref().is_none_or(|private| private.cluster.brokers.iter().any(|broker| broker.standing() == Standing::Up))
    }

    /// The process ids of the brokers that kgrade started, by node id; those that are down have none.
    #[must_use]
    pub fn pids(&self) -> BTreeMap<i32, u32> {
        let brokers = self.private.iter().flat_map(|private| &private.cluster.brokers);
        brokers.filter_map(|broker| Some((broker.id, broker.pid()?))).collect()
    }

    /// The process id of the first broker that runs, when kgrade started it.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.pids().into_values().next()
    }

    /// Asks a broker to stop in order (SIGTERM: a controlled shutdown) and waits until it has.
    ///
    /// # Errors
    /// When there is none of that node id, or it is not kgrade's own, or it does not stop.
    pub async fn stop_broker(&self, node: i32) -> Result<(), ClusterError> {
        self.change(move |cluster, work| cluster.stop_broker(work, node)).await
    }

    /// Ends a broker without a word (SIGKILL). With `fence` the controller is told at once; without, it finds out when the broker's session
    /// ends (`broker.session.timeout.ms`).
    ///
    /// # Errors
    /// When there is none of that node id, or it is not kgrade's own, or no controller takes the word.
    pub async fn kill_broker(&self, node: i32, fence: bool) -> Result<(), ClusterError> {
        self.change(move |cluster, work| cluster.kill_broker(work, node, fence)).await
    }

    /// Starts a broker that is down, and first stops one that is not; in its folder and on its ports. Waits until it answers again.
    ///
    /// # Errors
    /// When there is none of that node id, or it is not kgrade's own, or it does not come up.
    pub async fn restart_broker(&self, node: i32) -> Result<(), ClusterError> {
        self.change(move |cluster, work| cluster.restart_broker(work, node)).await
    }

    /// Makes a broker stand still (SIGSTOP), or go on.
    ///
    /// # Errors
    /// When there is none of that node id, or it is not kgrade's own.
    pub async fn pause_broker(&self, node: i32, paused: bool) -> Result<(), ClusterError> {
        self.change(move |cluster, _| cluster.pause_broker(node, paused)).await
    }

    /// Puts right what was done to brokers: who stands still goes on, who is down is started. The node ids of these. Quick when there are none.
    ///
    /// # Errors
    /// When one does not come up.
    pub async fn mend(&self) -> Result<Vec<i32>, ClusterError> {
        if self.private.is_none() {
            return Ok(Vec::new());
        }
        self.change(|cluster, work| cluster.mend(work)).await
    }

    async fn change<T: Send + 'static>(
        &self,
        job: impl FnOnce(&PrivateCluster, &Work) -> Result<T, ClusterError> + Send + 'static,
    ) -> Result<T, ClusterError> {
        let Private { cluster, work } = self.private.clone().ok_or(ClusterError::NotOurs)?;
        blocking(move || job(&cluster, &work)).await
    }

    /// The resident memory of the brokers in bytes, when kgrade started them and the system tells.
    #[must_use]
    pub fn resident_bytes(&self) -> Option<u64> {
        let pids = self.pids();
        if pids.is_empty() { None } else { pids.into_values().map(process::resident_bytes).sum() }
    }

    /// Stops a private cluster and deletes its files; leaves any other alone.
    ///
    /// The brokers are killed rather than asked to stop: their files are deleted at once, so there is nothing to put in order.
    pub async fn stop(self) {
        let _ = tokio::task::spawn_blocking(move || drop(self)).await;
    }
}
