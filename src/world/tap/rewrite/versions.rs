//! Which versions a client may use where answers are changed: only those that can be read and written.

use kafka_protocol::messages::{self as api, ApiKey, ApiVersionsResponse};
use kafka_protocol::protocol::Message;

use crate::world::kafka::schema;

/// The APIs whose answers name brokers, with the newest version of each that can be written.
const WRITABLE: [(ApiKey, i16); 7] = [
    (ApiKey::Produce, api::ProduceResponse::VERSIONS.max),
    (ApiKey::Fetch, api::FetchResponse::VERSIONS.max),
    (ApiKey::Metadata, api::MetadataResponse::VERSIONS.max),
    (ApiKey::FindCoordinator, api::FindCoordinatorResponse::VERSIONS.max),
    (ApiKey::DescribeCluster, api::DescribeClusterResponse::VERSIONS.max),
    (ApiKey::ShareFetch, api::ShareFetchResponse::VERSIONS.max),
    (ApiKey::ShareAcknowledge, api::ShareAcknowledgeResponse::VERSIONS.max),
];

/// Lowers what the broker offers where it is too new. Whether anything was.
///
/// The lower ends stay as they are: brokers say that they have `Produce` from version 0 for the sake of librdkafka, which before 2.11.1 took
/// a higher one for a broker without gzip and silently sent uncompressed (KAFKA-18659).
pub(super) fn cap(told: &mut ApiVersionsResponse) -> bool {
    let mut capped = false;
    for (key, writable) in WRITABLE {
        let key = key as i16;
        let readable = schema::response(key).map_or(writable, |message| message.versions.max);
        let newest = writable.min(readable);
        for offered in told.api_keys.iter_mut().filter(|offered| offered.api_key == key && offered.min_version <= newest) {
            capped |= offered.max_version > newest;
            offered.max_version = offered.max_version.min(newest);
        }
    }
    capped
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::api_versions_response::ApiVersion;

    use super::*;

    #[test]
    fn only_what_has_to_be_changed_is_capped_and_only_at_its_upper_end() {
        let offered = |key: i16, min, max| ApiVersion::default().with_api_key(key).with_min_version(min).with_max_version(max);
        let mut told = ApiVersionsResponse::default().with_api_keys(vec![
            offered(0, 0, 99),
            offered(1, 4, 99),
            offered(2, 0, 99),
            offered(3, 0, 5),
            offered(78, 1, 2),
            offered(999, 7, 8),
        ]);
        assert!(cap(&mut told));
        let after: Vec<_> = told.api_keys.iter().map(|key| (key.api_key, key.min_version, key.max_version)).collect();
        let (produce, fetch) = (api::ProduceResponse::VERSIONS.max, api::FetchResponse::VERSIONS.max);
        assert_eq!(after, [(0, 0, produce), (1, 4, fetch), (2, 0, 99), (3, 0, 5), (78, 1, 1), (999, 7, 8)]);
        assert!(!cap(&mut told), "nothing is left to cap");
    }
}
