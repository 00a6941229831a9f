//! A cluster of kgrade's own: in a private folder, gone with its files when the run ends.

use std::path::Path;

use super::boot::{Boot, Booted, boot};
use super::cache::CacheLock;
use super::error::ClusterError;
use super::image::Image;
use super::node::{BootFailure, Recipe};
use super::work::Work;
use super::{ClusterSpec, jars, java};
use crate::world::folder::PrivateFolder;

/// The only broker must not be taken for dead, and topics be refused, because the machine is busy for more than the default of 9 s. Not for a
/// broker that is started again: it would have to wait for the end of its earlier session.
pub(super) const SESSION: (&str, &str) = ("broker.session.timeout.ms", "120000");

/// The running cluster. Dropping it kills the broker and deletes its folder.
#[derive(Debug)]
pub struct PrivateCluster {
    // Field order matters: first the process goes, then its folder.
    pub(super) booted: Booted,
    _folder: PrivateFolder,
    pub(super) advertised: Option<u16>,
    pub(super) version: String,
    pub(super) warning: Option<String>,
}

/// Everything a broker is started from: Java, jars, image.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Java and jars.
    pub recipe: Recipe,
    /// The class archive and the data folder.
    pub image: Image,
}

/// Finds Java and Kafka and the image, fetching and making what is not there.
///
/// # Errors
/// When something cannot be had; the message says what to do.
pub fn prepare(work: &Work) -> Result<Prepared, ClusterError> {
    let recipe = recipe(work)?;
    let image = Image::get(work, &recipe)?;
    Ok(Prepared { recipe, image })
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

/// Starts a cluster. A start that fails for no known reason is tried once more with everything doubtful made anew.
pub fn start(work: &Work, spec: &ClusterSpec) -> Result<PrivateCluster, ClusterError> {
    if spec.brokers != 1 {
        return Err(ClusterError::Brokers(spec.brokers));
    }
    let prepared = prepare(work)?;
    match start_once(work, spec, &prepared) {
        Ok(cluster) => Ok(cluster),
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
        BootFailure::Died(reason, log_tail) => ClusterError::Boot { reason, log_tail },
    }
}

fn start_once(work: &Work, spec: &ClusterSpec, prepared: &Prepared) -> Result<PrivateCluster, BootFailure> {
    let made = PrivateFolder::make(work.guard(), "kgrade-broker-");
    let folder = made.map_err(ClusterError::folder("create a folder in", std::env::temp_dir()))?;
    let booted = start_in(work, spec, prepared, folder.path())?;
    let version = prepared.recipe.jars.version.clone();
    Ok(PrivateCluster {
        booted,
        _folder: folder,
        advertised: advertised(spec).first().copied(),
        version,
        warning: prepared.recipe.jars.warning.clone(),
    })
}

fn start_in(work: &Work, spec: &ClusterSpec, prepared: &Prepared, folder: &Path) -> Result<Booted, BootFailure> {
    let cluster_id = prepared.image.stamp(folder)?;
    let advertised = advertised(spec);
    let mut settings = spec.settings.clone();
    settings.entry(SESSION.0.to_owned()).or_insert_with(|| SESSION.1.to_owned());
    let request = Boot { cluster_id: &cluster_id, learner: spec.learner_port, advertised: &advertised, overrides: &settings };
    boot(work, &prepared.recipe, folder, prepared.image.archive(), request)
}

/// What the only broker's LEARNER listeners tell clients, seat by seat.
pub(super) fn advertised(spec: &ClusterSpec) -> Vec<u16> {
    spec.seats.iter().filter_map(|brokers| brokers.first().copied()).collect()
}
