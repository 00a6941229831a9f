//! Several brokers for real: clients find them through the tap, and one of them is killed, stopped, isolated and started again.

// What clippy allows inside test functions, for the functions that they share.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use kgrade::timeline::event::Name;
use kgrade::timeline::wire::{Api, Side};
use kgrade::timeline::{Recorder, What};
use kgrade::world::cluster::{self, CacheDir, Cluster, ClusterContext, ClusterSpec, Health, Host, Runtime};
use kgrade::world::guard::Guard;
use kgrade::world::kafka::{Kafka, Outgoing, TopicOptions};
use kgrade::world::progress::Silent;
use kgrade::world::tap::{Node, Seat, Tap};
use rdkafka::config::ClientConfig;
use rdkafka::producer::{FutureProducer, FutureRecord};

/// Longer than anything takes on a loaded machine; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(120);

struct World {
    recorder: Recorder,
    tap: Tap,
    cluster: Cluster,
    kafka: Kafka,
}

async fn world(brokers: u32) -> World {
    let guard = Guard::start(Path::new(env!("CARGO_BIN_EXE_kgrade"))).unwrap();
    let host = Host::from_env();
    let context = ClusterContext { cache: CacheDir::of(&host), host, guard, progress: Arc::new(Silent) };
    let recorder = Recorder::default();
    let tap = Tap::advertised(recorder.clone(), 2, usize::try_from(brokers).unwrap()).unwrap();
    let spec = ClusterSpec { brokers, seats: tap.ports(), ..ClusterSpec::default() };
    let cluster = cluster::start(&Runtime::Jvm, &spec, &context).await.unwrap();
    let node = |listener: &cluster::Listener| Node { id: listener.node, address: listener.address.clone() };
    tap.attach(cluster.learners().iter().map(|seat| seat.iter().map(node).collect()).collect());
    let kafka = Kafka::connect(cluster.admin()).unwrap();
    World { recorder, tap, cluster, kafka }
}

impl World {
    async fn seat(&self, name: &str) -> Seat {
        self.tap.seat(&Name::from(name)).await.unwrap()
    }

    /// The nodes that an instance has connected to, by what the tap saw.
    fn nodes_of(&self, wanted: &str) -> BTreeSet<i32> {
        let timeline = self.recorder.timeline();
        let nodes = timeline.events().iter().filter_map(|event| match &event.what {
            What::Connected { instance, node, .. } if **instance == *wanted => Some(*node),
            _ => None,
        });
        nodes.collect()
    }

    /// The brokers that records of an instance went to since then, by what the tap saw.
    fn produced_to(&self, wanted: &str, since: u64) -> BTreeSet<i32> {
        let timeline = self.recorder.timeline();
        let sent = timeline.exchanges(wanted).filter(|exchange| exchange.at >= since && exchange.api == Api::PRODUCE);
        sent.map(|exchange| exchange.connection.node).collect()
    }

    /// The in-sync replicas of each partition.
    async fn in_sync(&self, topic: &str) -> Vec<BTreeSet<i32>> {
        let seen = self.kafka.describe_topic(topic).await.unwrap().unwrap();
        seen.into_iter().map(|partition| partition.isr.into_iter().collect()).collect()
    }

    async fn until_in_sync(&self, topic: &str, wanted: &[i32]) {
        let wanted: BTreeSet<i32> = wanted.iter().copied().collect();
        let begun = Instant::now();
        loop {
            let seen = self.in_sync(topic).await;
            if seen.iter().all(|isr| *isr == wanted) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "in sync are {seen:?}, not {wanted:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn producer(seat: &Seat) -> FutureProducer {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", seat.bootstrap()).set("acks", "all").set("enable.idempotence", "true");
    config.create().unwrap()
}

async fn send(producer: &FutureProducer, topic: &str, partition: i32, text: &str) {
    let record = FutureRecord::<str, str>::to(topic).partition(partition).payload(text);
    producer.send(record, PATIENCE).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_follow_the_leaders_of_three_brokers_through_the_tap() {
    let world = world(3).await;
    assert_eq!(world.cluster.pids().into_keys().collect::<Vec<_>>(), [1, 2, 3]);
    world.kafka.create_topic_with("t", 3, &TopicOptions { replication: Some(3), ..TopicOptions::default() }).await.unwrap();
    let leaders: BTreeSet<i32> = world.kafka.describe_topic("t").await.unwrap().unwrap().iter().map(|seen| seen.leader).collect();
    assert_eq!(leaders, [1, 2, 3].into(), "each leads one");
    world.until_in_sync("t", &[1, 2, 3]).await;
    for topic in ["__consumer_offsets", "__transaction_state"] {
        assert_eq!(world.in_sync(topic).await, [BTreeSet::from([1, 2, 3])], "{topic}");
    }

    let seat = world.seat("c/app").await;
    let app = producer(&seat);
    for partition in 0..3 {
        send(&app, "t", partition, "before").await;
    }
    assert_eq!(world.nodes_of("c/app"), [1, 2, 3].into(), "all its connections are seen, each with its broker");

    // A leader dies, and all goes on elsewhere.
    let victim = world.kafka.leader("t", 0).await.unwrap();
    let since = world.recorder.now();
    world.cluster.kill_broker(victim, true).await.unwrap();
    assert_eq!(world.cluster.health(), Health::Running, "who was killed on purpose has not died");
    assert!(!world.cluster.pids().contains_key(&victim));
    for partition in 0..3 {
        send(&app, "t", partition, "meanwhile").await;
    }
    let next = world.kafka.leader("t", 0).await.unwrap();
    assert_ne!(next, victim);
    let survivors: Vec<i32> = survivors_of(victim).collect();
    assert_eq!(world.produced_to("c/app", since), survivors.iter().copied().collect(), "the client followed the leaders through the tap");
    world.until_in_sync("t", &survivors).await;
    world.kafka.produce("t", vec![Outgoing { value: Some(b"of the grader".to_vec()), ..Outgoing::default() }]).await.unwrap();

    // It comes back, catches up, and the client comes to it again.
    world.cluster.restart_broker(victim).await.unwrap();
    world.until_in_sync("t", &[1, 2, 3]).await;

    // The others stop in order, one after the other.
    for node in survivors {
        world.cluster.stop_broker(node).await.unwrap();
        for partition in 0..3 {
            send(&app, "t", partition, "while another is down").await;
        }
        world.cluster.restart_broker(node).await.unwrap();
        world.until_in_sync("t", &[1, 2, 3]).await;
    }
    let (blocks, _) = world.kafka.read("t", &BTreeMap::new()).await.unwrap();
    let records: usize = blocks.iter().map(|block| block.records().count()).sum();
    assert_eq!(records, 3 + 3 + 1 + 6, "nothing is lost and nothing is there twice");

    // Nobody reaches the leader: it stays the leader, and the client comes back when it may.
    let leader = world.kafka.leader("t", 0).await.unwrap();
    let since = world.recorder.now();
    world.tap.isolate(leader);
    let waiting = send(&app, "t", 0, "to an isolated broker");
    tokio::pin!(waiting);
    let cut = || {
        let timeline = world.recorder.timeline();
        let by_tap =
            |what: &What| matches!(what, What::Disconnected { by: Side::Tap, reason: Some(why), .. } if why.contains("is isolated"));
        timeline.events().iter().filter(|event| event.at >= since && by_tap(&event.what)).count()
    };
    let mut changes = world.recorder.changes();
    while cut() < 3 {
        tokio::select! {
            () = &mut waiting => panic!("an isolated broker took a record"),
            _ = changes.changed() => {}
        }
    }
    assert_eq!(world.kafka.leader("t", 0).await.unwrap(), leader);
    assert_eq!(world.in_sync("t").await, vec![BTreeSet::from([1, 2, 3]); 3]);
    world.tap.rejoin(leader);
    waiting.await;

    // The controller dies, and another is elected.
    let controller = world.kafka.controller().await.unwrap();
    world.cluster.kill_broker(controller, true).await.unwrap();
    assert_ne!(world.kafka.controller().await.unwrap(), controller);
    assert_ne!(world.kafka.coordinator("g").await.unwrap(), controller);
    // Whatever is broken is mended; also when nobody is left who could be told of a death.
    for node in survivors_of(controller) {
        world.cluster.kill_broker(node, true).await.unwrap();
    }
    assert!(!world.cluster.should_answer() && world.cluster.health() == Health::Running);
    assert_eq!(world.cluster.mend().await.unwrap(), [1, 2, 3]);
    world.until_in_sync("t", &[1, 2, 3]).await;
    send(&app, "t", 0, "after all").await;
    assert_eq!(world.cluster.mend().await.unwrap(), [0; 0]);

    // One that dies by itself is another matter.
    kill(world.cluster.pids()[&2]);
    until("its death is noticed", || world.cluster.health() != Health::Running);
    assert!(matches!(world.cluster.health(), Health::Died { node: 2, .. }));
    world.cluster.stop().await;
}

fn survivors_of(dead: i32) -> impl Iterator<Item = i32> {
    (1..=3).filter(move |node| *node != dead)
}

/// The only broker is killed and started again: nobody else could tell the controller, and its session would last two minutes.
#[tokio::test(flavor = "multi_thread")]
async fn the_only_broker_comes_back_with_its_topics() {
    let world = world(1).await;
    world.kafka.create_topic("t", 1).await.unwrap();
    let record = || vec![Outgoing { value: Some(b"kept".to_vec()), ..Outgoing::default() }];
    world.kafka.produce("t", record()).await.unwrap();
    let first = world.cluster.pids()[&1];
    for fence in [true, false] {
        world.cluster.kill_broker(1, fence).await.unwrap();
        assert!(!world.cluster.should_answer() && world.cluster.pids().is_empty());
        world.cluster.restart_broker(1).await.unwrap();
    }
    world.cluster.pause_broker(1, true).await.unwrap();
    assert!(!world.cluster.should_answer());
    world.kafka.ping().await.unwrap_err();
    world.cluster.pause_broker(1, false).await.unwrap();
    world.kafka.produce("t", record()).await.unwrap();
    let (blocks, _) = world.kafka.read("t", &BTreeMap::new()).await.unwrap();
    assert_eq!(blocks.iter().map(|block| block.records().count()).sum::<usize>(), 2);
    assert_ne!(world.cluster.pids()[&1], first);
    let error = world.cluster.stop_broker(2).await.unwrap_err().to_string();
    assert_eq!(error, "find broker 2: the cluster has 1; name one of these");
}

#[test]
fn nothing_of_three_brokers_is_left_when_kgrade_is_killed() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_is_killed", "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let brokers: Vec<u32> = lines.filter_map(|line| line.split_once("broker=")?.1.parse().ok()).take(3).collect();
    let folders: Vec<_> = brokers.iter().map(|pid| std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap()).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    for (pid, folder) in brokers.into_iter().zip(folders) {
        until("the broker is gone", || !is_alive(pid));
        until("its folder is gone", || !folder.exists() && !folder.parent().unwrap().exists());
    }
}

/// Not a test: the process of [`nothing_of_three_brokers_is_left_when_kgrade_is_killed`]. One broker is in its second life.
#[test]
#[ignore = "runs inside another test"]
fn child_that_is_killed() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let world = world(3).await;
        world.cluster.kill_broker(3, true).await.unwrap();
        world.cluster.restart_broker(3).await.unwrap();
        for pid in world.cluster.pids().values() {
            println!("broker={pid}");
        }
        std::future::pending::<()>().await;
    });
}

/// The actions in a lab: checks that break brokers run alone, and the next one finds all of them in order.
#[test]
fn a_lab_breaks_brokers_and_grades_a_program() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.json");
    let output = Command::new(env!("CARGO_BIN_EXE_kgrade"))
        .args(["lab-02", "--jobs", "5", "--checks"])
        .arg(root.join("tests/brokers/checks"))
        .arg("--submission")
        .arg(root.join("fixtures/lab-02/solution"))
        .arg("--report")
        .arg(format!("json={}", report.display()))
        .env_remove("KAFKA_BOOTSTRAP_SERVERS")
        .output()
        .unwrap();
    let text = std::fs::read_to_string(&report).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let outcome: serde_json::Value = serde_json::from_str(&text).unwrap();
    let told: Vec<_> =
        outcome["checks"].as_array().unwrap().iter().map(|check| (&check["id"], &check["verdict"], &check["message"])).collect();
    assert!(told.iter().all(|(_, verdict, _)| *verdict == "passed"), "{told:#?}");
    assert_eq!(told.len(), 3);
}

fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

/// Whether a process of that id runs. A zombie does not.
fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
