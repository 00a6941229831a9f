//! What the tap costs a client: librdkafka against a real Kafka, directly, through the tap, and through a proxy that only copies, in turns.
//!
//! `cargo bench --bench tap` makes five rounds of each; `cargo bench --bench tap -- 9` nine. All ways lead to the same broker, through a
//! listener of their own with the same settings. Numbers are worth reading only on a machine that does nothing else.
//!
//! The bare proxy tells what any proxy costs on this machine: what the tap adds by reading what it forwards is the difference to it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a program for people, not for learners")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kgrade::timeline::Recorder;
use kgrade::world::cluster::{self, CacheDir, Cluster, ClusterContext, ClusterSpec, Host, Runtime};
use kgrade::world::guard::Guard;
use kgrade::world::progress::Silent;
use kgrade::world::tap::{Node, Tap};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, FutureProducer, FutureRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};

/// Sizes of records in bytes, each with how many make a round.
const LOADS: [(usize, usize); 2] = [(1 << 10, 250_000), (100 << 10, 6_000)];
const PARTITIONS: i32 = 3;

/// Round trips in a round of the latency.
const TRIPS: usize = 1_000;

/// What the tap may take: at least so much of the direct throughput, so many milliseconds more at the median, and one core.
const THROUGHPUT: f64 = 0.95;
const LATENCY: f64 = 0.2;

fn main() {
    // `cargo test` starts benches too; only `cargo bench` means it.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let rounds = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(5_usize).max(1);
    let bench = Bench::start();
    println!("librdkafka {} with Apache Kafka {}, {rounds} rounds, medians", rdkafka::util::get_rdkafka_version().1, bench.version());
    println!("{:<24}{:>14}{:>21}{:>21}{:>16}", "", "direct", "bare proxy", "through tap", "tap's CPU");
    for (size, count) in LOADS {
        let name = format!("{} KiB", size >> 10);
        let produced = bench.compare(rounds, |servers| bench.with_topic(|topic| produce(servers, topic, size, count)));
        throughput(&format!("produce {name} records"), size * count, &produced);
        let consumed = bench.with_topic(|topic| {
            produce(&bench.direct, topic, size, count);
            bench.compare(rounds, |servers| consume(servers, topic, count))
        });
        throughput(&format!("consume {name} records"), size * count, &consumed);
    }
    let trips = bench.with_topic(|topic| bench.compare(rounds, |servers| bench.runtime.block_on(ping_pong(servers, topic))));
    latency(&trips);
}

/// Seconds of each round on each way, and the CPU seconds of the tap.
struct Compared {
    direct: Vec<f64>,
    bare: Vec<f64>,
    tapped: Vec<f64>,
    cpu: Vec<f64>,
}

fn throughput(what: &str, bytes: usize, compared: &Compared) {
    let rate = |seconds: f64| bytes as f64 / seconds / 1e6;
    let (direct, bare, tapped) = (median(&compared.direct), median(&compared.bare), median(&compared.tapped));
    let (ratio, core) = (direct / tapped, median(&compared.cpu) / tapped);
    let percent = |way: f64| 100.0 * direct / way;
    let verdict = if ratio >= THROUGHPUT && core <= 1.0 { "" } else { "  over" };
    println!(
        "{what:<24}{:>9.0} MB/s{:>9.0} MB/s{:>6.0}%{:>9.0} MB/s{:>6.0}%{core:>10.2} cores{verdict}",
        rate(direct),
        rate(bare),
        percent(bare),
        rate(tapped),
        percent(tapped)
    );
}

fn latency(compared: &Compared) {
    let [direct, bare, tapped] = [&compared.direct, &compared.bare, &compared.tapped].map(|way| median(way) * 1e3);
    let verdict = if tapped - direct < LATENCY { "" } else { "  over" };
    let cpu = median(&compared.cpu) / TRIPS as f64 * 1e6;
    let what = "round trip, acks=1";
    println!(
        "{what:<24}{direct:>11.3} ms{bare:>11.3} ms{:>+7.3}{tapped:>11.3} ms{:>+7.3}{cpu:>10.0} µs each{verdict}",
        bare - direct,
        tapped - direct
    );
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// A broker, the tap before one of its listeners, and a bare proxy before another.
struct Bench {
    direct: String,
    bare: String,
    tapped: String,
    admin: AdminClient<DefaultClientContext>,
    runtime: tokio::runtime::Runtime,
    cluster: Option<Cluster>,
    _held: (Tap, kgrade::world::tap::Seat, Guard),
}

/// The threads that the tap runs on.
const THREADS: &str = "the-tap";

impl Bench {
    fn start() -> Self {
        let guard = Guard::start(Path::new(env!("CARGO_BIN_EXE_kgrade"))).unwrap();
        let host = Host::from_env();
        let cache = CacheDir::of(&host);
        let context = ClusterContext { host, cache, guard: guard.clone(), progress: Arc::new(Silent) };
        let runtime = tokio::runtime::Builder::new_multi_thread().thread_name(THREADS).enable_all().build().unwrap();
        let proxy = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let bare = proxy.local_addr().unwrap();
        let (tap, seat, cluster) = runtime.block_on(async {
            let tap = Tap::advertised(Recorder::default(), 1, 1).unwrap();
            // As many threads for each listener.
            let settings = [("num.network.threads".to_owned(), "1".to_owned())].into_iter().collect();
            // The first seat tells its own port: the direct way.
            let direct = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
            let seats = [vec![direct]].into_iter().chain(tap.ports()).chain([vec![bare.port()]]).collect();
            let spec = ClusterSpec { seats, settings, learner_port: Some(direct), ..ClusterSpec::default() };
            let cluster = cluster::start(&Runtime::Jvm, &spec, &context).await.unwrap();
            let node = |listener: &cluster::Listener| Node { id: listener.node, address: listener.address.clone() };
            tap.attach(cluster.learners().iter().skip(1).take(1).map(|brokers| brokers.iter().map(node).collect()).collect());
            (tap.clone(), tap.seat(&"bench/client".into()).await.unwrap(), cluster)
        });
        let behind = cluster.learners()[2][0].address.parse().unwrap();
        std::thread::spawn(move || proxy.incoming().for_each(|client| copy_both(client.unwrap(), behind)));
        let direct = cluster.bootstrap().to_owned();
        let admin = ClientConfig::new().set("bootstrap.servers", &direct).create().unwrap();
        let tapped = seat.bootstrap().to_owned();
        Self { direct, bare: bare.to_string(), tapped, admin, runtime, cluster: Some(cluster), _held: (tap, seat, guard) }
    }

    fn version(&self) -> &str {
        self.cluster.as_ref().and_then(Cluster::version).unwrap_or("of unknown version")
    }

    /// Does the same on all ways in turns, after once on each that is not counted.
    fn compare(&self, rounds: usize, work: impl Fn(&str) -> f64) -> Compared {
        let mut compared = Compared { direct: Vec::new(), bare: Vec::new(), tapped: Vec::new(), cpu: Vec::new() };
        for round in 0..=rounds {
            let (direct, bare) = (work(&self.direct), work(&self.bare));
            let before = cpu();
            let tapped = work(&self.tapped);
            if round > 0 {
                compared.direct.push(direct);
                compared.bare.push(bare);
                compared.tapped.push(tapped);
                compared.cpu.push(cpu() - before);
            }
        }
        compared
    }

    /// Creates a topic for some work and deletes it.
    fn with_topic<T>(&self, work: impl FnOnce(&str) -> T) -> T {
        let name = format!("bench-{:016x}", rand::random::<u64>());
        let topic = NewTopic::new(&name, PARTITIONS, TopicReplication::Fixed(1));
        let created = self.runtime.block_on(self.admin.create_topics([&topic], &AdminOptions::new())).unwrap();
        assert!(created.iter().all(Result::is_ok), "{created:?}");
        let result = work(&name);
        self.runtime.block_on(self.admin.delete_topics(&[&name], &AdminOptions::new())).unwrap();
        result
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Some(cluster) = self.cluster.take() {
            self.runtime.block_on(cluster.stop());
        }
    }
}

/// Passes bytes on both ways, a thread each, as the simplest proxy does.
fn copy_both(client: TcpStream, broker: SocketAddr) {
    let broker = TcpStream::connect(broker).unwrap();
    for (mut from, mut to) in [(client.try_clone().unwrap(), broker.try_clone().unwrap()), (broker, client)] {
        to.set_nodelay(true).unwrap();
        std::thread::spawn(move || {
            let mut bytes = vec![0; 256 << 10];
            while let Ok(some) = from.read(&mut bytes)
                && some > 0
                && to.write_all(&bytes[..some]).is_ok()
            {}
            let _ = to.shutdown(Shutdown::Write);
        });
    }
}

/// Seconds for `count` records until the last is acknowledged.
fn produce(servers: &str, topic: &str, size: usize, count: usize) -> f64 {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", servers)
        .set("acks", "1")
        .set("queue.buffering.max.kbytes", "262144")
        .set("queue.buffering.max.messages", "500000")
        .create()
        .unwrap();
    // The connection and the metadata are not what is measured.
    producer.client().fetch_metadata(Some(topic), Duration::from_secs(30)).unwrap();
    let payload: Vec<u8> = (0..size).map(|index| (index * 31 % 251) as u8).collect();
    let begun = Instant::now();
    for index in 0..count {
        let mut record = BaseRecord::<(), _>::to(topic).payload(&payload).partition(index as i32 % PARTITIONS);
        while let Err((error, back)) = producer.send(record) {
            assert_eq!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull));
            producer.poll(Duration::from_millis(1));
            record = back;
        }
        if index % 1000 == 0 {
            producer.poll(Duration::ZERO);
        }
    }
    producer.flush(Duration::from_secs(120)).unwrap();
    begun.elapsed().as_secs_f64()
}

/// Seconds from the first to the last of `count` records.
fn consume(servers: &str, topic: &str, count: usize) -> f64 {
    let consumer: BaseConsumer =
        ClientConfig::new().set("bootstrap.servers", servers).set("group.id", "bench").set("enable.auto.commit", "false").create().unwrap();
    let mut partitions = TopicPartitionList::new();
    (0..PARTITIONS).for_each(|partition| partitions.add_partition_offset(topic, partition, Offset::Beginning).unwrap());
    consumer.assign(&partitions).unwrap();
    let mut begun = None;
    for _ in 0..count {
        let record = consumer.poll(Duration::from_secs(60)).expect("a record within a minute").unwrap();
        drop(record);
        begun.get_or_insert_with(Instant::now);
    }
    begun.unwrap().elapsed().as_secs_f64()
}

/// The median seconds of a record that is sent alone and acknowledged.
async fn ping_pong(servers: &str, topic: &str) -> f64 {
    let producer: FutureProducer = ClientConfig::new()
        .set("bootstrap.servers", servers)
        .set("acks", "1")
        .set("linger.ms", "0")
        .set("socket.nagle.disable", "true")
        .create()
        .unwrap();
    producer.client().fetch_metadata(Some(topic), Duration::from_secs(30)).unwrap();
    let mut trips = Vec::new();
    for trip in 0..TRIPS + 100 {
        let begun = Instant::now();
        let record = FutureRecord::<(), _>::to(topic).payload(&[7; 100]).partition(0);
        producer.send(record, Duration::ZERO).await.unwrap();
        if trip >= 100 {
            trips.push(begun.elapsed().as_secs_f64());
        }
    }
    median(&trips)
}

/// CPU seconds of the tap's threads so far.
fn cpu() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let ticks: u64 = tasks
        .filter_map(|task| std::fs::read_to_string(task.path().join("stat")).ok())
        .filter(|stat| stat.contains(&format!("({THREADS})")))
        .map(|stat| {
            let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
            // User and system time: the 14th and 15th field of proc(5), of which two are before the bracket.
            [11, 12].iter().map(|index| fields[*index].parse::<u64>().unwrap()).sum::<u64>()
        })
        .sum();
    // Linux tells these times in hundredths of a second (USER_HZ), whatever the machine.
    ticks as f64 / 100.0
}
