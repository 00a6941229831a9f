//! The grader's Kafka client against a real broker, and against peers that are none.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use kgrade::timeline::event::{GroupSeen, MemberSeen};
use kgrade::timeline::payload::RecordBlock;
use kgrade::world::cluster::{self, CacheDir, Cluster, ClusterContext, ClusterSpec, Host, Runtime};
use kgrade::world::guard::Guard;
use kgrade::world::kafka::{Kafka, Outgoing, partitioner};
use kgrade::world::progress::Silent;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

/// The bootstrap server of a real broker, started by the first test that asks and shared by all. A member process is told its parent's.
fn broker() -> String {
    static BROKER: OnceLock<(Cluster, Guard)> = OnceLock::new();
    if let Ok(parents) = std::env::var("KGRADE_TEST_BOOTSTRAP") {
        return parents;
    }
    // A static is never dropped: the watchdog removes the broker when this process ends.
    let start = || {
        let guard = Guard::start(Path::new(env!("CARGO_BIN_EXE_kgrade"))).unwrap();
        let host = Host::from_env();
        let cache = CacheDir::of(&host);
        let context = ClusterContext { host, cache, guard: guard.clone(), progress: Arc::new(Silent) };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        (runtime.block_on(cluster::start(&Runtime::Jvm, &ClusterSpec::default(), &context)).unwrap(), guard)
    };
    // The tests run inside a runtime of their own, which cannot wait for another.
    let (cluster, _) = BROKER.get_or_init(|| std::thread::spawn(start).join().unwrap());
    cluster.bootstrap().to_owned()
}

fn kafka() -> Kafka {
    Kafka::connect(&broker()).unwrap()
}

/// A name that no other run uses.
fn unique(name: &str) -> String {
    format!("{name}-{:016x}", rand::random::<u64>())
}

async fn topic(kafka: &Kafka, partitions: i32) -> String {
    let topic = unique("kafka-test");
    kafka.create_topic(&topic, partitions).await.unwrap();
    topic
}

/// Polls until there is an answer; a minute is beyond every right answer.
async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(60) {
        if let Some(value) = look().await {
            return value;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("never seen: {what}")
}

fn keyed(key: &str, value: impl Into<Vec<u8>>) -> Outgoing {
    Outgoing { key: Some(key.into()), value: Some(value.into()), ..Outgoing::default() }
}

fn count(blocks: &[RecordBlock]) -> usize {
    blocks.iter().map(RecordBlock::len).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_created_and_described() {
    let kafka = kafka();
    kafka.ping().await.unwrap();
    let name = unique("kafka-test");
    assert_eq!(kafka.describe_topic(&name).await.unwrap(), None);
    assert_eq!(kafka.describe_topic(&name).await.unwrap(), None, "describing must not create");

    kafka.create_topic(&name, 6).await.unwrap();
    let seen = kafka.describe_topic(&name).await.unwrap().unwrap();
    assert_eq!(seen.iter().map(|one| one.partition).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    for one in &seen {
        assert!(one.leader >= 0 && one.replicas.contains(&one.leader) && one.isr.contains(&one.leader), "{one:?}");
    }

    let error = format!("{:#}", kafka.create_topic(&name, 6).await.unwrap_err());
    assert!(error.contains(&name) && error.contains("TOPIC_ALREADY_EXISTS (36)"), "{error}");
    let error = format!("{:#}", kafka.create_topic("not a topic", 1).await.unwrap_err());
    assert!(error.contains("INVALID_TOPIC_EXCEPTION (17)"), "{error}");
    assert!(kafka.create_topic(&unique("kafka-test"), 0).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn records_come_back_as_they_were_written() {
    let kafka = kafka();
    let topic = topic(&kafka, 6).await;
    let mut records: Vec<Outgoing> = (0..600).map(|nth| keyed(&format!("user-{}", nth % 24), format!("event {nth}"))).collect();
    let header = |name: &str, value: &[u8]| (name.to_owned(), value.to_vec());
    records.push(Outgoing {
        value: Some(b"odd".to_vec()),
        headers: vec![header("trace", b"a"), header("trace", b"b"), header("raw", &[0xff])],
        partition: Some(3),
        ..Outgoing::default()
    });
    records.push(Outgoing { key: Some(b"gone".to_vec()), partition: Some(3), ..Outgoing::default() });
    let placed = kafka.produce(&topic, records.clone()).await.unwrap();
    assert_eq!(placed.len(), records.len());

    let (blocks, ends) = kafka.read(&topic, &BTreeMap::new()).await.unwrap();
    assert_eq!(count(&blocks), records.len());
    let read: BTreeMap<(i32, i64), _> =
        blocks.iter().flat_map(RecordBlock::records).map(|record| ((record.partition, record.offset), record)).collect();
    let mut next: BTreeMap<i32, i64> = (0..6).map(|partition| (partition, 0)).collect();
    for (written, place) in records.iter().zip(&placed) {
        let record = &read[place];
        assert_eq!((record.key, record.value), (written.key.as_deref(), written.value.as_deref()));
        assert!(record.timestamp > 1_600_000_000_000);
        let expected = next.entry(place.0).or_default();
        assert_eq!(place.1, *expected, "the order within a partition");
        *expected += 1;
    }
    assert_eq!(ends, next);
    assert_eq!(read[&placed[600]].headers, r#"[["trace","a"],["trace","b"],["raw","�"]]"#.as_bytes());
    assert_eq!(read[&placed[0]].headers, b"");

    let placements: Vec<_> = records[..600].iter().zip(&placed).map(|(one, place)| (one.key.as_deref(), place.0)).collect();
    assert_eq!(partitioner::name_rule(&placements, 6), Some("murmur2 (Java, kafka-python, aiokafka)"));

    // Nothing new, then exactly what is new, then from the middle.
    assert_eq!(kafka.read(&topic, &ends).await.unwrap(), (Vec::new(), ends.clone()));
    let more = kafka.produce(&topic, vec![keyed("user-1", "late")]).await.unwrap();
    let (blocks, _) = kafka.read(&topic, &ends).await.unwrap();
    let late: Vec<_> = blocks.iter().flat_map(RecordBlock::records).map(|record| (record.partition, record.offset)).collect();
    assert_eq!(late, more);
    let from = ends.iter().map(|(partition, end)| (*partition, (*end - 2).max(0))).collect();
    let (blocks, _) = kafka.read(&topic, &from).await.unwrap();
    assert_eq!(count(&blocks), ends.values().map(|end| usize::try_from(*end.min(&2)).unwrap()).sum::<usize>() + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_or_partition_that_is_not_there_is_told() {
    let kafka = kafka();
    let missing = unique("kafka-test");
    assert_eq!(kafka.read(&missing, &BTreeMap::new()).await.unwrap(), (Vec::new(), BTreeMap::new()));
    let error = format!("{:#}", kafka.produce(&missing, vec![keyed("a", "b")]).await.unwrap_err());
    assert!(error.contains(&missing) && error.contains("there is no such topic"), "{error}");
    assert_eq!(kafka.describe_topic(&missing).await.unwrap(), None);
    let topic = topic(&kafka, 2).await;
    let wrong = Outgoing { partition: Some(2), ..keyed("a", "b") };
    let error = format!("{:#}", kafka.produce(&topic, vec![wrong]).await.unwrap_err());
    assert!(error.contains("there is no partition 2"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_client_rule_is_recognised() {
    let kafka = kafka();
    for (setting, name) in [
        ("consistent_random", Some("crc32 (librdkafka, confluent-kafka)")),
        ("murmur2_random", Some("murmur2 (Java, kafka-python, aiokafka)")),
        ("fnv1a_random", Some("fnv1a (Sarama)")),
        ("random", None),
    ] {
        let topic = topic(&kafka, 6).await;
        let target = topic.clone();
        tokio::task::spawn_blocking(move || {
            let producer: BaseProducer =
                ClientConfig::new().set("bootstrap.servers", broker()).set("partitioner", setting).create().unwrap();
            for nth in 0..200 {
                let key = format!("user-{}", nth % 40);
                producer.send(BaseRecord::to(&target).key(&key).payload("v")).map_err(|(error, _)| error).unwrap();
            }
            producer.flush(Duration::from_secs(60)).unwrap();
        })
        .await
        .unwrap();
        let (blocks, _) = kafka.read(&topic, &BTreeMap::new()).await.unwrap();
        let placements: Vec<_> = blocks.iter().flat_map(RecordBlock::records).map(|record| (record.key, record.partition)).collect();
        assert_eq!(placements.len(), 200);
        assert_eq!(partitioner::name_rule(&placements, 6), name, "{setting}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn aborted_records_are_read_and_control_records_passed() {
    let kafka = kafka();
    let topic = topic(&kafka, 1).await;
    let (name, id) = (topic.clone(), unique("kafka-test"));
    tokio::task::spawn_blocking(move || {
        let patience = Duration::from_secs(60);
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", broker()).set("transactional.id", id).set("compression.type", "zstd");
        let producer: BaseProducer = config.create().unwrap();
        producer.init_transactions(patience).unwrap();
        for (value, commit) in [("kept", true), ("aborted", false)] {
            producer.begin_transaction().unwrap();
            producer.send(BaseRecord::<str, str>::to(&name).payload(value)).map_err(|(error, _)| error).unwrap();
            producer.flush(patience).unwrap();
            if commit { producer.commit_transaction(patience) } else { producer.abort_transaction(patience) }.unwrap();
        }
    })
    .await
    .unwrap();
    // The coordinator writes the last marker after it has answered.
    let (blocks, ends) = eventually("the abort's marker", || async {
        let seen = kafka.read(&topic, &BTreeMap::new()).await.unwrap();
        (seen.1 == [(0, 4)].into()).then_some(seen)
    })
    .await;
    let values: Vec<_> =
        blocks.iter().flat_map(RecordBlock::records).map(|record| (record.offset, record.value.unwrap().to_vec())).collect();
    assert_eq!(values, [(0, b"kept".to_vec()), (2, b"aborted".to_vec())]);
    assert_eq!(ends, [(0, 4)].into());
    assert_eq!(kafka.read(&topic, &[(0, 3)].into()).await.unwrap(), (Vec::new(), [(0, 4)].into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_topic_is_read_in_pieces() {
    let kafka = kafka();
    let topic = topic(&kafka, 2).await;
    let name = topic.clone();
    tokio::task::spawn_blocking(move || {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", broker()).set("compression.type", "lz4").set("linger.ms", "20");
        let producer: BaseProducer = config.create().unwrap();
        let value = vec![b'.'; 64 * 1024];
        for nth in 0..1200 {
            producer.send(BaseRecord::<str, [u8]>::to(&name).partition(nth % 2).payload(&value)).map_err(|(error, _)| error).unwrap();
        }
        producer.flush(Duration::from_secs(60)).unwrap();
    })
    .await
    .unwrap();

    let mut from = BTreeMap::new();
    let mut calls = 0;
    let mut seen: BTreeSet<(i32, i64)> = BTreeSet::new();
    while seen.len() < 1200 {
        let (blocks, ends) = kafka.read(&topic, &from).await.unwrap();
        let size: usize = blocks.iter().map(RecordBlock::size).sum();
        assert!(size > 0 && size <= 64 * 1024 * 1024 + 64 * 1024, "{size}");
        for record in blocks.iter().flat_map(RecordBlock::records) {
            assert!(seen.insert((record.partition, record.offset)), "read twice");
        }
        from = ends;
        calls += 1;
    }
    assert!(calls >= 2);
    assert_eq!(from, [(0, 600), (1, 600)].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_read_side_by_side() {
    let kafka = kafka();
    let mut tasks = tokio::task::JoinSet::new();
    for nth in 0..6_u32 {
        let kafka = kafka.clone();
        tasks.spawn(async move {
            let topic = topic(&kafka, 3).await;
            let mut ends = BTreeMap::new();
            for round in 0..5 {
                let value = format!("{nth} {round}");
                kafka.produce(&topic, (0..10).map(|key| keyed(&key.to_string(), value.clone())).collect()).await.unwrap();
                let (blocks, now) = kafka.read(&topic, &ends).await.unwrap();
                assert_eq!(count(&blocks), 10);
                assert!(blocks.iter().flat_map(RecordBlock::records).all(|record| record.value == Some(value.as_bytes())));
                ends = now;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn offsets_of_a_group_without_members_are_set_and_read() {
    let kafka = kafka();
    let topic = topic(&kafka, 3).await;
    let group = unique("kafka-test");
    assert_eq!(kafka.committed(&group, &topic).await.unwrap(), BTreeMap::new());
    assert_eq!(kafka.describe_group(&group).await.unwrap(), None);
    kafka.evict(&group, "nobody").await.unwrap();

    let offsets = BTreeMap::from([(0, 0), (2, 17)]);
    kafka.reset_offsets(&group, &topic, &offsets).await.unwrap();
    assert_eq!(kafka.committed(&group, &topic).await.unwrap(), offsets);
    assert_eq!(kafka.committed(&group, "another-topic").await.unwrap(), BTreeMap::new());
    kafka.reset_offsets(&group, &topic, &[(2, 4)].into()).await.unwrap();
    assert_eq!(kafka.committed(&group, &topic).await.unwrap(), [(0, 0), (2, 4)].into());
    let seen = kafka.describe_group(&group).await.unwrap().unwrap();
    assert_eq!((seen.state.as_str(), seen.members.len()), ("Empty", 0));

    let error = format!("{:#}", kafka.reset_offsets(&group, &topic, &[(9, 1)].into()).await.unwrap_err());
    assert!(error.contains(&group) && error.contains("UNKNOWN_TOPIC_OR_PARTITION (3)"), "{error}");
}

/// Not a test: a member of a group, run as a process of its own that can be killed. Commits what it reads.
#[test]
#[ignore = "started by other tests"]
fn member() {
    let variable = |name| std::env::var(name).unwrap();
    let (topic, protocol) = (variable("TOPIC"), variable("PROTOCOL"));
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", broker())
        .set("group.id", variable("GROUP"))
        .set("client.id", "a-learner")
        .set("group.protocol", &protocol)
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "earliest");
    if protocol == "classic" {
        // Far beyond the test's patience: only an eviction frees the partitions.
        config.set("session.timeout.ms", "300000");
    }
    let consumer: BaseConsumer = config.create().unwrap();
    consumer.subscribe(&[&topic]).unwrap();
    let parent = std::thread::spawn(|| std::io::stdin().read(&mut [0]));
    while !parent.is_finished() {
        if let Some(message) = consumer.poll(Duration::from_millis(50)) {
            consumer.commit_message(&message.unwrap(), CommitMode::Sync).unwrap();
        }
    }
}

/// A process that goes with the test.
struct Member(Child);

impl Member {
    fn start(topic: &str, group: &str, protocol: &str) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "member", "--ignored"])
            .envs([("TOPIC", topic), ("GROUP", group), ("PROTOCOL", protocol), ("KGRADE_TEST_BOOTSTRAP", &broker())])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits for a member that is none of `others` and has all four partitions.
async fn stable(kafka: &Kafka, group: &str, others: &BTreeSet<String>, topic: &str) -> (GroupSeen, MemberSeen) {
    let assigned = BTreeMap::from([(topic.to_owned(), vec![0, 1, 2, 3])]);
    eventually("a stable group whose new member has all partitions", || async {
        let seen = kafka.describe_group(group).await.unwrap()?;
        let member = seen.members.iter().find(|one| !others.contains(&one.member) && one.assigned == assigned)?.clone();
        (seen.state == "Stable").then_some((seen, member))
    })
    .await
}

async fn a_killed_member_is_evicted(protocol: &str) {
    let kafka = kafka();
    let topic = topic(&kafka, 4).await;
    let group = unique("kafka-test");
    let everywhere = (0..4).map(|partition| Outgoing { partition: Some(partition), ..keyed("k", "v") }).collect();
    kafka.produce(&topic, everywhere).await.unwrap();
    let all: BTreeMap<i32, i64> = (0..4).map(|partition| (partition, 1)).collect();

    let first = Member::start(&topic, &group, protocol);
    let (seen, dead) = stable(&kafka, &group, &BTreeSet::new(), &topic).await;
    assert_eq!((seen.protocol.as_str(), seen.members.len(), dead.client.as_str()), (protocol, 1, "a-learner"));
    eventually("all commits", || async { (kafka.committed(&group, &topic).await.unwrap() == all).then_some(()) }).await;
    let error = format!("{:#}", kafka.reset_offsets(&group, &topic, &[(0, 0)].into()).await.unwrap_err());
    assert!(error.contains("UNKNOWN_MEMBER_ID (25)"), "{error}");

    drop(first);
    let seen = kafka.describe_group(&group).await.unwrap().unwrap();
    assert!(seen.members.iter().any(|one| one.member == dead.member), "a killed member stays: {seen:?}");
    kafka.evict(&group, &dead.member).await.unwrap();
    let seen = kafka.describe_group(&group).await.unwrap().unwrap();
    assert_eq!((seen.state.as_str(), seen.members.len(), seen.protocol.as_str()), ("Empty", 0, protocol));
    kafka.evict(&group, &dead.member).await.unwrap();

    kafka.reset_offsets(&group, &topic, &[(0, 0)].into()).await.unwrap();
    let _second = Member::start(&topic, &group, protocol);
    stable(&kafka, &group, &BTreeSet::from([dead.member]), &topic).await;
    eventually("the second member's commit", || async { (kafka.committed(&group, &topic).await.unwrap() == all).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_classic_member_is_evicted() {
    a_killed_member_is_evicted("classic").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_member_of_the_consumer_protocol_is_evicted() {
    a_killed_member_is_evicted("consumer").await;
}

/// Answers the requests of every connection with what `answer` makes of their number and correlation id.
fn peer(answer: impl Fn(usize, [u8; 4]) -> Vec<u8> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, answer) = (stream.unwrap(), Arc::clone(&answer));
            std::thread::spawn(move || -> std::io::Result<()> {
                for nth in 0.. {
                    let mut head = [0; 12];
                    stream.read_exact(&mut head)?;
                    let rest = u32::from_be_bytes(head[..4].try_into().unwrap()) as usize - 8;
                    stream.read_exact(&mut vec![0; rest])?;
                    stream.write_all(&answer(nth, head[8..].try_into().unwrap()))?;
                }
                Ok(())
            });
        }
    });
    address
}

fn frame(id: [u8; 4], body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(4 + body.len()).unwrap().to_be_bytes();
    [&len[..], &id, body].concat()
}

/// A peer that knows Metadata up to version 12 and nothing else, and answers it with `body`.
fn metadata_peer(body: &'static [u8]) -> Kafka {
    let versions = [0, 0, 0, 0, 0, 1, 0, 3, 0, 0, 0, 12];
    Kafka::connect(&peer(move |nth, id| frame(id, if nth == 0 { &versions } else { body }))).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_is_no_good_broker_is_an_error() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let error = format!("{:#}", Kafka::connect(&closed).unwrap().ping().await.unwrap_err());
    assert!(error.contains(&closed), "{error}");
    let http = peer(|_, _| b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec());
    let error = format!("{:#}", Kafka::connect(&http).unwrap().ping().await.unwrap_err());
    assert!(error.contains("impossible length"), "{error}");

    for (body, expected) in [
        // The header's tags, the throttle time, then 2,147,483,647 brokers.
        (&[0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x07][..], "it claims"),
        (&[0, 0, 0, 0, 0], "it claims 1 more bytes and has 0"),
        (&[0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 9], "left over"),
        (&[0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0], "leaves the topic out"),
    ] {
        let error = format!("{:#}", metadata_peer(body).describe_topic("some-topic").await.unwrap_err());
        assert!(error.contains("some-topic") && error.contains(expected), "{expected}: {error}");
    }
    let error = format!("{:#}", metadata_peer(&[]).create_topic("some-topic", 1).await.unwrap_err());
    assert!(error.contains("no CreateTopics"), "{error}");
    let confused = Kafka::connect(&peer(|_, _| frame([9; 4], &[0; 20]))).unwrap();
    let error = format!("{:#}", confused.ping().await.unwrap_err());
    assert!(error.contains("belongs to request"), "{error}");
}

/// Passes bytes on to the broker; gives the accepted connections, so that they can be cut.
fn relay() -> (String, Arc<Mutex<Vec<TcpStream>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let accepted: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
    let kept = Arc::clone(&accepted);
    std::thread::spawn(move || {
        for near in listener.incoming() {
            let near = near.unwrap();
            let far = TcpStream::connect(broker()).unwrap();
            kept.lock().unwrap().push(near.try_clone().unwrap());
            for (mut from, mut to) in [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)] {
                std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            }
        }
    });
    (address, accepted)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_broke_is_made_again() {
    let (address, accepted) = relay();
    let kafka = Kafka::connect(&address).unwrap();
    for expected in 1..4 {
        for _ in 0..3 {
            assert_eq!(kafka.describe_topic("kafka-test-nowhere").await.unwrap(), None);
        }
        let accepted = accepted.lock().unwrap();
        assert_eq!(accepted.len(), expected, "one connection is kept and used again");
        accepted[expected - 1].shutdown(Shutdown::Both).unwrap();
    }
}
