//! Three brokers for real: clients find them through the tap, and one of them is killed, stopped, paused and started again.

// What clippy allows inside test functions, for the functions that they share.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kgrade::timeline::event::Name;
use kgrade::timeline::{Recorder, What};
use kgrade::world::cluster::{self, CacheDir, Cluster, ClusterContext, ClusterSpec, Health, Host, Runtime};
use kgrade::world::guard::Guard;
use kgrade::world::kafka::{Kafka, Outgoing};
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
    let begun = Instant::now();
    let cluster = cluster::start(&Runtime::Jvm, &spec, &context).await.unwrap();
    eprintln!("{brokers} brokers were ready after {:.2} s, {} MiB", begun.elapsed().as_secs_f64(), cluster.resident_bytes().unwrap() >> 20);
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
    world.kafka.create_replicated_topic("t", 3, Some(3)).await.unwrap();
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
    let begun = Instant::now();
    world.cluster.kill_broker(victim, true).await.unwrap();
    eprintln!("killed and fenced after {:.2} s", begun.elapsed().as_secs_f64());
    assert_eq!(world.cluster.health(), Health::Running, "who was killed on purpose has not died");
    assert!(!world.cluster.pids().contains_key(&victim));
    for partition in 0..3 {
        send(&app, "t", partition, "meanwhile").await;
    }
    eprintln!("produced again after {:.2} s", begun.elapsed().as_secs_f64());
    let next = world.kafka.leader("t", 0).await.unwrap();
    assert_ne!(next, victim);
    let survivors: Vec<i32> = (1..=3).filter(|node| *node != victim).collect();
    world.until_in_sync("t", &survivors).await;
    world.kafka.produce("t", vec![Outgoing { value: Some(b"of the grader".to_vec()), ..Outgoing::default() }]).await.unwrap();

    // It comes back, catches up, and the client comes to it again.
    let begun = Instant::now();
    world.cluster.restart_broker(victim).await.unwrap();
    eprintln!("back after {:.2} s", begun.elapsed().as_secs_f64());
    world.until_in_sync("t", &[1, 2, 3]).await;
    eprintln!("in sync after {:.2} s", begun.elapsed().as_secs_f64());

    // The others stop in order, one after the other.
    for node in survivors {
        let begun = Instant::now();
        world.cluster.stop_broker(node).await.unwrap();
        eprintln!("stopped after {:.2} s", begun.elapsed().as_secs_f64());
        for partition in 0..3 {
            send(&app, "t", partition, "while another is down").await;
        }
        world.cluster.restart_broker(node).await.unwrap();
        world.until_in_sync("t", &[1, 2, 3]).await;
    }
    let (blocks, _) = world.kafka.read("t", &BTreeMap::new()).await.unwrap();
    let records: usize = blocks.iter().map(|block| block.records().count()).sum();
    assert_eq!(records, 3 + 3 + 1 + 6, "nothing is lost and nothing is there twice");

    // The controller dies, and another is elected.
    let controller = world.kafka.controller().await.unwrap();
    let begun = Instant::now();
    world.cluster.kill_broker(controller, true).await.unwrap();
    eprintln!("controller killed and fenced after {:.2} s", begun.elapsed().as_secs_f64());
    assert_ne!(world.kafka.controller().await.unwrap(), controller);
    let coordinator = world.kafka.coordinator("g").await.unwrap();
    assert_ne!(coordinator, controller);
    assert_eq!(world.cluster.mend().await.unwrap(), [controller]);
    world.until_in_sync("t", &[1, 2, 3]).await;
    assert_eq!(world.cluster.mend().await.unwrap(), [0; 0]);
    world.cluster.stop().await;
}
