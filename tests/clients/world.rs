//! What all tests share: a broker with a tap before its listeners, and programs that are run on either way to it.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use kgrade::timeline::Recorder;
use kgrade::world::cluster::{self, CacheDir, Cluster, ClusterContext, ClusterSpec, Host, Runtime};
use kgrade::world::guard::Guard;
use kgrade::world::kafka::Kafka;
use kgrade::world::progress::Silent;
use kgrade::world::tap::{Node, Tap};
use libtest_mimic::Failed;

/// Longer than anything honest takes on a loaded machine; a test that waits so long has failed.
pub const PATIENCE: Duration = Duration::from_secs(180);
/// How many programs can be at the tap at once.
const SEATS: usize = 4;

/// A record: partition, offset, key, value.
pub type Record = (i32, i64, String, String);

/// A port that nobody has at this moment.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

pub struct World {
    runtime: tokio::runtime::Runtime,
    pub guard: Guard,
    pub recorder: Recorder,
    pub tap: Tap,
    pub kafka: Kafka,
    cluster: Cluster,
}

impl World {
    /// The world of all tests, made by the first that asks. It is never dropped: the watchdog removes the broker when this process ends.
    pub fn shared() -> &'static Self {
        static WORLD: OnceLock<World> = OnceLock::new();
        WORLD.get_or_init(Self::new)
    }

    fn new() -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let guard = Guard::start(Path::new(env!("CARGO_BIN_EXE_kgrade"))).unwrap();
        let recorder = Recorder::default();
        let (tap, cluster) = runtime.block_on(async {
            let tap = Tap::advertised(recorder.clone(), SEATS, 1).unwrap();
            let host = Host::from_env();
            let context = ClusterContext { cache: CacheDir::of(&host), host, guard: guard.clone(), progress: Arc::new(Silent) };
            // The first seat is nobody's: it tells its own port, so that clients come to the broker without the tap.
            let direct = free_port();
            let seats = std::iter::once(vec![direct]).chain(tap.ports()).collect();
            let spec = ClusterSpec { seats, learner_port: Some(direct), ..ClusterSpec::default() };
            let cluster = cluster::start(&Runtime::Jvm, &spec, &context).await.unwrap();
            let node = |listener: &cluster::Listener| Node { id: listener.node, address: listener.address.clone() };
            tap.attach(cluster.learners().iter().skip(1).map(|seat| seat.iter().map(node).collect()).collect());
            (tap, cluster)
        });
        let kafka = Kafka::connect(cluster.admin()).unwrap();
        Self { runtime, guard, recorder, tap, kafka, cluster }
    }

    /// The way to the broker that does not go through the tap.
    pub fn direct(&self) -> &str {
        self.cluster.bootstrap()
    }

    pub fn run(&self, test: impl Future<Output = anyhow::Result<()>>) -> Result<(), Failed> {
        self.runtime.block_on(test).map_err(|error| Failed::from(format!("{error:#}")))
    }

    /// All records of a topic, those of aborted transactions included, in order of partition and offset.
    pub async fn records(&self, topic: &str) -> anyhow::Result<Vec<Record>> {
        let (blocks, _) = self.kafka.read(topic, &BTreeMap::new()).await?;
        let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
        let mut records: Vec<Record> = Vec::new();
        for block in &blocks {
            records.extend(block.records().map(|one| (one.partition, one.offset, text(one.key), text(one.value))));
        }
        records.sort();
        Ok(records)
    }

    /// Waits until the topic has so many records. What `acks=0` sent arrives when its program may be over already.
    pub async fn records_of(&self, topic: &str, count: usize) -> anyhow::Result<Vec<Record>> {
        let waiting = async {
            loop {
                let records = self.records(topic).await?;
                if records.len() >= count {
                    return anyhow::Ok(records);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(records) => records,
            Err(_) => self.records(topic).await,
        }
    }
}

/// Waits until something is so.
pub async fn until(what: &str, mut so: impl FnMut() -> bool) -> anyhow::Result<()> {
    let waiting = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.map_err(|_| anyhow::anyhow!("never: {what}"))
}
