//! A real Apache Kafka for a run: kgrade's own broker in a Java process or in a container, or a cluster that is already there.
//!
//! Starting a private one goes through these steps, each in its own file; all but the last two happen once and live in the cache:
//!
//! ```text
//! java (find or fetch) ─▶ jars (KAFKA_HOME, cache, maven, tarball) ─▶ image (class archive, data folder) ─▶ boot ─▶ node
//! ```

mod boot;
mod cache;
mod container;
mod error;
mod exercise;
mod external;
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
mod ports;
mod private;
mod probe;
mod process;
mod runtime;
mod settings;
mod tarball;
mod work;

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
pub use kept::{Down, Kept, Up, down, up};
pub use learner::ADDRESS as LEARNERS_ADDRESS;
pub use process::birth;
pub use runtime::{BadRuntime, Runtime};

use crate::timeline::event::ClusterState;
use crate::world::guard::Guard;
use crate::world::progress::Progress;
use container::ContainerCluster;
use private::PrivateCluster;
use work::Work;

/// What a lab wants of its cluster.
#[derive(Debug, Clone)]
pub struct ClusterSpec {
    /// How many brokers. This version starts one.
    pub brokers: u32,
    /// Broker settings; they win over kgrade's defaults.
    pub settings: IndexMap<String, String>,
    /// The port of the LEARNER listener, when it must be a certain one; else a free one.
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
    admin: String,
    named: Vec<Named>,
    version: Option<String>,
    private: Option<PrivateCluster>,
    container: Option<ContainerCluster>,
}

/// Whether a cluster still runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It does, as far as can be told: kgrade watches only the processes that are its own.
    Running,
    /// The broker's process has ended.
    Died {
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
            let spec = spec.clone();
            blocking(move || private::start(&work, &spec)).await.map(Cluster::private)
        }
        Runtime::External(addresses) => {
            let asked = addresses.clone();
            let (version, named) = blocking(move || Ok((external::check(&asked)?, external::brokers(&asked)))).await?;
            Ok(Cluster {
                bootstrap: addresses.clone(),
                learners: Vec::new(),
                admin: addresses.clone(),
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
    let (bootstrap, admin) = (addresses.to_owned(), addresses.to_owned());
    Ok((Cluster { bootstrap, learners: Vec::new(), admin, named, version, private: None, container: None }, state))
}

async fn blocking<T: Send + 'static>(job: impl FnOnce() -> Result<T, ClusterError> + Send + 'static) -> Result<T, ClusterError> {
    // A job that did not finish has panicked or was cancelled with the runtime: either way nobody waits for the cluster any more.
    tokio::task::spawn_blocking(job).await.unwrap_or(Err(ClusterError::Interrupted))
}

impl Cluster {
    fn private(cluster: PrivateCluster) -> Self {
        let ports = &cluster.booted.ports;
        let at = |port: u16| format!("127.0.0.1:{port}");
        let told = cluster.advertised.as_ref().or(ports.learners.first());
        let listener = |port: &u16| Listener { node: cluster.booted.id, address: at(*port) };
        Self {
            bootstrap: told.map(|port| at(*port)).unwrap_or_default(),
            learners: ports.learners.iter().map(|port| vec![listener(port)]).collect(),
            admin: at(ports.admin),
            named: Vec::new(),
            version: Some(cluster.version.clone()),
            private: Some(cluster),
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
            admin: at(ports.admin),
            named: Vec::new(),
            version: Some(VERSION.to_owned()),
            private: None,
            container: Some(cluster),
        }
    }

    /// Whether kgrade started it, and removes it with all that it holds.
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

    /// The grader's own listener.
    #[must_use]
    pub fn admin(&self) -> &str {
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
        self.private.as_ref()?.warning.as_deref()
    }

    /// Whether it still runs. Cheap: it can be asked after every check.
    #[must_use]
    pub fn health(&self) -> Health {
        if let Some(ended) = self.container.as_ref().and_then(ContainerCluster::ended) {
            // A container has an exit code and no signal: the system's status holds it in its second byte.
            let status = ExitStatus::from_raw(i32::try_from(ended.code & 0xff).unwrap_or_default() << 8);
            return Health::Died { status, log_tail: ended.log };
        }
        match self.private.as_ref().and_then(|cluster| Some((cluster.booted.node.status()?, cluster))) {
            Some((status, cluster)) => Health::Died { status, log_tail: cluster.booted.node.log_tail() },
            None => Health::Running,
        }
    }

    /// The process id of the broker, when kgrade started it.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.private.as_ref().map(|cluster| cluster.booted.node.pid())
    }

    /// The resident memory of the broker in bytes, when kgrade started it and the system tells.
    #[must_use]
    pub fn resident_bytes(&self) -> Option<u64> {
        self.pid().and_then(process::resident_bytes)
    }

    /// Stops a private cluster and deletes its files; leaves any other alone.
    ///
    /// The broker is killed rather than asked to stop: its files are deleted at once, so there is nothing to put in order.
    pub async fn stop(self) {
        let _ = tokio::task::spawn_blocking(move || drop(self)).await;
    }
}
