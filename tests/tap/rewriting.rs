//! A cluster that knows nothing of the tap, and `kgrade tap` in front of it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::metadata_response::MetadataResponseBroker;
use kafka_protocol::messages::{ApiVersionsResponse, BrokerId, MetadataResponse};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, StrBytes};
use kgrade::timeline::Recorder;
use kgrade::timeline::event::What;
use kgrade::timeline::wire::{Api, Side};
use kgrade::world::tap::{Allow, Tap};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::peers::*;

const API_VERSIONS: Api = Api(18);

/// A broker that offers Metadata up to version 99 and says that it is at this host and port.
async fn broker_at(host: &'static str, port: i32) -> Broker {
    Broker::new(move |frame| {
        let [api, version] = [0, 2].map(|at| i16::from_be_bytes(frame[at..at + 2].try_into().unwrap()));
        let mut answer = BytesMut::from(&frame[4..8]);
        match Api(api) {
            API_VERSIONS => {
                let key = |(key, max)| ApiVersion::default().with_api_key(key).with_max_version(max);
                // ListTransactions: what tells a Kafka of today from an old one.
                let keys = [(3, 99), (18, 3), (66, 0)].map(key).into();
                ApiVersionsResponse::default().with_api_keys(keys).encode(&mut answer, version).unwrap();
            }
            Api::METADATA => {
                let broker = MetadataResponseBroker::default().with_node_id(BrokerId(7)).with_port(port);
                let broker = broker.with_host(StrBytes::from_static_str(host));
                let told = MetadataResponse::default().with_brokers(vec![broker]);
                answer.extend(std::iter::repeat_n(0, usize::from(MetadataResponse::header_version(version) == 1)));
                told.encode(&mut answer, version).unwrap();
            }
            _ => return self::answer(frame),
        }
        Some(answer.freeze())
    })
    .await
}

/// `Metadata` version 1 for no topics.
fn metadata(correlation: i32) -> Bytes {
    request(Api::METADATA, 1, correlation, &[0; 4])
}

#[tokio::test]
async fn the_brokers_that_a_cluster_names_are_ports_of_the_tap() {
    let elsewhere = Broker::new(answer).await;
    let port: i32 = elsewhere.node().address.rsplit_once(':').unwrap().1.parse().unwrap();
    let cluster = broker_at("localhost", port).await;
    let recorder = Recorder::default();
    let tap = Tap::rewriting(recorder.clone(), vec![cluster.node().address], Allow::default());
    let seat = tap.seat(&INSTANCE.into()).await.unwrap();
    let mut client = Client { stream: TcpStream::connect(seat.bootstrap()).await.unwrap() };

    client.send(&request(API_VERSIONS, 0, 1, &[])).await;
    let offered = ApiVersionsResponse::decode(&mut client.next().await.unwrap().slice(4..), 0).unwrap();
    let newest = offered.api_keys.iter().find(|key| key.api_key == 3).unwrap().max_version;
    assert!((12..99).contains(&newest), "Metadata is capped at {newest}");

    client.send(&metadata(2)).await;
    let told = MetadataResponse::decode(&mut client.next().await.unwrap().slice(4..), 1).unwrap();
    let named = &told.brokers[0];
    assert_eq!((named.node_id.0, named.host.as_str()), (7, "127.0.0.1"));
    assert_ne!(named.port, port);

    let mut second = Client { stream: TcpStream::connect(format!("127.0.0.1:{}", named.port)).await.unwrap() };
    assert!(second.is_served(3).await, "the broker is reached through it");
    assert_eq!(elsewhere.correlations(), [3]);
    let nodes: Vec<_> = recorder.timeline().connections(INSTANCE).map(|connection| connection.node).collect();
    assert_eq!(nodes, [-1, 7]);
    drop(seat);
    assert!(second.is_closed().await && client.is_closed().await);
    // Nobody listens there any more once its seat is gone.
    while TcpStream::connect(format!("127.0.0.1:{}", named.port)).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_cluster_that_names_a_host_that_nobody_named_is_told_of() {
    let cluster = broker_at("kafka.internal", 29_092).await;
    let recorder = Recorder::default();
    let tap = Tap::rewriting(recorder.clone(), vec![cluster.node().address], Allow::default());
    let seat = tap.seat(&INSTANCE.into()).await.unwrap();
    let mut client = Client { stream: TcpStream::connect(seat.bootstrap()).await.unwrap() };
    client.send(&metadata(1)).await;
    assert!(client.next().await.is_none(), "the answer is kept from the program");
    let reason = patiently(tap.misled()).await;
    assert!(reason.contains("broker 7 at kafka.internal:29092") && reason.contains("--allow-endpoint kafka.internal"), "{reason}");
    let closed = |what: &What| matches!(what, What::Disconnected { by: Side::Tap, reason: Some(told), .. } if *told == reason);
    let told = recorder.until(|timeline| timeline.events().iter().any(|event| closed(&event.what)).then_some(()));
    patiently(told).await;

    let allowed = Tap::rewriting(Recorder::default(), vec![cluster.node().address], Allow::hosts(["kafka.internal"]));
    let seat = allowed.seat(&INSTANCE.into()).await.unwrap();
    let mut client = Client { stream: TcpStream::connect(seat.bootstrap()).await.unwrap() };
    client.send(&metadata(1)).await;
    assert!(client.next().await.is_some());
}

fn kgrade(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kgrade"));
    command.args(arguments).env_remove("KAFKA_BOOTSTRAP_SERVERS").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A running `kgrade tap`, killed when dropped.
struct Live {
    process: Child,
    lines: Receiver<String>,
    complaints: Receiver<String>,
}

impl Drop for Live {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Live {
    fn before(cluster: &Broker, more: &[&str]) -> Self {
        let upstream = cluster.node().address;
        let mut process = kgrade(&[&["tap", "--upstream", upstream.as_str()], more].concat()).spawn().unwrap();
        let shown = lines(process.stdout.take().unwrap());
        let complaints = lines(process.stderr.take().unwrap());
        Self { process, lines: shown, complaints }
    }

    /// The next line of standard output that holds this.
    fn line(&self, holding: &str) -> String {
        next(&self.lines, holding)
    }

    fn interrupt(&self) {
        kill_process(Pid::from_raw(self.process.id().cast_signed()).unwrap(), Signal::INT).unwrap();
    }
}

/// The lines of a stream as they come. It is closed when the receiver is dropped, at the next line.
fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (line, lines) = channel();
    std::thread::spawn(move || BufReader::new(stream).lines().map_while(Result::ok).try_for_each(|text| line.send(text)));
    lines
}

/// The next line that holds this.
fn next(lines: &Receiver<String>, holding: &str) -> String {
    loop {
        let line = lines.recv_timeout(Duration::from_secs(30)).unwrap_or_else(|_| panic!("`{holding}` never came"));
        if line.contains(holding) {
            return line;
        }
    }
}

/// A client of the address in this line.
async fn client_of(introduction: &str) -> Client {
    Client { stream: TcpStream::connect(introduction.split_once('=').unwrap().1).await.unwrap() }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_shows_each_request_and_sums_up() {
    let cluster = broker_at("localhost", 1).await;
    let mut live = Live::before(&cluster, &[]);
    let mut client = client_of(&live.line("KAFKA_BOOTSTRAP_SERVERS=")).await;
    client.send(&metadata(1)).await;
    assert!(client.next().await.is_some());
    assert!(client.is_served(2).await);
    let line = live.line("Metadata");
    assert!(line.contains("#1 tester") && line.contains("Metadata v1") && line.contains("→ ok ("), "{line}");
    live.interrupt();
    let rest: Vec<_> = live.lines.iter().collect();
    assert_eq!(rest, ["2 requests", "         1 Metadata", "         1 Heartbeat"], "the heartbeat itself is not shown");
    assert!(live.process.wait().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_ends_quietly_when_nobody_reads_any_more() {
    let cluster = broker_at("localhost", 1).await;
    let mut live = Live::before(&cluster, &["--json"]);
    let mut client = client_of(&next(&live.complaints, "KAFKA_BOOTSTRAP_SERVERS=")).await;
    client.send(&metadata(0)).await;
    let line: serde_json::Value = serde_json::from_str(&live.line("Metadata")).unwrap();
    assert_eq!((&line["api"], &line["client"], &line["version"]), (&"Metadata".into(), &"tester".into(), &1.into()), "{line}");
    // As `| head -1`.
    live.lines = channel().1;
    assert!(client.next().await.is_some());
    for correlation in 1.. {
        let sent = client.stream.write_all(&metadata(correlation)).await.is_ok();
        if !sent || client.next().await.is_none() {
            break;
        }
    }
    assert!(live.process.wait().unwrap().success());
    let rest: Vec<_> = live.complaints.iter().filter(|line| line.contains("rror")).collect();
    assert!(rest.is_empty(), "{rest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_says_why_a_client_gets_nowhere() {
    let cluster = broker_at("kafka.internal", 29_092).await;
    let mut live = Live::before(&cluster, &[]);
    let introduction = live.line("KAFKA_BOOTSTRAP_SERVERS=");
    let mut client = client_of(&introduction).await;
    client.send(&metadata(1)).await;
    assert!(client.is_closed().await);
    live.line("closed by the tap: the cluster sends clients to broker 7 at kafka.internal:29092");
    let mut tls = client_of(&introduction).await;
    tls.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").await;
    live.line("security.protocol=PLAINTEXT");
    next(&live.complaints, "--allow-endpoint kafka.internal");
    live.interrupt();
    assert!(live.process.wait().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn grading_does_not_begin_on_such_a_cluster() {
    let cluster = broker_at("kafka.internal", 29_092).await;
    let address = cluster.node().address;
    let root = env!("CARGO_MANIFEST_DIR");
    let submission = format!("{root}/fixtures/lab-02/solution");
    let arguments = ["lab-02", "--submission", &submission, "--cluster", &address, "--quiet"];
    let mut command = kgrade(&arguments);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("broker 7 at kafka.internal:29092") && said.contains("--allow-endpoint kafka.internal"), "{said}");
}
