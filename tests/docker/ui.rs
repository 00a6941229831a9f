//! `kgrade up --ui`: the Kafka UI beside the learner's broker, and that it goes with it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Output};

use kgrade::world::docker::sweep;

use crate::machine::{block_on, daemon, docker, free_port, until};

/// A learner's machine: a state folder and two ports of its own. What is up at the end is taken down.
struct Desk {
    state: tempfile::TempDir,
    kafka: u16,
    ui: u16,
}

impl Desk {
    fn new() -> Self {
        Self { state: tempfile::tempdir().unwrap(), kafka: free_port(), ui: free_port() }
    }

    fn kgrade(&self, arguments: &[&str], docker: Option<&str>) -> (Option<i32>, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kgrade"));
        command.args(arguments).env("KGRADE_STATE", self.state.path());
        if let Some(docker) = docker {
            command.env("DOCKER_HOST", docker);
        }
        let Output { status, stdout, stderr } = command.output().unwrap();
        (status.code(), format!("{}{}", String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap()))
    }

    fn up(&self, docker: Option<&str>) -> (Option<i32>, String) {
        self.kgrade(&["up", "--port", &self.kafka.to_string(), "--ui", "--ui-port", &self.ui.to_string()], docker)
    }

    /// The containers of this desk's UI: their names, and whose they are.
    fn containers(&self) -> Vec<String> {
        let names = docker(&["ps", "-a", "--filter", "name=kgrade-ui-", "--format", "{{.Names}}"]);
        let own = |name: &&str| {
            let env = docker(&["inspect", "--format", "{{.Config.Env}}", name]);
            env.contains(&format!("SERVER_PORT={}", self.ui))
        };
        names.lines().filter(own).map(str::to_owned).collect()
    }

    fn broker(&self) -> i32 {
        let note: serde_json::Value = serde_json::from_slice(&std::fs::read(self.state.path().join("broker/up.json")).unwrap()).unwrap();
        i32::try_from(note["pid"].as_i64().unwrap()).unwrap()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.kgrade(&["down", "--delete"], None);
    }
}

/// What the UI says to a browser of this machine; nothing when it is not there.
fn page(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    Some(text)
}

pub fn up_with_its_ui_and_down() {
    let desk = Desk::new();
    let (code, said) = desk.up(None);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(&format!("the Kafka UI is up: http://localhost:{}\n", desk.ui)), "{said}");
    assert!(page(desk.ui).is_some_and(|page| page.contains("200 OK")));
    let container = desk.containers();
    assert_eq!(container.len(), 1);
    let told = docker(&["inspect", "--format", "{{.HostConfig.NetworkMode}} {{.Config.Env}}", &container[0]]);
    assert!(told.starts_with("host ") && told.contains(&format!("KAFKA_CLUSTERS_0_BOOTSTRAPSERVERS=127.0.0.1:{} ", desk.kafka)), "{told}");
    assert!(told.contains("SERVER_ADDRESS=127.0.0.1"), "it asks for no password: {told}");
    // kgrade has ended long ago: the container belongs to the broker, and is nobody's left thing.
    block_on(sweep(&daemon()));
    assert_eq!(desk.containers(), container);
    let (code, said) = desk.up(None);
    assert!(code == Some(0) && said.contains("the Kafka UI is already up"), "{said}");
    assert_eq!(desk.containers(), container);
    let (code, said) = desk.kgrade(&["down"], None);
    assert!(code == Some(0) && said.contains("the Kafka UI is removed"), "{said}");
    assert_eq!(desk.containers(), Vec::<String>::new());
    assert_eq!(page(desk.ui), None);
    let (code, said) = desk.kgrade(&["down"], None);
    assert!(code == Some(0) && !said.contains("UI"), "{said}");
}

/// The broker was killed: its UI is nobody's, and the next kgrade that uses Docker removes it; so does `down`, and `up` makes another.
pub fn the_ui_goes_with_its_broker() {
    let desk = Desk::new();
    let crash = || {
        let pid = rustix::process::Pid::from_raw(desk.broker()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    };
    assert_eq!(desk.up(None).0, Some(0));
    crash();
    until("its UI is swept", || {
        block_on(sweep(&daemon()));
        let left = desk.containers();
        if left.is_empty() { Ok(()) } else { Err(left.join(", ")) }
    });
    assert_eq!(desk.up(None).0, Some(0));
    assert_eq!(desk.containers().len(), 1);
    crash();
    let (code, said) = desk.kgrade(&["down"], None);
    assert!(code == Some(0) && said.contains("the Kafka UI is removed"), "{said}");
    assert_eq!(desk.containers(), Vec::<String>::new());
}

pub fn without_docker_kafka_is_up_all_the_same() {
    let desk = Desk::new();
    let (code, said) = desk.up(Some("unix:///nowhere/docker.sock"));
    assert_eq!(code, Some(3), "{said}");
    for words in [
        "Apache Kafka 4.3.1 is up",
        "start the Kafka UI: the Docker daemon is not running",
        "unset DOCKER_HOST",
        "Kafka itself needs no Docker",
    ] {
        assert!(said.contains(words), "`{words}` is not in {said}");
    }
    let holder = std::net::TcpListener::bind(("127.0.0.1", desk.ui)).unwrap();
    let (code, said) = desk.up(None);
    assert!(code == Some(3) && said.contains(&format!("port {} of this machine is taken", desk.ui)), "{said}");
    drop(holder);
    assert_eq!(desk.containers(), Vec::<String>::new());
}
