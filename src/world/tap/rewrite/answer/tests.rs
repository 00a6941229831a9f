//! Every API that names brokers, in every version that the decoder has.

use std::fmt::Debug;

use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::metadata_response::{MetadataResponseBroker, MetadataResponseTopic};
use kafka_protocol::messages::{TopicName, fetch_response, produce_response, share_acknowledge_response, share_fetch_response};
use kafka_protocol::protocol::{Decodable, HeaderVersion};

use super::*;

const CORRELATION: [u8; 4] = [0, 0, 1, 7];

fn text(text: &'static str) -> StrBytes {
    StrBytes::from_static_str(text)
}

/// A frame, header included.
fn frame<M: Encodable + HeaderVersion>(message: &M, version: i16) -> Bytes {
    let mut bytes = BytesMut::from(&CORRELATION[..]);
    if M::header_version(version) >= 1 {
        // An unknown tagged field of the header, which must be kept.
        bytes.extend_from_slice(&[1, 9, 2, 0xab, 0xcd]);
    }
    message.encode(&mut bytes, version).unwrap();
    bytes.freeze()
}

fn body<M: Decodable + HeaderVersion>(frame: &Bytes, version: i16) -> M {
    let header = if M::header_version(version) >= 1 { 9 } else { 4 };
    let mut rest = frame.slice(header..);
    let message = M::decode(&mut rest, version).unwrap();
    assert!(rest.is_empty());
    message
}

/// Brokers 1 and 2, as the cluster names them, become ports 1001 and 1002.
fn ports(endpoint: Endpoint<'_>) -> Result<u16, String> {
    let expected = match endpoint.node {
        1 => ("kafka-1.example.org", 9092),
        2 => ("2001:db8::2", 19_092),
        node => return Err(format!("broker {node} is not in this test")),
    };
    assert_eq!((endpoint.host, endpoint.port), expected);
    Ok(u16::try_from(1000 + endpoint.node).unwrap())
}

/// Rewrites `before` in a version and compares it with `after`.
fn changes<M>(key: ApiKey, version: i16, before: &M, after: &M)
where
    M: Encodable + Decodable + HeaderVersion + PartialEq + Debug,
{
    let api = Api(key as i16);
    assert!(may_change(api, version), "{key:?} v{version}");
    let original = frame(before, version);
    let rewritten = rewrite(api, version, &original, &mut ports).unwrap().unwrap_or_else(|| panic!("{key:?} v{version} is as it was"));
    let header = if M::header_version(version) >= 1 { 9 } else { 4 };
    assert_eq!(rewritten[..header], original[..header], "{key:?} v{version}");
    assert_eq!(body::<M>(&rewritten, version), body::<M>(&frame(after, version), version), "{key:?} v{version}");
}

fn stays<M: Encodable + HeaderVersion>(key: ApiKey, version: i16, message: &M) {
    let answer = rewrite(Api(key as i16), version, &frame(message, version), &mut ports);
    assert_eq!(answer, Ok(None), "{key:?} v{version}");
}

#[test]
fn metadata() {
    let told = |brokers: [(&'static str, i32); 2]| {
        let broker =
            |(id, (host, port))| MetadataResponseBroker::default().with_node_id(BrokerId(id)).with_host(text(host)).with_port(port);
        let topic = MetadataResponseTopic::default().with_name(Some(TopicName(text("events"))));
        api::MetadataResponse::default().with_brokers((1..).zip(brokers).map(broker).collect()).with_topics(vec![topic])
    };
    for version in 0..=api::MetadataResponse::VERSIONS.max {
        let before = told([("kafka-1.example.org", 9092), ("2001:db8::2", 19_092)]);
        changes(ApiKey::Metadata, version, &before, &told([(HOST, 1001), (HOST, 1002)]));
    }
}

#[test]
fn find_coordinator_old_and_new() {
    for version in 0..=3 {
        let told = |host, port| api::FindCoordinatorResponse::default().with_node_id(BrokerId(2)).with_host(text(host)).with_port(port);
        changes(ApiKey::FindCoordinator, version, &told("2001:db8::2", 19_092), &told(HOST, 1002));
        let none = api::FindCoordinatorResponse::default().with_error_code(15).with_node_id(BrokerId(-1)).with_port(-1);
        stays(ApiKey::FindCoordinator, version, &none);
    }
    for version in 4..=api::FindCoordinatorResponse::VERSIONS.max {
        let found = |key, node, host, port| {
            Coordinator::default().with_key(text(key)).with_node_id(BrokerId(node)).with_host(text(host)).with_port(port)
        };
        let none = found("b", -1, "", -1).with_error_code(15);
        let told = |host, port| api::FindCoordinatorResponse::default().with_coordinators(vec![none.clone(), found("a", 1, host, port)]);
        changes(ApiKey::FindCoordinator, version, &told("kafka-1.example.org", 9092), &told(HOST, 1001));
        stays(ApiKey::FindCoordinator, version, &api::FindCoordinatorResponse::default().with_coordinators(vec![none.clone()]));
    }
}

#[test]
fn describe_cluster() {
    let told = |host, port| {
        let broker = DescribeClusterBroker::default().with_broker_id(BrokerId(1)).with_host(text(host)).with_port(port);
        api::DescribeClusterResponse::default().with_brokers(vec![broker])
    };
    for version in 0..=api::DescribeClusterResponse::VERSIONS.max {
        changes(ApiKey::DescribeCluster, version, &told("kafka-1.example.org", 9092), &told(HOST, 1001));
    }
}

#[test]
fn brokers_of_moved_partitions() {
    macro_rules! endpoints {
        ($key:expr, $answer:ty, $node:path, $versions:expr) => {
            let told = |host, port| {
                let node = <$node>::default().with_node_id(BrokerId(1)).with_host(text(host)).with_port(port).with_rack(Some(text("r")));
                <$answer>::default().with_node_endpoints(vec![node])
            };
            for version in $versions {
                changes($key, version, &told("kafka-1.example.org", 9092), &told(HOST, 1001));
                stays($key, version, &<$answer>::default());
            }
        };
    }
    endpoints!(ApiKey::Produce, api::ProduceResponse, produce_response::NodeEndpoint, 10..=api::ProduceResponse::VERSIONS.max);
    endpoints!(ApiKey::Fetch, api::FetchResponse, fetch_response::NodeEndpoint, 16..=api::FetchResponse::VERSIONS.max);
    endpoints!(ApiKey::ShareFetch, api::ShareFetchResponse, share_fetch_response::NodeEndpoint, 1..=1);
    endpoints!(ApiKey::ShareAcknowledge, api::ShareAcknowledgeResponse, share_acknowledge_response::NodeEndpoint, 1..=1);
    assert!(!may_change(Api::PRODUCE, 9) && !may_change(Api::FETCH, 15), "older versions name no brokers");
}

#[test]
fn records_pass_through_a_changed_fetch() {
    let records = Bytes::from_static(b"no batch at all, which is nobody's business here");
    let told = |host, port| {
        let partition = PartitionData::default().with_error_code(6).with_records(Some(records.clone()));
        let topic = FetchableTopicResponse::default().with_partitions(vec![partition, PartitionData::default().with_records(None)]);
        let node = fetch_response::NodeEndpoint::default().with_node_id(BrokerId(1)).with_host(text(host)).with_port(port);
        api::FetchResponse::default().with_responses(vec![topic]).with_node_endpoints(vec![node])
    };
    changes(ApiKey::Fetch, 17, &told("kafka-1.example.org", 9092), &told(HOST, 1001));
}

#[test]
fn api_versions_in_every_version_and_after_a_downgrade() {
    let offered = |newest| {
        let keys = [(1, 4, newest), (2, 1, 99)];
        let key = |(key, min, max)| ApiVersion::default().with_api_key(key).with_min_version(min).with_max_version(max);
        api::ApiVersionsResponse::default().with_api_keys(keys.map(key).into())
    };
    let newest = api::FetchResponse::VERSIONS.max;
    for version in 0..=api::ApiVersionsResponse::VERSIONS.max {
        changes(ApiKey::ApiVersions, version, &offered(99), &offered(newest));
        stays(ApiKey::ApiVersions, version, &offered(newest));
    }
    // To a version that it does not have the broker answers in version 0 (KIP-511).
    let refused = api::ApiVersionsResponse::default().with_error_code(35);
    assert_eq!(rewrite(Api(18), 5, &frame(&refused, 0), &mut ports), Ok(None));
}

#[test]
fn what_must_be_read_and_cannot_is_kept_from_the_program() {
    for api in [Api::METADATA, Api(10), Api(18), Api(60)] {
        let message = rewrite(api, 1, &Bytes::from_static(b"\0\0\0\x01\x7f\xff\xff\xff\xff"), &mut ports).unwrap_err();
        assert!(
            message.starts_with(&format!("the broker's answer to {api} names the addresses of brokers and cannot be read")),
            "{message}"
        );
    }
    let other = rewrite(Api::FETCH, 16, &Bytes::from_static(b"\0\0\0\x01\x7f"), &mut ports);
    assert_eq!(other, Ok(None), "brokers are in it only after a leader moved");
}

#[test]
fn a_refused_address_refuses_the_answer() {
    let broker = MetadataResponseBroker::default().with_node_id(BrokerId(3)).with_host(text("elsewhere")).with_port(1);
    let told = api::MetadataResponse::default().with_brokers(vec![broker]);
    assert_eq!(rewrite(Api::METADATA, 9, &frame(&told, 9), &mut ports), Err("broker 3 is not in this test".to_owned()));
}

#[test]
fn hosts_that_are_no_addresses_of_brokers_stay() {
    let binding = api::describe_acls_response::AclDescription::default().with_host(text("kafka-1.example.org"));
    let resource = api::describe_acls_response::DescribeAclsResource::default().with_acls(vec![binding]);
    let told = api::DescribeAclsResponse::default().with_resources(vec![resource]);
    for version in api::DescribeAclsResponse::VERSIONS.min..=api::DescribeAclsResponse::VERSIONS.max {
        stays(ApiKey::DescribeAcls, version, &told);
        assert!(!may_change(Api(ApiKey::DescribeAcls as i16), version));
    }
}
