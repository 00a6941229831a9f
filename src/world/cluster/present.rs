//! What of Java and Kafka is on this machine already, for those who only look: nothing is fetched, nothing written.

use std::path::PathBuf;

use super::error::ClusterError;
use super::java::{self, Notes};
use super::work::Work;
use super::{ClusterContext, jars};

pub use super::java::Place as JavaPlace;

/// What was seen of Java.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JavaSeen {
    /// The one that a broker would run on.
    pub java: Option<FoundJava>,
    /// Those that come before it and will not do, each with the reason.
    pub refused: Vec<String>,
    /// Whether there is something to fetch one with.
    pub fetched: bool,
}

/// A Java that will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundJava {
    /// Its program.
    pub program: PathBuf,
    /// Its version.
    pub version: String,
    /// Where it was found.
    pub place: JavaPlace,
}

/// Where Kafka's jars were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KafkaPlace {
    /// `KAFKA_HOME`.
    Home,
    /// The cache.
    Cache,
}

/// Kafka's jars as they were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KafkaSeen {
    /// The version.
    pub version: String,
    /// Where.
    pub place: KafkaPlace,
    /// What the person should know about it.
    pub warning: Option<String>,
}

/// Looks for Java. Blocks.
///
/// # Errors
/// When it cannot be asked for its version: no temporary file can be written.
pub fn java(context: &ClusterContext) -> Result<JavaSeen, ClusterError> {
    let work = Work::new(context.clone());
    let local = java::local(&work, Notes::Read)?;
    let not_set = [java::NO_HOME, java::NOT_ON_PATH];
    let refused = local.tried.into_iter().filter(|tried| !not_set.contains(&tried.as_str())).collect();
    let java = local.java.map(|(java, place)| FoundJava { program: java.program, version: java.version, place });
    Ok(JavaSeen { java, refused, fetched: java::can_be_fetched(&work) })
}

/// Looks for Kafka's jars.
///
/// # Errors
/// When `KAFKA_HOME` is set and unusable.
pub fn kafka(context: &ClusterContext) -> Result<Option<KafkaSeen>, ClusterError> {
    let found = jars::local(&Work::new(context.clone()))?;
    Ok(found.map(|jars| KafkaSeen {
        place: if jars.cached { KafkaPlace::Cache } else { KafkaPlace::Home },
        version: jars.version,
        warning: jars.warning,
    }))
}
