//! `kgrade up` and `kgrade down`.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use kgrade::cli::cluster::{DownArgs, UpArgs, down, up};
use kgrade::exit;
use kgrade::world::cluster::{ClusterContext, Host};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::machine::{context, host, is_alive, kill, until};

/// A learner's machine. Whatever is up when the test ends is taken down.
struct Machine {
    state: tempfile::TempDir,
    port: u16,
}

impl Machine {
    fn new() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { state: tempfile::tempdir().unwrap(), port }
    }

    fn context(&self) -> ClusterContext {
        context(Host { state: Some(self.state.path().to_owned()), ..host() })
    }

    fn up(&self) -> Result<String, String> {
        told(|out| up(&UpArgs { port: self.port, ui: false, ui_port: 8080 }, &self.context(), out))
    }

    fn down(&self, delete: bool) -> String {
        told(|out| down(&DownArgs { delete }, &self.context(), out)).unwrap()
    }

    fn note(&self) -> serde_json::Value {
        serde_json::from_slice(&fs::read(self.state.path().join("broker/up.json")).unwrap()).unwrap()
    }

    fn pid(&self) -> u32 {
        u32::try_from(self.note()["pid"].as_u64().unwrap()).unwrap()
    }

    fn topics(&self) -> Vec<String> {
        let client: BaseConsumer = ClientConfig::new().set("bootstrap.servers", format!("127.0.0.1:{}", self.port)).create().unwrap();
        let metadata = client.fetch_metadata(None, Duration::from_secs(30)).unwrap();
        metadata.topics().iter().map(|topic| topic.name().to_owned()).filter(|name| !name.starts_with("__")).collect()
    }

    fn create(&self, topic: &str) {
        let admin: AdminClient<DefaultClientContext> =
            ClientConfig::new().set("bootstrap.servers", format!("127.0.0.1:{}", self.port)).create().unwrap();
        let topic = NewTopic::new(topic, 3, TopicReplication::Fixed(1));
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let results = runtime.block_on(admin.create_topics([&topic], &AdminOptions::new())).unwrap();
        assert!(results.iter().all(Result::is_ok), "{results:?}");
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = told(|out| down(&DownArgs { delete: true }, &self.context(), out));
    }
}

/// What a command said, when it ended well; else its error.
fn told(command: impl FnOnce(&mut dyn std::io::Write) -> anyhow::Result<u8>) -> Result<String, String> {
    let mut out = Vec::new();
    let code = command(&mut out).map_err(|error| format!("{error:#}"))?;
    assert_eq!(code, exit::ALL_PASSED);
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn topics_survive_down_and_up_until_they_are_deleted() {
    let machine = Machine::new();
    let port = machine.port;
    let said = machine.up().unwrap();
    assert!(said.starts_with(&format!("Apache Kafka 4.3.1 is up on 127.0.0.1:{port} ")), "{said}");
    let pid = machine.pid();
    machine.create("mine");

    let said = machine.up().unwrap();
    assert!(said.starts_with(&format!("Apache Kafka 4.3.1 is already up on 127.0.0.1:{port} ")), "{said}");
    assert_eq!(machine.pid(), pid);
    let elsewhere = told(|out| up(&UpArgs { port: 9, ui: false, ui_port: 8080 }, &machine.context(), out)).unwrap_err();
    assert!(elsewhere.contains(&format!("it is already up on port {port}")), "{elsewhere}");

    let said = machine.down(false);
    assert!(said.starts_with(&format!("the broker on 127.0.0.1:{port} is down")), "{said}");
    assert!(!is_alive(pid));
    assert!(machine.down(false).starts_with("no broker of kgrade is up"));

    machine.up().unwrap();
    assert_eq!(machine.topics(), ["mine"]);
    // As after a crash: the note is stale, its process gone, the data not closed in order.
    let crashed = machine.pid();
    kill(crashed);
    until("it is dead", || !is_alive(crashed));
    machine.up().unwrap();
    assert_ne!(machine.pid(), crashed);
    assert_eq!(machine.topics(), ["mine"]);

    machine.down(true);
    assert!(!machine.state.path().join("broker/data").exists());
}

#[test]
fn a_note_whose_process_id_belongs_to_somebody_else_now_is_stale() {
    let machine = Machine::new();
    machine.up().unwrap();
    let note = machine.note();
    machine.down(false);
    // A program that got the broker's process id after a crash.
    let mut other = std::process::Command::new("sleep").arg("600").stdout(std::process::Stdio::null()).spawn().unwrap();
    let mut stale = note;
    stale["pid"] = other.id().into();
    fs::write(machine.state.path().join("broker/up.json"), serde_json::to_vec(&stale).unwrap()).unwrap();
    assert!(machine.down(false).starts_with("no broker of kgrade is up"));
    assert!(is_alive(other.id()), "it was not touched");
    other.kill().unwrap();
    other.wait().unwrap();
}

#[test]
fn a_port_of_somebody_else_is_named_and_left_alone() {
    let machine = Machine::new();
    let _other = TcpListener::bind(("127.0.0.1", machine.port)).unwrap();
    let error = machine.up().unwrap_err();
    assert!(error.contains(&format!("listen on port {}: another program is already using it", machine.port)), "{error}");
    assert!(error.contains("--port"), "{error}");
    assert!(!Path::new(&machine.state.path().join("broker/up.json")).exists());
}

#[test]
fn two_at_once_are_one_broker() {
    let machine = Machine::new();
    let said: Vec<_> = std::thread::scope(|scope| {
        let threads = [scope.spawn(|| machine.up().unwrap()), scope.spawn(|| machine.up().unwrap())];
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(said.iter().filter(|text| text.contains("is already up")).count(), 1, "{said:?}");
}
