//! A cluster that is already there. kgrade looks at it and never stops or deletes anything of it.

use std::time::Duration;

use kafka_protocol::messages::ApiVersionsResponse;

use super::error::ClusterError;
use super::probe::Probe;

/// The oldest Kafka that kgrade can grade on: the first whose features say which release it is.
const MINIMUM: &str = "3.3";

/// How long each address may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The releases by the highest `metadata.version` that their brokers support.
const RELEASES: [(i16, &str); 11] = [
    (7, "3.3"),
    (8, "3.4"),
    (11, "3.5"),
    (14, "3.6"),
    (19, "3.7"),
    (20, "3.8"),
    (21, "3.9"),
    (25, "4.0"),
    (27, "4.1"),
    (29, "4.2"),
    (30, "4.3"),
];

/// The version of the Kafka at these addresses (`HOST:PORT[,…]`), `None` when it does not tell (another product with Kafka's protocol).
///
/// # Errors
/// When no address answers as Kafka, or it is too old.
pub fn check(addresses: &str) -> Result<Option<String>, ClusterError> {
    let mut reasons = Vec::new();
    for address in addresses.split(',') {
        match Probe::connect(address, PATIENCE).and_then(|mut probe| probe.api_versions()) {
            Ok(answer) => return judge(addresses, &answer),
            Err(error) => reasons.push(format!("{address}: {error}")),
        }
    }
    let first = addresses.split(',').next().unwrap_or(addresses);
    let checked = first.rsplit_once(':').map_or(first.to_owned(), |(host, port)| format!("{host} {port}"));
    Err(ClusterError::Unreachable { address: addresses.to_owned(), checked, reason: reasons.join("; ") })
}

/// A broker, as the cluster names it to its clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its node id.
    pub node: i32,
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: i32,
}

/// The brokers that the first of these addresses that answers names. None when none does: that is told elsewhere.
#[must_use]
pub fn brokers(addresses: &str) -> Vec<Named> {
    let asked = addresses.split(',').find_map(|address| Probe::connect(address, PATIENCE).and_then(|mut probe| probe.metadata()).ok());
    let named = asked.into_iter().flat_map(|answer| answer.brokers);
    named.map(|broker| Named { node: broker.node_id.0, host: broker.host.to_string(), port: broker.port }).collect()
}

/// The version that an answer tells; see [`check`].
pub(super) fn judge(addresses: &str, answer: &ApiVersionsResponse) -> Result<Option<String>, ClusterError> {
    let too_old = |version: &str| ClusterError::TooOld { address: addresses.to_owned(), version: version.to_owned(), minimum: MINIMUM };
    let level =
        answer.supported_features.iter().find(|feature| feature.name.as_str() == "metadata.version").map(|feature| feature.max_version);
    match level {
        Some(level) => match RELEASES.iter().rev().find(|(first, _)| *first <= level) {
            Some((newest, release)) if *newest == level || RELEASES.last().is_some_and(|(last, _)| level < *last) => {
                Ok(Some((*release).to_owned()))
            }
            Some((_, release)) => Ok(Some(format!("{release} or newer"))),
            None => Err(too_old("3.2 or older")),
        },
        // Brokers of the ZooKeeper age have no such feature, and no request of Kafka 4's group protocol either.
        None if highest(answer, LIST_TRANSACTIONS).is_none() => Err(too_old("older than 3.0")),
        None => Ok(None),
    }
}

/// A request that every Kafka since 3.0 answers.
const LIST_TRANSACTIONS: i16 = 66;

fn highest(answer: &ApiVersionsResponse, key: i16) -> Option<i16> {
    answer.api_keys.iter().find(|api| api.api_key == key).map(|api| api.max_version)
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::api_versions_response::{ApiVersion, SupportedFeatureKey};
    use kafka_protocol::protocol::StrBytes;

    use super::*;

    fn answer(level: Option<i16>, keys: &[i16]) -> ApiVersionsResponse {
        let feature =
            |level| SupportedFeatureKey::default().with_name(StrBytes::from_static_str("metadata.version")).with_max_version(level);
        ApiVersionsResponse::default()
            .with_supported_features(level.map(feature).into_iter().collect())
            .with_api_keys(keys.iter().map(|key| ApiVersion::default().with_api_key(*key)).collect())
    }

    #[test]
    fn tells_the_release_from_the_metadata_version() {
        for (level, version) in [(7, "3.3"), (21, "3.9"), (22, "3.9"), (25, "4.0"), (30, "4.3"), (31, "4.3 or newer")] {
            assert_eq!(judge("a:1", &answer(Some(level), &[])).unwrap().as_deref(), Some(version));
        }
    }

    #[test]
    fn refuses_what_is_too_old_and_lets_other_products_be() {
        assert!(judge("a:1", &answer(Some(6), &[66])).unwrap_err().to_string().contains("Apache Kafka 3.2 or older"));
        assert!(judge("a:1", &answer(None, &[0, 1])).unwrap_err().to_string().contains("older than 3.0"));
        assert_eq!(judge("a:1", &answer(None, &[0, 1, 66])).unwrap(), None);
    }
}
