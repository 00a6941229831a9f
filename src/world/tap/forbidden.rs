//! What no program may ask of a broker that kgrade started. Its listeners for programs let everybody do everything, since labs are about topics,
//! groups and their settings; but whoever changes the broker itself, or speaks as one, takes from kgrade what it grades with, and an error of
//! kgrade's is no failure of the program's.

use bytes::Bytes;
use kafka_protocol::messages::{AlterConfigsRequest, ApiKey, IncrementalAlterConfigsRequest};

use super::read;
use crate::timeline::wire::Api;

/// Kafka's number for a topic among the resources that have settings, and for a consumer group.
const OWN: [i8; 2] = [2, 32];

/// Why a request is not forwarded. None of them is asked by a program that does its task.
pub(super) fn reason(api: Api, frame: &Bytes) -> Option<String> {
    let key = ApiKey::try_from(api.0).ok()?;
    let what = match key {
        ApiKey::AlterConfigs | ApiKey::IncrementalAlterConfigs if !changes_the_broker(key, frame) => return None,
        ApiKey::AlterConfigs | ApiKey::IncrementalAlterConfigs => "change settings of the broker",
        ApiKey::AlterClientQuotas => "change quotas",
        ApiKey::UnregisterBroker | ApiKey::UpdateFeatures | ApiKey::AddRaftVoter | ApiKey::RemoveRaftVoter | ApiKey::UpdateRaftVoter => {
            "change what the cluster is made of"
        }
        ApiKey::WriteTxnMarkers
        | ApiKey::AlterPartition
        | ApiKey::Envelope
        | ApiKey::BrokerRegistration
        | ApiKey::BrokerHeartbeat
        | ApiKey::AllocateProducerIds
        | ApiKey::AssignReplicasToDirs
        | ApiKey::InitializeShareGroupState
        | ApiKey::ReadShareGroupState
        | ApiKey::WriteShareGroupState
        | ApiKey::DeleteShareGroupState
        | ApiKey::ReadShareGroupStateSummary => "speak as a broker",
        _ => return None,
    };
    Some(format!("no program may {what} ({api})"))
}

/// Whether settings of anything but topics and groups are changed. What cannot be read may be such.
fn changes_the_broker(key: ApiKey, frame: &Bytes) -> bool {
    let resources: Option<Vec<i8>> = if key == ApiKey::AlterConfigs {
        read::decoded(frame).map(|asked: AlterConfigsRequest| asked.resources.iter().map(|resource| resource.resource_type).collect())
    } else {
        read::decoded(frame)
            .map(|asked: IncrementalAlterConfigsRequest| asked.resources.iter().map(|resource| resource.resource_type).collect())
    };
    resources.is_none_or(|kinds| kinds.iter().any(|kind| !OWN.contains(kind)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AlterConfigs 0 for one resource of this kind, without settings.
    fn alter(kind: u8) -> Bytes {
        Bytes::from([&[0, 33, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0, 0, 0, 1, kind, 0, 1, b'1', 0, 0, 0, 0, 0][..]].concat())
    }

    #[test]
    fn settings_of_topics_and_groups_are_a_programs_own() {
        let asked = |kind| reason(Api(33), &alter(kind));
        assert_eq!([2, 32].map(asked), [None, None]);
        assert_eq!(asked(4).as_deref(), Some("no program may change settings of the broker (AlterConfigs)"));
        assert!(asked(8).is_some() && asked(16).is_some());
        assert!(reason(Api(33), &alter(2).slice(..15)).is_some(), "what cannot be read");
    }

    #[test]
    fn whoever_speaks_as_a_broker_or_changes_the_cluster_is_refused() {
        for api in [27, 49, 56, 57, 58, 62, 63, 64, 67, 73, 80, 81, 82, 83, 84, 85, 86, 87] {
            assert!(reason(Api(api), &Bytes::new()).is_some(), "{api}");
        }
        // Topics, groups, partitions, leaders, users, records, transactions.
        for api in [0, 1, 3, 8, 11, 19, 20, 21, 22, 26, 32, 37, 42, 43, 45, 48, 50, 51, 60, 65, 68, 75, 999] {
            assert_eq!(reason(Api(api), &Bytes::new()), None, "{api}");
        }
    }
}
