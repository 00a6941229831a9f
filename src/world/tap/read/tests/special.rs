//! What is special about some frames.

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{
    self as api, ApiKey, ConsumerProtocolAssignment, ConsumerProtocolSubscription, GroupId, RequestHeader, TopicName,
};
use kafka_protocol::protocol::{Encodable, HeaderVersion, Request as Asked, StrBytes};

use crate::timeline::wire::{Api, Compression, Fetched, Position, Request, Response, Unread};
use crate::world::tap::read::{LONGEST, TopicIds, acks, head, request, response};

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

/// A request of this version by the client `me`.
fn asked<R: Asked + Encodable + HeaderVersion>(message: &R, version: i16) -> Bytes {
    let mut frame = BytesMut::new();
    let header = RequestHeader::default()
        .with_request_api_key(R::KEY)
        .with_request_api_version(version)
        .with_correlation_id(7)
        .with_client_id(Some(text("me")));
    header.encode(&mut frame, R::header_version(version)).unwrap();
    message.encode(&mut frame, version).unwrap();
    frame.freeze()
}

/// An answer to request 7, its header without tagged fields.
fn told<M: Encodable + HeaderVersion>(message: &M, version: i16) -> Bytes {
    let mut frame = BytesMut::from(&[0, 0, 0, 7][..]);
    if M::header_version(version) == 1 {
        frame.extend_from_slice(&[0]);
    }
    message.encode(&mut frame, version).unwrap();
    frame.freeze()
}

fn batch(base: i64, last: i32, records: i32, attributes: i16) -> Vec<u8> {
    let head = [&base.to_be_bytes()[..], &53_i32.to_be_bytes(), &[0; 4], &[2], &0xfeed_u32.to_be_bytes()].concat();
    let middle = [&attributes.to_be_bytes()[..], &last.to_be_bytes(), &123_i64.to_be_bytes(), &[0; 8]].concat();
    let producer = [&9_i64.to_be_bytes()[..], &3_i16.to_be_bytes(), &40_i32.to_be_bytes(), &records.to_be_bytes()].concat();
    [head, middle, producer, b"data".to_vec()].concat()
}

fn produce(records: Vec<u8>, version: i16, acks: i16) -> Bytes {
    use api::produce_request::{PartitionProduceData, TopicProduceData};
    let partition = PartitionProduceData::default().with_index(2).with_records(Some(records.into()));
    let topic = TopicProduceData::default().with_partition_data(vec![partition]);
    let topic = if version < 13 { topic.with_name(TopicName(text("t"))) } else { topic };
    let message = api::ProduceRequest::default().with_acks(acks).with_transactional_id(Some(text("tx").into()));
    asked(&message.with_topic_data(vec![topic]), version)
}

#[test]
fn the_head_needs_the_first_bytes_only() {
    let frame = asked(&api::MetadataRequest::default(), 12);
    let whole = head(&frame).unwrap();
    assert_eq!((whole.api, whole.version, whole.correlation, whole.client.as_deref()), (Api::METADATA, 12, 7, Some("me")));
    assert_eq!(head(&frame[..12]).unwrap(), whole);
    assert_eq!(head(&frame[..11]).unwrap().client.as_deref(), Some("m"), "what is there of it");
    assert_eq!(head(&frame[..9]), None);
    for (wrong, bytes) in
        [("api", &[0xff, 0xff, 0, 0][..]), ("version", &[0, 0, 0xff, 0xff]), ("length", &[0, 3, 0, 1, 0, 0, 0, 0, 0xff, 0xfe])]
    {
        assert_eq!(head(&[bytes, &[0; 20]].concat()), None, "{wrong}");
    }
    let long = [&[0, 3, 0, 1, 0, 0, 0, 1, 0x7f, 0xff][..], &vec![0xe9; 0x7fff]].concat();
    let client = head(&long).unwrap().client.unwrap();
    assert!(client.len() <= LONGEST && client.starts_with('\u{fffd}'), "{client}");
    assert_eq!(head(&[0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xff]).unwrap().client, None);
}

#[test]
fn acks_are_told_before_the_records_have_come() {
    for version in 3..=13 {
        for wanted in [-1, 0, 1] {
            let frame = produce(batch(0, 0, 1, 0), version, wanted);
            let needed = frame.windows(2).position(|bytes| bytes == b"tx").unwrap() + 4;
            assert_eq!(acks(&frame), Some(wanted), "v{version}");
            assert_eq!(acks(&frame[..needed]), Some(wanted), "v{version}");
            (0..needed).for_each(|cut| assert_eq!(acks(&frame[..cut]), None, "v{version} cut at {cut}"));
        }
    }
    assert_eq!(acks(&asked(&api::MetadataRequest::default(), 12)), None);
    // Versions 0 to 2 had no transactional id.
    assert_eq!(acks(&[0, 0, 0, 2, 0, 0, 0, 1, 0xff, 0xff, 0, 1, 0, 0]), Some(1));
}

#[test]
fn apis_and_versions_that_nobody_knows_are_unknown() {
    let topics = TopicIds::default();
    let frame = |api: i16, version: i16| Bytes::from([&api.to_be_bytes()[..], &version.to_be_bytes(), &[0, 0, 0, 1, 0, 0]].concat());
    assert_eq!(request(&frame(3, 14), &topics), Err(Unread::Unknown));
    assert_eq!(request(&frame(1000, 0), &topics), Err(Unread::Unknown));
    assert_eq!(request(&frame(0, 2), &topics), Err(Unread::Unknown), "Kafka 4 has Produce from version 3");
    assert_eq!(request(&frame(62, 0), &topics), Err(Unread::Unknown), "what brokers say to controllers");
    for (api, version) in [(3, 14), (1000, 0), (18, 5)] {
        assert_eq!(response(Api(api), version, &frame(0, 0), &topics), Err(Unread::Unknown));
    }
    assert_eq!(request(&frame(-1, 0), &topics), Err(Unread::Damaged));
    assert_eq!(request(&Bytes::new(), &topics), Err(Unread::Damaged));
}

#[test]
fn a_client_may_begin_with_a_version_of_api_versions_that_the_broker_lacks() {
    let topics = TopicIds::default();
    // KIP-511: error 35 and the versions of ApiVersions itself; older brokers list nothing.
    let newer = [&[0, 18, 0, 9, 0, 0, 0, 7, 0, 2, b'm', b'e', 0][..], &[2, b'k', 3, b'v', b'1'], b"more to come"].concat();
    let read = request(&newer.clone().into(), &topics);
    assert_eq!(read, Ok(Request::ApiVersions { software: Some("k".into()), software_version: Some("v1".into()) }));
    assert_eq!(request(&newer[..17].to_vec().into(), &topics), Err(Unread::Damaged));
    for answer in [&[0, 0, 0, 7, 0, 35, 0, 0, 0, 1, 0, 18, 0, 0, 0, 4][..], &[0, 0, 0, 7, 0, 35, 0, 0, 0, 0]] {
        for version in [0, 3, 4, 5, 99] {
            let read = response(Api(18), version, &Bytes::copy_from_slice(answer), &topics);
            assert_eq!(read, Ok(Response::Plain { error: 35 }), "v{version}");
        }
    }
    let known = api::ApiVersionsResponse::default().with_finalized_features_epoch(3);
    assert_eq!(response(Api(18), 4, &told(&known, 4), &topics), Ok(Response::Plain { error: 0 }));
}

#[test]
fn sasl_tokens_are_not_kept() {
    let topics = TopicIds::default();
    let token = api::SaslAuthenticateRequest::default().with_auth_bytes(Bytes::from_static(b"\0user\0secret"));
    let read = request(&asked(&token, 2), &topics).unwrap();
    assert_eq!(read, Request::SaslAuthenticate);
    let handshake = api::SaslHandshakeRequest::default().with_mechanism(text("PLAIN"));
    assert_eq!(request(&asked(&handshake, 1), &topics), Ok(Request::SaslHandshake { mechanism: "PLAIN".into() }));
    let refused = api::SaslAuthenticateResponse::default().with_error_code(58);
    assert_eq!(response(Api(36), 2, &told(&refused, 2), &topics), Ok(Response::Plain { error: 58 }));
}

#[test]
fn a_topic_id_has_the_name_that_the_broker_told() {
    let topics = TopicIds::default();
    // OffsetCommit v10, which the decoder does not have: group, generation, member, no instance, one topic, one partition.
    let id = [7; 16];
    let front = [&[0, 8, 0, 10, 0, 0, 0, 7, 0, 2, b'm', b'e', 0][..], &[2, b'g', 0, 0, 0, 5, 2, b'm', 0, 2]].concat();
    let partition = [&[2, 0, 0, 0, 3][..], &42_i64.to_be_bytes(), &[0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0]].concat();
    let frame = Bytes::from([front, id.to_vec(), partition].concat());
    let committed = |topic: &str| Request::OffsetCommit {
        group: "g".into(),
        member: "m".into(),
        instance_id: None,
        generation: 5,
        offsets: vec![Position { topic: topic.into(), partition: 3, offset: 42 }],
    };
    assert_eq!(request(&frame, &topics), Ok(committed("id:BwcHBwcHBwcHBwcHBwcHBw")));

    use api::metadata_response::MetadataResponseTopic;
    let mut listed = MetadataResponseTopic::default().with_name(Some(TopicName(text("orders"))));
    listed.topic_id = "07".repeat(16).parse().unwrap();
    let answer = api::MetadataResponse::default().with_topics(vec![listed]);
    assert_eq!(response(Api::METADATA, 12, &told(&answer, 12), &topics), Ok(Response::Topics { topics: vec![("orders".into(), 0)] }));
    assert_eq!(request(&frame, &topics), Ok(committed("orders")));
}

#[test]
fn batches_are_told_by_their_headers() {
    let topics = TopicIds::default();
    let Ok(Request::Produce { acks: -1, transactional_id, batches, .. }) =
        request(&produce([batch(0, 4, 5, 0x12), batch(0, 0, 1, 4)].concat(), 9, -1), &topics)
    else {
        panic!("not read")
    };
    assert_eq!(transactional_id.as_deref(), Some("tx"));
    let told: Vec<_> = batches.iter().map(|batch| (batch.records, batch.compression, batch.transactional)).collect();
    assert_eq!(told, [(5, Compression::Snappy, true), (1, Compression::Zstd, false)]);
    let first = &batches[0];
    assert_eq!((&*first.topic, first.partition, first.bytes, first.crc, first.first_timestamp), ("t", 2, 65, 0xfeed, 123));
    assert_eq!((first.producer_id, first.producer_epoch, first.base_sequence), (9, 3, 40));

    let whole = batch(0, 0, 1, 0);
    for cut in [1, 11, 12, 60, 64] {
        assert_eq!(request(&produce(whole[..cut].to_vec(), 9, 1), &topics), Err(Unread::Damaged), "cut at {cut}");
    }
    // A length that is negative, one that is too short for a header, and a magic that does not exist.
    for (at, byte) in [(8, 0x80), (11, 48), (16, 3)] {
        let mut wrong = whole.clone();
        wrong[at] = byte;
        assert_eq!(request(&produce(wrong, 9, 1), &topics), Err(Unread::Damaged), "{byte} at {at}");
    }
}

#[test]
fn messages_of_before_kafka_0_11_are_counted() {
    let topics = TopicIds::default();
    let old = |magic: u8, len: u8| {
        let mut message = [&[0; 11][..], &[len, 1, 2, 3, 4, magic, 1], &[0; 7], &[9]].concat();
        message.resize(12 + usize::from(len), 0xff);
        message
    };
    let Ok(Request::Produce { batches, .. }) = request(&produce([old(0, 14), old(1, 22)].concat(), 8, 1), &topics) else {
        panic!("not read")
    };
    let told: Vec<_> = batches.iter().map(|batch| (batch.records, batch.compression, batch.producer_id, batch.first_timestamp)).collect();
    assert_eq!(told, [(1, Compression::Gzip, -1, -1), (1, Compression::Gzip, -1, 9)]);
}

#[test]
fn the_last_batch_of_a_fetch_may_be_cut() {
    use api::fetch_response::{FetchableTopicResponse, PartitionData};
    let topics = TopicIds::default();
    let fetched = |records: Vec<u8>| {
        let partition = PartitionData::default().with_partition_index(1).with_high_watermark(20).with_records(Some(records.into()));
        let topic = FetchableTopicResponse::default().with_topic(TopicName(text("t"))).with_partitions(vec![partition]);
        let answer = api::FetchResponse::default().with_session_id(3).with_responses(vec![topic]);
        match response(Api::FETCH, 11, &told(&answer, 11), &topics) {
            Ok(Response::Fetch { error: 0, session: 3, mut partitions }) if partitions.len() == 1 => partitions.remove(0),
            other => panic!("{other:?}"),
        }
    };
    let expected = |offsets, records| Fetched { topic: "t".into(), partition: 1, error: 0, high_watermark: 20, offsets, records };
    let two = [batch(10, 4, 5, 0), batch(15, 2, 3, 0)].concat();
    assert_eq!(fetched(two.clone()), expected(Some((10, 17)), 8));
    assert_eq!(fetched(two[..two.len() - 1].to_vec()), expected(Some((10, 14)), 5));
    assert_eq!(fetched(two[..5].to_vec()), expected(None, 0));
    // A transaction's marker takes an offset, but no program gets it.
    assert_eq!(fetched([batch(10, 0, 1, 0), batch(11, 0, 1, 0x30)].concat()), expected(Some((10, 11)), 1));
}

fn join(protocol_type: &str, metadata: Vec<u8>) -> Request {
    use api::join_group_request::JoinGroupRequestProtocol;
    let protocol = JoinGroupRequestProtocol::default().with_name(text("range")).with_metadata(metadata.into());
    let message = api::JoinGroupRequest::default()
        .with_group_id(GroupId(text("g")))
        .with_protocol_type(text(protocol_type))
        .with_protocols(vec![protocol]);
    request(&asked(&message, 7), &TopicIds::default()).unwrap()
}

#[test]
fn a_subscription_is_read_when_it_is_a_consumers() {
    use api::consumer_protocol_subscription::TopicPartition;
    let owned = TopicPartition::default().with_topic(TopicName(text("t"))).with_partitions(vec![1, 4]);
    let subscription = ConsumerProtocolSubscription::default().with_topics(vec![text("t"), text("u")]).with_owned_partitions(vec![owned]);
    let metadata = |version: i16, prefix: i16, after: &[u8]| {
        let mut bytes = BytesMut::from(&prefix.to_be_bytes()[..]);
        let message = if version == 0 { subscription.clone().with_owned_partitions(vec![]) } else { subscription.clone() };
        message.encode(&mut bytes, version).unwrap();
        bytes.extend_from_slice(after);
        bytes.to_vec()
    };
    let told = |joined: Request| match joined {
        Request::JoinGroup { assignors, .. } if assignors.len() == 1 && &*assignors[0].name == "range" => {
            (assignors[0].topics.len(), assignors[0].owned.iter().map(|place| place.partition).collect::<Vec<_>>())
        }
        other => panic!("{other:?}"),
    };
    for version in 0..=3 {
        let owned = if version == 0 { vec![] } else { vec![1, 4] };
        assert_eq!(told(join("consumer", metadata(version, version, &[]))), (2, owned), "v{version}");
    }
    assert_eq!(told(join("consumer", metadata(3, 9, b"newer"))), (2, vec![1, 4]), "a newer version only adds to it");
    for (why, kind, bytes) in [
        ("more than its version has", "consumer", metadata(3, 3, b"more")),
        ("a lie", "consumer", vec![0, 1, 0x7f, 0xff, 0xff, 0xff]),
        ("a negative version", "consumer", metadata(1, -1, &[])),
        ("nothing", "consumer", vec![]),
        ("not a consumer", "connect", metadata(1, 1, &[])),
    ] {
        assert_eq!(told(join(kind, bytes)), (0, vec![]), "{why}");
    }
}

#[test]
fn an_assignment_is_read_when_it_is_a_consumers() {
    use api::consumer_protocol_assignment::TopicPartition;
    use api::sync_group_request::SyncGroupRequestAssignment;
    let assigned = TopicPartition::default().with_topic(TopicName(text("t"))).with_partitions(vec![0, 2]);
    let mut bytes = BytesMut::from(&[0, 1][..]);
    ConsumerProtocolAssignment::default().with_assigned_partitions(vec![assigned]).encode(&mut bytes, 1).unwrap();
    let bytes = bytes.freeze();
    for (version, kind, expected) in [(3, None, 2), (5, Some("consumer"), 2), (5, Some("connect"), 0)] {
        let one = SyncGroupRequestAssignment::default().with_member_id(text("m")).with_assignment(bytes.clone());
        let message = api::SyncGroupRequest::default().with_protocol_type(kind.map(text)).with_assignments(vec![one]);
        let Ok(Request::SyncGroup { assignments, .. }) = request(&asked(&message, version), &TopicIds::default()) else {
            panic!("not read")
        };
        assert_eq!((&*assignments[0].0, assignments[0].1.len()), ("m", expected), "{kind:?}");
        let answer = api::SyncGroupResponse::default().with_protocol_type(kind.map(text)).with_assignment(bytes.clone());
        let Ok(Response::SyncGroup { assigned, .. }) = response(Api(14), version, &told(&answer, version), &TopicIds::default()) else {
            panic!("not read")
        };
        assert_eq!(assigned.len(), expected, "{kind:?}");
    }
}

#[test]
fn an_error_of_a_part_is_the_error_of_the_whole() {
    use api::leave_group_response::MemberResponse;
    let topics = TopicIds::default();
    let left = api::LeaveGroupResponse::default().with_members(vec![MemberResponse::default().with_error_code(25)]);
    assert_eq!(response(Api::LEAVE_GROUP, 5, &told(&left, 5), &topics), Ok(Response::Plain { error: 25 }));
    use api::find_coordinator_response::Coordinator;
    let found = api::FindCoordinatorResponse::default()
        .with_coordinators(vec![Coordinator::default().with_node_id((-1).into()).with_error_code(15)]);
    let read = response(Api(ApiKey::FindCoordinator as i16), 4, &told(&found, 4), &topics);
    assert_eq!(read, Ok(Response::FindCoordinator { error: 15, node: -1 }));
}
