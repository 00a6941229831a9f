//! What the tests stand on: a real broker, cohorts whose grades are known, workers that can be killed, and the topics as they are.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use kgrade::cohort::queue::{Names, Published, Source};
use kgrade::outcome::{Outcome, Score, Verdict, score};
use kgrade::world::cluster::{self, CacheDir, Cluster, ClusterContext, ClusterSpec, Host, Runtime};
use kgrade::world::guard::Guard;
use kgrade::world::kafka::Kafka;
use kgrade::world::program::Submission;
use kgrade::world::progress::Silent;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Message, Offset, TopicPartitionList};
use sha2::{Digest, Sha256};

pub const KGRADE: &str = env!("CARGO_BIN_EXE_kgrade");
/// Longer than anything takes on a loaded machine; a test that waits so long has failed.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// A worker that dies is noticed after this; Kafka allows no less.
const SESSION: &str = "session.timeout.ms=6000\nheartbeat.interval.ms=500\nmax.poll.interval.ms=6500\n";

/// The one broker of these tests; each test has a queue of its own.
struct Broker {
    cluster: Cluster,
    runtime: tokio::runtime::Runtime,
}

fn broker() -> &'static Broker {
    static BROKER: OnceLock<Broker> = OnceLock::new();
    BROKER.get_or_init(|| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let guard = Guard::start(Path::new(KGRADE)).unwrap();
        let host = Host::from_env();
        let context = ClusterContext { cache: CacheDir::of(&host), host, guard, progress: Arc::new(Silent) };
        let cluster = runtime.block_on(cluster::start(&Runtime::Jvm, &ClusterSpec::default(), &context)).unwrap();
        Broker { cluster, runtime }
    })
}

/// A queue, a cohort for it, and what stands in place of grading.
pub struct Stage {
    pub names: Names,
    pub name: &'static str,
    pub folder: tempfile::TempDir,
    /// What each submission must come to.
    pub truth: BTreeMap<String, u32>,
}

impl Stage {
    pub fn new(name: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for part in ["cohort", "fake", "out"] {
            fs::create_dir(folder.path().join(part)).unwrap();
        }
        fs::write(folder.path().join("settings"), SESSION).unwrap();
        let fake = folder.path().join("kgrade");
        fs::write(&fake, include_str!("kgrade.sh")).unwrap();
        fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
        Self { names: Names::of(name).unwrap(), name, folder, truth: BTreeMap::new() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn bootstrap() -> &'static str {
        broker().cluster.bootstrap()
    }

    /// A submission whose grade is known, and what else is done in place of grading it, as lines of a shell script.
    pub fn submit(&mut self, id: &str, points: u32, meanwhile: &str) {
        let folder = self.path("cohort").join(id);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("program.py"), format!("# {id}: {points}\n")).unwrap();
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/outcomes/full-pass.json")).unwrap();
        let mut outcome: Outcome = kgrade::report::json::read(&text).unwrap();
        // The first check takes what the others leave, so that any number of points can be reached.
        for (nth, check) in outcome.checks.iter_mut().enumerate() {
            check.max_points = if nth == 0 { 100 } else { 0 };
            check.points = if nth == 0 { points } else { 0 };
            check.verdict = if nth == 0 && points < 100 { Verdict::Failed } else { Verdict::Passed };
        }
        if points < 100 {
            let mut rest = outcome.checks[0].clone();
            (rest.id, rest.verdict, rest.max_points, rest.points) = ("rest".to_owned(), Verdict::Passed, points, points);
            (outcome.checks[0].max_points, outcome.checks[0].points) = (100 - points, 0);
            outcome.checks.push(rest);
        }
        let Score { points: sum, max_points, complete } = Score::of(&outcome.checks);
        assert_eq!((sum, max_points), (points, 100));
        (outcome.score, outcome.max_score, outcome.complete) = (sum, max_points, complete);
        outcome.run.checks_digest = checks_digest("lab-02");
        outcome.run.submission_digest = Some(Submission::open(&folder).unwrap().digest().to_owned());
        outcome.run.learner = Some(id.to_owned());
        let fake = |end: &str| self.path("fake").join(format!("{id}.{end}"));
        fs::write(fake("json"), serde_json::to_string(&outcome).unwrap()).unwrap();
        fs::write(fake("do"), format!("{meanwhile}\ncode={}\n", score::exit_code(&outcome.checks))).unwrap();
        self.truth.insert(id.to_owned(), points);
    }

    /// Prepares what a submission comes to on a machine with too much to do: a check could be shown neither right nor wrong.
    pub fn undecided(&self, id: &str, file: &str) {
        let text = fs::read_to_string(self.path("fake").join(format!("{id}.json"))).unwrap();
        let mut outcome: Outcome = kgrade::report::json::read(&text).unwrap();
        (outcome.checks[0].verdict, outcome.checks[0].points) = (Verdict::Inconclusive, 0);
        let Score { points, complete, .. } = Score::of(&outcome.checks);
        (outcome.score, outcome.complete) = (points, complete);
        assert_eq!((complete, score::exit_code(&outcome.checks)), (false, 5));
        fs::write(self.path("fake").join(file), serde_json::to_string(&outcome).unwrap()).unwrap();
    }

    pub fn queue(&self, command: &str, words: &[&str]) -> Output {
        let mut kgrade = Command::new(KGRADE);
        kgrade.args(["queue", command, "--queue", Self::bootstrap(), "--name", self.name]).args(words);
        kgrade.output().unwrap()
    }

    /// Adds the cohort; what the command says.
    pub fn add(&self, words: &[&str]) -> String {
        let cohort = self.path("cohort").display().to_string();
        let output = self.queue("add", &[&["lab-02", &cohort], words].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts a worker.
    pub fn worker(&self, words: &[&str]) -> Worker {
        let mut kgrade = Command::new(KGRADE);
        kgrade.args(["worker", "--queue", Self::bootstrap(), "--name", self.name, "--sandbox", "none"]);
        kgrade.arg("--queue-config").arg(self.path("settings")).arg("--out").arg(self.path("out"));
        if !words.contains(&"--real") {
            kgrade.arg("--kgrade").arg(self.path("kgrade"));
        }
        kgrade.args(words.iter().filter(|word| **word != "--real")).env("FAKE", self.path("fake"));
        kgrade.env_remove("KAFKA_BOOTSTRAP_SERVERS");
        let mut process = kgrade.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let pipes: [Box<dyn std::io::Read + Send>; 2] =
            [Box::new(process.stdout.take().unwrap()), Box::new(process.stderr.take().unwrap())];
        for pipe in pipes {
            let said = Arc::clone(&said);
            std::thread::spawn(move || {
                for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                    let mut said = said.lock().unwrap();
                    said.push_str(&line);
                    said.push('\n');
                }
            });
        }
        Worker { process, said }
    }

    /// How many submissions everything is said of, and how many there are.
    pub fn done(&self) -> (i64, i64) {
        let kafka = Kafka::connect(Self::bootstrap()).unwrap();
        broker().runtime.block_on(async {
            let committed = kafka.committed(&self.names.group, &self.names.submissions).await.unwrap();
            let ends = kafka.end_offsets(&self.names.submissions).await.unwrap();
            (committed.values().sum(), ends.values().sum())
        })
    }

    pub fn wait_until_done(&self) {
        until("the queue is done", || {
            let (done, all) = self.done();
            done == all
        });
    }

    /// The members of the group and the partitions that each has.
    pub fn members(&self) -> BTreeMap<String, Vec<i32>> {
        let kafka = Kafka::connect(Self::bootstrap()).unwrap();
        let seen = broker().runtime.block_on(kafka.describe_group(&self.names.group)).unwrap();
        let members = seen.into_iter().flat_map(|group| group.members);
        members.map(|member| (member.member, member.assigned.into_values().flatten().collect())).collect()
    }

    /// The generation that the group is in, from what its coordinator wrote about it last.
    pub fn generation(&self) -> i32 {
        let mut last = None;
        read("__consumer_offsets", |key, value, _| {
            // The key of a group's own record: version 2, then its name.
            let name = self.names.group.as_bytes();
            let wanted = [&2i16.to_be_bytes()[..], &u16::try_from(name.len()).unwrap().to_be_bytes(), name].concat();
            if key == wanted && value.len() > 4 {
                // Version, protocol type (a string), generation.
                let skip = 2 + 2 + usize::from(u16::from_be_bytes([value[2], value[3]]));
                last = Some(i32::from_be_bytes(value[skip..skip + 4].try_into().unwrap()));
            }
        });
        last.expect("the group has no record")
    }

    /// Every result that a reader who ignores open and aborted transactions finds.
    pub fn results(&self) -> Vec<Published> {
        let mut all = Vec::new();
        read(&self.names.results, |_, value, _| all.push(Published::read(value).unwrap()));
        all
    }

    /// Sets the group's offsets back to the beginning.
    pub fn forget_offsets(&self) {
        let kafka = Kafka::connect(Self::bootstrap()).unwrap();
        broker().runtime.block_on(async {
            let zero = kafka.end_offsets(&self.names.submissions).await.unwrap().into_keys().map(|partition| (partition, 0)).collect();
            kafka.reset_offsets(&self.names.group, &self.names.submissions, &zero).await.unwrap();
        });
    }

    /// The records of the submissions, as bytes.
    pub fn read_submissions(&self, into: &mut Vec<Vec<u8>>) {
        read(&self.names.submissions, |_, value, _| into.push(value.to_vec()));
    }

    /// Asserts that each submission has exactly one result, and the right one.
    #[track_caller]
    pub fn assert_graded_exactly_once(&self) {
        let results = self.results();
        let mut sources: Vec<Source> = results.iter().map(|result| result.source).collect();
        sources.sort();
        let count = sources.len();
        sources.dedup();
        assert_eq!(sources.len(), count, "a record has two results");
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        for result in &results {
            let outcome = result.outcome().unwrap_or_else(|| panic!("{}: {:?}", result.id, result.ended));
            assert!(seen.insert(result.id.clone(), outcome.score).is_none(), "{} has two results", result.id);
        }
        assert_eq!(seen, self.truth);
    }

    /// How often each submission was begun, by what stands in place of grading.
    pub fn begun(&self) -> BTreeMap<String, usize> {
        let mut begun = BTreeMap::new();
        for id in fs::read_to_string(self.path("fake").join("begun")).unwrap_or_default().lines() {
            *begun.entry(id.to_owned()).or_default() += 1;
        }
        begun
    }

    /// Writes a record into the queue as somebody else might.
    pub fn inject(&self, partition: i32, bytes: Option<&[u8]>) {
        use kgrade::world::kafka::Outgoing;
        let kafka = Kafka::connect(Self::bootstrap()).unwrap();
        let record = Outgoing { partition: Some(partition), value: bytes.map(<[u8]>::to_vec), ..Outgoing::default() };
        broker().runtime.block_on(kafka.produce(&self.names.submissions, vec![record])).unwrap();
    }
}

/// A worker's process. Dropped, it is killed.
pub struct Worker {
    pub process: Child,
    said: Arc<Mutex<String>>,
}

impl Worker {
    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.process.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits for its end; the exit code.
    pub fn end(&mut self) -> Option<i32> {
        until("the worker ends", || self.process.try_wait().unwrap().is_some());
        self.process.wait().unwrap().code()
    }

    pub fn is_alive(&mut self) -> bool {
        self.process.try_wait().unwrap().is_none()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
        if std::thread::panicking() {
            eprintln!("--- worker {} said:\n{}", self.process.id(), self.said());
        }
    }
}

/// Reads a topic to its end, `read_committed`, with a client of its own.
fn read(topic: &str, mut each: impl FnMut(&[u8], &[u8], Source)) {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", Stage::bootstrap())
        .set("group.id", "test-reader")
        .set("enable.auto.commit", "false")
        .set("isolation.level", "read_committed")
        .set("enable.partition.eof", "true")
        .create()
        .unwrap();
    let metadata = consumer.fetch_metadata(Some(topic), PATIENCE).unwrap();
    let mut list = TopicPartitionList::new();
    for partition in metadata.topics()[0].partitions() {
        list.add_partition_offset(topic, partition.id(), Offset::Beginning).unwrap();
    }
    consumer.assign(&list).unwrap();
    let (mut left, begun) = (list.count(), Instant::now());
    while left > 0 {
        assert!(begun.elapsed() < PATIENCE, "{topic} cannot be read");
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => each(
                message.key().unwrap_or_default(),
                message.payload().unwrap_or_default(),
                Source { partition: message.partition(), offset: message.offset() },
            ),
            Some(Err(KafkaError::PartitionEOF(_))) => left -= 1,
            Some(Err(error)) => eprintln!("{error}"),
            None => {}
        }
    }
}

/// The digest of a lab that kgrade carries.
pub fn checks_digest(lab: &str) -> String {
    let text = kgrade::lab::find::find(lab, None).unwrap().source.text;
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[track_caller]
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
