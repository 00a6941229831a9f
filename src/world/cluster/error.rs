//! Why there is no cluster. Every message says what is missing and what to do about it.

use std::path::PathBuf;

use crate::world::docker::DockerError;

/// Why a cluster could not be had. All of them mean exit code 3: nothing was graded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// No Java on this machine, and none could be fetched.
    #[error(
        "find Java {minimum} or newer, which Apache Kafka needs\n{}\ninstall one (Debian: `apt-get install openjdk-17-jre-headless`, macOS: `brew install openjdk`), \
         set JAVA_HOME, or install Python 3 with pip and connect to the network: kgrade then fetches Java by itself{also}",
        listed(tried)
    )]
    NoJava {
        /// The oldest Java that will do.
        minimum: u32,
        /// What was tried, and why it did not work.
        tried: Vec<String>,
        /// What else is missing, so that both can be mended at once.
        also: String,
    },
    /// No Kafka on this machine, and none could be fetched.
    #[error(
        "find Apache Kafka {version}\n{}\nconnect to the network and run the command again, or fetch the release yourself with \
         `curl -fLO https://downloads.apache.org/kafka/{version}/kafka_2.13-{version}.tgz && tar xzf kafka_2.13-{version}.tgz` and set KAFKA_HOME to that folder",
        listed(tried)
    )]
    NoKafka {
        /// The wanted version.
        version: &'static str,
        /// What was tried, and why it did not work.
        tried: Vec<String>,
    },
    /// `KAFKA_HOME` does not hold a usable Kafka.
    #[error("use KAFKA_HOME={path}: {reason}; unset KAFKA_HOME to let kgrade fetch Kafka itself, or set it to an unpacked Kafka 4 release", path = path.display())]
    KafkaHome {
        /// Its value.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A folder of the cache, or a private one, could not be read or written.
    #[error("{doing} {path}: {source}; make room or permit it, or set KGRADE_CACHE (and TMPDIR) to a folder that can be written", path = path.display())]
    Folder {
        /// What was being done, for example "create".
        doing: &'static str,
        /// The path.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A path that Java's class path cannot express.
    #[error("use {path}: a colon separates the entries of Java's class path; set KGRADE_CACHE to a path without one", path = path.display())]
    Colon {
        /// The path.
        path: PathBuf,
    },
    /// The one-time preparation of the broker failed.
    #[error("prepare the broker's first start: {reason}\n{log_tail}\nrun the command again; if it stays so, delete {cache}", cache = cache.display())]
    Prepare {
        /// What went wrong.
        reason: String,
        /// The end of the broker's log.
        log_tail: String,
        /// The folder to delete.
        cache: PathBuf,
    },
    /// The broker ended, or never answered.
    #[error("start the broker: {reason}\n{log_tail}")]
    Boot {
        /// What was seen.
        reason: String,
        /// The end of the broker's log.
        log_tail: String,
    },
    /// The broker refused a setting.
    #[error("start the broker with the lab's settings: {log_tail}\ncorrect `cluster.settings` in the lab file")]
    Settings {
        /// What the broker said.
        log_tail: String,
    },
    /// A setting that is kgrade's own business.
    #[error("set `{key}` for the broker: kgrade sets it itself; remove it from `cluster.settings` in the lab file")]
    Reserved {
        /// Its name.
        key: String,
    },
    /// The port asked for is in use.
    #[error(
        "listen on port {port}: {holder} is already using it (`kgrade doctor` tells which); stop that, or choose another port with `--port`"
    )]
    PortTaken {
        /// The port.
        port: u16,
        /// Who answers there, as far as can be told.
        holder: &'static str,
    },
    /// The kept broker is up on another port.
    #[error("start the broker on port {wanted}: it is already up on port {port}; use that, or run `kgrade down` first")]
    UpElsewhere {
        /// Where it is.
        port: u16,
        /// Where it was wanted.
        wanted: u16,
    },
    /// The kept broker's process is there, but no broker answers.
    #[error("reach the broker that is up: its process {pid} runs but does not answer\n{log_tail}\nrun `kgrade down`, then `kgrade up`")]
    Hangs {
        /// Its process.
        pid: u32,
        /// The end of its log.
        log_tail: String,
    },
    /// The kept broker does not start with the data it has.
    #[error("start the broker with the topics it had: {reason}\n{log_tail}\nrun `kgrade down --delete` to start again without them (they are in {folder})", folder = folder.display())]
    KeptData {
        /// What was seen.
        reason: String,
        /// The end of its log.
        log_tail: String,
        /// Where the topics are.
        folder: PathBuf,
    },
    /// No folder for what must outlive a run.
    #[error("find a folder to keep the broker's topics in: set HOME, or set KGRADE_STATE to a folder that can be written")]
    NoState,
    /// Free ports were taken by others again and again.
    #[error(
        "find free ports on 127.0.0.1: {tries} times another program took one before the broker could; run the command again when the machine is less busy"
    )]
    NoPorts {
        /// How often it was tried.
        tries: u32,
    },
    /// Nobody answers at an external address.
    #[error(
        "reach the cluster at {address}: {reason}; check the address with `nc -vz {checked}`, start the cluster, or leave out `--cluster` (and unset KAFKA_BOOTSTRAP_SERVERS) to let kgrade run its own"
    )]
    Unreachable {
        /// The addresses, as given.
        address: String,
        /// The first of them, written as `nc` wants it.
        checked: String,
        /// What happened at each.
        reason: String,
    },
    /// An external cluster is too old.
    #[error(
        "use the cluster at {address}: it is Apache Kafka {version}, and kgrade needs {minimum} or newer; upgrade it, or leave out `--cluster` to let kgrade run its own"
    )]
    TooOld {
        /// The addresses, as given.
        address: String,
        /// What it is, as far as its API versions tell.
        version: String,
        /// The oldest that will do.
        minimum: &'static str,
    },
    /// Docker cannot be used, or not for this.
    #[error("run Kafka in Docker: {error}\n{mend}; or use `--cluster jvm`, which needs no Docker", error = .0, mend = .0.mend())]
    Docker(#[from] DockerError),
    /// More brokers than kgrade starts in containers.
    #[error("start {0} brokers in Docker: kgrade starts one there; use `--cluster jvm`, which starts several")]
    InDocker(u32),
    /// None, or more brokers than a machine carries.
    #[error("start {asked} brokers: kgrade starts 1 to {most}; set `cluster.brokers` to one of these")]
    Brokers {
        /// How many were asked for.
        asked: u32,
        /// How many can be had.
        most: u32,
    },
    /// A broker that is not there.
    #[error("find broker {node}: the cluster has {known}; name one of these")]
    NoSuchBroker {
        /// Its node id.
        node: i32,
        /// The node ids that there are.
        known: String,
    },
    /// The controller was not told of a broker's end.
    #[error("tell the controller that broker {node} is gone: {answer}; run the command again, on a machine that is less busy")]
    NotFenced {
        /// Its node id.
        node: i32,
        /// What was seen.
        answer: String,
    },
    /// Brokers that kgrade did not start.
    #[error(
        "stop or start a broker of a cluster that was there before: kgrade changes only its own; leave out `--cluster` (and unset KAFKA_BOOTSTRAP_SERVERS)"
    )]
    NotOurs,
    /// The caller gave up.
    #[error("start the cluster: interrupted")]
    Interrupted,
}

impl ClusterError {
    /// A function for `map_err`: what was being done, and where.
    pub(super) fn folder(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Folder { doing, path, source }
    }
}

fn listed(tried: &[String]) -> String {
    tried.iter().map(|line| format!("  - {}", line.trim_end().replace('\n', "\n    "))).collect::<Vec<_>>().join("\n")
}
